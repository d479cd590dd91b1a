#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/ui/conversations.h"

#define FFFD "\xef\xbf\xbd"
#define PRINT "3333aaaa000000000000000000000000"

static struct conversation *apply(struct conversations *conversations, enum event_type type, const char *room,
                                  uint8_t peer) {
    struct event event = {.type = type, .room = room, .nick = "alice", .fingerprint = "1a2b", .id = "1-1"};
    memset(event.peer, peer, sizeof event.peer);
    event.recipients = 1;
    event.credit = 16;
    event.bootnode.port = 4000;
    event.mapped.port = 5000;
    struct conversation *conversation = conversations_apply(conversations, &event);
    assert_true(conversations_holds(conversations));
    return conversation;
}

static struct conversation *join(struct conversations *conversations, const char *room) {
    return apply(conversations, EVENT_JOINED, room, 0);
}

/* The rooms a, b, c, d: as many as asked for. */
static void set_up(struct conversations *conversations, size_t rooms) {
    static const char *const names[] = {"a", "b", "c", "d"};
    conversations_init(conversations, "bob", PRINT);
    for (size_t i = 0; i < rooms; i++) assert_non_null(join(conversations, names[i]));
}

static void there_is_none_at_first(void **state) {
    struct conversations conversations;
    (void)state;
    set_up(&conversations, 0);
    assert_null(conversations_current(&conversations));
    assert_null(conversations_find(&conversations, "a"));
    assert_null(conversations_named(&conversations, "a"));
    assert_null(conversations_named(&conversations, ""));
    assert_string_equal(conversations.nick, "bob");
    assert_string_equal(conversations.label, "bob#3333");
    conversations_clear(&conversations);
}

static void the_room_joined_last_is_current(void **state) {
    struct conversations conversations;
    (void)state;
    set_up(&conversations, 3);
    assert_int_equal(conversations.count, 3);
    assert_string_equal(conversations_current(&conversations)->name, "c");
    conversations.current = 0;
    struct conversation *room = join(&conversations, "d");
    assert_ptr_equal(conversations_current(&conversations), room);
    assert_ptr_equal(conversations_find(&conversations, "d"), room);
    for (size_t i = 0; i < 4; i++) assert_int_equal(conversations.list[i]->name[0], 'a' + (int)i);
    conversations_clear(&conversations);
    assert_null(conversations_current(&conversations));
}

static void joined_again_it_is_the_same(void **state) {
    struct conversations conversations;
    (void)state;
    set_up(&conversations, 2);
    struct conversation *room = conversations_find(&conversations, "b");
    apply(&conversations, EVENT_PEER_JOINED, "b", 1);
    assert_ptr_equal(join(&conversations, "b"), room);
    assert_int_equal(conversations.count, 2);
    assert_int_equal(room->roster.count, 1);
    conversations_clear(&conversations);
}

static void no_room_too_many(void **state) {
    struct conversations conversations;
    (void)state;
    set_up(&conversations, 0);
    for (int i = 0; i < ENGINE_ROOMS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "room%d", i);
        assert_non_null(join(&conversations, name));
    }
    assert_null(join(&conversations, "one more"));
    assert_int_equal(conversations.count, 32);
    assert_string_equal(conversations_current(&conversations)->name, "room31");
    conversations_remove(&conversations, conversations.list[7]);
    assert_non_null(join(&conversations, "one more"));
    assert_string_equal(conversations_current(&conversations)->name, "one more");
    conversations_clear(&conversations);
}

