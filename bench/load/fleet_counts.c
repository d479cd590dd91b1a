#include "bench/load/fleet_counts.h"

#include <assert.h>

void fleet_counts_add(struct fleet_counts *into, const struct fleet_counts *from) {
    static_assert(sizeof *into == 14 * sizeof(uint64_t), "each count is added below");
    into->beats += from->beats;
    into->beats_reset += from->beats_reset;
    into->hellos += from->hellos;
    into->registers += from->registers;
    into->registered += from->registered;
    into->left += from->left;
    into->moved += from->moved;
    into->fell_silent += from->fell_silent;
    into->resets += from->resets;
    into->abandoned += from->abandoned;
    into->unsure += from->unsure;
    into->registering += from->registering;
    into->absent += from->absent;
    into->living += from->living;
}
