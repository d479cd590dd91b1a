/* Which processor each worker runs on, where the operator asks for it (pin_workers). */
#pragma once

#include <sched.h>
#include <stddef.h>

struct worker;

/* Pure: the processor for worker `index`: the index-th of those in `allowed`, round and round when there are fewer. -1
 * when none is. */
int placement_choose(const cpu_set_t *allowed, size_t index);
/* Pins running workers, each to its own, and says in the log where they are. What fails is a warning: they run
 * nevertheless. */
void placement_pin_workers(const struct worker *workers, size_t count);
