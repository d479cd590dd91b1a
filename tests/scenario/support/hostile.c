#include "tests/scenario/support/hostile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/table/shard_join.h"

#define CONNECT_MS 5000
#define BEAT_MS 4000
#define INDEX 77

static void confirm(struct hostile *hostile, const struct peer_answer *response) {
    uint8_t *packet = hostile->confirmation;
    struct handshake_result result;
    size_t size =
        handshake_confirm(&hostile->attempt, response, &hostile->claims, packet, sizeof hostile->confirmation, &result);
    if (size == 0) return;
    transport_start(&hostile->transport, handshake_suite(&hostile->pair), &result.keys, hostile->attempt.index,
                    response->sender_index, hostile->world->now);
    hostile->attempt.active = false;
    hostile->linked = true;
    hostile->confirmation_size = size;
    hostile_send(hostile, &hostile->confirm, packet, size);
}

static bool to_victim(const struct hostile *hostile, const struct wire *wire) {
    return wire->sender && address_same_ip(&wire->to, &hostile->victim) &&
           (hostile->victim.port == 0 || hostile->victim.port == wire->to.port);
}

/* As any member does: so the mark knows that it receives there. */
static void answer_pings(struct hostile *hostile, const struct wire *wire) {
    struct peer_data data;
    uint8_t plain[PEER_FRAMES_MAX];
    size_t size;
    struct frame frame;
    if (!peer_data_decode(wire->data, wire->size, &data) || data.receiver_index != hostile->transport.local_index ||
        !transport_open(&hostile->transport, wire->data, &data, plain, &size, hostile->world->now))
        return;
    struct reader reader = reader_over(plain, size);
    while (frame_next(&reader, &frame))
        if (frame.type == FRAME_PING && !hostile->deaf)
            hostile_frame(hostile, &hostile->at, &(struct frame){.type = FRAME_PONG, .token = frame.token});
}

static bool watch(struct world *world, struct wire *wire) {
    struct hostile *hostile = world->tampering;
    struct peer_answer response;
    if (to_victim(hostile, wire)) {
        hostile->at_victim.packets++;
        hostile->at_victim.bytes += wire->size;
    }
    if (hostile->tamper && !hostile->tamper(hostile, wire)) return false;
    if (wire->sender == hostile->mark && address_equal(&wire->to, &hostile->at) && hostile->attempt.active &&
        peer_response_decode(wire->data, wire->size, &response))
        confirm(hostile, &response);
    else if (wire->sender == hostile->mark && address_equal(&wire->to, &hostile->at) && hostile->linked)
        answer_pings(hostile, wire);
    return true;
}

/* The first of its identities whose id is on the right side of the mark's. */
static void find_identity(struct hostile *hostile, bool lower) {
    uint32_t number = 0;
    do {
        uint8_t seed[32] = "hostile";
        number++;
        memcpy(seed + 8, &number, sizeof number);
        identity_from_seed(seed, &hostile->identity);
        member_id_derive(&hostile->keys, hostile->identity.public, hostile->id);
    } while ((memcmp(hostile->id, hostile->pair.other_id, MEMBER_ID_SIZE) < 0) != lower);
    memcpy(hostile->pair.own_id, hostile->id, MEMBER_ID_SIZE);
    memcpy(hostile->claims.identity, hostile->identity.public, sizeof hostile->claims.identity);
}

void hostile_init_keys(struct hostile *hostile, struct world *world, struct person *mark, const struct room_keys *keys,
                       bool initiator) {
    *hostile = (struct hostile){
        .world = world,
        .mark = mark,
        .at = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 66}, .port = 6666},
        .confirm = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 66}, .port = 6666},
        .forged = {.ip = {[10] = 0xff, 0xff, 203, 0, 113, 200}, .port = 53},
        .claims = {.run = 1, .epoch = 1, .nick = "mallory", .nick_size = 7},
        .keys = *keys,
    };
    hostile->pair = (struct handshake_pair){
        .room = &hostile->keys,
        .identity = &hostile->identity,
        .initiator = initiator,
        .own_mask = SUITE_CHACHA20_POLY1305,
        .other_mask = mark->suite_mask,
    };
    member_id_derive(&hostile->keys, mark->identity.public, hostile->pair.other_id);
    find_identity(hostile, initiator);
    hostile_count(hostile, &hostile->forged);
    world->tamper = watch;
    world->tampering = hostile;
}

void hostile_init(struct hostile *hostile, struct world *world, struct person *mark, const char *room, bool initiator) {
    struct room_keys keys;
    assert_true(room_keys_derive(room, NULL, 0, &keys));
    hostile_init_keys(hostile, world, mark, &keys, initiator);
}

