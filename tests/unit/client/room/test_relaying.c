/* What a member passes on for others: how much for one, how much for all, and that nobody takes another one's part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/room/relaying.h"

#define NOW 5000
#define SENDERS 128

struct fixture {
    struct relaying relaying;
    struct relaying_share shares[SENDERS];
    unsigned taken[SENDERS];
    uint64_t bytes;
};

static struct fixture fixture;

static int setup(void **state) {
    (void)state;
    memset(&fixture, 0, sizeof fixture);
    relaying_init(&fixture.relaying, NOW);
    return 0;
}

/* Each of these senders asks so often in each of `ms` milliseconds. */
static void flood(unsigned from, unsigned to, unsigned often, size_t size, uint64_t now, uint64_t ms) {
    for (uint64_t end = now + ms; now < end; now++)
        for (unsigned i = 0; i < often; i++)
            for (unsigned sender = from; sender < to; sender++) {
                if (!relaying_take(&fixture.relaying, &fixture.shares[sender], size, now)) continue;
                fixture.taken[sender]++;
                fixture.bytes += size;
            }
}

static unsigned taken(unsigned from, unsigned to) {
    unsigned sum = 0;
    for (unsigned sender = from; sender < to; sender++) sum += fixture.taken[sender];
    return sum;
}

static void one_alone_has_its_share(void **state) {
    (void)state;
    flood(0, 1, 10, 100, NOW, 10000);
    assert_in_range(taken(0, 1), 10 * RELAY_PACKETS, 11 * RELAY_PACKETS);
}

static void all_together_are_bounded(void **state) {
    (void)state;
    flood(0, SENDERS, 2, 100, NOW, 10000);
    assert_in_range(taken(0, SENDERS), 9 * RELAY_ALL_PACKETS, 11 * RELAY_ALL_PACKETS);
    setup(state);
    flood(0, SENDERS, 2, 1200, NOW, 10000);
    assert_in_range(fixture.bytes, 9 * RELAY_ALL_BYTES, 11 * RELAY_ALL_BYTES);
}

/* They have used up what there is for all when others come, who ask once in 50 ms. */
static void a_flood_takes_nothing_from_others(void **state) {
    (void)state;
    flood(0, 60, 5, 200, NOW, 5000);
    for (uint64_t now = NOW + 5000; now < NOW + 15000; now++) {
        flood(0, 60, 5, 200, now, 1);
        if (now % 100 == 0) flood(60, 64, 1, 200, now, 1);
    }
    for (unsigned sender = 60; sender < 64; sender++) assert_in_range(fixture.taken[sender], 95, 100);
    assert_in_range(taken(0, 64), 14 * RELAY_ALL_PACKETS, 16 * RELAY_ALL_PACKETS);
}

static void who_floods_gets_what_others_get(void **state) {
    (void)state;
    for (uint64_t now = NOW; now < NOW + 20000; now++) {
        flood(0, 1, 50, 200, now, 1);
        flood(1, 20, 1, 200, now, 1);
    }
    for (unsigned sender = 1; sender < 20; sender++)
        assert_in_range(fixture.taken[sender], fixture.taken[0] - 200, fixture.taken[0] + 200);
}

/* Those who asked a while ago count no longer. */
static void what_nobody_asks_for_is_there_for_the_others(void **state) {
    (void)state;
    flood(0, 100, 1, 100, NOW, 3000);
    unsigned before = fixture.taken[0];
    flood(0, 1, 1, 100, NOW + 6000, 5000);
    assert_in_range(fixture.taken[0] - before, 5 * RELAY_PACKETS, 6 * RELAY_PACKETS);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(one_alone_has_its_share),
        TEST(all_together_are_bounded),
        TEST(a_flood_takes_nothing_from_others),
        TEST(who_floods_gets_what_others_get),
        TEST(what_nobody_asks_for_is_there_for_the_others),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("relaying", tests, NULL, NULL);
}
