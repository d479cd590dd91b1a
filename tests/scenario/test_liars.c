/* A bootnode that lies about masks, ids and addresses, or is not the one we know; and members who claim to be others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "bootnode/table/shard_join.h"
#include "bootnode/table/shard_members.h"
#include "client/peer/handshake.h"
#include "common/why.h"
#include "common/wire/bootnode_bodies.h"
#include "common/wire/bootnode_packets.h"
#include "common/wire/frames.h"
#include "common/wire/packet.h"
#include "common/wire/peer_packets.h"
#include "tests/scenario/support/world.h"
#include "tests/support/folder.h"

#define CONNECT_MS 1500

static const struct address stranger = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 99}, .port = 5555};

/* --- Lies about one member: put into its session before its first beat confirms it --- */

struct lie {
    const struct person *about;
    void (*tell)(struct session *session, const struct lie *lie);
    unsigned bit;
    uint64_t told; /* session it was told about */
    const struct net *net;
    unsigned answers, to_stranger;
};

static bool lying_bootnode(struct world *world, struct wire *wire) {
    struct lie *lie = world->tampering;
    lie->answers += wire->data[0] == PEER_RESPONSE;
    lie->to_stranger += address_equal(&wire->to, &stranger) && wire->sender;
    if (wire->sender != lie->about || wire->data[0] != MESSAGE_HEARTBEAT || lie->told) return true;
    struct beat beat;
    assert_true(beat_decode(wire->data, wire->size, &beat));
    struct session *session = node_find_session(&world->net->node, beat.session_id);
    assert_non_null(session);
    lie->told = beat.session_id;
    lie->net = world->net;
    if (lie->tell) lie->tell(session, lie);
    return true;
}

static void swap_mask(struct session *session, const struct lie *lie) {
    session->suite_mask ^= (uint8_t)(1u << lie->bit);
}

static void swap_id(struct session *session, const struct lie *lie) {
    session->member_id[lie->bit / 8] ^= (uint8_t)(1u << lie->bit % 8);
}

/* Its own beat does not confirm it there. */
static void swap_address(struct session *session, const struct lie *lie) {
    struct shard *shard = lie->net->node.shards[session_name_of(lie->told).shard];
    assert_true(shard_move(shard, lie->told, &stranger, session->endpoint, lie->net->context.now));
    enum refusal refusal;
    assert_int_equal(shard_confirm(shard, lie->told, lie->net->context.now, &refusal), REGISTERED);
}

/* Anna and Bert meet in a room of their own, and the lie is told. Did they connect? */
static bool connects(struct world *world, struct lie *lie, const char *room) {
    struct person *anna = &world->people[0], *bert = &world->people[1];
    world->tamper = lying_bootnode;
    world->tampering = lie;
    person_start(anna, room);
    world_run(world, 500);
    person_start(bert, room);
    world_run(world, 4000);
    assert_true(lie->told);
    bool connected = person_sees(anna, bert) || person_sees(bert, anna);
    person_kill(anna);
    person_kill(bert);
    person_forget(anna);
    person_forget(bert);
    return connected;
}

static void a_changed_mask_breaks_the_handshake(void **state) {
    struct world *world = *state;
    world_person(world, "anna", NAT_NONE);
    world_person(world, "bert", NAT_NONE);
    struct lie honest = {.about = &world->people[0]};
    assert_true(connects(world, &honest, "honest"));
    for (unsigned i = 0; i < 16; i++) {
        char room[16];
        struct lie lie = {.about = &world->people[i / 8], .tell = swap_mask, .bit = i % 8};
        snprintf(room, sizeof room, "bit %u", i);
        assert_false(connects(world, &lie, room));
        if (i % 8 != 1) assert_int_equal(lie.answers, 0); /* ChaCha20 is a must, the others mean nothing: no record */
    }
}

