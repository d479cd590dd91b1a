#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/config.h"
#include "common/log.h"
#include "tests/support/folder.h"

#define SAMPLE "conf/client.ini"
#define ARGUMENTS_MAX 16
#define NOWHERE "/nonexistent" /* no settings of whoever runs the tests */
#define NEEDED "--bootnode", "h:1", "--room", "r"

static struct client_config config;
static char said[4096]; /* on standard error and standard output */

/* Reads the arguments, NULL at the end, with what is printed caught in `said`. */
static enum client_config_result read_config(const char *folder, const char *const *arguments) {
    char file[FOLDER_PATH_SIZE], *argv[ARGUMENTS_MAX + 1] = {"gochat"};
    enum client_config_result result;
    int argc = 1, out = dup(1), err = dup(2);
    for (; arguments[argc - 1]; argc++) argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
    folder_file(folder, "said", file);
    fflush(stdout);
    assert_non_null(freopen(file, "w", stderr));
    assert_int_equal(dup2(2, 1), 1);
    result = client_config_read(argc, argv, &config);
    fflush(stdout);
    fflush(stderr);
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    folder_read(file, said, sizeof said);
    return result;
}

#define READ(...) read_config(*state, (const char *const[]){__VA_ARGS__, NULL})

static void assert_refused(const char *folder, const char *const *arguments, const char *lines) {
    assert_int_equal(read_config(folder, arguments), CLIENT_CONFIG_BAD);
    assert_string_equal(said, lines);
}

#define REFUSED(lines, ...) assert_refused(*state, (const char *const[]){__VA_ARGS__, NULL}, lines)

static void flags_land_in_the_settings(void **state) {
    assert_int_equal(READ("--mode", "client", "--bootnode=host.example:9595", "--room", "the lobby", "--nick", "Alice",
                          "--port", "7000", "--ui", "json", "--log-level", "debug", "--data-dir", "d"),
                     CLIENT_CONFIG_RUN);
    assert_string_equal(said, "");
    assert_string_equal(config.bootnode, "host.example:9595");
    assert_string_equal(config.room, "the lobby");
    assert_string_equal(config.nick, "Alice");
    assert_string_equal(config.data_dir, "d");
    assert_string_equal(config.secret_file, "");
    assert_int_equal(config.port, 7000);
    assert_int_equal(config.ui, UI_CHOICE_JSON);
    assert_int_equal(config.ciphers, CIPHERS_AUTO);
    assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
}

static void what_is_not_given_is_the_default(void **state) {
    assert_int_equal(READ(NEEDED), CLIENT_CONFIG_RUN);
    assert_string_equal(config.nick, "");
    assert_string_equal(config.bootnode_key, "");
    assert_int_equal(config.port, 0);
    assert_int_equal(config.ui, UI_CHOICE_AUTO);
    assert_int_equal(config.log_level, LOG_LEVEL_WARNING);
}

static void the_command_line_beats_the_file(void **state) {
    char file[FOLDER_PATH_SIZE], path[FOLDER_PATH_SIZE];
    folder_write(folder_file(*state, "c.ini", file),
                 "[client]\nroom = filed\nport = 5\nsecret_file = s\nciphers = chacha20-poly1305\n", 0600);
    assert_int_equal(READ("--room", "given", "--config", file, "--bootnode", "h:1"), CLIENT_CONFIG_RUN);
    assert_string_equal(config.room, "given");
    assert_int_equal(config.port, 5);
    assert_string_equal(config.secret_file, folder_file(*state, "s", path));
    assert_int_equal(config.ciphers, CIPHERS_CHACHA);
}

