#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/table/room.h"
#include "bootnode/table/room_changes.h"
#include "common/udp.h"
#include "tests/support/room_view.h"

#define BODY_MAX (UDP_DATAGRAM_MAX - SEALED_OVERHEAD)

static const uint8_t tag[ROOM_TAG_SIZE] = {1, 2, 3};
static struct viewer viewer;
static struct tokens epochs;

static struct address address_of(const char *text) {
    struct address address;
    assert_true(address_parse(text, 0, &address));
    return address;
}

/* Ids differ in the first byte or only in the last, so that both halves of the comparison count. */
static void name_member(struct session *session, unsigned number) {
    memset(session->member_id, 0, MEMBER_ID_SIZE);
    session->member_id[0] = (uint8_t)(number / 8 * 37);
    session->member_id[15] = (uint8_t)(number % 8);
    session->suite_mask = 1;
}

static struct session *make_member(unsigned number) {
    struct session *session = aligned_alloc(alignof(struct session), sizeof *session);
    assert_non_null(session);
    memset(session, 0, sizeof *session);
    name_member(session, number);
    struct address seen = address_of("203.0.113.9:1000");
    seen.port = (uint16_t)(1000 + number);
    session_set_address(session, &seen, 0);
    return session;
}

static void name_candidates(struct session *session, const struct candidate_list *list) {
    assert_true(candidates_pack(&session->candidates, list));
}

static void forget_member(struct session *session) {
    candidates_clear(&session->candidates);
    free(session);
}

static void join(struct room *room, struct session *session) {
    struct session *replaced;
    assert_true(room_join(room, session, &replaced));
    assert_null(replaced);
    assert_true(room_holds(room));
}

static void end_room(struct room *room) {
    while (room->member_count > 0) {
        struct session *session = room_members(room)[0];
        room_leave(room, session, LEAVE_SILENT);
        forget_member(session);
    }
    room_destroy(room);
}

static void members_are_found_and_sorted(void **state) {
    (void)state;
    struct room *room = room_create(tag, &epochs);
    assert_true(room->version.epoch != 0);
    struct session *members[64];
    for (unsigned i = 0; i < 64; i++) {
        members[i] = make_member((i * 29) % 64);
        assert_null(room_find(room, members[i]->member_id));
        join(room, members[i]);
        assert_int_equal(room->version.count, i + 1);
    }
    for (unsigned i = 0; i < 64; i++) assert_ptr_equal(room_find(room, members[i]->member_id), members[i]);
    for (unsigned i = 1; i < 64; i++)
        assert_true(memcmp(room_members(room)[i - 1]->member_id, room_members(room)[i]->member_id, MEMBER_ID_SIZE) < 0);
    for (unsigned i = 0; i < 64; i += 2) {
        room_leave(room, members[i], LEAVE_SAID);
        assert_null(room_find(room, members[i]->member_id));
        forget_member(members[i]);
    }
    assert_int_equal(room->member_count, 32);
    end_room(room);
}

static uint64_t copy_of(const struct session *member) {
    return atomic_load(&member->room_version);
}

static void a_change_writes_the_copy_of_who_joins_and_no_other(void **state) {
    (void)state;
    struct room *room = room_create(tag, &epochs);
    const uint64_t epoch = (uint64_t)room->version.epoch << 32;
    struct session *members[10], *successor = make_member(4), *replaced;
    for (unsigned i = 0; i < 10; i++) join(room, members[i] = make_member(i));
    room_updated(room, members[3]);
    for (unsigned i = 0; i < 10; i++) assert_true(copy_of(members[i]) == (epoch | (i + 1)));
    assert_true(room_join(room, successor, &replaced));
    assert_ptr_equal(replaced, members[4]);
    assert_true(copy_of(successor) == (epoch | 12));
    forget_member(replaced);
    room_copy_version(room, members[5]);
    assert_true(copy_of(members[5]) == (epoch | 12));
    assert_true(copy_of(members[6]) == (epoch | 7));
    end_room(room);
}

static void a_room_of_one_needs_neither_array_nor_ring(void **state) {
    (void)state;
    struct room *room = room_create(tag, &epochs);
    struct session *first = make_member(1), *second = make_member(2);
    join(room, first);
    assert_int_equal(room->member_capacity + room->ring_capacity, 0);
    assert_ptr_equal(room_find(room, first->member_id), first);
    join(room, second);
    assert_ptr_equal(room_find(room, first->member_id), first);
    assert_ptr_equal(room_find(room, second->member_id), second);
    struct changes_cursor cursor = {.at = {room->version.epoch, 1}};
    uint8_t body[BODY_MAX];
    assert_true(room_write_changes(room, &viewer, &cursor, body, sizeof body) > 0);
    assert_int_equal(body[0], CHANGES_DELTA);
    end_room(room);
}

