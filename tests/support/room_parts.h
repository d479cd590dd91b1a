/* The parts of a room, put together but without its life: for unit tests of client/room, with members whom nobody sends
 * a packet. */
#pragma once

#include "client/peer/budget.h"
#include "client/room/assembly.h"

#define ROOM_PARTS_WALL UINT64_C(1700000000000)

struct room_parts {
    struct identity own, anna, bert, carl;
    struct people people; /* without a file */
    struct indices indices;
    struct punch_budget budget;
    struct relaying relaying;
    struct outside outside;
    struct chatroom_host host;
    struct assembly room;

    uint64_t now;
    unsigned shown[EVENT_TYPES];                            /* how many events of each type were emitted */
    uint64_t lost;                                          /* of EVENT_LOST */
    struct event *last;                                     /* emitted; NULL: none yet */
    void (*emitted)(void *test, const struct event *event); /* NULL: nobody looks at each */
    void *test;
};

/* In the room "tea", which nobody else is in; the history is on. */
void room_parts_init(struct room_parts *parts, uint64_t now);
void room_parts_clear(struct room_parts *parts);
/* Somebody who is here, connected and reached directly, of run 1. */
struct member *room_parts_member(struct room_parts *parts, const struct identity *identity, const char *nick);
