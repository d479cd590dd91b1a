/* How packets get to a peer: PROTOCOL.md §3.4. The packets are the same on every path. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/address.h"
#include "common/names.h"

enum path_kind {
    PATH_DIRECT,   /* best first */
    PATH_MEMBER,   /* through another member of the room */
    PATH_BOOTNODE, /* through a bootnode */
};

#define PATH_SOCKET_MAIN 0 /* the one that all else uses; others are opened for probing */

/* What does not belong to the kind is zero, so that two paths are equal when all of them is. */
struct path {
    enum path_kind kind;
    uint16_t socket;                /* direct: which of our sockets */
    struct address address;         /* direct: the peer's */
    uint8_t member[MEMBER_ID_SIZE]; /* member: who relays */
    uint8_t bootnode;               /* bootnode: which one of the room's */
};

/* Packets that are sent to one path until something comes of it. */
struct path_try {
    struct path path;
    uint64_t due; /* ms; NEVER: no more */
    uint8_t sent;
};
#define PATH_TRIES 10

void path_try_start(struct path_try *try, const struct path *path, uint64_t due);
/* One was sent: the next after 100, 200, 400, then every 500 ms, PATH_TRIES in all. */
void path_try_sent(struct path_try *try, uint64_t now);

struct path path_direct(const struct address *address);
struct path path_through_member(const uint8_t member[static MEMBER_ID_SIZE]);
struct path path_through_bootnode(uint8_t bootnode);
/* Of its kind, and nothing else. */
bool path_holds(const struct path *path);
bool path_equal(const struct path *a, const struct path *b);
/* Is it of a better kind? */
bool path_kind_better(const struct path *a, const struct path *b);
