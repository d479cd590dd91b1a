/* What others on the network can do to a conversation: replay, forge, and all at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/peer/path.h"
#include "tests/scenario/support/world.h"

#define CONNECT_MS 1500
#define TAPE_MAX 20000
#define FORGERIES 100000

static const struct address stranger = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 99}, .port = 5555};

/* --- A tape of everything that crossed the wire --- */

struct tape {
    struct wire *wires;
    size_t count;
    bool recording;
    unsigned to_stranger[256]; /* by type */
};

static bool tape_record(struct world *world, struct wire *wire) {
    struct tape *tape = world->tampering;
    if (tape->recording && tape->count < TAPE_MAX) tape->wires[tape->count++] = *wire;
    tape->to_stranger[wire->data[0]] += address_equal(&wire->to, &stranger);
    return true;
}

static void tape_start(struct tape *tape, struct world *world) {
    memset(tape, 0, sizeof *tape);
    tape->wires = calloc(TAPE_MAX, sizeof *tape->wires);
    assert_non_null(tape->wires);
    tape->recording = true;
    world->tamper = tape_record;
    world->tampering = tape;
}

static unsigned tape_to_stranger(const struct tape *tape) {
    unsigned sum = 0;
    for (size_t i = 0; i < 256; i++) sum += tape->to_stranger[i];
    return sum;
}

static void meet(struct world *world, struct person *anna, struct person *bert) {
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    for (int i = 0; i < 20; i++) {
        person_say(anna, "tick");
        person_say(bert, "tock");
        world_run(world, 500);
    }
}

static void assert_untouched(struct world *world, struct person *anna, struct person *bert) {
    assert_int_equal(person_heard(bert, anna, "tick"), 20);
    assert_int_equal(person_heard(anna, bert, "tock"), 20);
    struct person *people[] = {anna, bert};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(person_count(people[i], EVENT_REGISTERED, NULL), 1);
        assert_int_equal(person_count(people[i], EVENT_PEER_JOINED, NULL), 1);
        assert_int_equal(person_count(people[i], EVENT_PEER_CONNECTED, NULL), 1);
        assert_int_equal(person_count(people[i], EVENT_PEER_PATH, NULL), 0);
        assert_int_equal(person_count(people[i], EVENT_PEER_LEFT, NULL), 0);
        assert_int_equal(person_count(people[i], EVENT_BOOTNODE_LOST, NULL), 0);
        assert_int_equal(person_count(people[i], EVENT_ERROR, NULL), 0);
    }
    person_say(anna, "after all that");
    world_wait(world, 200, person_heard(bert, anna, "after all that"));
}

/* Everything again, once from where it came from and once from a stranger. */
static void replay(void **state, uint64_t later, unsigned most_to_stranger) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    struct tape tape;
    tape_start(&tape, world);
    meet(world, anna, bert);
    tape.recording = false;
    world_run(world, later);
    for (size_t i = 0; i < tape.count; i++) {
        const struct wire *wire = &tape.wires[i];
        world_inject(world, &stranger, &wire->to, wire->data, wire->size);
        world_inject(world, &wire->from, &wire->to, wire->data, wire->size);
        world_run(world, 20);
    }
    world_run(world, 60000);
    assert_untouched(world, anna, bert);
    assert_in_range(tape_to_stranger(&tape), 0, most_to_stranger);
    assert_int_equal(net_totals(world->net).moved, 0);
    assert_int_equal(net_totals(world->net).sessions, 2);
    free(tape.wires);
}

/* HELLOs are answered to whoever asks, REGISTERs once each, and a PROBE or an INITIATION makes a candidate: ten packets
 * at most. */
static void replays_at_once_change_nothing(void **state) {
    replay(state, 0, 30);
}

static void replays_a_minute_later_change_nothing(void **state) {
    replay(state, 60000, 30);
}

/* Past the second renewal nobody knows those keys. */
static void replays_five_minutes_later_change_nothing(void **state) {
    replay(state, 300000, 30);
}

/* Each packet flies once more with one bit changed, as from its own sender. */
static void changed_bits_change_nothing(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    struct tape tape;
    tape_start(&tape, world);
    meet(world, anna, bert);
    tape.recording = false;
    for (size_t i = 0; i < FORGERIES; i++) {
        struct wire wire = tape.wires[i % tape.count];
        uint32_t bit = randombytes_uniform((uint32_t)(8 * wire.size));
        wire.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        world_inject(world, &wire.from, &wire.to, wire.data, wire.size);
        if (i % 100 == 0) world_run(world, 5);
    }
    world_run(world, 5000);
    assert_untouched(world, anna, bert);
    free(tape.wires);
}

