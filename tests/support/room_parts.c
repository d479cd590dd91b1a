#include "tests/support/room_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

/* --- The world outside --- */

static void on_send(void *context, uint16_t socket, const struct address *to, const uint8_t *data, size_t size) {
    (void)context, (void)socket, (void)to, (void)data, (void)size;
}

static void on_emit(void *context, struct event *event) {
    struct room_parts *parts = context;
    parts->shown[event->type]++;
    if (event->type == EVENT_LOST) parts->lost += event->lost;
    if (parts->emitted) parts->emitted(parts->test, event);
    event_destroy(parts->last);
    parts->last = event;
}

static bool on_busy(void *context) {
    (void)context;
    return false;
}

static uint64_t on_wall_ms(void *context) {
    (void)context;
    return ROOM_PARTS_WALL;
}

/* --- Life --- */

static void identity_named(const char *name, struct identity *out) {
    uint8_t seed[32];
    crypto_generichash(seed, sizeof seed, (const uint8_t *)name, strlen(name), NULL, 0);
    identity_from_seed(seed, out);
}

static void make_hosts(struct room_parts *parts) {
    parts->outside =
        (struct outside){.context = parts, .send = on_send, .emit = on_emit, .busy = on_busy, .wall_ms = on_wall_ms};
    parts->host = (struct chatroom_host){.outside = &parts->outside,
                                         .identity = &parts->own,
                                         .indices = &parts->indices,
                                         .budget = &parts->budget,
                                         .relaying = &parts->relaying,
                                         .people = &parts->people,
                                         .nick = "own",
                                         .suite_mask = 1,
                                         .history = true,
                                         .relays = true};
}

void room_parts_init(struct room_parts *parts, uint64_t now) {
    struct room_keys keys;
    memset(parts, 0, sizeof *parts);
    parts->now = now;
    if (sodium_init() < 0) abort();
    identity_named("own", &parts->own);
    identity_named("anna", &parts->anna);
    identity_named("bert", &parts->bert);
    identity_named("carl", &parts->carl);
    if (!room_keys_derive("tea", NULL, 0, &keys)) abort();
    make_hosts(parts);
    relaying_init(&parts->relaying, now);
    assembly_start(&parts->room, &parts->host, "tea", &keys, now);
}

void room_parts_clear(struct room_parts *parts) {
    assembly_clear(&parts->room);
    event_destroy(parts->last);
    people_close(&parts->people);
}

struct member *room_parts_member(struct room_parts *parts, const struct identity *identity, const char *nick) {
    struct member_record record = {.suite_mask = 1};
    member_id_derive(&parts->room.self.keys, identity->public, record.id);
    struct member *member = members_add(&parts->room.members, &parts->room.peer_host, &record, 1, 1, parts->now);
    if (!member) abort();
    struct peer *peer = member->peer;
    memcpy(peer->introduction.identity, identity->public, sizeof peer->introduction.identity);
    snprintf(peer->introduction.nick, sizeof peer->introduction.nick, "%s", nick);
    fingerprint_format(identity->public, member->fingerprint);
    peer->introduction.run = 1;
    peer->connected = peer->has_path = true;
    return member;
}
