#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/columns.h"
#include "client/curses/completion.h"
#include "client/ui/arguments.h"
#include "client/ui/commands.h"

static struct conversations conversations;
static struct editor editor;
static struct completion completion;
static uint8_t spoke[2][MEMBER_ID_SIZE];
static size_t spoke_count;

static void happens(enum event_type type, const char *room, uint8_t id, const char *nick, const char *fingerprint) {
    struct event *event = event_create(type, NULL, 0);
    event->room = room;
    memset(event->peer, id, sizeof event->peer);
    snprintf(event->nick, sizeof event->nick, "%s", nick);
    snprintf(event->fingerprint, sizeof event->fingerprint, "%s", fingerprint);
    (void)conversations_apply(&conversations, event);
    event_destroy(event);
}

static int begin(void **state) {
    static const struct {
        const char *nick, *fingerprint;
    } members[] = {{"alice", "1111"}, {"Alan", "2222"},       {"bob", "3333"}, {"bob", "4444"},
                   {"Émile", "5555"}, {"Anna Maria", "6666"}, {"zoe", "7777"}};
    (void)state;
    conversations_init(&conversations, "me", "00000000000000000000000000000000");
    happens(EVENT_JOINED, "work place", 0, "", "");
    happens(EVENT_JOINED, "tea", 0, "", "");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        happens(EVENT_PEER_JOINED, "tea", (uint8_t)(i + 1), "", "");
        happens(EVENT_PEER_CONNECTED, "tea", (uint8_t)(i + 1), members[i].nick, members[i].fingerprint);
    }
    happens(EVENT_PEER_JOINED, "tea", 99, "", "");
    spoke_count = 0;
    editor_init(&editor);
    return 0;
}

static int end(void **state) {
    (void)state;
    completion_end(&completion);
    editor_destroy(&editor);
    conversations_clear(&conversations);
    return 0;
}

/* '|' is the cursor. */
static void given(const char *text) {
    size_t cursor = (size_t)(strchr(text, '|') - text);
    char whole[256];
    snprintf(whole, sizeof whole, "%.*s%s", (int)cursor, text, text + cursor + 1);
    completion_end(&completion);
    assert_true(editor_set(&editor, whole, strlen(whole), cursor));
}

static bool tab(bool backwards) {
    return completion_next(&completion, &editor, &conversations, (const uint8_t(*)[MEMBER_ID_SIZE])spoke, spoke_count,
                           backwards);
}

static void becomes(const char *expected) {
    char shown[256];
    snprintf(shown, sizeof shown, "%.*s|%s", (int)editor.cursor, editor.text, editor.text + editor.cursor);
    assert_string_equal(shown, expected);
}

static void completes(const char *text, const char *expected) {
    given(text);
    assert_true(tab(false));
    becomes(expected);
}

static void completes_not(const char *text) {
    given(text);
    assert_false(tab(false));
    becomes(text);
}

static void completes_nicks(void **state) {
    (void)state;
    completes("ali|", "alice: |");
    completes("ALI|", "alice: |");
    completes("ask ali|", "ask alice |");
    completes("é|", "Émile: |");
    completes("ali|, how are you?", "alice: |, how are you?");
    completes("ali| how are you?", "alice:| how are you?");
    completes("so ali| thinks", "so alice| thinks");
    completes("line\nzo|", "line\nzoe |");
    completes("//zoe zo|", "//zoe zoe |");
    completes("An|", "Anna Maria: |");
    completes_not("nobody|");
    completes_not("?6|");
}

/* What is completed, and read as the command reads it, means the same member, whatever the nicks are. */
static void completes_to_the_same_member(void **state) {
    static const char *const pieces[] = {"bob",       "Bob",       "\"",   "\\",     " ",  ",", "b",
                                         "caf\u00e9", "CAF\u00c9", "1111", "\u00df", "ss", "'"};
    (void)state;
    uint32_t number = 1;
    for (unsigned round = 0; round < 300; round++) {
        conversations_clear(&conversations);
        conversations_init(&conversations, "me", "00000000000000000000000000000000");
        happens(EVENT_JOINED, "tea", 0, "", "");
        for (uint8_t id = 1; id <= 6; id++) {
            char made[64] = "", nick[TEXT_NICK_MAX + 1], fingerprint[8];
            for (unsigned i = 0; i < 3; i++) {
                number = number * 1664525 + 1013904223;
                strcat(made, pieces[(number >> 8) % (sizeof pieces / sizeof *pieces)]);
            }
            if (!text_nick(made, strlen(made), nick)) memcpy(nick, "x", 2);
            snprintf(fingerprint, sizeof fingerprint, "%u", 1110U + id / 3); /* some have the same digits */
            happens(EVENT_PEER_JOINED, "tea", id, "", "");
            happens(EVENT_PEER_CONNECTED, "tea", id, nick, fingerprint);
        }
        const struct conversation *room = conversations_current(&conversations);
        bool seen[7] = {false};
        size_t offered = 0;
        given(round % 2 ? "/msg |" : "/msg \"|");
        for (; offered < room->roster.count && tab(false); offered++) {
            char line[256], *rest = line + strlen("/msg ");
            snprintf(line, sizeof line, "%.*s", (int)sizeof line - 1, editor.text);
            char *literal = arguments_literal(rest), *name = arguments_word(&rest);
            struct member *meant = NULL;
            assert_non_null(name);
            assert_string_equal(rest, "");
            if (arguments_peer(&room->roster, name, literal, &meant) != ROSTER_FOUND) fail_msg("%s", editor.text);
            assert_false(seen[meant->id[0]]);
            seen[meant->id[0]] = true;
            free(literal);
        }
        assert_int_equal(offered, room->roster.count);
    }
}

