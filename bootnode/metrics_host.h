/* Whom a request to the operators' page is meant for: its Host header (RFC 9110 §7.2).
 *
 * A page that somebody's browser shows may ask this machine, by a name that its author had point here (DNS rebinding):
 * then the browser takes the answer for one of that author's. It cannot make the browser name an address in numbers, or
 * a name that somebody else owns, so only those are answered. */
#pragma once

#include <stdbool.h>

/* Numbers, "localhost", this machine's host name, or one of `names`, separated by commas; each without its port, and
 * without regard to case. NULL for `host`: none was sent, as no browser does, and it is ours. */
bool metrics_host_is_ours(const char *host, const char *names);
/* Whether all of the list, which may be empty, could stand in such a header. */
bool metrics_host_list_valid(const char *names);
