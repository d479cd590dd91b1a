#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/look/keys.h"

static const struct keys_own none;

static void every_binding_is_whole(void **state) {
    (void)state;
    size_t count;
    const struct binding *table = keys_table(&count);
    for (size_t i = 0; i < count; i++) {
        char name[32];
        assert_true(strlen(keys_name(table[i].key, name)) > 0);
        assert_true(strlen(keys_help(table[i].action)) > 0);
        assert_int_equal(keys_action(&none, table[i].key), table[i].action);
        for (size_t j = 0; j < i; j++) assert_int_not_equal(table[i].key, table[j].key);
    }
}

static void every_action_has_a_key(void **state) {
    (void)state;
    size_t count;
    const struct binding *table = keys_table(&count);
    for (int action = 0; action < ACTION_NONE; action++) {
        size_t bound = 0;
        for (size_t i = 0; i < count; i++) bound += table[i].action == action;
        assert_int_equal(bound > 0, action != ACTION_INSERT);
    }
    assert_string_equal(keys_help(ACTION_INSERT), "");
    assert_string_equal(keys_help(ACTION_NONE), "");
    assert_string_equal(keys_help(-1), "");
}

static void does_what_hands_know(void **state) {
    (void)state;
    static const struct {
        uint32_t key;
        int action;
    } known[] = {
        {0x01, EDIT_LINE_START},
        {0x02, EDIT_LEFT},
        {0x03, ACTION_INTERRUPT},
        {0x04, ACTION_END},
        {0x05, EDIT_LINE_END},
        {0x06, EDIT_RIGHT},
        {0x08, EDIT_DELETE_BACKWARD},
        {0x09, ACTION_COMPLETE},
        {0x0a, ACTION_ENTER},
        {0x0b, EDIT_KILL_TO_END},
        {0x0c, ACTION_REDRAW},
        {0x0d, ACTION_ENTER},
        {0x0e, ACTION_ROOM_NEXT},
        {0x10, ACTION_ROOM_PREVIOUS},
        {0x12, ACTION_HISTORY_SEARCH},
        {0x14, EDIT_TRANSPOSE},
        {0x15, EDIT_KILL_TO_START},
        {0x17, EDIT_KILL_WORD_BACKWARD},
        {0x19, EDIT_YANK},
        {0x1a, ACTION_SUSPEND},
        {0x1f, EDIT_UNDO},
        {0x7f, EDIT_DELETE_BACKWARD},
        {KEYS_ALT | 'b', EDIT_WORD_LEFT},
        {KEYS_ALT | 'B', EDIT_WORD_LEFT},
        {KEYS_ALT | 'd', EDIT_KILL_WORD_RIGHT},
        {KEYS_ALT | 'y', EDIT_YANK_OLDER},
        {KEYS_ALT | 0x7f, EDIT_KILL_WORD_LEFT},
        {KEYS_ALT | '\r', ACTION_NEWLINE},
        {KEYS_ALT | '1', ACTION_ROOM_1},
        {KEYS_ALT | '5', ACTION_ROOM_1 + 4},
        {KEYS_ALT | '9', ACTION_ROOM_9},
        {KEYS_CTRL_RIGHT, EDIT_WORD_RIGHT},
        {KEYS_PAGE_UP, ACTION_PAGE_UP},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_int_equal(keys_action(&none, known[i].key), known[i].action);
}

static void text_is_inserted(void **state) {
    (void)state;
    assert_int_equal(keys_action(&none, ' '), ACTION_INSERT);
    assert_int_equal(keys_action(&none, 'B'), ACTION_INSERT);
    assert_int_equal(keys_action(&none, 0xe9), ACTION_INSERT);
    assert_int_equal(keys_action(&none, 0x10ffff), ACTION_INSERT);
    assert_int_equal(keys_action(&none, KEYS_ALT | 'q'), ACTION_NONE);
    assert_int_equal(keys_action(&none, KEYS_ALT | 0xe9), ACTION_NONE);
    assert_int_equal(keys_action(&none, 0), ACTION_NONE);
    assert_int_equal(keys_action(&none, 0x1b), ACTION_NONE);
    for (uint32_t key = KEYS_PASTE_BEGIN; key <= KEYS_CLOSED; key++)
        assert_int_equal(keys_action(&none, key), ACTION_NONE);
}

static void has_names(void **state) {
    (void)state;
    static const struct {
        uint32_t key;
        const char *name;
    } examples[] = {
        {0x01, "Ctrl-A"},
        {0x1f, "Ctrl-_"},
        {0, "Ctrl-@"},
        {KEYS_ALT | '\r', "Alt-Enter"},
        {'\t', "Tab"},
        {KEYS_ALT | 'm', "Alt-M"},
        {0xe9, "é"},
        {'a', "a"},
        {'\n', "Ctrl-J"},
        {KEYS_PAGE_UP, "PgUp"},
        {0x7f, "Backspace"},
        {KEYS_ALT | 0x08, "Alt-Ctrl-H"},
        {KEYS_ALT | '<', "Alt-<"},
        {KEYS_ALT | KEYS_HOME, "Alt-Home"},
    };
    char out[32];
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        assert_string_equal(keys_name(examples[i].key, out), examples[i].name);
    for (uint32_t key = KEYS_FIRST; key <= KEYS_CLOSED; key++) assert_true(strlen(keys_name(key, out)) > 0);
}

static void the_users_own_go_before(void **state) {
    struct keys_own own = {.count = 0};
    struct why why;
    size_t at = 0;
    uint32_t key;
    (void)state;
    assert_true(keys_bind(&own, "ctrl-n", "unread-room", &why));
    assert_true(keys_bind(&own, "Alt-X", "next-room", &why));
    assert_true(keys_bind(&own, "pgup", "none", &why));
    assert_int_equal(keys_action(&own, 0x0e), ACTION_ROOM_UNREAD);
    assert_int_equal(keys_action(&own, KEYS_ALT | 'x'), ACTION_ROOM_NEXT);
    assert_int_equal(keys_action(&own, KEYS_ALT | 'X'), ACTION_ROOM_NEXT);
    assert_int_equal(keys_action(&own, KEYS_PAGE_UP), ACTION_NONE);
    assert_int_equal(keys_action(&own, 'x'), ACTION_INSERT);
    assert_true(keys_of_action(&own, ACTION_ROOM_NEXT, &at, &key));
    assert_int_equal(key, KEYS_ALT | 'x');
    assert_true(keys_of_action(&own, ACTION_ROOM_NEXT, &at, &key));
    assert_int_equal(key, KEYS_ALT | KEYS_RIGHT); /* Ctrl-N does something else now */
    assert_false(keys_of_action(&own, ACTION_ROOM_NEXT, &at, &key));
    at = 0;
    assert_false(keys_of_action(&own, ACTION_PAGE_UP, &at, &key));
}

static void every_key_and_action_can_be_named(void **state) {
    size_t count;
    const struct binding *table = keys_table(&count);
    struct why why;
    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct keys_own own = {.count = 0};
        char name[32];
        bool fixed = table[i].key == '\r' || table[i].key == '\n' || table[i].key == 0x03;
        assert_int_equal(keys_bind(&own, keys_name(table[i].key, name), "help", &why), !fixed);
        if (!fixed && own.items[0].key != table[i].key)
            assert_string_equal(name, strstr(name, "Alt") ? "Alt-Backspace" : "Backspace");
    }
    for (int action = 0; action < ACTION_NONE; action++) {
        struct keys_own own = {.count = 0};
        if (action == ACTION_INSERT) continue;
        assert_true(*keys_action_name(action));
        assert_true(keys_bind(&own, "f1", keys_action_name(action), &why));
        assert_int_equal(keys_action(&own, KEYS_F1), action);
        for (int other = 0; other < action; other++)
            assert_string_not_equal(keys_action_name(other), keys_action_name(action));
    }
    assert_string_equal(keys_action_name(ACTION_INSERT), "");
}