/* --- In the name of the bootnode, by somebody who saw the session's id --- */

static size_t forge(uint64_t session, uint8_t packet[static PACKET_MAX]) {
    static const struct {
        uint8_t type;
        size_t least, most;
    } kinds[] = {
        {MESSAGE_COOKIE, COOKIE_MESSAGE_SIZE, COOKIE_MESSAGE_SIZE},
        {MESSAGE_WELCOME, 100, WELCOME_MAX},
        {MESSAGE_BEAT_ACK, BEAT_SIZE, BEAT_SIZE},
        {MESSAGE_CHANGES, SEALED_OVERHEAD + CHANGES_HEADER_DELTA_SIZE, PACKET_MAX},
        {MESSAGE_INTRODUCE, SEALED_OVERHEAD + 22, SEALED_OVERHEAD + MEMBER_RECORD_MAX},
        {MESSAGE_PATH, PATH_SIZE, PATH_SIZE},
        {MESSAGE_RESET, RESET_SIZE, RESET_SIZE},
        {MESSAGE_REFUSED, REFUSED_SIZE, REFUSED_SIZE},
        {MESSAGE_NOTICE, SEALED_OVERHEAD + 5, SEALED_OVERHEAD + 5},
    };
    size_t kind = randombytes_uniform(sizeof kinds / sizeof *kinds);
    size_t size = kinds[kind].least + randombytes_uniform((uint32_t)(kinds[kind].most - kinds[kind].least + 1));
    randombytes_buf(packet, size);
    struct writer writer = writer_over(packet, size);
    write_u8(&writer, kinds[kind].type);
    write_u8(&writer, kinds[kind].type == MESSAGE_REFUSED ? (uint8_t)(1 + randombytes_uniform(6)) : 0);
    write_u16(&writer, kinds[kind].type == MESSAGE_REFUSED ? 1 : 0);
    write_u64(&writer, session);
    if (kinds[kind].type == MESSAGE_BEAT_ACK) write_u32(&writer, randombytes_uniform(100)); /* a counter that fits */
    if (kinds[kind].type >= MESSAGE_CHANGES && size > SEALED_OVERHEAD + 4 && kinds[kind].type != MESSAGE_PATH)
        write_u64(&writer, randombytes_uniform(1000));
    return size;
}

static uint64_t session_on(const struct tape *tape, const struct person *person) {
    struct beat beat;
    for (size_t i = tape->count; i-- > 0;)
        if (tape->wires[i].sender == person && beat_decode(tape->wires[i].data, tape->wires[i].size, &beat))
            return beat.session_id;
    fail();
    return 0;
}

static void nobody_speaks_for_the_bootnode(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    struct address bootnode = world_bootnode();
    struct tape tape;
    tape_start(&tape, world);
    meet(world, anna, bert);
    tape.recording = false;
    uint64_t session = session_on(&tape, anna), sent = world->sent;
    for (size_t i = 0; i < FORGERIES; i++) {
        uint8_t packet[PACKET_MAX];
        size_t size = forge(session, packet);
        engine_receive(anna->engine, PATH_SOCKET_MAIN, &bootnode, packet, size, world->now);
    }
    assert_int_equal(world->sent, sent);
    world_run(world, 60000);
    assert_untouched(world, anna, bert);
    free(tape.wires);
}

/* While it looks for the bootnode and registers, too. */
static void nobody_answers_for_the_bootnode(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    struct address bootnode = world_bootnode();
    struct tape tape;
    tape_start(&tape, world);
    person_start(anna, "tea");
    for (int i = 0; i < 200; i++) {
        for (int j = 0; j < FORGERIES / 1000; j++) {
            uint8_t packet[PACKET_MAX];
            size_t size = forge(0, packet);
            engine_receive(anna->engine, PATH_SOCKET_MAIN, &bootnode, packet, size, world->now);
        }
        world_run(world, 1);
    }
    world_wait(world, CONNECT_MS, person_count(anna, EVENT_REGISTERED, NULL) == 1);
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 0);
    assert_int_equal(net_totals(world->net).registered, 1);
    free(tape.wires);
}

