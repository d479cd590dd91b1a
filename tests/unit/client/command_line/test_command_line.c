#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "tests/support/folder.h"
#include "tests/support/told.h"

#define KEY_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define KEY_2 "2222222222222222222222222222222222222222222222222222222222222222"

static void flags_land_in_the_settings(void **state) {
    assert_int_equal(TOLD_READ("--mode", "client", "--bootnode=host.example:9595", "--room", "the lobby", "--nick",
                               "Alice", "--port", "7000", "--ui", "json", "--log-level", "debug", "--data-dir", "d"),
                     COMMAND_LINE_RUN);
    assert_string_equal(told_said, "");
    assert_string_equal(told.bootnode, "host.example:9595");
    assert_string_equal(told.room, "the lobby");
    assert_string_equal(told.nick, "Alice");
    assert_string_equal(told.data_dir, "d");
    assert_string_equal(told.secret_file, "");
    assert_int_equal(told.port, 7000);
    assert_int_equal(told.ui, UI_CHOICE_JSON);
    assert_int_equal(told.ciphers, CIPHERS_AUTO);
    assert_int_equal(told.log_level, LOG_LEVEL_DEBUG);
}

static void what_is_not_given_is_the_default(void **state) {
    assert_int_equal(TOLD_READ(TOLD_NEEDED), COMMAND_LINE_RUN);
    assert_string_equal(told.nick, "");
    assert_string_equal(told.bootnode_key, "");
    assert_int_equal(told.port, 0);
    assert_int_equal(told.ui, UI_CHOICE_AUTO);
    assert_int_equal(told.log_level, LOG_LEVEL_WARNING);
}

static void the_command_line_beats_the_file(void **state) {
    char file[FOLDER_PATH_SIZE], path[FOLDER_PATH_SIZE];
    folder_write(folder_file(*state, "c.ini", file),
                 "[client]\nroom = filed\nport = 5\nsecret_file = s\nciphers = chacha20-poly1305\n", 0600);
    assert_int_equal(TOLD_READ("--room", "given", "--config", file, "--bootnode", "h:1"), COMMAND_LINE_RUN);
    assert_string_equal(told.room, "given");
    assert_int_equal(told.port, 5);
    assert_string_equal(told.secret_file, folder_file(*state, "s", path));
    assert_int_equal(told.ciphers, CIPHERS_CHACHA);
}

static void every_bootnode_flag_counts(void **state) {
    char file[FOLDER_PATH_SIZE];
    assert_int_equal(TOLD_READ("--bootnode", "a:1", "--room", "r", "--bootnode=b:2,c:3"), COMMAND_LINE_RUN);
    assert_string_equal(told.bootnode, "a:1,b:2,c:3");
    folder_write(folder_file(*state, "c.ini", file), "[client]\nroom = r\nbootnode = x:1, y:2\nbootnode_key = - -\n",
                 0600);
    assert_int_equal(TOLD_READ("--config", file), COMMAND_LINE_RUN);
    assert_string_equal(told.bootnode, "x:1, y:2");
    assert_int_equal(TOLD_READ("--config", file, "--bootnode", "z:1"), COMMAND_LINE_RUN);
    assert_int_equal(TOLD_READ("--config", file, "--bootnode", "z:1", "--bootnode", "z:1"), COMMAND_LINE_BAD);
    assert_non_null(strstr(told_said, "gochat: --bootnode 'z:1,z:1': expected HOST or HOST:PORT"));
}

static void a_bootnode_has_the_key_of_its_name(void **state) {
    char file[FOLDER_PATH_SIZE];
    folder_write(folder_file(*state, "c.ini", file),
                 "[client]\nroom = r\nbootnode = x, y:2\nbootnode_key = " KEY_1 ", " KEY_2 "\n", 0600);
    assert_int_equal(TOLD_READ("--config", file), COMMAND_LINE_RUN);
    assert_string_equal(told.bootnode_key, KEY_1 ", " KEY_2);
    assert_int_equal(TOLD_READ("--config", file, "--bootnode", "z"), COMMAND_LINE_RUN);
    assert_string_equal(told.bootnode_key, "-");
    assert_int_equal(TOLD_READ("--config", file, "--bootnode", "y:2,z", "--bootnode", "X:9595"), COMMAND_LINE_RUN);
    assert_string_equal(told.bootnode_key, KEY_2 ",-," KEY_1);
    folder_write(file, "[client]\nroom = r\nbootnode_key = " KEY_1 "," KEY_2 "\n", 0600);
    assert_int_equal(TOLD_READ("--config", file, "--bootnode", "z,x"), COMMAND_LINE_RUN);
    assert_string_equal(told.bootnode_key, KEY_1 "," KEY_2);
    assert_int_equal(TOLD_READ("--config", file, "--bootnode", "z"), COMMAND_LINE_BAD);
    assert_string_equal(told_said,
                        "gochat: bootnode_key '" KEY_1 "," KEY_2 "': expected no more keys than there are bootnodes\n");
    folder_write(file, "[client]\nroom = r\nbootnode = x\nbootnode_key = " KEY_1 ",-\n", 0600);
    assert_int_equal(TOLD_READ("--config", file, "--bootnode", "y"), COMMAND_LINE_BAD);
}

