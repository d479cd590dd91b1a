#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/table/slabs.h"
#include "common/thread.h"

#define NODE 3
#define SHARD 5
#define MANY (3 * SLAB_SESSIONS + 100)

static struct slabs slabs;

static int start(void **state) {
    (void)state;
    return slabs_init(&slabs, NODE, SHARD) ? 0 : -1;
}

/* All freed sessions come back. */
static void settle(void) {
    rcu_reader_quiescent();
    rcu_drain();
    while (slabs_collect(&slabs)) continue;
    assert_true(slabs_holds(&slabs));
}

static int stop(void **state) {
    (void)state;
    settle();
    rcu_reader_quiescent();
    rcu_drain();
    slabs_destroy(&slabs);
    return 0;
}

static struct session *find(uint64_t id) {
    struct session_name name = session_name_of(id);
    return slabs_find(&slabs, name.slot, name.generation);
}

static void names_have_their_places_in_an_id(void **state) {
    (void)state;
    struct session_name name = session_name_of(0xabcdef1234560305);
    assert_int_equal(name.generation, 0xabcdef);
    assert_int_equal(name.slot, 0x123456);
    assert_int_equal(name.node, 3);
    assert_int_equal(name.shard, 5);
    assert_true(session_id_of(name) == 0xabcdef1234560305);
}

static void finds_what_is_published_and_nothing_else(void **state) {
    (void)state;
    struct session *session = slabs_allocate(&slabs);
    uint64_t hidden = slabs_id(&slabs, session);
    assert_null(find(hidden));
    uint64_t id = slabs_publish(&slabs, session, SESSION_PROVISIONAL);
    assert_true(id == hidden);
    assert_true(session_name_of(id).node == NODE && session_name_of(id).shard == SHARD);
    assert_ptr_equal(find(id), session);
    assert_int_equal(session_state(session), SESSION_PROVISIONAL);
    assert_true(slabs_publish(&slabs, session, SESSION_CONFIRMED) == id);
    assert_int_equal(session_state(session), SESSION_CONFIRMED);
    struct session_name name = session_name_of(id);
    assert_null(slabs_find(&slabs, name.slot, name.generation ^ 1));
    assert_null(slabs_find(&slabs, name.slot + 1, name.generation));
    assert_null(slabs_find(&slabs, name.slot + SLAB_SLOTS, name.generation));
    assert_null(slabs_find(&slabs, UINT32_MAX, name.generation));
    const uint32_t anywhere[] = {name.slot, name.slot + SLAB_SLOTS, SLAB_SLOTS * SLAB_DIRECTORY, UINT32_MAX};
    for (size_t i = 0; i < sizeof anywhere / sizeof *anywhere; i++) slabs_prefetch(&slabs, anywhere[i], i % 2);
    assert_ptr_equal(find(id), session);
    slabs_free(&slabs, session);
    assert_null(find(id));
}

static void a_slot_comes_back_clean_after_a_grace_period_only(void **state) {
    (void)state;
    static const uint8_t zeros[LINK_SECRET_SIZE];
    struct session *session = slabs_allocate(&slabs);
    memset(session->secret, 0x55, sizeof session->secret);
    memset(session->beat_key, 0x55, sizeof session->beat_key);
    atomic_store(&session->last_counter, 7);
    uint64_t id = slabs_publish(&slabs, session, SESSION_CONFIRMED);
    slabs_free(&slabs, session);
    /* We are online and were not quiescent: no call may touch it. */
    struct session *other = slabs_allocate(&slabs);
    assert_ptr_not_equal(other, session);
    assert_int_equal(session->secret[0], 0x55);
    slabs_publish(&slabs, other, SESSION_CONFIRMED);
    slabs_free(&slabs, other);
    settle();
    assert_int_equal(slabs.live, 0);
    bool met = false;
    static struct session *again[SLAB_SESSIONS];
    for (unsigned i = 0; i < SLAB_SESSIONS; i++) {
        again[i] = slabs_allocate(&slabs);
        if (again[i] != session) continue;
        met = true;
        assert_true(slabs_id(&slabs, session) != id);
        assert_memory_equal(session->secret, zeros, sizeof zeros);
        assert_int_equal(atomic_load(&session->last_counter), 0);
    }
    assert_true(met);
    for (unsigned i = 0; i < SLAB_SESSIONS; i++) slabs_free(&slabs, again[i]);
}

