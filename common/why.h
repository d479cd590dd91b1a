/* Why something could not be done: one line for people, without a newline. The longest names two paths and two keys. */
#pragma once

#include <stdbool.h>

struct why {
    char text[1024];
};

/* Says why; always false, so that a function can end with `return why_fail(why, …)`. What does not fit is cut. The
 * values may point into `why` itself: a reason is often put behind where it was. */
__attribute__((format(printf, 2, 3))) bool why_fail(struct why *why, const char *format, ...);
/* Puts more behind what it says, as far as there is room. */
__attribute__((format(printf, 2, 3))) void why_add(struct why *why, const char *format, ...);
