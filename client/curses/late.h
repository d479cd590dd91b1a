/* Where a line belongs that came late: below all that was said before it, and below what its author said before. Days
 * are the user's (TZ). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "client/curses/scrollback.h"

#define LATE_MARK "(late) " /* before the text of such a line */

/* Year, month and day as one number; 0: there is no such time. */
uint64_t late_day(uint64_t wall_ms);
/* Appends the line with which a day begins. */
void late_day_line(struct scrollback *scrollback, uint64_t wall_ms);
/* The time of the day line that holds for line `number`, were it there; 0: there is none. */
uint64_t late_day_of(const struct scrollback *scrollback, uint64_t number);
/* The number that the line should have; scrollback_end: it belongs at the end. */
uint64_t late_place(const struct scrollback *scrollback, uint64_t at_ms, const char *author, size_t author_size);
