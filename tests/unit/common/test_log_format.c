#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <time.h>

#include "common/log_format.h"
#include "common/text.h"

#define BAD "\xef\xbf\xbd" /* U+FFFD */
#define MOMENT 1793835641123
#define TIME "2026-11-04T23:40:41.123Z"

static struct log_entry entry_of(enum log_level level, const char *text) {
    struct log_entry entry = {.wall_ms = MOMENT, .level = level, .area = "server", .size = strlen(text)};
    memcpy(entry.text, text, entry.size);
    return entry;
}

/* Zero-terminated, without its newline. */
static const char *line_of(enum log_format format, bool journal, const struct log_entry *entry) {
    static char line[LOG_LINE_MAX];
    size_t size = log_format_line(format, journal, entry, line);
    assert_in_range(size, 1, LOG_LINE_MAX);
    assert_int_equal(line[size - 1], '\n');
    line[size - 1] = '\0';
    assert_null(strchr(line, '\n'));
    return line;
}

static void every_format_has_its_looks(void **state) {
    (void)state;
    const struct log_entry entry = entry_of(LOG_LEVEL_WARNING, "a \"word\" \\ more");
    assert_string_equal(line_of(LOG_FORMAT_TEXT, false, &entry), TIME " warning: server: a \"word\" \\ more");
    assert_string_equal(line_of(LOG_FORMAT_AUTO, false, &entry), TIME " warning: server: a \"word\" \\ more");
    assert_string_equal(line_of(LOG_FORMAT_PLAIN, false, &entry), "warning: server: a \"word\" \\ more");
    assert_string_equal(line_of(LOG_FORMAT_LOGFMT, false, &entry),
                        "time=" TIME " level=warning area=server msg=\"a \\\"word\\\" \\\\ more\"");
    assert_string_equal(line_of(LOG_FORMAT_JSON, false, &entry),
                        "{\"time\":\"" TIME "\",\"level\":\"warning\",\"area\":\"server\","
                        "\"msg\":\"a \\\"word\\\" \\\\ more\"}");
}

/* It has a time of its own, and takes the level from what stands in front. */
static void the_journal_gets_priorities(void **state) {
    (void)state;
    const struct log_entry entry = entry_of(LOG_LEVEL_ERROR, "text");
    assert_string_equal(line_of(LOG_FORMAT_AUTO, true, &entry), "<3>server: text");
    assert_string_equal(line_of(LOG_FORMAT_PLAIN, true, &entry), "<3>server: text");
    assert_string_equal(line_of(LOG_FORMAT_TEXT, true, &entry), "<3>" TIME " error: server: text");
    assert_string_equal(line_of(LOG_FORMAT_LOGFMT, true, &entry),
                        "<3>time=" TIME " level=error area=server msg=\"text\"");
}

/* Every day of 400 years and some moments of each: the C library has another calendar of its own. */
static void times_are_those_of_the_calendar(void **state) {
    (void)state;
    struct log_entry entry = entry_of(LOG_LEVEL_INFO, "x");
    for (uint64_t day = 0; day <= 146097; day++) {
        uint64_t second = day * 86400 + day * 7919 % 86400;
        time_t seconds = (time_t)second;
        struct tm parts;
        char expected[64], whole[32];
        assert_non_null(gmtime_r(&seconds, &parts));
        assert_true(strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &parts) > 0);
        snprintf(expected, sizeof expected, "%s.%03uZ info: server: x", whole, (unsigned)(day % 1000));
        entry.wall_ms = second * 1000 + day % 1000;
        assert_string_equal(line_of(LOG_FORMAT_TEXT, false, &entry), expected);
    }
}

/* As a JSON parser reads it back; it refuses what is no UTF-8, and control characters. */
static void assert_json_says(const struct log_entry *entry, const char *text) {
    json_error_t error;
    json_t *line = json_loads(line_of(LOG_FORMAT_JSON, false, entry), JSON_REJECT_DUPLICATES, &error);
    assert_non_null(line);
    assert_int_equal(json_object_size(line), 4);
    assert_string_equal(json_string_value(json_object_get(line, "time")), TIME);
    assert_string_equal(json_string_value(json_object_get(line, "area")), "server");
    assert_string_equal(json_string_value(json_object_get(line, "msg")), text);
    json_decref(line);
}

static void json_is_valid_whatever_the_bytes(void **state) {
    (void)state;
    struct log_entry entry = entry_of(LOG_LEVEL_INFO, "x\nlevel=error\r\x1b[2J\u202e\"\\\x80");
    assert_json_says(&entry, "x" BAD "level=error" BAD BAD "[2J" BAD "\"\\" BAD);
    for (unsigned seed = 0, number = 1; seed < 2000; seed++) {
        char shown[sizeof entry.text];
        entry.size = seed % sizeof entry.text;
        for (size_t i = 0; i < entry.size; i++) entry.text[i] = (char)((number = number * 1664525 + 1013904223) >> 24);
        text_filter(entry.text, entry.size, false, shown, sizeof shown);
        assert_json_says(&entry, shown);
    }
}

static void the_longest_line_fits(void **state) {
    (void)state;
    static const enum log_format formats[] = {LOG_FORMAT_TEXT, LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON, LOG_FORMAT_PLAIN};
    struct log_entry entry = {.wall_ms = MOMENT, .level = LOG_LEVEL_WARNING, .size = sizeof entry.text};
    entry.area = "an area with a name that no area has, of which the end is left out";
    memset(entry.text, '"', sizeof entry.text);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        assert_true(strlen(line_of(formats[i], true, &entry)) >= sizeof entry.text);
    json_error_t error;
    json_t *line = json_loads(line_of(LOG_FORMAT_JSON, false, &entry), 0, &error);
    assert_non_null(line);
    assert_int_equal(strlen(json_string_value(json_object_get(line, "msg"))), sizeof entry.text - 1);
    json_decref(line);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_has_its_looks),      cmocka_unit_test(the_journal_gets_priorities),
        cmocka_unit_test(times_are_those_of_the_calendar), cmocka_unit_test(json_is_valid_whatever_the_bytes),
        cmocka_unit_test(the_longest_line_fits),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("log_format", tests, NULL, NULL);
}
