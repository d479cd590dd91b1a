/* Whom a shard lets a session's packets be relayed to. */
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

static struct shard shard;

static int open_shard(void **state) {
    (void)state;
    guest_open(&shard, &guest_limits, -1);
    return 0;
}

static int close_shard(void **state) {
    (void)state;
    assert_true(shard_holds(&shard));
    shard_destroy(&shard);
    return 0;
}

static void relaying_stays_within_a_room(void **state) {
    (void)state;
    struct relay_target target;
    uint8_t own[MEMBER_ID_SIZE], same_room[MEMBER_ID_SIZE], elsewhere[MEMBER_ID_SIZE], nobody[MEMBER_ID_SIZE];
    guest_member_id(1, own);
    guest_member_id(2, same_room);
    guest_member_id(3, elsewhere);
    guest_member_id(99, nobody);
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    uint64_t other = guest_join(&shard, (struct guest){1, 2}, NOW);
    uint64_t third = guest_join(&shard, (struct guest){2, 3}, NOW);
    assert_true(shard_relay_target(&shard, id, same_room, NOW, &target));
    assert_true(target.session_id == other && target.session == guest_session(&shard, other));
    assert_memory_equal(target.sender, own, MEMBER_ID_SIZE);
    assert_false(shard_relay_target(&shard, id, elsewhere, NOW, &target));
    assert_false(shard_relay_target(&shard, third, own, NOW, &target));
    assert_false(shard_relay_target(&shard, id, own, NOW, &target));
    assert_false(shard_relay_target(&shard, id, nobody, NOW, &target));
    assert_false(shard_relay_target(&shard, id + (UINT64_C(1) << 40), same_room, NOW, &target));
}

static void only_members_relay(void **state) {
    (void)state;
    struct relay_target target;
    struct registered provisional;
    uint8_t first[MEMBER_ID_SIZE], second[MEMBER_ID_SIZE];
    guest_member_id(1, first);
    guest_member_id(2, second);
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    assert_int_equal(guest_register(&shard, (struct guest){1, 2}, NOW, &provisional, NULL), REGISTERED);
    assert_false(shard_relay_target(&shard, provisional.session_id, first, NOW, &target));
    assert_false(shard_relay_target(&shard, id, second, NOW, &target));
    assert_int_equal(guest_confirm(&shard, provisional.session_id, NOW), REGISTERED);
    assert_true(shard_relay_target(&shard, provisional.session_id, first, NOW, &target));
    assert_true(shard_relay_target(&shard, id, second, NOW, &target));
}

static void only_who_listens_is_relayed_to(void **state) {
    (void)state;
    struct relay_target target;
    uint8_t second[MEMBER_ID_SIZE];
    guest_member_id(2, second);
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    struct session *other = guest_session(&shard, guest_join(&shard, (struct guest){1, 2}, NOW));
    assert_true(shard_relay_target(&shard, id, second, NOW + 8000, &target));
    assert_false(shard_relay_target(&shard, id, second, NOW + 8001, &target));
    session_sign(other, SESSION_ASTRAY, 0);
    assert_false(shard_relay_target(&shard, id, second, NOW, &target));
    session_sign(other, 0, SESSION_ASTRAY);
    assert_true(shard_relay_target(&shard, id, second, NOW, &target));
}

/* A successor takes its predecessor's place here, too; who left or fell silent has none. */
static void only_the_living_are_relayed_to(void **state) {
    (void)state;
    struct relay_target target;
    uint8_t second[MEMBER_ID_SIZE];
    guest_member_id(2, second);
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    uint64_t former = guest_join(&shard, (struct guest){1, 2}, NOW);
    uint64_t present = guest_join(&shard, (struct guest){1, 2}, NOW);
    assert_true(shard_relay_target(&shard, id, second, NOW, &target));
    assert_true(target.session_id == present);
    assert_false(shard_relay_target(&shard, former, second, NOW, &target));
    assert_true(shard_leave(&shard, present, LEAVE_SAID, NOW));
    assert_false(shard_relay_target(&shard, id, second, NOW, &target));
    guest_join(&shard, (struct guest){1, 2}, NOW);
    while (shard_expire(&shard, NOW + 20000, NOW + 20000)) continue;
    assert_false(shard_relay_target(&shard, id, second, NOW + 20000, &target));
}

#define shard_test(function) cmocka_unit_test_setup_teardown(function, open_shard, close_shard)

int main(void) {
    const struct CMUnitTest tests[] = {
        shard_test(relaying_stays_within_a_room),
        shard_test(only_members_relay),
        shard_test(only_who_listens_is_relayed_to),
        shard_test(only_the_living_are_relayed_to),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_WARNING);
    rcu_reader_register();
    int failed = cmocka_run_group_tests_name("shard_relay", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