static void every_bootnode_flag_counts(void **state) {
    char file[FOLDER_PATH_SIZE];
    assert_int_equal(READ("--bootnode", "a:1", "--room", "r", "--bootnode=b:2,c:3"), CLIENT_CONFIG_RUN);
    assert_string_equal(config.bootnode, "a:1,b:2,c:3");
    folder_write(folder_file(*state, "c.ini", file), "[client]\nroom = r\nbootnode = x:1, y:2\nbootnode_key = - -\n",
                 0600);
    assert_int_equal(READ("--config", file), CLIENT_CONFIG_RUN);
    assert_string_equal(config.bootnode, "x:1, y:2");
    assert_int_equal(READ("--config", file, "--bootnode", "z:1"), CLIENT_CONFIG_RUN);
    assert_int_equal(READ("--config", file, "--bootnode", "z:1", "--bootnode", "z:1"), CLIENT_CONFIG_BAD);
    assert_non_null(strstr(said, "gochat: --bootnode 'z:1,z:1': expected HOST or HOST:PORT"));
}

#define KEY_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define KEY_2 "2222222222222222222222222222222222222222222222222222222222222222"

static void a_bootnode_has_the_key_of_its_name(void **state) {
    char file[FOLDER_PATH_SIZE];
    folder_write(folder_file(*state, "c.ini", file),
                 "[client]\nroom = r\nbootnode = x, y:2\nbootnode_key = " KEY_1 ", " KEY_2 "\n", 0600);
    assert_int_equal(READ("--config", file), CLIENT_CONFIG_RUN);
    assert_string_equal(config.bootnode_key, KEY_1 ", " KEY_2);
    assert_int_equal(READ("--config", file, "--bootnode", "z"), CLIENT_CONFIG_RUN);
    assert_string_equal(config.bootnode_key, "-");
    assert_int_equal(READ("--config", file, "--bootnode", "y:2,z", "--bootnode", "X:9595"), CLIENT_CONFIG_RUN);
    assert_string_equal(config.bootnode_key, KEY_2 ",-," KEY_1);
    folder_write(file, "[client]\nroom = r\nbootnode_key = " KEY_1 "," KEY_2 "\n", 0600);
    assert_int_equal(READ("--config", file, "--bootnode", "z,x"), CLIENT_CONFIG_RUN);
    assert_string_equal(config.bootnode_key, KEY_1 "," KEY_2);
    assert_int_equal(READ("--config", file, "--bootnode", "z"), CLIENT_CONFIG_BAD);
    assert_string_equal(said,
                        "gochat: bootnode_key '" KEY_1 "," KEY_2 "': expected no more keys than there are bootnodes\n");
    folder_write(file, "[client]\nroom = r\nbootnode = x\nbootnode_key = " KEY_1 ",-\n", 0600);
    assert_int_equal(READ("--config", file, "--bootnode", "y"), CLIENT_CONFIG_BAD);
}

static void a_secret_that_is_nothing_opens_no_room(void **state) {
    REFUSED(
        "gochat: --secret-file '': expected a file; without this flag, and none in the settings, the room is open\n",
        NEEDED, "--secret-file=");
    REFUSED(
        "gochat: --secret-file '': expected a file; without this flag, and none in the settings, the room is open\n",
        NEEDED, "--secret-file", "");
}

static void a_sender_takes_words(void **state) {
    assert_int_equal(READ("--mode", "send", NEEDED, "two", "words", "--timeout", "5", "--", "--more"),
                     CLIENT_CONFIG_RUN);
    assert_true(config.sends);
    assert_string_equal(config.text, "two words --more");
    assert_int_equal(config.timeout, 5);
    free(config.text);
    assert_int_equal(READ("--mode=send", NEEDED), CLIENT_CONFIG_RUN);
    assert_null(config.text);
    assert_int_equal(config.timeout, 30);
    REFUSED("gochat: --ui=json: belongs to --mode client\n", "--mode", "send", NEEDED, "--ui=json");
    REFUSED("gochat: --timeout: belongs to --mode send or --mode doctor\n", "--mode", "client", NEEDED, "--timeout");
    REFUSED("gochat: TEXT '0 bytes': expected 1 to 65536 bytes\n", "--mode", "send", NEEDED, "");
    free(config.text);
    assert_int_equal(READ("--mode", "client", NEEDED), CLIENT_CONFIG_RUN);
    assert_false(config.sends);
}

