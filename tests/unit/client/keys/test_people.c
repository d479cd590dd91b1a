/* Who is remembered, and as what: the file, what is done to it by others, and how much of it there may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/keys/people.h"
#include "common/why.h"
#include "tests/support/child.h"
#include "tests/support/folder.h"

#define ONES "0101010101010101010101010101010101010101010101010101010101010101"
#define TWOS "0202020202020202020202020202020202020202020202020202020202020202"
#define TEA "07070707070707070707070707070707"
#define DAY 20786 /* 2026-11-29 */

static const uint8_t tea[PEOPLE_ROOM_SIZE] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
static const uint8_t lobby[PEOPLE_ROOM_SIZE] = {8};

static const uint8_t *key_of(unsigned number) {
    static uint8_t key[2][32];
    static unsigned turn;
    uint8_t *out = key[turn++ % 2];
    memset(out, (int)(number & 0xff), 32);
    if (number > 0xff) memcpy(out, &number, sizeof number);
    return out;
}

static void open_expected(struct people *people, const char *folder) {
    struct why why;
    if (!people_open(people, folder, &why)) fail_msg("%s", why.text);
    people->today = DAY;
}

static void meet(struct people *people, const uint8_t *room, const char *nick, unsigned key) {
    struct why why;
    if (!people_met(people, room, nick, key_of(key), &why)) fail_msg("%s", why.text);
}

static void verify(struct people *people, unsigned key, bool verified) {
    struct why why;
    if (!people_verify(people, key_of(key), verified, &why)) fail_msg("%s", why.text);
}

static enum people_claim check(struct people *people, const uint8_t *room, const char *nick, unsigned key) {
    const struct people_name *other;
    enum people_claim claim = people_check(people, room, nick, key_of(key), &other);
    assert_true(people_table_holds(&people->table));
    if (claim == PEOPLE_NEW_ONE) assert_null(other);
    if (claim == PEOPLE_SHARED || claim == PEOPLE_TAKEN) assert_non_null(other);
    return claim;
}

static void expect_file(const char *folder, const char *expected) {
    char file[FOLDER_PATH_SIZE], text[4096];
    folder_read(folder_file(folder, "people", file), text, sizeof text);
    assert_memory_equal(text, "# ", 2); /* what it is */
    assert_string_equal(strchr(text, '\n') + 1, expected);
}

static void a_nick_belongs_to_nobody(void **state) {
    struct people people;
    open_expected(&people, *state);
    assert_int_equal(check(&people, tea, "sam", 1), PEOPLE_NEW_ONE);
    meet(&people, tea, "sam", 1);
    assert_int_equal(check(&people, tea, "sam", 1), PEOPLE_KNOWN);
    assert_int_equal(check(&people, tea, "sam", 2), PEOPLE_SHARED);
    assert_int_equal(check(&people, lobby, "sam", 2), PEOPLE_NEW_ONE);
    meet(&people, tea, "sam", 2);
    assert_int_equal(check(&people, tea, "sam", 2), PEOPLE_KNOWN);
    assert_int_equal(check(&people, tea, "sam", 1), PEOPLE_KNOWN);
    people_close(&people);
}

/* But for those whose number was compared: who comes later is not them, however it is written. */
static void a_verified_ones_nick_is_taken(void **state) {
    struct people people;
    const struct people_name *other;
    open_expected(&people, *state);
    meet(&people, tea, "sam", 1);
    meet(&people, tea, "sam", 2); /* was there before */
    verify(&people, 1, true);
    assert_true(people_is_verified(&people, key_of(1)));
    assert_int_equal(check(&people, tea, "sam", 3), PEOPLE_TAKEN);
    assert_int_equal(check(&people, tea, "SAM", 3), PEOPLE_TAKEN);
    assert_int_equal(check(&people, tea, "sam", 2), PEOPLE_KNOWN);
    assert_int_equal(check(&people, lobby, "sam", 3), PEOPLE_NEW_ONE);
    assert_int_equal(people_check(&people, tea, "sam", key_of(3), &other), PEOPLE_TAKEN);
    assert_memory_equal(other->person->key, key_of(1), 32);
    verify(&people, 3, true);
    assert_int_equal(check(&people, tea, "sam", 3), PEOPLE_SHARED); /* is known by the key itself */
    verify(&people, 3, false);
    verify(&people, 1, false);
    assert_int_equal(check(&people, tea, "sam", 3), PEOPLE_SHARED);
    people_close(&people);
}

