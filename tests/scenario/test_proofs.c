/* An address proves itself before it is a path: until somebody who receives there has sent a token back from there, no
 * more goes there than three times what came, whatever a member does in whatever order. PROTOCOL.md §3.2 rule 15. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/history/codec.h"
#include "client/peer/proof.h"
#include "tests/scenario/support/hostile.h"

#define STORY_PARTS 40 /* of 10,000 bytes: what there is to be passed on */
#define CONNECT_MS 5000

static void tell_a_story(struct world *world, struct person *bert) {
    static char text[10001];
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < STORY_PARTS; i++) {
        world_wait(world, CONNECT_MS, bert->credit > 0);
        person_say(bert, text);
        world_run(world, 100);
    }
    world_run(world, 2000);
}

/* Anna, who has a story of Bert's to pass on, and Mallory, who is not there yet. */
static struct person *begin(struct hostile *mallory, struct world *world, bool initiator, bool story) {
    struct person *anna = world_person(world, "anna", NAT_NONE);
    hostile_init(mallory, world, anna, "tea", initiator);
    person_start(anna, "tea");
    if (story) {
        struct person *bert = world_person(world, "bert", NAT_NONE);
        person_start(bert, "tea");
        world_wait(world, CONNECT_MS, everyone_connected(world));
        tell_a_story(world, bert);
    }
    world_run(world, 1000);
    return anna;
}

static void ask_for_the_story(struct hostile *mallory, const struct address *from, uint32_t sequence) {
    const struct event *told = person_last(mallory->mark, EVENT_MESSAGE, NULL);
    struct history_range range = {.from = 1, .to = 1000};
    uint8_t request[HISTORY_RANGE_SIZE];
    assert_non_null(told);
    range.feed.run = strtoull(told->id, NULL, 16);
    for (size_t i = 0; i < mallory->world->people_count; i++) {
        const struct person *person = &mallory->world->people[i];
        if (person != mallory->mark) memcpy(range.feed.author, person->identity.public, sizeof range.feed.author);
    }
    size_t size = codec_range_encode(HISTORY_REQUEST, &range, request, sizeof request);
    struct frame frame = {
        .type = FRAME_SEGMENT,
        .segment = {.stream = 1, .sequence = sequence, .first = true, .last = true, .data = request, .size = size}};
    hostile_frame(mallory, from, &frame);
}

/* Acknowledges what it cannot have seen: a ladder up to `at`, since one that is too high is ignored. */
static void guess(struct hostile *mallory, const struct address *from, uint32_t stream, uint32_t at, uint32_t rungs) {
    uint8_t frames[PEER_FRAMES_MAX];
    struct writer writer = writer_over(frames, sizeof frames);
    for (uint32_t below = rungs; below > 0; below--) {
        if (at < 8 * below) continue;
        frame_write(&writer,
                    &(struct frame){.type = FRAME_ACKNOWLEDGEMENT,
                                    .acknowledgement = {.stream = stream, .cumulative = at - 8 * (below - 1)}});
    }
    if (writer_size(&writer) > 0) hostile_data(mallory, from, frames, writer_size(&writer));
}

static void guess_on(struct hostile *mallory, const struct address *from, uint32_t streams, uint64_t ms, uint64_t every,
                     uint32_t step) {
    uint32_t at = 8;
    for (uint64_t time = 0; time < ms; time += every, at += step) {
        for (uint32_t stream = 1; stream <= streams; stream++) guess(mallory, from, stream, at, 8);
        if (time % 1000 < every) hostile_beat(mallory);
        world_run(mallory->world, every);
    }
}

static void assert_within(const struct hostile *mallory, uint64_t bytes) {
    if (mallory->at_victim.bytes > 3 * mallory->from_victim.bytes + bytes)
        fail_msg("%llu bytes came from there, %llu went there (%llu are allowed beside three times as many)",
                 (unsigned long long)mallory->from_victim.bytes, (unsigned long long)mallory->at_victim.bytes,
                 (unsigned long long)bytes);
    if (bytes == 0 && mallory->at_victim.packets > 3 * mallory->from_victim.packets)
        fail_msg("%llu packets came from there, %llu went there", (unsigned long long)mallory->from_victim.packets,
                 (unsigned long long)mallory->at_victim.packets);
}

static void confirm_elsewhere(struct hostile *mallory) {
    mallory->confirm = mallory->forged;
    hostile_meet(mallory);
}

/* --- As responder --- */

static void who_confirms_from_elsewhere_has_nothing_sent_there(void **state) {
    struct hostile mallory;
    begin(&mallory, *state, true, true);
    confirm_elsewhere(&mallory);
    hostile_run(&mallory, 20000);
    assert_true(mallory.at_victim.packets > 0); /* the first words may go before the proof */
    assert_within(&mallory, 0);
}