static void names_are_kept_in_their_normal_form(void **state) {
    assert_int_equal(READ(NEEDED, "--nick", "  \xef\xbc\xa1lice\x20\x20 B "), CLIENT_CONFIG_RUN);
    assert_string_equal(config.nick, "Alice B");
    assert_int_equal(READ("--bootnode", "h:1", "--room", "cafe\u0301\u00a0noir"), CLIENT_CONFIG_RUN);
    assert_string_equal(config.room, "caf\u00e9 noir");
}

static void each_wrong_flag_is_one_line(void **state) {
    REFUSED("gochat: --bootnode: missing, expected HOST or HOST:PORT\n"
            "gochat: --room: missing, expected the name of a room\n",
            "--mode", "client");
    REFUSED("gochat: --port '70000': expected a number from 0 to 65535\n", NEEDED, "--port", "70000");
    REFUSED("gochat: --ui 'tabs': expected auto, curses, plain or json\n", NEEDED, "--ui", "tabs");
    REFUSED(
        "gochat: --nick 'abcdefghijklmnopqrstuvwxyz0123456': expected a nick of 1 to 32 bytes of UTF-8 without ':', "
        "'#', control or invisible characters, not beginning with any of */!?[\n",
        NEEDED, "--nick", "abcdefghijklmnopqrstuvwxyz0123456");
    REFUSED("gochat: --room '': expected a room's name of 1 to 256 bytes of UTF-8 without control or invisible "
            "characters, and without white space at its ends\n",
            "--bootnode", "h:1", "--room", "");
    REFUSED("gochat: --room 'tea ': expected a room's name of 1 to 256 bytes of UTF-8 without control or invisible "
            "characters, and without white space at its ends\n",
            "--bootnode", "h:1", "--room", "tea ");
    REFUSED("gochat: --bootnode 'host:': expected HOST or HOST:PORT, as in chat.example.org, 192.0.2.1:9595 or "
            "[2001:db8::1]:9595, or up to 4 different ones with commas between\n",
            "--bootnode", "host:", "--room", "r");
    REFUSED("gochat: --nick 'a\xef\xbf\xbd': expected a nick of 1 to 32 bytes of UTF-8 without ':', '#', control "
            "or invisible characters, not beginning with any of */!?[\n",
            NEEDED, "--nick", "a\x1b");
    REFUSED("gochat: --log-level 'loud': expected error, warning, info or debug\n", NEEDED, "--log-level", "loud");
}

static void flags_that_do_not_exist(void **state) {
    REFUSED("gochat: --colour: no such flag (see gochat --mode client --help)\n", NEEDED, "--colour");
    REFUSED("gochat: argument 'stray': expected flags only (see gochat --mode client --help)\n", "stray", NEEDED);
    REFUSED("gochat: --nick: expected a value, as in --nick NAME\n", NEEDED, "--nick");
    REFUSED("gochat: argument 'x': expected flags only (see gochat --mode client --help)\n", NEEDED, "--", "x");
}

static void what_was_misspelt_is_not_missing_too(void **state) {
    REFUSED("gochat: --rom: no such flag, did you mean --room?\n", "--bootnode", "h", "--rom", "tea");
    REFUSED("gochat: -room: no such flag, did you mean --room?\n", "--bootnode", "h", "-room", "tea");
}

static void problems_come_all_at_once(void **state) {
    REFUSED("gochat: --a: no such flag (see gochat --mode client --help)\n"
            "gochat: --port 'x': expected a number from 0 to 65535\n"
            "gochat: --ui 'y': expected auto, curses, plain or json\n",
            "--ui", "y", "--a", "--port", "x", "--room", "r");
    REFUSED("gochat: --bootnode: missing, expected HOST or HOST:PORT\n"
            "gochat: --port 'x': expected a number from 0 to 65535\n",
            "--port", "x", "--room", "r");
}

