#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "client/config.h"
#include "client/first_start.h"
#include "tests/support/folder.h"

#define INVITE                                                                                                         \
    "gochat://192.0.2.1:4000,[2001:db8::1]/"                                                                           \
    "lobby%20%C3%A9#BG9wZW4gc2VzYW1ldadxuSHq9kOzm_9ZGDSKkwAAAAAAAAAAAAAAAAAAAAAvrIx2"

/* Somebody who gives these answers, and goes away behind the last. */
struct somebody {
    const char *const *answers;
    size_t given;
    char asked[2048], told[4096];
};

static bool answer(void *context, const char *prompt, char *out, size_t size) {
    struct somebody *somebody = context;
    strncat(somebody->asked, prompt, sizeof somebody->asked - strlen(somebody->asked) - 1);
    if (!somebody->answers[somebody->given]) return false;
    snprintf(out, size, "%s", somebody->answers[somebody->given++]);
    return true;
}

static void hear(void *context, const char *line) {
    struct somebody *somebody = context;
    size_t used = strlen(somebody->told);
    snprintf(somebody->told + used, sizeof somebody->told - used, "%s\n", line);
}

static bool ask_all(struct somebody *somebody, const char *const *answers, struct first_start *out) {
    const struct first_start_asker asker = {.context = somebody, .ask = answer, .tell = hear};
    memset(somebody, 0, sizeof *somebody);
    somebody->answers = answers;
    return first_start_ask(&asker, "/home/anna/.config/gochat/client.ini", out);
}

#define ASK(somebody, out, ...) ask_all(somebody, (const char *const[]){__VA_ARGS__, NULL}, out)

static void three_answers_are_enough(void **state) {
    struct somebody somebody;
    struct first_start answers;
    (void)state;
    assert_true(ASK(&somebody, &answers, " chat.example.org ", "tea", "", ""));
    assert_false(answers.invited);
    assert_string_equal(answers.bootnode, "chat.example.org");
    assert_string_equal(answers.room, "tea");
    assert_string_equal(answers.nick, "");
    assert_true(answers.saves);
    assert_non_null(strstr(somebody.asked, "/home/anna/.config/gochat/client.ini"));
    assert_true(ASK(&somebody, &answers, "<" INVITE ">", "Anna", "n"));
    assert_true(answers.invited);
    assert_string_equal(answers.invite.room, "lobby \u00e9");
    assert_string_equal(answers.nick, "Anna");
    assert_false(answers.saves);
    assert_null(strstr(somebody.asked, "The room"));
}

/* What is wrong is said at once, and the same is asked again. */
static void each_answer_is_looked_at(void **state) {
    struct somebody somebody;
    struct first_start answers;
    (void)state;
    assert_true(ASK(&somebody, &answers, "", "http://a/", "gochat://h/tea#AAAA", "a:1,b:2", "", "a\tb\x01", "tea",
                    "a:b", "bob", "maybe", "y"));
    assert_string_equal(answers.bootnode, "a:1,b:2");
    assert_string_equal(answers.room, "tea");
    assert_string_equal(answers.nick, "bob");
    assert_int_equal(somebody.given, 11);
    const char *told = strchr(somebody.told, '\n') + 1;
    static const char *const lines[] = {"expected an invite",     "expected an invite",     "the invite is mistyped",
                                        "expected a room's name", "expected a room's name", "expected a nick",
                                        "expected y or n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++, told = strchr(told, '\n') + 1)
        if (strncmp(told, lines[i], strlen(lines[i])) != 0) fail_msg("%s instead of %s", told, lines[i]);
    assert_string_equal(told, "");
}

static void who_goes_away_starts_nothing(void **state) {
    static const char *const all[] = {"a:1", "tea", "bob", "y", NULL};
    struct somebody somebody;
    struct first_start answers;
    (void)state;
    for (size_t count = 0; count < 4; count++) {
        const char *answered[5] = {NULL};
        memcpy(answered, all, count * sizeof *all);
        assert_false(ask_all(&somebody, answered, &answers));
    }
    assert_true(ask_all(&somebody, all, &answers));
}

static void expect_saved(const char *folder, const struct first_start *answers, const char *bootnode, const char *room,
                         const char *nick) {
    static struct client_config config;
    char file[FOLDER_PATH_SIZE];
    struct why why;
    struct stat status;
    folder_file(folder, "new/client.ini", file);
    if (!first_start_save(answers, file, &why)) fail_msg("%s", why.text);
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    ini_table_defaults(&client_config_table, &config);
    assert_int_equal(ini_table_load(&client_config_table, file, &config, stderr), 0);
    assert_string_equal(config.bootnode, bootnode);
    assert_string_equal(config.room, room);
    assert_string_equal(config.nick, nick);
    assert_int_equal(remove(file), 0);
}

/* Whatever signs are in them, they come back; and no secret of an invite is in the file. */
static void what_is_kept_is_read_again(void **state) {
    struct somebody somebody;
    struct first_start answers;
    assert_true(ASK(&somebody, &answers, "a:1, [::1]", "tea # \"cake\" ;", "Anna", "y"));
    expect_saved(*state, &answers, "a:1, [::1]", "tea # \"cake\" ;", "Anna");
    assert_true(ASK(&somebody, &answers, "a:1", "it's", "", "y"));
    expect_saved(*state, &answers, "a:1", "it's", "");
    assert_true(ASK(&somebody, &answers, INVITE, "", "y"));
    expect_saved(*state, &answers, "192.0.2.1:4000, [2001:db8::1]", "", "");
}

static void nothing_is_written_over(void **state) {
    char file[FOLDER_PATH_SIZE], text[64];
    struct somebody somebody;
    struct first_start answers;
    struct why why;
    assert_true(ASK(&somebody, &answers, "a:1", "tea", "", "y"));
    folder_write(folder_file(*state, "client.ini", file), "[client]\n", 0600);
    assert_false(first_start_save(&answers, file, &why));
    assert_non_null(strstr(why.text, "File exists: nothing is kept"));
    folder_read(file, text, sizeof text);
    assert_string_equal(text, "[client]\n");
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_answers_are_enough),
        cmocka_unit_test(each_answer_is_looked_at),
        cmocka_unit_test(who_goes_away_starts_nothing),
        IN_FOLDER(what_is_kept_is_read_again),
        IN_FOLDER(nothing_is_written_over),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("first_start", tests, NULL, NULL);
}
