#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/charter/room_file.h"
#include "tests/support/folder.h"

#define NOW 1700000000000u
#define DAY 86400000u

static struct identity owner, op, guest;
static const char *directory;

/* Stands before libsodium's own. */
static unsigned signatures_checked;

int crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message, unsigned long long size,
                                const unsigned char *key) {
    signatures_checked++;
    return crypto_sign_ed25519_verify_detached(signature, message, size, key);
}

static int start(void **state) {
    if (sodium_init() < 0 || folder_make(state) != 0) return -1;
    directory = *state;
    identity_from_seed((const uint8_t[32]){1}, &owner);
    identity_from_seed((const uint8_t[32]){2}, &op);
    identity_from_seed((const uint8_t[32]){3}, &guest);
    return 0;
}

static void say(struct private_room *room, const struct identity *author, const uint8_t *subject,
                enum standing standing) {
    struct statement out;
    const uint8_t body = (uint8_t)standing;
    assert_int_equal(charter_state(&room->charter, author, STATEMENT_PERSON, subject, &body, 1, NOW, &out),
                     CHARTER_TAKEN);
}

/* With something of everything. */
static void make(struct private_room *room) {
    uint8_t secret[PRIVATE_SECRET_SIZE];
    assert_true(private_room_make(room, "the book club", &owner));
    snprintf(room->bootnodes, sizeof room->bootnodes, "chat.example.org,[2001:db8::1]:9595");
    say(room, &owner, op.public, STANDING_OP);
    say(room, &op, guest.public, STANDING_BANNED);
    memset(secret, 0x77, sizeof secret);
    private_room_outdate(room, secret, NOW);
    assert_non_null(private_room_open_door(room, true, NOW + DAY, NOW));
    struct private_door *used = private_room_open_door(room, true, 0, NOW);
    assert_non_null(used);
    used->used = true;
    memcpy(used->by, guest.public, 32);
    room->invited = true;
    memset(room->invite, 0x44, sizeof room->invite);
    room->invite_stamp = NOW + 5;
}

static void comes_back_as_it_was(void **state) {
    struct private_room room, again;
    struct why why;
    char path[200], *before, *after;
    size_t before_size, after_size;
    struct stat status;
    (void)state;
    make(&room);
    assert_true(room_file_write(directory, &room, &why));
    assert_true(room_file_path(directory, room.keys.id, path, sizeof path));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true(room_file_read(path, &again, &why));
    assert_string_equal(again.name, "the book club");
    assert_string_equal(again.bootnodes, room.bootnodes);
    assert_int_equal(charter_standing(&again.charter, owner.public), STANDING_OWNER);
    assert_int_equal(charter_standing(&again.charter, op.public), STANDING_OP);
    assert_int_equal(charter_standing(&again.charter, guest.public), STANDING_BANNED);
    assert_int_equal(again.former_count, 1);
    assert_int_equal(again.former[0].until_ms, NOW + PRIVATE_ROOM_FORMER_MS);
    assert_int_equal(again.door_count, 2);
    assert_memory_equal(again.doors, room.doors, sizeof room.doors);
    assert_true(again.invited);
    assert_memory_equal(again.invite, room.invite, sizeof room.invite);
    assert_int_equal(again.invite_stamp, NOW + 5);
    assert_false(private_room_is_known(&again));
    before = room_file_format(&room, &before_size);
    after = room_file_format(&again, &after_size);
    assert_string_equal(before, after);
    assert_int_equal(before_size, after_size);
    free(before);
    free(after);
    private_room_clear(&room);
    private_room_clear(&again);
}

static void a_file_from_before_stamps_is_read(void **state) {
    struct private_room room, again;
    struct why why;
    char text[512], root[2 * PRIVATE_ROOT_SIZE + 1], secret[2 * PRIVATE_SECRET_SIZE + 1];
    (void)state;
    assert_true(private_room_make(&room, "tea", &owner));
    sodium_bin2hex(root, sizeof root, room.charter.root, sizeof room.charter.root);
    memset(secret, 'a', sizeof secret - 1);
    secret[sizeof secret - 1] = '\0';
    snprintf(text, sizeof text, "gochat private room 1\nname tea\nroot %s\ninvite %s\n", root, secret);
    assert_true(room_file_parse("x", text, &again, &why));
    assert_true(again.invited);
    assert_int_equal(again.invite_stamp, 0);
    private_room_clear(&again);
    snprintf(text, sizeof text, "gochat private room 1\nname tea\nroot %s\ninvite %s soon\n", root, secret);
    assert_false(room_file_parse("x", text, &again, &why));
    assert_string_equal(why.text, "x:4: not understood as a line of a private room");
    private_room_clear(&again);
    private_room_clear(&room);
}

