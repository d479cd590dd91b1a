#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/charter/room_file.h"
#include "tests/support/folder.h"
#include "tests/support/told.h"

#define WHERE "--config", "/dev/null", "--data-dir", *state
#define HERE "chat.example.org,[2001:db8::1]:4000"

/* A room that is kept there; its root. */
static void keep(const char *folder, const char *name, const char *bootnodes, uint8_t root[static PRIVATE_ROOT_SIZE]) {
    static uint8_t seed = 1;
    struct private_room room;
    struct identity owner;
    struct why why;
    identity_from_seed((const uint8_t[32]){seed++}, &owner);
    assert_true(private_room_make(&room, name, &owner));
    snprintf(room.bootnodes, sizeof room.bootnodes, "%s", bootnodes);
    assert_true(room_file_write(folder, &room, &why));
    memcpy(root, room.charter.root, PRIVATE_ROOT_SIZE);
    private_room_clear(&room);
}

static void write_id(const char *name, const uint8_t root[static PRIVATE_ROOT_SIZE], char out[static 9]) {
    struct private_room room;
    assert_true(private_room_init(&room, name, root));
    snprintf(out, 9, "%02x%02x%02x%02x", room.keys.id[0], room.keys.id[1], room.keys.id[2], room.keys.id[3]);
    private_room_clear(&room);
}

static void assert_enters(const char *name, const uint8_t root[static PRIVATE_ROOT_SIZE]) {
    assert_string_equal(told_said, "");
    assert_true(told.invited);
    assert_string_equal(told.room, name);
    assert_int_equal(told.invite.kind, INVITE_PRIVATE);
    assert_int_equal(told.invite.secret_size, 0);
    assert_memory_equal(told.invite.root, root, PRIVATE_ROOT_SIZE);
}

static void its_name_is_enough(void **state) {
    uint8_t root[PRIVATE_ROOT_SIZE], other[PRIVATE_ROOT_SIZE];
    keep(*state, "book club", HERE, root);
    keep(*state, "tea", "h:1", other);
    assert_int_equal(TOLD_READ("book club", WHERE), COMMAND_LINE_RUN);
    assert_enters("book club", root);
    assert_string_equal(told.bootnode, HERE);
    assert_int_equal(TOLD_READ(WHERE, "--nick", "anna", "tea"), COMMAND_LINE_RUN);
    assert_enters("tea", other);
    assert_string_equal(told.bootnode, "h:1");
    assert_string_equal(told.nick, "anna");
    /* However it is typed. */
    assert_int_equal(TOLD_READ("book\u00a0club", WHERE), COMMAND_LINE_RUN);
    assert_enters("book club", root);
}

/* A bootnode may have moved; the file's room, secret and bootnodes are those of another room. */
static void flags_go_over_the_rooms_file_and_that_over_the_settings(void **state) {
    uint8_t root[PRIVATE_ROOT_SIZE];
    char file[FOLDER_PATH_SIZE];
    keep(*state, "tea", "h:1", root);
    folder_write(folder_file(*state, "client.ini", file),
                 "[client]\nbootnode = g:1\nroom = r\nnick = N\nsecret_file = s\n", 0600);
    assert_int_equal(TOLD_READ("tea", "--config", file, "--data-dir", *state), COMMAND_LINE_RUN);
    assert_enters("tea", root);
    assert_string_equal(told.bootnode, "h:1");
    assert_string_equal(told.secret_file, "");
    assert_string_equal(told.nick, "N");
    assert_int_equal(TOLD_READ("tea", WHERE, "--bootnode", "i:1"), COMMAND_LINE_RUN);
    assert_string_equal(told.bootnode, "i:1");
    TOLD_REFUSED("gochat: argument 'tea': expected flags only beside --room\n", "tea", WHERE, "--room", "x");
    TOLD_REFUSED("gochat: argument 'more': expected one name: one of several words stands in quotation marks\n", "tea",
                 "more", WHERE);
}

static void a_room_without_bootnodes_takes_the_settings(void **state) {
    uint8_t root[PRIVATE_ROOT_SIZE];
    char file[FOLDER_PATH_SIZE];
    keep(*state, "tea", "", root);
    TOLD_REFUSED("gochat: --bootnode: missing, expected HOST or HOST:PORT: the room's file has none\n", "tea", WHERE);
    folder_write(folder_file(*state, "client.ini", file), "[client]\nbootnode = g:1\n", 0600);
    assert_int_equal(TOLD_READ("tea", "--config", file, "--data-dir", *state), COMMAND_LINE_RUN);
    assert_enters("tea", root);
    assert_string_equal(told.bootnode, "g:1");
}

