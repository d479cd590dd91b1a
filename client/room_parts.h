/* What the files of room.h say to each other. */
#pragma once

#include "client/room.h"

/* room_messages.c: what is said and heard */
void messages_received(struct room *room, struct peer *peer, const uint8_t *message, size_t size);
void messages_acknowledged(struct room *room, struct peer *peer, uint64_t tag);
/* The peer will acknowledge nothing more. `undelivered`: it was somebody who should have got them. */
void messages_give_up(struct room *room, struct peer *peer, bool undelivered);
void messages_clear(struct room *room);

/* An event of this room; the caller fills in the rest and emits it. */
struct event *room_event(const struct room *room, enum event_type type, const struct peer *peer);
void room_emit(const struct room *room, struct event *event);
