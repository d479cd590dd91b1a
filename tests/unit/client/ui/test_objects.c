/* Objects of the input against two rooms: what the engine is told, and what is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/ui/json.h"
#include "client/ui/objects.h"

#define BOB_ID "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct stage {
    struct objects objects;
    struct models models;
    struct command_host host;
    struct input *told; /* the last one */
    char shown[1024];   /* as JSON */
    unsigned quits;
};

static void tell(void *context, struct input *input) {
    struct stage *stage = context;
    assert_null(stage->told);
    stage->told = input;
}

static void show(void *context, const struct event *event) {
    struct stage *stage = context;
    char *line = ui_json_line(event);
    assert_true(strlen(stage->shown) + strlen(line) < sizeof stage->shown);
    strcat(stage->shown, line);
    free(line);
}

static void go(void *context, struct conversation *to) {
    struct stage *stage = context;
    while (conversations_current(&stage->models.conversations) != to)
        stage->models.conversations.current = (stage->models.conversations.current + 1) % 2;
}

static void quit(void *context) {
    ((struct stage *)context)->quits++;
}

static void apply(struct stage *stage, const char *room, enum event_type type) {
    struct event *event = event_create(type, NULL, 0);
    event->room = room;
    memset(event->peer, 0xbb, sizeof event->peer);
    snprintf(event->nick, sizeof event->nick, "bob");
    snprintf(event->fingerprint, sizeof event->fingerprint, "0b0b");
    event->credit = 1;
    conversations_apply(&stage->models.conversations, event);
    event_destroy(event);
}

/* Bob is in tea; we speak in milk, which gives no credit. */
static void stage_open(struct stage *stage) {
    static struct client_config settings;
    struct why why;
    memset(stage, 0, sizeof *stage);
    conversations_init(&stage->models.conversations, "carol", "0123456789abcdef0123456789abcdef");
    assert_true(ignores_open(&stage->models.ignores, NULL, &why));
    stage->host = (struct command_host){.context = stage,
                                        .models = &stage->models,
                                        .settings = &settings,
                                        .tell = tell,
                                        .show = show,
                                        .go = go,
                                        .quit = quit};
    apply(stage, "tea", EVENT_JOINED);
    apply(stage, "tea", EVENT_PEER_CONNECTED);
    apply(stage, "tea", EVENT_CREDIT);
    apply(stage, "milk", EVENT_JOINED);
}

static void stage_close(struct stage *stage) {
    assert_null(stage->told);
    objects_clear(&stage->objects);
    conversations_clear(&stage->models.conversations);
    ignores_close(&stage->models.ignores);
}

static struct line piece_of(const char *text, bool begins, bool ends) {
    return (struct line){.text = text, .size = strlen(text), .number = 7, .begins = begins, .ends = ends};
}

/* Is it complete, and right? */
static bool add(struct stage *stage, const char *line) {
    struct line piece = piece_of(line, true, true);
    stage->shown[0] = '\0';
    assert_true(objects_take(&stage->objects, &piece));
    return objects_add(&stage->objects, &stage->host, &piece);
}

/* Carries it out, and looks at what it shows. */
static void expect(struct stage *stage, const char *line, const char *shown) {
    if (add(stage, line)) objects_run(&stage->objects, &stage->host);
    assert_string_equal(stage->shown, shown);
}

static void expect_said(struct stage *stage, const char *line, const char *room, enum chat_kind kind, const char *text,
                        const char *ref) {
    expect(stage, line, "");
    assert_non_null(stage->told);
    assert_int_equal(stage->told->type, INPUT_SAY);
    assert_string_equal(stage->told->room, room);
    assert_int_equal(stage->told->kind, kind);
    assert_string_equal(stage->told->text, text);
    assert_string_equal(stage->told->ref, ref);
    assert_int_equal(stage->told->peer[0], kind == CHAT_PRIVATE ? 0xbb : 0);
    input_destroy(stage->told);
    stage->told = NULL;
}

