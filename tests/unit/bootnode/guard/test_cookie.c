#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>

#include "bootnode/guard/cookie.h"

static struct address parsed(const char *text) {
    struct address address;
    assert_true(address_parse(text, 0, &address));
    return address;
}

static struct cookie made(struct cookie_jar *jar, const char *address, uint64_t second) {
    struct cookie cookie;
    struct address from = parsed(address);
    assert_true(cookie_make(jar, &from, second, &cookie));
    assert_true(cookie_jar_holds(jar));
    return cookie;
}

static bool fits(const struct cookie_jar *jar, const char *address, uint64_t second, const struct cookie *cookie) {
    struct address from = parsed(address);
    return cookie_check(jar, &from, second, cookie);
}

static void test_fits_its_address_only(void **state) {
    struct cookie_jar jar;
    (void)state;
    cookie_jar_init(&jar);
    struct cookie cookie = made(&jar, "192.0.2.1:1000", 5);
    assert_int_equal(cookie.time, 5);
    assert_true(fits(&jar, "192.0.2.1:1000", 5, &cookie));
    assert_true(fits(&jar, "[::ffff:192.0.2.1]:1000", 5, &cookie));
    assert_false(fits(&jar, "192.0.2.1:1001", 5, &cookie));
    assert_false(fits(&jar, "192.0.2.2:1000", 5, &cookie));
    assert_false(fits(&jar, "[2001:db8::1]:1000", 5, &cookie));
    cookie_jar_destroy(&jar);
}

/* It says for which key it was made, and cannot be made to say another. */
static void test_names_a_key(void **state) {
    struct cookie_jar jar;
    struct address from = parsed("192.0.2.1:1000");
    (void)state;
    cookie_jar_init(&jar);
    for (unsigned key = 0; key < COOKIE_KEYS; key++) {
        struct cookie cookie;
        assert_true(cookie_make_with(&jar, &from, 5, (struct cookie_note){.key = key}, &cookie));
        assert_int_equal(cookie_note(&jar, &cookie).key, key);
        assert_false(cookie_note(&jar, &cookie).lent);
        assert_true(cookie_check(&jar, &from, 5, &cookie));
        assert_true(cookie_check(&jar, &from, 5 + COOKIE_AGE_MAX_S, &cookie));
        assert_false(cookie_check(&jar, &from, 6 + COOKIE_AGE_MAX_S, &cookie));
        assert_false(cookie_check(&jar, &from, 4, &cookie));
        cookie.time ^= UINT32_C(1) << COOKIE_TIME_BITS;
        assert_false(cookie_check(&jar, &from, 5, &cookie));
    }
    struct cookie cookie;
    assert_false(cookie_make(&jar, &from, UINT32_C(1) << COOKIE_TIME_BITS, &cookie));
    cookie_jar_destroy(&jar);
}

static void test_age(void **state) {
    (void)state;
    for (uint32_t second = 0; second < 3 * COOKIE_PERIOD_S; second += 7) {
        struct cookie_jar jar;
        cookie_jar_init(&jar);
        struct cookie cookie = made(&jar, "192.0.2.1:1", second);
        /* The server goes on giving cookies, and so replaces its secrets. */
        for (uint32_t later = second; later <= second + COOKIE_AGE_MAX_S; later += COOKIE_AGE_MAX_S / 4) {
            (void)made(&jar, "192.0.2.9:1", later);
            assert_true(fits(&jar, "192.0.2.1:1", later, &cookie));
        }
        assert_false(fits(&jar, "192.0.2.1:1", second + COOKIE_AGE_MAX_S + 1, &cookie));
        if (second > 0) assert_false(fits(&jar, "192.0.2.1:1", second - 1, &cookie));
        cookie_jar_destroy(&jar);
    }
}