static void completes_what_was_typed_in_quotes(void **state) {
    (void)state;
    happens(EVENT_PEER_NICK, "tea", 7, "say \"hi\" \\o", "");
    completes("/msg say|", "/msg \"say \\\"hi\\\" \\\\o\" |");
    completes("/msg \"say \\\"h|", "/msg \"say \\\"hi\\\" \\\\o\" |");
    happens(EVENT_PEER_NICK, "tea", 7, "\"bob\"", "");
    completes("/info \"\\\"b|", "/info \"\\\"bob\\\"\" |");
    completes("ask \"b|", "ask \"bob\" |"); /* no command: as it is */
    happens(EVENT_PEER_NICK, "tea", 7, "stra\u00dfe", "");
    completes("/msg STRASS|", "/msg stra\u00dfe |");
}

static void tells_namesakes_apart(void **state) {
    (void)state;
    completes("bo|", "bob#3333: |");
    assert_true(tab(false));
    becomes("bob#4444: |");
    completes("x bob#4|", "x bob#4444 |");
    completes("x zoe#7|", "x zoe#7777 |");
}

static void goes_round(void **state) {
    (void)state;
    completes("well al|!", "well Alan |!");
    assert_true(tab(false));
    becomes("well alice |!");
    assert_true(tab(false));
    becomes("well Alan |!");
    assert_true(tab(true));
    becomes("well alice |!");
    given("al|");
    assert_true(tab(true));
    becomes("alice: |");
    assert_true(tab(true));
    becomes("Alan: |");
    completion_end(&completion);
    assert_false(completion.active);
    assert_true(tab(false));
    becomes("Alan: Alan |");
    assert_true(editor_do(&editor, EDIT_UNDO));
    becomes("Alan: |");
}

static void offers_who_spoke_first(void **state) {
    (void)state;
    memset(spoke[0], 7, MEMBER_ID_SIZE);
    memset(spoke[1], 1, MEMBER_ID_SIZE);
    spoke_count = 2;
    completes("|", "zoe: |");
    assert_true(tab(false));
    becomes("alice: |");
    assert_true(tab(false));
    becomes("Alan: |");
    assert_int_equal(completion.count, 7);
    completes("al|", "alice: |");
}

static void completes_commands(void **state) {
    (void)state;
    completes("/jo|", "/join |");
    completes("/JO|", "/join |");
    completes("/wh| now", "/who| now");
    completes("/m|", "/me |");
    assert_true(tab(false));
    becomes("/msg |");
    completes_not("/nothing|");
    completes_not("//jo|");
    size_t count;
    (void)commands_table(&count);
    given("/|");
    assert_true(tab(false));
    assert_int_equal(completion.count, count);
}

static void completes_arguments(void **state) {
    (void)state;
    completes("/part te|", "/part tea |");
    completes("/pa te|", "/pa tea |");
    completes("/part wo|", "/part \"work place\" |");
    completes("/part \"work p|", "/part \"work place\" |");
    completes("/part \"t|", "/part \"tea\" |");
    completes("/msg zo|", "/msg zoe |");
    completes("/msg ann|", "/msg \"Anna Maria\" |");
    completes("/msg \"Anna M|", "/msg \"Anna Maria\" |");
    completes("/msg zoe ali|", "/msg zoe alice |");
    completes("/msg \"Anna Maria\" ann|", "/msg \"Anna Maria\" Anna Maria |");
    completes("/me greets zo|", "/me greets zoe |");
    completes("/me zo|", "/me zoe |");
    completes("/set be|", "/set bell |");
    completes("/help cle|", "/help clear |");
    completes_not("/set nick|");
    completes_not("/part zo|");
    completes("/m zo|x", "/m zoe |x");
}

static void needs_no_room(void **state) {
    (void)state;
    conversations_clear(&conversations);
    conversations_init(&conversations, "me", "0");
    completes_not("ali|");
    completes_not("/part t|");
    completes("/jo|", "/join |");
}

static void does_not_outgrow_a_message(void **state) {
    (void)state;
    static char text[MESSAGE_TEXT_MAX];
    memset(text, ' ', sizeof text);
    text[sizeof text - 2] = 'z';
    text[sizeof text - 1] = 'o';
    assert_true(editor_set(&editor, text, sizeof text, sizeof text));
    assert_false(tab(false));
    assert_memory_equal(editor.text, text, sizeof text);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(completes_nicks),
        TEST(completes_to_the_same_member),
        TEST(completes_what_was_typed_in_quotes),
        TEST(tells_namesakes_apart),
        TEST(goes_round),
        TEST(completes_commands),
        TEST(completes_arguments),
        TEST(offers_who_spoke_first),
        TEST(needs_no_room),
        TEST(does_not_outgrow_a_message),
    };
    if (!columns_init()) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("completion", tests, NULL, NULL);
}
