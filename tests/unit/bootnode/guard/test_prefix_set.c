#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "bootnode/guard/prefix_set.h"
#include "tests/support/rounds.h"

#define NETWORKS_MAX 12000
#define LISTS 40
#define QUESTIONS 1000

/* What a list means, told by going through it. */
struct list {
    struct prefix_entry entries[NETWORKS_MAX];
    size_t count;
};

/* SplitMix64, so that a failure comes again. */
static uint64_t state;

static uint64_t next_random(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

static unsigned below(unsigned limit) {
    return (unsigned)(next_random() % limit);
}

static struct address at(const char *text) {
    struct address address;
    assert_true(address_parse(text, 1, &address));
    return address;
}

static struct prefix network(const char *text) {
    struct prefix prefix;
    struct why why;
    assert_true(prefix_parse(text, &prefix, &why));
    return prefix;
}

static bool naive_finds(const struct list *list, const struct address *address) {
    for (size_t i = 0; i < list->count; i++)
        if (prefix_covers(&list->entries[i].prefix, address)) return true;
    return false;
}

static struct prefix_set *make(const struct list *list) {
    struct prefix_entry *copy = malloc((list->count + 1) * sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, list->entries, list->count * sizeof *copy);
    struct prefix_set *set = prefix_set_create(copy, list->count);
    assert_non_null(set);
    assert_true(prefix_set_holds(set));
    return set;
}

static struct prefix_set *make_of(const char *const texts[], size_t count) {
    struct list list = {.count = count};
    for (size_t i = 0; i < count; i++)
        list.entries[i] = (struct prefix_entry){.prefix = network(texts[i]), .origin = (uint32_t)i};
    return make(&list);
}

#define MAKE(...)                                                                                                      \
    make_of((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static bool finds(const struct prefix_set *set, const char *text) {
    const struct address address = at(text);
    return prefix_set_find(set, &address) != NULL;
}

/* --- Some by hand --- */

static void test_an_empty_set_has_nobody(void **unused) {
    (void)unused;
    const struct list none = {.count = 0};
    struct prefix_set *set = make(&none);
    assert_false(finds(set, "192.0.2.1"));
    assert_false(finds(set, "2001:db8::1"));
    assert_false(finds(NULL, "192.0.2.1"));
    assert_int_equal(prefix_set_count(NULL), 0);
    assert_false(prefix_set_has_all(set, true));
    assert_false(prefix_set_has_all(NULL, false));
    prefix_set_destroy(set);
    prefix_set_destroy(NULL);
}

static void test_a_network_ends_where_its_bits_say(void **unused) {
    (void)unused;
    struct prefix_set *set = MAKE("192.0.2.64/26", "2001:db8:7::/48", "2001:db8:ffff:1::42");
    assert_false(finds(set, "192.0.2.63"));
    assert_true(finds(set, "192.0.2.64"));
    assert_true(finds(set, "192.0.2.127"));
    assert_false(finds(set, "192.0.2.128"));
    assert_false(finds(set, "2001:db8:6:ffff:ffff:ffff:ffff:ffff"));
    assert_true(finds(set, "2001:db8:7::"));
    assert_true(finds(set, "2001:db8:7:ffff:ffff:ffff:ffff:ffff"));
    assert_false(finds(set, "2001:db8:8::"));
    assert_true(finds(set, "2001:db8:ffff:1::42"));
    assert_false(finds(set, "2001:db8:ffff:1::43"));
    prefix_set_destroy(set);
}

static void test_families_are_apart(void **unused) {
    (void)unused;
    struct prefix_set *ipv6 = MAKE("::/0"), *ipv4 = MAKE("0.0.0.0/0"), *mapped = MAKE("::ffff:192.0.2.0/120", "::/64");
    assert_true(finds(ipv6, "2001:db8::1"));
    assert_true(finds(ipv6, "::2"));
    assert_false(finds(ipv6, "192.0.2.1"));
    assert_true(finds(ipv4, "192.0.2.1"));
    assert_true(finds(ipv4, "[::ffff:255.255.255.255]:1"));
    assert_false(finds(ipv4, "::2"));
    assert_true(finds(mapped, "192.0.2.200"));
    assert_false(finds(mapped, "192.0.3.1"));
    assert_true(finds(mapped, "::1:0:0"));
    prefix_set_destroy(ipv6);
    prefix_set_destroy(ipv4);
    prefix_set_destroy(mapped);
}

static void test_an_interface_does_not_count(void **unused) {
    (void)unused;
    struct prefix_set *set = MAKE("fe80::1", "fe80:0:0:1::/64");
    struct address here = address_scoped(at("fe80::1"), 7), other = address_scoped(at("fe80::2"), 7);
    assert_non_null(prefix_set_find(set, &here));
    assert_null(prefix_set_find(set, &other));
    prefix_set_destroy(set);
}

static void test_what_is_covered_is_left_out(void **unused) {
    (void)unused;
    struct prefix_set *set =
        MAKE("10.1.2.3", "10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/8", "11.0.0.0/8", "2001:db8::/32", "2001:db8::1");
    assert_int_equal(prefix_set_count(set), 3);
    const struct prefix_entry *left = prefix_set_entries(set);
    assert_int_equal(left[0].origin, 5);
    assert_int_equal(left[1].origin, 1); /* of two equal ones the first */
    assert_int_equal(left[2].origin, 4);
    const struct address inside = at("10.1.2.3");
    assert_int_equal(prefix_set_find(set, &inside)->origin, 1);
    prefix_set_destroy(set);
}

static void test_all_of_a_family_may_come_in_parts(void **unused) {
    (void)unused;
    struct prefix_set *halves = MAKE("0.0.0.0/1", "128.0.0.0/1"), *most = MAKE("0.0.0.0/1", "128.0.0.0/2"),
                      *gap = MAKE("0.0.0.0/1", "192.0.0.0/2", "128.0.0.0/3"), *ipv6 = MAKE("::/0", "192.0.2.0/24"),
                      *late = MAKE("1.0.0.0/8", "0.0.0.0/9");
    assert_true(prefix_set_has_all(halves, true));
    assert_false(prefix_set_has_all(halves, false));
    assert_false(prefix_set_has_all(most, true));
    assert_false(prefix_set_has_all(gap, true));
    assert_true(prefix_set_has_all(ipv6, false));
    assert_false(prefix_set_has_all(ipv6, true));
    assert_false(prefix_set_has_all(late, true));
    prefix_set_destroy(halves);
    prefix_set_destroy(most);
    prefix_set_destroy(gap);
    prefix_set_destroy(ipv6);
    prefix_set_destroy(late);
}

/* Each half of what is left, down to a single address, twice: the whole family, in 129 networks. */
static void test_all_of_ipv6_in_every_length(void **unused) {
    (void)unused;
    struct list list = {.count = 0};
    struct address address = {.port = 0};
    for (unsigned bits = 1; bits <= PREFIX_BITS_MAX; bits++) {
        struct address half = address;
        half.ip[(bits - 1) / 8] |= (uint8_t)(0x80U >> (bits - 1) % 8);
        list.entries[list.count++].prefix = prefix_of(&half, (uint8_t)bits);
    }
    list.entries[list.count++].prefix = prefix_of(&address, PREFIX_BITS_MAX);
    struct prefix_set *set = make(&list);
    assert_int_equal(prefix_set_count(set), 129);
    assert_true(prefix_set_has_all(set, false));
    prefix_set_destroy(set);
    list.entries[64] = list.entries[--list.count];
    set = make(&list);
    assert_false(prefix_set_has_all(set, false));
    prefix_set_destroy(set);
}

/* --- Against the list itself --- */

static struct address random_address(bool ipv4, unsigned clusters) {
    struct address address = {.port = (uint16_t)next_random()};
    for (size_t i = 0; i < sizeof address.ip; i++) address.ip[i] = (uint8_t)next_random();
    /* Many that have most bits in common, as real lists do. */
    if (clusters > 0) {
        uint8_t common = (uint8_t)below(clusters);
        for (unsigned i = 0; i < sizeof address.ip - 2 - below(4); i++) address.ip[i] = (uint8_t)(common * (i + 3));
    }
    if (ipv4) {
        memset(address.ip, 0, 10);
        address.ip[10] = address.ip[11] = 0xff;
    }
    return address;
}

/* The narrowest length that a list of this trial has differs, so that some lists leave place for others. */
static void fill(struct list *list, size_t count, unsigned clusters) {
    unsigned narrow = below(33);
    list->count = count;
    for (size_t i = 0; i < count; i++) {
        bool ipv4 = next_random() % 2;
        struct address address = random_address(ipv4, clusters);
        unsigned bits = ipv4 ? PREFIX_IPV4_BITS + narrow + below(33 - narrow) : narrow * 3 + below(129 - narrow * 3);
        if (i > 0 && below(8) == 0) { /* the same again, or one around or inside */
            memcpy(address.ip, list->entries[below((unsigned)i)].prefix.ip, sizeof address.ip);
            bits = address_is_ipv4(&address) ? PREFIX_IPV4_BITS + narrow + below(33 - narrow) : bits;
        }
        list->entries[i] = (struct prefix_entry){.prefix = prefix_of(&address, (uint8_t)bits), .origin = (uint32_t)i};
    }
}

/* Around the ends of a network, where mistakes are. */
static struct address near(const struct prefix *prefix) {
    struct address address = {.port = 1};
    memcpy(address.ip, prefix->ip, sizeof address.ip);
    for (unsigned bit = prefix->bits; bit < PREFIX_BITS_MAX; bit++)
        if (next_random() % 2) address.ip[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
    unsigned flipped = below(PREFIX_BITS_MAX + 64);
    if (flipped < PREFIX_BITS_MAX) address.ip[flipped / 8] ^= (uint8_t)(0x80U >> flipped % 8);
    return address;
}

static void test_a_set_says_what_its_list_says(void **unused) {
    (void)unused;
    static struct list list;
    const unsigned questions = rounds_of(QUESTIONS);
    size_t found = 0, missed = 0;
    state = 1;
    for (unsigned trial = 0; trial < LISTS; trial++) {
        fill(&list, below(trial < LISTS / 2 ? 20 : NETWORKS_MAX) + 1, trial % 3 == 0 ? 0 : below(200) + 1);
        struct prefix_set *set = make(&list);
        for (unsigned i = 0; i < questions; i++) {
            const struct address address = i % 4 == 0 ? random_address(i % 8 == 0, trial % 3 == 0 ? 0 : 200)
                                                      : near(&list.entries[below((unsigned)list.count)].prefix);
            const struct prefix_entry *entry = prefix_set_find(set, &address);
            bool expected = naive_finds(&list, &address);
            assert_int_equal(entry != NULL, expected);
            if (entry) assert_true(prefix_covers(&entry->prefix, &address));
            if (entry) assert_true(prefix_equal(&entry->prefix, &list.entries[entry->origin].prefix));
            *(expected ? &found : &missed) += 1;
        }
        prefix_set_destroy(set);
    }
    assert_true(found > questions && missed > questions);
}

/* So many that most addresses are settled by the sketch, beside few that are wide. */
static void check_many(const char *wide, unsigned ipv4_bits, unsigned ipv6_bits) {
    static struct list list;
    size_t found = 0;
    list.count = 0;
    while (list.count < NETWORKS_MAX - 1) {
        const bool ipv4 = list.count % 2;
        struct address address = random_address(ipv4, 0);
        unsigned bits = ipv4 ? PREFIX_IPV4_BITS + ipv4_bits : ipv6_bits;
        list.entries[list.count++] = (struct prefix_entry){.prefix = prefix_of(&address, (uint8_t)bits)};
    }
    list.entries[list.count++] = (struct prefix_entry){.prefix = network(wide)};
    struct prefix_set *set = make(&list);
    for (unsigned i = 0; i < QUESTIONS; i++) {
        const struct address address =
            i % 2 ? near(&list.entries[below((unsigned)list.count)].prefix) : random_address(i % 4 == 0, 0);
        bool expected = naive_finds(&list, &address);
        assert_int_equal(prefix_set_find(set, &address) != NULL, expected);
        found += expected;
    }
    assert_in_range(found, QUESTIONS / 10, QUESTIONS - QUESTIONS / 10);
    prefix_set_destroy(set);
}

static void test_many_that_are_narrow(void **unused) {
    (void)unused;
    state = 2;
    check_many("10.0.0.0/9", 28, 48);
    check_many("2a00::/19", 32, 128);
    check_many("fc00::/7", 24, 32); /* more than a sketch has marks for */
    check_many("::/8", 20, 30);
}

/* Every second address of a block: nothing can be put together, and every bit counts. */
static void test_every_second_address(void **unused) {
    (void)unused;
    static struct list list;
    list.count = NETWORKS_MAX;
    for (unsigned i = 0; i < NETWORKS_MAX; i++) {
        struct address address = at("198.18.0.0");
        address.ip[14] = (uint8_t)(2 * i >> 8);
        address.ip[15] = (uint8_t)(2 * i);
        list.entries[i] = (struct prefix_entry){.prefix = prefix_of(&address, PREFIX_BITS_MAX)};
    }
    struct prefix_set *set = make(&list);
    for (unsigned i = 0; i < 2 * NETWORKS_MAX; i++) {
        struct address address = at("198.18.0.0");
        address.ip[14] = (uint8_t)(i >> 8);
        address.ip[15] = (uint8_t)i;
        assert_int_equal(prefix_set_find(set, &address) != NULL, i % 2 == 0);
    }
    assert_true(prefix_set_bytes(set) < NETWORKS_MAX * 60);
    prefix_set_destroy(set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_set_has_nobody),     cmocka_unit_test(test_a_network_ends_where_its_bits_say),
        cmocka_unit_test(test_families_are_apart),          cmocka_unit_test(test_an_interface_does_not_count),
        cmocka_unit_test(test_what_is_covered_is_left_out), cmocka_unit_test(test_all_of_a_family_may_come_in_parts),
        cmocka_unit_test(test_all_of_ipv6_in_every_length), cmocka_unit_test(test_a_set_says_what_its_list_says),
        cmocka_unit_test(test_many_that_are_narrow),        cmocka_unit_test(test_every_second_address),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("prefix_set", tests, NULL, NULL);
}