static void test_every_bit_counts(void **state) {
    struct cookie_jar jar;
    (void)state;
    cookie_jar_init(&jar);
    struct cookie cookie = made(&jar, "[2001:db8::1]:443", 1000);
    for (size_t bit = 0; bit < 8 * sizeof cookie.tag; bit++) {
        struct cookie forged = cookie;
        forged.tag[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(fits(&jar, "[2001:db8::1]:443", 1000, &forged));
    }
    for (int bit = 0; bit < 32; bit++) {
        struct cookie forged = cookie;
        forged.time ^= UINT32_C(1) << bit;
        assert_false(fits(&jar, "[2001:db8::1]:443", 1000, &forged));
    }
    cookie_jar_destroy(&jar);
}

/* A zero key would make every cookie of a jar that never gave one. */
static void test_empty_jar_takes_nothing(void **state) {
    struct cookie_jar jar;
    static const uint8_t zero_key[crypto_shorthash_siphashx24_KEYBYTES];
    struct address from = parsed("192.0.2.1:7");
    struct cookie cookie = {.time = 3};
    uint8_t message[22] = {0};
    (void)state;
    memcpy(message, from.ip, 16);
    message[17] = 7;
    message[21] = 3;
    crypto_shorthash_siphashx24(cookie.tag, message, sizeof message, zero_key);
    cookie_jar_init(&jar);
    assert_false(cookie_check(&jar, &from, 3, &cookie));
    cookie_jar_destroy(&jar);
}

static void test_jars_differ(void **state) {
    struct cookie_jar one, other;
    (void)state;
    cookie_jar_init(&one);
    cookie_jar_init(&other);
    struct cookie cookie = made(&one, "192.0.2.1:1", 1);
    (void)made(&other, "192.0.2.1:1", 1);
    assert_false(fits(&other, "192.0.2.1:1", 1, &cookie));
    cookie_jar_destroy(&one);
    cookie_jar_destroy(&other);
}

static void test_never_falls_back(void **state) {
    struct cookie_jar jar;
    struct cookie cookie;
    struct address from = parsed("192.0.2.1:1");
    (void)state;
    cookie_jar_init(&jar);
    (void)made(&jar, "192.0.2.1:1", 2 * COOKIE_PERIOD_S);
    assert_false(cookie_make(&jar, &from, 0, &cookie));
    atomic_store(&jar.secrets[0].owner, 4); /* a secret of period 3 */
    assert_false(cookie_jar_holds(&jar));
    cookie_jar_destroy(&jar);
}

/* --- A cluster's --- */

#define WALL UINT64_C(1700000000) /* the 80th second of a period */
#define APART_S 60

static const uint8_t cluster_key[COOKIE_SHARED_KEY_SIZE] = {1, 2, 3};

static void share(struct cookie_jar *jar, const uint8_t *key) {
    cookie_jar_init(jar);
    cookie_jar_share(jar, key);
}

/* Whichever of both is ahead, and wherever in a period they are: a cookie is good at both for a minute, and at neither
 * for longer than two periods and what they are apart. */
static void test_shared_by_nodes(void **state) {
    struct cookie_jar one, other;
    (void)state;
    share(&one, cluster_key);
    share(&other, cluster_key);
    for (int apart = -APART_S; apart <= APART_S; apart += 5)
        for (uint64_t second = WALL; second < WALL + 2 * COOKIE_PERIOD_S; second++) {
            const uint64_t there = second + (uint64_t)apart;
            struct cookie cookie = made(&one, "192.0.2.1:1", second);
            assert_true(fits(&other, "192.0.2.1:1", there, &cookie));
            assert_true(fits(&other, "192.0.2.1:1", there + 60, &cookie));
            assert_true(fits(&one, "192.0.2.1:1", second + 60, &cookie));
            assert_false(fits(&other, "192.0.2.2:1", there, &cookie));
            assert_false(fits(&other, "192.0.2.1:1", there + 301, &cookie));
            assert_int_equal(cookie_second(&other, &cookie, there), second);
        }
    cookie_jar_destroy(&one);
    cookie_jar_destroy(&other);
}

static void test_edges_of_periods(void **state) {
    const uint64_t start = WALL / COOKIE_PERIOD_S * COOKIE_PERIOD_S;
    struct cookie_jar one, other;
    (void)state;
    share(&one, cluster_key);
    share(&other, cluster_key);
    struct cookie first = made(&one, "192.0.2.1:1", start), last = made(&one, "192.0.2.1:1", start + 119);
    for (uint64_t now = start - 120; now < start + 240; now++) {
        assert_true(fits(&other, "192.0.2.1:1", now, &first));
        assert_true(fits(&other, "192.0.2.1:1", now, &last));
    }
    assert_false(fits(&other, "192.0.2.1:1", start - 121, &first));
    assert_false(fits(&other, "192.0.2.1:1", start - 121, &last));
    assert_false(fits(&other, "192.0.2.1:1", start + 240, &first));
    assert_false(fits(&other, "192.0.2.1:1", start + 240, &last));
    cookie_jar_destroy(&one);
    cookie_jar_destroy(&other);
}

/* The time has 28 bits of the clock: where they begin anew is nothing special. */
static void test_seconds_begin_anew(void **state) {
    const uint64_t edge = UINT64_C(7) << COOKIE_SHARED_TIME_BITS; /* in July 2029 */
    struct cookie_jar one, other;
    (void)state;
    share(&one, cluster_key);
    share(&other, cluster_key);
    for (uint64_t second = edge - 70; second < edge + 70; second++) {
        struct cookie cookie = made(&one, "192.0.2.1:1", second);
        for (int apart = -APART_S; apart <= APART_S; apart += 20) {
            const uint64_t there = second + (uint64_t)apart;
            assert_true(fits(&other, "192.0.2.1:1", there, &cookie));
            assert_int_equal(cookie_second(&other, &cookie, there), second);
        }
        assert_false(fits(&other, "192.0.2.1:1", second + (UINT64_C(1) << COOKIE_SHARED_TIME_BITS), &cookie));
    }
    assert_true(fits(&one, "192.0.2.1:1", 0, &(struct cookie){0}) == false);
    cookie_jar_destroy(&one);
    cookie_jar_destroy(&other);
}

static void test_notes_of_a_cluster(void **state) {
    struct cookie_jar one, other;
    struct address from = parsed("192.0.2.1:1000");
    (void)state;
    share(&one, cluster_key);
    share(&other, cluster_key);
    for (unsigned i = 0; i < 2 * COOKIE_KEYS; i++) {
        const struct cookie_note note = {.key = i / 2, .lent = i % 2};
        struct cookie cookie;
        assert_true(cookie_make_with(&one, &from, WALL, note, &cookie));
        assert_true(cookie_check(&other, &from, WALL, &cookie));
        assert_int_equal(cookie_note(&other, &cookie).key, note.key);
        assert_int_equal(cookie_note(&other, &cookie).lent, note.lent);
        for (int bit = 0; bit < 32; bit++) {
            struct cookie forged = cookie;
            forged.time ^= UINT32_C(1) << bit;
            assert_false(cookie_check(&other, &from, WALL, &forged));
        }
    }
    cookie_jar_destroy(&one);
    cookie_jar_destroy(&other);
}

/* The clock of the machine is set, far ahead and far back: what was under way is lost, what comes is good. */
static void test_clock_is_set(void **state) {
    static const int64_t steps[] = {3600, -7200, 86400 * 365, -86400 * 300, 241, -241, -480, 480};
    struct cookie_jar jar;
    uint64_t now = WALL;
    (void)state;
    share(&jar, cluster_key);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct cookie before = made(&jar, "192.0.2.1:1", now);
        now += (uint64_t)steps[i];
        assert_false(fits(&jar, "192.0.2.1:1", now, &before));
        struct cookie after = made(&jar, "192.0.2.1:1", now);
        assert_true(fits(&jar, "192.0.2.1:1", now, &after));
        assert_true(fits(&jar, "192.0.2.1:1", now + 120, &after));
    }
    cookie_jar_destroy(&jar);
}

