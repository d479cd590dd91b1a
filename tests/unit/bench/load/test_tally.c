#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/load/tally.h"
#include "common/why.h"

/* What the bootnode counts, in the order of `names`. */
enum {
    RECEIVED,
    HEARTBEAT,
    OLD,
    FORGED,
    ACK,
    CONFIRMED,
    LEFT,
    MOVED,
    EXPIRED,
    STUN,
    HELLO,
    LIMITED,
    OVERFLOWED,
    COUNT
};
static const char *const names[COUNT] = {"received",
                                         "heartbeat",
                                         "heartbeat_old",
                                         "heartbeat_forged",
                                         "beat_ack",
                                         "sessions_confirmed",
                                         "sessions_left",
                                         "sessions_moved",
                                         "sessions_expired",
                                         "stun",
                                         "hello",
                                         "rate_limited",
                                         "worker_overflowed"};
static const char *const still[] = {"sealed_forged", "handshake_bad", "foreign",
                                    "malformed",     "unknown_type",  "oversize"};

static struct disagreements found;
static unsigned sessions_before; /* at the bootnode */

static struct scrape *page(const uint64_t values[static COUNT], const char *moving) {
    char text[3000];
    struct why why;
    size_t at = 0;
    for (size_t i = 0; i < COUNT; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "gochat_%s_total %llu\n", names[i],
                               (unsigned long long)values[i]);
    for (size_t i = 0; i < sizeof still / sizeof *still; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "gochat_%s_total %d\n", still[i],
                               4 + (moving && strcmp(moving, still[i]) == 0));
    snprintf(text + at, sizeof text - at, "gochat_sessions %u\n", sessions_before);
    struct scrape *scrape = scrape_parse(text, &why);
    assert_non_null(scrape);
    return scrape;
}

static const uint64_t theirs_before[COUNT] = {[RECEIVED] = 100, [HEARTBEAT] = 50, [STUN] = 3, [EXPIRED] = 1};
static const struct tally ours_before = {.datagrams = 90, .beats = 40, .registered = 2, .living = 2};
/* In between: 1,000 datagrams, of which 800 were beats and 100 STUN. */
static const uint64_t theirs_after[COUNT] = {[RECEIVED] = 1100, [HEARTBEAT] = 850, [ACK] = 30,    [CONFIRMED] = 20,
                                             [LEFT] = 5,        [MOVED] = 6,       [EXPIRED] = 8, [STUN] = 103};
static const struct tally ours_after = {.datagrams = 1090,
                                        .beats = 840,
                                        .registered = 22,
                                        .left = 5,
                                        .moved = 6,
                                        .fell_silent = 7,
                                        .stun = 100,
                                        .stun_answered = 99,
                                        .beats_answered = 25};

static size_t compare(const struct tally *ours, const uint64_t theirs[static COUNT], const char *moving) {
    struct tally before = ours_before, after = *ours;
    before.theirs = page(theirs_before, NULL);
    after.theirs = page(theirs, moving);
    tally_compare(&before, &after, &found);
    scrape_destroy(before.theirs);
    scrape_destroy(after.theirs);
    return found.count;
}

static void equal_counts_agree(void **state) {
    (void)state;
    assert_int_equal(compare(&ours_after, theirs_after, NULL), 0);
}

static void one_off_is_one_disagreement(void **state) {
    (void)state;
    static const struct {
        size_t which;
        const char *says;
    } counters[] = {{RECEIVED, "datagrams"}, {HEARTBEAT, "heartbeats"}, {CONFIRMED, "registrations"},
                    {LEFT, "leaves"},        {MOVED, "moves"},          {EXPIRED, "fell silent"}};
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        for (int off = -1; off <= 1; off += 2) {
            uint64_t theirs[COUNT];
            memcpy(theirs, theirs_after, sizeof theirs);
            theirs[counters[i].which] += (uint64_t)off;
            assert_int_equal(compare(&ours_after, theirs, NULL), 1);
            assert_non_null(strstr(found.lines[0], counters[i].says));
        }
    }
}

static void drops_explain_what_is_missing_and_no_more(void **state) {
    (void)state;
    uint64_t theirs[COUNT];
    struct tally ours = ours_after;
    memcpy(theirs, theirs_after, sizeof theirs);
    theirs[RECEIVED] -= 10;
    theirs[HEARTBEAT] -= 10;
    assert_int_equal(compare(&ours, theirs, NULL), 2);
    theirs[OVERFLOWED] = 10;
    assert_int_equal(compare(&ours, theirs, NULL), 0);
    theirs[HEARTBEAT]--;
    assert_int_equal(compare(&ours, theirs, NULL), 1);
    theirs[HEARTBEAT] = theirs_after[HEARTBEAT] + 1;
    assert_int_equal(compare(&ours, theirs, NULL), 1);
    theirs[HEARTBEAT] = theirs_after[HEARTBEAT];
    theirs[CONFIRMED]--; /* the fleet repeats until it is registered: no excuse */
    assert_int_equal(compare(&ours, theirs, NULL), 1);
}