/* Nobody has such an id, and who is at the address named does not answer to it. */
static void another_member_id_meets_silence(void **state) {
    struct world *world = *state;
    world_person(world, "anna", NAT_NONE);
    world_person(world, "bert", NAT_NONE);
    for (unsigned bit = 0; bit < 128; bit += 21) {
        char room[16];
        struct lie lie = {.about = &world->people[1], .tell = swap_id, .bit = bit};
        snprintf(room, sizeof room, "bit %u", bit);
        assert_false(connects(world, &lie, room));
        assert_int_equal(lie.answers, 0);
    }
}

static void a_wrong_address_costs_ten_packets(void **state) {
    struct world *world = *state;
    world_person(world, "anna", NAT_NONE);
    world_person(world, "bert", NAT_NONE);
    struct lie lie = {.about = &world->people[1], .tell = swap_address};
    assert_true(connects(world, &lie, "tea"));
    assert_in_range(lie.to_stranger, 1, 10);
}

/* --- Not the bootnode we know --- */

struct bytes_to_bootnode {
    unsigned hellos, others;
    const uint8_t *key; /* put into COOKIE */
    bool wrong_nonce;
};

static bool watch_bootnode(struct world *world, struct wire *wire) {
    struct bytes_to_bootnode *seen = world->tampering;
    struct address bootnode = world_bootnode();
    if (address_equal(&wire->to, &bootnode)) {
        seen->hellos += wire->data[0] == MESSAGE_HELLO;
        seen->others += wire->data[0] != MESSAGE_HELLO;
    }
    if (wire->data[0] == MESSAGE_COOKIE && seen->key) memcpy(wire->data + 12, seen->key, 32);
    if (wire->data[0] == MESSAGE_COOKIE && seen->wrong_nonce) wire->data[4] ^= 1;
    return true;
}

static void a_wrong_key_ends_it_after_hello(void **state) {
    struct world *world = *state;
    struct bytes_to_bootnode seen = {0};
    struct person *anna = world_person(world, "anna", NAT_NONE);
    uint8_t key[32];
    memcpy(key, world->net->node.key.public, sizeof key);
    key[31] ^= 1;
    anna->pinned_key = key;
    world->tamper = watch_bootnode;
    world->tampering = &seen;
    person_start(anna, "tea");
    world_run(world, 60000);
    assert_int_equal(seen.hellos, 2); /* the second one asks for the key that is known */
    assert_int_equal(seen.others, 0);
    assert_int_equal(anna->status, ENGINE_STATUS_BARRED);
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 1);
    assert_non_null(strstr(person_last(anna, EVENT_ERROR, NULL)->text, "refused"));
}

static void the_right_pinned_key_is_welcome(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    anna->pinned_key = world->net->node.key.public;
    person_start(anna, "tea");
    world_wait(world, CONNECT_MS, person_count(anna, EVENT_REGISTERED, NULL) == 1);
}

/* The second time, what was remembered is what counts. */
static void a_changed_key_is_refused(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    void *folder;
    struct why why;
    assert_int_equal(folder_make(&folder), 0);
    assert_true(known_keys_open(&anna->known_bootnodes, folder, "known_bootnodes", &why));
    for (int i = 0; i < 2; i++) {
        person_start(anna, "tea");
        world_wait(world, CONNECT_MS, person_count(anna, EVENT_REGISTERED, NULL) == 1u + (unsigned)i);
        person_kill(anna);
    }
    net_restart(world->net, false);
    person_start(anna, "tea");
    world_wait(world, CONNECT_MS, anna->status == ENGINE_STATUS_BARRED);
    folder_remove(&folder);
}

/* A key of low order would make the registration readable: nothing is said to it. */
static const uint8_t low_order[][32] = {
    {0},
    {1},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
     0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
     0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};
#define LOW_ORDER_POINTS (sizeof low_order / sizeof *low_order)

