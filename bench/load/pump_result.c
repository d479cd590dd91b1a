#include "bench/load/pump_result.h"

static void merge_time(struct pump_result *into, const struct pump_result *from) {
    if (into->sent == 0 || from->sent == 0 || into->first_us == 0 || from->first_us == 0) {
        if (into->first_us == 0) into->first_us = from->first_us;
        if (from->elapsed_us > into->elapsed_us) into->elapsed_us = from->elapsed_us;
        return;
    }
    uint64_t last_us = into->first_us + into->elapsed_us, other_us = from->first_us + from->elapsed_us;
    if (from->first_us < into->first_us) into->first_us = from->first_us;
    into->elapsed_us = (other_us > last_us ? other_us : last_us) - into->first_us;
}

void pump_result_merge(struct pump_result *into, const struct pump_result *from) {
    merge_time(into, from);
    into->sent += from->sent;
    into->send_failed += from->send_failed;
    into->due += from->due;
    into->passed += from->passed;
    into->expected += from->expected;
    into->answered += from->answered;
    into->lost += from->lost;
    into->late += from->late;
    histogram_merge(&into->rtt_us, &from->rtt_us);
}

uint64_t pump_result_unsent(const struct pump_result *result) {
    uint64_t tried = result->sent + result->send_failed + result->passed;
    return result->due > tried ? result->due - tried : 0;
}
