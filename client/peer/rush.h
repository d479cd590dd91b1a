/* How busy this client is with finding ways to peers: which rounds of punching are under way, which wait for their
 * turn, and how long answers take. One for a client, shared by all peers of all rooms. Pure: sends nothing.
 *
 * Invariant: at most RUSH_HANDSHAKES turns are taken at a time, and while one waits, that many are (PROTOCOL.md §3.2
 * rule 1). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/round_trip.h"

#define RUSH_HANDSHAKES 16
#define RUSH_TURN_LEAST_MS 200
#define RUSH_ANSWER_MOST_MS 3000 /* longer than that no answer makes others wait */

enum rush_state {
    RUSH_OUT,      /* nothing is tried */
    RUSH_WAITS,    /* for its turn to begin a handshake */
    RUSH_TAKEN,    /* has its turn, and no answer yet */
    RUSH_UNTURNED, /* a round that needs no turn: the responder's, or one whose turn is over */
};

/* A peer's place; zero at first. */
struct rush_place {
    enum rush_state state;
    bool hurried;
    struct rush_place *next;
};

struct rush {
    struct rush_place *first; /* of those that wait: the hurried ones, then the others, as they came */
    unsigned waiting, taken, unturned;
    unsigned unanswered;       /* turns in a row that ended without an answer */
    struct round_trip answers; /* of handshakes */
};

/* Asks for a turn. True: it has one; false: it waits until rush_call names it. Where it has been before is left. */
MUST_USE bool rush_ask(struct rush *rush, struct rush_place *place);
/* The other side tries, too: before those of whom that is not known. Nothing unless it waits. */
void rush_hurry(struct rush *rush, struct rush_place *place);
/* From now on a round that needs no turn. */
void rush_go_on(struct rush *rush, struct rush_place *place);
void rush_leave(struct rush *rush, struct rush_place *place);
/* The next one that waits, if a turn is free: it has that now. NULL: nobody. */
MUST_USE struct rush_place *rush_call(struct rush *rush);

/* A handshake's packet was answered after so long, at least. */
void rush_answered(struct rush *rush, uint64_t ms);
/* How long a turn lasts without an answer: as long as one may take, but RUSH_TURN_LEAST_MS where none came to as many
 * turns in a row as there are. Those whom somebody has listed, and who are not there, then hold up nobody for long. */
uint64_t rush_turn_ms(const struct rush *rush);
/* By how many times pauses between packets are longer than with few rounds under way: 1 for up to RUSH_HANDSHAKES of
 * them, 2 for up to twice as many, and so on. */
unsigned rush_stretch(const struct rush *rush);
/* How long an answer may take, as far as that counts: as RUSH_HANDSHAKES others are under way, all of it; with fewer a
 * part; 0 for a round alone, or before anything was measured. */
uint64_t rush_answer_ms(const struct rush *rush);
/* How much later than in a round alone other ways than the direct one are tried: the other side may be as busy. */
uint64_t rush_patience_ms(const struct rush *rush);
bool rush_holds(const struct rush *rush);
