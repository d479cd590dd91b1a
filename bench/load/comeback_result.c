#include "bench/load/comeback_result.h"

void comeback_result_merge(struct comeback_result *into, const struct comeback_result *from) {
    into->lost += from->lost;
    into->back += from->back;
    into->told += from->told;
    into->busy += from->busy;
    if (from->all_ms > into->all_ms) into->all_ms = from->all_ms;
    histogram_merge(&into->back_ms, &from->back_ms);
}