static void nor_has_who_acknowledges_blindly(void **state) {
    for (uint32_t step = 1; step <= 16; step *= 4) {
        struct hostile mallory;
        struct world *world = *state;
        if (step > 1) {
            world_teardown(state);
            world_setup(state);
            world = *state;
        }
        begin(&mallory, world, true, true);
        confirm_elsewhere(&mallory);
        ask_for_the_story(&mallory, &mallory.forged, 0);
        guess_on(&mallory, &mallory.forged, 6, 6000, 50 / step + 10, step);
        assert_within(&mallory, 0);
    }
}

/* Every packet of CONFIRMATION's again, from there. */
static void nor_has_who_confirms_again_and_again(void **state) {
    struct hostile mallory;
    begin(&mallory, *state, true, false);
    confirm_elsewhere(&mallory);
    for (uint32_t i = 0; i < 20; i++) {
        hostile_beat(&mallory);
        hostile_handshake(&mallory, 100 + i);
        world_run(mallory.world, 700);
        assert_within(&mallory, 0);
    }
}

/* --- As initiator --- */

static void hmac(const uint8_t key[static 32], const void *data, size_t size, uint8_t byte, uint8_t out[static 32]) {
    crypto_auth_hmacsha256_state hash;
    crypto_auth_hmacsha256_init(&hash, key, 32);
    crypto_auth_hmacsha256_update(&hash, data, size);
    if (byte) crypto_auth_hmacsha256_update(&hash, &byte, 1);
    crypto_auth_hmacsha256_final(&hash, out);
}

static void hkdf(const uint8_t key[static 32], const void *data, size_t size, uint8_t one[static 32],
                 uint8_t two[static 32]) {
    uint8_t mixed[32], next[33];
    hmac(key, data, size, 0, mixed);
    hmac(mixed, NULL, 0, 1, one);
    memcpy(next, one, 32);
    hmac(mixed, next, 32, 2, two);
}

struct responder {
    struct handshake_pending pending;
    bool answered;
    uint64_t token; /* 0: none came */
};

/* Noise's transport keys come of the chaining key alone: who knows the initiator's static key has them at once. */
static void make_keys(struct hostile *mallory, const struct handshake_pending *pending) {
    uint8_t shared[32], chaining_key[32], unused[32];
    struct noise_keys keys = {0};
    assert_true(noise_dh(pending->noise.ephemeral_secret, mallory->mark->identity.noise_public, shared));
    hkdf(pending->noise.chaining_key, shared, sizeof shared, chaining_key, unused);
    hkdf(chaining_key, NULL, 0, keys.receive, keys.send);
    transport_start(&mallory->transport, handshake_suite(&mallory->pair), &keys, pending->index, pending->remote_index,
                    mallory->world->now);
    mallory->linked = true;
}

static bool respond_from_elsewhere(struct hostile *mallory, struct wire *wire) {
    struct responder *responder = mallory->test;
    struct peer_initiation initiation = {.noise_size = handshake_initiation_noise_size(&mallory->keys)};
    if (responder->answered || wire->sender != mallory->mark || !address_equal(&wire->to, &mallory->at)) return true;
    if (!peer_initiation_decode(wire->data, wire->size, &initiation)) return true;
    if (!handshake_respond(&mallory->pair, &mallory->keys.set, wire->data, &initiation, 88, NULL, mallory->world->now,
                           &responder->pending))
        return true;
    responder->answered = true;
    hostile_send(mallory, &mallory->forged, responder->pending.response, sizeof responder->pending.response);
    make_keys(mallory, &responder->pending);
    return true;
}

static void introduce(struct hostile *mallory, const struct address *from, uint64_t token) {
    uint8_t frames[PEER_FRAMES_MAX];
    struct writer writer = writer_over(frames, sizeof frames);
    frame_write(&writer, &(struct frame){.type = FRAME_INTRODUCTION, .introduction = mallory->claims});
    if (token) frame_write(&writer, &(struct frame){.type = FRAME_PONG, .token = token});
    hostile_data(mallory, from, frames, writer_size(&writer));
}

static void who_responds_from_elsewhere_is_not_there(void **state) {
    struct hostile mallory;
    struct responder responder = {.answered = false};
    struct person *anna = begin(&mallory, *state, false, false);
    mallory.tamper = respond_from_elsewhere;
    mallory.test = &responder;
    hostile_register(&mallory, NULL);
    world_wait(mallory.world, CONNECT_MS, responder.answered);
    world_run(mallory.world, 5);
    for (uint64_t guessed = 0; guessed < 8; guessed++) {
        introduce(&mallory, &mallory.forged, guessed);
        introduce(&mallory, &mallory.at, guessed);
    }
    hostile_run(&mallory, 15000);
    assert_int_equal(person_count(anna, EVENT_PEER_CONNECTED, NULL), 0);
    assert_true(mallory.at_victim.packets > 0);
    assert_within(&mallory, 0);
}