/* With its own room gone the current one is the next, at the end the one before. */
static void current_stays_right_whichever_goes(void **state) {
    (void)state;
    for (size_t rooms = 1; rooms <= 4; rooms++)
        for (size_t at = 0; at < rooms * rooms; at++) {
            struct conversations conversations;
            size_t current = at / rooms, gone = at % rooms;
            set_up(&conversations, rooms);
            conversations.current = current;
            size_t expected = current != gone ? current : current + 1 < rooms ? current + 1 : current - 1;
            const struct conversation *stays = rooms > 1 ? conversations.list[expected] : NULL;
            conversations_remove(&conversations, conversations.list[gone]);
            assert_int_equal(conversations.count, rooms - 1);
            assert_ptr_equal(conversations_current(&conversations), stays);
            for (size_t i = 0; i + 1 < rooms; i++)
                assert_int_equal(conversations.list[i]->name[0], 'a' + (int)(i < gone ? i : i + 1));
            conversations_clear(&conversations);
        }
}

static void what_is_not_there_cannot_go(void **state) {
    struct conversations conversations;
    struct conversation other = {.name = "a"};
    (void)state;
    set_up(&conversations, 2);
    conversations_remove(&conversations, &other);
    assert_int_equal(conversations.count, 2);
    assert_string_equal(conversations_current(&conversations)->name, "b");
    conversations_clear(&conversations);
}

static void a_parted_room_stays_until_it_is_removed(void **state) {
    struct conversations conversations;
    (void)state;
    set_up(&conversations, 2);
    assert_ptr_equal(apply(&conversations, EVENT_PARTED, "a", 0), conversations.list[0]);
    assert_int_equal(conversations.count, 2);
    conversations_clear(&conversations);
}

static void events_reach_their_room_alone(void **state) {
    struct conversations conversations;
    (void)state;
    set_up(&conversations, 2);
    struct conversation *a = conversations_find(&conversations, "a"), *b = conversations_find(&conversations, "b");
    assert_ptr_equal(apply(&conversations, EVENT_PEER_CONNECTED, "a", 1), a);
    assert_int_equal(a->roster.count, 1);
    assert_int_equal(b->roster.count, 0);
    assert_string_equal(a->roster.members[0].label, "alice#1a2b");
    apply(&conversations, EVENT_SENT, "a", 0);
    assert_int_equal(a->roster.members[0].waiting, 1);
    assert_null(deliveries_last(&b->deliveries));
    apply(&conversations, EVENT_DELIVERED, "b", 1);
    assert_int_equal(deliveries_last(&a->deliveries)->delivered, 0);
    apply(&conversations, EVENT_DELIVERED, "a", 1);
    assert_int_equal(deliveries_last(&a->deliveries)->delivered, 1);
    assert_int_equal(a->roster.members[0].waiting, 0);
    apply(&conversations, EVENT_PEER_LEFT, "a", 1);
    assert_int_equal(a->roster.count, 0);
    conversations_clear(&conversations);
}

static void events_of_no_known_room_change_nothing(void **state) {
    struct conversations conversations;
    (void)state;
    set_up(&conversations, 1);
    assert_null(apply(&conversations, EVENT_ERROR, NULL, 0));
    assert_null(apply(&conversations, EVENT_PEER_JOINED, "b", 1));
    assert_null(apply(&conversations, EVENT_PARTED, "b", 0));
    assert_int_equal(conversations.count, 1);
    assert_int_equal(conversations.list[0]->roster.count, 0);
    conversations_clear(&conversations);
}

static void the_bootnode_comes_and_goes(void **state) {
    struct conversations conversations;
    (void)state;
    set_up(&conversations, 1);
    const struct conversation *room = conversations.list[0];
    assert_int_equal(room->bootnode_standing, BOOTNODE_SEARCHING);
    apply(&conversations, EVENT_REGISTERED, "a", 0);
    assert_int_equal(room->bootnode_standing, BOOTNODE_REGISTERED);
    assert_int_equal(room->bootnode.port, 4000);
    assert_int_equal(room->mapped.port, 5000);
    apply(&conversations, EVENT_BOOTNODE_LOST, "a", 0);
    assert_int_equal(room->bootnode_standing, BOOTNODE_LOST);
    const struct event back = {.type = EVENT_BOOTNODE_BACK, .room = "a", .bootnode.port = 4001};
    conversations_apply(&conversations, &back);
    assert_int_equal(room->bootnode_standing, BOOTNODE_REGISTERED);
    assert_int_equal(room->bootnode.port, 4001);
    assert_int_equal(room->mapped.port, 5000); /* not told anew */
    conversations_clear(&conversations);
}