/* Its folder is the test's. */
static void write_own_file(const char *folder, const char *text) {
    char path[FOLDER_PATH_SIZE];
    assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
    assert_int_equal(mkdir(folder_file(folder, "gochat", path), 0700), 0);
    folder_write(folder_file(folder, "gochat/client.ini", path), text, 0600);
}

static int folder_clear(void **state) {
    char path[FOLDER_PATH_SIZE];
    setenv("XDG_CONFIG_HOME", NOWHERE, 1);
    unlink(folder_file(*state, "gochat/client.ini", path));
    rmdir(folder_file(*state, "gochat", path));
    return folder_remove(state);
}

static void the_users_own_file_is_read(void **state) {
    char file[FOLDER_PATH_SIZE], path[FOLDER_PATH_SIZE];
    write_own_file(*state, "[client]\nbootnode = chat.example.org # ours\nroom = \"tea\"\nsecret_file = s\n");
    assert_int_equal(read_config(*state, (const char *const[]){NULL}), CLIENT_CONFIG_RUN);
    assert_string_equal(config.bootnode, "chat.example.org");
    assert_string_equal(config.room, "tea");
    assert_string_equal(config.secret_file, folder_file(*state, "gochat/s", path));
    assert_int_equal(READ("--mode", "send", "--room", "coffee", "hi"), CLIENT_CONFIG_RUN);
    assert_string_equal(config.room, "coffee");
    free(config.text);
    assert_int_equal(READ("--mode", "doctor"), CLIENT_CONFIG_RUN);
    assert_string_equal(config.bootnode, "chat.example.org");
    folder_write(folder_file(*state, "c.ini", file), "[client]\nroom = filed\n", 0600);
    REFUSED("gochat: --bootnode: missing, expected HOST or HOST:PORT\n", "--config", file);
    assert_int_equal(READ("--config", "/dev/null", NEEDED), CLIENT_CONFIG_RUN);
    assert_string_equal(config.secret_file, "");
}

static void a_broken_file_of_the_users_own_is_an_error(void **state) {
    char expected[2048];
    write_own_file(*state, "[client]\nroom = tea\nprot = 7\n");
    snprintf(expected, sizeof expected, "%s/gochat/client.ini:3: prot = 7: unknown key, did you mean port?\n",
             (const char *)*state);
    REFUSED(expected, NEEDED);
    assert_int_equal(READ("--help"), CLIENT_CONFIG_DONE);
}

static void a_file_of_the_users_own_that_cannot_be_read_is_told(void **state) {
    char path[FOLDER_PATH_SIZE], expected[2048];
    setenv("XDG_CONFIG_HOME", *state, 1);
    assert_int_equal(mkdir(folder_file(*state, "gochat", path), 0700), 0);
    assert_int_equal(mkdir(folder_file(*state, "gochat/client.ini", path), 0700), 0);
    snprintf(expected, sizeof expected, "%s: Is a directory\n", path);
    REFUSED(expected, NEEDED);
    rmdir(path);
    assert_int_equal(READ(NEEDED), CLIENT_CONFIG_RUN);
    assert_int_equal(symlink("client.ini", path), 0);
    snprintf(expected, sizeof expected, "%s: Too many levels of symbolic links\n", path);
    REFUSED(expected, NEEDED);
}

static void without_a_config_folder_it_is_in_the_home_directory(void **state) {
    char path[FOLDER_PATH_SIZE], found[1000];
    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", *state, 1);
    assert_false(client_config_own_file(found, sizeof found));
    setenv("HOME", folder_file(*state, "none/at/all", path), 1);
    assert_false(client_config_own_file(found, sizeof found));
    setenv("HOME", "/dev/null", 1);
    assert_false(client_config_own_file(found, sizeof found));
    write_own_file(*state, "");
    assert_true(client_config_own_file(found, sizeof found));
    assert_string_equal(found, folder_file(*state, "gochat/client.ini", path));
}

