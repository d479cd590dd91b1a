#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/room/authors.h"

#define NOW 1000

static struct author *author_numbered(struct authors *authors, uint64_t number, uint64_t now) {
    uint8_t id[MEMBER_ID_SIZE] = {0};
    memcpy(id, &number, sizeof number);
    return authors_of(authors, id, now);
}

/* Was it not shown yet? Then it is now. */
static bool whispers(struct author *author, uint64_t run, uint64_t sequence) {
    bool news = author_is_news(author, run, sequence);
    if (news) author_whispered(author, run, sequence);
    return news;
}

/* More authors than are remembered: the one heard least recently makes room. */
static void authors_are_bounded(void **state) {
    struct authors authors = {.count = 0};
    (void)state;
    for (uint64_t i = 0; i < AUTHORS_MAX + 10; i++) assert_true(whispers(author_numbered(&authors, i, NOW + i), 1, 1));
    assert_int_equal(authors.count, AUTHORS_MAX);
    uint64_t now = NOW + AUTHORS_MAX + 10;
    assert_false(whispers(author_numbered(&authors, AUTHORS_MAX + 9, now), 1, 1));
    assert_true(whispers(author_numbered(&authors, 0, now), 1, 1));
    authors_clear(&authors);
    assert_int_equal(authors.count, 0);
}

/* Private messages are shown once in each run, whatever came before. */
static void a_whisper_counts_once(void **state) {
    struct authors authors = {.count = 0};
    struct author *author = author_numbered(&authors, 1, NOW);
    (void)state;
    assert_true(whispers(author, 7, 1));
    assert_false(whispers(author, 7, 1));
    assert_true(whispers(author, 7, 3));
    assert_false(whispers(author, 7, 2));
    assert_true(whispers(author, 8, 1));
    assert_true(whispers(author_numbered(&authors, 2, NOW), 8, 1));
    authors_clear(&authors);
}

static void renaming_is_rationed(void **state) {
    struct authors authors = {.count = 0};
    struct author *author = author_numbered(&authors, 1, NOW);
    (void)state;
    for (unsigned i = 0; i < 5; i++) assert_true(author_may_rename(author, NOW));
    assert_false(author_may_rename(author, NOW));
    assert_false(author_may_rename(author, NOW + 19999));
    assert_true(author_may_rename(author, NOW + 20000));
    assert_false(author_may_rename(author, NOW + 20000));
    for (unsigned i = 0; i < 5; i++) assert_true(author_may_rename(author, NOW + 100000000));
    assert_false(author_may_rename(author, NOW + 100000000));
    authors_clear(&authors);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authors_are_bounded),
        cmocka_unit_test(a_whisper_counts_once),
        cmocka_unit_test(renaming_is_rationed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("authors", tests, NULL, NULL);
}
