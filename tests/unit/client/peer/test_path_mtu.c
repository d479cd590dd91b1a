#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/peer/path_mtu.h"
#include "common/clock.h"

#define START UINT64_C(1000000)
#define RTT_MS 50
#define WAIT_MS 200

/* A path that takes so much, on a time of its own. */
struct way {
    struct path_mtu mtu;
    size_t takes;
    uint64_t now;
    bool silent;         /* nothing comes back */
    unsigned lost_every; /* probes that arrive; 0: none */
    unsigned probes, too_large;
};

static void way_init(struct way *way, size_t takes) {
    *way = (struct way){.takes = takes, .now = START};
    path_mtu_init(&way->mtu);
    assert_true(path_mtu_holds(&way->mtu));
}

/* One probe, and its answer or the time until the next. */
static void ask_once(struct way *way) {
    uint64_t due = path_mtu_due(&way->mtu), token = 1 + way->probes;
    if (due > way->now) way->now = due;
    uint64_t heard = way->silent ? 0 : way->now - 1;
    size_t size = path_mtu_ask(&way->mtu, heard, token, WAIT_MS, way->now);
    assert_true(path_mtu_holds(&way->mtu));
    if (size == 0) return;
    assert_true(size > way->mtu.size && size <= PATH_MTU_MOST && size % FRAMES_ALIGNMENT == 0);
    way->probes++;
    way->too_large += size > way->takes;
    bool lost = way->lost_every > 0 && way->probes % way->lost_every == 0;
    if (size > way->takes || lost || way->silent) return;
    way->now += RTT_MS;
    assert_false(path_mtu_answered(&way->mtu, ~way->mtu.token, way->now)); /* a stranger's */
    assert_true(path_mtu_answered(&way->mtu, way->mtu.token, way->now));
    assert_false(path_mtu_answered(&way->mtu, way->mtu.token, way->now)); /* twice */
    assert_true(path_mtu_holds(&way->mtu));
}

static void search(struct way *way) {
    for (int i = 0; path_mtu_due(&way->mtu) != NEVER; i++) {
        assert_true(i < 100);
        ask_once(way);
    }
}

static size_t fits(size_t takes) {
    return takes > PATH_MTU_MOST ? PATH_MTU_MOST : takes / FRAMES_ALIGNMENT * FRAMES_ALIGNMENT;
}

static void nothing_is_asked_until_it_is_wanted(void **state) {
    (void)state;
    struct way way;
    way_init(&way, PATH_MTU_MOST);
    assert_int_equal(way.mtu.size, PATH_MTU_BASE);
    assert_true(path_mtu_due(&way.mtu) == NEVER);
    path_mtu_doubt(&way.mtu, way.now); /* of what is sure anyway */
    assert_true(path_mtu_due(&way.mtu) == NEVER);
    path_mtu_wanted(&way.mtu, way.now);
    assert_true(path_mtu_due(&way.mtu) == way.now);
}

static void a_usual_path_takes_one_probe(void **state) {
    (void)state;
    struct way way;
    way_init(&way, 1172);
    path_mtu_wanted(&way.mtu, way.now);
    ask_once(&way);
    assert_int_equal(way.mtu.size, PATH_MTU_MOST);
    assert_true(path_mtu_due(&way.mtu) == NEVER && way.probes == 1 && way.now == START + RTT_MS);
    path_mtu_wanted(&way.mtu, way.now + PATH_MTU_RAISE_MS);
    assert_true(path_mtu_due(&way.mtu) == NEVER);
}

/* To the step, within five sizes or six; each that does not pass takes three probes. */
static void every_size_is_found(void **state) {
    (void)state;
    for (size_t takes = PATH_MTU_BASE; takes <= PATH_MTU_MOST + 16; takes++) {
        struct way way;
        way_init(&way, takes);
        path_mtu_wanted(&way.mtu, way.now);
        search(&way);
        assert_int_equal(way.mtu.size, fits(takes));
        assert_true(way.probes <= 7 * PATH_MTU_TRIES && way.now - START <= 7 * PATH_MTU_TRIES * WAIT_MS);
        assert_int_equal(way.too_large % PATH_MTU_TRIES, 0);
    }
}

