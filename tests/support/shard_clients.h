/* Clients of a shard under test, with the announcer between: they take CHANGES in, acknowledge them, and ask as clients
 * do. Numbered as their addresses are. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bootnode/announce.h"
#include "tests/support/room_view.h"
#include "tests/support/shard_guest.h"

#define SHARD_CLIENTS 640

struct shard_client {
    unsigned room;
    uint64_t id; /* 0: not there */
    struct room_view view;
    unsigned received; /* datagrams */
    size_t largest;
    uint64_t counter; /* of the last one */
    uint16_t token;   /* that it heard last */
    uint32_t beats;
    bool deaf; /* its datagrams are lost */
    bool mute; /* and it does not acknowledge */
};

struct shard_clients {
    struct shard shard;
    struct announcer *announcer;
    struct outbox outbox;
    uint64_t now;
    unsigned received; /* datagrams of all */
    struct shard_client list[SHARD_CLIENTS];
};

void shard_clients_open(struct shard_clients *clients);
void shard_clients_close(struct shard_clients *clients);
/* Registers, and confirms. Who is told of all others by WELCOME has them in its view. */
void shard_client_join(struct shard_clients *clients, unsigned number, unsigned room);
void shard_client_leave(struct shard_clients *clients, unsigned number);
/* What the heartbeat handler does with a beat that has its version, or this one. */
void shard_client_beat(struct shard_clients *clients, unsigned number);
void shard_client_beat_with(struct shard_clients *clients, unsigned number, struct room_version has);
/* One call of the announcer, after which whoever got something beats, but the deaf and the mute. Returns when to come
 * back. */
uint64_t shard_clients_announce(struct shard_clients *clients);
/* Its view is the room as it may see it. */
bool shard_client_agrees(const struct shard_clients *clients, unsigned number);
