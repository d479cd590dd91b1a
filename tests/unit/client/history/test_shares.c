/* How much of the history members are answered, each and all together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/history/shares.h"

#define NOW 5000

static bool take(struct shares *shares, uint32_t member, size_t size, uint64_t now) {
    uint8_t id[MEMBER_ID_SIZE] = {0};
    memcpy(id, &member, sizeof member);
    return shares_take(shares, id, size, now);
}

static uint64_t take_all(struct shares *shares, uint32_t member, size_t size, uint64_t now) {
    uint64_t taken = 0;
    while (take(shares, member, size, now)) taken++;
    return taken;
}

/* Nothing is known here of connections: whoever comes back has what is left. */
static void a_share_is_twice_what_is_kept_and_again_in_a_minute(void **state) {
    struct shares shares = {.count = 0};
    (void)state;
    assert_in_range(take_all(&shares, 1, 100, NOW), 2 * BACKLOG_MESSAGES - 1, 2 * BACKLOG_MESSAGES + 1);
    assert_int_equal(take_all(&shares, 1, 100, NOW), 0);
    assert_in_range(take_all(&shares, 1, 100, NOW + SHARE_MS / 2), BACKLOG_MESSAGES - 1, BACKLOG_MESSAGES + 1);
    assert_true(take(&shares, 2, 100, NOW + SHARE_MS / 2));
    assert_in_range(take_all(&shares, 1, 100, NOW + 10 * SHARE_MS), 2 * BACKLOG_MESSAGES - 1, 2 * BACKLOG_MESSAGES + 1);
    assert_true(shares_holds(&shares));
    shares_clear(&shares);
}

static void all_together_have_a_bound(void **state) {
    struct shares shares = {.count = 0};
    uint64_t bytes = 0;
    (void)state;
    for (uint32_t member = 0; member < 100; member++) bytes += 65536 * take_all(&shares, member, 65536, NOW);
    assert_in_range(bytes, SHARES_BYTES - 65536, SHARES_BYTES);
    bytes = 0;
    for (uint64_t now = NOW; now <= NOW + SHARE_MS; now += 1000)
        for (uint32_t member = 100; member < 200; member++) bytes += 65536 * take_all(&shares, member, 65536, now);
    assert_in_range(bytes, SHARES_BYTES - 65536, SHARES_BYTES + 65536);
    assert_true(shares_holds(&shares));
    shares_clear(&shares);
}

/* Ids that are used once each: as many as there is room for, and it is there again when their shares are whole. */
static void ids_without_end_take_no_memory(void **state) {
    struct shares shares = {.count = 0};
    unsigned taken = 0;
    (void)state;
    for (uint32_t member = 0; member < 5000; member++) taken += take(&shares, member, 100, NOW);
    assert_int_equal(taken, SHARES_MOST);
    for (uint32_t member = 5000; member < 5100; member++) assert_true(take(&shares, member, 100, NOW + SHARE_MS));
    assert_int_equal(shares.count, SHARES_MOST);
    assert_true(shares_holds(&shares));
    shares_clear(&shares);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_share_is_twice_what_is_kept_and_again_in_a_minute),
        cmocka_unit_test(all_together_have_a_bound),
        cmocka_unit_test(ids_without_end_take_no_memory),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("shares", tests, NULL, NULL);
}
