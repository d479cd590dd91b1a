/* Cookies: by one that came back the responder of a pair knows that the initiator receives where its INITIATION seems
 * to come from, and remembers nobody for it. As WireGuard's; PROTOCOL.md §3.2 rule 3. One for each peer.
 *
 * Invariants: a cookie is a keyed hash of the way that INITIATION came, so good for that one alone, and for COOKIES_MS
 * at most; the secret is made when it is first asked for, and never shown. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/peer/path.h"
#include "common/wire/peer_packets.h"

#define COOKIES_MS 120000

struct cookies {
    bool made;
    uint64_t since;
    uint8_t secret[PEER_COOKIE_SIZE];
};

void cookies_bake(struct cookies *cookies, const struct path *from, uint64_t now, uint8_t out[static PEER_COOKIE_SIZE]);
/* One of so many places for whoever is there: the same for an IPv4 address, or an IPv6 prefix of 64 bits, whatever the
 * port, and for a relay. Nobody can choose a place that somebody else has. */
unsigned cookies_place(struct cookies *cookies, const struct path *from, unsigned places, uint64_t now);
