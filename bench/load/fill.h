/* Every member gets its session: registered, confirmed, and told of its room. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/why.h"

struct fleet;

struct fill_result {
    uint64_t registered; /* by this fill; 0 when all sessions lived */
    uint64_t elapsed_us;
};

/* Registers every session that has none, room by room, as fast as the bootnode answers: the spread that COOKIE asks for
 * is not waited. Returns when all are confirmed and know their rooms. False with one line in `why` when the bootnode
 * answers nobody for 20 s, refuses (the line says the reason and how many), or is draining, and when interrupted.
 * `progress`, or NULL, is called about 10 times a second. */
MUST_USE bool fill_fleet(struct fleet *fleet, void (*progress)(void *context, uint64_t registered), void *context,
                         struct fill_result *out, struct why *why);