static void make_invite(uint8_t secret, uint64_t stamp, uint8_t out[static PRIVATE_INVITE_SIZE]) {
    struct writer writer = writer_over(out, PRIVATE_INVITE_SIZE);
    memset(write_space(&writer, PRIVATE_SECRET_SIZE), secret, PRIVATE_SECRET_SIZE);
    write_u64(&writer, stamp);
}

static void assert_meets_by(const struct private_room *kept, const uint8_t *invite, uint8_t expected) {
    struct private_room room;
    struct why why;
    uint8_t secret[PRIVATE_SECRET_SIZE], wanted[PRIVATE_SECRET_SIZE];
    assert_true(room_file_recall(directory, kept->name, kept->charter.root, invite, &room, &why));
    private_room_secret(&room, secret);
    memset(wanted, expected, sizeof wanted);
    assert_memory_equal(secret, wanted, sizeof wanted);
    private_room_clear(&room);
}

/* Who was away for long, or was removed, comes back by a new one. */
static void a_kept_room_is_entered_by_a_later_invite(void **state) {
    struct private_room room;
    struct statement out;
    struct why why;
    uint8_t body[STATEMENT_EPOCH_BODY], invite[PRIVATE_INVITE_SIZE];
    (void)state;
    assert_true(private_room_make(&room, "away", &owner));
    make_invite(0x11, NOW - 1, invite);
    assert_meets_by(&room, invite, 0x11);
    memset(body, 0x22, sizeof body);
    assert_int_equal(charter_state(&room.charter, &owner, STATEMENT_EPOCH, NULL, body, sizeof body, NOW, &out),
                     CHARTER_TAKEN);
    assert_true(room_file_write(directory, &room, &why));
    assert_meets_by(&room, NULL, 0x22);
    assert_meets_by(&room, invite, 0x22);
    make_invite(0x33, NOW + DAY, invite);
    assert_meets_by(&room, invite, 0x33);
    /* Of an epoch that never comes, as anybody can make it who has seen an invite: a true one is the way back. */
    struct private_room led_astray;
    assert_true(room_file_recall(directory, room.name, room.charter.root, invite, &led_astray, &why));
    assert_true(room_file_write(directory, &led_astray, &why));
    assert_meets_by(&room, NULL, 0x33);
    make_invite(0x22, NOW, invite);
    assert_meets_by(&room, invite, 0x22);
    private_room_clear(&led_astray);
    private_room_clear(&room);
}

/* Whatever one byte becomes, and wherever the file ends: understood, or refused with its name; never a crash, and never
 * somebody whom nobody let in. */
static void damage_is_named(void **state) {
    struct private_room room, again;
    struct why why;
    size_t size;
    (void)state;
    make(&room);
    char *text = room_file_format(&room, &size), *copy = malloc(size + 1);
    for (size_t i = 0; i < size; i += 7)
        for (int way = 0; way < 2; way++) {
            memcpy(copy, text, size + 1);
            copy[i] = way ? '\0' : (char)(copy[i] ^ 0x15);
            if (!room_file_parse("rooms/x", copy, &again, &why))
                assert_ptr_equal(strstr(why.text, "rooms/x:"), why.text);
            assert_int_not_equal(charter_standing(&again.charter, guest.public), STANDING_MEMBER);
            private_room_clear(&again);
        }
    free(copy);
    free(text);
    private_room_clear(&room);
}

static void others_files_are_refused(void **state) {
    struct private_room room, again;
    struct why why;
    char path[200];
    (void)state;
    make(&room);
    assert_true(room_file_write(directory, &room, &why));
    assert_true(room_file_path(directory, room.keys.id, path, sizeof path));
    assert_int_equal(chmod(path, 0640), 0);
    assert_false(room_file_read(path, &again, &why));
    assert_non_null(strstr(why.text, "chmod 600"));
    assert_int_equal(unlink(path), 0);
    private_room_clear(&again);
    private_room_clear(&room);
}

