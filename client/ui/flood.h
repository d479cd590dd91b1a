/* Who says more than can be read (setting `flood`): of a member that said FLOOD_LINES lines within FLOOD_WITHIN_MS, the
 * next messages are folded into one line that grows,
 *
 *     14 more lines of carl#5e6f: /unfold carl#5e6f shows them
 *
 * until the member says nothing for FLOOD_QUIET_MS. Others are shown as ever, and a single message always is, however
 * long. What was folded is kept, up to FLOOD_KEPT bytes of a member and FLOOD_KEPT_ALL of the room; the oldest goes
 * first, and is counted. A member is a key: another nick is the same one. Programs (--ui json), transcripts and history
 * have all of it. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/events.h"
#include "client/ui/roster.h"
#include "common/attributes.h"

#define FLOOD_LINES 30
#define FLOOD_WITHIN_MS 10000
#define FLOOD_QUIET_MS 10000
#define FLOOD_CALM_MS 600000 /* of whom one has unfolded nothing is folded for so long */
#define FLOOD_KEPT 262144
#define FLOOD_KEPT_ALL 1048576
#define FLOOD_MEMBERS 64 /* that are told apart: whoever spoke longest ago is forgotten for a new one */
#define FLOOD_NOWHERE UINT64_MAX

struct flood_kept;

/* One member. */
struct flood {
    uint8_t id[MEMBER_ID_SIZE];
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    char nick[TEXT_NICK_MAX + 1], label[ROSTER_LABEL_SIZE]; /* of late */
    uint64_t at_ms[FLOOD_LINES];                            /* when the last lines were said, a ring */
    size_t oldest, count;                                   /* of it */
    uint64_t spoke_ms, calm_until_ms;
    bool rages;
    bool mentions;  /* us, in the line that grows */
    size_t told;    /* lines in it */
    uint64_t place; /* the UI's, where that line stands; FLOOD_NOWHERE when one begins */
    struct flood_kept *first, *last;
    size_t bytes; /* of what is kept */
    size_t gone;  /* lines that are not any more */
};

struct floods {
    struct flood *list[FLOOD_MEMBERS];
    size_t count, bytes;
    uint64_t now;
};

struct flood_said {
    const struct event *event;
    const char *fingerprint, *label; /* of its author; an unknown one's fingerprint is empty */
    bool mentions;                   /* us */
};

void floods_clear(struct floods *floods);
/* Are the counts and bytes those of what is kept, within the bounds, and is each key there once? */
bool floods_holds(const struct floods *floods);
/* Every message passes that is said now. NULL: it is shown. Else it was folded, and the line of this flood is
 * flood_text now. `now`: ms of any clock; one that was set back changes nothing. `first_mention` (set also where it is
 * shown): it is folded, and the first in its line that mentions us. */
struct flood *floods_take(struct floods *floods, const struct flood_said *said, uint64_t now, bool *first_mention);
/* The next flood that is over by now, and was not told to be; NULL: none. */
struct flood *floods_over(struct floods *floods, uint64_t now);
/* How many ms there are until one is, if nobody speaks; UINT64_MAX: none rages. */
uint64_t floods_wait(struct floods *floods, uint64_t now);
/* malloc'd; aborts without memory. */
MUST_USE char *flood_text(const struct flood *flood);
/* What its line says instead once all that is kept was shown below it. */
MUST_USE char *flood_text_shown(const struct flood *flood);
/* The one with that key; NULL: it said nothing lately. */
struct flood *floods_find(const struct floods *floods, const char *fingerprint);
/* It is over, and nothing of this member is folded for a while. One who said nothing yet is noted. */
struct flood *floods_calm(struct floods *floods, const struct member *member, uint64_t now);
/* Takes the oldest of what is kept, as history, of no room; NULL: nothing is. */
MUST_USE struct event *floods_next(struct floods *floods, struct flood *flood);
