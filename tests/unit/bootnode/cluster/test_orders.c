#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/cluster/orders.h"
#include "bootnode/cluster/orders_codec.h"
#include "common/clock.h"

#define NODES 3
#define WALL UINT64_C(1800000000000)

static const struct seal_keys keys = {.items = {{7}}, .count = 1};
static struct orders *nodes[NODES]; /* node i has the id i + 1 */
static uint64_t clock_of[NODES];    /* wall */
static uint64_t now;
static struct access_order held[ACCESS_ORDERS_MAX];
static struct why why;

static int start(void **state) {
    (void)state;
    now = 1000000;
    for (size_t i = 0; i < NODES; i++) {
        nodes[i] = calloc(1, sizeof *nodes[i]);
        orders_init(nodes[i], (uint8_t)(i + 1));
        clock_of[i] = WALL;
    }
    return 0;
}

static int stop(void **state) {
    (void)state;
    for (size_t i = 0; i < NODES; i++) {
        assert_true(orders_holds(nodes[i]));
        orders_clear(nodes[i]);
        free(nodes[i]);
    }
    return 0;
}

static struct prefix network(const char *text) {
    struct prefix prefix;
    assert_true(prefix_parse(text, &prefix, &why));
    return prefix;
}

static void pass(uint64_t ms) {
    now += ms;
    for (size_t i = 0; i < NODES; i++) clock_of[i] += ms;
}

static void give(size_t node, enum order_kind kind, const char *text, uint64_t until) {
    const struct prefix prefix = network(text);
    if (!orders_give(nodes[node], kind, &prefix, until, clock_of[node], &why)) fail_msg("%s", why.text);
}

/* A part of what a node has said, as another one hears it. */
static enum orders_verdict hear(size_t from, size_t to, unsigned number) {
    uint8_t bytes[ORDERS_MESSAGE_MAX];
    struct orders_message message;
    const size_t size = orders_encode(&nodes[from]->authors[from + 1], (uint8_t)(from + 1), number, now, clock_of[from],
                                      &keys, bytes, sizeof bytes);
    assert_true(size > 0);
    assert_int_equal(orders_decode(bytes, size, &keys, &message), SEAL_HOLDS);
    return orders_hear(nodes[to], &message.part, now, clock_of[to]);
}

static enum orders_verdict hear_all(size_t from, size_t to) {
    const struct orders_author *own = &nodes[from]->authors[from + 1];
    enum orders_verdict verdict = ORDERS_KNOWN;
    for (unsigned i = 0; own->edition != 0 && i < orders_parts(own); i++) verdict = hear(from, to, i);
    return verdict;
}

/* Everybody settles and hears everybody, until nothing changes any more. */
static void meet(void) {
    bool changed = true;
    for (int i = 0; i < 10 && changed; i++) {
        changed = false;
        for (size_t from = 0; from < NODES; from++) {
            changed |= orders_settle(nodes[from], now, clock_of[from]);
            for (size_t to = 0; to < NODES; to++)
                if (from != to) changed |= hear_all(from, to) == ORDERS_TAKEN;
        }
    }
    assert_false(changed);
}

static size_t effective(size_t node) {
    size_t count;
    assert_true(orders_effective(nodes[node], now, held, &count));
    return count;
}

static enum access_rule rule_at(size_t node, const char *text) {
    const struct prefix prefix = network(text);
    const size_t count = effective(node);
    for (size_t i = 0; i < count; i++)
        if (prefix_equal(&held[i].prefix, &prefix)) return held[i].rule;
    return ACCESS_OPEN;
}

static void assert_everywhere(const char *text, enum access_rule rule) {
    for (size_t i = 0; i < NODES; i++)
        if (rule_at(i, text) != rule) fail_msg("%s at node %zu: %d, expected %d", text, i + 1, rule_at(i, text), rule);
}

/* --- What holds --- */

