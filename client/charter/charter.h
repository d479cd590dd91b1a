/* Who belongs to a private room, who may say so, and under which secret its members meet: what the owner and those the
 * owner made ops signed, as one set of statements. Pure. PROTOCOL.md §3.7.
 *
 * Whoever holds the same statements sees the same, in whatever order they came: so members who could not reach each
 * other, or two who said something at once, come to one list as soon as they have told each other theirs.
 *
 * Invariants:
 * 1. The founding (owner and nonce) fits the room's root; before there is one no statement is taken.
 * 2. Entries lie in the order of kind and subject, one for each; an entry has the owner's best statement or an op's, or
 *    both. Of two by the same side the *better* one stays: the later; at one time banned before removed before member
 *    before op; else the one with the higher signature.
 * 3. An op is whom the owner's statement says to be one. Of an op's statements count those that are not older than that
 *    one, about persons that are neither owner nor op by the owner's word. What does not count is not kept.
 * 4. Of the owner's and an op's statement about one thing the later one *wins*; at one time the owner's.
 * 5. There are at most CHARTER_ENTRIES. One more takes the place of who was removed (not banned) longest ago; where
 * there is nobody, or a statement of a person is not later than that, it is not taken.
 * 6. Stamps lie at most CHARTER_AHEAD_MS ahead of the clock when they are taken, so nobody says something that cannot
 * be contradicted for longer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/charter/statement.h"
#include "client/keys/identity.h"
#include "common/attributes.h"
#include "common/names.h"

#define CHARTER_ENTRIES 1024
#define CHARTER_AHEAD_MS 3600000
#define CHARTER_DIGEST_SIZE 32

struct founding {
    uint8_t owner[32];
    uint8_t nonce[PRIVATE_NONCE_SIZE];
};

struct charter_entry;

struct charter {
    uint8_t room[ROOM_ID_SIZE]; /* its id */
    uint8_t root[PRIVATE_ROOT_SIZE];
    bool founded;
    struct founding founding;
    struct charter_entry *entries;
    size_t count;
};

/* What became of a statement. */
enum charter_taking {
    CHARTER_TAKEN,        /* it is new, and changed what is kept */
    CHARTER_KNOWN,        /* it, or a better one, is there */
    CHARTER_UNAUTHORISED, /* its author may not say that, as far as we know */
    CHARTER_AHEAD,        /* invariant 6 */
    CHARTER_FULL,
    CHARTER_FORGED, /* the signature is wrong */
};

/* Without a founding and statements. `room` is its id. */
void charter_init(struct charter *charter, const uint8_t root[static PRIVATE_ROOT_SIZE],
                  const uint8_t room[static ROOM_ID_SIZE]);
/* Wipes and frees. */
void charter_clear(struct charter *charter);
/* False: it does not fit the root. */
MUST_USE bool charter_found(struct charter *charter, const struct founding *founding);

/* Would it be taken, as far as can be told without its signature? */
enum charter_taking charter_weigh(const struct charter *charter, const struct statement *statement, uint64_t wall_ms);
/* Weighs it, checks the signature where it would be taken, and takes it: a copy. Aborts without memory. */
enum charter_taking charter_take(struct charter *charter, const struct statement *statement, uint64_t wall_ms);
/* Signs a statement with a stamp later than all about the same, and takes it. `body` as its kind has it, `subject` NULL
 * where there is none. Not CHARTER_TAKEN: `out` is of no use. */
enum charter_taking charter_state(struct charter *charter, const struct identity *author, enum statement_kind kind,
                                  const uint8_t *subject, const void *body, size_t body_size, uint64_t wall_ms,
                                  struct statement *out);

/* What an op said and what still wins the owner signs anew, before it dismisses that op and it would count no more.
 * `out` gets what was signed, in the order in which others are to take it; the caller wipes and frees it. Returns how
 * many; 0: nothing, or it is not the owner, or that is no op. */
MUST_USE size_t charter_adopt(struct charter *charter, const struct identity *owner, const uint8_t op[static 32],
                              uint64_t wall_ms, struct statement **out);

/* How somebody stands; STANDING_UNKNOWN: nobody said anything of it. */
enum standing charter_standing(const struct charter *charter, const uint8_t key[static 32]);
/* May it sign that statement, with the standings that there are now? A stamp that is 0 is taken to be now. */
bool charter_may(const struct charter *charter, const uint8_t author[static 32], enum statement_kind kind,
                 const uint8_t *subject, enum standing standing);
/* The statement that wins about this; NULL: there is none. `subject` NULL: of a kind without one. Valid until the
 * next change. */
const struct statement *charter_winner(const struct charter *charter, enum statement_kind kind, const uint8_t *subject);
enum membership_rule charter_rule(const struct charter *charter);
/* The secret of the present epoch; NULL: the first one, which follows from the root. Valid until the next change. */
const uint8_t *charter_secret(const struct charter *charter);
/* Is somebody removed whom the present epoch's secret does not shut out, as far as who made it knew? Then owner or op
 * makes the next one. */
bool charter_is_stale(const struct charter *charter);
/* Of the keys of all who are removed or banned, in their order: what an epoch says that it shuts out. */
void charter_removed(const struct charter *charter, uint8_t out[static CHARTER_DIGEST_SIZE]);

/* The same for whoever holds the same. */
void charter_digest(const struct charter *charter, uint8_t out[static CHARTER_DIGEST_SIZE]);
/* Each statement that is kept, from *place on (0 at first), which goes on; NULL: that was the last. The owner's come
 * first, so whoever takes them in this order knows each op before what that one says. */
const struct statement *charter_next(const struct charter *charter, size_t *place);
/* Invariants 1 to 3 and 5; not the signatures. */
bool charter_holds(const struct charter *charter);