static void what_is_said_goes_where_it_shall(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage);
    expect_said(&stage, "{\"say\":\"one\\ntwo\",\"ref\":\"a\"}", "milk", CHAT_TEXT, "one\ntwo", "\"a\"");
    expect_said(&stage, "{\"say\":\"/quit\",\"room\":\"tea\"}", "tea", CHAT_TEXT, "/quit", "");
    expect_said(&stage, "{\"say\":\"waves\",\"kind\":\"action\",\"room\":\"tea\",\"ref\":1}", "tea", CHAT_ACTION,
                "waves", "1");
    expect_said(&stage, "{\"say\":\"psst\",\"to\":\"bob\",\"room\":\"tea\"}", "tea", CHAT_PRIVATE, "psst", "");
    expect_said(&stage, "{\"say\":\"psst\",\"to\":\"" BOB_ID "\",\"room\":\"tea\"}", "tea", CHAT_PRIVATE, "psst", "");
    assert_string_equal(conversations_current(&stage.models.conversations)->name, "milk");
    stage_close(&stage);
}

static void what_is_wrong_is_told_with_its_line(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage);
    expect(&stage, "{\"say\":5,\"ref\":3}",
           "{\"event\":\"error\",\"text\":\"line 7: say: 5, expected a string\",\"ref\":3}\n");
    expect(&stage, "{\"say\":\"x\",\"room\":\"te\",\"ref\":3}",
           "{\"event\":\"error\",\"text\":\"line 7: room 'te': you are not there, expected the name of a joined one\","
           "\"ref\":3}\n");
    expect(&stage, "{\"say\":\"x\",\"to\":\"eve\",\"room\":\"tea\"}",
           "{\"event\":\"error\",\"text\":\"line 7: to: 'eve' is not here; here is bob#0b0b\"}\n");
    expect(&stage, "{\"command\":\"dnace\",\"ref\":\"\"}",
           "{\"event\":\"error\",\"text\":\"line 7: /dnace: no such command, /help lists them; text that begins with / "
           "is written //\\u2026\",\"ref\":\"\"}\n");
    conversations_find(&stage.models.conversations, "tea")->parting = true;
    expect(&stage, "{\"say\":\"x\",\"room\":\"tea\",\"to\":\"bob\"}",
           "{\"event\":\"error\",\"text\":\"line 7: room 'tea' is being left\"}\n");
    conversations_remove(&stage.models.conversations, conversations_find(&stage.models.conversations, "tea"));
    conversations_remove(&stage.models.conversations, conversations_find(&stage.models.conversations, "milk"));
    expect(&stage, "{\"say\":\"x\"}",
           "{\"event\":\"error\",\"text\":\"line 7: you are in no room, expected a command join ROOM first\"}\n");
    stage_close(&stage);
}

static void commands_act_in_the_room_that_is_named(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage);
    expect(&stage, "{\"command\":\"ignore\",\"ref\":4}",
           "{\"event\":\"notice\",\"text\":\"nobody is ignored\",\"ref\":4}\n");
    expect(&stage, "{\"command\":\"/who\",\"room\":\"tea\",\"ref\":5}",
           "{\"event\":\"member\",\"room\":\"tea\",\"peer\":\"" BOB_ID "\",\"nick\":\"bob\",\"state\":\"connected\","
           "\"path\":\"direct\",\"address\":\"[::]:0\",\"rtt_ms\":0.0,\"cipher\":\"\",\"fingerprint\":\"0b0b\","
           "\"safety_number\":\"\",\"waiting\":0,\"ignored\":false,\"verified\":false,\"ref\":5}\n");
    expect(&stage, "{\"command\":\"who\"}",
           "{\"event\":\"notice\",\"room\":\"milk\",\"text\":\"nobody else is here\"}\n");
    expect_said(&stage, "{\"command\":\"me waves\",\"room\":\"tea\",\"ref\":6}", "tea", CHAT_ACTION, "waves", "6");
    assert_string_equal(conversations_current(&stage.models.conversations)->name, "milk");
    expect(&stage, "{\"command\":\"join tea\"}", "");
    assert_string_equal(conversations_current(&stage.models.conversations)->name, "tea");
    expect(&stage, "{\"command\":\"quit\"}", "");
    assert_int_equal(stage.quits, 1);
    stage_close(&stage);
}

