#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/modes.h"
#include "common/why.h"

#define WORDS_MOST 16

static char said[2000]; /* each item: "name=value ", "'word' " or the complaint and a newline */

static const char *read_words(struct flag_reader *reader) {
    const struct flag *flag;
    const char *value;
    struct why why;
    size_t at = 0;

    said[0] = '\0';
    for (enum flag_item item; (item = flag_next(reader, &flag, &value, &why)) != FLAG_END;) {
        const char *format = item == FLAG_GIVEN ? "%s=%s " : item == FLAG_WORD ? "%s'%s' " : "%s%s\n";

        at += (size_t)snprintf(said + at, sizeof said - at, format, item == FLAG_GIVEN ? flag->name : "",
                               item == FLAG_WRONG ? why.text : value);
    }
    return said;
}

static const char *read_mode(enum mode mode, const char *const *words) {
    char *argv[WORDS_MOST + 1] = {"gochat"};
    int argc = 1;

    for (; words[argc - 1]; argc++) argv[argc] = (char *)(uintptr_t)words[argc - 1];
    struct flag_reader reader = mode_reader(mode, argc, argv);
    return read_words(&reader);
}

#define READ(mode, ...) read_mode(mode, (const char *const[]){__VA_ARGS__, NULL})

static void flags_have_values(void **state) {
    (void)state;
    assert_string_equal(READ(MODE_CLIENT, "--room", "a b", "--port=7", "--room=", "--help"),
                        "room=a b port=7 room= help= ");
    assert_string_equal(READ(MODE_CLIENT, "--room=--nick", "--nick", "-x-", "--room", "a=b", "--room", "-"),
                        "room=--nick nick=-x- room=a=b room=- ");
    assert_string_equal(READ(MODE_SEND, "one", "--room", "r", "-", "--", "--room", "--"),
                        "'one' room=r '-' '--room' '--' ");
}

static void a_beginning_is_enough_where_it_is_the_only_one(void **state) {
    (void)state;
    assert_string_equal(READ(MODE_CLIENT, "--boot", "h", "--po=1", "--conf", "f"), "bootnode=h port=1 config=f ");
    assert_string_equal(READ(MODE_BOOTNODE, "--con", "f", "--l", "a"), "config=f listen=a ");
    assert_string_equal(READ(MODE_BOOTNODE, "--c", "f"), "--c: may be short for --config or --check-config\n");
    assert_string_equal(READ(MODE_DOCTOR, "--config=f"), "config=f ");
}