static void a_successor_is_an_update(void **state) {
    (void)state;
    struct room *room = room_create(tag, &epochs);
    struct session *first = make_member(1), *second = make_member(1), *replaced;
    join(room, first);
    struct changes_cursor cursor = {.at = room->version};
    assert_true(room_join(room, second, &replaced));
    assert_ptr_equal(replaced, first);
    assert_int_equal(room->member_count, 1);
    uint8_t body[BODY_MAX];
    size_t size = room_write_changes(room, &viewer, &cursor, body, sizeof body);
    assert_int_equal(body[CHANGES_HEADER_DELTA_SIZE], CHANGE_UPDATED);
    assert_int_equal(size, CHANGES_HEADER_DELTA_SIZE + 1 + 22 + 7);
    forget_member(first);
    end_room(room);
}

static void welcome_takes_as_many_others_as_fit(void **state) {
    (void)state;
    struct room *room = room_create(tag, &epochs);
    for (unsigned i = 0; i < 20; i++) join(room, make_member(i));
    uint8_t space[1000];
    const size_t record_size = 22 + 7;
    struct writer writer = writer_over(space, sizeof space);
    uint8_t own[MEMBER_ID_SIZE];
    memcpy(own, room_members(room)[5]->member_id, sizeof own);
    assert_true(room_write_welcome(room, own, &viewer, &writer));
    assert_int_equal(writer_size(&writer), 19 * record_size);
    struct reader reader = reader_over(space, writer_size(&writer));
    while (reader_left(&reader) > 0) {
        struct member_record record;
        read_member_record(&reader, &record);
        assert_false(reader.failed);
        assert_memory_not_equal(record.id, own, sizeof own);
    }
    writer = writer_over(space, 10 * record_size + 3);
    assert_false(room_write_welcome(room, own, &viewer, &writer));
    assert_int_equal(writer_size(&writer), 10 * record_size);
    end_room(room);
}

/* Brings a view to the room's version without loss. Returns how many datagrams that took. */
static unsigned bring_up(const struct room *room, struct room_view *view) {
    uint8_t body[BODY_MAX];
    struct changes_cursor cursor = {.at = view->list.version};
    unsigned datagrams = 0;
    size_t size;
    while ((size = room_write_changes(room, &viewer, &cursor, body, sizeof body)) > 0) {
        assert_true(size <= sizeof body);
        assert_true(room_view_apply(view, body, size));
        datagrams++;
    }
    assert_true(room_view_is(view, room, &viewer));
    return datagrams;
}

static void a_client_without_a_version_gets_everything_in_parts(void **state) {
    (void)state;
    static struct room_view view;
    struct room *room = room_create(tag, &epochs);
    for (unsigned i = 0; i < 100; i++) {
        struct session *member = make_member(i);
        struct candidate_list list = {.count = MEMBER_CANDIDATES_MAX};
        for (unsigned j = 0; j < MEMBER_CANDIDATES_MAX; j++) {
            list.items[j] = address_of("203.0.113.9:1");
            list.items[j].port = (uint16_t)(20000 + j);
        }
        name_candidates(member, &list);
        join(room, member);
    }
    view = (struct room_view){0};
    assert_int_equal(bring_up(room, &view), (100 + 15) / 15);
    assert_int_equal(bring_up(room, &view), 0);
    /* One part begins right behind the other. */
    for (size_t i = 1; i < view.part_count; i++) {
        assert_true(member_id_next(view.parts[i - 1].high));
        assert_memory_equal(view.parts[i - 1].high, view.parts[i].low, MEMBER_ID_SIZE);
    }
    assert_false(member_id_next(view.parts[view.part_count - 1].high));
    end_room(room);
}

static void a_full_list_begins_again_when_the_room_changes(void **state) {
    (void)state;
    static struct room_view view;
    struct room *room = room_create(tag, &epochs);
    for (unsigned i = 0; i < 100; i++) join(room, make_member(i));
    view = (struct room_view){0};
    uint8_t body[BODY_MAX];
    struct changes_cursor cursor = {0};
    size_t size = room_write_changes(room, &viewer, &cursor, body, sizeof body);
    assert_true(size > 0 && room_view_apply(&view, body, size));
    join(room, make_member(200));
    while ((size = room_write_changes(room, &viewer, &cursor, body, sizeof body)) > 0)
        assert_true(room_view_apply(&view, body, size));
    assert_true(room_view_is(&view, room, &viewer));
    end_room(room);
}

