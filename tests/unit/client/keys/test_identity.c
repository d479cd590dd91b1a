#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/keys/identity.h"
#include "common/why.h"
#include "tests/support/child.h"
#include "tests/support/folder.h"

#define DIGITS "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static int start(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

static void open_expected(const char *folder, const char *nick, struct identity *out) {
    struct why why = {0};
    if (!identity_open(folder, nick, out, &why)) fail_msg("%s", why.text);
}

static void refuse_expected(const char *folder, const char *nick, const char *part) {
    struct identity identity;
    struct why why = {0};
    assert_false(identity_open(folder, nick, &identity, &why));
    if (!strstr(why.text, part) || !strstr(why.text, folder) || strchr(why.text, '\n')) fail_msg("%s", why.text);
}

static unsigned count_files(const char *folder) {
    DIR *directory = opendir(folder);
    unsigned count = 0;

    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(directory);
    return count;
}

/* RFC 8032 §7.1, TEST 1. */
static void a_seed_gives_both_keys(void **state) {
    struct identity identity;
    uint8_t seed[32], public[32], base[32];
    (void)state;
    sodium_hex2bin(seed, 32, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", 64, NULL, NULL, NULL);
    sodium_hex2bin(public, 32, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", 64, NULL, NULL,
                   NULL);
    identity_from_seed(seed, &identity);
    assert_memory_equal(identity.public, public, 32);
    assert_int_equal(crypto_scalarmult_base(base, identity.noise_secret), 0);
    assert_memory_equal(identity.noise_public, base, 32);
    assert_true(identity_matches(identity.public, identity.noise_public));
    assert_int_equal(identity.lock, -1);
    identity_close(&identity);
    assert_true(sodium_is_zero(identity.secret, sizeof identity.secret));
}

static void only_its_own_noise_key_matches(void **state) {
    struct identity a, b;
    uint8_t seed[32] = {1}, zeros[32] = {0}, ones[32];
    (void)state;
    identity_from_seed(seed, &a);
    seed[0] = 2;
    identity_from_seed(seed, &b);
    memset(ones, 0xff, sizeof ones);
    assert_false(identity_matches(a.public, b.noise_public));
    assert_false(identity_matches(zeros, a.noise_public));
    assert_false(identity_matches(ones, a.noise_public));
}

static void made_once_private_and_found_again(void **state) {
    struct identity first, second;
    char file[FOLDER_PATH_SIZE], text[100];
    struct stat status;
    umask(0);
    open_expected(*state, "alice", &first);
    identity_close(&first);
    open_expected(*state, "alice", &first);
    folder_file(*state, "identity", file);
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(folder_read(file, text, sizeof text), 65);
    assert_int_equal(count_files(*state), 1);
    second = first;
    identity_close(&first);
    open_expected(*state, "bob", &first);
    assert_memory_equal(first.public, second.public, 32);
    identity_close(&first);
}

static void a_file_by_hand_is_read(void **state) {
    struct identity identity;
    char file[FOLDER_PATH_SIZE];
    uint8_t expected[32];
    for (uint8_t i = 0; i < 32; i++) expected[i] = i;
    folder_write(folder_file(*state, "identity", file), DIGITS "\n", 0600);
    open_expected(*state, "alice", &identity);
    assert_memory_equal(identity.seed, expected, 32);
    identity_close(&identity);
}

static void what_others_can_read_is_refused(void **state) {
    static const unsigned modes[] = {0640, 0604, 0610, 0666};
    char file[FOLDER_PATH_SIZE];
    folder_file(*state, "identity", file);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        folder_write(file, DIGITS "\n", modes[i]);
        refuse_expected(*state, "alice", "expected 0600: chmod 600 ");
    }
}

static void malformed_files_are_refused(void **state) {
    static const char *const texts[] = {
        "", "\n", DIGITS, DIGITS "\n\n", "zz" DIGITS "\n", DIGITS "0\n", "0x" DIGITS "\n"};
    char file[FOLDER_PATH_SIZE];
    folder_file(*state, "identity", file);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        folder_write(file, texts[i], 0600);
        refuse_expected(*state, "alice", "64 hex digits");
    }
    unlink(file);
    assert_int_equal(mkdir(file, 0700), 0);
    refuse_expected(*state, "alice", "regular file");
}

/* Where no key can be kept one can chat all the same, but not as the same person again. */
static void without_a_place_the_key_is_temporary(void **state) {
    static const char *const reasons[] = {"No such file", "Not a directory"};
    struct identity first, second, sending;
    char places[2][FOLDER_PATH_SIZE];
    struct why why;
    folder_file(*state, "none", places[0]);
    folder_write(folder_file(*state, "file", places[1]), "", 0600);
    for (size_t i = 0; i < 2; i++) {
        open_expected(places[i], "alice", &first);
        assert_true(first.temporary);
        why.text[0] = '\0';
        assert_true(identity_open(places[i], "alice", &second, &why));
        assert_memory_not_equal(first.public, second.public, 32);
        if (!strstr(why.text, places[i]) || !strstr(why.text, reasons[i])) fail_msg("%s", why.text);
        assert_true(identity_open_sender(places[i], "", 0, &sending, &why));
        assert_true(sending.temporary);
        identity_close(&first);
        identity_close(&second);
        identity_close(&sending);
    }
    open_expected(*state, "alice", &first);
    assert_false(first.temporary);
    identity_close(&first);
}