static void nothing_is_said_to_a_low_order_key(void **state) {
    struct world *world = *state;
    struct bytes_to_bootnode seen = {0};
    struct person *anna = world_person(world, "anna", NAT_NONE);
    world->tamper = watch_bootnode;
    world->tampering = &seen;
    for (size_t i = 0; i < LOW_ORDER_POINTS; i++) {
        seen.key = low_order[i];
        person_start(anna, "tea");
        world_run(world, 10000);
        assert_int_equal(person_count(anna, EVENT_REGISTERED, NULL), 0);
        person_kill(anna);
    }
    assert_int_equal(seen.others, 0);
}

static void a_cookie_with_another_nonce_is_ignored(void **state) {
    struct world *world = *state;
    struct bytes_to_bootnode seen = {.wrong_nonce = true};
    struct person *anna = world_person(world, "anna", NAT_NONE);
    world->tamper = watch_bootnode;
    world->tampering = &seen;
    person_start(anna, "tea");
    world_run(world, 10000);
    assert_in_range(seen.hellos, 4, 10);
    assert_int_equal(seen.others, 0);
    assert_int_equal(anna->status, -1);
    seen.wrong_nonce = false;
    world_wait(world, 6000, person_count(anna, EVENT_REGISTERED, NULL) == 1);
}

/* --- 500 members, all at a stranger's address --- */

struct victim {
    unsigned packets;
    struct {
        uint8_t tag[PAIR_TAG_SIZE];
        uint64_t at[10]; /* of the last ten */
        unsigned count;
    } members[512];
    uint64_t recent[200]; /* of the last 200 packets to anybody */
};

static bool guard_victim(struct world *world, struct wire *wire) {
    struct victim *victim = world->tampering;
    if (!wire->sender || (wire->data[0] != PEER_PROBE && wire->data[0] != PEER_INITIATION)) return true;
    assert_true(address_equal(&wire->to, &stranger));
    size_t i = 0;
    while (victim->members[i].count && memcmp(victim->members[i].tag, wire->data + 8, PAIR_TAG_SIZE) != 0) i++;
    assert_true(i < 500);
    memcpy(victim->members[i].tag, wire->data + 8, PAIR_TAG_SIZE);
    /* A round lasts 3 s, and 2 s at least pass until the next. */
    uint64_t *tenth = &victim->members[i].at[victim->members[i].count++ % 10];
    assert_true(*tenth == 0 || world->now - *tenth >= 5000);
    *tenth = world->now;
    uint64_t *last = &victim->recent[victim->packets++ % 200];
    assert_true(*last == 0 || world->now - *last >= 1000);
    *last = world->now;
    return true;
}

static void add_member_at(struct net *net, const struct room_keys *keys, const struct address *address) {
    struct register_body body = {.suite_mask = SUITE_CHACHA20_POLY1305, .revision = 1};
    struct registration registration = {.body = &body, .address = *address};
    struct registered registered;
    uint8_t members[PACKET_MAX];
    struct writer writer = writer_over(members, sizeof members);
    memcpy(body.room_tag, keys->set.tag, ROOM_TAG_SIZE);
    randombytes_buf(body.member_id, MEMBER_ID_SIZE);
    struct shard *shard =
        net->node.shards[shard_of_room(net->node.shard_hash_key, keys->set.tag, net->node.shard_count)];
    assert_int_equal(shard_register(shard, &registration, net->context.now, &registered, &writer), REGISTERED);
    enum refusal refusal;
    assert_int_equal(shard_confirm(shard, registered.session_id, net->context.now, &refusal), REGISTERED);
}

static void a_victim_of_500_members_gets_a_trickle(void **state) {
    struct world *world = *state;
    struct victim *victim = calloc(1, sizeof *victim);
    struct room_keys keys;
    world->net->config.room_members = 1000;
    net_restart(world->net, true);
    assert_true(room_keys_derive("tea", NULL, 0, &keys));
    for (int i = 0; i < 500; i++) add_member_at(world->net, &keys, &stranger);
    struct person *anna = world_person(world, "anna", NAT_NONE);
    world->tamper = guard_victim;
    world->tampering = victim;
    person_start(anna, "tea");
    world_wait(world, 5000, person_count(anna, EVENT_PEER_JOINED, NULL) == 500);
    world_run(world, 25000);
    assert_in_range(victim->packets, 1000, 5000);
    for (int minute = 0; minute < 10; minute++) world_run(world, 60000);
    assert_in_range(victim->packets, 1000, 5000);
    free(victim);
}

