/* Floods (flood.h) for a UI whose lines do not grow: one line when one begins, and one that says what it was when it is
 * over. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/ui/models.h"
#include "common/attributes.h"

/* True: the message is folded, and `text` is what to show instead, malloc'd; NULL: nothing more. `terminal`: somebody
 * reads it. */
MUST_USE bool flood_lines_take(const struct models *models, const struct event *event, const struct taken *taken,
                               bool terminal, uint64_t now, char **text);
/* The line about the next flood that is over, malloc'd, and its room; NULL: none is. */
MUST_USE char *flood_lines_over(const struct models *models, uint64_t now, const struct conversation **room);
/* ms until the next may be over; UINT64_MAX: there is none. */
uint64_t flood_lines_wait(const struct models *models, uint64_t now);