static void what_cannot_be_read_whole_is_named(void **state) {
    struct private_room room;
    struct why why;
    char path[FOLDER_PATH_SIZE], expected[FOLDER_PATH_SIZE + 64];
    (void)state;
    static const char zero[] = "gochat private room 1\nname a\0b\n";
    FILE *out = fopen(folder_file(directory, "odd", path), "w");
    assert_non_null(out);
    assert_int_equal(fchmod(fileno(out), 0600), 0);
    assert_int_equal(fwrite(zero, 1, sizeof zero - 1, out), sizeof zero - 1);
    assert_int_equal(fclose(out), 0);
    assert_false(room_file_read(path, &room, &why));
    snprintf(expected, sizeof expected, "%s: there is a zero byte in it", path);
    assert_string_equal(why.text, expected);
    private_room_clear(&room);
    out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(truncate(path, ROOM_FILE_SIZE_MAX + 1), 0);
    assert_false(room_file_read(path, &room, &why));
    snprintf(expected, sizeof expected, "%s: has over 4194304 bytes", path);
    assert_string_equal(why.text, expected);
    private_room_clear(&room);
    assert_false(room_file_read(folder_file(directory, "none", path), &room, &why));
    assert_non_null(strstr(why.text, "/none: No such file"));
    private_room_clear(&room);
}

static void a_door_lets_one_in_and_closes(void **state) {
    struct private_room room;
    (void)state;
    assert_true(private_room_make(&room, "tea", &owner));
    struct private_door *door = private_room_open_door(&room, true, NOW + DAY, NOW);
    assert_int_equal(private_door_verdict(door, guest.public, NOW), VERDICTS);
    door->used = true;
    memcpy(door->by, guest.public, 32);
    assert_int_equal(private_door_verdict(door, guest.public, NOW), VERDICTS);
    assert_int_equal(private_door_verdict(door, op.public, NOW), VERDICT_USED);
    assert_int_equal(private_door_verdict(door, guest.public, NOW + DAY), VERDICT_OVER);
    assert_false(private_room_expire(&room, NOW + DAY));
    assert_true(private_room_expire(&room, NOW + 9 * (uint64_t)DAY));
    assert_int_equal(room.door_count, 0);
    private_room_clear(&room);
}

static void doors_in_use_stay(void **state) {
    struct private_room room;
    (void)state;
    assert_true(private_room_make(&room, "tea", &owner));
    for (size_t i = 0; i < KEY_SETS_DOORS; i++) assert_non_null(private_room_open_door(&room, true, 0, NOW));
    assert_null(private_room_open_door(&room, true, 0, NOW));
    room.doors[2].used = true;
    assert_non_null(private_room_open_door(&room, false, 0, NOW));
    assert_int_equal(room.door_count, KEY_SETS_DOORS);
    private_room_clear(&room);
}

/* The first one, then the invite's, then what the charter says. */
static void the_secret_is_the_latest_that_is_known(void **state) {
    struct private_room room, invited;
    uint8_t first[PRIVATE_SECRET_SIZE], other[PRIVATE_SECRET_SIZE], body[STATEMENT_EPOCH_BODY] = {9};
    struct statement out;
    (void)state;
    assert_true(private_room_make(&room, "tea", &owner));
    private_room_secret(&room, first);
    assert_true(private_room_init(&invited, "tea", room.charter.root));
    private_room_secret(&invited, other);
    assert_memory_equal(first, other, sizeof first);
    invited.invited = true;
    memset(invited.invite, 0x33, sizeof invited.invite);
    private_room_secret(&invited, other);
    assert_memory_equal(invited.invite, other, sizeof other);
    charter_removed(&room.charter, body + PRIVATE_SECRET_SIZE);
    assert_int_equal(charter_state(&room.charter, &owner, STATEMENT_EPOCH, NULL, body, sizeof body, NOW, &out),
                     CHARTER_TAKEN);
    private_room_secret(&room, other);
    assert_memory_equal(body, other, sizeof other);
    private_room_clear(&room);
    private_room_clear(&invited);
}

/* Two clients of ours with one file: neither writes away the other's invites, or lets in twice by one for one person.
 */
