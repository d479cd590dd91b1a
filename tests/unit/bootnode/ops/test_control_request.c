#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/ops/control_request.h"

#define WORDS_MAX 4

/* What comes of a command line; `out` may be written through. */
static bool parse(const char *line, const char *limit, struct control_request *out, struct why *why) {
    static char copy[256];
    const char *words[WORDS_MAX];
    size_t count = 0;
    assert_true(strlen(line) < sizeof copy);
    strcpy(copy, line);
    for (char *word = strtok(copy, " "); word && count < WORDS_MAX; word = strtok(NULL, " ")) words[count++] = word;
    return control_request_parse(words, count, limit, out, why);
}

static struct control_request parsed(const char *line, const char *limit) {
    struct control_request request;
    struct why why = {""};
    if (!parse(line, limit, &request, &why)) fail_msg("%s: %s", line, why.text);
    assert_true(control_request_holds(&request));
    return request;
}

static void assert_refused(const char *line, const char *limit, const char *expected) {
    struct control_request request;
    struct why why = {""};
    if (parse(line, limit, &request, &why)) fail_msg("'%s' was taken", line);
    if (!strstr(why.text, expected)) fail_msg("'%s': expected '%s', got '%s'", line, expected, why.text);
}

static bool reads(const char *line, struct control_request *out, struct why *why) {
    return control_request_read(line, strlen(line), out, why);
}

static void assert_no_request(const char *line, const char *expected) {
    struct control_request request;
    struct why why = {""};
    if (reads(line, &request, &why)) fail_msg("%s was taken", line);
    if (!strstr(why.text, expected)) fail_msg("%s: expected '%s', got '%s'", line, expected, why.text);
}

static void every_command_is_asked_as_it_is_written(void **state) {
    (void)state;
    static const struct {
        const char *words, *line;
    } requests[] = {
        {"status", "{\"version\":1,\"command\":\"status\"}"},
        {"sessions 192.0.2.0/24", "{\"version\":1,\"command\":\"sessions\",\"prefix\":\"192.0.2.0/24\"}"},
        {"kick 0123abcd", "{\"version\":1,\"command\":\"kick\",\"session\":\"0123abcd\"}"},
        {"kick 0123abcd89ABCDEF 1m",
         "{\"version\":1,\"command\":\"kick\",\"session\":\"0123abcd89abcdef\",\"seconds\":60}"},
        {"kick 2001:db8::/48", "{\"version\":1,\"command\":\"kick\",\"prefix\":\"2001:db8::/48\"}"},
        {"ban 192.0.2.7 2h", "{\"version\":1,\"command\":\"ban\",\"prefix\":\"192.0.2.7/32\",\"seconds\":7200}"},
        {"ban ::/0 forever", "{\"version\":1,\"command\":\"ban\",\"prefix\":\"::/0\",\"seconds\":\"forever\"}"},
        {"deny reload", "{\"version\":1,\"command\":\"deny\",\"reload\":true}"},
        {"drain 90s", "{\"version\":1,\"command\":\"drain\",\"seconds\":90}"},
        {"log-level debug", "{\"version\":1,\"command\":\"log-level\",\"level\":\"debug\"}"},
        {"cluster", "{\"version\":1,\"command\":\"cluster\"}"},
        {"cluster forget 7", "{\"version\":1,\"command\":\"cluster\",\"forget\":true,\"node\":7}"},
        {"trace off", "{\"version\":1,\"command\":\"trace\",\"off\":true}"},
        {"trace 192.0.2.7 7d", "{\"version\":1,\"command\":\"trace\",\"prefix\":\"192.0.2.7/32\",\"seconds\":604800}"},
    };
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        const struct control_request request = parsed(requests[i].words, NULL);
        struct control_request again;
        struct why why = {""};
        char *line = control_request_write(&request), *second;
        assert_string_equal(line, requests[i].line);
        if (!reads(line, &again, &why)) fail_msg("%s: %s", line, why.text);
        second = control_request_write(&again);
        assert_string_equal(second, line);
        free(line);
        free(second);
    }
}

static void what_lacks_its_argument_is_refused_with_the_right_form(void **state) {
    (void)state;
    static const char *const lacking[][2] = {{"kick", "expected kick PREFIX|SESSION [TIME]"},
                                             {"ban", "expected ban PREFIX [TIME]"},
                                             {"log-level", "expected log-level error|warning|info|debug"},
                                             {"trace", "expected trace PREFIX|off [TIME]"}};
    for (size_t i = 0; i < sizeof lacking / sizeof *lacking; i++) assert_refused(lacking[i][0], NULL, lacking[i][1]);
    assert_refused("status now", NULL, "expected nothing more");
    assert_refused("ban 192.0.2.0/24 1h again", NULL, "expected nothing more");
    assert_refused("", NULL, "expected a command");
}