/* Forged answers do not hide that the bootnode is dead. */
static void nobody_keeps_a_dead_bootnode_alive(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    struct address bootnode = world_bootnode();
    struct tape tape;
    tape_start(&tape, world);
    meet(world, anna, bert);
    world->bootnode_down = true;
    for (int second = 0; second < 16; second++) {
        uint64_t session = session_on(&tape, anna);
        for (uint32_t counter = 1; counter < 60; counter++) {
            const struct beat ack = {.session_id = session, .counter = counter};
            uint8_t packet[BEAT_SIZE];
            (void)beat_encode(MESSAGE_BEAT_ACK, &ack, packet, sizeof packet);
            randombytes_buf(packet + BEAT_SIZE - TAG_SIZE, TAG_SIZE);
            engine_receive(anna->engine, PATH_SOCKET_MAIN, &bootnode, packet, sizeof packet, world->now);
        }
        world_run(world, 1000);
    }
    assert_int_equal(person_count(anna, EVENT_BOOTNODE_LOST, NULL), 1);
    free(tape.wires);
}

/* --- Outsiders: they saw everything, but do not know the room --- */

static void who_does_not_know_the_room_gets_silence(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    struct tape tape;
    tape_start(&tape, world);
    meet(world, anna, bert);
    tape.recording = false;
    unsigned forged = 0;
    for (size_t i = 0; i < tape.count; i++) {
        struct wire wire = tape.wires[i];
        if (wire.data[0] < PEER_PROBE) continue;
        /* The pair tag or the index is right, the rest is the forger's. */
        for (int j = 0; j < 50; j++, forged++) {
            size_t known = wire.data[0] == PEER_DATA ? 8 : 16;
            randombytes_buf(wire.data + known, wire.size - known);
            if (wire.data[0] == PEER_INITIATION) memset(wire.data + 16, 0, 4);
            if (wire.data[0] == PEER_INITIATION) memset(wire.data + 52, 0, 60);
            if (wire.data[0] == PEER_RESPONSE || wire.data[0] == PEER_CONFIRMATION) memset(wire.data + 12, 0, 4);
            world_inject(world, &stranger, &wire.to, wire.data, wire.size);
        }
        world_run(world, 20);
    }
    assert_in_range(forged, 1000, 100000);
    world_run(world, 10000);
    assert_int_equal(tape_to_stranger(&tape), 0);
    assert_untouched(world, anna, bert);
    free(tape.wires);
}

/* --- Both at once --- */

static unsigned confirmations;
static uint8_t last_confirmation[PACKET_MAX];

static bool count_confirmations(struct world *world, struct wire *wire) {
    (void)world;
    if (wire->data[0] != PEER_CONFIRMATION) return true;
    confirmations += memcmp(last_confirmation, wire->data, wire->size) != 0;
    memcpy(last_confirmation, wire->data, wire->size);
    return true;
}

static void both_starting_at_once_make_one_session(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    world->tamper = count_confirmations;
    world->jitter_ms = 40;
    for (unsigned i = 0; i < 1000; i++) {
        char room[16];
        snprintf(room, sizeof room, "room %u", i);
        confirmations = 0;
        person_start(anna, room);
        person_start(bert, room);
        world_wait(world, 3000, everyone_connected(world));
        person_say(anna, "at once");
        world_wait(world, 1000, person_heard(bert, anna, "at once"));
        world_run(world, 500);
        assert_int_equal(confirmations, 1);
        assert_int_equal(person_count(anna, EVENT_PEER_CONNECTED, NULL), 1);
        assert_int_equal(person_count(bert, EVENT_PEER_CONNECTED, NULL), 1);
        assert_int_equal(person_count(anna, EVENT_PEER_JOINED, NULL), 1);
        person_kill(anna);
        person_kill(bert);
        person_forget(anna);
        person_forget(bert);
    }
}

int main(void) {
#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        SCENARIO(replays_at_once_change_nothing),
        SCENARIO(replays_a_minute_later_change_nothing),
        SCENARIO(replays_five_minutes_later_change_nothing),
        SCENARIO(changed_bits_change_nothing),
        SCENARIO(nobody_speaks_for_the_bootnode),
        SCENARIO(nobody_answers_for_the_bootnode),
        SCENARIO(nobody_keeps_a_dead_bootnode_alive),
        SCENARIO(who_does_not_know_the_room_gets_silence),
        SCENARIO(both_starting_at_once_make_one_session),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("attacks", tests, NULL, NULL);
}