/* A probe that is lost by chance is sent again. */
static void chance_is_not_taken_for_size(void **state) {
    (void)state;
    for (unsigned every = 2; every < 5; every++)
        for (size_t takes = PATH_MTU_BASE; takes <= PATH_MTU_MOST; takes += 16) {
            struct way way;
            way_init(&way, takes);
            way.lost_every = every;
            path_mtu_wanted(&way.mtu, way.now);
            search(&way);
            assert_int_equal(way.mtu.size, takes);
        }
}

/* What is lost where all is lost does not count. */
static void silence_says_nothing_of_sizes(void **state) {
    (void)state;
    struct way way;
    way_init(&way, PATH_MTU_MOST);
    way.silent = true;
    path_mtu_wanted(&way.mtu, way.now);
    for (int i = 0; i < 20; i++) ask_once(&way);
    assert_true(way.mtu.most == PATH_MTU_MOST && way.probes == 20);
    way.silent = false;
    search(&way);
    assert_int_equal(way.mtu.size, PATH_MTU_MOST);
}

/* An answer to any try of a size counts, one to a size that was given up does not. */
static void late_answers(void **state) {
    (void)state;
    struct path_mtu mtu;
    path_mtu_init(&mtu);
    path_mtu_wanted(&mtu, START);
    assert_int_equal(path_mtu_ask(&mtu, 0, 7, WAIT_MS, START), PATH_MTU_MOST);
    assert_int_equal(path_mtu_ask(&mtu, START + 1, 8, WAIT_MS, START + 200), PATH_MTU_MOST);
    struct path_mtu answered = mtu;
    assert_true(path_mtu_answered(&answered, 7, START + 300));
    assert_int_equal(answered.size, PATH_MTU_MOST);
    assert_int_equal(path_mtu_ask(&mtu, START + 201, 9, WAIT_MS, START + 400), PATH_MTU_MOST);
    assert_true(path_mtu_ask(&mtu, START + 401, 10, WAIT_MS, START + 600) < PATH_MTU_MOST);
    assert_false(path_mtu_answered(&mtu, 7, START + 601));
    assert_int_equal(mtu.size, PATH_MTU_BASE);
    assert_true(path_mtu_holds(&mtu));
}

/* At once at what every path takes; what was good is asked first, and if nothing was wrong that is all. */
static void a_doubt_is_cleared_up(void **state) {
    (void)state;
    for (size_t before = PATH_MTU_BASE + 16; before <= PATH_MTU_MOST; before += 16)
        for (size_t after = PATH_MTU_BASE; after <= before; after += 48) {
            struct way way;
            way_init(&way, before);
            path_mtu_wanted(&way.mtu, way.now);
            search(&way);
            way.takes = after;
            way.probes = 0;
            path_mtu_doubt(&way.mtu, way.now);
            assert_true(way.mtu.size == PATH_MTU_BASE && path_mtu_due(&way.mtu) == way.now);
            search(&way);
            assert_int_equal(way.mtu.size, fits(after));
            if (after == before) assert_int_equal(way.probes, 1);
        }
}

/* Two minutes later the largest is asked, and then a little more than what is known; a search follows only where that
 * passes. */
static void more_is_asked_again(void **state) {
    (void)state;
    for (size_t after = 864; after <= PATH_MTU_MOST; after += 16) {
        struct way way;
        way_init(&way, 864);
        path_mtu_wanted(&way.mtu, way.now);
        search(&way);
        path_mtu_wanted(&way.mtu, way.now + PATH_MTU_RAISE_MS - 1);
        assert_true(path_mtu_due(&way.mtu) == NEVER);
        way.takes = after;
        way.now += PATH_MTU_RAISE_MS;
        way.probes = 0;
        path_mtu_wanted(&way.mtu, way.now);
        search(&way);
        assert_int_equal(way.mtu.size, after);
        if (after == 864) assert_int_equal(way.probes, 2 * PATH_MTU_TRIES);
        path_mtu_wanted(&way.mtu, way.now);
        assert_true(path_mtu_due(&way.mtu) == NEVER);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_asked_until_it_is_wanted),
        cmocka_unit_test(a_usual_path_takes_one_probe),
        cmocka_unit_test(every_size_is_found),
        cmocka_unit_test(chance_is_not_taken_for_size),
        cmocka_unit_test(silence_says_nothing_of_sizes),
        cmocka_unit_test(late_answers),
        cmocka_unit_test(a_doubt_is_cleared_up),
        cmocka_unit_test(more_is_asked_again),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("path_mtu", tests, NULL, NULL);
}