static void names_are_kept_in_their_normal_form(void **state) {
    assert_int_equal(TOLD_READ(TOLD_NEEDED, "--nick", "  \xef\xbc\xa1lice\x20\x20 B "), COMMAND_LINE_RUN);
    assert_string_equal(told.nick, "Alice B");
    assert_int_equal(TOLD_READ("--bootnode", "h:1", "--room", "cafe\u0301\u00a0noir"), COMMAND_LINE_RUN);
    assert_string_equal(told.room, "caf\u00e9 noir");
}

static void each_wrong_flag_is_one_line(void **state) {
    TOLD_REFUSED("gochat: --bootnode: missing, expected HOST or HOST:PORT\n"
                 "gochat: --room: missing, expected the name of a room\n",
                 "--mode", "client");
    TOLD_REFUSED("gochat: --port '70000': expected a number from 0 to 65535\n", TOLD_NEEDED, "--port", "70000");
    TOLD_REFUSED("gochat: --ui 'tabs': expected auto, curses, plain or json\n", TOLD_NEEDED, "--ui", "tabs");
    TOLD_REFUSED(
        "gochat: --nick 'abcdefghijklmnopqrstuvwxyz0123456': expected a nick of 1 to 32 bytes of UTF-8 without ':', "
        "'#', control or invisible characters, not beginning with any of */!?[\n",
        TOLD_NEEDED, "--nick", "abcdefghijklmnopqrstuvwxyz0123456");
    TOLD_REFUSED("gochat: --room '': expected a room's name of 1 to 256 bytes of UTF-8 without control or invisible "
                 "characters, and without white space at its ends\n",
                 "--bootnode", "h:1", "--room", "");
    TOLD_REFUSED(
        "gochat: --room 'tea ': expected a room's name of 1 to 256 bytes of UTF-8 without control or invisible "
        "characters, and without white space at its ends\n",
        "--bootnode", "h:1", "--room", "tea ");
    TOLD_REFUSED("gochat: --bootnode 'host:': expected HOST or HOST:PORT, as in chat.example.org, 192.0.2.1:9595 or "
                 "[2001:db8::1]:9595, or up to 4 different ones with commas between\n",
                 "--bootnode", "host:", "--room", "r");
    TOLD_REFUSED("gochat: --nick 'a\xef\xbf\xbd': expected a nick of 1 to 32 bytes of UTF-8 without ':', '#', control "
                 "or invisible characters, not beginning with any of */!?[\n",
                 TOLD_NEEDED, "--nick", "a\x1b");
    TOLD_REFUSED("gochat: --log-level 'loud': expected error, warning, info or debug\n", TOLD_NEEDED, "--log-level",
                 "loud");
}

static void the_users_own_file_is_read(void **state) {
    char file[FOLDER_PATH_SIZE], path[FOLDER_PATH_SIZE];
    told_own_file(*state, "[client]\nbootnode = chat.example.org # ours\nroom = \"tea\"\nsecret_file = s\n");
    assert_int_equal(told_read(*state, (const char *const[]){NULL}), COMMAND_LINE_RUN);
    assert_string_equal(told.bootnode, "chat.example.org");
    assert_string_equal(told.room, "tea");
    assert_string_equal(told.secret_file, folder_file(*state, "gochat/s", path));
    assert_int_equal(TOLD_READ("--mode", "send", "--room", "coffee", "hi"), COMMAND_LINE_RUN);
    assert_string_equal(told.room, "coffee");
    free(told.text);
    assert_int_equal(TOLD_READ("--mode", "doctor"), COMMAND_LINE_RUN);
    assert_string_equal(told.bootnode, "chat.example.org");
    folder_write(folder_file(*state, "c.ini", file), "[client]\nroom = filed\n", 0600);
    TOLD_REFUSED("gochat: --bootnode: missing, expected HOST or HOST:PORT\n", "--config", file);
    assert_int_equal(TOLD_READ("--config", "/dev/null", TOLD_NEEDED), COMMAND_LINE_RUN);
    assert_string_equal(told.secret_file, "");
}

