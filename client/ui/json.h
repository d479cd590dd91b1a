/* Events as JSON. Pure. */
#pragma once

#include "client/events.h"
#include "common/attributes.h"

/* The event as the line that is shown, with its newline; NULL: not shown. malloc'd. The objects are those in
 * doc/json.md exactly, keys in that order; what is taken as input is in objects.h. */
MUST_USE char *ui_json_line(const struct event *event);