static void test_a_ban_holds_at_all_nodes(void **state) {
    (void)state;
    give(0, ORDER_BAN, "192.0.2.0/24", now + 5000);
    give(1, ORDER_ALLOW, "192.0.2.7", NEVER);
    meet();
    assert_everywhere("192.0.2.0/24", ACCESS_BANNED);
    assert_everywhere("192.0.2.7", ACCESS_ALLOWED);
    assert_int_equal(effective(2), 2);
    assert_int_equal(held[0].author, 1);
    assert_int_equal(held[0].until_ms, now + 5000);
    assert_int_equal(held[1].until_ms, NEVER);
    pass(5000);
    assert_everywhere("192.0.2.0/24", ACCESS_OPEN);
    assert_everywhere("192.0.2.7", ACCESS_ALLOWED);
}

/* Also where the clock of who ends it is behind. */
static void test_the_last_word_counts(void **state) {
    (void)state;
    clock_of[0] += 50000;
    clock_of[1] -= 50000;
    give(0, ORDER_BAN, "192.0.2.0/24", NEVER);
    meet();
    pass(10);
    give(1, ORDER_LIFT, "192.0.2.0/24", 0);
    meet();
    assert_everywhere("192.0.2.0/24", ACCESS_OPEN);
    assert_int_equal(nodes[0]->authors[1].list.count, 0); /* withdrawn */
    pass(10);
    give(2, ORDER_ALLOW, "192.0.2.0/24", NEVER);
    give(0, ORDER_BAN, "198.51.100.0/24", NEVER);
    meet();
    assert_everywhere("192.0.2.0/24", ACCESS_ALLOWED);
    assert_everywhere("198.51.100.0/24", ACCESS_BANNED);
}

static void test_of_two_at_once_one_holds_everywhere(void **state) {
    (void)state;
    give(0, ORDER_BAN, "192.0.2.0/24", NEVER);
    give(1, ORDER_ALLOW, "192.0.2.0/24", NEVER);
    give(2, ORDER_BAN, "192.0.2.0/24", now + 9000);
    meet();
    assert_everywhere("192.0.2.0/24", ACCESS_BANNED);
    assert_int_equal(held[0].author, 3);
}

/* A short ban takes the place of a long one, and nothing comes back when it ends; not even while the author of the long
 * one is away. */
static void test_nothing_comes_back(void **state) {
    (void)state;
    give(0, ORDER_BAN, "192.0.2.0/24", NEVER);
    meet();
    pass(10);
    give(1, ORDER_BAN, "192.0.2.0/24", now + 3000);
    assert_int_equal(hear_all(1, 2), ORDERS_TAKEN); /* the first node hears nothing */
    pass(3000);
    assert_int_equal(rule_at(1, "192.0.2.0/24"), ACCESS_OPEN);
    assert_int_equal(rule_at(2, "192.0.2.0/24"), ACCESS_OPEN);
    assert_true(orders_settle(nodes[1], now, clock_of[1]));
    assert_int_equal(nodes[1]->authors[2].list.items[0].kind, ORDER_LIFT);
    assert_int_equal(hear_all(1, 2), ORDERS_TAKEN);
    assert_int_equal(rule_at(2, "192.0.2.0/24"), ACCESS_OPEN);
    /* It lasts as long as that, however long that is. */
    pass(100 * ORDERS_LIFT_MS);
    assert_false(orders_settle(nodes[1], now, clock_of[1]));
    meet();
    assert_everywhere("192.0.2.0/24", ACCESS_OPEN);
    for (size_t i = 0; i < NODES; i++) assert_int_equal(nodes[i]->held, 0);
}

static void test_a_lift_ends_when_nothing_needs_it(void **state) {
    (void)state;
    give(0, ORDER_BAN, "192.0.2.0/24", NEVER);
    meet();
    give(1, ORDER_LIFT, "192.0.2.0/24", 0);
    meet();
    assert_int_equal(nodes[2]->held, 1);
    pass(ORDERS_LIFT_MS + 1);
    meet();
    for (size_t i = 0; i < NODES; i++) assert_int_equal(nodes[i]->held, 0);
}

/* Whoever is away says nothing, and who was there keeps what it said; its end is by its own clock. */
static void test_orders_of_who_is_away_stand(void **state) {
    (void)state;
    clock_of[0] -= 59000;
    give(0, ORDER_BAN, "192.0.2.0/24", now + 60000);
    meet();
    pass(59999);
    assert_int_equal(rule_at(1, "192.0.2.0/24"), ACCESS_BANNED);
    pass(1);
    assert_int_equal(rule_at(1, "192.0.2.0/24"), ACCESS_OPEN);
}

