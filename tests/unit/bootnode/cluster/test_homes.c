/* Where rooms live: that two views which differ in fewer nodes than a room has homes share one of every bucket, which
 * is what members of one room meet by, without any agreement. PROTOCOL.md §2.6 has the proof. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/cluster/homes.h"
#include "bootnode/cluster/placement.h"
#include "tests/support/rounds.h"

#define SMALL 6
#define VIEWS (1 << SMALL)
#define PAIRS_LARGE 40

static uint64_t dice = 88172645463325252;

static uint64_t roll(void) {
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice;
}

static struct cluster_identity identity_of(uint8_t replicas) {
    struct cluster_identity identity = {.replicas = replicas, .own_id = 1};
    placement_key("town", identity.placement_key);
    return identity;
}

static struct cluster_node node_of(uint8_t id, uint16_t weight) {
    return (struct cluster_node){.id = id,
                                 .weight = weight,
                                 .address_count = 1,
                                 .addresses = {{.ip = {[10] = 0xff, [11] = 0xff, 203, 0, 113, id}, .port = 9595}}};
}

static struct homes *make(uint8_t replicas, const struct cluster_node *nodes, size_t count) {
    const struct cluster_identity identity = identity_of(replicas);
    struct homes *homes = homes_make(&identity, nodes, count, 1);
    assert_non_null(homes);
    assert_true(homes_holds(homes));
    return homes;
}

static bool share_a_home(const struct homes *a, const struct homes *b, uint16_t bucket) {
    for (unsigned i = 0; i < homes_count(a); i++)
        if (homes_has(b, bucket, a->ranked[bucket][i])) return true;
    return false;
}

static void share_all(const struct homes *a, const struct homes *b) {
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) assert_true(share_a_home(a, b, (uint16_t)bucket));
}

/* One of the subsets of six nodes, in which one node (0: none) has another weight than the others. */
static struct homes *view_of(uint8_t replicas, unsigned members, unsigned heavier) {
    struct cluster_node nodes[SMALL];
    size_t count = 0;
    for (unsigned i = 0; i < SMALL; i++)
        if (members >> i & 1) nodes[count++] = node_of((uint8_t)(i + 1), i + 1 == heavier ? 900 : 100);
    return make(replicas, nodes, count);
}

static unsigned differ(unsigned a, unsigned b, unsigned heavier) {
    unsigned count = (unsigned)__builtin_popcount(a ^ b);
    bool weighs = heavier > 0 && (a & b) >> (heavier - 1) & 1;
    return count + weighs;
}

/* Views without a common node share nothing, however few they have. */
static void all_small_views_share_a_home(void **state) {
    (void)state;
    const unsigned weights = rounds_of(SMALL + 1);
    unsigned pairs = 0;
    for (uint8_t replicas = 1; replicas <= HOMES_MAX; replicas++) {
        struct homes *plain[VIEWS], *other[VIEWS];
        for (unsigned heavier = 0; heavier < weights; heavier++) {
            for (unsigned i = 1; i < VIEWS; i++) plain[i] = view_of(replicas, i, 0);
            for (unsigned i = 1; i < VIEWS; i++) other[i] = view_of(replicas, i, heavier);
            for (unsigned i = 1; i < VIEWS; i++)
                for (unsigned j = 1; j < VIEWS; j++) {
                    if (differ(i, j, heavier) >= replicas || (i & j) == 0) continue;
                    share_all(plain[i], other[j]);
                    pairs++;
                }
            for (unsigned i = 1; i < VIEWS; i++) homes_destroy(plain[i]);
            for (unsigned i = 1; i < VIEWS; i++) homes_destroy(other[i]);
        }
    }
    assert_true(pairs > rounds_of(10000));
}

