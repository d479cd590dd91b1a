/* Two people meet, and go on talking, while somebody who knows the room forges packets of handshakes: as from the other
 * one's address, from elsewhere, of every type. PROTOCOL.md §3.2 rule 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/peer/parts.h"
#include "tests/scenario/support/hostile.h"

#define MEET_MS 1000
#define SEEN 8192
#define STRANGERS 251

enum source { FROM_PEER, FROM_ONE_STRANGER, FROM_STRANGERS, FROM_ALL, SOURCES };

struct flood {
    struct world *world;
    struct room_keys keys;
    struct person *first, *second; /* the first has the lower id, so starts handshakes */
    uint8_t types;                 /* a set of them, from PEER_PROBE on */
    enum source source;
    bool parted; /* what they send each other directly is lost */
    uint8_t initiation[PEER_HANDSHAKE_SIZE];
    bool returns; /* strangers receive, and do what they are asked for */
    uint8_t last[STRANGERS][PEER_HANDSHAKE_SIZE];
    uint64_t number, returned;
    unsigned answered; /* different INITIATIONs: RESPONSEs with another index of the sender's */
    uint32_t seen[SEEN];
};

static void note_response(struct flood *flood, uint32_t index) {
    for (unsigned i = 0; i < flood->answered; i++)
        if (flood->seen[i] == index) return;
    assert_true(flood->answered < SEEN);
    flood->seen[flood->answered++] = index;
}

/* A stranger got a cookie. */
static void give_back(struct flood *flood, const struct wire *wire) {
    struct peer_cookie_reply reply;
    if (!flood->returns || wire->to.ip[12] != 203 || !peer_cookie_reply_decode(wire->data, wire->size, &reply)) return;
    uint8_t *packet = flood->last[wire->to.ip[15]];
    if (memcmp(packet + PEER_INITIATION_NOISE, reply.echo, sizeof reply.echo) != 0) return;
    peer_second_mac_write(reply.cookie, packet);
    peer_mac_write(flood->keys.set.mac_key, packet, PEER_HANDSHAKE_SIZE);
    world_inject(flood->world, &wire->to, &flood->second->nat.outside, packet, PEER_HANDSHAKE_SIZE);
    flood->returned++;
}

static bool watch_of(struct flood *flood, const struct wire *wire) {
    struct peer_answer response;
    if (!wire->sender) return true;
    give_back(flood, wire);
    if (peer_response_decode(wire->data, wire->size, &response)) note_response(flood, response.sender_index);
    struct address bootnode = world_bootnode();
    return !flood->parted || wire->data[0] < PEER_PROBE || address_equal(&wire->to, &bootnode);
}

static bool watch(struct world *world, struct wire *wire) {
    return watch_of(world->tampering, wire);
}

/* In time so that the spread of registrations is over when the flood is asked about. */
static void begin(struct flood *flood, void **state, enum nat_kind nat) {
    static const uint8_t seed[32] = "mallory";
    struct world *world = *state;
    *flood = (struct flood){.world = world, .types = 1u << (PEER_INITIATION - PEER_PROBE)};
    assert_true(room_keys_derive("tea", NULL, 0, &flood->keys));
    flood->first = world_person(world, "anna", nat);
    flood->second = world_person(world, "bert", NAT_NONE);
    uint8_t ids[2][MEMBER_ID_SIZE];
    member_id_derive(&flood->keys, flood->first->identity.public, ids[0]);
    member_id_derive(&flood->keys, flood->second->identity.public, ids[1]);
    if (memcmp(ids[0], ids[1], MEMBER_ID_SIZE) > 0) {
        struct person *higher = flood->first;
        flood->first = flood->second, flood->second = higher;
    }
    memcpy(flood->first->id, ids[memcmp(ids[0], ids[1], MEMBER_ID_SIZE) > 0], MEMBER_ID_SIZE);
    memcpy(flood->second->id, ids[memcmp(ids[0], ids[1], MEMBER_ID_SIZE) < 0], MEMBER_ID_SIZE);
    struct identity mallory;
    identity_from_seed(seed, &mallory);
    struct handshake_pair pair = {.room = &flood->keys,
                                  .identity = &mallory,
                                  .initiator = true,
                                  .own_mask = flood->first->suite_mask,
                                  .other_mask = flood->second->suite_mask};
    struct handshake_attempt attempt = {.active = false};
    memcpy(pair.own_id, flood->first->id, MEMBER_ID_SIZE);
    memcpy(pair.other_id, flood->second->id, MEMBER_ID_SIZE);
    assert_true(handshake_initiate(&pair, &flood->keys.set, 1, NULL, 0, &attempt));
    memcpy(flood->initiation, attempt.packet, sizeof flood->initiation);
    world->tamper = watch;
    world->tampering = flood;
}

