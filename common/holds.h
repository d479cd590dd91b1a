/* Invariants. What a header states of its data in words is a function there, `bool MODULE_holds(…)`, true as long as
 * the words are. Tests call it, and a sanitized build does at every change (HOLDS), which in other builds costs
 * nothing.
 *
 * A `…_holds` reads and changes nothing, and needs the lock that the data needs. One that walks through everything, and
 * so takes longer than a change, is called now and then. */
#pragma once

#include "common/sanitizers.h"

/* Says which condition failed where, and aborts. */
_Noreturn void holds_fail(const char *condition, const char *file, int line);

/* HOLDS_NOW_AND_THEN: once in `period` calls. `calls` counts them, and lies beside the data. */
#ifdef GOCHAT_SANITIZED
#define HOLDS(condition) ((condition) ? (void)0 : holds_fail(#condition, __FILE__, __LINE__))
#define HOLDS_NOW_AND_THEN(calls, period, condition)                                                                   \
    (++(calls) < (period) ? (void)0 : ((void)((calls) = 0), HOLDS(condition)))
#else
#define HOLDS(condition) ((void)sizeof(condition))
#define HOLDS_NOW_AND_THEN(calls, period, condition) ((void)(calls), (void)(period), HOLDS(condition))
#endif
