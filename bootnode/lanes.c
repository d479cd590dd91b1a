#include "bootnode/lanes.h"

const char *lane_name(enum lane lane) {
    static const char *const names[LANE_COUNT] = {
        [LANE_SESSION] = "session", [LANE_RELAY] = "relay", [LANE_REGISTER] = "register",
        [LANE_HELLO] = "hello",     [LANE_STUN] = "stun",   [LANE_JUNK] = "junk",
    };
    return names[lane];
}
