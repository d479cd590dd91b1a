#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/cluster/placement.h"

#define NODES 200
#define RANKS PLACEMENT_RANKS_MAX

static uint8_t key[PLACEMENT_KEY_SIZE];

static int setup(void **state) {
    (void)state;
    placement_key("example", key);
    return sodium_init() < 0;
}

/* So that every run draws the same: SplitMix64. */
static uint64_t draw(uint64_t *seed) {
    uint64_t value = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

static uint64_t hash_of(uint32_t bucket, uint8_t id) {
    const uint8_t message[] = {id, (uint8_t)(bucket >> 24), (uint8_t)(bucket >> 16), (uint8_t)(bucket >> 8),
                               (uint8_t)bucket};
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, message, sizeof message, key);
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--) value = value << 8 | hash[i];
    return value;
}

/* Those of PROTOCOL.md §2.6, and more of them; made with Python's integers (no code in common). */
static void logarithms_are_those_of_the_vectors(void **state) {
    (void)state;
    static const struct {
        uint64_t hash, log;
    } vectors[] = {
        {0x0000000000000000, 0x8000000000000000}, {0x0000000000000001, 0x8000000000000000},
        {0x0000000000000002, 0x7e00000000000000}, {0x0000000000000003, 0x7cd47fcb8c0852f1},
        {0x8000000000000000, 0x0200000000000000}, {0xc000000000000000, 0x00d47fcb8c0852f1},
        {0x123456789abcdef0, 0x07a0a7eda4c112d2}, {0xfffffffffffff000, 0x000000000000002f},
        {0xfffffffffffffffe, 0x0000000000000001}, {0xffffffffffffffff, 0x0000000000000001},
        {0xcf6a04bf54b062df, 0x009b75569c818e4a}, {0xbf7176805556dd17, 0x00d6a4f5681edcc6},
        {0xafe08b6cbb4c420b, 0x01154970e6439d6f}, {0x28ae7c6a8da7cba4, 0x054eb13d643ede54},
        {0xe469433a06a7d898, 0x00543ab960670a3e}, {0xefe724fb8d4ea4fa, 0x002ff88ce9e37ee8},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        assert_int_equal(placement_log(vectors[i].hash), vectors[i].log);
}

/* What a long double can tell of it: half the digits, where valgrind computes. */
static long double long_double_units(void) {
    volatile long double epsilon = 1, sum = 2;
    while (sum > 1) {
        epsilon /= 2;
        sum = 1 + epsilon;
    }
    return 64 * 4 * epsilon * (UINT64_C(1) << PLACEMENT_LOG_BITS);
}

static void assert_log_is_near(uint64_t hash, long double tolerance) {
    long double exact = hash >> 63 ? -log1pl(-(long double)(~hash + 1) * 0x1p-64L) / logl(2) : 64 - log2l(hash);
    long double difference = (long double)placement_log(hash) - exact * (UINT64_C(1) << PLACEMENT_LOG_BITS);
    assert_true(difference > -tolerance);
    assert_true(difference < tolerance + 1 + 1 / 32.0L);
}

static void logarithms_are_as_exact_as_they_say(void **state) {
    (void)state;
    long double tolerance = long_double_units();
    uint64_t seed = 1;
    for (unsigned bits = 0; bits < 64; bits++)
        for (unsigned i = 0; i < 100; i++) {
            uint64_t hash = draw(&seed) >> bits;
            if (hash == 0 || hash == UINT64_MAX) continue;
            assert_log_is_near(hash, tolerance);
            assert_log_is_near(~hash, tolerance);
        }
    for (unsigned bit = 0; bit < 64; bit++) assert_log_is_near(UINT64_C(1) << bit, tolerance);
}

static void logarithms_never_rise_with_the_hash(void **state) {
    (void)state;
    uint64_t seed = 2;
    for (unsigned bits = 0; bits < 63; bits++)
        for (unsigned i = 0; i < 50; i++) {
            uint64_t hash = (draw(&seed) >> bits) | 1;
            assert_true(placement_log(hash) >= placement_log(hash | 2));
            assert_true(placement_log(hash - 1) >= placement_log(hash));
        }
}

static void of_equal_scores_the_lower_id_is_the_better(void **state) {
    (void)state;
    struct placement_score a = {.log = 700, .node = {.id = 3, .weight = 70}};
    struct placement_score b = {.log = 100, .node = {.id = 2, .weight = 10}};
    assert_true(placement_is_better(&b, &a));
    assert_false(placement_is_better(&a, &b));
    a.log--;
    assert_true(placement_is_better(&a, &b));
    assert_false(placement_is_better(&b, &a));
    struct placement_score worst = {.log = UINT64_C(1) << 63, .node = {.id = 0, .weight = 1}};
    struct placement_score best = {.log = 1, .node = {.id = 255, .weight = PLACEMENT_WEIGHT_MAX}};
    assert_true(placement_is_better(&best, &worst));
    assert_false(placement_is_better(&worst, &best));
}

static void ranks_are_those_of_the_vectors(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint32_t bucket;
        uint8_t equal[RANKS], weighted[RANKS];
    } vectors[] = {
        {"example", 0, {5, 6, 1, 2}, {9, 2, 1, 3}},        {"example", 1, {7, 3, 2, 5}, {2, 9, 3, 4}},
        {"example", 2, {7, 8, 4, 3}, {9, 2, 4, 3}},        {"example", 0x3ff, {8, 2, 5, 4}, {9, 2, 4, 1}},
        {"example", 0xabcde, {5, 4, 6, 7}, {9, 2, 4, 1}},  {"example", 0xfffff, {3, 8, 2, 5}, {9, 2, 3, 1}},
        {"gochat.example", 0, {1, 5, 7, 2}, {9, 2, 1, 4}}, {"gochat.example", 1, {6, 3, 8, 2}, {9, 2, 3, 4}},
        {"gochat.example", 2, {6, 2, 8, 5}, {9, 2, 4, 1}}, {"gochat.example", 0x3ff, {2, 7, 6, 5}, {2, 9, 4, 3}},
    };
    static const struct placement_node weighted[] = {{1, 100}, {2, 400}, {3, 50}, {4, 100}, {9, 1000}, {200, 1}};
    struct placement_node equal[8];
    for (uint8_t i = 0; i < 8; i++) equal[i] = (struct placement_node){.id = (uint8_t)(i + 1), .weight = 100};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint8_t own[PLACEMENT_KEY_SIZE], ids[RANKS];
        placement_key(vectors[i].name, own);
        assert_int_equal(placement_rank(own, vectors[i].bucket, equal, 8, RANKS, ids), RANKS);
        assert_memory_equal(ids, vectors[i].equal, RANKS);
        assert_int_equal(placement_rank(own, vectors[i].bucket, weighted, 6, RANKS, ids), RANKS);
        assert_memory_equal(ids, vectors[i].weighted, RANKS);
    }
}

