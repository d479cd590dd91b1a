/* What the files of chatroom.h say to each other. */
#pragma once

#include "client/chatroom.h"

/* chatroom_messages.c: what is said and heard */
void messages_received(struct chatroom *room, struct peer *peer, const uint8_t *message, size_t size);
void messages_acknowledged(struct chatroom *room, struct peer *peer, uint64_t tag);
/* The peer will acknowledge nothing more. `undelivered`: it was somebody who should have got them. */
void messages_give_up(struct chatroom *room, struct peer *peer, bool undelivered);
/* Gives up whoever holds up all others. */
void messages_tick(struct chatroom *room, uint64_t now);
uint64_t messages_due(const struct chatroom *room);
void messages_clear(struct chatroom *room);

/* An event of this room; the caller fills in the rest and emits it. */
struct event *chatroom_event(const struct chatroom *room, enum event_type type, const struct peer *peer);
void chatroom_emit(const struct chatroom *room, struct event *event);
void chatroom_error(const struct chatroom *room, const char *text);