/* It was received all the same. */
static void limits_explain_what_is_not_answered(void **state) {
    (void)state;
    uint64_t theirs[COUNT];
    memcpy(theirs, theirs_after, sizeof theirs);
    theirs[LIMITED] = 1;
    theirs[STUN]--;
    assert_int_equal(compare(&ours_after, theirs, NULL), 0);
    theirs[RECEIVED]--;
    assert_int_equal(compare(&ours_after, theirs, NULL), 1);
    assert_non_null(strstr(found.lines[0], "datagrams"));
}

/* Of an earlier run, say. */
static void others_that_were_there_may_expire(void **state) {
    (void)state;
    uint64_t theirs[COUNT];
    struct tally ours = ours_after;
    memcpy(theirs, theirs_after, sizeof theirs);
    sessions_before = 3; /* two are ours */
    theirs[EXPIRED]++;
    assert_int_equal(compare(&ours, theirs, NULL), 0);
    theirs[EXPIRED]++;
    assert_int_equal(compare(&ours, theirs, NULL), 1);
    theirs[EXPIRED] = theirs_after[EXPIRED] - 1;
    assert_int_equal(compare(&ours, theirs, NULL), 1);
    sessions_before = 0;
}

static void answers_may_be_more_than_ours(void **state) {
    (void)state;
    struct tally ours = ours_after;
    ours.beats_answered = 30;
    assert_int_equal(compare(&ours, theirs_after, NULL), 0);
    ours.beats_answered = 31;
    assert_int_equal(compare(&ours, theirs_after, NULL), 1);
    assert_non_null(strstr(found.lines[0], "we count 31, the bootnode 30"));
}

static void nothing_of_ours_is_malformed(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof still / sizeof *still; i++)
        assert_int_equal(compare(&ours_after, theirs_after, still[i]), 1);
}

/* The bootnode need not come to all of it. */
static void what_is_sent_on_purpose_is_ours(void **state) {
    (void)state;
    static const char *const by_junk[] = {"foreign", "malformed", "unknown_type", "oversize"};
    struct tally ours = ours_after;
    ours.junk = 5;
    assert_int_equal(compare(&ours, theirs_after, NULL), 0);
    for (size_t i = 0; i < sizeof by_junk / sizeof *by_junk; i++)
        assert_int_equal(compare(&ours, theirs_after, by_junk[i]), 0);
    assert_int_equal(compare(&ours, theirs_after, "handshake_bad"), 1);
    ours.handshakes_forged = 1;
    assert_int_equal(compare(&ours, theirs_after, "handshake_bad"), 0);
    assert_int_equal(compare(&ours, theirs_after, "sealed_forged"), 1);
}

static void cookies_were_made_by_the_bootnode(void **state) {
    (void)state;
    uint64_t theirs[COUNT];
    struct tally ours = ours_after;
    memcpy(theirs, theirs_after, sizeof theirs);
    ours.hellos_answered = 4;
    theirs[HELLO] = 4;
    assert_int_equal(compare(&ours, theirs, NULL), 0);
    theirs[HELLO] = 3;
    assert_int_equal(compare(&ours, theirs, NULL), 1);
}

static void a_missing_counter_is_named(void **state) {
    (void)state;
    struct why why;
    struct tally before = ours_before, after = ours_after;
    before.theirs = scrape_parse("gochat_received_total 1\n", &why);
    after.theirs = scrape_parse("gochat_received_total 1001\n", &why);
    tally_compare(&before, &after, &found);
    assert_true(found.count > 1);
    assert_non_null(strstr(found.lines[0], "gochat_heartbeat_total"));
    scrape_destroy(before.theirs);
    scrape_destroy(after.theirs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_counts_agree),
        cmocka_unit_test(one_off_is_one_disagreement),
        cmocka_unit_test(drops_explain_what_is_missing_and_no_more),
        cmocka_unit_test(limits_explain_what_is_not_answered),
        cmocka_unit_test(others_that_were_there_may_expire),
        cmocka_unit_test(answers_may_be_more_than_ours),
        cmocka_unit_test(nothing_of_ours_is_malformed),
        cmocka_unit_test(what_is_sent_on_purpose_is_ours),
        cmocka_unit_test(cookies_were_made_by_the_bootnode),
        cmocka_unit_test(a_missing_counter_is_named),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