/* A full disk, for who is not allowed a byte; but a key that is there is found. */
static void on_a_full_disk_the_key_is_temporary(void **state) {
    int status;
    if (fork() == 0) {
        const struct rlimit nothing = {0, 0};
        struct identity first, second;
        struct why why = {0};

        if (!identity_open_sender(*state, "", 0, &first, &why) || first.temporary) child_end(1);
        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &nothing) != 0) child_end(2);
        if (!identity_open(*state, "alice", &second, &why) || !second.temporary) child_end(3);
        if (!strstr(why.text, "/identity: ") || count_files(*state) != 1) child_end(4);
        identity_close(&first);
        if (!identity_open_sender(*state, "", 0, &first, &why) || first.temporary) child_end(5);
        child_end(0);
    }
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
}

static void a_second_client_has_its_nicks_own(void **state) {
    struct identity first, second, third;
    char file[FOLDER_PATH_SIZE];
    open_expected(*state, "alice", &first);
    open_expected(*state, "bob", &second);
    assert_memory_not_equal(first.public, second.public, 32);
    assert_int_equal(access(folder_file(*state, "identity.bob", file), R_OK), 0);
    refuse_expected(*state, "bob", "in use");
    refuse_expected(*state, "", "in use");
    identity_close(&first);
    /* Preferred from now on, so that bob stays who he is. */
    third = second;
    identity_close(&second);
    open_expected(*state, "bob", &second);
    assert_memory_equal(second.public, third.public, 32);
    identity_close(&second);
}

static void a_sender_has_keys_of_its_own(void **state) {
    struct identity chatting, sending, ci, again;
    struct why why = {0};
    open_expected(*state, "alice", &chatting);
    assert_true(identity_open_sender(*state, "", 0, &sending, &why));
    assert_true(identity_open_sender(*state, "ci", 0, &ci, &why));
    assert_memory_not_equal(sending.public, chatting.public, 32);
    assert_memory_not_equal(sending.public, ci.public, 32);
    assert_false(identity_open_sender(*state, "ci", 0, &again, &why));
    assert_non_null(strstr(why.text, "/identity-send.ci: in use"));
    memcpy(again.public, ci.public, 32);
    identity_close(&ci);
    assert_true(identity_open_sender(*state, "ci", 0, &ci, &why));
    assert_memory_equal(ci.public, again.public, 32);
    identity_close(&ci);
    identity_close(&sending);
    identity_close(&chatting);
}

static void a_nick_is_no_path(void **state) {
    struct identity first, second;
    char file[FOLDER_PATH_SIZE];
    open_expected(*state, "alice", &first);
    open_expected(*state, "../%\n\xc3\xa9", &second);
    assert_int_equal(access(folder_file(*state, "identity...%2F%25%0A\xc3\xa9", file), R_OK), 0);
    identity_close(&second);
    identity_close(&first);
}

/* Two processes on one folder at the same moment: two identities, and nobody reads a half-written file. */
static void processes_never_share_one(void **state) {
    struct identity identity;
    uint8_t keys[2][32];
    int pipes[2][2], done[2], status;
    for (int round = 0; round < 20; round++) {
        assert_int_equal(pipe(done), 0);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(pipe(pipes[i]), 0);
            if (fork() == 0) {
                char nick[16], ignored;
                struct why why;

                close(done[1]);
                snprintf(nick, sizeof nick, "n%d", i);
                if (!identity_open(*state, nick, &identity, &why)) child_end(1);
                if (write(pipes[i][1], identity.public, 32) != 32) child_end(2);
                child_end(read(done[0], &ignored, 1) == 0 ? 0 : 3);
            }
            close(pipes[i][1]);
        }
        for (int i = 0; i < 2; i++) {
            assert_int_equal(read(pipes[i][0], keys[i], 32), 32);
            close(pipes[i][0]);
        }
        assert_memory_not_equal(keys[0], keys[1], 32);
        close(done[0]);
        close(done[1]);
        for (int i = 0; i < 2; i++) {
            assert_true(wait(&status) > 0);
            assert_int_equal(status, 0);
        }
        assert_int_equal(folder_remove(state), 0);
        assert_int_equal(folder_make(state), 0);
    }
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_gives_both_keys),
        cmocka_unit_test(only_its_own_noise_key_matches),
        IN_FOLDER(made_once_private_and_found_again),
        IN_FOLDER(a_file_by_hand_is_read),
        IN_FOLDER(what_others_can_read_is_refused),
        IN_FOLDER(malformed_files_are_refused),
        IN_FOLDER(without_a_place_the_key_is_temporary),
        IN_FOLDER(on_a_full_disk_the_key_is_temporary),
        IN_FOLDER(a_second_client_has_its_nicks_own),
        IN_FOLDER(a_sender_has_keys_of_its_own),
        IN_FOLDER(a_nick_is_no_path),
        IN_FOLDER(processes_never_share_one),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("identity", tests, start, NULL);
}
