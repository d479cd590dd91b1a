/* What is said to all, by author and run, in the order of its sequence: what was shown last, and what is held back
 * until what lies before it has come. Pure; PROTOCOL.md §3.5 rules 3 and 4.
 *
 * Invariants: of a feed only what lies above `shown` is held, ascending, nothing twice; FEED_HELD_MOST messages of one
 * feed at most (feeds_hold), FEEDS_BYTES in all as far as feeds_too_much is obeyed. At most FEEDS_MOST feeds: makes
 * room first what was only promised, then what others passed on, then who was met; of each kind those of the source
 * that brought most of it, and of these what was used least lately. A feed's source is the member that promised it or
 * passed it on first, or the author itself once it was met: so nobody, whatever it signs or invents, pushes out what is
 * remembered of others before it has no more than they. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/history/feed_name.h"
#include "client/message/blob.h"
#include "common/attributes.h"
#include "common/names.h"

#define FEEDS_MOST 2048
#define FEED_HELD_MOST 1024
#define FEEDS_BYTES (4u * 1024 * 1024)
#define FEED_TRIED_MOST 3 /* the author and two others */

struct held {
    struct held *next;
    uint64_t sequence;
    bool passed_on;
    int64_t time; /* when it was said, as far as others say; ms of our clock */
    struct blob *blob;
};

enum feed_standing { FEED_PROMISED, FEED_PASSED_ON, FEED_MET, FEED_STANDINGS };

struct feed_source; /* a member, and how much it brought */

struct feed {
    struct feed_name name;
    enum feed_standing standing;
    struct feed_source *source;
    uint64_t used;  /* ms, for making room */
    uint64_t shown; /* the last one; 0: none */
    bool begun;     /* something was shown, so that what is missing is lost */
    int64_t time;   /* begun: when that was said; what follows was not said before it */
    bool restless;  /* something is held, asked for or offered */
    uint64_t since; /* when the gap before what is held was seen; before there was one: of the feed itself */
    struct held *held;
    size_t held_count, held_bytes;
    struct {
        bool open;
        uint8_t peer[MEMBER_ID_SIZE];
        uint64_t progress; /* when something of it last came */
    } asked;
    uint8_t tried[FEED_TRIED_MOST][MEMBER_ID_SIZE]; /* asked for this gap though they offered nothing */
    size_t tried_count;
};

struct feeds {
    struct feed **list;
    size_t count, capacity, bytes;
    struct feed_source *sources;
    size_t standings[FEED_STANDINGS]; /* so many feeds of each */
};

/* Zeroed is empty. */
void feeds_clear(struct feeds *feeds);
struct feed *feeds_find(const struct feeds *feeds, const struct feed_name *name);
/* Finds or adds it, and notes the time; may drop another one. `by`: who brings it, so that it stands like this. NULL:
 * all that there is room for stand higher. Aborts without memory. */
struct feed *feeds_of(struct feeds *feeds, const struct feed_name *name, enum feed_standing standing,
                      const uint8_t by[static MEMBER_ID_SIZE], uint64_t now);

/* Takes a reference. False: shown or held already, or too many are held. */
MUST_USE bool feeds_hold(struct feeds *feeds, struct feed *feed, uint64_t sequence, bool passed_on, int64_t time,
                         struct blob *blob, uint64_t now);
/* The next one to show, which counts as shown then; its blob is the caller's, and its time is not before that of the
 * last one. False: there is none. */
MUST_USE bool feeds_take(struct feeds *feeds, struct feed *feed, struct held *out);
/* Gives up what is missing before the first one held, whose time is not before that of the last one shown then. Returns
 * how many that were, 0 when nothing was begun. */
uint64_t feeds_skip(struct feed *feed);
/* When all hold too much: of the source that holds most the feed that does; else NULL. */
struct feed *feeds_too_much(const struct feeds *feeds);

/* The invariants that do not hang on feeds_too_much; and that all that is counted is there. */
bool feeds_holds(const struct feeds *feeds);

/* Is this one held? */
bool feed_is_held(const struct feed *feed, uint64_t sequence);
bool feed_has_tried(const struct feed *feed, const uint8_t peer[static MEMBER_ID_SIZE]);
