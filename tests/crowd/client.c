#include "tests/crowd/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/events.h"
#include "common/clock.h"
#include "common/suite.h"

#define NETWORKS 256 /* of a /24 each, in turn: a bootnode bounds what comes from one */
#define RECEIVE_BUFFER (256 * 1024)
#define EVENTS_TRACED                                                                                                  \
    (1U << EVENT_REGISTERED | 1U << EVENT_PEER_JOINED | 1U << EVENT_PEER_CONNECTED | 1U << EVENT_PEER_LEFT |           \
     1U << EVENT_BOOTNODE_LOST | 1U << EVENT_BOOTNODE_BACK | 1U << EVENT_ERROR | 1U << EVENT_NOTICE)

/* Sebastiano Vigna's splitmix64. */
uint64_t crowd_random(struct crowd_world *world) {
    uint64_t x = world->random += 0x9e3779b97f4a7c15U;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
    x = (x ^ x >> 27) * 0x94d049bb133111ebU;
    return x ^ x >> 31;
}

unsigned crowd_pick(struct crowd_world *world, unsigned count) {
    return (unsigned)((crowd_random(world) >> 32) * count >> 32);
}

/* --- What the engine needs --- */

static void on_send(void *context, uint16_t socket, const struct address *to, const uint8_t *data, size_t size) {
    struct crowd_client *client = context;
    struct sockaddr_storage name;
    (void)socket; /* there is no other */
    socklen_t length = address_to_sockaddr(to, address_is_ipv4(&client->address) ? AF_INET : AF_INET6, &name);
    if (length == 0) return;
    (void)!sendto(client->socket, data, size, MSG_DONTWAIT, (struct sockaddr *)&name, length);
    client->world->sent++;
}

// NOLINTNEXTLINE(readability-non-const-parameter): the type is the engine's
static size_t on_open_sockets(void *context, size_t count, uint16_t *out) {
    (void)context;
    (void)count;
    (void)out;
    return 0;
}

static void on_close_socket(void *context, uint16_t socket) {
    (void)context;
    (void)socket;
}

static void trace(const struct crowd_client *client, const struct event *event) {
    char address[ADDRESS_TEXT_SIZE];
    static const char *const names[EVENT_TYPES] = {[EVENT_REGISTERED] = "registered",
                                                   [EVENT_PEER_JOINED] = "peer-joined",
                                                   [EVENT_PEER_CONNECTED] = "peer-connected",
                                                   [EVENT_PEER_LEFT] = "peer-left",
                                                   [EVENT_BOOTNODE_LOST] = "bootnode-lost",
                                                   [EVENT_BOOTNODE_BACK] = "bootnode-back",
                                                   [EVENT_ERROR] = "error",
                                                   [EVENT_NOTICE] = "notice"};
    if (!(EVENTS_TRACED >> event->type & 1)) return;
    fprintf(stderr, "%llu %u %s %s %02x%02x nick=%s bye=%d at=%s %s\n", (unsigned long long)client->world->now,
            client->number, client->room, names[event->type], event->peer[0], event->peer[1], event->nick,
            event->said_bye, address_format(&event->bootnode, address), event->text);
}

static void hear(struct crowd_client *client, const struct event *event, uint64_t now) {
    char *end;
    unsigned long number = strtoul(event->text, &end, 10);
    if (!*end) truth_heard(client->world->truth, client->number, event->peer, (uint32_t)number, now);
}

static void on_emit(void *context, struct event *event) {
    struct crowd_client *client = context;
    struct truth *truth = client->world->truth;
    uint64_t now = client->world->now;
    if (client->world->trace) trace(client, event);
    switch (event->type) {
    case EVENT_PEER_JOINED: truth_joined(truth, client->number, event->peer, now); break;
    case EVENT_PEER_CONNECTED: truth_connected(truth, client->number, event->peer, now); break;
    case EVENT_PEER_LEFT: truth_left(truth, client->number, event->peer, event->said_bye, now); break;
    case EVENT_MESSAGE: hear(client, event, now); break;
    case EVENT_CREDIT: client->credit += event->credit; break;
    default: break;
    }
    event_destroy(event);
}

static bool on_busy(void *context) {
    (void)context;
    return false;
}

static uint64_t on_wall_ms(void *context) {
    (void)context;
    return clock_wall_ms();
}

static void on_resolve(void *context, unsigned bootnode) {
    struct crowd_client *client = context;
    client->lookups |= 1U << bootnode;
}

static void on_seen(void *context, const struct address *mapped, const struct address *server) {
    (void)context;
    (void)mapped;
    (void)server;
}

/* --- Life --- */

static bool open_socket(struct crowd_client *client) {
    static unsigned opened;
    struct address at = client->world->first;
    struct why why;
    const unsigned number = opened++ % client->world->addresses;
    at.ip[14] = (uint8_t)(at.ip[14] + number % NETWORKS);
    at.ip[15] = (uint8_t)(at.ip[15] + number / NETWORKS);
    client->socket = udp_open(&at, &(struct udp_options){.receive_buffer = RECEIVE_BUFFER}, &why);
    if (client->socket >= 0 && udp_bound(client->socket, &client->address)) return true;
    fprintf(stderr, "people: a socket: %s\n", client->socket < 0 ? why.text : strerror(errno));
    return false;
}