static void a_tilde_in_a_flag_is_the_home_directory(void **state) {
    char file[FOLDER_PATH_SIZE], path[FOLDER_PATH_SIZE];
    setenv("HOME", *state, 1);
    folder_write(folder_file(*state, "c.ini", file), "[client]\ndata_dir = ~/data\n", 0600);
    assert_int_equal(READ(NEEDED, "--config=~/c.ini", "--secret-file=~/s"), CLIENT_CONFIG_RUN);
    assert_string_equal(config.data_dir, folder_file(*state, "data", path));
    assert_string_equal(config.secret_file, folder_file(*state, "s", path));
    assert_int_equal(READ("--bootnode=h", "--room=~", "--nick=~", "--data-dir=~"), CLIENT_CONFIG_RUN);
    assert_string_equal(config.data_dir, *state);
    assert_string_equal(config.room, "~");
    assert_string_equal(config.nick, "~");
    REFUSED("gochat: --data-dir '~nobody-has-this-name': expected a known home directory for ~, and a path of at most "
            "511 bytes in all\n",
            NEEDED, "--data-dir=~nobody-has-this-name");
    REFUSED("gochat: --config '~nobody-has-this-name/x': expected a file; /dev/null is one without settings\n", NEEDED,
            "--config=~nobody-has-this-name/x");
    REFUSED("gochat: --config '': expected a file; /dev/null is one without settings\n", NEEDED, "--config=");
}

static void a_doctor_needs_no_room(void **state) {
    assert_int_equal(READ("--mode", "doctor", "--bootnode", "::1", "--json"), CLIENT_CONFIG_RUN);
    assert_true(config.json);
    assert_false(config.lifetime || config.sends);
    assert_string_equal(config.room, "");
    assert_int_equal(READ("--mode", "doctor", NEEDED, "--secret-file", "/s"), CLIENT_CONFIG_RUN);
    assert_string_equal(config.room, "r"); /* but may have one */
    assert_string_equal(config.secret_file, "/s");
    REFUSED("gochat: --secret-file '/s': expected --room beside it, or a room in the settings\n", "--mode", "doctor",
            "--bootnode", "h:1", "--secret-file", "/s");
    REFUSED("gochat: --nick: belongs to --mode client or --mode send or --mode identity\n", "--mode", "doctor", NEEDED,
            "--nick", "x");
    REFUSED("gochat: --bootnode: missing, expected HOST or HOST:PORT\n", "--mode", "doctor");
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
    REFUSED(expected, "--config", file);
    folder_file(*state, "none.ini", file);
    snprintf(expected, sizeof expected, "%s: No such file or directory\n", file);
    REFUSED(expected, NEEDED, "--config", file);
}

static void keys_and_colours_are_the_users(void **state) {
    char file[FOLDER_PATH_SIZE], expected[2048];
    folder_file(*state, "c.ini", file);
    folder_write(file,
                 "[client]\ntheme = dark\n[keys]\nctrl-n = unread-room\nAlt-# = help\n[colours]\nlink = #00ffff\n"
                 "nick-others = 1, 2\n",
                 0600);
    assert_int_equal(READ(NEEDED, "--config", file), CLIENT_CONFIG_RUN);
    assert_int_equal(config.theme, THEME_DARK);
    assert_int_equal(keys_action(&config.keys, 'N' & 0x1f), ACTION_ROOM_UNREAD);
    assert_int_equal(keys_action(&config.keys, KEYS_ALT | '#'), ACTION_HELP);
    assert_true(config.own_colours.chosen[COLOUR_LINK] && config.own_colours.chosen[COLOURS - 1]);
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
    REFUSED(expected, NEEDED, "--config", file);
}

static void help_names_every_flag(void **state) {
    static const char *const names[] = {
        "--bootnode HOST[:PORT]",      "--room NAME",    "--nick NAME",       "--secret-file FILE", "--port N",
        "--ui auto|curses|plain|json", "--data-dir DIR", "--log-level LEVEL", "--config FILE",      "--help"};
    assert_int_equal(READ("--help"), CLIENT_CONFIG_DONE);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) assert_non_null(strstr(said, names[i]));
}