static void a_broken_file_of_the_users_own_is_an_error(void **state) {
    char expected[2048];
    told_own_file(*state, "[client]\nroom = tea\nprot = 7\n");
    snprintf(expected, sizeof expected, "%s/gochat/client.ini:3: prot = 7: unknown key, did you mean port?\n",
             (const char *)*state);
    TOLD_REFUSED(expected, TOLD_NEEDED);
    assert_int_equal(TOLD_READ("--help"), COMMAND_LINE_DONE);
}

static void a_file_of_the_users_own_that_cannot_be_read_is_told(void **state) {
    char path[FOLDER_PATH_SIZE], expected[2048];
    setenv("XDG_CONFIG_HOME", *state, 1);
    assert_int_equal(mkdir(folder_file(*state, "gochat", path), 0700), 0);
    assert_int_equal(mkdir(folder_file(*state, "gochat/client.ini", path), 0700), 0);
    snprintf(expected, sizeof expected, "%s: Is a directory\n", path);
    TOLD_REFUSED(expected, TOLD_NEEDED);
    rmdir(path);
    assert_int_equal(TOLD_READ(TOLD_NEEDED), COMMAND_LINE_RUN);
    assert_int_equal(symlink("client.ini", path), 0);
    snprintf(expected, sizeof expected, "%s: Too many levels of symbolic links\n", path);
    TOLD_REFUSED(expected, TOLD_NEEDED);
}

static void a_tilde_in_a_flag_is_the_home_directory(void **state) {
    char file[FOLDER_PATH_SIZE], path[FOLDER_PATH_SIZE];
    setenv("HOME", *state, 1);
    folder_write(folder_file(*state, "c.ini", file), "[client]\ndata_dir = ~/data\n", 0600);
    assert_int_equal(TOLD_READ(TOLD_NEEDED, "--config=~/c.ini", "--secret-file=~/s"), COMMAND_LINE_RUN);
    assert_string_equal(told.data_dir, folder_file(*state, "data", path));
    assert_string_equal(told.secret_file, folder_file(*state, "s", path));
    assert_int_equal(TOLD_READ("--bootnode=h", "--room=~", "--nick=~", "--data-dir=~"), COMMAND_LINE_RUN);
    assert_string_equal(told.data_dir, *state);
    assert_string_equal(told.room, "~");
    assert_string_equal(told.nick, "~");
    TOLD_REFUSED(
        "gochat: --data-dir '~nobody-has-this-name': expected a known home directory for ~, and a path of at most "
        "511 bytes in all\n",
        TOLD_NEEDED, "--data-dir=~nobody-has-this-name");
    TOLD_REFUSED("gochat: --config '~nobody-has-this-name/x': expected a file; /dev/null is one without settings\n",
                 TOLD_NEEDED, "--config=~nobody-has-this-name/x");
    TOLD_REFUSED("gochat: --config '': expected a file; /dev/null is one without settings\n", TOLD_NEEDED, "--config=");
}

static void a_doctor_needs_no_room(void **state) {
    assert_int_equal(TOLD_READ("--mode", "doctor", "--bootnode", "::1", "--json"), COMMAND_LINE_RUN);
    assert_true(told.json);
    assert_false(told.lifetime || told.sends);
    assert_string_equal(told.room, "");
    assert_int_equal(TOLD_READ("--mode", "doctor", TOLD_NEEDED, "--secret-file", "/s"), COMMAND_LINE_RUN);
    assert_string_equal(told.room, "r"); /* but may have one */
    assert_string_equal(told.secret_file, "/s");
    TOLD_REFUSED("gochat: --secret-file '/s': expected --room beside it, or a room in the settings\n", "--mode",
                 "doctor", "--bootnode", "h:1", "--secret-file", "/s");
    TOLD_REFUSED("gochat: --nick: belongs to --mode client or --mode send or --mode identity\n", "--mode", "doctor",
                 TOLD_NEEDED, "--nick", "x");
    TOLD_REFUSED("gochat: --bootnode: missing, expected HOST or HOST:PORT\n", "--mode", "doctor");
}

