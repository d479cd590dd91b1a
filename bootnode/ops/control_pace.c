#include "bootnode/ops/control_pace.h"

void control_pace_worked(struct control_pace *pace, uint64_t ns) {
    const uint64_t most = CONTROL_PACE_OWED_NS - pace->owed_ns;
    pace->owed_ns += ns < most ? ns : most;
}

void control_pace_rested(struct control_pace *pace, uint64_t ns) {
    uint64_t paid = ns / (CONTROL_PACE_SHARE - 1);
    pace->owed_ns -= paid < pace->owed_ns ? paid : pace->owed_ns;
}

uint64_t control_pace_due(const struct control_pace *pace) {
    return pace->owed_ns < CONTROL_PACE_TURN_NS ? 0 : pace->owed_ns * (CONTROL_PACE_SHARE - 1);
}
