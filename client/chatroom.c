#include "client/chatroom.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/chatroom_parts.h"

struct event *chatroom_event(const struct chatroom *room, enum event_type type, const struct peer *peer) {
    struct event *event = event_create(type, NULL, 0);
    event->room = room->name;
    event->bootnode = room->rendezvous.bootnode;
    if (peer) {
        memcpy(event->peer, peer->pair.other_id, MEMBER_ID_SIZE);
        memcpy(event->nick, peer->introduction.nick, sizeof event->nick);
        event->address = peer->path;
    }
    return event;
}

void chatroom_emit(const struct chatroom *room, struct event *event) {
    room->host->emit(room->host->context, event);
}

void chatroom_error(const struct chatroom *room, const char *text) {
    struct event *event = event_create(EVENT_ERROR, text, strlen(text));
    event->room = room->name;
    chatroom_emit(room, event);
}

/* --- What peers tell --- */

static void on_send(void *context, const struct address *to, const uint8_t *data, size_t size) {
    struct chatroom *room = context;
    room->host->send(room->host->context, to, data, size);
}

static uint64_t on_punch_wait(void *context, uint64_t now) {
    struct chatroom *room = context;
    return room->host->punch_wait(room->host->context, now);
}

/* A nick is bound to the first key that used it in this room. */
static bool on_identified(void *context, struct peer *peer) {
    struct chatroom *room = context;
    char name[2 * ROOM_TAG_SIZE + 1 + 2 * TEXT_NICK_MAX + 1], why[512];
    sodium_bin2hex(name, sizeof name, room->keys.tag, ROOM_TAG_SIZE);
    name[2 * ROOM_TAG_SIZE] = ':';
    sodium_bin2hex(name + 2 * ROOM_TAG_SIZE + 1, 2 * TEXT_NICK_MAX + 1, (const uint8_t *)peer->introduction.nick,
                   strlen(peer->introduction.nick));
    unsigned line = 0;
    const struct known_keys *known = room->host->known_peers;
    enum known_result result = known_keys_check(known, name, peer->introduction.identity, &line);
    if (result == KNOWN_NEW && !known_keys_remember(known, name, peer->introduction.identity, why, sizeof why))
        chatroom_error(room, why);
    if (result != KNOWN_CHANGED) return true;

    char fingerprint[FINGERPRINT_TEXT_SIZE], text[1024];
    fingerprint_format(peer->introduction.identity, fingerprint);
    snprintf(
        text, sizeof text,
        "somebody calls themselves %s, but with another key (fingerprint %s) than the one remembered in %.400s:%u: "
        "blocked. If %s really has a new key, remove that line",
        peer->introduction.nick, fingerprint, known->file, line, peer->introduction.nick);
    chatroom_error(room, text);
    messages_give_up(room, peer, false);
    return false;
}

static void on_connected(void *context, struct peer *peer) {
    struct chatroom *room = context;
    struct event *event = chatroom_event(room, EVENT_PEER_CONNECTED, peer);
    event->rtt_ms = peer->rtt_us / 1000.0;
    event->cipher = suite_name(handshake_suite(&peer->pair));
    fingerprint_format(peer->introduction.identity, event->fingerprint);
    chatroom_emit(room, event);
}

static void on_path_changed(void *context, struct peer *peer) {
    struct chatroom *room = context;
    chatroom_emit(room, chatroom_event(room, EVENT_PEER_PATH, peer));
}

static bool on_busy(void *context) {
    struct chatroom *room = context;
    return room->host->busy(room->host->context);
}

static void on_message(void *context, struct peer *peer, const uint8_t *message, size_t size) {
    messages_received(context, peer, message, size);
}

static void on_acknowledged(void *context, struct peer *peer, uint64_t tag) {
    messages_acknowledged(context, peer, tag);
}

static void peer_left(struct chatroom *room, struct peer *peer, bool said_bye) {
    messages_give_up(room, peer, true);
    struct event *event = chatroom_event(room, EVENT_PEER_LEFT, peer);
    event->said_bye = said_bye;
    chatroom_emit(room, event);
}

static void on_said_bye(void *context, struct peer *peer) {
    peer_left(context, peer, true);
}

static void on_absent(void *context, struct peer *peer) {
    if (peer->state != PEER_GONE) peer_left(context, peer, peer->left_by_itself);
    peer->finished = true;
}

