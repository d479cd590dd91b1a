#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/keys.h"

static void every_binding_is_whole(void **state) {
    (void)state;
    size_t count;
    const struct binding *table = keys_table(&count);
    for (size_t i = 0; i < count; i++) {
        char name[32];
        assert_true(strlen(keys_name(table[i].key, name)) > 0);
        assert_true(strlen(keys_help(table[i].action)) > 0);
        assert_int_equal(keys_action(table[i].key), table[i].action);
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
        assert_int_equal(keys_action(known[i].key), known[i].action);
}

static void text_is_inserted(void **state) {
    (void)state;
    assert_int_equal(keys_action(' '), ACTION_INSERT);
    assert_int_equal(keys_action('B'), ACTION_INSERT);
    assert_int_equal(keys_action(0xe9), ACTION_INSERT);
    assert_int_equal(keys_action(0x10ffff), ACTION_INSERT);
    assert_int_equal(keys_action(KEYS_ALT | 'q'), ACTION_NONE);
    assert_int_equal(keys_action(KEYS_ALT | 0xe9), ACTION_NONE);
    assert_int_equal(keys_action(0), ACTION_NONE);
    assert_int_equal(keys_action(0x1b), ACTION_NONE);
    for (uint32_t key = KEYS_PASTE_BEGIN; key <= KEYS_CLOSED; key++) assert_int_equal(keys_action(key), ACTION_NONE);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_binding_is_whole),
        cmocka_unit_test(every_action_has_a_key),
        cmocka_unit_test(does_what_hands_know),
        cmocka_unit_test(text_is_inserted),
        cmocka_unit_test(has_names),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
