/* Another address and another port of this host, so that clients can find out how their NAT maps and filters (RFC
 * 5780). Two addresses and two ports make four corners, each of them served by a listener:
 *
 *                  port                       other port
 *     address      0: what `listen` names     1
 *     other address 2                         3: what `stun_alternate` names
 *
 * Pure. Made by the server before any worker starts, constant while they run. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"
#include "common/stun.h"

#define STUN_CORNERS 4
#define STUN_CORNER_OTHER_PORT 1U
#define STUN_CORNER_OTHER_ADDRESS 2U

struct stun_alternate {
    bool on;
    struct address here;  /* corner 0; the unspecified IP: each address of this host, but the other one */
    struct address other; /* corner 3 */
    uint8_t listeners[STUN_CORNERS];
};

/* Chooses corner 0 among what is listened on: the first with another IP and port than `other`, of its family or
 * unspecified. The other corners' listeners are the caller's to fill in. False when there is none. */
MUST_USE bool stun_alternate_choose(const struct address *listening, size_t count, const struct address *other,
                                    struct stun_alternate *out);
/* What the listener of a corner is bound to. Corners may have the same one. */
struct address stun_alternate_bound(const struct stun_alternate *alternate, unsigned corner);

struct stun_route {
    uint8_t listener; /* that the answer leaves by */
    struct address origin;
    struct address other; /* port 0: not known from here */
};
/* How to answer a request that came to `listener` at our address `local` (its port is not looked at). False when it
 * came to no corner, or the corner it wants an answer from is not known. */
bool stun_alternate_route(const struct stun_alternate *alternate, uint8_t listener, const struct address *local,
                          enum stun_change change, struct stun_route *out);