static void who_left_and_came_back_ends_as_joined(void **state) {
    (void)state;
    static struct room_view view;
    struct room *room = room_create(tag, &epochs);
    join(room, make_member(1));
    struct session *member = make_member(2);
    join(room, member);
    view = (struct room_view){0};
    bring_up(room, &view);
    room_leave(room, member, LEAVE_SAID);
    join(room, member);
    room_leave(room, member, LEAVE_SILENT);
    join(room, member);
    assert_int_equal(bring_up(room, &view), 1);
    assert_non_null(room_view_find(&view, member->member_id));
    assert_int_equal(view.left_said, 1);
    room_leave(room, member, LEAVE_SILENT);
    assert_int_equal(bring_up(room, &view), 1);
    assert_null(room_view_find(&view, member->member_id));
    assert_int_equal(view.left_silent, 1);
    forget_member(member);
    end_room(room);
}

static void who_joined_and_changed_is_told_as_joined(void **state) {
    (void)state;
    struct room *room = room_create(tag, &epochs);
    join(room, make_member(1));
    struct changes_cursor cursor = {.at = room->version};
    struct session *member = make_member(2);
    join(room, member);
    room_updated(room, member);
    uint8_t body[BODY_MAX];
    assert_true(room_write_changes(room, &viewer, &cursor, body, sizeof body) > 0);
    assert_int_equal(body[CHANGES_HEADER_DELTA_SIZE], CHANGE_JOINED);
    end_room(room);
}

static void many_updates_of_one_member_are_told_once(void **state) {
    (void)state;
    struct room *room = room_create(tag, &epochs);
    struct session *member = make_member(2);
    join(room, member);
    struct changes_cursor cursor = {.at = room->version};
    for (unsigned i = 0; i < 50; i++) room_updated(room, member);
    uint8_t body[BODY_MAX];
    assert_int_equal(room_write_changes(room, &viewer, &cursor, body, sizeof body),
                     CHANGES_HEADER_DELTA_SIZE + 1 + 22 + 7);
    assert_int_equal(room_write_changes(room, &viewer, &cursor, body, sizeof body), 0);
    end_room(room);
}

static void what_the_ring_forgot_takes_a_full_list(void **state) {
    (void)state;
    struct room *room = room_create(tag, &epochs);
    struct session *member = make_member(2);
    join(room, member);
    uint8_t body[BODY_MAX];
    for (unsigned i = 0; i < 3 * ROOM_RING; i++) room_updated(room, member);
    struct changes_cursor near = {.at = {room->version.epoch, room->version.count - ROOM_RING}};
    assert_true(room_write_changes(room, &viewer, &near, body, sizeof body) > 0);
    assert_int_equal(body[0], CHANGES_DELTA);
    struct changes_cursor far = {.at = {room->version.epoch, room->version.count - ROOM_RING - 1}};
    assert_true(room_write_changes(room, &viewer, &far, body, sizeof body) > 0);
    assert_int_equal(body[0], CHANGES_FULL);
    struct changes_cursor foreign = {.at = {room->version.epoch ^ 1, room->version.count}};
    assert_true(room_write_changes(room, &viewer, &foreign, body, sizeof body) > 0);
    assert_int_equal(body[0], CHANGES_FULL);
    struct changes_cursor ahead = {.at = {room->version.epoch, room->version.count + 1}};
    assert_true(room_write_changes(room, &viewer, &ahead, body, sizeof body) > 0);
    assert_int_equal(body[0], CHANGES_FULL);
    end_room(room);
}

/* Convergence: three clients behind a network that loses, doubles and reorders. */
#define MEMBERS 90
#define CLIENTS 3
#define FLYING 64

struct flight {
    uint8_t body[BODY_MAX];
    size_t size;
};

struct client {
    struct room_view view;
    struct flight flying[FLYING];
    size_t flying_count;
};

static struct session *population[MEMBERS];
static struct client clients[CLIENTS];

static unsigned below(unsigned bound) {
    return (unsigned)((unsigned long)random() % bound);
}

static void change_room(struct room *room) {
    struct session *member = population[below(MEMBERS)];
    bool present = room_find(room, member->member_id) == member;
    if (!present) {
        join(room, member);
    } else if (below(2) == 0) {
        room_leave(room, member, below(2) ? LEAVE_SAID : LEAVE_SILENT);
    } else {
        member->revision++;
        struct candidate_list list = {.count = (uint8_t)below(MEMBER_CANDIDATES_MAX + 1)};
        for (unsigned i = 0; i < list.count; i++) {
            list.items[i] = session_address(member);
            list.items[i].port = (uint16_t)(1 + below(60000));
        }
        name_candidates(member, &list);
        room_updated(room, member);
    }
}

