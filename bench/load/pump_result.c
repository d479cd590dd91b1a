#include "bench/load/pump_result.h"

void pump_result_merge(struct pump_result *into, const struct pump_result *from) {
    into->sent += from->sent;
    into->send_failed += from->send_failed;
    into->due += from->due;
    into->expected += from->expected;
    into->answered += from->answered;
    into->lost += from->lost;
    into->late += from->late;
    if (from->elapsed_us > into->elapsed_us) into->elapsed_us = from->elapsed_us;
    histogram_merge(&into->rtt_us, &from->rtt_us);
}

uint64_t pump_result_unsent(const struct pump_result *result) {
    uint64_t tried = result->sent + result->send_failed;
    return result->due > tried ? result->due - tried : 0;
}
