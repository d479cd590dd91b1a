#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/ui/request.h"

/* A text that may have zero bytes in it. */
#define TEXT(literal) literal, sizeof(literal) - 1

static void objects_are_told_from_text(void **state) {
    (void)state;
    assert_true(request_is("{\"say\":\"x\"}"));
    assert_true(request_is(" \t{"));
    assert_false(request_is("text {"));
    assert_false(request_is("[1]"));
    assert_false(request_is("//{"));
    assert_false(request_is(""));
}

static void what_is_asked_is_understood(void **state) {
    static const struct {
        const char *line;
        enum request_type type;
        const char *text;
        size_t size;
        const char *room, *to;
        enum chat_kind kind;
        const char *ref;
    } cases[] = {
        {"{\"say\":\"one\\ntwo\"}", REQUEST_SAY, TEXT("one\ntwo"), NULL, NULL, CHAT_TEXT, ""},
        {" { \"say\" : \"{\" } ", REQUEST_SAY, TEXT("{"), NULL, NULL, CHAT_TEXT, ""},
        {"{\"say\":\"/quit\"}", REQUEST_SAY, TEXT("/quit"), NULL, NULL, CHAT_TEXT, ""},
        {"{\"say\":\"a\\u0000b\"}", REQUEST_SAY, TEXT("a\0b"), NULL, NULL, CHAT_TEXT, ""},
        {"{\"say\":\"a\\r\\nb\\r\\n\"}", REQUEST_SAY, TEXT("a\nb\n"), NULL, NULL, CHAT_TEXT, ""},
        {"{\"say\":\"\\ud83d\\ude00\"}", REQUEST_SAY, TEXT("\xf0\x9f\x98\x80"), NULL, NULL, CHAT_TEXT, ""},
        {"{\"say\":\"x\",\"kind\":\"text\"}", REQUEST_SAY, TEXT("x"), NULL, NULL, CHAT_TEXT, ""},
        {"{\"say\":\"x\",\"kind\":\"action\",\"room\":\"a \\\"b\\\"\\n\"}", REQUEST_SAY, TEXT("x"), "a \"b\"\n", NULL,
         CHAT_ACTION, ""},
        {"{\"to\":\"bob\",\"say\":\"x\",\"ref\":\"a \\u00e9\"}", REQUEST_SAY, TEXT("x"), NULL, "bob", CHAT_PRIVATE,
         "\"a \\u00E9\""},
        {"{\"say\":\"x\",\"to\":\"b\",\"kind\":\"private\",\"ref\":-7}", REQUEST_SAY, TEXT("x"), NULL, "b",
         CHAT_PRIVATE, "-7"},
        {"{\"command\":\"/join \\\"a b\\\"\",\"ref\":0}", REQUEST_COMMAND, TEXT("/join \"a b\""), NULL, NULL, CHAT_TEXT,
         "0"},
        {"{\"command\":\"who\",\"room\":\"tea\"}", REQUEST_COMMAND, TEXT("/who"), "tea", NULL, CHAT_TEXT, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request request;
        struct why why = {""};
        if (!request_parse(cases[i].line, strlen(cases[i].line), &request, &why))
            fail_msg("%s: %s", cases[i].line, why.text);
        assert_int_equal(request.type, cases[i].type);
        assert_int_equal(request.size, cases[i].size);
        assert_memory_equal(request.text, cases[i].text, cases[i].size + 1);
        assert_string_equal(request.room ? request.room : "-", cases[i].room ? cases[i].room : "-");
        assert_string_equal(request.to ? request.to : "-", cases[i].to ? cases[i].to : "-");
        assert_int_equal(request.kind, cases[i].kind);
        assert_string_equal(request.ref, cases[i].ref);
        request_clear(&request);
    }
}

#define REF_WRONG "ref: expected a whole number or a string, of at most 127 bytes as JSON"

/* With what is wrong, and the ref where it could be read. */
static void what_is_wrong_is_named(void **state) {
    static const struct {
        const char *line, *why, *ref;
    } cases[] = {
        {"{", "column 1: not a JSON object: string or '}' expected near end of file", ""},
        {"{\"say\":\"x\"} y", "column 13: not a JSON object: end of file expected near 'y'", ""},
        {"{\"say\":\"x\",\"say\":\"y\"}", "column 16: not a JSON object: duplicate object key near '\"say\"'", ""},
        {"{say:1}", "column 4: not a JSON object: string or '}' expected near 'say'", ""},
        {"{\"say\":\"\\ud800\"}", "column 15: not a JSON object: invalid Unicode '\\uD800' near '\"\\ud800\"'", ""},
        {"{}", "expected a key say or command", ""},
        {"{\"room\":\"tea\",\"ref\":4}", "expected a key say or command", "4"},
        {"{\"say\":5,\"ref\":1}", "say: 5, expected a string", "1"},
        {"{\"say\":null}", "say: null, expected a string", ""},
        {"{\"room\":[\"tea\"],\"say\":\"x\"}", "room: [\"tea\"], expected a string", ""},
        {"{\"say\":\"\"}", "say: 0 bytes, expected 1 to 65536", ""},
        {"{\"say\":\"\\r\"}", "say: 0 bytes, expected 1 to 65536", ""},
        {"{\"say\":\"x\",\"command\":\"who\",\"ref\":2}", "command: expected either say or command", "2"},
        {"{\"command\":\"wh\\u0000o\"}", "command: expected a string without \\u0000", ""},
        {"{\"say\":\"x\",\"to\":\"b\\u0000\"}", "to: expected a string without \\u0000", ""},
        {"{\"say\":\"x\",\"kind\":\"shout\"}", "kind 'shout': expected text, action or private", ""},
        {"{\"say\":\"x\",\"kind\":\"private\"}", "kind 'private': expected to, too", ""},
        {"{\"say\":\"x\",\"kind\":\"action\",\"to\":\"b\"}", "to: expected kind private, or none", ""},
        {"{\"command\":\"who\",\"to\":\"b\"}", "to: expected with say alone", ""},
        {"{\"command\":\"who\",\"kind\":\"text\"}", "kind: expected with say alone", ""},
        {"{\"says\":\"x\",\"ref\":3}", "'says': no such key, expected say, command, room, to, kind or ref", "3"},
        {"{\"say\":\"x\",\"ref\":1.5}", REF_WRONG, ""},
        {"{\"say\":\"x\",\"ref\":{}}", REF_WRONG, ""},
        {"{\"say\":\"x\",\"ref\":99999999999999999999}",
         "column 37: not a JSON object: too big integer near '99999999999999999999'", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request request;
        struct why why = {""};
        assert_false(request_parse(cases[i].line, strlen(cases[i].line), &request, &why));
        assert_string_equal(why.text, cases[i].why);
        assert_string_equal(request.ref, cases[i].ref);
        request_clear(&request);
    }
}

/* {"KEY":"…"}, `count` times `unit`. */
static char *long_one(const char *key, const char *unit, size_t count, size_t *size) {
    char *line = malloc(strlen(key) + strlen(unit) * count + 16), *at = line;
    assert_non_null(line);
    at += sprintf(at, "{\"%s\":\"", key);
    for (size_t i = 0; i < count; i++) at = stpcpy(at, unit);
    at = stpcpy(at, "\"}");
    *size = (size_t)(at - line);
    return line;
}

static void expect_long(const char *key, const char *unit, size_t count, const char *expected) {
    struct request request;
    struct why why = {""};
    size_t size;
    char *line = long_one(key, unit, count, &size);
    assert_true(size <= REQUEST_SIZE_MAX);
    assert_int_equal(request_parse(line, size, &request, &why), *expected == '\0');
    assert_string_equal(why.text, expected);
    request_clear(&request);
    free(line);
}

static void the_limits_are_those_of_messages(void **state) {
    (void)state;
    expect_long("say", "\\u0001", MESSAGE_TEXT_MAX, "");
    expect_long("say", "x", MESSAGE_TEXT_MAX, "");
    expect_long("say", "x", MESSAGE_TEXT_MAX + 1, "say: 65537 bytes, expected 1 to 65536");
    expect_long("command", "x", MESSAGE_TEXT_MAX - 1, "");
    expect_long("command", "x", MESSAGE_TEXT_MAX, "command: 65537 bytes, expected 65536 at most");
    expect_long("ref", "x", EVENT_REF_SIZE - 3, "expected a key say or command");
    expect_long("ref", "x", EVENT_REF_SIZE - 2, REF_WRONG);
}

/* Else a line could take the stack. */
static void depth_has_an_end(void **state) {
    static const char begin[] = "{\"say\":";
    static char line[REQUEST_SIZE_MAX];
    struct request request;
    struct why why;
    (void)state;
    memset(line, '[', sizeof line);
    for (size_t i = 0; i < strlen(begin); i++) line[i] = begin[i];
    assert_false(request_parse(line, sizeof line, &request, &why));
    assert_non_null(strstr(why.text, "maximum parsing depth reached"));
    request_clear(&request);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_told_from_text), cmocka_unit_test(what_is_asked_is_understood),
        cmocka_unit_test(what_is_wrong_is_named),     cmocka_unit_test(the_limits_are_those_of_messages),
        cmocka_unit_test(depth_has_an_end),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
