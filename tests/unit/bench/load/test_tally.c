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
    REGISTER,
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
                                         "register",
                                         "rate_limited",
                                         "worker_overflowed"};
static const char *const still[] = {"sealed_forged", "handshake_bad", "foreign",
                                    "malformed",     "unknown_type",  "oversize"};

static struct disagreements found;
static unsigned sessions_before; /* at the bootnode */

static struct scrape *page(const uint64_t values[static COUNT], const char *moving) {
    char text[4000];
    struct why why;
    size_t at = 0;
    for (size_t i = 0; i < COUNT; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "gochat_%s_total %llu\n", names[i],
                               (unsigned long long)values[i]);
    for (size_t i = 0; i < sizeof still / sizeof *still; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "gochat_%s_total %d\n", still[i],
                               4 + (moving && strcmp(moving, still[i]) == 0));
    snprintf(text + at, sizeof text - at, "gochat_sessions %u\ngochat_uptime_seconds 7.5\n", sessions_before);
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

/* --- Somebody else is there --- */

/* What others did between the two pages, on top of ours. */
static size_t compare_with(const uint64_t others[static COUNT], const struct tally *ours) {
    uint64_t theirs[COUNT];
    for (size_t i = 0; i < COUNT; i++) theirs[i] = theirs_after[i] + others[i];
    return compare(ours, theirs, NULL);
}

/* Another generator's sessions, a client, a flood of each kind: nobody is accused, and it is said. */
static void others_are_no_disagreement(void **state) {
    (void)state;
    static const uint64_t others[][COUNT] = {
        {[RECEIVED] = 3, [HELLO] = 1, [REGISTER] = 1, [HEARTBEAT] = 1, [CONFIRMED] = 1, [ACK] = 1},
        {[RECEIVED] = 9, [HELLO] = 2, [REGISTER] = 2, [HEARTBEAT] = 4, [CONFIRMED] = 2, [LEFT] = 1},
        {[RECEIVED] = 7, [HEARTBEAT] = 5, [MOVED] = 1, [EXPIRED] = 40},
        {[RECEIVED] = 100000, [STUN] = 100000},
        {[RECEIVED] = 100000, [HELLO] = 90000, [LIMITED] = 10000},
        {[RECEIVED] = 50000, [REGISTER] = 50000},
        {[RECEIVED] = 1000, [FORGED] = 1000},
        {[RECEIVED] = 40000, [STUN] = 40000, [OVERFLOWED] = 60000},
        {[RECEIVED] = 100000, [STUN] = 100900}, /* came in while the page was written */
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(compare_with(others[i], &ours_after), 0);
        assert_true(found.others);
    }
    assert_int_equal(compare(&ours_after, theirs_after, NULL), 0);
    assert_false(found.others);
}

/* What is ours must be there all the same. */
static void less_than_ours_disagrees_beside_others(void **state) {
    (void)state;
    static const uint64_t others[COUNT] = {[RECEIVED] = 20, [HELLO] = 1, [REGISTER] = 1, [STUN] = 10};
    static const struct {
        size_t offset;
        uint64_t added; /* to ours, so that theirs with the others' is one too few */
        const char *says;
    } counts[] = {
        {offsetof(struct tally, beats), 1, "heartbeats"},
        {offsetof(struct tally, registered), 1, "registrations"},
        {offsetof(struct tally, left), 1, "leaves"},
        {offsetof(struct tally, moved), 1, "moves"},
        {offsetof(struct tally, fell_silent), 1, "silent"},
        {offsetof(struct tally, beats_answered), 6, "answered"},
        {offsetof(struct tally, hellos_answered), 2, "HELLOs"},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct tally ours = ours_after;
        *(uint64_t *)((char *)&ours + counts[i].offset) += counts[i].added;
        assert_int_equal(compare_with(others, &ours), 1);
        assert_true(found.others);
        assert_non_null(strstr(found.lines[0], counts[i].says));
    }
}

/* More datagrams than ours, or more of what they do, is no sign of others by itself: both must be, and fit. */
static void what_others_cannot_explain_disagrees(void **state) {
    (void)state;
    static const uint64_t wrong[][COUNT] = {
        {[RECEIVED] = 1},                                  /* that did nothing */
        {[HEARTBEAT] = 1},                                 /* that did not come */
        {[RECEIVED] = 1, [HEARTBEAT] = 2},                 /* of which one did not */
        {[RECEIVED] = 5, [CONFIRMED] = 1, [REGISTER] = 1}, /* without a beat */
        {[RECEIVED] = 64, [STUN] = 66},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_true(compare_with(wrong[i], &ours_after) > 0);
        assert_false(found.others);
    }
}

/* HELLOs and REGISTERs that our own floods sent are nobody else's. */
static void own_floods_are_not_others(void **state) {
    (void)state;
    static const uint64_t flood[COUNT] = {[RECEIVED] = 30, [HELLO] = 20, [REGISTER] = 10};
    struct tally ours = ours_after;
    ours.hellos = 20;
    ours.registers = 10;
    assert_true(compare_with(flood, &ours) > 0);
    assert_false(found.others);
    ours.datagrams += 30;
    assert_int_equal(compare_with(flood, &ours), 0);
    assert_false(found.others);
}

/* One that was given up unheard may have been confirmed, and may expire: no more than those. */
static void sessions_given_up_explain_as_many(void **state) {
    (void)state;
    static const size_t counters[] = {CONFIRMED, EXPIRED};
    struct tally ours = ours_after;
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        uint64_t theirs[COUNT];
        memcpy(theirs, theirs_after, sizeof theirs);
        theirs[counters[i]] += 2;
        ours.unsure = 2;
        assert_int_equal(compare(&ours, theirs, NULL), 0);
        ours.unsure = 1;
        assert_int_equal(compare(&ours, theirs, NULL), 1);
    }
}