static void send_to(const struct room *room, struct client *client) {
    assert_true(room_holds(room));
    struct changes_cursor cursor = {.at = client->view.list.version};
    uint8_t body[BODY_MAX];
    size_t size;
    while ((size = room_write_changes(room, &viewer, &cursor, body, sizeof body)) > 0) {
        for (unsigned copies = below(10) < 3 ? 0 : 1 + (below(10) == 0); copies > 0; copies--) {
            if (client->flying_count == FLYING) return;
            struct flight *flight = &client->flying[client->flying_count++];
            memcpy(flight->body, body, size);
            flight->size = size;
        }
    }
}

static void deliver_one(struct client *client) {
    if (client->flying_count == 0) return;
    size_t chosen = below((unsigned)client->flying_count);
    struct flight *flight = &client->flying[chosen];
    assert_true(room_view_apply(&client->view, flight->body, flight->size));
    *flight = client->flying[--client->flying_count];
}

static void clients_converge_from_count(uint32_t count) {
    struct room *room = room_create(tag, &epochs);
    room->version.count = count;
    memset(clients, 0, sizeof clients);
    for (unsigned step = 0; step < 10000; step++) {
        /* Now and then more at once than the ring holds. */
        for (unsigned changes = below(200) == 0 ? 3 * ROOM_RING : below(3); changes > 0; changes--) change_room(room);
        struct client *client = &clients[below(CLIENTS)];
        if (below(4) == 0) send_to(room, client);
        for (unsigned i = below(6); i > 0; i--) deliver_one(client);
        if (step % 100 != 99) continue;
        for (unsigned i = 0; i < CLIENTS; i++) bring_up(room, &clients[i].view);
    }
    while (room->member_count > 0) room_leave(room, room_members(room)[0], LEAVE_SILENT);
    room_destroy(room);
}

static void clients_converge_under_loss_doubling_and_reordering(void **state) {
    (void)state;
    srandom(2);
    for (unsigned i = 0; i < MEMBERS; i++) population[i] = make_member(i);
    clients_converge_from_count(0);
    clients_converge_from_count(UINT32_MAX - 5000);
    for (unsigned i = 0; i < MEMBERS; i++) forget_member(population[i]);
}

static void a_room_that_is_not_as_it_should_be_is_seen(void **state) {
    (void)state;
    struct room *room = room_create(tag, &epochs);
    for (unsigned i = 0; i < 4; i++) join(room, make_member(i));
    struct session **members = room->many, *first = members[0];
    uint64_t copy = copy_of(first);
    members[0] = members[1];
    members[1] = first;
    assert_false(room_holds(room));
    members[1] = members[0];
    assert_false(room_holds(room)); /* twice */
    members[0] = first;
    assert_true(room_holds(room));
    atomic_store(&first->room_version, copy + 4); /* the room's is copy + 3 */
    assert_false(room_holds(room));
    atomic_store(&first->room_version, copy);
    assert_true(room_copy_holds(first, (struct room_version){room->version.epoch, (uint32_t)copy}));
    assert_false(room_copy_holds(first, (struct room_version){room->version.epoch, (uint32_t)copy + 1}));
    atomic_store(&first->generation_state, SESSION_CONFIRMED);
    first->told_count = (uint32_t)copy + 1;
    assert_false(room_holds(room));
    first->told_count = (uint32_t)copy;
    assert_true(room_holds(room));
    room->ring[room->version.count % room->ring_capacity].covered = true;
    assert_false(room_holds(room));
    room->ring[room->version.count % room->ring_capacity].covered = false;
    end_room(room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_and_sorted),
        cmocka_unit_test(a_change_writes_the_copy_of_who_joins_and_no_other),
        cmocka_unit_test(a_room_of_one_needs_neither_array_nor_ring),
        cmocka_unit_test(a_successor_is_an_update),
        cmocka_unit_test(welcome_takes_as_many_others_as_fit),
        cmocka_unit_test(a_client_without_a_version_gets_everything_in_parts),
        cmocka_unit_test(a_full_list_begins_again_when_the_room_changes),
        cmocka_unit_test(who_left_and_came_back_ends_as_joined),
        cmocka_unit_test(who_joined_and_changed_is_told_as_joined),
        cmocka_unit_test(many_updates_of_one_member_are_told_once),
        cmocka_unit_test(what_the_ring_forgot_takes_a_full_list),
        cmocka_unit_test(clients_converge_under_loss_doubling_and_reordering),
        cmocka_unit_test(a_room_that_is_not_as_it_should_be_is_seen),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    struct address elsewhere;
    if (!address_parse("192.0.2.200:1", 0, &elsewhere)) return 1;
    viewer = viewer_at(&elsewhere, NULL);
    return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
