/* Rooms that fill up: members are an address each, and have sessions of no other use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/table/room_places.h"

#define MEMBERS 128
#define SHARE 25

static struct room *room;
static struct tokens epochs;
static struct session *sessions[ROOM_MEMBERS_MAX + 1];
static size_t session_count;

static int open_room(void **state) {
    (void)state;
    static const uint8_t tag[ROOM_TAG_SIZE] = "room";
    room = room_create(tag, &epochs);
    session_count = 0;
    return room ? 0 : -1;
}

static int close_room(void **state) {
    (void)state;
    while (room->member_count > 0) room_leave(room, room_members(room)[0], LEAVE_SILENT);
    while (session_count > 0) free(sessions[--session_count]);
    room_destroy(room);
    return 0;
}

static struct address at(const char *text) {
    struct address address;
    assert_true(address_parse(text, 1000, &address));
    return address;
}

/* The same with another byte: of the IPv6 form. */
static struct address with(struct address address, size_t byte, size_t value) {
    address.ip[byte] = (uint8_t)value;
    return address;
}

static struct session *join(struct address address) {
    struct session *session = aligned_alloc(64, (sizeof *session + 63) / 64 * 64), *replaced;
    assert_non_null(session);
    memset(session, 0, sizeof *session);
    sessions[session_count++] = session;
    /* Ids come in no order, as hashes do. */
    uint32_t id = (uint32_t)session_count * 2654435761U;
    memcpy(session->member_id, &id, sizeof id);
    session_set_address(session, &address, 0);
    session->joined_count = room->version.count;
    assert_true(room_join(room, session, &replaced));
    assert_null(replaced);
    return session;
}

static struct room_places places = {.members = MEMBERS, .per_source = MEMBERS * SHARE / 100, .limit_loopback = true};

static struct session *gives_way;

static enum room_answer ask(struct address newcomer) {
    return room_places_ask(&places, room, &newcomer, &gives_way);
}

static void a_room_that_is_not_full_takes_all(void **state) {
    (void)state;
    for (size_t i = 0; i < MEMBERS * 3 / 4; i++) {
        assert_int_equal(ask(at("192.0.2.1")), ROOM_HAS_PLACE);
        join(at("192.0.2.1"));
    }
    assert_int_equal(ask(at("192.0.2.1")), ROOM_SOURCE_HAS_SHARE);
    assert_int_equal(ask(at("198.51.100.1")), ROOM_HAS_PLACE);
}

static void an_ipv4_address_has_its_share(void **state) {
    (void)state;
    places.per_source = 16;
    for (size_t i = 0; room->member_count < MEMBERS * 3 / 4; i++) join(with(at("10.0.0.1"), 13, i));
    for (size_t i = 0; i < 16; i++) join(at("192.0.2.1"));
    assert_int_equal(ask(at("192.0.2.1")), ROOM_SOURCE_HAS_SHARE);
    assert_int_equal(ask(at("192.0.2.2")), ROOM_HAS_PLACE);
}

static void an_ipv6_network_has_its_share(void **state) {
    (void)state;
    places.per_source = 16;
    for (size_t i = 0; room->member_count < MEMBERS * 3 / 4; i++) join(with(at("10.0.0.1"), 13, i));
    for (size_t i = 0; i < 16; i++) join(with(at("2001:db8:1:2::1"), 15, i));
    assert_int_equal(ask(at("2001:db8:1:2::ffff")), ROOM_SOURCE_HAS_SHARE);
    assert_int_equal(ask(at("2001:db8:1:3::1")), ROOM_HAS_PLACE);
}

/* Of those that differ in their last byte, a /24 has as many as there are places. */
static void neighbours_fill_a_room(void **state) {
    (void)state;
    for (size_t i = 0; i < MEMBERS; i++) {
        assert_int_equal(ask(with(at("192.0.2.1"), 15, i)), ROOM_HAS_PLACE);
        join(with(at("192.0.2.1"), 15, i));
    }
    assert_int_equal(ask(with(at("192.0.2.1"), 15, 200)), ROOM_IS_FULL);
}