/* --- Editions --- */

static void test_an_edition_is_taken_whole_or_not(void **state) {
    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        char text[32];
        snprintf(text, sizeof text, "198.51.%u.0/24", i);
        give(0, ORDER_BAN, text, NEVER);
    }
    assert_int_equal(orders_parts(&nodes[0]->authors[1]), 3);
    assert_int_equal(hear(0, 1, 1), ORDERS_KNOWN); /* the first one was missed */
    assert_int_equal(hear(0, 1, 0), ORDERS_GATHERED);
    assert_int_equal(hear(0, 1, 2), ORDERS_KNOWN);
    assert_int_equal(effective(1), 0);
    assert_int_equal(hear(0, 1, 1), ORDERS_GATHERED);
    assert_int_equal(hear(0, 1, 2), ORDERS_TAKEN);
    assert_int_equal(effective(1), 60);
    assert_int_equal(hear(0, 1, 0), ORDERS_KNOWN);
    /* Another edition begins anew. */
    give(0, ORDER_BAN, "203.0.113.0/24", NEVER);
    assert_int_equal(hear(0, 1, 0), ORDERS_GATHERED);
    give(0, ORDER_LIFT, "203.0.113.0/24", NEVER);
    assert_int_equal(hear(0, 1, 1), ORDERS_KNOWN);
    assert_int_equal(hear_all(0, 1), ORDERS_TAKEN);
    assert_int_equal(effective(1), 60);
}

static void test_a_former_edition_is_not_taken_again(void **state) {
    uint8_t bytes[ORDERS_MESSAGE_MAX];
    struct orders_message former;
    (void)state;
    give(0, ORDER_BAN, "192.0.2.0/24", NEVER);
    const size_t size = orders_encode(&nodes[0]->authors[1], 1, 0, now, clock_of[0], &keys, bytes, sizeof bytes);
    assert_int_equal(orders_decode(bytes, size, &keys, &former), SEAL_HOLDS);
    assert_int_equal(hear_all(0, 1), ORDERS_TAKEN);
    give(0, ORDER_LIFT, "192.0.2.0/24", 0);
    assert_int_equal(hear_all(0, 1), ORDERS_TAKEN);
    assert_int_equal(orders_hear(nodes[1], &former.part, now, clock_of[1]), ORDERS_KNOWN);
    assert_int_equal(rule_at(1, "192.0.2.0/24"), ACCESS_OPEN);
}

static void test_who_is_ahead_is_not_heard(void **state) {
    (void)state;
    clock_of[0] += ORDERS_AHEAD_MS + 1;
    give(0, ORDER_BAN, "192.0.2.0/24", NEVER);
    assert_int_equal(hear_all(0, 1), ORDERS_AHEAD);
    pass(1); /* the time has come */
    assert_int_equal(hear_all(0, 1), ORDERS_TAKEN);
}

/* --- A clock that was wrong --- */

#define DAY_MS UINT64_C(86400000)

/* Its operators' words reach the others as soon as its clock is right again, the ones of before included. */
static void test_who_was_ahead_is_heard_again(void **state) {
    (void)state;
    clock_of[0] += DAY_MS;
    give(0, ORDER_BAN, "192.0.2.0/24", NEVER);
    assert_int_equal(hear_all(0, 1), ORDERS_AHEAD);
    clock_of[0] -= DAY_MS;
    meet();
    assert_everywhere("192.0.2.0/24", ACCESS_BANNED);
    pass(1000);
    give(0, ORDER_LIFT, "192.0.2.0/24", NEVER);
    give(0, ORDER_BAN, "198.51.100.0/24", NEVER);
    meet();
    assert_everywhere("192.0.2.0/24", ACCESS_OPEN);
    assert_everywhere("198.51.100.0/24", ACCESS_BANNED);
}