static void a_bootnode(struct conversations *conversations, enum event_type type, const char *name, uint16_t port) {
    const struct event event = {
        .type = type, .room = "a", .bootnode_name = name, .bootnode.port = port, .mapped.port = port + 1};
    conversations_apply(conversations, &event);
}

static void one_bootnode_of_two_is_enough(void **state) {
    struct conversations conversations;
    (void)state;
    set_up(&conversations, 1);
    const struct conversation *room = conversations.list[0];
    a_bootnode(&conversations, EVENT_BOOTNODE_LOST, "x:1", 1);
    assert_int_equal(room->bootnode_standing, BOOTNODE_LOST);
    a_bootnode(&conversations, EVENT_REGISTERED, "y:3", 3);
    assert_int_equal(room->bootnode_standing, BOOTNODE_REGISTERED);
    assert_int_equal(room->bootnode.port, 3);
    assert_int_equal(room->mapped.port, 4);
    a_bootnode(&conversations, EVENT_BOOTNODE_BACK, "x:1", 1);
    assert_int_equal(room->bootnode.port, 1);
    assert_int_equal(conversation_bootnodes(room, BOOTNODE_REGISTERED), 2);
    a_bootnode(&conversations, EVENT_BOOTNODE_LOST, "x:1", 1);
    assert_int_equal(room->bootnode.port, 3);
    assert_int_equal(conversation_bootnodes(room, BOOTNODE_REGISTERED), 1);
    a_bootnode(&conversations, EVENT_BOOTNODE_LOST, "y:3", 3);
    assert_int_equal(room->bootnode_standing, BOOTNODE_LOST);
    assert_int_equal(room->bootnode_count, 2);
    conversations_clear(&conversations);
}

static void a_home(struct conversations *conversations, enum event_type type, uint8_t node) {
    const struct event event = {.type = type,
                                .room = "a",
                                .bootnode_name = "c:1",
                                .bootnode.port = (uint16_t)(100 + node),
                                .has_node = true,
                                .node_id = node};
    conversations_apply(conversations, &event);
}

/* A cluster is lost and back as a whole; its homes come and go. */
static void homes_come_and_go(void **state) {
    struct conversations conversations;
    (void)state;
    set_up(&conversations, 1);
    const struct conversation *room = conversations.list[0];
    a_bootnode(&conversations, EVENT_BOOTNODE_LOST, "c:1", 1);
    assert_false(conversation_is_clustered(room));
    a_home(&conversations, EVENT_REGISTERED, 3);
    a_home(&conversations, EVENT_REGISTERED, 0);
    a_home(&conversations, EVENT_REGISTERED, 0);
    assert_int_equal(room->bootnode_count, 2);
    assert_true(conversation_is_clustered(room));
    assert_int_equal(conversation_bootnodes(room, BOOTNODE_REGISTERED), 2);
    a_bootnode(&conversations, EVENT_BOOTNODE_LOST, "c:1", 1);
    assert_int_equal(conversation_bootnodes(room, BOOTNODE_LOST), 2);
    assert_int_equal(room->bootnode_standing, BOOTNODE_LOST);
    a_bootnode(&conversations, EVENT_BOOTNODE_BACK, "c:1", 1);
    assert_int_equal(conversation_bootnodes(room, BOOTNODE_REGISTERED), 2);
    a_home(&conversations, EVENT_HOME_LEFT, 3);
    assert_int_equal(room->bootnode_count, 1);
    assert_int_equal(room->bootnode.port, 100);
    for (uint8_t node = 0; node < 40; node++) a_home(&conversations, EVENT_REGISTERED, node);
    assert_int_equal(room->bootnode_count, BOOTNODE_SESSIONS);
    assert_true(conversations_holds(&conversations));
    a_bootnode(&conversations, EVENT_REGISTERED, "y:3", 3);
    assert_int_equal(room->bootnode_count, BOOTNODE_SESSIONS);
    conversations_clear(&conversations);
}