static void on_introduce(void *context, struct peer *peer) {
    struct chatroom *room = context;
    rendezvous_introduce(&room->rendezvous, peer->pair.other_id);
}

/* --- What the bootnode tells --- */

static struct peer *peer_find(const struct chatroom *room, const uint8_t id[static MEMBER_ID_SIZE]) {
    for (size_t i = 0; i < room->peer_count; i++)
        if (memcmp(room->peers[i]->pair.other_id, id, MEMBER_ID_SIZE) == 0) return room->peers[i];
    return NULL;
}

/* The candidates that we may send to. Loopback ones only where the bootnode is on loopback itself: on one machine. */
static size_t usable_candidates(const struct chatroom *room, const struct candidate_list *candidates,
                                struct address out[static RECORD_CANDIDATES_MAX]) {
    size_t count = 0;
    bool loopback = address_classify(&room->rendezvous.bootnode) == ADDRESS_LOOPBACK;
    for (size_t i = 0; i < candidates->count; i++) {
        const struct address *candidate = &candidates->items[i];
        enum address_class class = address_classify(candidate);
        if (class == ADDRESS_UNUSABLE || class == ADDRESS_LINK_LOCAL) continue;
        if (class == ADDRESS_LOOPBACK && !loopback) continue;
        if (address_equal(candidate, &room->rendezvous.mapped)) continue;
        if (address_equal(candidate, &room->rendezvous.bootnode)) continue;
        out[count++] = *candidate;
    }
    return count;
}

static void on_listed(void *context, const struct member_record *record, enum change change) {
    struct chatroom *room = context;
    (void)change; /* whether it is new to us is ours to know: an unlisted peer may still be here */
    if (room->leaving || memcmp(record->id, room->rendezvous.member_id, MEMBER_ID_SIZE) == 0) return;
    struct peer *peer = peer_find(room, record->id);
    bool is_new = peer == NULL;
    if (is_new) {
        if (room->peer_count == CHATROOM_PEERS_MAX) return;
        peer = peer_create(&room->peer_host, record, room->now);
        room->peers[room->peer_count++] = peer;
    }
    struct address usable[RECORD_CANDIDATES_MAX];
    size_t count = usable_candidates(room, &record->candidates, usable);
    bool revived = peer_listed(peer, record, usable, count, room->now);
    if (is_new || revived) chatroom_emit(room, chatroom_event(room, EVENT_PEER_JOINED, peer));
}

static void on_delisted(void *context, const uint8_t id[static MEMBER_ID_SIZE], enum leave_reason reason, bool resync) {
    struct chatroom *room = context;
    struct peer *peer = peer_find(room, id);
    if (!peer) return;
    peer->left_by_itself = reason == LEAVE_SAID && !resync;
    peer_delisted(peer, resync, room->now);
}

static void on_introduced(void *context, const struct member_record *record) {
    struct chatroom *room = context;
    struct peer *peer = peer_find(room, record->id);
    if (!peer) return;
    struct address usable[RECORD_CANDIDATES_MAX];
    size_t count = usable_candidates(room, &record->candidates, usable);
    peer_introduced(peer, usable, count, room->now);
}

static void on_complete(void *context) {
    struct chatroom *room = context;
    if (room->complete) return;
    room->complete = true;
    struct event *event = chatroom_event(room, EVENT_CREDIT, NULL);
    event->credit = CHATROOM_INPUTS;
    chatroom_emit(room, event);
}

static void on_registered(void *context, const struct address *mapped) {
    struct chatroom *room = context;
    room->host->proven(room->host->context, room->rendezvous.bootnode_key);
    struct event *event = chatroom_event(room, EVENT_REGISTERED, NULL);
    event->mapped = *mapped;
    chatroom_emit(room, event);
}

static void on_lost(void *context, const char *why) {
    struct chatroom *room = context;
    struct event *event = event_create(EVENT_BOOTNODE_LOST, why, strlen(why));
    event->room = room->name;
    event->bootnode = room->rendezvous.bootnode;
    chatroom_emit(room, event);
}

static void on_back(void *context) {
    struct chatroom *room = context;
    chatroom_emit(room, chatroom_event(room, EVENT_BOOTNODE_BACK, NULL));
}

static void on_refused(void *context, const char *why) {
    struct chatroom *room = context;
    char text[1280], address[ADDRESS_TEXT_SIZE];
    snprintf(text, sizeof text, "bootnode %s: %s; trying again", address_format(&room->rendezvous.bootnode, address),
             why);
    chatroom_error(room, text);
}

