/* Our own addresses that members behind the same public address may reach: from getifaddrs(3). */
#pragma once

#include <stdint.h>

#include "common/messages.h"

/* Fills in private (and public IPv6) addresses of running interfaces with `port`, at most MEMBER_CANDIDATES_MAX, in a stable order; loopback and
 * link-local ones are left out. `ipv6`: the socket reaches IPv6. */
void candidates_gather(uint16_t port, bool ipv6, struct candidate_list *out);
bool candidates_equal(const struct candidate_list *a, const struct candidate_list *b);
