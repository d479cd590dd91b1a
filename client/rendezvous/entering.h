/* The way into a session: from COOKIE, by which key it is, through REGISTER, to WELCOME or REFUSED. It knows nothing of
 * how a session is kept, missed or left. PROTOCOL.md §2.2, §2.3. Times are in ms. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/rendezvous/parts.h"

/* Each: is the packet for us? Then takes it. `from`, and `door`: one of its doors. */
bool entering_take_cookie(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet, size_t size,
                          uint64_t now);
/* A late one, too: whoever began anew meanwhile needs no second session. */
bool entering_take_welcome(struct rendezvous *rendezvous, size_t door, const uint8_t *packet, size_t size,
                           uint64_t now);
bool entering_take_refused(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet,
                           size_t size, uint64_t now);

/* REGISTER is to go at random within `spread_ms`. */
void entering_wait(struct rendezvous *rendezvous, uint16_t spread_ms, uint64_t now);
/* It is time for it, */
void entering_register(struct rendezvous *rendezvous, uint64_t now);
/* and again, as it was not answered. */
void entering_register_again(struct rendezvous *rendezvous, uint64_t now);

/* Does it ask whether the bootnode, which shows another key, has the one that we know, too? */
bool entering_awaits_known_key(const struct rendezvous *rendezvous);
/* Nobody there has it, once there was time to say so. */
void entering_give_up_asking(struct rendezvous *rendezvous, uint64_t now);