static void make_identity(struct crowd_client *client) {
    uint8_t seed[32];
    for (size_t i = 0; i < sizeof seed; i++) seed[i] = (uint8_t)crowd_random(client->world);
    identity_from_seed(seed, &client->identity);
}

/* Bootnodes that are named by an address have it from the start; others are looked up. */
static struct engine *make_engine(struct crowd_client *client) {
    struct bootnode bootnodes[BOOTNODES_MAX];
    memcpy(bootnodes, client->world->bootnodes, sizeof bootnodes);
    for (size_t i = 0; i < client->world->bootnode_count; i++)
        if (!bootnode_is_numeric(&bootnodes[i])) bootnodes[i].address_count = 0;
    const struct engine_io io = {.outside = {.context = client,
                                             .send = on_send,
                                             .open_sockets = on_open_sockets,
                                             .close_socket = on_close_socket,
                                             .emit = on_emit,
                                             .busy = on_busy,
                                             .wall_ms = on_wall_ms},
                                 .resolve = on_resolve,
                                 .seen = on_seen};
    const struct engine_options options = {.identity = &client->identity,
                                           .people = &client->people,
                                           .known_bootnodes = &client->bootnodes,
                                           .nick = client->nick,
                                           .suite_mask = suite_mask_available(),
                                           .history = true,
                                           .relays = true,
                                           .bootnodes = bootnodes,
                                           .bootnode_count = client->world->bootnode_count};
    return engine_create(&options, &io, client->world->now);
}

static void offer_address(struct crowd_client *client) {
    struct candidate_list candidates = {.items = {client->address}, .count = 1};
    if (address_classify(&client->address) == ADDRESS_LOOPBACK) candidates.count = 0;
    engine_set_candidates(client->engine, &candidates, client->world->now);
}

bool client_start(struct crowd_client *client, struct crowd_world *world, unsigned room) {
    struct room_keys keys;
    uint8_t id[MEMBER_ID_SIZE];
    memset(client, 0, sizeof *client);
    client->world = world;
    if (!open_socket(client)) return false;
    make_identity(client);
    snprintf(client->room, sizeof client->room, "room%u", room);
    if (!room_keys_derive(client->room, NULL, 0, &keys)) abort();
    member_id_derive(&keys, client->identity.public, id);
    client->number = truth_starts(world->truth, room, id, world->now);
    snprintf(client->nick, sizeof client->nick, "n%u", client->number);
    client->engine = make_engine(client);
    offer_address(client);
    engine_join(client->engine, client->room, NULL, 0, world->now);
    return true;
}

void client_abandon(struct crowd_client *client) {
    engine_destroy(client->engine);
    client->engine = NULL;
    people_close(&client->people);
    known_keys_close(&client->bootnodes);
    close(client->socket);
    client->due = NEVER;
}

void client_leave(struct crowd_client *client) {
    truth_ends(client->world->truth, client->number, TRUTH_SAID_BYE, client->world->now);
    client->leaving = true;
    engine_stop(client->engine, client->world->now);
    client->due = 0;
}

void client_kill(struct crowd_client *client) {
    truth_ends(client->world->truth, client->number, TRUTH_DIED, client->world->now);
    client_abandon(client);
}

void client_say(struct crowd_client *client) {
    char text[16];
    if (client->credit == 0) return;
    client->credit--;
    int size = snprintf(text, sizeof text, "%u", truth_says(client->world->truth, client->number, client->world->now));
    engine_say(client->engine, client->room, CHAT_TEXT, NULL, text, (size_t)size, client->world->now);
    client->due = 0;
}

void client_receive(struct crowd_client *client) {
    struct crowd_world *world = client->world;
    int count = udp_receive(client->socket, world->incoming);
    for (int i = 0; i < count; i++) {
        const struct datagram datagram = udp_batch_get(world->incoming, (size_t)i);
        if (datagram.size > UDP_DATAGRAM_MAX) continue;
        engine_receive(client->engine, PATH_SOCKET_MAIN, &datagram.peer, datagram.data, datagram.size, world->now);
    }
    if (count > 0) world->received += (uint64_t)count;
    client->due = 0;
}

/* In another order each time, as name servers have it. */
static void look_up(struct crowd_client *client, unsigned bootnode) {
    struct address found[BOOTNODE_ADDRESSES];
    const struct bootnode *named = &client->world->bootnodes[bootnode];
    memcpy(found, named->addresses, sizeof found);
    for (unsigned i = (unsigned)named->address_count; i > 1; i--) {
        unsigned other = crowd_pick(client->world, i);
        struct address swapped = found[i - 1];
        found[i - 1] = found[other];
        found[other] = swapped;
    }
    engine_resolved(client->engine, bootnode, found, named->address_count, client->world->now);
}

void client_step(struct crowd_client *client) {
    uint64_t now = client->world->now;
    for (unsigned i = 0; client->lookups && i < BOOTNODES_MAX; i++) {
        if (!(client->lookups >> i & 1)) continue;
        client->lookups &= ~(1U << i);
        look_up(client, i);
    }
    if (engine_due(client->engine, now) <= now) engine_tick(client->engine, now);
    if (engine_finished(client->engine))
        client_abandon(client);
    else
        client->due = client->lookups ? 0 : engine_due(client->engine, now);
}

void client_resumed(struct crowd_client *client, uint64_t gap) {
    engine_resumed(client->engine, gap, client->world->now);
    client->due = 0;
}