static struct shard *home(const struct hostile *hostile) {
    struct node *node = &hostile->world->net->node;
    return node->shards[shard_of_room(node->shard_hash_key, hostile->keys.set.tag, node->shard_count)];
}

bool hostile_registers(struct hostile *hostile, const struct candidate_list *candidates) {
    struct register_body body = {.suite_mask = SUITE_CHACHA20_POLY1305, .revision = 1};
    struct registration registration = {.body = &body, .address = hostile->at};
    struct registered registered;
    enum refusal refusal;
    uint8_t members[PACKET_MAX];
    struct writer writer = writer_over(members, sizeof members);
    uint64_t now = hostile->world->net->context.now;
    if (candidates) body.candidates = *candidates;
    memcpy(body.room_tag, hostile->keys.set.tag, ROOM_TAG_SIZE);
    memcpy(body.member_id, hostile->id, MEMBER_ID_SIZE);
    if (shard_register(home(hostile), &registration, now, &registered, &writer) != REGISTERED) return false;
    hostile->session_id = registered.session_id;
    return shard_confirm(home(hostile), registered.session_id, now, &refusal) == REGISTERED;
}

void hostile_register(struct hostile *hostile, const struct candidate_list *candidates) {
    assert_true(hostile_registers(hostile, candidates));
}

void hostile_beat(struct hostile *hostile) {
    struct net *net = hostile->world->net;
    struct session *session = node_find_session(&net->node, hostile->session_id);
    if (session) atomic_store(&session->heard_ms, (uint32_t)net->context.now);
}

void hostile_run(struct hostile *hostile, uint64_t ms) {
    while (ms > 0) {
        uint64_t step = ms < BEAT_MS ? ms : BEAT_MS;
        hostile_beat(hostile);
        world_run(hostile->world, step);
        ms -= step;
    }
    hostile_beat(hostile);
}

void hostile_send(struct hostile *hostile, const struct address *from, const uint8_t *packet, size_t size) {
    hostile->spent.packets++;
    hostile->spent.bytes += size;
    if (address_same_ip(from, &hostile->victim)) {
        hostile->from_victim.packets++;
        hostile->from_victim.bytes += size;
    }
    world_inject(hostile->world, from, &hostile->mark->nat.outside, packet, size);
}

void hostile_data(struct hostile *hostile, const struct address *from, const uint8_t *frames, size_t size) {
    uint8_t packet[PACKET_MAX], padded[PEER_FRAMES_MAX] = {0};
    assert_true(size <= sizeof padded);
    memcpy(padded, frames, size);
    size = (size + FRAMES_ALIGNMENT - 1) / FRAMES_ALIGNMENT * FRAMES_ALIGNMENT;
    size = transport_seal(&hostile->transport, padded, size, packet, sizeof packet, hostile->world->now);
    assert_true(size > 0);
    hostile_send(hostile, from, packet, size);
}

void hostile_frame(struct hostile *hostile, const struct address *from, const struct frame *frame) {
    uint8_t frames[PEER_FRAMES_MAX];
    struct writer writer = writer_over(frames, sizeof frames);
    frame_write(&writer, frame);
    hostile_data(hostile, from, frames, writer_size(&writer));
}

void hostile_handshake(struct hostile *hostile, uint32_t index) {
    hostile->linked = false;
    assert_true(
        handshake_initiate(&hostile->pair, &hostile->keys.set, index, NULL, hostile->world->now, &hostile->attempt));
    hostile_send(hostile, &hostile->at, hostile->attempt.packet, sizeof hostile->attempt.packet);
}

void hostile_meet(struct hostile *hostile) {
    struct person *mark = hostile->mark;
    unsigned joined = person_count(mark, EVENT_PEER_JOINED, NULL);
    unsigned connected = person_count(mark, EVENT_PEER_CONNECTED, NULL);
    hostile_register(hostile, NULL);
    world_wait(hostile->world, CONNECT_MS, person_count(mark, EVENT_PEER_JOINED, NULL) > joined);
    hostile_handshake(hostile, INDEX);
    world_wait(hostile->world, CONNECT_MS, hostile->linked);
    world_wait(hostile->world, CONNECT_MS, person_count(mark, EVENT_PEER_CONNECTED, NULL) > connected);
}

void hostile_count(struct hostile *hostile, const struct address *victim) {
    hostile->victim = *victim;
    hostile->at_victim = hostile->spent = hostile->from_victim = (struct traffic){0};
}
