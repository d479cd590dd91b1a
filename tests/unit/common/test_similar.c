#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/similar.h"

static void counts_changes(void **state) {
    static const struct {
        const char *a, *b;
        size_t changes;
    } rows[] = {
        {"room", "room", 0},          {"rom", "room", 1},  {"rooom", "room", 1}, {"roon", "room", 1},
        {"orom", "room", 1},          {"ROOM", "room", 0}, {"ORom", "room", 1},  {"", "room", 4},
        {"port", "room", 3},          {"abcd", "badc", 2}, {"", "", 0},          {"data_dir", "data-dir", 1},
        {"secret", "secret-file", 5},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(similar_changes(rows[i].a, rows[i].b), rows[i].changes);
        assert_int_equal(similar_changes(rows[i].b, rows[i].a), rows[i].changes);
    }
}

static void a_long_word_is_like_none(void **state) {
    (void)state;
    assert_int_equal(similar_changes("1234567890123456789012345", "room"), SIZE_MAX);
    assert_int_equal(similar_changes("room", "1234567890123456789012345"), SIZE_MAX);
    assert_int_equal(similar_nearer("1234567890123456789012345", "room", SIZE_MAX), SIZE_MAX);
}

static void the_nearest_is_near_enough_for_its_length(void **state) {
    (void)state;
    assert_int_equal(similar_nearer("rom", "room", SIZE_MAX), 1);
    assert_int_equal(similar_nearer("rmo", "room", SIZE_MAX), SIZE_MAX);
    assert_int_equal(similar_nearer("x", "y", SIZE_MAX), SIZE_MAX);
    assert_int_equal(similar_nearer("colour", "colours", SIZE_MAX), 1);
    assert_int_equal(similar_nearer("colour", "clock", SIZE_MAX), SIZE_MAX);
    assert_int_equal(similar_nearer("room", "rom", 0), 0);
    assert_int_equal(similar_nearer("room", "rom", 2), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_changes),
        cmocka_unit_test(a_long_word_is_like_none),
        cmocka_unit_test(the_nearest_is_near_enough_for_its_length),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("similar", tests, NULL, NULL);
}