static void a_generation_is_never_zero_nor_the_last(void **state) {
    (void)state;
    uint32_t last = 0;
    for (unsigned i = 0; i < 2000; i++) {
        struct session *session = slabs_allocate(&slabs);
        uint32_t generation = session_name_of(slabs_id(&slabs, session)).generation;
        assert_true(generation != 0);
        assert_true(generation != last);
        last = generation;
        slabs_free(&slabs, session);
        if (i % 100 == 99) settle();
    }
}

static void fills_several_slabs_with_distinct_ids(void **state) {
    (void)state;
    static struct session *sessions[MANY];
    static uint64_t ids[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        sessions[i] = slabs_allocate(&slabs);
        assert_int_equal((uintptr_t)sessions[i] % 64, 0);
        sessions[i]->revision = i;
        ids[i] = slabs_publish(&slabs, sessions[i], SESSION_CONFIRMED);
    }
    assert_int_equal(slabs.slab_count, 4);
    assert_int_equal(slabs.live, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        assert_ptr_equal(find(ids[i]), sessions[i]);
        assert_int_equal(sessions[i]->revision, i);
    }
    for (unsigned i = 0; i < MANY; i++) slabs_free(&slabs, sessions[i]);
}

static void cycles_of_filling_and_freeing_leave_memory_flat(void **state) {
    (void)state;
    static struct session *sessions[MANY];
    for (unsigned cycle = 0; cycle < 10; cycle++) {
        for (unsigned i = 0; i < MANY; i++) sessions[i] = slabs_allocate(&slabs);
        assert_int_equal(slabs.slab_count, 4);
        for (unsigned i = 0; i < MANY; i++) slabs_free(&slabs, sessions[i]);
        settle();
        assert_int_equal(slabs.live, 0);
        assert_int_equal(slabs.slab_count, 1);
        assert_int_equal(slabs.free_slots, SLAB_SESSIONS);
    }
}

/* Where slot 0 would be lies the header. */
static void slot_0_is_nobody(void **state) {
    (void)state;
    struct session *session = slabs_allocate(&slabs);
    slabs_publish(&slabs, session, SESSION_CONFIRMED);
    assert_int_equal((uintptr_t)session % SLAB_SIZE, sizeof *session);
    for (uint32_t generation = 0; generation < 4; generation++) assert_null(slabs_find(&slabs, 0, generation));
    uint32_t slot = 0;
    assert_ptr_equal(slabs_next(&slabs, &slot), session);
    assert_int_equal(slot, 2);
    slabs_free(&slabs, session);
}

static void a_slab_is_added_before_the_last_is_full(void **state) {
    (void)state;
    static struct session *sessions[SLAB_SESSIONS + 1];
    assert_true(slabs_are_short(&slabs));
    assert_true(slabs_add(&slabs, slabs_prepare()));
    unsigned count = 0;
    while (!slabs_are_short(&slabs)) sessions[count++] = slabs_allocate(&slabs);
    assert_in_range(count, SLAB_SESSIONS / 2, SLAB_SESSIONS / 2 + 2);
    assert_true(slabs_add(&slabs, slabs_prepare()));
    while (count < SLAB_SESSIONS + 1) sessions[count++] = slabs_allocate(&slabs);
    assert_int_equal(slabs.slab_count, 2);
    while (count > 0) slabs_free(&slabs, sessions[--count]);
    settle();
    assert_int_equal(slabs.slab_count, 1);
}

/* However many came back: the mutex is held meanwhile. */
static void what_came_back_is_collected_in_parts(void **state) {
    (void)state;
    static struct session *sessions[3 * SLABS_COLLECT_MAX];
    for (unsigned i = 0; i < 3 * SLABS_COLLECT_MAX; i++) sessions[i] = slabs_allocate(&slabs);
    for (unsigned i = 0; i < 3 * SLABS_COLLECT_MAX; i++) slabs_free(&slabs, sessions[i]);
    rcu_reader_quiescent();
    rcu_drain();
    size_t before = slabs.free_slots;
    assert_true(slabs_collect(&slabs));
    assert_int_equal(slabs.free_slots, before + SLABS_COLLECT_MAX);
    while (slabs_collect(&slabs)) continue;
    assert_int_equal(slabs.free_slots, SLAB_SESSIONS);
}