/* Another key, and a jar of its own, make others. */
static void test_clusters_differ(void **state) {
    static const uint8_t other_key[COOKIE_SHARED_KEY_SIZE] = {1, 2, 4};
    struct cookie_jar one, other, own;
    (void)state;
    share(&one, cluster_key);
    share(&other, other_key);
    cookie_jar_init(&own);
    struct cookie cookie = made(&one, "192.0.2.1:1", 1000);
    assert_false(fits(&other, "192.0.2.1:1", 1000, &cookie));
    assert_false(fits(&own, "192.0.2.1:1", 1000, &cookie));
    cookie = made(&own, "192.0.2.1:1", 1000);
    assert_false(fits(&one, "192.0.2.1:1", 1000, &cookie));
    cookie_jar_destroy(&one);
    cookie_jar_destroy(&other);
    cookie_jar_destroy(&own);
}

#define THREADS 4
#define ROUNDS 20000
static struct cookie_jar shared;
static _Atomic uint32_t shared_second;
static _Atomic uint32_t wrong;

/* Time runs through hundreds of periods while all make and check: a cookie of this second must always be good. */
static void *make_and_check(void *argument) {
    struct address from = parsed("192.0.2.1:1");
    (void)argument;
    for (int i = 0; i < ROUNDS; i++) {
        struct cookie cookie;
        uint32_t second = atomic_fetch_add(&shared_second, 1);
        if (cookie_make(&shared, &from, second, &cookie) && !cookie_check(&shared, &from, second, &cookie) &&
            atomic_load(&shared_second) < second + COOKIE_PERIOD_S)
            atomic_fetch_add(&wrong, 1);
    }
    return NULL;
}

