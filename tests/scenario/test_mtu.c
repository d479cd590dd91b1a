/* Links on which large packets vanish without a word: no fragments, no ICMP. Whatever their MTU is, from 576 bytes on,
 * and whenever it changes, what is said arrives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/peer/cutting.h"
#include "client/peer/delivery.h"
#include "tests/scenario/support/world.h"

#define CONNECT_MS 6000
#define PASTE_SIZE 5000
#define IPV4_OVERHEAD 28
#define NORMAL_MTU 1500

/* What is sent, by size; also by those whose packets vanish. */
struct sizes {
    unsigned packets, large, too_large;
    size_t largest; /* of those that are no larger than the link */
    unsigned mtu;
};

static bool note_size(struct world *world, struct wire *wire) {
    struct sizes *sizes = world->tampering;
    if (!wire->sender) return true;
    sizes->packets++;
    sizes->large += wire->size > 548;
    if (wire->size + IPV4_OVERHEAD > sizes->mtu)
        sizes->too_large++;
    else if (wire->size > sizes->largest)
        sizes->largest = wire->size;
    return true;
}

static void watch_sizes(struct world *world, struct sizes *sizes, unsigned mtu) {
    *sizes = (struct sizes){.mtu = mtu};
    world->tamper = note_size;
    world->tampering = sizes;
}

static void set_mtu(struct person *person, unsigned mtu) {
    person->mtu = mtu;
}

static const char *paste(char letter, size_t size) {
    static char text[65536];
    memset(text, letter, size);
    text[size] = '\0';
    return text;
}

/* A paste, and a line after it; and the same back. */
static void both_are_heard(struct world *world, struct person *one, struct person *other, char letter, uint64_t ms) {
    const char *text = paste(letter, PASTE_SIZE);
    const char line[] = {'l', letter, '\0'};
    person_say(one, text);
    person_say(one, line);
    person_say(other, text);
    person_say(other, line);
    world_wait(world, ms, person_heard(other, one, line) == 1 && person_heard(one, other, line) == 1);
    assert_int_equal(person_heard(other, one, text), 1);
    assert_int_equal(person_heard(one, other, text), 1);
}

struct pair {
    struct person *one, *other;
};

static struct pair start_pair(struct world *world, enum nat_kind nat, unsigned mtu) {
    struct pair pair = {world_person(world, "anna", nat), world_person(world, "bert", nat)};
    set_mtu(pair.one, mtu);
    person_start(pair.one, "tea");
    person_start(pair.other, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    return pair;
}

/* The first paste waits for nothing; after it each segment goes in as few packets as the link takes. */
static void arrives_with_an_mtu_of(struct world *world, unsigned mtu) {
    struct sizes sizes;
    struct pair pair = start_pair(world, NAT_PORT_RESTRICTED, mtu);
    both_are_heard(world, pair.one, pair.other, 'a', 500);
    world_run(world, 10000);
    watch_sizes(world, &sizes, mtu);
    both_are_heard(world, pair.one, pair.other, 'b', 500);
    world->tamper = NULL;
    size_t most = mtu - IPV4_OVERHEAD < PATH_MTU_MOST ? mtu - IPV4_OVERHEAD : PATH_MTU_MOST;
    assert_int_equal(sizes.too_large, 0);
    assert_true(sizes.largest <= most);
    const struct frame_segment segment = {.size = DELIVERY_SEGMENT_DATA};
    size_t packets = cutting_packets(&segment, most / FRAMES_ALIGNMENT * FRAMES_ALIGNMENT - PEER_DATA_OVERHEAD);
    assert_true(sizes.largest > DELIVERY_SEGMENT_DATA / packets);
    assert_int_equal(person_count(pair.one, EVENT_PEER_LEFT, NULL) + person_count(pair.other, EVENT_PEER_LEFT, NULL),
                     0);
}

#define ARRIVES_WITH(mtu)                                                                                              \
    static void arrives_with_##mtu(void **state) {                                                                     \
        arrives_with_an_mtu_of(*state, mtu);                                                                           \
    }
ARRIVES_WITH(576)
ARRIVES_WITH(600)
ARRIVES_WITH(700)
ARRIVES_WITH(900)
ARRIVES_WITH(1100)
ARRIVES_WITH(1280)
ARRIVES_WITH(1420)
ARRIVES_WITH(1500)

