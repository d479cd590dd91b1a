/* Events as lines for people. Pure. */
#pragma once

#include "client/events.h"
#include "client/ui/roster.h"
#include "common/attributes.h"

/* The event as what is shown, each line of it with its newline; NULL: not shown. malloc'd. A message is `nick: text`,
 * each line of a multi-line text prefixed and filtered (text_filter); actions and private messages begin with '*', as
 * no nick does; state changes are "* nick#1a2b is here (direct, 12 ms)" and the like; SENT, DELIVERED and UNDELIVERED
 * are silent. */
MUST_USE char *ui_plain_line(const struct event *event);
/* The same, told apart from those who are in this room (NULL: in none): where somebody is alike it is "nick#0123abcd:
 * text". */
MUST_USE char *ui_plain_line_among(const struct event *event, const struct roster *roster);
