/* NAT-PMP (RFC 6886), by libnatpmp; most gateways that speak PCP answer it, too (RFC 6887 §9). A gateway that is silent
 * costs NATPMP_WAIT_MS. */
#pragma once

#include <netinet/in.h>

#include "client/helper/protocol.h"
#include "common/attributes.h"

#define NATPMP_WAIT_MS 3000 /* three repeats, at 250, 750 and 1750 ms */

extern const struct port_protocol natpmp_protocol;

/* Our way into the Internet; false when there is none. */
MUST_USE bool natpmp_gateway(struct in_addr *out);
/* The gateway's own address, which it is asked for; false when nobody answers within `wait_ms`. */
MUST_USE bool natpmp_external(unsigned wait_ms, struct in_addr *out);
