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

/* --- The room around the history --- */

static struct exchange *on_member(void *context, size_t index) {
    struct room_parts *parts = context;
    return index < parts->members.count ? &parts->members.list[index]->exchange : NULL;
}

static struct exchange *on_author(void *context, const struct feed_name *feed) {
    struct room_parts *parts = context;
    uint8_t id[MEMBER_ID_SIZE];
    member_id_derive(&parts->self.keys, feed->author, id);
    struct member *member = members_find(&parts->members, id);
    return member ? &member->exchange : NULL;
}

static enum history_presence on_presence(void *context, const struct exchange *with) {
    (void)context, (void)with;
    return HISTORY_REACHABLE;
}

static bool on_queue(void *context, struct exchange *with, struct blob *blob, uint64_t tag, uint64_t now) {
    (void)context, (void)with, (void)blob, (void)tag, (void)now;
    return true;
}

static void on_asked(void *context, uint64_t now) {
    struct room_parts *parts = context;
    gathering_expect(&parts->gathered.gathering, now);
}

static void on_show(void *context, const struct held *held, uint64_t now) {
    const struct room_parts *parts = context;
    heard_show(&parts->heard, held, now);
}

static void on_lost(void *context, const struct held *next, uint64_t count, uint64_t now) {
    const struct room_parts *parts = context;
    heard_lost(&parts->heard, next, count, now);
}

static void start_history(struct room_parts *parts) {
    const struct history_host host = {.context = parts,
                                      .enabled = true,
                                      .member = on_member,
                                      .author = on_author,
                                      .presence = on_presence,
                                      .queue = on_queue,
                                      .asked = on_asked,
                                      .show = on_show,
                                      .lost = on_lost};
    const struct feed_name own = feed_name_of(parts->own.public, parts->self.run);
    history_init(&parts->history, &host, &own);
}

/* --- Life --- */

static void identity_named(const char *name, struct identity *out) {
    uint8_t seed[32];
    crypto_generichash(seed, sizeof seed, (const uint8_t *)name, strlen(name), NULL, 0);
    identity_from_seed(seed, out);
}

static void become_somebody(struct room_parts *parts) {
    identity_named("own", &parts->own);
    identity_named("anna", &parts->anna);
    identity_named("bert", &parts->bert);
    identity_named("carl", &parts->carl);
    parts->self.run = 7;
    if (!room_keys_derive("tea", NULL, 0, &parts->self.keys)) abort();
    member_id_derive(&parts->self.keys, parts->own.public, parts->self.id);
}

static void make_hosts(struct room_parts *parts) {
    parts->outside =
        (struct outside){.context = parts, .send = on_send, .emit = on_emit, .busy = on_busy, .wall_ms = on_wall_ms};
    parts->host = (struct chatroom_host){.outside = &parts->outside,
                                         .identity = &parts->own,
                                         .indices = &parts->indices,
                                         .budget = &parts->budget,
                                         .known_peers = &parts->known_peers,
                                         .nick = "own",
                                         .suite_mask = 1,
                                         .history = true,
                                         .relays = true};
    parts->peer_host = (struct peer_host){.context = parts,
                                          .outside = &parts->outside,
                                          .room = &parts->self.keys,
                                          .identity = &parts->own,
                                          .indices = &parts->indices,
                                          .budget = &parts->budget,
                                          .own_mask = 1,
                                          .run = parts->self.run,
                                          .nick = "own",
                                          .streams = &parts->streams,
                                          .epochs = &parts->epochs,
                                          .touched = &parts->members.touched,
                                          .relaying_allowed = &parts->host.relays,
                                          .mapping = &parts->host.mapping};
    memcpy(parts->peer_host.own_id, parts->self.id, MEMBER_ID_SIZE);
}

void room_parts_init(struct room_parts *parts, uint64_t now) {
    *parts = (struct room_parts){.now = now};
    if (sodium_init() < 0) abort();
    become_somebody(parts);
    make_hosts(parts);
    parts->events = (struct room_events){.outside = &parts->outside, .room = "tea", .members = &parts->members};
    parts->nicks = (struct nicks){
        .host = &parts->host, .self = &parts->self, .events = &parts->events, .authors = &parts->authors};
    start_history(parts);
    parts->gathered = (struct gathered){.events = &parts->events, .history = &parts->history};
    parts->heard = (struct heard){.outside = &parts->outside,
                                  .self = &parts->self,
                                  .events = &parts->events,
                                  .members = &parts->members,
                                  .nicks = &parts->nicks,
                                  .authors = &parts->authors,
                                  .history = &parts->history,
                                  .gathered = &parts->gathered};
}

void room_parts_clear(struct room_parts *parts) {
    members_clear(&parts->members);
    gathered_clear(&parts->gathered);
    history_clear(&parts->history);
    authors_clear(&parts->authors);
    event_destroy(parts->last);
}

struct member *room_parts_member(struct room_parts *parts, const struct identity *identity, const char *nick) {
    struct member_record record = {.suite_mask = 1};
    member_id_derive(&parts->self.keys, identity->public, record.id);
    struct member *member = members_add(&parts->members, &parts->peer_host, &record, 0, 1, parts->now);
    if (!member) abort();
    struct peer *peer = member->peer;
    memcpy(peer->introduction.identity, identity->public, sizeof peer->introduction.identity);
    snprintf(peer->introduction.nick, sizeof peer->introduction.nick, "%s", nick);
    peer->introduction.run = 1;
    peer->connected = peer->has_path = true;
    return member;
}
