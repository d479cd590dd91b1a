/* One packet in, one out: whatever a member puts into a packet, and whatever address it writes on it, draws no more
 * packets there than it sent, nor longer ones. PROTOCOL.md §3.2 rule 13. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/scenario/support/hostile.h"

/* Packets to the forged address, and the longest of them; those to all others are lost to the count. */
struct watch {
    size_t longest;
    uint64_t packets;
    const struct address *at;
};

static bool measure(struct hostile *mallory, struct wire *wire) {
    struct watch *watch = mallory->test;
    if (wire->sender != mallory->mark || !address_equal(&wire->to, watch->at)) return true;
    watch->packets++;
    if (wire->size > watch->longest) watch->longest = wire->size;
    return true;
}

static void meet(struct hostile *mallory, struct watch *watch, void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    hostile_init(mallory, world, anna, "tea", true);
    *watch = (struct watch){.at = &mallory->forged};
    mallory->tamper = measure;
    mallory->test = watch;
    person_start(anna, "tea");
    world_run(world, 1000);
    hostile_meet(mallory);
    hostile_run(mallory, 5000);
    hostile_count(mallory, &mallory->forged);
}

/* Whatever asks for something. */
static struct frame frame_of(struct hostile *mallory, unsigned kind, uint64_t number) {
    static const uint8_t inner[32] = {PEER_DATA};
    struct frame frame = {.type = FRAME_PING, .token = number};
    switch (kind) {
    case 0: break;
    case 1: frame = (struct frame){.type = FRAME_PONG, .token = number}; break;
    case 2: frame = (struct frame){.type = FRAME_CANDIDATES}; break;
    case 3: frame.type = FRAME_PROBING, frame.probing = (struct frame_probing){.attempt = (uint32_t)number}; break;
    case 4: frame.type = FRAME_INTRODUCTION, frame.introduction = mallory->claims; break;
    case 5:
        frame.type = FRAME_RELAY, frame.relay = (struct frame_relay){.packet = inner, .size = sizeof inner};
        memcpy(frame.relay.member, mallory->id, MEMBER_ID_SIZE);
        break;
    case 6:
        frame.type = FRAME_SEGMENT;
        frame.segment = (struct frame_segment){.stream = 1, .sequence = (uint32_t)number, .data = inner, .size = 1};
        break;
    case 7: frame.type = FRAME_ACKNOWLEDGEMENT, frame.acknowledgement.cumulative = (uint32_t)number; break;
    default: frame = (struct frame){.type = FRAME_BYE};
    }
    return frame;
}
#define KINDS 9

/* Fills a packet of so many bytes of frames with kinds of the set, in turn. */
static size_t fill(struct hostile *mallory, unsigned set, size_t most, uint8_t *out) {
    static uint64_t number;
    struct writer writer = writer_over(out, most);
    for (unsigned kind = 0;; kind = (kind + 1) % KINDS) {
        if (!(set >> kind & 1)) continue;
        struct writer before = writer;
        struct frame frame = frame_of(mallory, kind, ++number);
        frame_write(&writer, &frame);
        if (writer.failed) return writer_size(&before);
    }
}

static void send_one(struct hostile *mallory, struct watch *watch, unsigned set, size_t most) {
    uint8_t frames[PEER_FRAMES_MAX];
    size_t size = fill(mallory, set, most, frames);
    uint64_t bytes = mallory->spent.bytes;
    watch->packets = watch->longest = 0;
    if (size == 0) return;
    hostile_data(mallory, &mallory->forged, frames, size);
    world_run(mallory->world, 50);
    if (watch->packets > 1 || watch->longest > mallory->spent.bytes - bytes)
        fail_msg("a packet of %u bytes with the kinds %x drew %u packets, one of %u bytes",
                 (unsigned)(mallory->spent.bytes - bytes), set, (unsigned)watch->packets, (unsigned)watch->longest);
}

/* Each kind alone and every mix of them, in small packets and large ones; BYE, which ends the talk, at the end. */
static void whatever_it_says_from_there(void **state) {
    static const size_t sizes[] = {16, 32, 48, 96, 448, 1056, PEER_FRAMES_MAX};
    struct hostile mallory;
    struct watch watch;
    meet(&mallory, &watch, state);
    for (unsigned set = 1; set < 1u << (KINDS - 1); set++)
        send_one(&mallory, &watch, set, sizes[set % (sizeof sizes / sizeof *sizes)]);
    hostile_beat(&mallory);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) send_one(&mallory, &watch, 1, sizes[i]);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        send_one(&mallory, &watch, 1u << (KINDS - 1) | 1, sizes[i]);
    assert_true(mallory.at_victim.packets > 0); /* the flood was one */
    assert_true(mallory.at_victim.packets <= mallory.spent.packets);
    assert_true(mallory.at_victim.bytes <= mallory.spent.bytes);
}

/* The mark's summary of history is never acknowledged here, so it is repeated meanwhile. */
#define REPEATED 12
#define A_FEW (8 + 10 * 4 + REPEATED)

/* A hundred packets a second for ten seconds, from where it is: what draws an answer draws a few a second. */
static unsigned answers_to(void **state, unsigned kind) {
    struct hostile mallory;
    struct watch watch;
    uint8_t frames[PEER_FRAMES_MAX];
    meet(&mallory, &watch, state);
    watch.at = &mallory.at;
    watch.packets = 0;
    for (unsigned i = 0; i < 1000; i++) {
        if (i % 100 == 0) hostile_beat(&mallory);
        hostile_data(&mallory, &mallory.at, frames, fill(&mallory, 1u << kind, PEER_FRAMES_MAX, frames));
        world_run(mallory.world, 10);
    }
    return (unsigned)watch.packets;
}