/* Whoever has a few words to say sends nothing large, so asks nothing. */
static void short_lines_ask_nothing(void **state) {
    struct world *world = *state;
    struct sizes sizes;
    struct pair pair = {world_person(world, "anna", NAT_PORT_RESTRICTED), world_person(world, "bert", NAT_FULL_CONE)};
    watch_sizes(world, &sizes, NORMAL_MTU);
    person_start(pair.one, "tea");
    person_start(pair.other, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    for (int i = 0; i < 26; i++) {
        const char letter = (char)('a' + i);
        person_say(pair.one, paste(letter, 200));
        world_run(world, 500);
        assert_int_equal(person_heard(pair.other, pair.one, paste(letter, 200)), 1);
    }
    world->tamper = NULL;
    assert_int_equal(sizes.large, 0);
}

/* One round trip after the first large message packets are full: 60 segments take not many more than 60 packets. */
static void a_usual_path_is_used_in_full_at_once(void **state) {
    struct world *world = *state;
    struct sizes sizes;
    struct pair pair = start_pair(world, NAT_PORT_RESTRICTED, NORMAL_MTU);
    watch_sizes(world, &sizes, NORMAL_MTU);
    person_say(pair.one, paste('a', 60000));
    world_wait(world, 2000, person_heard(pair.other, pair.one, paste('a', 60000)) == 1);
    world->tamper = NULL;
    print_message("# %u packets, %u of them large\n", sizes.packets, sizes.large);
    assert_true(sizes.large >= 45 && sizes.large <= 62);
}

#define PASTES 6

static bool hears_pastes(const struct person *person, const struct person *from, char letter) {
    return person_heard(person, from, paste(letter, 60000)) == PASTES;
}

/* In the middle of 360,000 bytes either way, which a usual path takes in 0.3 s. */
static void it_may_become_less_and_more(void **state) {
    struct world *world = *state;
    static const unsigned mtus[] = {900, 600, 1280, 700, 1500, 576};
    struct pair pair = start_pair(world, NAT_PORT_RESTRICTED, NORMAL_MTU);
    both_are_heard(world, pair.one, pair.other, 'a', 500);
    for (size_t i = 0; i < sizeof mtus / sizeof *mtus; i++) {
        const char letter = (char)('b' + i);
        for (int j = 0; j < PASTES; j++) {
            person_say(pair.one, paste(letter, 60000));
            person_say(pair.other, paste(letter, 60000));
        }
        world_run(world, 150);
        uint64_t begin = world->now;
        assert_false(hears_pastes(pair.other, pair.one, letter));
        set_mtu(pair.one, mtus[i]);
        world_wait(world, 3000,
                   hears_pastes(pair.other, pair.one, letter) && hears_pastes(pair.one, pair.other, letter));
        print_message("# now %u: %u ms\n", mtus[i], (unsigned)(world->now - begin));
        world_run(world, 20000);
        both_are_heard(world, pair.one, pair.other, (char)('n' + i), 500);
    }
    assert_int_equal(person_count(pair.one, EVENT_PEER_LEFT, NULL) + person_count(pair.other, EVENT_PEER_LEFT, NULL),
                     0);
}

/* What was too large is asked again after two minutes, when there is something to send. */
static void more_is_found_again(void **state) {
    struct world *world = *state;
    struct sizes sizes;
    struct pair pair = start_pair(world, NAT_PORT_RESTRICTED, 600);
    both_are_heard(world, pair.one, pair.other, 'a', 500);
    world_run(world, 20000);
    set_mtu(pair.one, NORMAL_MTU);
    world_run(world, PATH_MTU_RAISE_MS);
    both_are_heard(world, pair.one, pair.other, 'b', 500);
    world_run(world, 1000);
    watch_sizes(world, &sizes, NORMAL_MTU);
    both_are_heard(world, pair.one, pair.other, 'c', 500);
    world->tamper = NULL;
    assert_true(sizes.largest > 1024);
}

/* Through a bootnode the packets have more around them, */
static void through_a_bootnode(void **state) {
    struct world *world = *state;
    struct pair pair = start_pair(world, NAT_SYMMETRIC, 900);
    assert_true(person_last(pair.one, EVENT_PEER_CONNECTED, pair.other)->relayed);
    for (int i = 0; i < 4; i++) {
        both_are_heard(world, pair.one, pair.other, (char)('a' + i), 1000);
        world_run(world, 3000);
        set_mtu(pair.other, i == 0 ? 576 : 700);
    }
    assert_int_equal(person_count(pair.one, EVENT_PEER_LEFT, NULL) + person_count(pair.other, EVENT_PEER_LEFT, NULL),
                     0);
}

/* and through a member still more. */
static void through_a_member(void **state) {
    struct world *world = *state;
    world->net->config.relay = RELAY_NEVER;
    net_restart(world->net, true);
    struct person *middle = world_person(world, "carl", NAT_NONE);
    set_mtu(middle, 800);
    person_start(middle, "tea");
    struct pair pair = start_pair(world, NAT_SYMMETRIC, 576);
    assert_true(person_last(pair.one, EVENT_PEER_CONNECTED, pair.other)->relayed);
    both_are_heard(world, pair.one, pair.other, 'a', 1500);
    world_run(world, 10000);
    both_are_heard(world, pair.one, middle, 'b', 500);
    both_are_heard(world, pair.one, pair.other, 'c', 1500);
}

/* Chance takes small packets, too, and probes. */
static void with_losses(void **state) {
    struct world *world = *state;
    struct pair pair = start_pair(world, NAT_PORT_RESTRICTED, 900);
    world->loss_percent = 10;
    for (int i = 0; i < 20; i++) {
        both_are_heard(world, pair.one, pair.other, (char)('a' + i), 3000);
        world_run(world, 500);
        if (i == 9) set_mtu(pair.one, 600);
    }
    assert_int_equal(person_count(pair.one, EVENT_PEER_LEFT, NULL) + person_count(pair.other, EVENT_PEER_LEFT, NULL),
                     0);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD_TEST(arrives_with_576),
        WORLD_TEST(arrives_with_600),
        WORLD_TEST(arrives_with_700),
        WORLD_TEST(arrives_with_900),
        WORLD_TEST(arrives_with_1100),
        WORLD_TEST(arrives_with_1280),
        WORLD_TEST(arrives_with_1420),
        WORLD_TEST(arrives_with_1500),
        WORLD_TEST(short_lines_ask_nothing),
        WORLD_TEST(a_usual_path_is_used_in_full_at_once),
        WORLD_TEST(it_may_become_less_and_more),
        WORLD_TEST(more_is_found_again),
        WORLD_TEST(through_a_bootnode),
        WORLD_TEST(through_a_member),
        WORLD_TEST(with_losses),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("mtu", tests, NULL, NULL);
}