/* --- Members who would be others --- */

/* Mallory sits in the room, so has its keys, and runs with Bert's member id: `mallory` is no person of the world but a
 * hand-made peer at the stranger's address. */
struct impostor {
    struct handshake_pair pair;
    struct handshake_attempt attempt;
    struct frame_introduction claims;
    struct room_keys keys;
    struct address victim;
    unsigned answers; /* RESPONSEs that came to Mallory */
    bool done;
};

static bool impostor_receives(struct world *world, struct wire *wire) {
    struct impostor *impostor = world->tampering;
    struct peer_answer response;
    uint8_t packet[PEER_CONFIRMATION_MAX];
    struct handshake_result result;
    if (!address_equal(&wire->to, &stranger) || !peer_response_decode(wire->data, wire->size, &response)) return true;
    impostor->answers++;
    size_t size = handshake_confirm(&impostor->attempt, &response, &impostor->claims, packet, sizeof packet, &result);
    assert_true(size > 0);
    world_inject(world, &stranger, &impostor->victim, packet, size);
    impostor->done = true;
    return true;
}

/* Who of the two has the lower id, so starts handshakes? */
static struct person *lower(struct person *a, struct person *b) {
    return memcmp(a->id, b->id, MEMBER_ID_SIZE) < 0 ? a : b;
}

static void impostor_init(struct impostor *impostor, struct world *world, const struct person *claimed,
                          const struct person *victim, const struct identity *identity) {
    memset(impostor, 0, sizeof *impostor);
    assert_true(room_keys_derive("tea", NULL, 0, &impostor->keys));
    impostor->pair = (struct handshake_pair){.room = &impostor->keys,
                                             .identity = identity,
                                             .initiator = true,
                                             .own_mask = claimed->suite_mask,
                                             .other_mask = victim->suite_mask};
    memcpy(impostor->pair.own_id, claimed->id, MEMBER_ID_SIZE);
    memcpy(impostor->pair.other_id, victim->id, MEMBER_ID_SIZE);
    impostor->victim = victim->nat.outside;
    impostor->claims = (struct frame_introduction){.run = 1, .epoch = 1, .nick = "liar", .nick_size = 4};
    world->tamper = impostor_receives;
    world->tampering = impostor;
    assert_true(handshake_initiate(&impostor->pair, &impostor->keys.set, 77, NULL, world->now, &impostor->attempt));
}

static void a_member_cannot_be_another(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    struct identity mallory;
    uint8_t seed[32] = {66};
    identity_from_seed(seed, &mallory);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    struct person *claimed = lower(anna, bert), *victim = claimed == anna ? bert : anna;
    const struct identity *claims[] = {&claimed->identity, &mallory};
    for (size_t i = 0; i < 2; i++) { /* Bert's key beside Mallory's handshake; Mallory's own under Bert's id */
        struct impostor impostor;
        impostor_init(&impostor, world, claimed, victim, &mallory);
        memcpy(impostor.claims.identity, claims[i]->public, 32);
        world_inject(world, &stranger, &impostor.victim, impostor.attempt.packet, PEER_HANDSHAKE_SIZE);
        world_run(world, 5000);
        assert_true(impostor.done);
        assert_int_equal(impostor.answers, 1);
        assert_int_equal(person_count(victim, EVENT_PEER_PATH, NULL), 0);
        assert_int_equal(person_count(victim, EVENT_PEER_CONNECTED, NULL), 1);
    }
    person_say(anna, "still you?");
    person_say(bert, "still me");
    world_wait(world, 200, person_heard(bert, anna, "still you?") && person_heard(anna, bert, "still me"));
}