static void byes(void **state) {
    assert_in_range(answers_to(state, 8), 1, A_FEW);
}

static void offers_to_probe(void **state) {
    assert_in_range(answers_to(state, 3), 1, A_FEW);
}

static void offers_of_candidates(void **state) {
    assert_in_range(answers_to(state, 2), 1, A_FEW);
}

/* Each is one question. */
static void pings(void **state) {
    assert_in_range(answers_to(state, 0), 990, 1000 + REPEATED);
}

/* Each packet of the handshake again, a hundred times a second, as from elsewhere. */
static void copies_of_its_handshake(void **state) {
    struct hostile mallory;
    struct watch watch;
    meet(&mallory, &watch, state);
    hostile_handshake(&mallory, 78);
    world_run(mallory.world, 100);
    hostile_count(&mallory, &mallory.forged);
    watch.packets = watch.longest = 0;
    for (unsigned i = 0; i < 500; i++) {
        hostile_send(&mallory, &mallory.forged, mallory.confirmation, mallory.confirmation_size);
        world_run(mallory.world, 10);
    }
    assert_in_range(watch.packets, 1, 8 + 5 * 4);
    assert_true(watch.longest <= mallory.confirmation_size);
    for (unsigned i = 0; i < 500; i++) {
        hostile_send(&mallory, &mallory.forged, mallory.attempt.packet, sizeof mallory.attempt.packet);
        world_run(mallory.world, 10);
    }
    assert_true(mallory.at_victim.packets <= mallory.spent.packets && mallory.at_victim.bytes <= mallory.spent.bytes);
}

/* Somebody whose handshakes the mark answers. */
static struct person *a_lower_one(struct world *world, const struct hostile *mallory) {
    static const char *const names[] = {"bert", "carl", "dora", "emil", "fred", "gina", "hugo", "ines"};
    uint8_t id[MEMBER_ID_SIZE];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct person *person = world_person(world, names[i], NAT_NONE);
        member_id_derive(&mallory->keys, person->identity.public, id);
        if (memcmp(id, mallory->pair.other_id, MEMBER_ID_SIZE) < 0) return person;
    }
    fail_msg("nobody has a lower id than the mark");
    return NULL;
}

/* What it says that others had it pass on, each another INITIATION: of many the first one counts. */
static void one_of_many_came_through(void **state) {
    struct hostile mallory;
    struct watch watch;
    struct world *world = *state;
    uint8_t frames[PEER_FRAMES_MAX], packet[PEER_HANDSHAKE_SIZE], noise[32];
    struct peer_initiation initiation = {.sender_index = 1, .noise = noise, .noise_size = sizeof noise};
    struct frame frame = {.type = FRAME_RELAYED, .relay = {.packet = packet, .size = sizeof packet}};
    struct writer writer = writer_over(frames, sizeof frames);
    meet(&mallory, &watch, state);
    struct person *bert = a_lower_one(world, &mallory);
    person_start(bert, "tea");
    world_wait(world, 5000, person_sees(mallory.mark, bert));
    hostile_run(&mallory, 1000);
    memcpy(frame.relay.member, bert->id, MEMBER_ID_SIZE);
    pair_tag_derive(mallory.keys.set.mac_key, bert->id, mallory.mark->id, initiation.pair_tag);
    while (writer_left(&writer) >= FRAME_RELAY_OVERHEAD + sizeof packet) {
        randombytes_buf(noise, sizeof noise);
        peer_mac_write(mallory.keys.set.mac_key, packet, peer_initiation_encode(&initiation, packet, sizeof packet));
        frame_write(&writer, &frame);
    }
    watch.at = &mallory.at;
    watch.packets = 0;
    hostile_data(&mallory, &mallory.at, frames, writer_size(&writer));
    world_run(world, 50);
    assert_int_equal(watch.packets, 1);
}

/* Who has many to relay for sends each packet in one of its own: of many in one only the first goes on. */
static void one_of_many_is_relayed(void **state) {
    struct hostile mallory;
    struct watch watch;
    struct world *world = *state;
    struct person *bert = world_person(world, "bert", NAT_NONE);
    static const uint8_t inner[32] = {PEER_DATA};
    uint8_t frames[PEER_FRAMES_MAX];
    meet(&mallory, &watch, state);
    person_start(bert, "tea");
    world_wait(world, 5000, person_sees(mallory.mark, bert));
    hostile_run(&mallory, 1000);
    struct frame frame = {.type = FRAME_RELAY, .relay = {.packet = inner, .size = sizeof inner}};
    memcpy(frame.relay.member, bert->id, MEMBER_ID_SIZE);
    struct writer writer = writer_over(frames, sizeof frames);
    while (writer_left(&writer) >= FRAME_RELAY_OVERHEAD + sizeof inner) frame_write(&writer, &frame);
    watch.at = &bert->nat.outside;
    watch.packets = 0;
    hostile_data(&mallory, &mallory.at, frames, writer_size(&writer));
    world_run(world, 50);
    assert_int_equal(watch.packets, 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(whatever_it_says_from_there),
        TEST(byes),
        TEST(offers_to_probe),
        TEST(offers_of_candidates),
        TEST(pings),
        TEST(one_of_many_is_relayed),
        TEST(one_of_many_came_through),
        TEST(copies_of_its_handshake),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}