static void two_of_one_name_are_told_apart(void **state) {
    uint8_t first[PRIVATE_ROOT_SIZE], second[PRIVATE_ROOT_SIZE];
    char id[2][9], word[16];
    keep(*state, "tea", HERE, first);
    keep(*state, "tea", HERE, second);
    write_id("tea", first, id[0]);
    write_id("tea", second, id[1]);
    assert_int_equal(TOLD_READ("tea", WHERE), COMMAND_LINE_BAD);
    assert_non_null(
        strstr(told_said, "gochat: argument 'tea': 2 private rooms of this name are kept, expected one of: "));
    for (int i = 0; i < 2; i++) {
        const char *there = strstr(told_said, id[i]);
        assert_non_null(there);
        assert_memory_equal(there + 8, " of 2", 5);
    }
    assert_int_equal(TOLD_READ(id[1], WHERE), COMMAND_LINE_RUN);
    assert_enters("tea", second);
    for (size_t i = 0; i <= 8; i++) word[i] = (char)(id[0][i] >= 'a' ? id[0][i] - 'a' + 'A' : id[0][i]);
    assert_int_equal(TOLD_READ(word, WHERE), COMMAND_LINE_RUN);
    assert_enters("tea", first);
    word[7] = '\0'; /* so few may be a name */
    assert_int_equal(TOLD_READ(word, WHERE), COMMAND_LINE_BAD);
}

static void what_is_not_kept_is_explained(void **state) {
    uint8_t root[PRIVATE_ROOT_SIZE];
    char line[512], file[FOLDER_PATH_SIZE];
    snprintf(
        line, sizeof line,
        "gochat: argument 'tea': expected an invite or flags (see gochat --mode client --help): no private room is "
        "kept in %s\n",
        (const char *)*state);
    TOLD_REFUSED(line, "tea", WHERE);
    keep(*state, "tea", HERE, root);
    TOLD_REFUSED(
        "gochat: argument 'tae': expected an invite, or the name of a private room that is kept (tea); open ones "
        "are joined with --room\n",
        "tae", WHERE);
    assert_int_equal(TOLD_READ("\xff\x1b[2J", WHERE), COMMAND_LINE_BAD);
    assert_null(strchr(told_said, '\x1b'));
    /* One that cannot be read may be the one that is meant. */
    folder_write(folder_file(*state, "rooms/0123456789abcdef0123456789abcdef", file), "gochat private room 7\n", 0600);
    assert_int_equal(TOLD_READ("tae", WHERE), COMMAND_LINE_BAD);
    assert_non_null(
        strstr(told_said, "0123456789abcdef0123456789abcdef:1: not understood as a line of a private room\n"));
    assert_int_equal(TOLD_READ("tea", WHERE), COMMAND_LINE_RUN);
    assert_enters("tea", root);
    unlink(file);
}

/* More than there is room for in a line. */
static void many_are_not_all_listed(void **state) {
    uint8_t root[PRIVATE_ROOT_SIZE];
    char name[129];
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "%0128d", i);
        keep(*state, name, HERE, root);
    }
    assert_int_equal(TOLD_READ("tea", WHERE), COMMAND_LINE_BAD);
    assert_non_null(strstr(told_said, ", ...); open ones are joined with --room\n"));
    assert_null(strstr(told_said, "..., "));
}

/* Other modes have other words: a sender's are said, a doctor has none. */
static void it_is_the_chatters_alone(void **state) {
    uint8_t root[PRIVATE_ROOT_SIZE];
    keep(*state, "tea", HERE, root);
    assert_int_equal(TOLD_READ("--mode", "send", "tea", TOLD_NEEDED, "--data-dir", *state), COMMAND_LINE_RUN);
    assert_false(told.invited);
    assert_string_equal(told.text, "tea");
    free(told.text);
    assert_int_equal(TOLD_READ("--mode", "doctor", "tea", WHERE), COMMAND_LINE_BAD);
    /* What belongs to a misspelt flag is not looked for. */
    assert_int_equal(TOLD_READ("--bootnod", "tae", WHERE), COMMAND_LINE_BAD);
    assert_null(strstr(told_said, "tae"));
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, told_clear)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(its_name_is_enough),
        IN_FOLDER(flags_go_over_the_rooms_file_and_that_over_the_settings),
        IN_FOLDER(a_room_without_bootnodes_takes_the_settings),
        IN_FOLDER(two_of_one_name_are_told_apart),
        IN_FOLDER(what_is_not_kept_is_explained),
        IN_FOLDER(many_are_not_all_listed),
        IN_FOLDER(it_is_the_chatters_alone),
    };
    setenv("XDG_CONFIG_HOME", TOLD_NOWHERE, 1);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("kept", tests, NULL, NULL);
}