static void what_does_not_exist_suggests_what_does(void **state) {
    static const char *const rows[][2] = {
        {"--rom", "--rom: no such flag, did you mean --room?\n"},
        {"--ROOM=x", "--ROOM=x: no such flag, did you mean --room?\n"},
        {"--data_dir", "--data_dir: no such flag, did you mean --data-dir?\n"},
        {"--loglevel=x", "--loglevel=x: no such flag, did you mean --log-level?\n"},
        {"-room", "-room: no such flag, did you mean --room?\n"},
        {"-h", "-h: no such flag, did you mean --help?\n"},
        {"--boothnode", "--boothnode: no such flag, did you mean --bootnode?\n"},
        {"--colour", "--colour: no such flag (see gochat --mode client --help)\n"},
        {"--listen", "--listen: belongs to --mode bootnode\n"},
        {"--lifetime", "--lifetime: belongs to --mode doctor\n"},
        {"--timeout=3", "--timeout=3: belongs to --mode send or --mode doctor\n"},
        {"--tiemout", "--tiemout: no such flag, did you mean --timeout of --mode send or --mode doctor?\n"},
        {"--check", "--check: no such flag, did you mean --check-config of --mode bootnode?\n"},
        {"---", "---: no such flag (see gochat --mode client --help)\n"},
        {"--=x", "--=x: no such flag (see gochat --mode client --help)\n"},
        {"--\x1b[2J", "--\xef\xbf\xbd[2J: no such flag (see gochat --mode client --help)\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(READ(MODE_CLIENT, rows[i][0]), rows[i][1]);
    assert_string_equal(READ(MODE_BOOTNODE, "--nick", "x"),
                        "--nick: belongs to --mode client or --mode send or --mode identity\n");
    assert_string_equal(READ(MODE_SEND, "--ui=json"), "--ui=json: belongs to --mode client\n");
    assert_string_equal(READ(MODE_SEND, "-5 degrees"), "-5 degrees: no such flag (see gochat --mode send --help; text "
                                                       "that begins with - stands behind --)\n");
}

static void a_long_word_is_cut(void **state) {
    char word[3000] = "--";
    (void)state;
    memset(word + 2, 'a', sizeof word - 3);
    READ(MODE_CLIENT, word);
    assert_non_null(strstr(said, ": no such flag (see gochat"));
    assert_true(strlen(said) < 300);
}

static void one_fault_is_one_line(void **state) {
    (void)state;
    assert_string_equal(READ(MODE_CLIENT, "--rom", "tea", "--room", "x"),
                        "--rom: no such flag, did you mean --room?\nroom=x ");
    assert_string_equal(READ(MODE_DOCTOR, "--rom=tea", "stray"),
                        "--rom=tea: no such flag, did you mean --room?\n"
                        "argument 'stray': expected flags only (see gochat --mode doctor --help)\n");
    assert_string_equal(READ(MODE_DOCTOR, "--room", "my", "best", "room", "--port", "1"),
                        "room=my argument 'best': expected flags only (see gochat --mode doctor --help)\nport=1 ");
}

/* A room that is kept. */
static void a_chatters_word_is_a_name_unless_it_seems_to_be_meant_for_a_flag(void **state) {
    (void)state;
    assert_string_equal(READ(MODE_CLIENT, "tea", "--port", "1", "-"), "'tea' port=1 '-' ");
    assert_string_equal(READ(MODE_CLIENT, "--", "doctor", "--room"), "'doctor' '--room' ");
    assert_string_equal(READ(MODE_CLIENT, "--rom", "tea", "club"), "--rom: no such flag, did you mean --room?\n");
}

static void a_stray_word_is_named(void **state) {
    (void)state;
    assert_string_equal(READ(MODE_CLIENT, "doctor"),
                        "argument 'doctor': expected flags only, did you mean --mode doctor?\n");
    assert_string_equal(READ(MODE_CLIENT, "\u2014room", "tea"),
                        "argument '\u2014room': begins with another dash, did you mean --room?\n");
    assert_string_equal(READ(MODE_BOOTNODE, "\u2013-listen"),
                        "argument '\u2013-listen': begins with another dash, did you mean --listen?\n");
    assert_string_equal(READ(MODE_CLIENT, "\u2014room=tea"),
                        "argument '\u2014room=tea': begins with another dash, did you mean --room?\n");
    assert_string_equal(READ(MODE_CLIENT, "help"), "argument 'help': expected flags only, did you mean --help?\n");
    assert_string_equal(READ(MODE_CLIENT, "room=tea"),
                        "argument 'room=tea': expected flags only, did you mean --room?\n");
    assert_string_equal(READ(MODE_DOCTOR, "--", "--json"),
                        "argument '--json': expected flags only (see gochat --mode doctor --help)\n");
}

static void a_missing_value_is_told(void **state) {
    (void)state;
    assert_string_equal(READ(MODE_CLIENT, "--room"), "--room: expected a value, as in --room NAME\n");
    assert_string_equal(READ(MODE_CLIENT, "--room", "--nick", "x"),
                        "--room: expected a value, as in --room NAME; here comes the flag --nick\nnick=x ");
    assert_string_equal(READ(MODE_DOCTOR, "--json=yes"), "--json 'yes': expected without a value\n");
    assert_string_equal(READ(MODE_DOCTOR, "--json=\x1b[2J"), "--json '\xef\xbf\xbd[2J': expected without a value\n");
}

static void what_has_a_value_is_explained(void **state) {
    char why[1000], value[4000] = "";
    (void)state;
    flag_explain("--room", NULL, "missing", why, sizeof why);
    assert_string_equal(why, "--room: missing");
    flag_explain("--room", "", "expected a name", why, sizeof why);
    assert_string_equal(why, "--room '': expected a name");
    flag_explain("TEXT", "a\x1b]0;b\x07\xff", "expected text", why, sizeof why);
    assert_string_equal(why, "TEXT 'a\xef\xbf\xbd]0;b\xef\xbf\xbd\xef\xbf\xbd': expected text");
    memset(value, 'x', sizeof value - 1);
    flag_explain("--room", value, "expected a name", why, sizeof why);
    assert_non_null(strstr(why, "xxx': expected a name")); /* it is cut, and what was expected is not */
}

static void no_arguments_at_all_are_none(void **state) {
    char *argv[] = {NULL, "--help"};
    struct flag_reader reader = mode_reader(MODE_CLIENT, 0, argv);
    (void)state;
    assert_string_equal(read_words(&reader), "");
}

static bool choose(struct mode_choice *out, struct why *why, const char *const *words) {
    char *argv[WORDS_MOST + 1] = {"gochat"};
    int argc = 1;
    for (; words[argc - 1]; argc++) argv[argc] = (char *)(uintptr_t)words[argc - 1];
    return mode_choose(argc, argv, out, why);
}

#define CHOOSE(...) choose(&choice, &why, (const char *const[]){__VA_ARGS__, NULL})

static void the_last_mode_counts_and_there_need_be_none(void **state) {
    struct mode_choice choice;
    struct why why = {0};
    (void)state;
    assert_true(CHOOSE("--room", "tea"));
    assert_int_equal(choice.mode, MODE_CLIENT);
    assert_false(choice.named || choice.help || choice.version);
    assert_true(CHOOSE("--mode", "client", "--help", "--mode=send"));
    assert_int_equal(choice.mode, MODE_SEND);
    assert_true(choice.named && choice.help);
    assert_true(CHOOSE("--mod", "doctor", "--version"));
    assert_int_equal(choice.mode, MODE_DOCTOR);
    assert_true(choice.version);
    assert_true(CHOOSE("--room", "x", "--", "--mode", "bootnode", "--help"));
    assert_false(choice.named || choice.help);
    assert_true(CHOOSE("--room=--help"));
    assert_false(choice.help);
}

static void a_mode_that_does_not_exist_is_told(void **state) {
    struct mode_choice choice;
    struct why why = {0};
    (void)state;
    assert_false(CHOOSE("--mode", "party"));
    assert_string_equal(why.text, "--mode 'party': expected client, send, bootnode, ctl, doctor or identity");
    assert_false(CHOOSE("--mode=Cleint"));
    assert_string_equal(
        why.text, "--mode 'Cleint': expected client, send, bootnode, ctl, doctor or identity; did you mean client?");
    assert_false(CHOOSE("--mode", ""));
}

static void flags_of_one_name_take_the_same(void **state) {
    (void)state;
    for (size_t i = 0; i < mode_flags.count; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct flag *a = flag_at(&mode_flags, i), *b = flag_at(&mode_flags, j);

            if (strcmp(a->name, b->name) != 0) continue;
            assert_int_equal(a->modes & b->modes, 0);
            assert_int_equal(a->value == NULL, b->value == NULL);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_have_values),
        cmocka_unit_test(a_beginning_is_enough_where_it_is_the_only_one),
        cmocka_unit_test(what_does_not_exist_suggests_what_does),
        cmocka_unit_test(a_long_word_is_cut),
        cmocka_unit_test(one_fault_is_one_line),
        cmocka_unit_test(a_chatters_word_is_a_name_unless_it_seems_to_be_meant_for_a_flag),
        cmocka_unit_test(a_stray_word_is_named),
        cmocka_unit_test(a_missing_value_is_told),
        cmocka_unit_test(what_has_a_value_is_explained),
        cmocka_unit_test(no_arguments_at_all_are_none),
        cmocka_unit_test(the_last_mode_counts_and_there_need_be_none),
        cmocka_unit_test(a_mode_that_does_not_exist_is_told),
        cmocka_unit_test(flags_of_one_name_take_the_same),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("flags", tests, NULL, NULL);
}