static void start(struct flood *flood) {
    person_start(flood->first, "tea");
    person_start(flood->second, "tea");
}

/* --- Forging --- */

static struct address stranger(uint64_t number) {
    return (struct address){.ip = {[10] = 0xff, 0xff, 203, 0, 113, (uint8_t)number}, .port = (uint16_t)(1024 + number)};
}

static struct address source_of(const struct flood *flood, const struct person *other) {
    enum source source = flood->source == FROM_ALL ? (enum source)(flood->number % FROM_ALL) : flood->source;
    if (source == FROM_PEER) return other->nat.outside;
    return stranger(source == FROM_ONE_STRANGER ? 7 : flood->number % STRANGERS);
}

/* Each another one; some with a second MAC, some bound, which costs nobody but the forger anything. */
static size_t forge_initiation(struct flood *flood, uint8_t *out) {
    memcpy(out, flood->initiation, PEER_HANDSHAKE_SIZE);
    randombytes_buf(out + 4, 4);
    randombytes_buf(out + PEER_INITIATION_NOISE, 32);
    if (flood->number % 4 == 1) randombytes_buf(out + PEER_INITIATION_HEAD, TAG_SIZE);
    if (flood->number % 8 == 3) {
        out[2] = 1;
        randombytes_buf(out + 16, 4);
    }
    return PEER_HANDSHAKE_SIZE;
}

static size_t forge_answer(enum peer_message_type type, uint8_t *out) {
    uint8_t noise[PEER_CONFIRMATION_MAX];
    struct peer_answer answer = {.noise = noise};
    randombytes_buf(noise, sizeof noise);
    answer.sender_index = 1 + randombytes_uniform(1000000),
    answer.receiver_index = 1 + randombytes_random() % UINT32_MAX;
    answer.noise_size = type == PEER_RESPONSE ? 96 : 128;
    return type == PEER_RESPONSE ? peer_response_encode(&answer, out, PACKET_MAX)
                                 : peer_confirmation_encode(&answer, out, PACKET_MAX);
}

static size_t forge_cookie(uint8_t *out) {
    struct peer_cookie_reply reply = {.receiver_index = 1 + randombytes_random() % UINT32_MAX};
    randombytes_buf(reply.echo, sizeof reply.echo);
    return peer_cookie_reply_encode(&reply, out, PACKET_MAX);
}

static size_t forge_probe(const struct flood *flood, uint8_t *out) {
    struct peer_probe probe;
    pair_tag_derive(flood->keys.set.mac_key, flood->second->id, flood->first->id, probe.pair_tag);
    return peer_probe_encode(&probe, out, PACKET_MAX);
}

static void forge(struct flood *flood, enum peer_message_type type) {
    uint8_t packet[PACKET_MAX];
    size_t size = 0;
    bool to_second = type == PEER_INITIATION || type == PEER_CONFIRMATION;
    const struct person *to = to_second ? flood->second : flood->first;
    struct address from = source_of(flood, to_second ? flood->first : flood->second);
    switch (type) {
    case PEER_PROBE: size = forge_probe(flood, packet); break;
    case PEER_INITIATION: size = forge_initiation(flood, packet); break;
    case PEER_COOKIE_REPLY: size = forge_cookie(packet); break;
    default: size = forge_answer(type, packet);
    }
    peer_mac_write(flood->keys.set.mac_key, packet, size);
    if (from.ip[12] == 203 && type == PEER_INITIATION) memcpy(flood->last[from.ip[15]], packet, size);
    world_inject(flood->world, &from, &to->nat.outside, packet, size);
    flood->number++;
}