static void credit_adds_up(void **state) {
    struct conversations conversations;
    (void)state;
    set_up(&conversations, 2);
    apply(&conversations, EVENT_CREDIT, "a", 0);
    apply(&conversations, EVENT_CREDIT, "a", 0);
    assert_int_equal(conversations.list[0]->credit, 32);
    assert_int_equal(conversations.list[1]->credit, 0);
    conversations_clear(&conversations);
}

static void our_nick_changes_our_label(void **state) {
    struct conversations conversations;
    (void)state;
    set_up(&conversations, 1);
    assert_null(apply(&conversations, EVENT_NICK, NULL, 0));
    assert_string_equal(conversations.nick, "alice");
    assert_string_equal(conversations.label, "alice#3333");
    assert_null(apply(&conversations, EVENT_PEER_NICK, NULL, 0));
    conversations_clear(&conversations);
}

static void rooms_are_named_by_how_they_begin(void **state) {
    static const char *const names[] = {"tea", "team", "temple", "Coffee", "co"};
    static const struct {
        const char *name, *found;
    } cases[] = {
        {"tea", "tea"}, {"team", "team"},  {"tem", "temple"}, {"temple", "temple"}, {"te", NULL}, {"t", NULL},
        {"", NULL},     {"temples", NULL}, {"C", "Coffee"},   {"co", "co"},         {"c", "co"},  {"x", NULL},
    };
    struct conversations conversations;
    (void)state;
    set_up(&conversations, 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) join(&conversations, names[i]);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct conversation *found = conversations_named(&conversations, cases[i].name);
        if (!cases[i].found != !found) fail_msg("'%s'", cases[i].name);
        if (found) assert_string_equal(found->name, cases[i].found);
    }
    conversations_clear(&conversations);
}

static void titles_are_filtered(void **state) {
    struct conversations conversations;
    char longest[ROOM_NAME_MAX + 1];
    (void)state;
    set_up(&conversations, 0);
    const struct conversation *room = join(&conversations, "\x1b[2Jtea\n");
    assert_string_equal(room->name, "\x1b[2Jtea\n");
    assert_string_equal(room->title, FFFD "[2Jtea" FFFD);
    assert_ptr_equal(conversations_named(&conversations, FFFD "[2J"), room);
    assert_ptr_equal(conversations_named(&conversations, "\x1b[2Jtea\n"), room);
    memset(longest, 0xff, ROOM_NAME_MAX);
    longest[ROOM_NAME_MAX] = '\0';
    room = join(&conversations, longest);
    assert_string_equal(room->name, longest);
    assert_int_equal(strlen(room->title), 3 * ROOM_NAME_MAX);
    conversations_clear(&conversations);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_none_at_first),
        cmocka_unit_test(the_room_joined_last_is_current),
        cmocka_unit_test(joined_again_it_is_the_same),
        cmocka_unit_test(no_room_too_many),
        cmocka_unit_test(current_stays_right_whichever_goes),
        cmocka_unit_test(what_is_not_there_cannot_go),
        cmocka_unit_test(a_parted_room_stays_until_it_is_removed),
        cmocka_unit_test(events_reach_their_room_alone),
        cmocka_unit_test(events_of_no_known_room_change_nothing),
        cmocka_unit_test(the_bootnode_comes_and_goes),
        cmocka_unit_test(one_bootnode_of_two_is_enough),
        cmocka_unit_test(homes_come_and_go),
        cmocka_unit_test(credit_adds_up),
        cmocka_unit_test(our_nick_changes_our_label),
        cmocka_unit_test(rooms_are_named_by_how_they_begin),
        cmocka_unit_test(titles_are_filtered),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("conversations", tests, NULL, NULL);
}
