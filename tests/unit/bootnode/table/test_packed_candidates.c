#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/table/packed_candidates.h"

static const char *const sets[][MEMBER_CANDIDATES_MAX] = {
    {NULL},
    {"10.0.0.7:1"},
    {"10.0.0.7:1", "198.51.100.7:65535"},
    {"255.255.255.255:1", "0.0.0.0:2", "192.0.2.1:0", "127.0.0.1:4"},
    {"[2001:db8::1]:1"},
    {"[2001:db8::1]:1", "192.0.2.1:2"},
    {"192.0.2.1:2", "[2001:db8::1]:1"},
    {"[2001:db8::1]:1", "[2001:db8::2]:2"},
    {"192.0.2.1:2", "[2001:db8::1]:1", "192.0.2.2:3"},
    {"[2001:db8::1]:1", "[2001:db8::2]:65535", "[fd00::3]:3", "[::1]:4"},
};
#define SETS (sizeof sets / sizeof *sets)

static struct candidate_list list_of(const char *const set[static MEMBER_CANDIDATES_MAX]) {
    struct candidate_list list = {.count = 0};
    while (list.count < MEMBER_CANDIDATES_MAX && set[list.count]) {
        assert_true(address_parse(set[list.count], 0, &list.items[list.count]));
        list.count++;
    }
    return list;
}

static void assert_holds(const struct packed_candidates *packed, const struct candidate_list *list) {
    struct candidate_list found;
    candidates_unpack(packed, &found);
    assert_int_equal(found.count, list->count);
    for (unsigned i = 0; i < list->count; i++) assert_true(address_equal(&found.items[i], &list->items[i]));
}

static void any_set_comes_back(void **state) {
    (void)state;
    for (size_t i = 0; i < SETS; i++) {
        struct packed_candidates packed = {0};
        const struct candidate_list list = list_of(sets[i]);
        assert_true(candidates_pack(&packed, &list));
        assert_holds(&packed, &list);
        candidates_clear(&packed);
        assert_int_equal(packed.count, 0);
    }
}

/* The sanitizer and valgrind find the blocks that this loses or gives back twice. */
static void any_set_takes_the_place_of_any(void **state) {
    (void)state;
    struct packed_candidates packed = {0};
    for (size_t i = 0; i < SETS; i++) {
        for (size_t j = 0; j < SETS; j++) {
            const struct candidate_list first = list_of(sets[i]), second = list_of(sets[j]);
            assert_true(candidates_pack(&packed, &first));
            assert_true(candidates_pack(&packed, &second));
            assert_holds(&packed, &second);
        }
    }
    candidates_clear(&packed);
}

static void what_was_proven_stands_first_and_once(void **state) {
    (void)state;
    struct packed_candidates packed = {0};
    struct candidate_list named = {.count = MEMBER_CANDIDATES_MAX}, all, found;
    for (uint8_t i = 0; i < named.count; i++) named.items[i] = (struct address){.ip = {0x20, [15] = i}, .port = 9};
    const struct address proven = {.ip = {0x20, [15] = 77}, .port = 9};
    candidates_list(&named, NULL, &all);
    assert_int_equal(all.count, MEMBER_CANDIDATES_MAX);
    assert_int_equal(all.seen, 0);
    candidates_list(&named, &proven, &all);
    assert_int_equal(all.count, PACKED_CANDIDATES_MAX);
    assert_int_equal(all.seen, 1);
    assert_true(address_equal(&all.items[0], &proven));
    assert_true(candidates_pack(&packed, &all));
    assert_holds(&packed, &all);
    candidates_unpack(&packed, &found);
    assert_int_equal(found.seen, 1);
    candidates_list(&named, &named.items[3], &all);
    assert_int_equal(all.count, MEMBER_CANDIDATES_MAX);
    assert_true(address_equal(&all.items[0], &named.items[3]));
    candidates_clear(&packed);
}

static void it_is_as_small_as_said(void **state) {
    (void)state;
    assert_int_equal(sizeof(struct packed_candidates), 2 + CANDIDATES_INLINE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_set_comes_back),
        cmocka_unit_test(any_set_takes_the_place_of_any),
        cmocka_unit_test(what_was_proven_stands_first_and_once),
        cmocka_unit_test(it_is_as_small_as_said),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("packed_candidates", tests, NULL, NULL);
}
