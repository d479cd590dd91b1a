#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/folder.h"
#include "tests/support/told.h"

#define INVITE_OF_TWO                                                                                                  \
    "gochat://192.0.2.1:4000,[2001:db8::1]/lobby%20%C3%A9#BG9wZW4gc2VzYW1ldadxuSHq9kOzm_9ZGDSKkwAAAAAAAAAAAAAAAAAAAA"  \
    "AvrIx2"
#define KEY_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define KEY_2 "2222222222222222222222222222222222222222222222222222222222222222"

static void an_invite_is_enough(void **state) {
    assert_int_equal(TOLD_INVITED(TOLD_INVITE, NULL), COMMAND_LINE_RUN);
    assert_string_equal(told_said, "");
    assert_true(told.invited);
    assert_string_equal(told.bootnode, "chat.example.org");
    assert_string_equal(told.room, "tea");
    assert_int_equal(told.invite.secret_size, 32);
    assert_int_equal(TOLD_INVITED(" <" TOLD_INVITE ">\n", "--nick", "anna"), COMMAND_LINE_RUN);
    assert_string_equal(told.nick, "anna");
    assert_int_equal(TOLD_INVITED(INVITE_OF_TWO, "--mode", "client"), COMMAND_LINE_RUN);
    assert_string_equal(told.bootnode, "192.0.2.1:4000,[2001:db8::1]");
    assert_string_equal(told.room, "lobby \u00e9");
    assert_int_equal(TOLD_READ(TOLD_NEEDED), COMMAND_LINE_RUN);
    assert_false(told.invited);
}

/* What a file says of bootnodes, keys, room and secret is about another room; a key of one of the invite's bootnodes
 * stays pinned. */
static void an_invite_beats_the_file(void **state) {
    char file[FOLDER_PATH_SIZE];
    folder_write(folder_file(*state, "client.ini", file),
                 "[client]\nbootnode = h:1, [2001:db8::1]\nbootnode_key = " KEY_1 ", " KEY_2
                 "\nroom = r\nnick = N\nsecret_file = s\n",
                 0600);
    assert_int_equal(TOLD_INVITED(INVITE_OF_TWO, "--config", file), COMMAND_LINE_RUN);
    assert_string_equal(told.bootnode, "192.0.2.1:4000,[2001:db8::1]");
    assert_string_equal(told.bootnode_key, "-," KEY_2);
    assert_string_equal(told.room, "lobby \u00e9");
    assert_string_equal(told.secret_file, "");
    assert_string_equal(told.nick, "N");
    folder_write(file, "[client]\nbootnode_key = " KEY_1 "\n", 0600);
    assert_int_equal(TOLD_INVITED(TOLD_INVITE, "--config", file), COMMAND_LINE_RUN);
    assert_string_equal(told.bootnode_key, "");
}

static void what_an_invite_says_is_not_said_twice(void **state) {
    assert_int_equal(TOLD_INVITED(TOLD_INVITE, "--room", "tea", "--bootnode", "h:1", "--secret-file", "s"),
                     COMMAND_LINE_BAD);
    assert_string_equal(told_said, "gochat: --bootnode 'h:1': expected without an invite, which says that\n"
                                   "gochat: --room 'tea': expected without an invite, which says that\n"
                                   "gochat: --secret-file 's': expected without an invite, which says that\n");
    char other[] = TOLD_INVITE;
    assert_int_equal(TOLD_INVITED(TOLD_INVITE, other), COMMAND_LINE_BAD);
    assert_string_equal(other, "");
    assert_string_equal(told_said, "gochat: expected one invite, here is another one\n");
}

static void a_wrong_invite_is_explained(void **state) {
    assert_int_equal(TOLD_INVITED("gochat://chat.example.com/tea#AErYBWI", NULL), COMMAND_LINE_BAD);
    assert_non_null(strstr(told_said, "gochat: the invite is mistyped or cut off: its checksum"));
    assert_null(strchr(strchr(told_said, '\n') + 1, '\n'));
    assert_int_equal(TOLD_READ("https://x/tea#A", "--data-dir", *state), COMMAND_LINE_BAD);
    assert_ptr_equal(strstr(told_said, "gochat: argument 'https://x/tea#A': expected an invite or flags "), told_said);
    assert_int_equal(TOLD_INVITED(TOLD_INVITE, "--mode", "doctor"), COMMAND_LINE_BAD);
}

/* Others may have written what a sender says. */
static void a_sender_takes_it_as_its_first_word(void **state) {
    assert_int_equal(TOLD_INVITED(TOLD_INVITE, "--mode", "send", "hi", "there"), COMMAND_LINE_RUN);
    assert_true(told.invited);
    assert_string_equal(told.text, "hi there");
    free(told.text);
    assert_int_equal(TOLD_INVITED("look:", "--mode", "send", TOLD_NEEDED, TOLD_INVITE), COMMAND_LINE_RUN);
    assert_false(told.invited);
    assert_string_equal(told.text, "look: " TOLD_INVITE);
    free(told.text);
    assert_int_equal(TOLD_INVITED(TOLD_INVITE, "--mode", "send", TOLD_NEEDED, "join"), COMMAND_LINE_RUN);
    assert_false(told.invited);
    assert_string_equal(told.text, TOLD_INVITE " join");
    free(told.text);
    assert_int_equal(TOLD_READ("--mode", "send", TOLD_NEEDED, "--", TOLD_INVITE), COMMAND_LINE_RUN);
    assert_false(told.invited);
    free(told.text);
}

static void it_may_come_by_standard_input(void **state) {
    char rest[8] = "";
    int ends[2], before = dup(0);
    const char *lines = TOLD_INVITE "\nhello";
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], lines, strlen(lines)), strlen(lines));
    close(ends[1]);
    assert_int_equal(dup2(ends[0], 0), 0);
    assert_int_equal(TOLD_READ("-"), COMMAND_LINE_RUN);
    assert_int_equal(read(0, rest, sizeof rest), strlen("hello"));
    assert_string_equal(told.room, "tea");
    assert_int_equal(TOLD_READ("-"), COMMAND_LINE_BAD);
    assert_string_equal(told_said, "gochat: expected a line, here is none\n");
    dup2(before, 0);
    close(before);
    close(ends[0]);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, told_clear)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(an_invite_is_enough),
        IN_FOLDER(an_invite_beats_the_file),
        IN_FOLDER(what_an_invite_says_is_not_said_twice),
        IN_FOLDER(a_wrong_invite_is_explained),
        IN_FOLDER(a_sender_takes_it_as_its_first_word),
        IN_FOLDER(it_may_come_by_standard_input),
    };
    setenv("XDG_CONFIG_HOME", TOLD_NOWHERE, 1);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("invited", tests, NULL, NULL);
}