/* Up to 200 nodes of weights at random, of which k - 1 are gone, new, or of another weight in the second view. */
static void large_views_share_a_home(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds_of(PAIRS_LARGE); round++) {
        const uint8_t replicas = (uint8_t)(2 + roll() % (HOMES_MAX - 1));
        struct cluster_node a[CLUSTER_NODES_MAX], b[CLUSTER_NODES_MAX];
        size_t count = HOMES_MAX + roll() % (200 - HOMES_MAX), other = 0;
        for (size_t i = 0; i < count; i++) a[i] = node_of((uint8_t)i, (uint16_t)(1 + roll() % CLUSTER_WEIGHT_MAX));
        unsigned changes = replicas - 1u;
        for (size_t i = 0; i < count; i++) {
            b[other] = a[i];
            const bool changes_here = changes > 0 && roll() % count < 2 * replicas;
            changes -= changes_here;
            if (changes_here) b[other].weight = (uint16_t)(1 + roll() % CLUSTER_WEIGHT_MAX);
            other += !changes_here || roll() % 2;
        }
        while (changes-- > 0) {
            b[other] = node_of((uint8_t)(200 + changes), 1000);
            other++;
        }
        struct homes *one = make(replicas, a, count), *two = make(replicas, b, other);
        share_all(one, two);
        homes_destroy(one);
        homes_destroy(two);
    }
}

/* Where as many differ as there are homes, nothing is promised: else the test above could not fail. */
static void with_as_many_differences_as_homes_some_buckets_are_parted(void **state) {
    (void)state;
    struct homes *a = view_of(2, 0x0f, 0), *b = view_of(2, 0x3c, 0);
    unsigned parted = 0;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) parted += !share_a_home(a, b, (uint16_t)bucket);
    assert_true(parted > 0);
    homes_destroy(a);
    homes_destroy(b);
}

static void equal_views_give_equal_homes(void **state) {
    (void)state;
    struct cluster_node nodes[20], turned[20];
    for (size_t i = 0; i < 20; i++) nodes[i] = node_of((uint8_t)(3 * i), (uint16_t)(1 + 50 * i));
    for (size_t i = 0; i < 20; i++) turned[i] = nodes[(7 * i + 3) % 20];
    struct homes *a = make(3, nodes, 20), *b = make(3, turned, 20);
    assert_memory_equal(a->ranked, b->ranked, sizeof a->ranked);
    homes_destroy(a);
    homes_destroy(b);
}

/* Who was no home of a bucket before, and is none after, has nothing to do with a change. */
static void a_change_moves_only_what_it_must(void **state) {
    (void)state;
    struct cluster_node nodes[10];
    for (size_t i = 0; i < 10; i++) nodes[i] = node_of((uint8_t)(i + 1), 100);
    struct homes *ten = make(2, nodes, 10), *nine = make(2, nodes, 9);
    unsigned moved = 0;
    for (uint16_t bucket = 0; bucket < BUCKETS; bucket++) {
        if (!homes_has(ten, bucket, 10)) assert_true(homes_agree(ten, nine, bucket));
        moved += !homes_agree(ten, nine, bucket);
    }
    assert_in_range(moved, BUCKETS / 5 / 2, BUCKETS / 5 * 2);
    homes_destroy(ten);
    homes_destroy(nine);
}

static void clients_are_told_the_best_first(void **state) {
    (void)state;
    struct cluster_node nodes[5];
    for (size_t i = 0; i < 5; i++) nodes[i] = node_of((uint8_t)(i + 1), 100);
    struct homes *homes = make(2, nodes, 5);
    for (uint16_t bucket = 0; bucket < BUCKETS; bucket++) {
        struct named_homes named;
        homes_name(homes, bucket, &named);
        assert_true(named.replicas == 2 && named.count == HOMES_MAX && named.node == 1);
        for (unsigned i = 0; i < named.count; i++) {
            assert_int_equal(named.list[i].node, homes->ranked[bucket][i]);
            assert_int_equal(named.list[i].addresses[0].ip[15], named.list[i].node);
        }
        assert_int_equal(homes_are_here(homes, bucket), named.list[0].node == 1 || named.list[1].node == 1);
    }
    homes_destroy(homes);
}

static void nobody_has_no_homes(void **state) {
    (void)state;
    struct homes *homes = make(2, NULL, 0);
    struct named_homes named;
    homes_name(homes, 7, &named);
    assert_int_equal(named.count, 0);
    assert_false(homes_are_here(homes, 7));
    homes_destroy(homes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_small_views_share_a_home),
        cmocka_unit_test(large_views_share_a_home),
        cmocka_unit_test(with_as_many_differences_as_homes_some_buckets_are_parted),
        cmocka_unit_test(equal_views_give_equal_homes),
        cmocka_unit_test(a_change_moves_only_what_it_must),
        cmocka_unit_test(clients_are_told_the_best_first),
        cmocka_unit_test(nobody_has_no_homes),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("homes", tests, NULL, NULL);
}