static bool on_trusted(void *context, const uint8_t key[static 32], char *why, size_t why_size) {
    struct chatroom *room = context;
    return room->host->trusted(room->host->context, key, why, why_size);
}

static void on_barred(void *context, const char *why) {
    struct chatroom *room = context;
    room->host->barred(room->host->context, why);
}

/* --- Life --- */

static void peer_host_init(struct chatroom *room) {
    const struct chatroom_host *host = room->host;
    room->peer_host = (struct peer_host){.context = room,
                                         .room = &room->keys,
                                         .identity = host->identity,
                                         .indices = host->indices,
                                         .own_mask = host->suite_mask,
                                         .run = host->run,
                                         .nick = host->nick,
                                         .streams = host->streams,
                                         .epochs = host->epochs,
                                         .send = on_send,
                                         .punch_wait = on_punch_wait,
                                         .identified = on_identified,
                                         .connected = on_connected,
                                         .path_changed = on_path_changed,
                                         .busy = on_busy,
                                         .message = on_message,
                                         .acknowledged = on_acknowledged,
                                         .said_bye = on_said_bye,
                                         .absent = on_absent,
                                         .introduce = on_introduce};
    memcpy(room->peer_host.own_id, room->rendezvous.member_id, MEMBER_ID_SIZE);
}

bool chatroom_init(struct chatroom *room, const struct chatroom_host *host, const char *name, const void *secret,
                   size_t secret_size, const struct address *bootnodes, size_t bootnode_count, uint64_t now) {
    memset(room, 0, sizeof *room);
    room->host = host;
    snprintf(room->name, sizeof room->name, "%s", name);
    if (!room_keys_derive(name, secret, secret_size, &room->keys)) return false;
    struct rendezvous_owner owner = {.context = room,
                                     .send = on_send,
                                     .members = {.context = room, .listed = on_listed, .delisted = on_delisted},
                                     .complete = on_complete,
                                     .registered = on_registered,
                                     .introduced = on_introduced,
                                     .lost = on_lost,
                                     .back = on_back,
                                     .refused = on_refused,
                                     .trusted = on_trusted,
                                     .barred = on_barred};
    rendezvous_init(&room->rendezvous, &owner, &room->keys, host->identity, host->suite_mask, bootnodes, bootnode_count,
                    now);
    peer_host_init(room);
    return true;
}

void chatroom_clear(struct chatroom *room) {
    for (size_t i = 0; i < room->peer_count; i++) peer_destroy(room->peers[i]);
    messages_clear(room);
    rendezvous_clear(&room->rendezvous);
    sodium_memzero(&room->keys, sizeof room->keys);
    room->peer_count = 0;
}

/* --- Packets --- */

/* At most CHATROOM_PEERS_MAX comparisons of 8 bytes: below the cost of the MAC that follows a match. */
static struct peer *peer_by_tag(const struct chatroom *room, const uint8_t tag[static PAIR_TAG_SIZE]) {
    for (size_t i = 0; i < room->peer_count; i++)
        if (memcmp(room->peers[i]->tag_in, tag, PAIR_TAG_SIZE) == 0) return room->peers[i];
    return NULL;
}

/* A peer of this room by our index in the packet. */
static struct peer *peer_by_index(const struct chatroom *room, uint32_t index) {
    struct peer *peer = indices_find(room->host->indices, index);
    return peer && peer->host == &room->peer_host ? peer : NULL;
}

static struct peer *receive_probe(struct chatroom *room, const struct address *from, const uint8_t *packet,
                                  size_t size) {
    struct peer_probe probe;
    if (!peer_probe_decode(packet, size, &probe)) return NULL;
    struct peer *peer = peer_by_tag(room, probe.pair_tag);
    if (!peer || !peer_mac_check(room->keys.mac_key, packet, size)) return NULL;
    peer_receive_probe(peer, from, room->now);
    return peer;
}

static struct peer *receive_initiation(struct chatroom *room, const struct address *from, const uint8_t *packet,
                                       size_t size) {
    struct peer_initiation initiation = {.noise_size = handshake_initiation_noise_size(&room->keys)};
    if (!peer_initiation_decode(packet, size, &initiation)) return NULL;
    struct peer *peer = peer_by_tag(room, initiation.pair_tag);
    if (!peer || !peer_mac_check(room->keys.mac_key, packet, size)) return NULL;
    peer_receive_initiation(peer, packet, &initiation, from, room->now);
    return peer;
}

