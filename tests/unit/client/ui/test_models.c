#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/ui/models.h"
#include "tests/support/folder.h"
#include "tests/support/sample_event.h"

#define OUR_KEY "0123456789abcdef0123456789abcdef"
#define HER_KEY "fedcba9876543210fedcba9876543210"
#define WALL_MS 1700000000456

/* `directory` NULL: keeps nothing. In the room "lobby". */
static void open_in_lobby(struct models *models, const char *directory) {
    struct ui ui = {.nick = "carol", .fingerprint = OUR_KEY, .directory = directory};
    struct why why;
    struct taken taken;
    assert_true(models_open(models, &ui, &why));
    struct event *joined = sample_event(EVENT_JOINED, NULL);
    models_take(models, joined, &taken);
    assert_ptr_equal(taken.conversation, conversations_current(&models->conversations));
    event_destroy(joined);
}

/* alice's, with her key. */
static struct event *hers(enum event_type type, const char *text) {
    struct event *event = sample_event(type, text);
    strcpy(event->fingerprint, HER_KEY);
    return event;
}

static void take(struct models *models, struct event *event, struct taken *out) {
    models_take(models, event, out);
    event_destroy(event);
}

static void meet_alice(struct models *models, struct taken *out) {
    take(models, hers(EVENT_PEER_JOINED, NULL), out);
    take(models, hers(EVENT_PEER_CONNECTED, NULL), out);
}

static void ignore_alice(struct models *models) {
    struct why why;
    bool ignored;
    assert_true(ignores_toggle(&models->ignores, HER_KEY, "alice", &ignored, &why));
    assert_true(ignored);
}

static void who_came_is_as_the_roster_has_them_now(void **state) {
    struct models models;
    struct taken taken;
    (void)state;
    open_in_lobby(&models, NULL);
    take(&models, hers(EVENT_PEER_JOINED, NULL), &taken);
    assert_non_null(taken.author);
    assert_string_equal(taken.author->label, "?00010203");
    take(&models, hers(EVENT_PEER_CONNECTED, NULL), &taken);
    assert_string_equal(taken.author->label, "alice#fedc");
    assert_string_equal(taken.label, "alice#fedc");
    assert_true(taken.heard);
    models_close(&models);
}

static void who_is_renamed_or_leaves_is_as_they_were(void **state) {
    struct models models;
    struct taken taken;
    (void)state;
    open_in_lobby(&models, NULL);
    meet_alice(&models, &taken);
    struct event *renamed = hers(EVENT_PEER_NICK, "alice");
    strcpy(renamed->nick, "alicia");
    take(&models, renamed, &taken);
    assert_string_equal(taken.label, "alice#fedc");
    take(&models, hers(EVENT_PEER_LEFT, NULL), &taken);
    assert_string_equal(taken.label, "alicia#fedc");
    assert_string_equal(taken.author->label, "alicia#fedc");
    assert_int_equal(taken.conversation->roster.count, 0);
    models_close(&models);
}

static void what_we_said_has_our_label(void **state) {
    struct models models;
    struct taken taken;
    (void)state;
    open_in_lobby(&models, NULL);
    take(&models, sample_event(EVENT_SENT, "hi"), &taken);
    assert_string_equal(taken.label, "carol#0123");
    assert_null(taken.author);
    models_close(&models);
}

static void who_is_not_there_is_labelled_by_what_is_passed_on(void **state) {
    struct models models;
    struct taken taken;
    (void)state;
    open_in_lobby(&models, NULL);
    struct event *old = hers(EVENT_MESSAGE, "of old");
    old->history = true;
    take(&models, old, &taken);
    assert_null(taken.author);
    assert_string_equal(taken.label, "alice#fedc");
    assert_true(taken.heard);
    models_close(&models);
}

static void who_is_ignored_is_not_heard_but_seen(void **state) {
    struct models models;
    struct taken taken;
    (void)state;
    open_in_lobby(&models, NULL);
    meet_alice(&models, &taken);
    ignore_alice(&models);
    take(&models, hers(EVENT_MESSAGE, "hi"), &taken);
    assert_false(taken.heard);
    take(&models, hers(EVENT_PEER_LEFT, NULL), &taken);
    assert_true(taken.heard);
    struct event *old = hers(EVENT_MESSAGE, "of old");
    old->history = true;
    take(&models, old, &taken);
    assert_false(taken.heard);
    models_close(&models);
}

static void ignore_line(void *context, const char *text, size_t size) {
    (void)context;
    (void)text;
    (void)size;
}

/* Members pass on to who was started again what its transcript has shown just before. */
static void what_a_transcript_showed_is_not_heard_again(void **state) {
    struct models models;
    struct taken taken;
    struct why why;
    open_in_lobby(&models, *state);
    assert_true(transcripts_enable(&models.transcripts, "lobby", true, &why));
    struct event *said = hers(EVENT_MESSAGE, "once");
    models_take(&models, said, &taken);
    assert_true(taken.heard);
    assert_true(transcripts_append(&models.transcripts, said, taken.label, WALL_MS, &why));
    models_close(&models);

    open_in_lobby(&models, *state);
    transcripts_last(&models.transcripts, "lobby", ignore_line, NULL);
    models_take(&models, said, &taken);
    assert_false(taken.heard);
    event_destroy(said);
    models_close(&models);
}

static void what_is_of_no_room_or_an_unknown_one_has_no_conversation(void **state) {
    struct models models;
    struct taken taken;
    (void)state;
    open_in_lobby(&models, NULL);
    struct event *event = sample_event(EVENT_ERROR, "no");
    event->room = NULL;
    take(&models, event, &taken);
    assert_null(taken.conversation);
    assert_true(taken.heard);
    event = hers(EVENT_MESSAGE, "hi");
    event->room = "elsewhere";
    take(&models, event, &taken);
    assert_null(taken.conversation);
    assert_null(taken.author);
    models_close(&models);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_came_is_as_the_roster_has_them_now),
        cmocka_unit_test(who_is_renamed_or_leaves_is_as_they_were),
        cmocka_unit_test(what_we_said_has_our_label),
        cmocka_unit_test(who_is_not_there_is_labelled_by_what_is_passed_on),
        cmocka_unit_test(who_is_ignored_is_not_heard_but_seen),
        cmocka_unit_test_setup_teardown(what_a_transcript_showed_is_not_heard_again, folder_make, folder_remove),
        cmocka_unit_test(what_is_of_no_room_or_an_unknown_one_has_no_conversation),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("models", tests, NULL, NULL);
}
