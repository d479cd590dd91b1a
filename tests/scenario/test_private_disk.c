/* What is kept of a private room where its file cannot be written for a while. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/charter/room_file.h"
#include "tests/scenario/support/private_people.h"
#include "tests/support/folder.h"

#define CONNECT_MS 3000

/* The disk is full: a file is in the place of the folder. */
static const char *fill(char path[static FOLDER_PATH_SIZE]) {
    folder_write(folder_file(private_folder, ROOM_FILE_FOLDER, path), "", 0600);
    return path;
}

/* As her file says; UNKNOWN: there is none. */
static enum standing kept_standing(const struct person *of) {
    struct private_room room;
    struct why why;
    if (!room_file_recall(private_folder, PRIVATE_NAME, private_made.charter.root, NULL, &room, &why))
        fail_msg("%s", why.text);
    enum standing standing = charter_standing(&room.charter, of->identity.public);
    private_room_clear(&room);
    return standing;
}

static struct person *ban_while_full(struct world *world, struct person **banned) {
    struct person *anna = world_person(world, "anna", NAT_NONE);
    anna->directory = private_folder;
    anna = private_found_as(anna);
    *banned = private_invite(world, "eve", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, *banned));
    private_decide(anna, *banned, DECIDE_BAN);
    world_run(world, 200000);
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 1);
    return anna;
}

static void a_minute_after_there_is_room_all_is_kept(void **state) {
    struct world *world = *state;
    struct person *eve;
    char path[FOLDER_PATH_SIZE];
    const char *in_the_way = fill(path);
    struct person *anna = ban_while_full(world, &eve);
    assert_int_equal(unlink(in_the_way), 0);
    assert_int_equal(kept_standing(eve), STANDING_UNKNOWN);
    world_run(world, 61000);
    assert_int_equal(kept_standing(eve), STANDING_BANNED);
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 1);
}

static void at_the_end_all_is_kept(void **state) {
    struct world *world = *state;
    struct person *eve;
    char path[FOLDER_PATH_SIZE];
    const char *in_the_way = fill(path);
    struct person *anna = ban_while_full(world, &eve);
    assert_int_equal(unlink(in_the_way), 0);
    person_kill(anna);
    assert_int_equal(kept_standing(eve), STANDING_BANNED);
}

#define test(name) cmocka_unit_test_setup_teardown(name, private_setup_folder, private_teardown_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(a_minute_after_there_is_room_all_is_kept),
        test(at_the_end_all_is_kept),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("private_disk", tests, NULL, NULL);
}