/* Two that were ahead together believed each other: nothing of that stays. */
static void test_two_that_were_ahead_are_heard_again(void **state) {
    (void)state;
    clock_of[0] += DAY_MS;
    clock_of[1] += DAY_MS;
    give(0, ORDER_BAN, "192.0.2.0/24", NEVER);
    give(1, ORDER_BAN, "198.51.100.0/24", NEVER);
    assert_int_equal(hear_all(0, 1), ORDERS_TAKEN);
    assert_int_equal(hear_all(1, 0), ORDERS_TAKEN);
    clock_of[0] -= DAY_MS;
    clock_of[1] -= DAY_MS;
    pass(1000);
    meet();
    pass(1000);
    give(2, ORDER_ALLOW, "192.0.2.0/24", NEVER);
    meet();
    assert_everywhere("192.0.2.0/24", ACCESS_ALLOWED);
    assert_everywhere("198.51.100.0/24", ACCESS_BANNED);
}

/* The clock was right before, and is again: what was ordered in between comes then. */
static void test_who_was_behind_is_heard_again(void **state) {
    (void)state;
    give(0, ORDER_BAN, "192.0.2.0/24", NEVER);
    meet();
    clock_of[0] -= DAY_MS;
    pass(1000);
    assert_true(orders_settle(nodes[0], now, clock_of[0]));
    give(0, ORDER_BAN, "198.51.100.0/24", NEVER);
    assert_int_equal(hear_all(0, 1), ORDERS_KNOWN);
    assert_int_equal(rule_at(0, "198.51.100.0/24"), ACCESS_BANNED);
    clock_of[0] += DAY_MS;
    pass(1000);
    meet();
    assert_everywhere("192.0.2.0/24", ACCESS_BANNED);
    assert_everywhere("198.51.100.0/24", ACCESS_BANNED);
}

/* What was kept while the clock was wrong is not lost, and nobody else's word counts as ours. */
static void test_what_was_kept_ahead_is_dated_anew(void **state) {
    (void)state;
    const struct order ban = {
        .kind = ORDER_BAN, .prefix = network("192.0.2.0/24"), .stamp_ms = WALL + DAY_MS, .until_ms = NEVER};
    struct orders_part part = {
        .author = 1, .parts = 1, .edition = WALL + DAY_MS, .wall_ms = WALL, .items = &ban, .count = 1};
    assert_int_equal(orders_hear(nodes[0], &part, now, WALL), ORDERS_TAKEN);
    part.author = 2;
    assert_int_equal(orders_hear(nodes[0], &part, now, WALL), ORDERS_AHEAD);
    meet();
    assert_everywhere("192.0.2.0/24", ACCESS_BANNED);
}

/* --- How many --- */

/* `count` of them, whose networks begin with `first`. */
/* What somebody without the key has recorded would begin anew with its whole time, and nobody is there to contradict.
 */
static void test_a_recording_is_not_heard(void **state) {
    (void)state;
    give(0, ORDER_BAN, "192.0.2.0/24", now + 3600000);
    const uint64_t then = clock_of[0];
    clock_of[1] += 2 * ORDERS_AHEAD_MS;
    assert_int_equal(hear(0, 1, 0), ORDERS_STALE);
    clock_of[1] = then + ORDERS_AHEAD_MS;
    assert_int_equal(hear(0, 1, 0), ORDERS_TAKEN);
}

static void fill(size_t node, unsigned first, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        char text[32];
        snprintf(text, sizeof text, "%u.%u.%u.0/24", first, i >> 8, i & 0xff);
        give(node, ORDER_BAN, text, NEVER);
    }
}

static void test_there_is_a_most(void **state) {
    (void)state;
    const struct prefix more = network("192.0.2.0/24");
    fill(0, 10, ACCESS_ORDERS_MAX);
    assert_false(orders_give(nodes[0], ORDER_BAN, &more, NEVER, clock_of[0], &why));
    assert_non_null(strstr(why.text, "expected a deny_file"));
    give(0, ORDER_ALLOW, "10.0.0.0/24", NEVER); /* one that is there */
    assert_int_equal(hear_all(0, 1), ORDERS_TAKEN);
    assert_int_equal(effective(1), ACCESS_ORDERS_MAX);
    /* Of more than hold the latest ones do. */
    pass(10);
    give(1, ORDER_BAN, "192.0.2.0/24", NEVER);
    assert_int_equal(effective(1), ACCESS_ORDERS_MAX);
    assert_int_equal(rule_at(1, "192.0.2.0/24"), ACCESS_BANNED);
}