/* Copies of RESPONSE from there draw a CONFIRMATION each at most, and there are six. */
static void nor_is_who_responds_many_times(void **state) {
    struct hostile mallory;
    struct responder responder = {.answered = false};
    begin(&mallory, *state, false, false);
    mallory.tamper = respond_from_elsewhere;
    mallory.test = &responder;
    hostile_register(&mallory, NULL);
    world_wait(mallory.world, CONNECT_MS, responder.answered);
    for (unsigned i = 0; i < 50; i++) {
        hostile_send(&mallory, &mallory.forged, responder.pending.response, sizeof responder.pending.response);
        world_run(mallory.world, 20);
        assert_within(&mallory, 0);
    }
    assert_in_range(mallory.at_victim.packets, 1, 6);
}

/* --- Once connected --- */

static void who_speaks_from_elsewhere_stays_where_it_is(void **state) {
    struct hostile mallory;
    begin(&mallory, *state, true, true);
    hostile_meet(&mallory);
    hostile_run(&mallory, 2000);
    hostile_count(&mallory, &mallory.forged);
    for (uint32_t i = 0; i < 200; i++) {
        ask_for_the_story(&mallory, &mallory.forged, i);
        hostile_frame(&mallory, &mallory.forged, &(struct frame){.type = FRAME_PING, .token = i + 1});
        if (i % 20 == 0) hostile_beat(&mallory);
        world_run(mallory.world, 50);
    }
    assert_within(&mallory, 0);
    assert_int_equal(person_count(mallory.mark, EVENT_PEER_PATH, NULL), 0);
}

/* The keys of a session are renewed from there: the path stays. */
static void who_renews_from_elsewhere_stays_where_it_is(void **state) {
    struct hostile mallory;
    begin(&mallory, *state, true, true);
    hostile_meet(&mallory);
    hostile_run(&mallory, 2000);
    mallory.confirm = mallory.forged;
    hostile_count(&mallory, &mallory.forged);
    for (uint32_t i = 0; i < 10; i++) {
        struct transport former = mallory.transport;
        mallory.linked = false;
        assert_true(handshake_initiate(&mallory.pair, &mallory.keys.set, 200 + i, &former, mallory.world->now,
                                       &mallory.attempt));
        hostile_send(&mallory, &mallory.at, mallory.attempt.packet, sizeof mallory.attempt.packet);
        world_wait(mallory.world, CONNECT_MS, mallory.linked);
        ask_for_the_story(&mallory, &mallory.forged, i);
        hostile_run(&mallory, 1000);
        assert_within(&mallory, 0);
    }
    assert_int_equal(person_count(mallory.mark, EVENT_PEER_PATH, NULL), 0);
}

/* --- Once proven, and left --- */

/* Mallory was there, and knows the stream's number: what it acknowledges of it is as good as true. What goes there is
 * what fits under one proof, once; so it is however fast the guesses come, and however long. */
static void what_goes_to_an_address_that_was_left(void **state) {
    static const struct {
        uint64_t every;
        uint32_t step;
    } guesses[] = {{200, 4}, {50, 8}, {10, 8}, {2, 2}};
    for (size_t i = 0; i < sizeof guesses / sizeof *guesses; i++) {
        struct hostile mallory;
        if (i > 0) {
            world_teardown(state);
            world_setup(state);
        }
        begin(&mallory, *state, true, true);
        hostile_meet(&mallory);
        hostile_run(&mallory, 2000);
        hostile_count(&mallory, &mallory.at);
        ask_for_the_story(&mallory, &mallory.at, 0);
        mallory.deaf = true;
        guess_on(&mallory, &mallory.at, 6, 8000, guesses[i].every, guesses[i].step);
        assert_true(mallory.at_victim.bytes > 1000);
        assert_within(&mallory, PROOF_BYTES + PACKET_MAX);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(who_confirms_from_elsewhere_has_nothing_sent_there),
        TEST(nor_has_who_acknowledges_blindly),
        TEST(nor_has_who_confirms_again_and_again),
        TEST(who_responds_from_elsewhere_is_not_there),
        TEST(nor_is_who_responds_many_times),
        TEST(who_speaks_from_elsewhere_stays_where_it_is),
        TEST(who_renews_from_elsewhere_stays_where_it_is),
        TEST(what_goes_to_an_address_that_was_left),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("proofs", tests, NULL, NULL);
}