/* So many of each type a second. */
static void run(struct flood *flood, unsigned a_second, uint64_t ms) {
    static uint64_t owed; /* thousandths */
    for (uint64_t passed = 0; passed < ms; passed++) {
        for (owed += a_second; owed >= 1000; owed -= 1000)
            for (unsigned type = PEER_PROBE; type < PEER_TYPE_END; type++)
                if (flood->types >> (type - PEER_PROBE) & 1) forge(flood, (enum peer_message_type)type);
        world_run(flood->world, 1);
    }
}

static uint64_t meet(struct flood *flood, unsigned a_second, uint64_t most) {
    uint64_t begun = flood->world->now;
    while (!everyone_connected(flood->world)) {
        if (flood->world->now - begun >= most)
            fail_msg("%u packets a second from source %d keep them apart for %u ms", a_second, flood->source,
                     (unsigned)most);
        run(flood, a_second, 1);
    }
    return flood->world->now - begun;
}

/* --- First contact --- */

static void meets_from(void **state, enum source source, unsigned a_second) {
    struct flood flood;
    begin(&flood, state, NAT_NONE);
    flood.source = source;
    start(&flood);
    unsigned took = (unsigned)meet(&flood, a_second, MEET_MS);
    printf("# source %d, %u a second: met after %u ms\n", source, a_second, took);
}

static void as_from_the_peer(void **state) {
    meets_from(state, FROM_PEER, 1000);
}
static void as_from_the_peer_slowly(void **state) {
    meets_from(state, FROM_PEER, 50);
}
static void from_a_stranger(void **state) {
    meets_from(state, FROM_ONE_STRANGER, 1000);
}
static void from_strangers(void **state) {
    meets_from(state, FROM_STRANGERS, 1000);
}
static void from_everywhere(void **state) {
    meets_from(state, FROM_ALL, 3000);
}

/* The flood was there before either. */
static void who_comes_later(void **state) {
    struct flood flood;
    begin(&flood, state, NAT_NONE);
    flood.source = FROM_ALL;
    person_start(flood.second, "tea");
    run(&flood, 1000, 20000);
    person_start(flood.first, "tea");
    printf("# later: met after %u ms\n", (unsigned)meet(&flood, 1000, MEET_MS));
}

/* Every fourth packet is lost once both are listed. */
static void over_a_bad_line(void **state) {
    struct flood flood;
    begin(&flood, state, NAT_NONE);
    flood.source = FROM_ALL;
    start(&flood);
    while (!person_count(flood.first, EVENT_PEER_JOINED, NULL) || !person_count(flood.second, EVENT_PEER_JOINED, NULL))
        run(&flood, 1000, 1);
    flood.world->loss_percent = 25;
    printf("# 25 %% lost: met after %u ms\n", (unsigned)meet(&flood, 1000, 3000));
}

/* Behind a NAT that gives each destination another port: whatever comes, comes from no candidate. */
static void from_no_candidate(void **state) {
    struct flood flood;
    begin(&flood, state, NAT_SYMMETRIC);
    flood.source = FROM_ALL;
    start(&flood);
    printf("# symmetric: met after %u ms\n", (unsigned)meet(&flood, 1000, MEET_MS));
}

/* Relays are tried after 800 ms; the flood adds little to that. */
static void through_a_relay(void **state) {
    struct flood flood;
    begin(&flood, state, NAT_NONE);
    flood.source = FROM_ALL;
    flood.parted = true;
    start(&flood);
    printf("# relayed: met after %u ms\n", (unsigned)meet(&flood, 1000, 1000 + MEET_MS));
}

static bool relayed_only(struct hostile *mallory, struct wire *wire) {
    return watch_of(mallory->test, wire);
}

/* A member that relays says of INITIATIONs of its own that they are the other one's, a thousand a second; the two meet
 * through the bootnode. */
