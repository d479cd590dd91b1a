#include "client/room/gathered.h"

#include "common/holds.h"

static void drop(void *event) {
    event_destroy(event);
}

void gathered_clear(struct gathered *gathered) {
    gathering_clear(&gathered->gathering, drop);
}

void gathered_add(struct gathered *gathered, struct event *event, int64_t time, bool passed_on, uint64_t now) {
    size_t size = sizeof *event + event->text_size;
    if (passed_on)
        gathering_add(&gathered->gathering, time, event, size, now);
    else
        gathering_add_live(&gathered->gathering, time, event, size, now);
    gathered_show(gathered, now);
}

void gathered_show(struct gathered *gathered, uint64_t now) {
    struct event *event;
    int64_t time;
    bool late;
    if (!history_expects(gathered->history)) gathering_end(&gathered->gathering);
    while ((event = gathering_take(&gathered->gathering, now, &time, &late))) {
        room_events_date(gathered->events, event, time, now);
        event->late = late;
        room_events_emit(gathered->events, event);
    }
}

void gathered_show_all(struct gathered *gathered, uint64_t now) {
    HOLDS(gathering_holds(&gathered->gathering));
    gathering_end(&gathered->gathering);
    gathered_show(gathered, now);
}