static struct peer *receive_answer(struct chatroom *room, const struct address *from, const uint8_t *packet,
                                   size_t size) {
    struct peer_answer answer;
    bool response = packet[0] == PEER_RESPONSE;
    bool whole =
        response ? peer_response_decode(packet, size, &answer) : peer_confirmation_decode(packet, size, &answer);
    if (!whole) return NULL;
    struct peer *peer = peer_by_index(room, answer.receiver_index);
    if (!peer || !peer_mac_check(room->keys.mac_key, packet, size)) return NULL;
    if (response)
        peer_receive_response(peer, &answer, from, room->now);
    else
        peer_receive_confirmation(peer, &answer, from, room->now);
    return peer;
}

static struct peer *receive_data(struct chatroom *room, const struct address *from, const uint8_t *packet,
                                 size_t size) {
    struct peer_data data;
    if (!peer_data_decode(packet, size, &data)) return NULL;
    struct peer *peer = peer_by_index(room, data.receiver_index);
    if (peer) peer_receive_data(peer, packet, &data, from, room->now);
    return peer;
}

static void peers_sweep(struct chatroom *room) {
    for (size_t i = 0; i < room->peer_count;) {
        if (!room->peers[i]->finished) {
            i++;
            continue;
        }
        peer_destroy(room->peers[i]);
        room->peers[i] = room->peers[--room->peer_count];
    }
}

bool chatroom_receive(struct chatroom *room, const struct address *from, const uint8_t *packet, size_t size,
                      uint64_t now) {
    room->now = now;
    if (size == 0) return false;
    if (packet[0] < PEER_PROBE) {
        bool ours = rendezvous_receive(&room->rendezvous, from, packet, size, now);
        if (ours) chatroom_tick(room, now);
        return ours;
    }
    if (address_classify(from) == ADDRESS_UNUSABLE) return false; /* no answer could be sent there */
    struct peer *peer;
    switch (packet[0]) {
    case PEER_PROBE: peer = receive_probe(room, from, packet, size); break;
    case PEER_INITIATION: peer = receive_initiation(room, from, packet, size); break;
    case PEER_RESPONSE:
    case PEER_CONFIRMATION: peer = receive_answer(room, from, packet, size); break;
    case PEER_DATA: peer = receive_data(room, from, packet, size); break;
    default: return false;
    }
    if (!peer) return false;
    peer_tick(peer, now);
    if (peer->finished) peers_sweep(room);
    return true;
}

void chatroom_tick(struct chatroom *room, uint64_t now) {
    room->now = now;
    rendezvous_tick(&room->rendezvous, now);
    bool finished = false;
    for (size_t i = 0; i < room->peer_count; i++) {
        peer_tick(room->peers[i], now);
        finished |= room->peers[i]->finished;
    }
    if (finished) peers_sweep(room);
    messages_tick(room, now);
}

uint64_t chatroom_due(const struct chatroom *room, uint64_t now) {
    uint64_t due = rendezvous_due(&room->rendezvous);
    for (size_t i = 0; i < room->peer_count; i++) {
        uint64_t peer = peer_due(room->peers[i], now);
        if (peer < due) due = peer;
    }
    uint64_t messages = messages_due(room);
    return messages < due ? messages : due;
}

size_t chatroom_present(const struct chatroom *room) {
    size_t present = 0;
    for (size_t i = 0; i < room->peer_count; i++) present += room->peers[i]->state == PEER_LIVE;
    return present;
}

void chatroom_set_candidates(struct chatroom *room, const struct candidate_list *candidates, uint64_t now) {
    rendezvous_set_candidates(&room->rendezvous, candidates, now);
}

void chatroom_leave(struct chatroom *room, uint64_t now) {
    room->now = now;
    room->leaving = true;
    for (size_t i = 0; i < room->peer_count; i++) peer_say_bye(room->peers[i], now);
    rendezvous_leave(&room->rendezvous, now);
}

bool chatroom_left(const struct chatroom *room, uint64_t now) {
    if (room->rendezvous.state != RENDEZVOUS_ENDED && room->rendezvous.state != RENDEZVOUS_BARRED) return false;
    for (size_t i = 0; i < room->peer_count; i++)
        if (room->peers[i]->state == PEER_LIVE && !peer_bye_done(room->peers[i], now)) return false;
    return true;
}