static bool seems_restarted(double was_s, uint64_t told_us, double is_s, uint64_t asked_us) {
    char text[64];
    struct why why;
    struct tally before = {.asked_us = told_us - 1000, .told_us = told_us};
    struct tally after = {.asked_us = asked_us, .told_us = asked_us + 1000};
    snprintf(text, sizeof text, "gochat_uptime_seconds %.3f\n", was_s);
    before.theirs = scrape_parse(text, &why);
    snprintf(text, sizeof text, "gochat_uptime_seconds %.3f\n", is_s);
    after.theirs = scrape_parse(text, &why);
    tally_compare(&before, &after, &found);
    assert_true(found.restarted ? found.count == 0 && !found.others : found.count > 0);
    scrape_destroy(before.theirs);
    scrape_destroy(after.theirs);
    return found.restarted;
}

/* Also where it has been up for longer than it was at the first page. */
static void a_restarted_bootnode_is_not_compared(void **state) {
    (void)state;
    assert_true(seems_restarted(1000, 50000000, 2, 60000000));
    assert_true(seems_restarted(0.5, 50000000, 5, 60000000));
    assert_true(seems_restarted(0.5, 50000000, 10.4, 60000000));
    /* The same one, and pages that took their time. */
    assert_false(seems_restarted(0.5, 50000000, 10.5, 60000000));
    assert_false(seems_restarted(0.5, 50900000, 10.5, 60000000));
    assert_false(seems_restarted(0.5, 50000000, 11.4, 60000000));
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
        cmocka_unit_test(others_are_no_disagreement),
        cmocka_unit_test(less_than_ours_disagrees_beside_others),
        cmocka_unit_test(what_others_cannot_explain_disagrees),
        cmocka_unit_test(own_floods_are_not_others),
        cmocka_unit_test(sessions_given_up_explain_as_many),
        cmocka_unit_test(a_restarted_bootnode_is_not_compared),
        cmocka_unit_test(a_missing_counter_is_named),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