static void test_shared_by_threads(void **state) {
    pthread_t threads[THREADS];
    (void)state;
    cookie_jar_init(&shared);
    for (size_t i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, make_and_check, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    assert_int_equal(wrong, 0);
    cookie_jar_destroy(&shared);
}

/* Threads that read the clock apart by a period, and one whose clock is set time and again. */
static void *make_in_cluster(void *argument) {
    struct address from = parsed("192.0.2.1:1");
    const uint64_t ahead = *(const uint64_t *)argument;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        struct cookie cookie;
        const uint64_t second = WALL + i * 7 + ahead * (1 + i % 5 * (ahead > COOKIE_PERIOD_S));
        if (!cookie_make(&shared, &from, second, &cookie) || !cookie_check(&shared, &from, second, &cookie))
            atomic_fetch_add(&wrong, 1);
    }
    return NULL;
}

static void test_cluster_shared_by_threads(void **state) {
    static uint64_t ahead[THREADS] = {0, 0, COOKIE_PERIOD_S, UINT64_C(86400)};
    pthread_t threads[THREADS];
    (void)state;
    wrong = 0;
    share(&shared, cluster_key);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_in_cluster, &ahead[i]), 0);
    for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    assert_int_equal(wrong, 0);
    cookie_jar_destroy(&shared);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fits_its_address_only),
        cmocka_unit_test(test_names_a_key),
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_empty_jar_takes_nothing),
        cmocka_unit_test(test_jars_differ),
        cmocka_unit_test(test_never_falls_back),
        cmocka_unit_test(test_shared_by_nodes),
        cmocka_unit_test(test_edges_of_periods),
        cmocka_unit_test(test_seconds_begin_anew),
        cmocka_unit_test(test_notes_of_a_cluster),
        cmocka_unit_test(test_clock_is_set),
        cmocka_unit_test(test_clusters_differ),
        cmocka_unit_test(test_shared_by_threads),
        cmocka_unit_test(test_cluster_shared_by_threads),
    };
    if (sodium_init() < 0) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cookie", tests, NULL, NULL);
}