static void wrong_ones_are_told(void **state) {
    static const struct {
        const char *key, *action, *expected;
    } cases[] = {
        {"enter", "help", "is Enter, which sends, expected another key"},
        {"ctrl-m", "help", "is Enter, which sends, expected another key"},
        {"ctrl-j", "help", "is Enter, which sends, expected another key"},
        {"esc", "help", "begins other keys, expected another key"},
        {"ctrl-[", "help", "begins other keys, expected another key"},
        {"ctrl-c", "help", "leaves, whatever happens, expected another key"},
        {"a", "help", "is text, expected it with Ctrl- or Alt-, or another key"},
        {"space", "help", "is text, expected it with Ctrl- or Alt-, or another key"},
        {"é", "help", "is text, expected it with Ctrl- or Alt-, or another key"},
        {"ctrl-é", "help", "unknown key, expected one as in ctrl-n, alt-x, alt-left, f1, home or pgdn"},
        {"hyper-x", "help", "unknown key, expected one as in ctrl-n, alt-x, alt-left, f1, home or pgdn"},
        {"(none)", "help", "unknown key, expected one as in ctrl-n, alt-x, alt-left, f1, home or pgdn"},
        {"alt-", "help", "unknown key, expected one as in ctrl-n, alt-x, alt-left, f1, home or pgdn"},
        {"", "help", "unknown key, expected one as in ctrl-n, alt-x, alt-left, f1, home or pgdn"},
        {"f1", "nextroom", "unknown action, did you mean next-room?"},
        {"f1", "what", "unknown action, expected a name that /help keys shows, as next-room, or none"},
        {"Ctrl-X", "help", "Ctrl-X is given already, expected once"},
    };
    struct keys_own own = {.count = 0};
    struct why why;
    (void)state;
    assert_true(keys_bind(&own, "ctrl-x", "help", &why));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(keys_bind(&own, cases[i].key, cases[i].action, &why));
        assert_string_equal(why.text, cases[i].expected);
        assert_int_equal(own.count, 1);
    }
    for (char sign = '!'; own.count < KEYS_OWN_MAX; sign++) {
        char name[8];
        snprintf(name, sizeof name, "alt-%c", sign);
        if (sign < 'A' || sign > 'Z') assert_true(keys_bind(&own, name, "help", &why));
    }
    assert_false(keys_bind(&own, "f1", "help", &why));
    assert_string_equal(why.text, "expected at most 64 keys");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_binding_is_whole),
        cmocka_unit_test(every_action_has_a_key),
        cmocka_unit_test(does_what_hands_know),
        cmocka_unit_test(text_is_inserted),
        cmocka_unit_test(has_names),
        cmocka_unit_test(the_users_own_go_before),
        cmocka_unit_test(every_key_and_action_can_be_named),
        cmocka_unit_test(wrong_ones_are_told),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