/* "name = value" or ";name = value"; NULL for other lines. */
static const char *split_line(char *line, char **value) {
    char *equals = strstr(line, " =");

    if (*line < ';' || (*line != ';' && *line < 'a') || !equals) return NULL;
    line[strcspn(line, "\n")] = '\0';
    *equals = '\0';
    *value = equals[2] == ' ' ? equals + 3 : equals + 2;
    return *line == ';' ? line + 1 : line;
}

static void the_sample_lists_exactly_the_keys_with_their_defaults(void **state) {
    FILE *sample = fopen(SAMPLE, "re");
    struct client_config loaded;
    char line[512];
    size_t found = 0;

    (void)state;
    assert_non_null(sample);
    while (fgets(line, sizeof line, sample)) {
        const struct ini_key *key = &client_config_table.keys[found];
        char *value = NULL;
        const char *name = split_line(line, &value);

        if (!name) continue;
        assert_true(found++ < client_config_table.count);
        assert_string_equal(name, key->name);
        assert_int_equal(*line == ';', key->fallback == NULL);
        if (key->fallback) assert_string_equal(value, key->fallback);
    }
    fclose(sample);
    assert_int_equal(found, client_config_table.count);
    ini_table_defaults(&client_config_table, &config);
    ini_table_defaults(&client_config_table, &loaded);
    assert_int_equal(ini_table_load(&client_config_table, SAMPLE, &loaded, stderr), 0);
    assert_memory_equal(&config, &loaded, sizeof config);
}

/* --- Invites --- */

#define INVITE "gochat://chat.example.org/tea#AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fTZC7pA"
#define INVITE_OF_TWO                                                                                                  \
    "gochat://192.0.2.1:4000,[2001:db8::1]/lobby%20%C3%A9#BG9wZW4gc2VzYW1ldadxuSHq9kOzm_9ZGDSKkwAAAAAAAAAAAAAAAAAAAA"  \
    "AvrIx2"

/* Its words are argv's, which are wiped. */
static enum client_config_result invite_config(const char *folder, const char *invite, const char *const *more) {
    static char word[1024];
    const char *arguments[ARGUMENTS_MAX] = {word};
    size_t count = 1;
    snprintf(word, sizeof word, "%s", invite);
    for (; more[count - 1]; count++) arguments[count] = more[count - 1];
    enum client_config_result result = read_config(folder, arguments);
    if (*word && config.invited) fail_msg("%s is left", word);
    return result;
}

#define INVITED(invite, ...) invite_config(*state, invite, (const char *const[]){__VA_ARGS__, NULL})

static void an_invite_is_enough(void **state) {
    assert_int_equal(INVITED(INVITE, NULL), CLIENT_CONFIG_RUN);
    assert_string_equal(said, "");
    assert_true(config.invited);
    assert_string_equal(config.bootnode, "chat.example.org");
    assert_string_equal(config.room, "tea");
    assert_int_equal(config.invite.secret_size, 32);
    assert_int_equal(INVITED(" <" INVITE ">\n", "--nick", "anna"), CLIENT_CONFIG_RUN);
    assert_string_equal(config.nick, "anna");
    assert_int_equal(INVITED(INVITE_OF_TWO, "--mode", "client"), CLIENT_CONFIG_RUN);
    assert_string_equal(config.bootnode, "192.0.2.1:4000,[2001:db8::1]");
    assert_string_equal(config.room, "lobby \u00e9");
    assert_int_equal(READ(NEEDED), CLIENT_CONFIG_RUN);
    assert_false(config.invited);
}

/* What a file says of bootnodes, keys, room and secret is about another room; a key of one of the invite's bootnodes
 * stays pinned. */