static void keys_are_those_of_the_vectors(void **state) {
    (void)state;
    char hex[2 * PLACEMENT_KEY_SIZE + 1];
    assert_string_equal(sodium_bin2hex(hex, sizeof hex, key, sizeof key), "ad4073563fd0f06201f2ae97acca2473");
}

/* Ids 1 … NODES, weights of four sizes. */
static void make_nodes(struct placement_node *nodes) {
    static const uint16_t weights[] = {50, 100, 200, 1000};
    for (unsigned i = 0; i < NODES; i++)
        nodes[i] = (struct placement_node){.id = (uint8_t)(i + 1), .weight = weights[i % 4]};
}

static void shuffle(struct placement_node *nodes, size_t count, uint64_t *seed) {
    for (size_t i = count; i > 1; i--) {
        size_t other = draw(seed) % i;
        struct placement_node node = nodes[i - 1];
        nodes[i - 1] = nodes[other];
        nodes[other] = node;
    }
}

static void the_order_of_the_nodes_changes_nothing(void **state) {
    (void)state;
    struct placement_node nodes[NODES];
    make_nodes(nodes);
    uint64_t seed = 3;
    for (uint32_t bucket = 0; bucket < 50; bucket++) {
        uint8_t first[RANKS], other[RANKS];
        assert_int_equal(placement_rank(key, bucket, nodes, NODES, RANKS, first), RANKS);
        for (unsigned i = 0; i < 5; i++) {
            shuffle(nodes, NODES, &seed);
            assert_int_equal(placement_rank(key, bucket, nodes, NODES, RANKS, other), RANKS);
            assert_memory_equal(first, other, RANKS);
        }
    }
}

