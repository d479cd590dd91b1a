/* Events about what is said to all, on their way to the screen in the order in which it was said (gathering.h). */
#pragma once

#include "client/history/history.h"
#include "client/room/gathering.h"
#include "client/room/room_events.h"

struct gathered {
    const struct room_events *events;
    const struct history *history; /* says whether more may come, that would go before */
    struct gathering gathering;    /* of struct event */
};

void gathered_clear(struct gathered *gathered);
/* What an author said to all, at this time of our clock; takes the event. */
void gathered_add(struct gathered *gathered, struct event *event, int64_t time, bool passed_on, uint64_t now);
/* Shows what has waited long enough, */
void gathered_show(struct gathered *gathered, uint64_t now);
/* and what has not. */
void gathered_show_all(struct gathered *gathered, uint64_t now);