static void an_invite_beats_the_file(void **state) {
    char file[FOLDER_PATH_SIZE];
    folder_write(folder_file(*state, "client.ini", file),
                 "[client]\nbootnode = h:1, [2001:db8::1]\nbootnode_key = " KEY_1 ", " KEY_2
                 "\nroom = r\nnick = N\nsecret_file = s\n",
                 0600);
    assert_int_equal(INVITED(INVITE_OF_TWO, "--config", file), CLIENT_CONFIG_RUN);
    assert_string_equal(config.bootnode, "192.0.2.1:4000,[2001:db8::1]");
    assert_string_equal(config.bootnode_key, "-," KEY_2);
    assert_string_equal(config.room, "lobby \u00e9");
    assert_string_equal(config.secret_file, "");
    assert_string_equal(config.nick, "N");
    folder_write(file, "[client]\nbootnode_key = " KEY_1 "\n", 0600);
    assert_int_equal(INVITED(INVITE, "--config", file), CLIENT_CONFIG_RUN);
    assert_string_equal(config.bootnode_key, "");
}

static void what_an_invite_says_is_not_said_twice(void **state) {
    assert_int_equal(INVITED(INVITE, "--room", "tea", "--bootnode", "h:1", "--secret-file", "s"), CLIENT_CONFIG_BAD);
    assert_string_equal(said, "gochat: --bootnode 'h:1': expected without an invite, which says that\n"
                              "gochat: --room 'tea': expected without an invite, which says that\n"
                              "gochat: --secret-file 's': expected without an invite, which says that\n");
    char other[] = INVITE;
    assert_int_equal(INVITED(INVITE, other), CLIENT_CONFIG_BAD);
    assert_string_equal(other, "");
    assert_string_equal(said, "gochat: expected one invite, here is another one\n");
}

static void a_wrong_invite_is_explained(void **state) {
    assert_int_equal(INVITED("gochat://chat.example.com/tea#AErYBWI", NULL), CLIENT_CONFIG_BAD);
    assert_non_null(strstr(said, "gochat: the invite is mistyped or cut off: its checksum"));
    assert_null(strchr(strchr(said, '\n') + 1, '\n'));
    REFUSED("gochat: argument 'https://x/tea#A': expected flags only (see gochat --mode client --help)\n",
            "https://x/tea#A");
    assert_int_equal(INVITED(INVITE, "--mode", "doctor"), CLIENT_CONFIG_BAD);
}

/* Others may have written what a sender says. */
static void a_sender_takes_it_as_its_first_word(void **state) {
    assert_int_equal(INVITED(INVITE, "--mode", "send", "hi", "there"), CLIENT_CONFIG_RUN);
    assert_true(config.invited);
    assert_string_equal(config.text, "hi there");
    free(config.text);
    assert_int_equal(INVITED("look:", "--mode", "send", NEEDED, INVITE), CLIENT_CONFIG_RUN);
    assert_false(config.invited);
    assert_string_equal(config.text, "look: " INVITE);
    free(config.text);
    assert_int_equal(INVITED(INVITE, "--mode", "send", NEEDED, "join"), CLIENT_CONFIG_RUN);
    assert_false(config.invited);
    assert_string_equal(config.text, INVITE " join");
    free(config.text);
    assert_int_equal(READ("--mode", "send", NEEDED, "--", INVITE), CLIENT_CONFIG_RUN);
    assert_false(config.invited);
    free(config.text);
}

#define SPOKEN "gochat://localhost/tea#CN2tFcY"