/* Without the short cut: all logarithms, all compared. */
static void rank_plainly(uint32_t bucket, const struct placement_node *nodes, size_t count, uint8_t *ids) {
    bool taken[256] = {false};
    for (unsigned rank = 0; rank < RANKS; rank++) {
        struct placement_score best = {.log = UINT64_MAX, .node = {.id = 255, .weight = 1}};
        for (size_t i = 0; i < count; i++) {
            if (taken[nodes[i].id]) continue;
            struct placement_score score = {.log = placement_log(hash_of(bucket, nodes[i].id)), .node = nodes[i]};
            if (placement_is_better(&score, &best)) best = score;
        }
        taken[ids[rank] = best.node.id] = true;
    }
}

static void the_best_scores_come_first(void **state) {
    (void)state;
    struct placement_node nodes[NODES];
    make_nodes(nodes);
    for (uint32_t bucket = 0; bucket < 100; bucket++) {
        uint8_t ids[RANKS], plainly[RANKS];
        assert_int_equal(placement_rank(key, bucket, nodes, NODES, RANKS, ids), RANKS);
        rank_plainly(bucket, nodes, NODES, plainly);
        assert_memory_equal(ids, plainly, RANKS);
        assert_int_equal(placement_rank(key, bucket, nodes, NODES, 2, ids), 2);
        assert_memory_equal(ids, plainly, 2);
    }
}

static void there_are_as_many_ranks_as_nodes(void **state) {
    (void)state;
    const struct placement_node nodes[] = {{7, 1}, {0, 1000}, {255, 3}};
    uint8_t ids[RANKS];
    for (unsigned count = 0; count <= 3; count++)
        assert_int_equal(placement_rank(key, 5, nodes, count, RANKS, ids), count);
    assert_int_equal(placement_rank(key, 5, nodes, 3, 1, ids), 1);
}

/* Pearson's statistic of who has that rank in so many buckets, against the parts of these weights. */
static double chi_square(const struct placement_node *nodes, const double *weights, uint32_t buckets, unsigned rank) {
    unsigned found[256] = {0};
    double sum = 0, all = 0;
    for (uint32_t bucket = 0; bucket < buckets; bucket++) {
        uint8_t ids[RANKS];
        assert_true(placement_rank(key, bucket, nodes, 10, RANKS, ids) > rank);
        found[ids[rank]]++;
    }
    for (size_t i = 0; i < 10; i++) all += weights[i];
    for (size_t i = 0; i < 10; i++) {
        double expected = buckets * weights[i] / all;
        sum += (found[nodes[i].id] - expected) * (found[nodes[i].id] - expected) / expected;
    }
    return sum;
}

/* Of nine degrees of freedom, one in a hundred exceeds 21.7 by chance. The key is fixed, so this holds or does not. */
static void equal_nodes_have_equal_parts(void **state) {
    (void)state;
    struct placement_node nodes[10];
    double weights[10];
    for (uint8_t i = 0; i < 10; i++) {
        nodes[i] = (struct placement_node){.id = (uint8_t)(i * 20), .weight = 100};
        weights[i] = 1;
    }
    for (unsigned rank = 0; rank < RANKS; rank++) assert_true(chi_square(nodes, weights, 20000, rank) < 21.7);
}

