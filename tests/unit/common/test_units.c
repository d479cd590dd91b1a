#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/units.h"

static void reads_numbers_with_their_units(void **state) {
    static const struct {
        const char *unit, *text;
        long long value;
    } rows[] = {
        {"ms", "0", 0},
        {"ms", "15s", 15000},
        {"ms", "15 s", 15000},
        {"ms", "1.5s", 1500},
        {"ms", "0.001s", 1},
        {"ms", "2min", 120000},
        {"ms", "1h", 3600000},
        {"ms", "7d", 604800000},
        {"s", "30s", 30},
        {"s", "1.5min", 90},
        {"s", "3000ms", 3},
        {"B", "64KiB", 65536},
        {"B", "64kB", 64000},
        {"B", "4MiB", 4194304},
        {"B", "1GiB", 1073741824},
        {"B", "1GB", 1000000000},
        {"B", "0.5KiB", 512},
        {"B", "7\tB", 7},
        {"B/s", "100Mbit/s", 12500000},
        {"B/s", "1Gbit/s", 125000000},
        {"B/s", "8bit/s", 1},
        {"B/s", "500 kbit/s", 62500},
        {"B/s", "64KiB/s", 65536},
        {"B/s", "12.5MB/s", 12500000},
        {"B/s", "1 GiB/s", 1073741824},
        {"/s", "100/s", 100},
        {"%", "25 %", 25},
        {"B", "9223372036854775807B", INT64_MAX},
        {"B", "8589934591GiB", INT64_MAX - 1073741823},
        {"ms", "00000000000000000000000000000000001ms", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        long long value = -1;
        struct why why = {""};
        if (!units_parse(rows[i].unit, false, rows[i].text, &value, &why)) fail_msg("%s: %s", rows[i].text, why.text);
        assert_int_equal(value, rows[i].value);
    }
}

static void a_number_alone_needs_to_be_known(void **state) {
    long long value = -1;
    struct why why;
    (void)state;
    assert_true(units_parse("s", true, "30", &value, &why));
    assert_int_equal(value, 30);
    assert_false(units_parse("s", false, "31", &value, &why));
    assert_string_equal(why.text, "a number without its unit");
    assert_int_equal(value, 30);
}

static void says_what_is_wrong(void **state) {
    static const char *const rows[][3] = {
        {"ms", "", "no number"},
        {"ms", "s", "no number"},
        {"ms", "-1s", "no number"},
        {"ms", "+1s", "no number"},
        {"ms", ".5s", "no number"},
        {"ms", "1.s", ".s is no unit of a time"},
        {"ms", "1.2.3s", ".3s is no unit of a time"},
        {"ms", "1,5s", ",5s is no unit of a time"},
        {"ms", "1s 2s", "s 2s is no unit of a time"},
        {"ms", "5sec", "sec is no unit of a time"},
        {"ms", "5S", "S is no unit of a time, did you mean s?"},
        {"ms", "5KiB", "KiB is a unit of a size"},
        {"ms", "0x10s", "x10s is no unit of a time"},
        {"s", "500ms", "no whole number of s"},
        {"ms", "0.0001s", "no whole number of ms"},
        {"ms", "0.1234567891s", "more than 9 decimals"},
        {"B", "5KB", "KB is no unit of a size, did you mean kB?"},
        {"B", "1kib", "kib is no unit of a size, did you mean KiB?"},
        {"B", "5Mbit/s", "Mbit/s is a unit of a rate"},
        {"B", "1bit", "bit is no unit of a size"},
        {"B", "0.3KiB", "no whole number of B"},
        {"B/s", "5MiB", "MiB is a unit of a size"},
        {"B/s", "100Mbps", "Mbps is no unit of a rate"},
        {"B/s", "100mbit/s", "mbit/s is no unit of a rate, did you mean Mbit/s?"},
        {"B/s", "7bit/s", "no whole number of B/s"},
        {"/s", "3/min", "/min is no unit of a number a second"},
        {"%", "25s", "s is a unit of a time"},
        {"B", "9223372036854775808B", "too large"},
        {"B", "8589934592GiB", "too large"},
        {"ms", "99999999999999999999999999d", "too large"},
        {"ms", "1e3s", "e3s is no unit of a time"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        long long value = -1;
        struct why why = {""};
        if (units_parse(rows[i][0], true, rows[i][1], &value, &why)) fail_msg("%s is taken", rows[i][1]);
        assert_string_equal(why.text, rows[i][2]);
        assert_int_equal(value, -1);
    }
}

static void prints_the_smallest_number(void **state) {
    static const struct {
        const char *unit;
        long long value;
        const char *text;
    } rows[] = {
        {"ms", 0, "0"},
        {"ms", 500, "500ms"},
        {"ms", 50000, "50s"},
        {"s", 86400, "1d"},
        {"s", 90, "90s"},
        {"B", 4194304, "4MiB"},
        {"B", 1000000, "1MB"},
        {"B", 1001, "1001B"},
        {"B/s", 65536, "64KiB/s"},
        {"B/s", 12500000, "100Mbit/s"},
        {"B/s", 125000000, "1Gbit/s"},
        {"B/s", INT64_MAX, "9223372036854775807B/s"},
        {"/s", 7, "7/s"},
        {"%", 25, "25%"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[UNITS_TEXT_SIZE];
        assert_string_equal(units_format(rows[i].unit, rows[i].value, text), rows[i].text);
    }
}

static void what_is_printed_is_read_again(void **state) {
    static const char *const units[] = {"ms", "s", "B", "B/s", "/s", "%"};
    static const long long values[] = {1, 3, 7, 24, 60, 999, 1000, 1024, 86400, 125000, 1 << 20, 3600000, 123456789};
    (void)state;
    for (size_t i = 0; i < sizeof units / sizeof *units * (sizeof values / sizeof *values); i++) {
        const char *unit = units[i % (sizeof units / sizeof *units)];
        char text[UNITS_TEXT_SIZE];
        long long value = -1, expected = values[i / (sizeof units / sizeof *units)];
        struct why why;
        assert_true(units_parse(unit, false, units_format(unit, expected, text), &value, &why));
        assert_int_equal(value, expected);
    }
}

static void tells_its_units(void **state) {
    struct why why = {"a time"};
    (void)state;
    assert_true(units_list("s", &why));
    assert_string_equal(why.text, "a time in ms, s, min, h or d");
    assert_false(units_list("%", &why));
    assert_string_equal(why.text, "a time in ms, s, min, h or d");
    assert_string_equal(units_quantity("s"), "a time");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_numbers_with_their_units),
        cmocka_unit_test(a_number_alone_needs_to_be_known),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(prints_the_smallest_number),
        cmocka_unit_test(what_is_printed_is_read_again),
        cmocka_unit_test(tells_its_units),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