static void what_was_meant_is_said(void **state) {
    (void)state;
    assert_refused("stauts", NULL, "did you mean status?");
    assert_refused("loglevel info", NULL, "did you mean log-level?");
    assert_refused("ban 192.0.2.1/24", NULL, "expected 192.0.2.0/24");
    assert_refused("why 192.0.2.0/24", NULL, "expected an address");
    assert_refused("everything", NULL, "no such command");
}

static void times_have_a_unit(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t seconds;
    } good[] = {{"0s", 0},
                {"90s", 90},
                {"15m", 900},
                {"10min", 600},
                {"2h", 7200},
                {"7d", 604800},
                {"forever", CONTROL_FOREVER},
                {"3660d", 3660 * 86400}};
    static const char *const bad[] = {"",    "s",  "5",     "5 m",         "-5s",   "5ms",
                                      "5mi", "5w", "3661d", "9999999999s", "1h30m", "ever"};
    uint32_t seconds;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(control_request_time(good[i].text, &seconds));
        assert_int_equal(seconds, good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (control_request_time(bad[i], &seconds)) fail_msg("'%s' was taken", bad[i]);
    assert_refused("ban 192.0.2.0/24 5", NULL, "expected a time");
}

static void a_limit_is_for_lists(void **state) {
    (void)state;
    assert_int_equal(parsed("sessions", NULL).limit, CONTROL_LIMIT_DEFAULT);
    assert_int_equal(parsed("rooms", "10000").limit, 10000);
    assert_refused("rooms", "0", "expected 1 to 10000");
    assert_refused("rooms", "10001", "expected 1 to 10000");
    assert_refused("rooms", "ten", "expected 1 to 10000");
    assert_refused("status", "5", "status: expected status");
}

static void what_is_no_request_is_refused(void **state) {
    (void)state;
    assert_no_request("", "expected a JSON object");
    assert_no_request("status", "expected a JSON object");
    assert_no_request("[\"status\"]", "expected an object with a \"command\"");
    assert_no_request("{\"command\":1}", "expected an object with a \"command\"");
    assert_no_request("{\"command\":\"status\",\"command\":\"drain\"}", "expected a JSON object");
    assert_no_request("{\"command\":\"status\"} {}", "expected a JSON object");
    assert_no_request("{\"command\":\"status\",\"version\":2}", "\"version\": expected 1");
    assert_no_request("{\"command\":\"status\",\"now\":true}", "\"now\": no such member");
    assert_no_request("{\"command\":\"statsu\"}", "did you mean status?");
    assert_no_request("{\"command\":\"ban\",\"prefix\":[]}", "\"prefix\": expected a text");
    assert_no_request("{\"command\":\"ban\",\"prefix\":\"::/0\",\"seconds\":-1}", "\"seconds\": expected a time");
    assert_no_request("{\"command\":\"ban\",\"prefix\":\"::/0\",\"seconds\":1.5}", "\"seconds\": expected a number");
    assert_no_request("{\"command\":\"ban\",\"prefix\":\"::/0\",\"seconds\":9999999999}",
                      "\"seconds\": expected a time");
    assert_no_request("{\"command\":\"deny\",\"reload\":false}", "\"reload\": expected true");
    assert_no_request("{\"command\":\"rooms\",\"limit\":\"5\"}", "\"limit\": expected a number");
}

/* One argument, one meaning. */
static void what_says_two_things_is_refused(void **state) {
    (void)state;
    assert_no_request("{\"command\":\"kick\",\"prefix\":\"::/0\",\"session\":\"0123abcd\"}", "expected kick");
    assert_no_request("{\"command\":\"trace\",\"prefix\":\"::/0\",\"off\":true}", "expected trace");
    assert_no_request("{\"command\":\"cluster\",\"forget\":true}", "expected cluster [forget NODE]");
    assert_no_request("{\"command\":\"cluster\",\"node\":7}", "expected cluster [forget NODE]");
    assert_no_request("{\"command\":\"cluster\",\"forget\":true,\"node\":256}", "0 to 255");
    assert_no_request("{\"command\":\"status\",\"seconds\":1}", "expected status");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_asked_as_it_is_written),
        cmocka_unit_test(what_lacks_its_argument_is_refused_with_the_right_form),
        cmocka_unit_test(what_was_meant_is_said),
        cmocka_unit_test(times_have_a_unit),
        cmocka_unit_test(a_limit_is_for_lists),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(what_says_two_things_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("control_request", tests, NULL, NULL);
}
