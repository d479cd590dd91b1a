/* Invariants. What a header states of its data in words is a function there, `bool MODULE_holds(…)`, true as long as
 * the words are. Tests call it, and a sanitized build does at every change (HOLDS), which in other builds costs
 * nothing.
 *
 * A `…_holds` reads and changes nothing, and needs the lock that the data needs. One that takes longer than the change
 * does, because it walks through everything, belongs to something that happens seldom. */
#pragma once

#include "common/sanitizers.h"

/* Says which condition failed where, and aborts. */
_Noreturn void holds_fail(const char *condition, const char *file, int line);

#ifdef GOCHAT_SANITIZED
#define HOLDS(condition) ((condition) ? (void)0 : holds_fail(#condition, __FILE__, __LINE__))
#else
#define HOLDS(condition) ((void)sizeof(condition))
#endif