/* As if many nodes had as much to say as they may. */
static void test_there_is_a_most_of_all_authors(void **state) {
    const unsigned most = ORDERS_HELD_MAX / ACCESS_ORDERS_MAX;
    (void)state;
    fill(0, 10, ACCESS_ORDERS_MAX);
    for (unsigned i = 0; i <= most; i++) {
        struct orders_message message;
        uint8_t bytes[ORDERS_MESSAGE_MAX];
        enum orders_verdict verdict = ORDERS_KNOWN;
        for (unsigned part = 0; part < orders_parts(&nodes[0]->authors[1]); part++) {
            const size_t size =
                orders_encode(&nodes[0]->authors[1], 1, part, now, clock_of[0], &keys, bytes, sizeof bytes);
            assert_int_equal(orders_decode(bytes, size, &keys, &message), SEAL_HOLDS);
            message.part.author = (uint8_t)(100 + i);
            verdict = orders_hear(nodes[1], &message.part, now, clock_of[1]);
        }
        assert_int_equal(verdict, i < most ? ORDERS_TAKEN : ORDERS_TOO_MANY);
    }
    assert_int_equal(nodes[1]->held, ORDERS_HELD_MAX);
    assert_int_equal(nodes[1]->gathered, 0);
    assert_int_equal(effective(1), ACCESS_ORDERS_MAX);
}

/* --- By chance --- */

static uint64_t random_state = 1;
static unsigned chance(unsigned most) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(random_state >> 33) % most;
}

/* Whatever is given where, lost and delayed: once all have heard all, all have the same. */
static void test_all_come_to_have_the_same(void **state) {
    (void)state;
    static const char *const networks[] = {"192.0.2.0/24", "192.0.2.7", "2001:db8::/32", "198.51.100.0/24"};
    for (unsigned round = 0; round < 300; round++) {
        for (unsigned i = 0; i < 6; i++) {
            const size_t node = chance(NODES);
            const char *text = networks[chance(4)];
            give(node, (enum order_kind)chance(ORDER_KINDS), text, chance(3) == 0 ? NEVER : now + chance(20000));
            if (chance(2) == 0) (void)hear_all(node, chance(NODES - 1) < node ? node - 1 : (node + 1) % NODES);
            pass(chance(3000));
            (void)orders_settle(nodes[chance(NODES)], now, clock_of[0]);
        }
        meet();
        struct access_order first[8];
        const size_t count = effective(0);
        memcpy(first, held, count * sizeof *held);
        for (size_t i = 1; i < NODES; i++) {
            assert_int_equal(effective(i), count);
            for (size_t n = 0; n < count; n++) {
                assert_true(prefix_equal(&first[n].prefix, &held[n].prefix));
                assert_int_equal(first[n].rule, held[n].rule);
                assert_int_equal(first[n].author, held[n].author);
                assert_int_equal(first[n].until_ms, held[n].until_ms);
            }
        }
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_ban_holds_at_all_nodes),
        TEST(test_the_last_word_counts),
        TEST(test_of_two_at_once_one_holds_everywhere),
        TEST(test_nothing_comes_back),
        TEST(test_a_lift_ends_when_nothing_needs_it),
        TEST(test_orders_of_who_is_away_stand),
        TEST(test_an_edition_is_taken_whole_or_not),
        TEST(test_a_former_edition_is_not_taken_again),
        TEST(test_who_is_ahead_is_not_heard),
        TEST(test_who_was_ahead_is_heard_again),
        TEST(test_two_that_were_ahead_are_heard_again),
        TEST(test_who_was_behind_is_heard_again),
        TEST(test_what_was_kept_ahead_is_dated_anew),
        TEST(test_a_recording_is_not_heard),
        TEST(test_there_is_a_most),
        TEST(test_there_is_a_most_of_all_authors),
        TEST(test_all_come_to_have_the_same),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("orders", tests, NULL, NULL);
}