static void a_passphrase_is_a_rooms_only_secret(void **state) {
    assert_int_equal(READ(NEEDED, "--passphrase"), CLIENT_CONFIG_RUN);
    assert_true(config.passphrase);
    assert_int_equal(config.passphrase_fd, -1);
    assert_int_equal(READ(NEEDED, "--passphrase-fd", "5"), CLIENT_CONFIG_RUN);
    assert_true(config.passphrase);
    assert_int_equal(config.passphrase_fd, 5);
    assert_int_equal(READ(NEEDED), CLIENT_CONFIG_RUN);
    assert_false(config.passphrase);
    assert_int_equal(INVITED(SPOKEN, NULL), CLIENT_CONFIG_RUN);
    assert_true(config.passphrase);
    assert_int_equal(INVITED(SPOKEN, "--passphrase-fd=0"), CLIENT_CONFIG_RUN);
    assert_int_equal(config.passphrase_fd, 0);
    assert_int_equal(INVITED(INVITE, "--passphrase"), CLIENT_CONFIG_BAD);
    assert_string_equal(said, "gochat: --passphrase: expected without this invite, whose room has none\n");
    REFUSED("gochat: --secret-file 's': expected without a passphrase: a room has one secret\n", NEEDED, "--passphrase",
            "--secret-file", "s");
    REFUSED("gochat: --passphrase-fd 'five': expected the number of an open descriptor, as in 0 for standard input\n",
            NEEDED, "--passphrase-fd", "five");
    REFUSED("gochat: --passphrase-fd '-1': expected the number of an open descriptor, as in 0 for standard input\n",
            NEEDED, "--passphrase-fd=-1");
}

static void it_may_come_by_standard_input(void **state) {
    char rest[8] = "";
    int ends[2], before = dup(0);
    const char *lines = INVITE "\nhello";
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], lines, strlen(lines)), strlen(lines));
    close(ends[1]);
    assert_int_equal(dup2(ends[0], 0), 0);
    assert_int_equal(READ("-"), CLIENT_CONFIG_RUN);
    assert_int_equal(read(0, rest, sizeof rest), strlen("hello"));
    assert_string_equal(config.room, "tea");
    assert_int_equal(READ("-"), CLIENT_CONFIG_BAD);
    assert_string_equal(said, "gochat: expected a line, here is none\n");
    dup2(before, 0);
    close(before);
    close(ends[0]);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_clear)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(flags_land_in_the_settings),
        IN_FOLDER(what_is_not_given_is_the_default),
        IN_FOLDER(the_command_line_beats_the_file),
        IN_FOLDER(every_bootnode_flag_counts),
        IN_FOLDER(a_secret_that_is_nothing_opens_no_room),
        IN_FOLDER(a_bootnode_has_the_key_of_its_name),
        IN_FOLDER(a_sender_takes_words),
        IN_FOLDER(an_invite_is_enough),
        IN_FOLDER(an_invite_beats_the_file),
        IN_FOLDER(what_an_invite_says_is_not_said_twice),
        IN_FOLDER(a_wrong_invite_is_explained),
        IN_FOLDER(a_sender_takes_it_as_its_first_word),
        IN_FOLDER(it_may_come_by_standard_input),
        IN_FOLDER(a_passphrase_is_a_rooms_only_secret),
        IN_FOLDER(names_are_kept_in_their_normal_form),
        IN_FOLDER(each_wrong_flag_is_one_line),
        IN_FOLDER(flags_that_do_not_exist),
        IN_FOLDER(what_was_misspelt_is_not_missing_too),
        IN_FOLDER(problems_come_all_at_once),
        IN_FOLDER(the_users_own_file_is_read),
        IN_FOLDER(a_broken_file_of_the_users_own_is_an_error),
        IN_FOLDER(a_file_of_the_users_own_that_cannot_be_read_is_told),
        IN_FOLDER(without_a_config_folder_it_is_in_the_home_directory),
        IN_FOLDER(a_tilde_in_a_flag_is_the_home_directory),
        IN_FOLDER(a_doctor_needs_no_room),
        IN_FOLDER(a_wrong_file_is_named_with_its_line),
        IN_FOLDER(keys_and_colours_are_the_users),
        IN_FOLDER(help_names_every_flag),
        cmocka_unit_test(the_sample_lists_exactly_the_keys_with_their_defaults),
    };
    setenv("XDG_CONFIG_HOME", NOWHERE, 1);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
