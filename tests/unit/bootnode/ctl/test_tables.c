#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#include "bootnode/ctl/tables.h"

static void assert_shown(const char *object, const char *expected) {
    char *text = NULL;
    size_t size = 0;
    json_t *answer = json_loads(object, 0, NULL);
    FILE *out = open_memstream(&text, &size);
    assert_non_null(answer);
    assert_non_null(out);
    tables_print(answer, out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, expected);
    free(text);
    json_decref(answer);
}

static void assert_value(const char *name, json_t *value, const char *expected) {
    char *text = tables_value(name, value);
    assert_string_equal(text, expected);
    free(text);
    json_decref(value);
}

static void what_stands_alone_is_aligned(void **state) {
    (void)state;
    assert_shown("{\"health\":\"ok\",\"uptime_seconds\":3725,\"config_file\":null}", "health       ok\n"
                                                                                     "uptime       1h 2m\n"
                                                                                     "config file  -\n");
}

static void lists_are_tables(void **state) {
    (void)state;
    assert_shown("{\"networks\":[{\"network\":\"192.0.2.0/24\",\"sessions\":5,\"share_percent\":71.4},"
                 "{\"network\":\"2001:db8::/56\",\"sessions\":12,\"share_percent\":2}],\"members\":17}",
                 "members  17\n"
                 "\n"
                 "NETWORK        SESSIONS   SHARE\n"
                 "192.0.2.0/24          5  71.4 %\n"
                 "2001:db8::/56        12     2 %\n");
}

static void an_empty_list_says_so(void **state) {
    (void)state;
    assert_shown("{\"bans\":[]}", "no bans\n");
}

/* A row may lack what others have. */
static void rows_differ(void **state) {
    (void)state;
    assert_shown("{\"limits\":[{\"limit\":\"sessions\",\"most\":10,\"used\":3,\"of\":\"all\"},"
                 "{\"limit\":\"rate\",\"most\":\"none\",\"of\":\"one\"}]}",
                 "LIMIT     MOST  USED  OF\n"
                 "sessions  10       3  all\n"
                 "rate      none        one\n");
}

/* 16 columns of 10, as many as there may be: 8 more beside the first make 118, and the rest goes on below. */
static void a_wide_table_goes_on_below(void **state) {
    char *text = NULL;
    size_t size = 0, lines = 0;
    FILE *out = open_memstream(&text, &size);
    json_t *row = json_object();
    (void)state;
    for (char name[] = "column_a_b"; name[9] < 'b' + 16; name[9]++)
        assert_int_equal(json_object_set_new(row, name, json_integer(name[9])), 0);
    json_t *answer = json_pack("{s:[o]}", "nodes", row);
    assert_non_null(out);
    tables_print(answer, out);
    assert_int_equal(fclose(out), 0);
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        assert_true(strchr(line, '\n') - line <= 120);
        lines++;
    }
    assert_int_equal(lines, 5);
    assert_int_equal(strncmp(text, "COLUMN A B  COLUMN A C", 22), 0);
    assert_non_null(strstr(text, "\n\nCOLUMN A B  COLUMN A L"));
    assert_non_null(strstr(text, "\n        98         108"));
    free(text);
    json_decref(answer);
}

static void lines_stay_lines(void **state) {
    (void)state;
    assert_shown("{\"listen\":[\"[::]:1\",\"0.0.0.0:2\"],\"lines\":[\"sessions: 5\",\"workers needs a restart\"]}",
                 "listen  [::]:1, 0.0.0.0:2\n"
                 "sessions: 5\nworkers needs a restart\n");
}

static void units_are_for_people(void **state) {
    (void)state;
    assert_value("x_seconds", json_integer(0), "0s");
    assert_value("x_seconds", json_integer(59), "59s");
    assert_value("x_seconds", json_integer(60), "1m");
    assert_value("x_seconds", json_integer(90061), "1d 1h");
    assert_value("x_seconds", json_real(1.25), "1.2s");
    assert_value("x_bytes", json_integer(1023), "1023 B");
    assert_value("x_bytes", json_integer(1536), "1.5 KiB");
    assert_value("x_bytes", json_integer(64 << 20), "64.0 MiB");
    assert_value("seconds", json_integer(90), "90");
    assert_value("x", json_true(), "yes");
}

/* An answer may have what somebody in the network chose, or come from no bootnode at all. */
static void nothing_moves_the_cursor(void **state) {
    (void)state;
    assert_value("x", json_string("a\x1b[2Jb\nc"),
                 "a\xef\xbf\xbd[2Jb\xef\xbf\xbd"
                 "c");
}

/* Whatever answers says what it likes. */
static void what_is_not_there_is_a_dash(void **state) {
    (void)state;
    assert_value("error", NULL, "-");
    assert_shown("{\"rows\":[1,{\"a\":[]}],\"b\":{}}", "b  -\n\nA\n\n-\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_alone_is_aligned), cmocka_unit_test(lists_are_tables),
        cmocka_unit_test(an_empty_list_says_so),        cmocka_unit_test(rows_differ),
        cmocka_unit_test(a_wide_table_goes_on_below),   cmocka_unit_test(lines_stay_lines),
        cmocka_unit_test(units_are_for_people),         cmocka_unit_test(nothing_moves_the_cursor),
        cmocka_unit_test(what_is_not_there_is_a_dash),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