static void a_new_key_has_the_place_of_the_old_one(void **state) {
    struct people people;
    struct why why;
    open_expected(&people, *state);
    meet(&people, tea, "sam", 1);
    meet(&people, lobby, "samuel", 1);
    verify(&people, 1, true);
    assert_int_equal(check(&people, tea, "sam", 2), PEOPLE_TAKEN);
    assert_true(people_replace(&people, key_of(1), key_of(2), &why));
    assert_int_equal(check(&people, tea, "sam", 2), PEOPLE_KNOWN);
    assert_int_equal(check(&people, lobby, "samuel", 2), PEOPLE_KNOWN);
    assert_false(people_is_verified(&people, key_of(2))); /* that has to be compared anew */
    assert_false(people_is_verified(&people, key_of(1)));
    assert_int_equal(check(&people, tea, "sam", 1), PEOPLE_SHARED);
    assert_int_equal(people.table.count, 1);
    people_close(&people);
    open_expected(&people, *state);
    assert_int_equal(check(&people, tea, "sam", 2), PEOPLE_KNOWN);
    people_close(&people);
}

static void the_file_is_private_and_plain(void **state) {
    struct people people;
    struct stat status;
    char file[FOLDER_PATH_SIZE];
    umask(0);
    open_expected(&people, *state);
    meet(&people, tea, "sam", 1);
    meet(&people, tea, "sam", 1);
    verify(&people, 1, true);
    verify(&people, 1, true);
    people.today++;
    meet(&people, tea, "sam", 1);
    expect_file(*state, ONES " met " TEA " 73616d 0001 2026-11-29\n" ONES " verified 2026-11-29\n" ONES " met " TEA
                             " 73616d 0002 2026-11-30\n");
    assert_int_equal(stat(folder_file(*state, "people", file), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    people_close(&people);
}

static void what_is_damaged_is_skipped_told_and_kept(void **state) {
    static const char *const damaged[] = {"what is this",
                                          ONES " met " TEA,
                                          ONES " met " TEA " 73616d 0000 2026-11-29",
                                          ONES " met " TEA " 73616d 0001 2026-11-299",
                                          ONES " met " TEA " 736 0001 2026-11-29",
                                          ONES " met " TEA " 73616d00 0001 2026-11-29",
                                          ONES " met " TEA "07 73616d 0001 2026-11-29",
                                          ONES " met " TEA " 73616d 0001  2026-11-29",
                                          ONES "01 verified 2026-11-29",
                                          ONES " verified yesterday",
                                          ONES " verified 2026-11-29 2026-11-29",
                                          ONES " replaced " ONES " 2026-11-29",
                                          ONES " forged 2026-11-29",
                                          ONES " keep it"};
    char file[FOLDER_PATH_SIZE], text[1024];
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        struct people people;
        struct why why;
        snprintf(text, sizeof text, "# mine\n%s\n\n" TWOS " met " TEA " 73616d", damaged[i]); /* the last is cut off */
        folder_write(folder_file(*state, "people", file), text, 0600);
        if (people_open(&people, *state, &why)) fail_msg("%s: taken", damaged[i]);
        assert_non_null(strstr(why.text, "people:2: "));
        assert_int_equal(check(&people, tea, "sam", 3), PEOPLE_NEW_ONE);
        people.today = DAY;
        meet(&people, tea, "bob", 3);
        assert_int_equal(check(&people, tea, "bob", 3), PEOPLE_KNOWN);
        assert_int_equal(check(&people, tea, "sam", 2), PEOPLE_KNOWN); /* the append ended the last line */
        people_close(&people);
        folder_read(file, text, sizeof text);
        assert_non_null(strstr(text, damaged[i]));
    }
}

/* Two who share a file see each other's lines, marks, and that it was written anew. */
static void two_share_a_file(void **state) {
    struct people a, b;
    struct why why;
    char file[FOLDER_PATH_SIZE];
    open_expected(&a, *state);
    open_expected(&b, *state);
    meet(&a, tea, "sam", 1);
    meet(&b, tea, "sam", 1); /* today already */
    verify(&b, 1, true);
    assert_int_equal(check(&a, tea, "sam", 2), PEOPLE_TAKEN);
    expect_file(*state, ONES " met " TEA " 73616d 0001 2026-11-29\n" ONES " verified 2026-11-29\n");
    assert_true(people_replace(&a, key_of(1), key_of(2), &why));
    assert_int_equal(check(&b, tea, "sam", 2), PEOPLE_KNOWN);
    folder_write(folder_file(*state, "people", file), ONES " met " TEA " 626f62\n", 0600); /* an editor */
    assert_int_equal(check(&a, tea, "bob", 1), PEOPLE_KNOWN);
    assert_int_equal(check(&b, tea, "sam", 2), PEOPLE_NEW_ONE);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(check(&a, tea, "bob", 1), PEOPLE_NEW_ONE);
    people_close(&a);
    people_close(&b);
}

#define CHILDREN 4
#define EACH 150

/* Each meets people of its own on several days, so that the file is written anew again and again meanwhile. */
static void child(const char *folder, unsigned number) {
    struct people people;
    struct why why;
    char nick[16];
    if (!people_open(&people, folder, &why)) child_end(2);
    for (unsigned day = 0; day < 8; day++) {
        people.today = DAY + day;
        for (unsigned i = 0; i < EACH; i++) {
            snprintf(nick, sizeof nick, "n%u", i);
            if (!people_met(&people, tea, nick, key_of(1000 * number + i), &why)) child_end(3);
        }
    }
    people_close(&people);
    child_end(0);
}

static void nothing_is_lost_between_processes(void **state) {
    pid_t children[CHILDREN];
    struct people people;
    char nick[16];
    for (unsigned i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) child(*state, i + 1);
    }
    for (unsigned i = 0; i < CHILDREN; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    open_expected(&people, *state);
    assert_int_equal(people.table.count, CHILDREN * EACH);
    for (unsigned i = 0; i < CHILDREN * EACH; i++) {
        const struct people_person *person = people_table_find(&people.table, key_of(1000 * (i / EACH + 1) + i % EACH));
        snprintf(nick, sizeof nick, "n%u", i % EACH);
        assert_non_null(person);
        assert_string_equal(person->names->nick, nick);
        assert_int_equal(person->names->days, 8);
    }
    assert_true(people.log.seen.lines < CHILDREN * EACH * 8); /* it was written anew */
    people_close(&people);
}

/* Ten thousand, who were met once go first, of the room that has most of them; nobody verified ever does. */
static void there_is_a_most(void **state) {
    struct people people;
    char file[FOLDER_PATH_SIZE];
    FILE *out;
    open_expected(&people, *state);
    meet(&people, lobby, "old", 1);
    meet(&people, tea, "number", 2);
    meet(&people, tea, "often", 3);
    people.today++;
    meet(&people, tea, "often", 3);
    verify(&people, 2, true);
    out = fopen(folder_file(*state, "people", file), "a");
    assert_non_null(out);
    for (unsigned i = 0; i < PEOPLE_MAX; i++) fprintf(out, "%064x met " TEA " 6e 0001 2026-11-30\n", i + 1000);
    assert_int_equal(fclose(out), 0);
    people.today++;
    meet(&people, tea, "newest", 0x1234);
    assert_in_range(people.table.count, 8000, PEOPLE_MAX);
    assert_int_equal(check(&people, tea, "number", 2), PEOPLE_KNOWN);
    assert_int_equal(check(&people, tea, "often", 3), PEOPLE_KNOWN);
    assert_int_equal(check(&people, lobby, "old", 1), PEOPLE_KNOWN);
    assert_int_equal(check(&people, tea, "newest", 0x1234), PEOPLE_KNOWN);
    people_close(&people);
}

static void nobody_has_endless_names(void **state) {
    struct people people;
    char nick[16];
    open_expected(&people, *state);
    for (unsigned i = 0; i < 100; i++) {
        people.today = DAY + i;
        snprintf(nick, sizeof nick, "n%u", i);
        meet(&people, tea, nick, 1);
        assert_int_equal(check(&people, tea, nick, 1), PEOPLE_KNOWN);
    }
    assert_int_equal(people.table.name_count, PEOPLE_NAMES);
    assert_int_equal(check(&people, tea, "n0", 1), PEOPLE_NEW_ONE);
    assert_int_equal(check(&people, tea, "n90", 1), PEOPLE_KNOWN);
    people_close(&people);
}

static void known_peers_is_taken_over_once(void **state) {
    struct people people;
    char old[FOLDER_PATH_SIZE];
    folder_write(folder_file(*state, "known_peers", old),
                 "# mine\n" TEA ":73616d " ONES " 0003 2026-11-28\n" TEA ":626f62 " TWOS " keep\nwhat\n" TEA ":zz " ONES
                 "\n",
                 0600);
    open_expected(&people, *state);
    assert_int_equal(check(&people, tea, "sam", 1), PEOPLE_KNOWN);
    assert_int_equal(check(&people, tea, "bob", 2), PEOPLE_KNOWN);
    expect_file(*state, ONES " met " TEA " 73616d 0003 2026-11-28\n" TWOS " met " TEA " 626f62\n" TWOS " keep\n");
    people_close(&people);
    folder_write(old, TEA ":63617264 " ONES "\n", 0600);
    open_expected(&people, *state);
    assert_int_equal(check(&people, tea, "card", 1), PEOPLE_NEW_ONE);
    assert_int_equal(people.table.count, 2);
    people_close(&people);
}

static void who_wanted_nobody_remembered_has_that(void **state) {
    struct people people;
    struct why why;
    char file[FOLDER_PATH_SIZE];
    struct stat status;
    assert_int_equal(symlink("/dev/null", folder_file(*state, "known_peers", file)), 0);
    assert_false(people_open(&people, *state, &why));
    assert_non_null(strstr(why.text, "known_peers: expected a regular file"));
    people.today = DAY;
    meet(&people, tea, "sam", 1); /* nothing more is told */
    assert_int_equal(check(&people, tea, "sam", 2), PEOPLE_SHARED);
    assert_int_not_equal(stat(folder_file(*state, "people", file), &status), 0);
    people_close(&people);
}

static void where_nothing_can_be_written_it_lasts_for_the_run(void **state) {
    struct people people;
    struct why why;
    (void)state;
    assert_false(people_open(&people, "/proc/no/such/place", &why));
    people.today = DAY;
    meet(&people, tea, "sam", 1);
    verify(&people, 1, true);
    assert_int_equal(check(&people, tea, "sam", 2), PEOPLE_TAKEN);
    assert_true(people_replace(&people, key_of(1), key_of(2), &why));
    assert_int_equal(check(&people, tea, "sam", 2), PEOPLE_KNOWN);
    people_close(&people);
}

/* A link is not followed, and that is told. */
static void a_link_is_refused(void **state) {
    struct people people;
    struct why why;
    char file[FOLDER_PATH_SIZE], other[FOLDER_PATH_SIZE];
    folder_write(folder_file(*state, "elsewhere", other), "", 0600);
    assert_int_equal(symlink(other, folder_file(*state, "people", file)), 0);
    assert_false(people_open(&people, *state, &why));
    assert_true(people.log.hidden);
    assert_non_null(strstr(why.text, "is a symbolic link"));
    people_close(&people);
}

static void new_people_are_rationed(void **state) {
    struct people people = {.told = false};
    unsigned admitted = 0;
    (void)state;
    for (uint64_t now = 1; now <= 60000; now += 10) admitted += people_admit(&people, now);
    assert_in_range(admitted, PEOPLE_NEW + 2, PEOPLE_NEW + 3);
    assert_true(people_crowded(&people));
    assert_false(people_crowded(&people));
    for (uint64_t now = 10000000; now <= 10000100; now += 10) assert_true(people_admit(&people, now));
}

/* --- Against a model --- */

#define KEYS 6
#define NICKS 5
#define ROOMS 2

struct model {
    struct {
        unsigned days, last;
    } met[KEYS][ROOMS][NICKS];
    bool verified[KEYS];
    unsigned today;
};

static const char *const nicks[NICKS] = {"sam", "bob", "zoe", "a b", "\xc3\xa4nne"};
static const char *const capitals[NICKS] = {"SAM", "Bob", "zoe", "A b", "\xc3\x84NNE"};
static uint32_t seed;

static unsigned roll(unsigned most) {
    seed = seed * 1664525u + 1013904223u;
    return (unsigned)((uint64_t)(seed >> 8) * most >> 24);
}

static const uint8_t *room_of(unsigned room) {
    return room ? lobby : tea;
}

static enum people_claim expected_claim(const struct model *model, unsigned key, unsigned room, unsigned nick) {
    bool others = false, taken = false;
    if (model->met[key][room][nick].days) return PEOPLE_KNOWN;
    for (unsigned i = 0; i < KEYS; i++) {
        others |= i != key && model->met[i][room][nick].days;
        taken |= i != key && model->met[i][room][nick].days && model->verified[i];
    }
    return taken && !model->verified[key] ? PEOPLE_TAKEN : others ? PEOPLE_SHARED : PEOPLE_NEW_ONE;
}

static void compare(const struct model *model, struct people *people) {
    for (unsigned key = 0; key < KEYS; key++) {
        for (unsigned at = 0; at < ROOMS * NICKS; at++)
            assert_int_equal(check(people, room_of(at / NICKS), nicks[at % NICKS], key),
                             expected_claim(model, key, at / NICKS, at % NICKS));
        assert_int_equal(people_is_verified(people, key_of(key)), model->verified[key]);
    }
}

static void step_met(struct model *model, struct people *people) {
    unsigned key = roll(KEYS), room = roll(ROOMS), nick = roll(NICKS);
    people->today = model->today;
    meet(people, room_of(room), roll(2) ? nicks[nick] : capitals[nick], key);
    if (model->met[key][room][nick].last < model->today) model->met[key][room][nick].days++;
    model->met[key][room][nick].last = model->today;
}

static void step_replace(struct model *model, struct people *people) {
    unsigned old = roll(KEYS), new = (old + 1 + roll(KEYS - 1)) % KEYS;
    struct why why;
    people->today = model->today;
    assert_true(people_replace(people, key_of(old), key_of(new), &why));
    for (unsigned at = 0; at < ROOMS * NICKS; at++) {
        if (model->met[old][at / NICKS][at % NICKS].days) model->met[new][at / NICKS][at % NICKS].days = 1;
        model->met[old][at / NICKS][at % NICKS].days = model->met[old][at / NICKS][at % NICKS].last = 0;
        model->met[new][at / NICKS][at % NICKS].last = 0; /* whichever was the later: only the claims are compared */
    }
    model->verified[old] = false;
}

static void step_verify(struct model *model, struct people *people) {
    unsigned key = roll(KEYS);
    bool on = roll(2);
    people->today = model->today;
    verify(people, key, on);
    model->verified[key] = on;
}

static void damage(const char *folder) {
    static const char *const garbage[] = {"\n", "garbage", "garbage\n", "# remark\n", ONES " met", ONES " verified\n"};
    char file[FOLDER_PATH_SIZE];
    FILE *out = fopen(folder_file(folder, "people", file), "a");
    assert_non_null(out);
    fputs(garbage[roll(sizeof garbage / sizeof *garbage)], out);
    assert_int_equal(fclose(out), 0);
}

static void as_a_model_says(void **state) {
    struct model model = {.today = DAY};
    struct people people[2];
    struct why ignored;
    seed = 7;
    open_expected(&people[0], *state);
    open_expected(&people[1], *state);
    for (unsigned i = 0; i < 1500; i++) {
        struct people *one = &people[roll(2)];
        unsigned what = roll(100);
        if (what < 60) step_met(&model, one);
        if (what >= 60 && what < 75) step_verify(&model, one);
        if (what >= 75 && what < 82) step_replace(&model, one);
        if (what >= 82 && what < 92) model.today++;
        if (what >= 92 && what < 94) damage(*state);
        if (what >= 94 && what < 97) {
            people_close(one);
            (void)people_open(one, *state, &ignored);
        }
        if (i % 10 == 0) compare(&model, &people[0]);
        if (i % 10 == 0) compare(&model, &people[1]);
    }
    people_close(&people[0]);
    people_close(&people[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_nick_belongs_to_nobody),
        TEST(a_verified_ones_nick_is_taken),
        TEST(a_new_key_has_the_place_of_the_old_one),
        TEST(the_file_is_private_and_plain),
        TEST(what_is_damaged_is_skipped_told_and_kept),
        TEST(two_share_a_file),
        TEST(nothing_is_lost_between_processes),
        TEST(there_is_a_most),
        TEST(nobody_has_endless_names),
        TEST(known_peers_is_taken_over_once),
        TEST(who_wanted_nobody_remembered_has_that),
        TEST(where_nothing_can_be_written_it_lasts_for_the_run),
        TEST(a_link_is_refused),
        TEST(new_people_are_rationed),
        TEST(as_a_model_says),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("people", tests, NULL, NULL);
}