static void a_relay_floods(void **state) {
    struct flood flood;
    struct hostile mallory;
    uint8_t packet[PEER_HANDSHAKE_SIZE];
    begin(&flood, state, NAT_NONE);
    hostile_init(&mallory, flood.world, flood.second, "tea", true);
    mallory.tamper = relayed_only;
    mallory.test = &flood;
    person_start(flood.second, "tea");
    world_run(flood.world, 1000);
    hostile_meet(&mallory);
    flood.parted = true;
    person_start(flood.first, "tea");
    struct frame frame = {.type = FRAME_RELAYED, .relay = {.packet = packet, .size = sizeof packet}};
    memcpy(frame.relay.member, flood.first->id, MEMBER_ID_SIZE);
    uint64_t begun = flood.world->now;
    while (!person_sees(flood.second, flood.first) || !person_sees(flood.first, flood.second)) {
        if (flood.world->now - begun > 1000 + MEET_MS) fail_msg("a relay keeps them apart");
        flood.number++;
        (void)forge_initiation(&flood, packet);
        peer_mac_write(flood.keys.set.mac_key, packet, sizeof packet);
        hostile_frame(&mallory, &mallory.at, &frame);
        world_run(flood.world, 1);
    }
    printf("# flooded by a relay: met after %u ms\n", (unsigned)(flood.world->now - begun));
}

/* Those who flood do receive, at one address or at many, and send back each cookie. */
static void who_return_cookies(void **state) {
    struct flood flood;
    begin(&flood, state, NAT_NONE);
    flood.source = FROM_ALL;
    flood.returns = true;
    start(&flood);
    printf("# cookies returned: met after %u ms\n", (unsigned)meet(&flood, 1000, MEET_MS));
    run(&flood, 1000, 10000);
    assert_true(flood.returned > 1000);
    assert_true(flood.answered <= PEER_PENDING * (4 + 2 * 11)); /* eight places, two a second, four at once */
}

static void one_stranger_returns_cookies(void **state) {
    struct flood flood;
    begin(&flood, state, NAT_SYMMETRIC);
    flood.source = FROM_ONE_STRANGER;
    flood.returns = true;
    start(&flood);
    printf("# the same from no candidate: met after %u ms\n", (unsigned)meet(&flood, 1000, MEET_MS));
}

static void whatever_the_type(void **state) {
    struct flood flood;
    begin(&flood, state, NAT_NONE);
    flood.source = FROM_ALL;
    flood.types = 0x3f;
    start(&flood);
    printf("# all types: met after %u ms\n", (unsigned)meet(&flood, 1000, MEET_MS));
}

/* --- A session goes on --- */

static void live(void **state, uint8_t types, enum source source, unsigned a_second, unsigned seconds) {
    struct flood flood;
    char text[32];
    begin(&flood, state, NAT_NONE);
    start(&flood);
    (void)meet(&flood, 0, 5000);
    flood.types = types;
    flood.source = source;
    flood.answered = 0;
    for (unsigned i = 0; i < seconds; i++) {
        snprintf(text, sizeof text, "line %u", i);
        person_say(i % 2 ? flood.first : flood.second, text);
        run(&flood, a_second, 1000);
        if (person_heard(i % 2 ? flood.second : flood.first, i % 2 ? flood.first : flood.second, text) != 1)
            fail_msg("after %u s a line did not arrive within one", i);
    }
    for (int i = 0; i < 2; i++) {
        const struct person *person = i ? flood.first : flood.second;
        assert_int_equal(person_count(person, EVENT_PEER_LEFT, NULL), 0);
        assert_int_equal(person_count(person, EVENT_PEER_CONNECTED, NULL), 1);
    }
    printf("# %u s, %u packets: %u INITIATIONs were worked off\n", seconds, (unsigned)flood.number, flood.answered);
    /* Two a second as from the peer, two from elsewhere, four of each at once; and the renewals. */
    assert_true(flood.answered >= seconds / 125 && flood.answered <= 4 * seconds + 8 + seconds / 5);
}

static void a_session_lives_on(void **state) {
    live(state, 1u << (PEER_INITIATION - PEER_PROBE), FROM_ALL, 1000, 600);
}

static void a_session_lives_on_whatever_the_type(void **state) {
    live(state, 0x3f, FROM_ALL, 200, 380);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(as_from_the_peer),  TEST(as_from_the_peer_slowly), TEST(from_a_stranger),
        TEST(from_strangers),    TEST(from_everywhere),         TEST(who_comes_later),
        TEST(over_a_bad_line),   TEST(from_no_candidate),       TEST(through_a_relay),
        TEST(a_relay_floods),    TEST(who_return_cookies),      TEST(one_stranger_returns_cookies),
        TEST(whatever_the_type), TEST(a_session_lives_on),      TEST(a_session_lives_on_whatever_the_type),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("handshake flood", tests, NULL, NULL);
}