static void who_comes_from_elsewhere_gets_in(void **state) {
    (void)state;
    static const struct {
        const char *crowd;
        size_t byte; /* in which they differ; 16: not at all */
    } crowds[] = {
        {"192.0.2.1", 16}, {"192.0.2.1", 15}, {"2001:db8:1:2::1", 12}, {"2001:db8:1:2::1", 7}, {"2001:db8:1:2::1", 6}};
    for (size_t crowd = 0; crowd < sizeof crowds / sizeof *crowds; crowd++) {
        struct session *last = NULL;
        for (size_t i = 0; i < MEMBERS; i++) {
            struct address address = at(crowds[crowd].crowd);
            last = join(crowds[crowd].byte < 16 ? with(address, crowds[crowd].byte, i) : address);
        }
        assert_int_equal(ask(at("198.51.100.7")), ROOM_HAS_PLACE_OF);
        assert_ptr_equal(gives_way, last);
        assert_int_equal(ask(at("2001:db8:ffff::1")), ROOM_HAS_PLACE_OF);
        assert_ptr_equal(gives_way, last);
        assert_int_equal(ask(at(crowds[crowd].crowd)), ROOM_IS_FULL);
        assert_null(gives_way);
        close_room(NULL), open_room(NULL);
    }
}

/* All that can be gained by crowding out is what all others have. */
static void crowding_out_ends_when_it_is_fair(void **state) {
    (void)state;
    for (size_t i = 0; i < MEMBERS; i++) join(at(i % 2 ? "192.0.2.1" : "203.0.113.1"));
    size_t got = 0;
    while (ask(at("198.51.100.7")) == ROOM_HAS_PLACE_OF) {
        room_leave(room, gives_way, LEAVE_SILENT);
        join(at("198.51.100.7"));
        assert_true(++got <= MEMBERS);
    }
    assert_in_range(got, MEMBERS / 3 - 1, MEMBERS / 3 + 1);
    assert_int_equal(ask(at("198.51.100.7")), ROOM_IS_FULL);
}

/* Everybody comes from somewhere else: nobody has more than the newcomer would have. */
static void the_newest_of_equals_is_safe(void **state) {
    (void)state;
    for (size_t i = 0; i < MEMBERS; i++) join(with(at("10.0.0.1"), 13, i));
    assert_int_equal(ask(at("198.51.100.7")), ROOM_IS_FULL);
}

/* Also where the count of changes begins anew. */
static void the_newest_gives_way(void **state) {
    (void)state;
    room->version.count = UINT32_MAX - MEMBERS / 2;
    struct session *newest = NULL;
    for (size_t i = 0; i < MEMBERS; i++) {
        struct session *session = join(i % 3 ? at("192.0.2.1") : with(at("10.0.0.1"), 13, i));
        if (i % 3) newest = session;
    }
    assert_int_equal(ask(at("198.51.100.7")), ROOM_HAS_PLACE_OF);
    assert_ptr_equal(gives_way, newest);
}

static void loopback_is_limited_where_it_shall_be(void **state) {
    (void)state;
    places.limit_loopback = false;
    for (size_t i = 0; i < MEMBERS; i++) {
        assert_int_equal(ask(at("127.0.0.1")), ROOM_HAS_PLACE);
        join(at("127.0.0.1"));
    }
    assert_int_equal(ask(at("127.0.0.2")), ROOM_IS_FULL);
    assert_int_equal(ask(at("192.0.2.1")), ROOM_IS_FULL);
    places.limit_loopback = true;
    assert_int_equal(ask(at("127.0.0.1")), ROOM_IS_FULL);
    assert_int_equal(ask(at("192.0.2.1")), ROOM_HAS_PLACE_OF);
}

static void sources_may_be_left_alone(void **state) {
    (void)state;
    places = room_places_of(MEMBERS, 100, true);
    for (size_t i = 0; i < MEMBERS; i++) {
        assert_int_equal(ask(at("192.0.2.1")), ROOM_HAS_PLACE);
        join(at("192.0.2.1"));
    }
    assert_int_equal(ask(at("198.51.100.1")), ROOM_IS_FULL);
}

static void a_small_room_has_place_for_a_household(void **state) {
    (void)state;
    places = room_places_of(8, 1, true);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(ask(at("192.0.2.1")), ROOM_HAS_PLACE);
        join(at("192.0.2.1"));
    }
    assert_int_equal(room_places_of(512, 25, true).per_source, 128);
}

static int setup(void **state) {
    places = room_places_of(MEMBERS, SHARE, true);
    return open_room(state);
}

#define places_test(function) cmocka_unit_test_setup_teardown(function, setup, close_room)

int main(void) {
    const struct CMUnitTest tests[] = {
        places_test(a_room_that_is_not_full_takes_all),      places_test(an_ipv4_address_has_its_share),
        places_test(an_ipv6_network_has_its_share),          places_test(neighbours_fill_a_room),
        places_test(who_comes_from_elsewhere_gets_in),       places_test(crowding_out_ends_when_it_is_fair),
        places_test(the_newest_of_equals_is_safe),           places_test(the_newest_gives_way),
        places_test(loopback_is_limited_where_it_shall_be),  places_test(sources_may_be_left_alone),
        places_test(a_small_room_has_place_for_a_household),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
