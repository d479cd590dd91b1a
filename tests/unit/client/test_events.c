#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/events.h"

static void an_event_starts_zeroed_with_its_text(void **state) {
    struct event *event = event_create(EVENT_ERROR, "ab\0c", 4);
    (void)state;
    assert_int_equal(event->type, EVENT_ERROR);
    assert_int_equal(event->text_size, 4);
    assert_memory_equal(event->text, "ab\0c", 5);
    assert_null(event->room);
    assert_string_equal(event->nick, "");
    assert_int_equal(event->credit, 0);
    event_destroy(event);
    event = event_create(EVENT_CREDIT, NULL, 9);
    assert_int_equal(event->text_size, 0);
    assert_string_equal(event->text, "");
    event_destroy(event);
    event_destroy(NULL);
}

/* A new one of any type has nothing; what its type has may be filled in, what others have may not. */
static void an_event_has_what_its_type_has(void **state) {
    (void)state;
    for (int type = 0; type < EVENT_TYPES; type++) {
        struct event *event = event_create((enum event_type)type, NULL, 0);
        assert_true(event_holds(event));
        event->peer[MEMBER_ID_SIZE - 1] = 1;
        event->address.port = 1;
        event->relay[0] = 'b';
        bool of_peer = event_holds(event);
        assert_int_equal(of_peer, (type >= EVENT_PEER_JOINED && type <= EVENT_PEER_LEFT) || type == EVENT_MEMBER ||
                                      type == EVENT_DECIDED || type == EVENT_ERROR);
        event_destroy(event);
        event = event_create((enum event_type)type, NULL, 0);
        event->status = 3;
        assert_int_equal(event_holds(event), type == EVENT_FINISHED);
        event->status = 0;
        event->credit = 1;
        assert_int_equal(event_holds(event), type == EVENT_CREDIT);
        event_destroy(event);
    }
    struct event *event = event_create(EVENT_ERROR, "why", 3);
    assert_true(event_holds(event));
    event->text[3] = 'x'; /* the zero */
    assert_false(event_holds(event));
    event_destroy(event);
    event = event_create(EVENT_CREDIT, "text", 4);
    assert_false(event_holds(event));
    event_destroy(event);
}

static void an_input_copies_its_text(void **state) {
    char text[] = "hello";
    struct input *input = input_create(INPUT_SAY, "tea", text, 4);
    (void)state;
    text[0] = 'j';
    assert_int_equal(input->type, INPUT_SAY);
    assert_int_equal(input->size, 4);
    assert_string_equal(input->text, "hell");
    input_destroy(input);
    input = input_create(INPUT_END, NULL, NULL, 0);
    assert_string_equal(input->text, "");
    input_destroy(input);
}

static void an_input_takes_no_more_addresses_than_it_has_room_for(void **state) {
    struct address many[BOOTNODE_ADDRESSES + 1] = {{.port = 1}, {.port = 2}};
    struct input *input = input_of_addresses(INPUT_RESOLVED, many, 2);
    (void)state;
    assert_int_equal(input->address_count, 2);
    assert_int_equal(input->addresses[1].port, 2);
    assert_int_equal(input->size, 0);
    input_destroy(input);
    input = input_of_addresses(INPUT_RESOLVED, many, BOOTNODE_ADDRESSES + 1);
    assert_int_equal(input->address_count, BOOTNODE_ADDRESSES);
    input_destroy(input);
    input = input_of_addresses(INPUT_PORT_MAPPED, many, 0);
    assert_int_equal(input->address_count, 0);
    input_destroy(input);
}

/* The queues hand back nodes, which are the objects. */
static void nodes_come_first(void **state) {
    (void)state;
    assert_int_equal(offsetof(struct event, node), 0);
    assert_int_equal(offsetof(struct input, node), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_starts_zeroed_with_its_text),
        cmocka_unit_test(an_event_has_what_its_type_has),
        cmocka_unit_test(an_input_copies_its_text),
        cmocka_unit_test(an_input_takes_no_more_addresses_than_it_has_room_for),
        cmocka_unit_test(nodes_come_first),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
