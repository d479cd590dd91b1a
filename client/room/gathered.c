#include "client/room/parts.h"

void gathered_date(const struct chatroom *room, struct event *event, int64_t time) {
    uint64_t wall = room->host->outside->wall_ms(room->host->outside->context), age = room->now - (uint64_t)time;
    event->shown_ms = wall;
    event->said_ms = wall > age ? wall - age : 0;
}

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
        gathered_date(room, event, time);
        event->late = late;
        chatroom_emit(room, event);
    }
}

void gathered_show_all(struct chatroom *room) {
    gathering_end(&room->gathering);
    gathered_show(room);
}