static void doors_of_several_clients_are_one(void **state) {
    struct private_room first, second, kept;
    char path[200];
    struct why why;
    (void)state;
    assert_true(private_room_make(&first, "two clients", &owner));
    const struct private_door *shared = private_room_open_door(&first, true, 0, NOW);
    assert_true(room_file_write(directory, &first, &why));
    assert_true(room_file_path(directory, first.keys.id, path, sizeof path));
    assert_true(room_file_read(path, &second, &why));
    struct private_door *own = private_room_open_door(&second, false, NOW + DAY, NOW);
    assert_non_null(own);
    second.doors[0].used = true;
    memcpy(second.doors[0].by, guest.public, 32);
    room_file_take_doors(directory, &second, NOW);
    assert_int_equal(second.door_count, 2);
    assert_true(room_file_write(directory, &second, &why));
    assert_int_equal(private_door_verdict(shared, op.public, NOW), VERDICTS);
    room_file_take_doors(directory, &first, NOW);
    assert_int_equal(private_door_verdict(shared, op.public, NOW), VERDICT_USED);
    assert_int_equal(private_door_verdict(shared, guest.public, NOW), VERDICTS);
    assert_int_equal(first.door_count, 2);
    assert_memory_equal(first.doors[1].token, own->token, sizeof own->token);
    assert_true(room_file_write(directory, &first, &why));
    assert_true(room_file_read(path, &kept, &why));
    assert_int_equal(kept.door_count, 2);
    private_room_clear(&kept);
    /* Long over: it does not come back from the file. */
    assert_true(private_room_expire(&first, NOW + 30 * (uint64_t)DAY));
    room_file_take_doors(directory, &first, NOW + 30 * (uint64_t)DAY);
    assert_int_equal(first.door_count, 1);
    private_room_clear(&first);
    private_room_clear(&second);
}

/* Whoever has the token of a used invite may come as often as it likes: the list costs us nothing each time. */
static void doors_are_read_without_the_list(void **state) {
    struct private_room room;
    struct why why;
    (void)state;
    assert_true(private_room_make(&room, "many", &owner));
    for (uint8_t i = 0; i < 200; i++) {
        const uint8_t key[32] = {i, 1};
        say(&room, &owner, key, STANDING_MEMBER);
    }
    assert_non_null(private_room_open_door(&room, true, 0, NOW));
    assert_true(room_file_write(directory, &room, &why));
    signatures_checked = 0;
    for (int turn = 0; turn < 10; turn++) room_file_take_doors(directory, &room, NOW);
    assert_int_equal(signatures_checked, 0);
    assert_int_equal(room.door_count, 1);
    private_room_clear(&room);
}

/* Whether another client would get the lock now. */
static bool is_free(void) {
    char path[100];
    snprintf(path, sizeof path, "%s/" ROOM_FILE_FOLDER, directory);
    int folder = open(path, O_RDONLY | O_DIRECTORY);
    assert_true(folder >= 0);
    bool locked = flock(folder, LOCK_EX | LOCK_NB) == 0;
    close(folder);
    return locked;
}

static void one_client_holds_the_doors(void **state) {
    struct private_room room;
    struct why why;
    (void)state;
    assert_int_equal(room_file_lock(""), -1);
    assert_int_equal(room_file_lock("/nonexistent"), -1);
    assert_true(private_room_make(&room, "locked", &owner));
    assert_true(room_file_write(directory, &room, &why));
    int lock = room_file_lock(directory);
    assert_true(lock >= 0);
    assert_false(is_free());
    assert_true(room_file_write(directory, &room, &why));
    assert_false(is_free());
    close(lock);
    assert_true(is_free());
    private_room_clear(&room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(a_file_from_before_stamps_is_read),
        cmocka_unit_test(a_kept_room_is_entered_by_a_later_invite),
        cmocka_unit_test(damage_is_named),
        cmocka_unit_test(others_files_are_refused),
        cmocka_unit_test(what_cannot_be_read_whole_is_named),
        cmocka_unit_test(a_door_lets_one_in_and_closes),
        cmocka_unit_test(doors_in_use_stay),
        cmocka_unit_test(doors_of_several_clients_are_one),
        cmocka_unit_test(doors_are_read_without_the_list),
        cmocka_unit_test(one_client_holds_the_doors),
        cmocka_unit_test(the_secret_is_the_latest_that_is_known),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("room_file", tests, start, folder_remove);
}
