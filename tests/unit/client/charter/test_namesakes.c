#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/charter/namesakes.h"
#include "client/charter/room_file.h"
#include "tests/support/folder.h"

static void keep(const char *folder, const char *name, uint8_t seed) {
    struct private_room room;
    struct identity owner;
    struct why why;
    identity_from_seed((const uint8_t[32]){seed}, &owner);
    assert_true(private_room_make(&room, name, &owner));
    snprintf(room.bootnodes, sizeof room.bootnodes, "h:%u", seed);
    assert_true(room_file_write(folder, &room, &why));
    private_room_clear(&room);
}

static void those_of_the_name_are_counted(void **state) {
    struct namesakes found;
    struct why why;
    uint8_t none[PRIVATE_ROOT_SIZE] = {0};
    assert_true(namesakes_find("", "tea", &found, &why));
    assert_int_equal(found.count, 0);
    assert_true(namesakes_find(*state, "tea", &found, &why));
    assert_int_equal(found.count, 0);
    keep(*state, "tea", 1);
    keep(*state, "Tea", 2);
    assert_true(namesakes_find(*state, "tea", &found, &why));
    assert_int_equal(found.count, 1);
    assert_string_equal(found.bootnodes, "h:1");
    assert_memory_not_equal(found.root, none, sizeof none);
    keep(*state, "tea", 3);
    assert_true(namesakes_find(*state, "tea", &found, &why));
    assert_int_equal(found.count, 2);
}

static void what_is_not_understood_is_told_beside_the_others(void **state) {
    struct namesakes found;
    struct why why;
    char file[FOLDER_PATH_SIZE];
    keep(*state, "tea", 1);
    folder_write(folder_file(*state, "rooms/0123456789abcdef0123456789abcdef", file), "gochat private room 7\n", 0600);
    assert_false(namesakes_find(*state, "tea", &found, &why));
    assert_non_null(strstr(why.text, "0123456789abcdef:1: not understood"));
    assert_int_equal(found.count, 1);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(those_of_the_name_are_counted),
        IN_FOLDER(what_is_not_understood_is_told_beside_the_others),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("namesakes", tests, NULL, NULL);
}
