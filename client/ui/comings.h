/* Who comes and goes, folded (setting `joins`). Several in a row are one line that grows:
 *
 *     anna#1a2b is here, bert#3c4d is here; → carl#5e6f and 3 others came; ← dora#7a8b left
 *
 * With `auto` a room of more than COMINGS_SMALL has only those named in it who spoke in the last COMINGS_LATELY_MS, and
 * the others counted; and visits are not told: who came, said something and said goodbye within COMINGS_VISIT_MS
 * does not leave, and a sender under the nick that --mode send makes (NAME-send-1a2b, with the digits of its own key)
 * neither comes nor leaves. Programs (--ui json) and transcripts have all of it. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/config.h"
#include "client/events.h"
#include "client/ui/roster.h"
#include "common/attributes.h"

#define COMINGS_SMALL 8 /* members besides us */
#define COMINGS_LATELY_MS 600000
#define COMINGS_VISIT_MS 60000
#define COMINGS_RUN_MS 600000 /* a line does not grow for longer: it shows the time when it began */
#define COMINGS_NAMES 8       /* in one part of the line */
#define COMINGS_IDS 64        /* that are told apart in one; more are counted as often as they come */

enum comings_part { COMINGS_HERE /* were there before us */, COMINGS_CAME, COMINGS_LEFT, COMINGS_PARTS };

struct comings {
    struct {
        uint8_t ids[COMINGS_IDS][MEMBER_ID_SIZE];
        size_t count, named;
        char names[COMINGS_NAMES][ROSTER_LABEL_SIZE];
    } parts[COMINGS_PARTS]; /* of the line that grows now */
    size_t told;            /* comings and goings in it */
    uint64_t began_ms;
    struct {
        uint8_t id[MEMBER_ID_SIZE];
        uint64_t came_ms, spoke_ms; /* 0: not lately */
    } lately[COMINGS_IDS];          /* whose last deed is newest first */
    size_t lately_count;
};

enum comings_told {
    COMINGS_OTHER,  /* is no coming and no going, or `joins = on`: shown as anything else */
    COMINGS_HIDDEN, /* not shown */
    COMINGS_ALONE,  /* the first of a line, shown in full */
    COMINGS_FOLDED, /* the line is comings_text now */
};

struct coming {
    const struct event *event;
    const struct member *member; /* whom it is about, a leaving one as it was; NULL: nobody knows */
    size_t members;              /* of the room, besides us */
    int joins;                   /* JOINS_… */
};

/* Every event of the room passes, what is said as well. `now`: ms of any clock, not 0. */
enum comings_told comings_take(struct comings *comings, const struct coming *coming, uint64_t now);
/* Something else stands below the line, or it was printed: the next one begins a new one. */
void comings_end(struct comings *comings);
/* malloc'd; aborts without memory. */
MUST_USE char *comings_text(const struct comings *comings);