static void the_parts_are_those_of_the_weights(void **state) {
    (void)state;
    struct placement_node nodes[10];
    double weights[10];
    for (uint8_t i = 0; i < 10; i++) {
        nodes[i] = (struct placement_node){.id = (uint8_t)(i + 1), .weight = (uint16_t)(10 + 90 * i)};
        weights[i] = nodes[i].weight;
    }
    assert_true(chi_square(nodes, weights, 40000, 0) < 21.7);
    /* So large a sample finds a weight that counts for a tenth less. */
    weights[9] *= 1.1;
    assert_true(chi_square(nodes, weights, 40000, 0) > 21.7);
}

static void assert_others_keep_their_order(const uint8_t *one, const uint8_t *other, uint8_t but) {
    for (unsigned i = 0, j = 0; i < RANKS && j < RANKS; i++, j++) {
        i += one[i] == but;
        j += other[j] == but;
        if (i < RANKS && j < RANKS) assert_int_equal(one[i], other[j]);
    }
}

static void who_comes_or_goes_moves_nobody_else(void **state) {
    (void)state;
    struct placement_node nodes[NODES];
    make_nodes(nodes);
    unsigned changed = 0;
    for (uint32_t bucket = 0; bucket < 2000; bucket++) {
        uint8_t with[RANKS], without[RANKS];
        assert_int_equal(placement_rank(key, bucket, nodes, 20, RANKS, with), RANKS);
        assert_int_equal(placement_rank(key, bucket, nodes, 19, RANKS, without), RANKS);
        assert_others_keep_their_order(with, without, nodes[19].id);
        changed += memcmp(with, without, 2) != 0;
    }
    /* Its weight is 1,000 of 6,750, and a bucket has two homes: about 2,000 * 0.28. */
    assert_in_range(changed, 450, 700);
}

static unsigned rank_of(const uint8_t *ids, uint8_t id) {
    unsigned rank = 0;
    while (rank < RANKS && ids[rank] != id) rank++;
    return rank;
}

static void a_weight_moves_its_own_node_alone(void **state) {
    (void)state;
    struct placement_node nodes[20];
    for (uint8_t i = 0; i < 20; i++) nodes[i] = (struct placement_node){.id = i, .weight = 100};
    unsigned changed = 0;
    for (uint32_t bucket = 0; bucket < 2000; bucket++) {
        uint8_t light[RANKS], heavy[RANKS];
        nodes[7].weight = 100;
        assert_int_equal(placement_rank(key, bucket, nodes, 20, RANKS, light), RANKS);
        nodes[7].weight = 150;
        assert_int_equal(placement_rank(key, bucket, nodes, 20, RANKS, heavy), RANKS);
        assert_true(rank_of(heavy, 7) <= rank_of(light, 7));
        assert_others_keep_their_order(heavy, light, 7);
        changed += rank_of(light, 7) >= 2 && rank_of(heavy, 7) < 2;
    }
    /* From 0.1 of the homes to 0.146: about 2,000 * 0.046. */
    assert_in_range(changed, 60, 130);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logarithms_are_those_of_the_vectors),
        cmocka_unit_test(logarithms_are_as_exact_as_they_say),
        cmocka_unit_test(logarithms_never_rise_with_the_hash),
        cmocka_unit_test(of_equal_scores_the_lower_id_is_the_better),
        cmocka_unit_test(keys_are_those_of_the_vectors),
        cmocka_unit_test(ranks_are_those_of_the_vectors),
        cmocka_unit_test(the_order_of_the_nodes_changes_nothing),
        cmocka_unit_test(the_best_scores_come_first),
        cmocka_unit_test(there_are_as_many_ranks_as_nodes),
        cmocka_unit_test(equal_nodes_have_equal_parts),
        cmocka_unit_test(the_parts_are_those_of_the_weights),
        cmocka_unit_test(who_comes_or_goes_moves_nobody_else),
        cmocka_unit_test(a_weight_moves_its_own_node_alone),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, NULL);
}
