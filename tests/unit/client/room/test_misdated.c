/* What was left out because of its time is counted once, and told seldom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/room/misdated.h"
#include "common/clock.h"

#define NOW 10000

static void add(struct misdated *misdated, uint8_t author, uint64_t sequence, uint64_t now) {
    const struct chat_message chat = {
        .author = {author}, .run = 1, .sequence = sequence, .nick = "carl", .nick_size = 4};
    misdated_add(misdated, &chat, now);
}

static void each_counts_once(void **state) {
    struct misdated misdated = {.due = 0};
    struct misdated_author out[MISDATED_AUTHORS];
    uint64_t others;
    (void)state;
    assert_true(misdated_due(&misdated) == NEVER);
    for (int members = 0; members < 3; members++) /* who pass on the same */
        for (uint64_t i = 1; i <= 5; i++) add(&misdated, 1, i, NOW);
    add(&misdated, 2, 7, NOW + 1);
    assert_int_equal(misdated_due(&misdated), NOW + MISDATED_WAIT_MS);
    assert_int_equal(misdated_take(&misdated, out, &others, NOW + MISDATED_WAIT_MS), 2);
    assert_int_equal(out[0].count, 5);
    assert_int_equal(out[0].highest, 5);
    assert_string_equal(out[0].nick, "carl");
    assert_int_equal(out[1].count, 1);
    assert_int_equal(out[1].feed.author[0], 2);
    assert_int_equal(others, 0);
    assert_true(misdated_due(&misdated) == NEVER);
    add(&misdated, 1, 5, NOW + MISDATED_WAIT_MS); /* nor again afterwards */
    assert_true(misdated_due(&misdated) == NEVER);
}

/* Somebody passes on old ones under ever new keys. */
static void who_floods_fills_no_screen(void **state) {
    struct misdated misdated = {.due = 0};
    struct misdated_author out[MISDATED_AUTHORS];
    uint64_t others, told = 0, counted = 0;
    (void)state;
    for (uint64_t now = NOW; now < NOW + 10 * MISDATED_EVERY_MS; now += 100) {
        add(&misdated, (uint8_t)(now / 100), now, now);
        if (now < misdated_due(&misdated)) continue;
        size_t count = misdated_take(&misdated, out, &others, now);
        assert_in_range(count, 1, MISDATED_AUTHORS);
        told++;
        for (size_t i = 0; i < count; i++) counted += out[i].count;
        counted += others;
    }
    assert_in_range(told, 9, 11);
    assert_in_range(counted, 9 * MISDATED_EVERY_MS / 100, 10 * MISDATED_EVERY_MS / 100); /* none is lost in silence */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_counts_once),
        cmocka_unit_test(who_floods_fills_no_screen),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("misdated", tests, NULL, NULL);
}
