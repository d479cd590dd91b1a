/* What is done while an answer of the bootnode is missing that should have come: it is asked for at its other doors,
 * then they are greeted, since the session may be known nowhere, and the session is given up where only HELLO is
 * answered. PROTOCOL.md §2.3 rule 5. Times are in ms; `since`: silence_since. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/rendezvous/doors.h"
#include "client/rendezvous/presence.h"

/* An answer is given that long, or what was measured, before it is asked for again. */
#define SILENCE_LEAST_MS 500

/* Zero while the bootnode answers. */
struct silence {
    unsigned detours; /* how often other doors were asked */
    uint64_t due;     /* the earliest time for the next */
};

/* Since when an answer is missing; NEVER: none is. */
uint64_t silence_since(const struct presence *presence, const struct doors *doors);
/* When the other doors are to be asked; NEVER: there is none, or no need. */
uint64_t silence_detour_at(const struct silence *silence, const struct doors *doors, uint64_t since);
void silence_detour(struct silence *silence, struct presence *presence, const struct doors *doors, uint64_t now);
/* When HELLO goes out as well: a bootnode that does not know the session, and cannot say so as itself, answers that. */
uint64_t silence_look_at(const struct doors *doors, uint64_t since);
/* The session is answered nowhere, HELLO is: for long enough, so that both questions had their time. */
uint64_t silence_over_at(const struct doors *doors, uint64_t since);
/* When the name may stand for something else. */
uint64_t silence_told_at(uint64_t since);