/* The control: with the identity it works, so what failed above is the missing identity alone. */
static void the_owner_of_an_identity_can(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    struct impostor impostor;
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    struct person *claimed = lower(anna, bert), *victim = claimed == anna ? bert : anna;
    impostor_init(&impostor, world, claimed, victim, &claimed->identity);
    memcpy(impostor.claims.identity, claimed->identity.public, 32);
    world_inject(world, &stranger, &impostor.victim, impostor.attempt.packet, PEER_HANDSHAKE_SIZE);
    world_wait(world, 1000, person_count(victim, EVENT_PEER_PATH, claimed) == 1);
}

static void low_order_points_are_not_answered(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    struct impostor impostor;
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    struct person *claimed = lower(anna, bert), *victim = claimed == anna ? bert : anna;
    for (size_t i = 0; i <= LOW_ORDER_POINTS; i++) {
        impostor_init(&impostor, world, claimed, victim, &claimed->identity);
        if (i < LOW_ORDER_POINTS) memcpy(impostor.attempt.packet + 20, low_order[i], 32);
        peer_mac_write(impostor.keys.set.mac_key, impostor.attempt.packet, PEER_HANDSHAKE_SIZE);
        memset(impostor.claims.identity, 1, 32);
        world_inject(world, &stranger, &impostor.victim, impostor.attempt.packet, PEER_HANDSHAKE_SIZE);
        world_run(world, 1000);
        assert_int_equal(impostor.answers, i == LOW_ORDER_POINTS); /* an honest point at last */
    }
}

/* Whose number was compared is not taken for another. */
static void a_verified_nick_with_a_new_key_is_blocked(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    struct person *mallory = world_person(world, "mallory", NAT_NONE);
    void *folder;
    struct why why;
    assert_int_equal(folder_make(&folder), 0);
    assert_true(people_open(&anna->people, folder, &why));
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, person_sees(anna, bert));
    person_mark(anna, bert, MARK_VERIFIED);
    engine_stop(bert->engine, world->now);
    world_wait(world, 2500, bert->status == 0);
    mallory->name = "bert";
    person_start(mallory, "tea");
    world_wait(world, CONNECT_MS, person_count(anna, EVENT_ERROR, NULL) == 1);
    assert_string_equal(person_last(anna, EVENT_ERROR, mallory)->reason, EVENT_KEY_CHANGED);
    person_say(mallory, "it is me");
    person_say(anna, "is it?");
    world_run(world, 60000);
    assert_int_equal(person_last(anna, EVENT_PEER_CONNECTED, mallory)->standing, STANDING_BLOCKED);
    assert_int_equal(person_count(anna, EVENT_MESSAGE, NULL), 0);
    assert_int_equal(person_count(mallory, EVENT_MESSAGE, NULL), 0);
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 1);
    person_kill(bert);
    person_forget(bert);
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, person_sees(anna, bert));
    folder_remove(&folder);
}

int main(void) {
#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        SCENARIO(a_changed_mask_breaks_the_handshake),
        SCENARIO(another_member_id_meets_silence),
        SCENARIO(a_wrong_address_costs_ten_packets),
        SCENARIO(a_wrong_key_ends_it_after_hello),
        SCENARIO(the_right_pinned_key_is_welcome),
        SCENARIO(a_changed_key_is_refused),
        SCENARIO(nothing_is_said_to_a_low_order_key),
        SCENARIO(a_cookie_with_another_nonce_is_ignored),
        SCENARIO(a_victim_of_500_members_gets_a_trickle),
        SCENARIO(a_member_cannot_be_another),
        SCENARIO(the_owner_of_an_identity_can),
        SCENARIO(low_order_points_are_not_answered),
        SCENARIO(a_verified_nick_with_a_new_key_is_blocked),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("liars", tests, NULL, NULL);
}