static void says_when_the_directory_is_full(void **state) {
    (void)state;
    /* Entries that nobody follows stand for slabs. */
    static char stand_in;
    for (size_t i = 0; i < SLAB_DIRECTORY; i++) rcu_publish(&slabs.directory[i], (struct slab *)(void *)&stand_in);
    assert_null(slabs_allocate(&slabs));
    for (size_t i = 0; i < SLAB_DIRECTORY; i++) rcu_publish(&slabs.directory[i], NULL);
    slabs.first_gap = 0;
}

static void time_to_come_is_no_time_ago(void **state) {
    (void)state;
    assert_int_equal(session_elapsed(5000, 2000), 3000);
    assert_int_equal(session_elapsed(5000, 5000), 0);
    assert_int_equal(session_elapsed(5000, 65000), 0);
    assert_int_equal(session_elapsed((UINT64_C(7) << 32) + 10, UINT32_MAX - 9), 20);
}

/* A writer moves between addresses of which all bytes are alike, so a reader sees at once when it got two halves. */
static struct session *moving;
static atomic_bool done;

static void read_addresses(void *torn) {
    while (!atomic_load(&done)) {
        struct address address = session_address(moving);
        for (size_t i = 0; i < sizeof address.ip; i++)
            if (address.ip[i] != address.port % 256) *(unsigned *)torn += 1;
    }
}

static void an_address_is_read_whole(void **state) {
    (void)state;
    struct thread readers[2];
    unsigned torn[2] = {0};
    moving = slabs_allocate(&slabs);
    atomic_store(&done, false);
    for (int i = 0; i < 2; i++)
        assert_int_equal(thread_start(&readers[i], "reader", true, read_addresses, &torn[i]), 0);
    for (unsigned i = 0; i < 200000; i++) {
        struct address address = {.port = (uint16_t)(i % 256)};
        memset(address.ip, (int)(i % 256), sizeof address.ip);
        session_set_address(moving, &address, (uint8_t)i);
        struct address seen = session_address(moving);
        assert_true(address_equal(&seen, &address));
    }
    atomic_store(&done, true);
    rcu_reader_offline();
    for (int i = 0; i < 2; i++) thread_join(&readers[i]);
    rcu_reader_online();
    assert_int_equal(torn[0] + torn[1], 0);
    slabs_free(&slabs, moving);
}

static void a_slot_that_is_lost_or_free_while_in_use_is_seen(void **state) {
    (void)state;
    struct session *session = slabs_allocate(&slabs), *freed = slabs_allocate(&slabs);
    slabs_publish(&slabs, session, SESSION_CONFIRMED);
    slabs_free(&slabs, freed);
    settle();
    slabs.free_slots--;
    assert_false(slabs_holds(&slabs));
    slabs.free_slots++;
    atomic_fetch_or(&freed->generation_state, SESSION_CONFIRMED);
    assert_false(slabs_holds(&slabs));
    atomic_fetch_xor(&freed->generation_state, SESSION_CONFIRMED);
    assert_true(session_holds(session));
    atomic_fetch_add(&session->address_port, 1);
    assert_false(session_holds(session));
    atomic_fetch_sub(&session->address_port, 1);
    slabs_free(&slabs, session);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_their_places_in_an_id),
        cmocka_unit_test_setup_teardown(finds_what_is_published_and_nothing_else, start, stop),
        cmocka_unit_test_setup_teardown(a_slot_comes_back_clean_after_a_grace_period_only, start, stop),
        cmocka_unit_test_setup_teardown(a_generation_is_never_zero_nor_the_last, start, stop),
        cmocka_unit_test_setup_teardown(fills_several_slabs_with_distinct_ids, start, stop),
        cmocka_unit_test_setup_teardown(cycles_of_filling_and_freeing_leave_memory_flat, start, stop),
        cmocka_unit_test_setup_teardown(a_slab_is_added_before_the_last_is_full, start, stop),
        cmocka_unit_test_setup_teardown(slot_0_is_nobody, start, stop),
        cmocka_unit_test_setup_teardown(what_came_back_is_collected_in_parts, start, stop),
        cmocka_unit_test_setup_teardown(says_when_the_directory_is_full, start, stop),
        cmocka_unit_test(time_to_come_is_no_time_ago),
        cmocka_unit_test_setup_teardown(an_address_is_read_whole, start, stop),
        cmocka_unit_test_setup_teardown(a_slot_that_is_lost_or_free_while_in_use_is_seen, start, stop),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    rcu_reader_register();
    int failed = cmocka_run_group_tests_name("slabs", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
