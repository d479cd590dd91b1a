/* Which nodes of a cluster a room is registered with: its homes, as the nodes name them in COOKIE and NOTICE
 * (PROTOCOL.md §2.6). Pure: what was named, how the sessions are, and times in; which to begin, to leave or to give up,
 * and when to ask again, out. Times are in ms.
 *
 * Whose word counts: of another node, that it is a home; of itself, that it is one or is none (any more); where it
 * lists us and answers, that it is none only in the session, or where another one does not name it either: whoever
 * reads along on one way can forge a COOKIE. So views that differ make a session too many, and none too few, and nobody
 * but a node itself ends a session that answers.
 *
 * Invariants:
 * 1. Each node is there once, with at most HOMING_MAX in all; none that is beyond HOMING_REDIRECTS redirects from the
 * entry or from a node that lists us.
 * 2. A node that lists us is left only while another one lists us that is a home. So a move takes nobody out.
 * 3. A node that lists us and answers is no home any more only where it said so itself, or it was lent: asked while no
 * home answered.
 * 4. One that never answered is there for HOMING_FALLBACK_MS after it is named no more, or is at another address by
 * what was said later: who forges holds no place for long.
 * 5. The entry is asked at most once a second (HOMING_ALONE_MS), and every HOMING_ASK_MS while somebody lists us. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/rendezvous/doors.h"
#include "common/attributes.h"
#include "common/wire/homes.h"

#define HOMING_MAX 8
#define HOMING_REDIRECTS 2
#define HOMING_ENTRY (-1)
#define HOMING_FALLBACK_MS 1500 /* no home answers: the next in rank is asked, */
#define HOMING_ALONE_MS 1000    /* and the entry, and again after this and up to as much more */
#define HOMING_SILENT_MS 3000   /* one does not: the entry and the others are asked, */
#define HOMING_ASK_MS 5000      /* and again */
#define HOMING_CHECK_MS                                                                                                \
    1000 /* one that answers was not named by another one: it is asked itself, and again after twice as long */
#define HOMING_CHECK_DOUBLINGS 6
#define HOMING_MOVE_MS 10000 /* after one new home lists us, who is none any more is left */

enum homing_standing {
    HOMING_WANTED, /* a home */
    HOMING_LENT,   /* next in rank: takes us while the homes are silent */
    HOMING_FORMER, /* a home no more: serves us until others do */
};

struct homing_node {
    struct home home; /* the addresses that may be tried; maybe none */
    enum homing_standing standing;
    uint64_t since;     /* it stands so */
    uint64_t check_due; /* HOMING_CHECK; */
    unsigned checks;    /* so many */
    uint8_t depth;      /* redirects to it; 0: lists us, or did */
    bool begun;         /* there is a session, or the try of one: */
    size_t number;      /* the owner's */
    bool readdressed;   /* others say that it is at other addresses: */
    struct home other;  /* these */
    bool met;           /* it answered once */
    bool accepted;      /* it said that it takes us, */
    uint64_t named;     /* and when somebody named it a home last */
    bool denied;        /* the last word of another one does not name it */
    bool listed;        /* by the owner: it told who is there, and answers; */
    uint64_t silent;    /* since when it does not answer; NEVER: it does; counted from when it was begun with */
    uint64_t listed_at; /* since when it lists us as a home; NEVER: it does not */
};

struct homing {
    struct homing_node list[HOMING_MAX];
    size_t count;
    struct named_homes named; /* the last word */
    uint64_t named_at;        /* 0: none yet */
    uint64_t alone;           /* since when no home answers; NEVER: one does */
    unsigned lent;            /* so many next in rank were asked since, the last one then: */
    uint64_t lent_at;
    uint64_t ask_due; /* the earliest */
};

enum homing_step {
    HOMING_REST,
    HOMING_BEGIN, /* a session with the node at `index`; the owner sets `number`, or calls homing_forget */
    HOMING_LEAVE, /* with a word (LEAVE, moved), and forget it */
    HOMING_DROP,  /* without one, and forget it */
    HOMING_CHECK, /* the node at `index`: does it still say that it is a home? */
    HOMING_ASK,   /* the entry, and the nodes that list us */
};

void homing_init(struct homing *homing);
bool homing_holds(const struct homing *homing);
/* May a node have this address, where its entry has those? Of the entry's kind, and no port below 1024 but the entry's.
 */
bool homing_admits(const struct doors *entry, const struct address *address);
/* `from` (HOMING_ENTRY, or a node of the list) names homes; only addresses that may be tried are in it. `vouched`: it
 * said so in a session; else in what looks like its COOKIE. True: `from` takes us. */
MUST_USE bool homing_told(struct homing *homing, int from, const struct named_homes *named, bool vouched, uint64_t now);
/* How the session with the node at `index` is. `silent`: since when it does not answer; NEVER: it does. */
void homing_observe(struct homing *homing, size_t index, bool listed, uint64_t silent);
/* What is to be done next; called again until HOMING_REST. `excess_ms`: by how much a round trip is longer than usual.
 */
enum homing_step homing_next(struct homing *homing, uint64_t excess_ms, uint64_t now, size_t *index);
/* One that is said to be at other addresses is there from now on, not begun with. */
void homing_forget(struct homing *homing, size_t index);
uint64_t homing_due(const struct homing *homing, uint64_t excess_ms, uint64_t now);
/* The node's place; `count`: it is not there. */
size_t homing_find(const struct homing *homing, uint8_t node);
