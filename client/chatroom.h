/* A room as this client lives it: its bootnode session, its peers, and the messages under way. Pure; owned by the
 * engine.
 *
 * Invariants:
 * 1. A peer object stands for each member the bootnode lists, and for each that it no longer lists but that still talks
 * to us.
 * 2. A message waits for those who were present (listed, or still talking) when it was accepted, until each
 * acknowledged or left; or until there is no room for more, and somebody has acknowledged nothing for half a minute. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/events.h"
#include "client/known_keys.h"
#include "client/peer/peer.h"
#include "client/rendezvous.h"

#define CHATROOM_PEERS_MAX 1024 /* what a bootnode can make us hold */
#define CHATROOM_AUTHORS_MAX 2048
#define CHATROOM_INPUTS 512               /* messages that may be under way */
#define CHATROOM_BYTES (8u * 1024 * 1024) /* and their bytes, before input has to wait */

/* What rooms share, given by the engine. */
struct chatroom_host {
    void *context;
    const struct identity *identity;
    struct indices *indices;
    const struct known_keys *known_peers;
    const char *nick;
    uint8_t suite_mask;
    uint64_t run;
    uint32_t *streams, *epochs;
    void (*send)(void *context, const struct address *to, const uint8_t *data, size_t size);
    uint64_t (*punch_wait)(void *context, uint64_t now);
    void (*emit)(void *context, struct event *event); /* takes the event */
    bool (*busy)(void *context);
    uint64_t (*wall_ms)(void *context);
    /* See rendezvous_owner. */
    bool (*trusted)(void *context, const uint8_t key[static 32], char *why, size_t why_size);
    void (*barred)(void *context, const char *why);
    /* The bootnode proved that it has this key. */
    void (*proven)(void *context, const uint8_t key[static 32]);
};

struct outgoing; /* a message under way */
struct author;   /* what was last shown of whom */

struct chatroom {
    const struct chatroom_host *host;
    char name[ROOM_NAME_MAX + 1];
    struct room_keys keys;
    struct rendezvous rendezvous;
    struct peer_host peer_host;
    struct peer *peers[CHATROOM_PEERS_MAX];
    size_t peer_count;
    uint64_t now; /* of the call we are in */

    uint64_t sequence; /* of our last message */
    struct outgoing *outgoing;
    size_t outgoing_count, outgoing_bytes;
    unsigned credit_owed; /* withheld while too many bytes wait */
    bool any_alone;       /* a message was accepted with nobody present */
    bool any_undelivered; /* somebody present left without acknowledging */

    struct author *authors;
    size_t author_count;

    bool complete; /* the first full list has come */
    bool leaving;
};

/* False when the keys cannot be derived (Argon2id without memory). */
bool chatroom_init(struct chatroom *room, const struct chatroom_host *host, const char *name, const void *secret,
                   size_t secret_size, const struct address *bootnodes, size_t bootnode_count, uint64_t now);
void chatroom_clear(struct chatroom *room);

/* Is the packet for this room? Then handles it. */
bool chatroom_receive(struct chatroom *room, const struct address *from, const uint8_t *packet, size_t size,
                      uint64_t now);
void chatroom_tick(struct chatroom *room, uint64_t now);
uint64_t chatroom_due(const struct chatroom *room, uint64_t now);

/* A line to everyone present. */
void chatroom_say(struct chatroom *room, const char *text, size_t size, uint64_t now);
bool chatroom_has_outgoing(const struct chatroom *room);
size_t chatroom_present(const struct chatroom *room);
void chatroom_set_candidates(struct chatroom *room, const struct candidate_list *candidates, uint64_t now);
/* Says bye to peers and bootnode. */
void chatroom_leave(struct chatroom *room, uint64_t now);
bool chatroom_left(const struct chatroom *room, uint64_t now);
