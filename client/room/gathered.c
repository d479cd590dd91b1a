#include "client/room/parts.h"

void gathered_add(struct chatroom *room, struct event *event, int64_t time, bool passed_on) {
    size_t size = sizeof *event + event->text_size;
    if (passed_on)
        gathering_add(&room->gathering, time, event, size, room->now);
    else
        gathering_add_live(&room->gathering, time, event, size, room->now);
    gathered_show(room);
}

void gathered_show(struct chatroom *room) {
    struct event *event;
    int64_t time;
    bool late;
    if (!history_expects(&room->history)) gathering_end(&room->gathering);
    while ((event = gathering_take(&room->gathering, room->now, &time, &late))) {
        room_events_date(&room->events, event, time, room->now);
        event->late = late;
        room_events_emit(&room->events, event);
    }
}

void gathered_show_all(struct chatroom *room) {
    gathering_end(&room->gathering);
    gathered_show(room);
}
