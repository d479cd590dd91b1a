/* The cap on a source's sessions. All guests come from one address; in the end its count must be what it was: zero. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bootnode/table/shard_expiry.h"
#include "bootnode/table/shard_join.h"
#include "bootnode/table/shard_members.h"
#include "common/log.h"
#include "tests/support/shard_guest.h"

#define NOW GUEST_START
#define SESSIONS 1000 /* plenty */

static struct shard shard;

static void open_capped(uint32_t per_source) {
    struct shard_limits limits = guest_limits;
    limits.sources = source_count_create(per_source, SESSIONS, true);
    assert_non_null(limits.sources);
    guest_open(&shard, &limits, -1);
}

static void close_capped(void) {
    struct source_count *sources = shard.limits.sources;
    assert_true(shard_holds(&shard));
    shard_destroy(&shard);
    assert_true(source_count_is_zero(sources));
    source_count_destroy(sources);
}

static void expire_all(uint64_t now) {
    while (shard_expire(&shard, now, now)) continue;
}

/* Without the help of shard_destroy. */
static void assert_nobody_counts(uint64_t now) {
    expire_all(now + 60000);
    assert_int_equal(shard.counters.sessions + shard.counters.provisional, 0);
    assert_true(source_count_is_zero(shard.limits.sources));
}

static void a_full_source_refuses_until_a_session_is_gone(void **state) {
    (void)state;
    const struct guest late = {3, 3};
    struct registered waiting;
    open_capped(2);
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    assert_int_equal(guest_register(&shard, (struct guest){2, 2}, NOW, &waiting, NULL), REGISTERED);
    assert_int_equal(guest_refusal(&shard, late, NOW), REFUSAL_SOURCE_LIMIT);
    assert_true(shard_leave(&shard, waiting.session_id, LEAVE_SAID, NOW));
    assert_int_equal(guest_register(&shard, late, NOW, NULL, NULL), REGISTERED);
    assert_int_equal(guest_refusal(&shard, late, NOW), REFUSAL_SOURCE_LIMIT);
    assert_int_equal(shard.limited[SHARD_LIMIT_SOURCE], 2);
    expire_all(NOW + SHARD_PROVISIONAL_MS + WHEEL_TICK_MS);
    assert_int_equal(guest_register(&shard, late, NOW + 6000, &waiting, NULL), REGISTERED);
    assert_true(shard_leave(&shard, id, LEAVE_SAID, NOW + 6000));
    guest_join(&shard, (struct guest){4, 4}, NOW + 6000);
    assert_nobody_counts(NOW);
    close_capped();
}

/* A house that lost its connection comes back: everybody counts already, and again after that. */
static void a_full_source_takes_back_those_it_has(void **state) {
    (void)state;
    struct registered back[4];
    open_capped(4);
    for (unsigned i = 0; i < 4; i++) guest_join(&shard, (struct guest){1, i}, NOW);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(guest_register(&shard, (struct guest){1, i}, NOW, &back[i], NULL), REGISTERED);
    assert_int_equal(guest_refusal(&shard, (struct guest){1, 5}, NOW), REFUSAL_SOURCE_LIMIT);
    /* In another room it is somebody else. */
    assert_int_equal(guest_refusal(&shard, (struct guest){2, 1}, NOW), REFUSAL_SOURCE_LIMIT);
    for (unsigned i = 0; i < 4; i++) assert_int_equal(guest_confirm(&shard, back[i].session_id, NOW), REGISTERED);
    assert_int_equal(shard.counters.sessions, 4);
    assert_int_equal(guest_refusal(&shard, (struct guest){1, 5}, NOW), REFUSAL_SOURCE_LIMIT);
    assert_true(shard_leave(&shard, back[0].session_id, LEAVE_SAID, NOW));
    guest_join(&shard, (struct guest){1, 5}, NOW);
    assert_nobody_counts(NOW);
    close_capped();
}

/* Else two sources could take all places through one another. */
static void neither_a_move_nor_a_successor_gets_into_a_full_source(void **state) {
    (void)state;
    struct address elsewhere, next_port = guest_address(7), home = guest_address(1);
    struct registered successor;
    assert_true(address_parse("203.0.113.1:1", 0, &elsewhere));
    open_capped(2);
    uint64_t first = guest_join(&shard, (struct guest){1, 1}, NOW);
    uint64_t second = guest_join(&shard, (struct guest){1, 2}, NOW);
    assert_true(shard_move(&shard, first, &next_port, 1, NOW));
    assert_true(shard_move(&shard, first, &elsewhere, 1, NOW));
    guest_join(&shard, (struct guest){1, 3}, NOW);
    assert_false(shard_move(&shard, first, &home, 1, NOW));
    assert_int_equal(shard.limited[SHARD_LIMIT_SOURCE], 1);
    struct address stays = session_address(guest_session(&shard, first));
    assert_true(address_equal(&stays, &elsewhere));
    assert_int_equal(guest_refusal(&shard, (struct guest){1, 1}, NOW), REFUSAL_SOURCE_LIMIT);
    assert_true(shard_leave(&shard, second, LEAVE_SAID, NOW));
    assert_int_equal(guest_register(&shard, (struct guest){1, 1}, NOW, &successor, NULL), REGISTERED);
    assert_int_equal(guest_confirm(&shard, successor.session_id, NOW), REGISTERED);
    assert_nobody_counts(NOW);
    close_capped();
}

/* Those that a member's own newer ones push out, those that a full room turns away, and those a shard ends with. */
static void every_end_of_a_session_gives_its_place_back(void **state) {
    (void)state;
    struct registered late;
    open_capped(10);
    shard.limits.places.members = 1;
    assert_int_equal(guest_register(&shard, (struct guest){1, 9}, NOW, &late, NULL), REGISTERED);
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    assert_int_equal(guest_confirm_refusal(&shard, late.session_id, NOW), REFUSAL_ROOM_FULL);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(guest_register(&shard, (struct guest){2, 2}, NOW, NULL, NULL), REGISTERED);
    assert_int_equal(guest_register(&shard, (struct guest){1, 1}, NOW, NULL, NULL), REGISTERED);
    assert_non_null(guest_session(&shard, id));
    close_capped();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_source_refuses_until_a_session_is_gone),
        cmocka_unit_test(a_full_source_takes_back_those_it_has),
        cmocka_unit_test(neither_a_move_nor_a_successor_gets_into_a_full_source),
        cmocka_unit_test(every_end_of_a_session_gives_its_place_back),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_WARNING);
    rcu_reader_register();
    int failed = cmocka_run_group_tests_name("shard_sources", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