static void a_wrong_file_is_named_with_its_line(void **state) {
    char file[FOLDER_PATH_SIZE], expected[2048];
    folder_file(*state, "c.ini", file);
    folder_write(file, "[client]\nbootnode = nowhere:\nbootnode_key = 12\nnick = \x1b[0m\ncolour = red\nport = 1\n",
                 0600);
    snprintf(expected, sizeof expected,
             "%s:2: bootnode = nowhere:: expected HOST or HOST:PORT, as in chat.example.org, 192.0.2.1:9595 or "
             "[2001:db8::1]:9595, or up to 4 different ones with commas between\n"
             "%s:3: bootnode_key = 12: expected 64 hex digits, or nothing: remembered on first use; for several "
             "bootnodes as many in the same order, '-' for nothing\n"
             "%s:4: nick = \xef\xbf\xbd[0m: expected a nick of 1 to 32 bytes of UTF-8 without ':', '#', control "
             "or invisible characters, not beginning with any of */!?[\n"
             "%s:5: colour = red: unknown key, did you mean colours?\n",
             file, file, file, file);
    TOLD_REFUSED(expected, "--config", file);
    folder_file(*state, "none.ini", file);
    snprintf(expected, sizeof expected, "%s: No such file or directory\n", file);
    TOLD_REFUSED(expected, TOLD_NEEDED, "--config", file);
}

static void keys_and_colours_are_the_users(void **state) {
    char file[FOLDER_PATH_SIZE], expected[2048];
    folder_file(*state, "c.ini", file);
    folder_write(file,
                 "[client]\ntheme = dark\n[keys]\nctrl-n = unread-room\nAlt-# = help\n[colours]\nlink = #00ffff\n"
                 "nick-others = 1, 2\n",
                 0600);
    assert_int_equal(TOLD_READ(TOLD_NEEDED, "--config", file), COMMAND_LINE_RUN);
    assert_int_equal(told.theme, THEME_DARK);
    assert_int_equal(keys_action(&told.keys, 'N' & 0x1f), ACTION_ROOM_UNREAD);
    assert_int_equal(keys_action(&told.keys, KEYS_ALT | '#'), ACTION_HELP);
    assert_true(told.own_colours.chosen[COLOUR_LINK] && told.own_colours.chosen[COLOURS - 1]);
    folder_write(
        file,
        "[keys]\nctrl-n = unread-room\nctrl-m = help\nctrl-q = hlep\nctrl-N = help\n[colours]\nlink = reddish\n[key]\n",
        0600);
    snprintf(expected, sizeof expected,
             "%s:3: ctrl-m = help: is Enter, which sends, expected another key\n"
             "%s:4: ctrl-q = hlep: unknown action, did you mean help?\n"
             "%s:5: ctrl-N = help: Ctrl-N is given already, expected once\n"
             "%s:7: link = reddish: 'reddish': expected a number from 0 to 255, #rrggbb, default, black, red, green, "
             "yellow, blue, magenta, cyan, white or bright- and one of these\n"
             "%s:8: [key]: unknown section, expected [client] or [keys] or [colours]\n",
             file, file, file, file, file);
    TOLD_REFUSED(expected, TOLD_NEEDED, "--config", file);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, told_clear)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(flags_land_in_the_settings),
        IN_FOLDER(what_is_not_given_is_the_default),
        IN_FOLDER(the_command_line_beats_the_file),
        IN_FOLDER(every_bootnode_flag_counts),
        IN_FOLDER(a_bootnode_has_the_key_of_its_name),
        IN_FOLDER(names_are_kept_in_their_normal_form),
        IN_FOLDER(each_wrong_flag_is_one_line),
        IN_FOLDER(the_users_own_file_is_read),
        IN_FOLDER(a_broken_file_of_the_users_own_is_an_error),
        IN_FOLDER(a_file_of_the_users_own_that_cannot_be_read_is_told),
        IN_FOLDER(a_tilde_in_a_flag_is_the_home_directory),
        IN_FOLDER(a_doctor_needs_no_room),
        IN_FOLDER(a_wrong_file_is_named_with_its_line),
        IN_FOLDER(keys_and_colours_are_the_users),
    };
    setenv("XDG_CONFIG_HOME", TOLD_NOWHERE, 1);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("command_line", tests, NULL, NULL);
}