/* And nothing shorter: a program knows where it is. */
static void a_room_is_found_however_its_name_is_typed(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage);
    apply(&stage, "caf\xc3\xa9 1", EVENT_JOINED);
    apply(&stage, "milk", EVENT_JOINED);
    expect_said(&stage, "{\"say\":\"x\",\"room\":\"cafe\\u0301\\u00a01\"}", "caf\xc3\xa9 1", CHAT_TEXT, "x", "");
    expect(
        &stage, "{\"say\":\"x\",\"room\":\"caf\\u00e9\"}",
        "{\"event\":\"error\",\"text\":\"line 7: room 'caf\\u00E9': you are not there, expected the name of a joined "
        "one\"}\n");
    stage_close(&stage);
}

static void it_waits_for_the_room_that_it_is_for(void **state) {
    static const struct {
        const char *line;
        bool may;
    } cases[] = {
        {"{\"say\":\"x\"}", false},
        {"{\"say\":\"x\",\"room\":\"tea\"}", true},
        {"{\"say\":\"x\",\"room\":\"none\"}", true}, /* to be told so */
        {"{\"command\":\"me x\"}", false},
        {"{\"command\":\"me x\",\"room\":\"tea\"}", true},
        {"{\"command\":\"part\"}", true},
        {"{\"command\":\"join x\"}", true},
    };
    struct stage stage;
    (void)state;
    stage_open(&stage);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(add(&stage, cases[i].line));
        assert_int_equal(objects_may_run(&stage.objects, &stage.host), cases[i].may);
    }
    stage_close(&stage);
}

/* Lines longer than a message come in pieces. */
static void pieces_are_put_together(void **state) {
    const struct line pieces[] = {piece_of("{\"say\":\"on", true, false), piece_of("{e", false, false),
                                  piece_of(" two\",\"room\":\"tea\"}", false, true)};
    struct stage stage;
    (void)state;
    stage_open(&stage);
    for (size_t i = 0; i < 3; i++) {
        assert_true(objects_take(&stage.objects, &pieces[i]));
        assert_int_equal(objects_add(&stage.objects, &stage.host, &pieces[i]), i == 2);
    }
    objects_run(&stage.objects, &stage.host);
    assert_string_equal(stage.shown, "");
    assert_string_equal(stage.told->text, "on{e two");
    input_destroy(stage.told);
    stage.told = NULL;
    assert_false(objects_take(&stage.objects, &pieces[1]));
    stage_close(&stage);
}

static void what_is_too_long_or_no_utf8_is_refused(void **state) {
    static char part[MESSAGE_TEXT_MAX + 1];
    struct line piece = piece_of("{\"say\":\"x\"}", true, true);
    char expected[128];
    struct stage stage;
    (void)state;
    stage_open(&stage);
    piece.repaired = true;
    assert_false(objects_add(&stage.objects, &stage.host, &piece));
    assert_string_equal(stage.shown, "{\"event\":\"error\",\"text\":\"line 7: not UTF-8\"}\n");
    stage.shown[0] = '\0';
    memset(part, '{', MESSAGE_TEXT_MAX);
    for (size_t i = 0; i <= REQUEST_SIZE_MAX / MESSAGE_TEXT_MAX; i++) {
        piece = piece_of(part, i == 0, i == REQUEST_SIZE_MAX / MESSAGE_TEXT_MAX);
        assert_false(objects_add(&stage.objects, &stage.host, &piece));
    }
    snprintf(expected, sizeof expected,
             "{\"event\":\"error\",\"text\":\"line 7: expected an object of at most %d bytes\"}\n", REQUEST_SIZE_MAX);
    assert_string_equal(stage.shown, expected);
    expect_said(&stage, "{\"say\":\"and on\",\"room\":\"tea\"}", "tea", CHAT_TEXT, "and on", "");
    stage_close(&stage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_goes_where_it_shall),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
        cmocka_unit_test(commands_act_in_the_room_that_is_named),
        cmocka_unit_test(a_room_is_found_however_its_name_is_typed),
        cmocka_unit_test(it_waits_for_the_room_that_it_is_for),
        cmocka_unit_test(pieces_are_put_together),
        cmocka_unit_test(what_is_too_long_or_no_utf8_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
