/* One shard under everything at once: members come, move and go, readers follow ids that may have died, the owner
 * announces, the reaper expires. The sanitizers watch; a reader checks that what it found is what it looked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/announce.h"
#include "bootnode/table/shard_expiry.h"
#include "bootnode/table/shard_join.h"
#include "bootnode/table/shard_members.h"
#include "common/log.h"
#include "common/thread.h"
#include "tests/support/shard_guest.h"

#define MEMBERS 256
#define ROOMS 16
#define CHURNERS 2
#define ROUNDS 10000
#define SOURCE_CAP 100 /* of the one address that all come from: reached now and then */

static struct shard shard;
static _Atomic uint64_t ids[MEMBERS]; /* the last session of each member */
static _Atomic uint64_t server_clock = GUEST_START;
static atomic_uint churning;
static atomic_uint refused; /* for want of a place at the source */
static uint8_t keys[MEMBERS][LINK_TAG_KEY_SIZE], ack_keys[MEMBERS][LINK_TAG_KEY_SIZE];

struct stress {
    struct thread thread;
    unsigned seed;
    unsigned faults, found;
};

static struct guest guest_of(unsigned member) {
    return (struct guest){member % ROOMS, member};
}

static void come(unsigned member, uint64_t now) {
    struct registered registered;
    enum registering result = guest_register(&shard, guest_of(member), now, &registered, NULL);
    atomic_fetch_add(&refused, result == REGISTERING_REFUSED && registered.refusal == REFUSAL_SOURCE_LIMIT);
    if (result != REGISTERED) return;
    atomic_store(&ids[member], registered.session_id);
    if (member % 7 != 0) (void)guest_confirm(&shard, registered.session_id, now);
}

static void churn(void *argument) {
    struct stress *stress = argument;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned member = (unsigned)rand_r(&stress->seed) % MEMBERS;
        uint64_t id = atomic_load(&ids[member]), now = atomic_fetch_add(&server_clock, 50);
        struct address address = guest_address(member);
        struct update_body update = {.revision = round + 2};
        address.ip[15] = (uint8_t)round;
        switch (rand_r(&stress->seed) % 8) {
        case 0: (void)shard_leave(&shard, id, LEAVE_SAID, now); break;
        case 1: (void)shard_move(&shard, id, &address, 1, now); break;
        case 2: (void)shard_update(&shard, id, &update, now); break;
        case 3: shard_client_behind(&shard, id, (struct room_version){0}, now); break;
        default: come(member, now); break;
        }
        rcu_reader_quiescent();
    }
    atomic_fetch_sub(&churning, 1);
}

/* What a heartbeat does. */
static void follow(struct stress *stress, unsigned member) {
    struct session *session = guest_session(&shard, atomic_load(&ids[member]));
    if (!session) return;
    stress->found++;
    atomic_store_explicit(&session->heard_ms, (uint32_t)atomic_load(&server_clock), memory_order_relaxed);
    struct address address = session_address(session), registered = guest_address(member);
    if (memcmp(session->beat_key, keys[member], LINK_TAG_KEY_SIZE) != 0 || address.port != registered.port)
        stress->faults++;
}

static void find(void *argument) {
    struct stress *stress = argument;
    while (atomic_load(&churning) > 0) {
        /* Half of the members are never heard again. */
        for (unsigned i = 0; i < 32; i++) follow(stress, (unsigned)rand_r(&stress->seed) % (MEMBERS / 2));
        rcu_reader_quiescent();
    }
}

/* What passing a packet on does, between neighbours of a room. */
static void relay(struct stress *stress, unsigned from, unsigned to) {
    uint8_t sender[MEMBER_ID_SIZE], receiver[MEMBER_ID_SIZE];
    struct relay_target target;
    guest_member_id(from, sender);
    guest_member_id(to, receiver);
    if (!shard_relay_target(&shard, atomic_load(&ids[from]), receiver, atomic_load(&server_clock), &target)) return;
    stress->found++;
    struct address address = session_address(target.session), registered = guest_address(to);
    if (memcmp(target.session->ack_key, ack_keys[to], LINK_TAG_KEY_SIZE) != 0 || address.port != registered.port ||
        memcmp(target.sender, sender, sizeof sender) != 0)
        stress->faults++;
}

static void pass_on(void *argument) {
    struct stress *stress = argument;
    while (atomic_load(&churning) > 0) {
        for (unsigned i = 0; i < 8; i++) {
            unsigned from = (unsigned)rand_r(&stress->seed) % MEMBERS;
            relay(stress, from, (from + ROOMS) % MEMBERS);
        }
        rcu_reader_quiescent();
    }
}

static void take(void *context, uint8_t listener, const struct datagram *datagram) {
    (void)listener;
    *(unsigned *)context += datagram->size > 0;
}

static void announce_and_expire(void *argument) {
    struct stress *stress = argument;
    static struct endpoints endpoints = {.count = 2};
    struct outbox outbox = {.endpoints = &endpoints, .put = take, .context = &stress->found};
    struct announcer *announcer = announcer_create();
    while (atomic_load(&churning) > 0) {
        uint64_t now = atomic_load(&server_clock);
        announce_run(announcer, &shard, &outbox, now);
        (void)shard_expire(&shard, now, now);
        /* Some of the time is in doubt, which is found out while others tell it. */
        hearing_slow_down(&shard.hearing, (struct hearing_span){now - now % 64, now - now % 64 + 16});
        rcu_reader_quiescent();
    }
    announcer_destroy(announcer);
}

static void threads_do_not_step_on_each_other(void **state) {
    (void)state;
    static const thread_main mains[] = {churn, churn, find, announce_and_expire, pass_on};
    struct stress stress[5] = {{.seed = 1}, {.seed = 2}, {.seed = 3}, {.seed = 4}, {.seed = 5}};
    struct shard_limits limits = guest_limits;
    limits.sources = source_count_create(SOURCE_CAP, limits.sessions, true);
    assert_non_null(limits.sources);
    guest_open(&shard, &limits, -1);
    for (unsigned i = 0; i < MEMBERS; i++) {
        uint8_t secret[LINK_SECRET_SIZE];
        guest_secret(i, secret);
        link_tag_key(secret, LINK_TO_BOOTNODE, keys[i]);
        link_tag_key(secret, LINK_TO_CLIENT, ack_keys[i]);
    }
    atomic_store(&churning, CHURNERS);
    for (int i = 0; i < 5; i++)
        assert_int_equal(thread_start(&stress[i].thread, "stress", true, mains[i], &stress[i]), 0);
    rcu_reader_offline();
    for (int i = 0; i < 5; i++) thread_join(&stress[i].thread);
    rcu_reader_online();
    assert_int_equal(stress[2].faults + stress[4].faults, 0);
    for (int i = 2; i < 5; i++) assert_true(stress[i].found > 0);
    assert_true(shard.counters.expired > 0);
    assert_true(atomic_load(&refused) > 0);
    assert_true(shard_holds(&shard));
    while (shard.counters.sessions + shard.counters.provisional > 0) {
        uint64_t now = atomic_fetch_add(&server_clock, 1000);
        (void)shard_expire(&shard, now, now);
    }
    assert_int_equal(shard.slabs.live, 0);
    assert_int_equal(shard.counters.rooms, 0);
    assert_true(source_count_is_zero(limits.sources));
    shard_destroy(&shard);
    source_count_destroy(limits.sources);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_do_not_step_on_each_other)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_WARNING);
    rcu_reader_register();
    int failed = cmocka_run_group_tests_name("shard_stress", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
