/* A bootnode's key that is replaced: clients that know the old one are led to the new one by the old one's word, and by
 * nobody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/scenario/support/world.h"
#include "tests/support/folder.h"

#define CONNECT_MS 5000
#define NAME "bootnode.example:9595"

/* --- The bootnode --- */

static bool is_registered(struct net *net) {
    return net->clients[0].state == CLIENT_REGISTERED;
}

static struct rendezvous_client *join_asking(struct net *net, const uint8_t key[static 32]) {
    struct rendezvous_client *client = net_join(net, "tea", (uint32_t)net->client_count + 1);
    memcpy(client->asks_for, key, sizeof client->asks_for);
    client_start(client, net->monotonic); /* the first HELLO went without */
    return client;
}

static bool shows(const struct rendezvous_client *client, const uint8_t key[static 32]) {
    return memcmp(client->cookie.bootnode_public, key, 32) == 0;
}

static void each_key_is_shown_to_who_asks_for_it(void **state) {
    struct net *net = *state;
    uint8_t keys[NODE_PREVIOUS_KEYS_MAX + 2][32];
    for (size_t i = 0; i < NODE_PREVIOUS_KEYS_MAX + 2; i++) {
        if (i > 0) net_rotate_key(net);
        memcpy(keys[i], net->node.key.public, 32);
    }
    const uint8_t *present = keys[NODE_PREVIOUS_KEYS_MAX + 1];
    for (size_t i = 0; i < NODE_PREVIOUS_KEYS_MAX + 2; i++) {
        net_forget_clients(net);
        struct rendezvous_client *client = join_asking(net, keys[i]);
        assert_true(net_run_until(net, is_registered, CONNECT_MS));
        bool previous = i > 0 && i <= NODE_PREVIOUS_KEYS_MAX; /* the oldest is forgotten */
        assert_true(shows(client, previous ? keys[i] : present));
        assert_int_equal(client->session.succeeded, previous);
        if (previous) assert_memory_equal(client->session.successor, present, 32);
    }
    assert_int_equal(counters_read(&net->counters, COUNTER_PREVIOUS_KEY), NODE_PREVIOUS_KEYS_MAX);
}

/* Nothing is larger than its question, also where a successor is named in a room that fills the packet. */
static bool judge_sizes(struct net *net, const struct flying *packet) {
    size_t *largest = net->watching;
    size_t which = packet->data[0] == MESSAGE_COOKIE ? 0 : packet->data[0] == MESSAGE_WELCOME ? 1 : 2;
    if (!packet->to_server && which < 2 && packet->size > largest[which]) largest[which] = packet->size;
    return true;
}

static void answers_are_no_larger(void **state) {
    struct net *net = *state;
    uint8_t old[32];
    size_t largest[2] = {0};
    memcpy(old, net->node.key.public, sizeof old);
    net_rotate_key(net);
    for (uint32_t i = 0; i < 20; i++) (void)net_join(net, "tea", i + 100);
    net_run(net, 20000);
    net->watch = judge_sizes;
    net->watching = largest;
    struct rendezvous_client *client = join_asking(net, old);
    net_run(net, 20000);
    assert_int_equal(client->state, CLIENT_REGISTERED);
    assert_true(client->session.succeeded);
    assert_false(client->session.complete);
    assert_true(net_agrees(net, client));
    assert_int_equal(largest[0], COOKIE_MESSAGE_SIZE);
    assert_in_range(largest[1], WELCOME_MAX - MEMBER_RECORD_MAX, WELCOME_MAX);
}

/* A cookie is for the key that was shown with it, whatever the client does with it. */
static void a_cookie_is_for_its_key(void **state) {
    struct net *net = *state;
    uint8_t packet[PACKET_MAX], old[32];
    memcpy(old, net->node.key.public, sizeof old);
    net_rotate_key(net);
    struct rendezvous_client *client = join_asking(net, old);
    assert_true(net_run_until(net, is_registered, CONNECT_MS));
    uint64_t bad = counters_read(&net->counters, COUNTER_HANDSHAKE_BAD);
    memcpy(client->cookie.bootnode_public, net->node.key.public, 32);
    size_t size = client_register(client, packet);
    net_inject(net, &client->address, packet, size);
    assert_int_equal(counters_read(&net->counters, COUNTER_HANDSHAKE_BAD), bad + 1);
}

/* Who is registered when the key is replaced hears RESET, and comes back at once. */
static void living_sessions_hear_of_the_restart(void **state) {
    struct net *net = *state;
    struct rendezvous_client *client = net_join(net, "tea", 1);
    assert_true(net_run_until(net, is_registered, CONNECT_MS));
    net_run(net, 1000);
    for (unsigned i = 1; i <= 3; i++) {
        net_rotate_key(net);
        net_run(net, 8000);
        assert_int_equal(client->resets, i);
        assert_int_equal(client->forged, 0);
        assert_int_equal(client->state, CLIENT_REGISTERED);
    }
}

static struct rendezvous_client *join_again(struct net *net, const uint8_t *asks_for) {
    struct address address = net_address(77);
    struct rendezvous_client *client = net_join_at(net, "tea", 1, &address); /* the member that the first one is */
    if (asks_for) memcpy(client->asks_for, asks_for, sizeof client->asks_for);
    client_start(client, net->monotonic);
    return client;
}

/* Whoever stole an old key can prove member keys that were only seen, and so be any member: but not in the place of who
 * is there by the present key. */
static void an_old_key_displaces_nobody_who_followed(void **state) {
    struct net *net = *state;
    uint8_t old[32];
    memcpy(old, net->node.key.public, sizeof old);
    net_rotate_key(net);
    struct rendezvous_client *first = net_join(net, "tea", 1);
    assert_true(net_run_until(net, is_registered, CONNECT_MS));
    net_run(net, 1000);
    struct rendezvous_client *second = join_again(net, old);
    net_run(net, 30000);
    assert_int_equal(second->welcomes, 0);
    assert_int_equal(first->resets, 0);
    assert_int_equal(first->state, CLIENT_REGISTERED);
    client_leave(first, net->monotonic);
    net_run(net, 10000);
    assert_int_equal(second->state, CLIENT_REGISTERED);
}

static bool lose_beats_of_the_first(struct net *net, const struct flying *packet) {
    return !packet->to_server || packet->data[0] != MESSAGE_HEARTBEAT ||
           !address_equal(&packet->peer, &net->clients[0].address);
}

/* Nor with a session that was made before, and is confirmed after. */
static void nor_by_a_session_that_waited(void **state) {
    struct net *net = *state;
    uint8_t old[32], packet[PACKET_MAX];
    memcpy(old, net->node.key.public, sizeof old);
    net_rotate_key(net);
    net->watch = lose_beats_of_the_first;
    struct rendezvous_client *thief = join_asking(net, old); /* member 1 */
    assert_true(net_run_until(net, is_registered, CONNECT_MS));
    struct rendezvous_client *first = join_again(net, NULL);
    net_run(net, 1000);
    assert_int_equal(first->state, CLIENT_REGISTERED);
    size_t size = client_beat(thief, true, packet);
    net_inject(net, &thief->address, packet, size);
    net_run(net, 20000);
    assert_int_equal(first->resets, 0);
    assert_int_equal(thief->acks, 0);
    assert_int_equal(net_totals(net).sessions, 1);
}

/* The present key's member takes the place of an old key's, as ever. */
static void the_present_key_displaces_an_old_one(void **state) {
    struct net *net = *state;
    uint8_t old[32];
    memcpy(old, net->node.key.public, sizeof old);
    net_rotate_key(net);
    struct rendezvous_client *first = join_asking(net, old);
    assert_true(net_run_until(net, is_registered, CONNECT_MS));
    net_run(net, 1000);
    assert_true(first->session.succeeded);
    struct rendezvous_client *second = join_again(net, NULL);
    net_run(net, 1000);
    assert_int_equal(second->state, CLIENT_REGISTERED);
    net_run(net, 30000);
    assert_int_equal(first->resets, 1);
    assert_int_equal(second->resets, 0);
}

/* --- The clients --- */

struct visit {
    struct world *world;
    struct person *anna;
    void *folder;
    char file[FOLDER_PATH_SIZE];
};

static void open_known(struct visit *visit) {
    struct why why;
    assert_true(known_keys_open(&visit->anna->known_bootnodes, visit->folder, "known_bootnodes", &why));
}

static struct visit make_visit(void **state) {
    struct visit visit = {.world = *state};
    visit.anna = world_person(visit.world, "anna", NAT_NONE);
    assert_int_equal(folder_make(&visit.folder), 0);
    (void)folder_file(visit.folder, "known_bootnodes", visit.file);
    open_known(&visit);
    return visit;
}

static void end_visit(struct visit *visit) {
    assert_int_equal(folder_remove(&visit->folder), 0);
}

static void register_in(const struct visit *visit, const char *room, unsigned times) {
    (void)room;
    world_wait(visit->world, CONNECT_MS, person_count(visit->anna, EVENT_REGISTERED, NULL) == times);
}

/* Comes once, and knows the bootnode from then on. */
static void meet(const struct visit *visit) {
    person_start(visit->anna, "tea");
    register_in(visit, "tea", 1);
    person_kill(visit->anna);
    person_forget(visit->anna);
}

static bool knows(const struct visit *visit, const uint8_t key[static 32]) {
    unsigned line;
    return known_keys_check(&visit->anna->known_bootnodes, NAME, key, &line) == KNOWN_SAME;
}

static bool was_told(const struct visit *visit, enum event_type type, const char *word) {
    const struct event *event = person_last(visit->anna, type, NULL);
    return event && strstr(event->text, word);
}

static void a_client_follows(void **state) {
    struct visit visit = make_visit(state);
    struct node_key old = visit.world->net->node.key;
    meet(&visit);
    assert_true(knows(&visit, old.public));
    net_rotate_key(visit.world->net);
    person_start(visit.anna, "tea");
    register_in(&visit, "tea", 1);
    assert_int_equal(person_count(visit.anna, EVENT_NOTICE, NULL), 1);
    assert_true(was_told(&visit, EVENT_NOTICE, "the bootnode at " NAME " has a new key, "));
    assert_int_equal(person_count(visit.anna, EVENT_ERROR, NULL), 0);
    assert_true(knows(&visit, visit.world->net->node.key.public));
    assert_false(knows(&visit, old.public));
    person_kill(visit.anna);
    person_forget(visit.anna);

    /* The next time it knows that one, and nobody asks for another. */
    uint64_t before = counters_read(&visit.world->net->counters, COUNTER_PREVIOUS_KEY);
    person_start(visit.anna, "tea");
    register_in(&visit, "tea", 1);
    assert_int_equal(person_count(visit.anna, EVENT_NOTICE, NULL), 0);
    assert_int_equal(counters_read(&visit.world->net->counters, COUNTER_PREVIOUS_KEY), before);
    end_visit(&visit);
}

/* Who is there when it happens, in two rooms: both come back, the one notice is for both. */
static void who_is_there_follows(void **state) {
    struct visit visit = make_visit(state);
    person_start(visit.anna, "tea");
    person_join(visit.anna, "coffee");
    register_in(&visit, "both", 2);
    world_run(visit.world, 3000);
    net_rotate_key(visit.world->net);
    world_wait(visit.world, 10000, person_count(visit.anna, EVENT_REGISTERED, NULL) == 4);
    assert_int_equal(person_count(visit.anna, EVENT_NOTICE, NULL), 1);
    assert_int_equal(person_count(visit.anna, EVENT_ERROR, NULL), 0);
    assert_int_equal(person_count(visit.anna, EVENT_BOOTNODE_LOST, NULL), 0);
    assert_true(knows(&visit, visit.world->net->node.key.public));
    world_run(visit.world, 60000); /* and stays, with HELLOs and all */
    assert_int_equal(person_count(visit.anna, EVENT_REGISTERED, NULL), 4);
    end_visit(&visit);
}

/* While away it was replaced twice, and once more: the oldest that the bootnode has still leads to the newest. */
static void a_chain_leads_to_the_newest(void **state) {
    struct visit visit = make_visit(state);
    meet(&visit);
    for (unsigned i = 0; i < NODE_PREVIOUS_KEYS_MAX; i++) net_rotate_key(visit.world->net);
    person_start(visit.anna, "tea");
    register_in(&visit, "tea", 1);
    assert_true(knows(&visit, visit.world->net->node.key.public));
    person_kill(visit.anna);
    person_forget(visit.anna);
    for (unsigned i = 0; i < 2; i++) net_rotate_key(visit.world->net);
    person_start(visit.anna, "tea");
    register_in(&visit, "tea", 1);
    assert_true(knows(&visit, visit.world->net->node.key.public));
    end_visit(&visit);
}

static void a_retired_key_leads_nowhere(void **state) {
    struct visit visit = make_visit(state);
    struct node_key old = visit.world->net->node.key;
    meet(&visit);
    net_restart(visit.world->net, false);
    person_start(visit.anna, "tea");
    world_wait(visit.world, CONNECT_MS, visit.anna->status == ENGINE_STATUS_BARRED);
    assert_true(was_told(&visit, EVENT_ERROR, "which does not vouch for it: refused"));
    assert_true(was_told(&visit, EVENT_ERROR, "known_bootnodes:1"));
    assert_true(knows(&visit, old.public));
    end_visit(&visit);
}

/* Somebody in between shows what is asked for, and does not have it: no session, and nothing is remembered. */
static bool show_what_is_asked(struct world *world, struct wire *wire) {
    uint8_t *asked = world->tampering;
    struct hello hello;
    struct cookie_message message;
    if (hello_decode(wire->data, wire->size, &hello) && hello.asks) memcpy(asked, hello.key, sizeof hello.key);
    if (!cookie_message_decode(wire->data, wire->size, &message) || sodium_is_zero(asked, 32)) return true;
    memcpy(message.bootnode_public, asked, sizeof message.bootnode_public);
    (void)cookie_message_encode(&message, wire->data, sizeof wire->data);
    return true;
}

static void a_liar_moves_no_key(void **state) {
    struct visit visit = make_visit(state);
    struct node_key old = visit.world->net->node.key;
    uint8_t asked[32] = {0};
    meet(&visit);
    net_restart(visit.world->net, false);
    visit.world->tamper = show_what_is_asked;
    visit.world->tampering = asked;
    person_start(visit.anna, "tea");
    world_run(visit.world, 30000);
    assert_memory_equal(asked, old.public, 32);
    assert_int_equal(person_count(visit.anna, EVENT_REGISTERED, NULL), 0);
    assert_true(counters_read(&visit.world->net->counters, COUNTER_HANDSHAKE_BAD) > 0);
    assert_true(knows(&visit, old.public));
    assert_false(knows(&visit, visit.world->net->node.key.public));
    end_visit(&visit);
}

/* Who stole the old key, alone or with a key of its own that it vouches for, moves nobody who has followed. */
static void a_stolen_old_key_moves_nobody_who_followed(void **state) {
    struct visit visit = make_visit(state);
    struct net *net = visit.world->net;
    struct node_key stolen = net->node.key;
    meet(&visit);
    net_rotate_key(net);
    struct node_key present = net->node.key;
    meet(&visit);
    net_restart_with(net, &stolen, NULL, 0);
    person_start(visit.anna, "tea");
    world_wait(visit.world, CONNECT_MS, visit.anna->status == ENGINE_STATUS_BARRED);
    assert_true(was_told(&visit, EVENT_ERROR, "somebody may have got hold of the old key"));
    person_kill(visit.anna);
    person_forget(visit.anna);

    net_restart_with(net, &present, NULL, 0);
    net_restart(net, false);
    struct node_key own = net->node.key;
    net_restart_with(net, &own, &stolen, 1);
    person_start(visit.anna, "tea");
    world_wait(visit.world, CONNECT_MS, visit.anna->status == ENGINE_STATUS_BARRED);
    assert_true(knows(&visit, present.public));
    assert_false(knows(&visit, own.public) || knows(&visit, stolen.public));
    end_visit(&visit);
}

/* Nor does one that has both, and says that the old one is the newer: the session is good, the key stays. */
static void no_bootnode_leads_back(void **state) {
    struct visit visit = make_visit(state);
    struct net *net = visit.world->net;
    struct node_key old = net->node.key;
    meet(&visit);
    net_rotate_key(net);
    struct node_key new = net->node.key;
    meet(&visit);
    net_restart_with(net, &old, &new, 1);
    person_start(visit.anna, "tea");
    person_join(visit.anna, "coffee");
    register_in(&visit, "both", 2);
    assert_int_equal(person_count(visit.anna, EVENT_NOTICE, NULL), 1);
    assert_true(was_told(&visit, EVENT_NOTICE, "that it had before: the present one stays"));
    assert_true(knows(&visit, new.public));
    assert_false(knows(&visit, old.public));
    world_run(visit.world, 120000);
    assert_int_equal(person_count(visit.anna, EVENT_REGISTERED, NULL), 2);
    end_visit(&visit);
}

/* One bootnode under two names, known by its new key under one and by its old one under the other: the other name is
 * led to the new key, and left out before it takes the place of the first one's session. */
static void two_names_are_one_after_it(void **state) {
    struct visit visit = make_visit(state);
    struct net *first = visit.world->net, *second = world_add_bootnode(visit.world);
    struct node_key old = first->node.key;
    struct why why;
    net_rotate_key(first);
    struct node_key new = first->node.key;
    net_restart_with(second, &new, &old, 1);
    assert_true(known_keys_remember(&visit.anna->known_bootnodes, NAME, new.public, &why));
    assert_true(known_keys_remember(&visit.anna->known_bootnodes, "bootnode1.example:9595", old.public, &why));
    person_start(visit.anna, "tea");
    world_run(visit.world, 60000);
    assert_int_equal(person_count(visit.anna, EVENT_REGISTERED, NULL), 1);
    assert_true(was_told(&visit, EVENT_ERROR, "are the same bootnode"));
    assert_int_equal(person_count(visit.anna, EVENT_NOTICE, NULL), 1);
    unsigned line;
    assert_int_equal(known_keys_check(&visit.anna->known_bootnodes, "bootnode1.example:9595", new.public, &line),
                     KNOWN_SAME);
    end_visit(&visit);
}

/* A key in the settings is what somebody said: it is followed while this run lasts, and that is told. */
static void a_pinned_key_is_followed_for_the_visit(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    struct node_key old = world->net->node.key;
    char hint[100];
    anna->pinned_key = old.public;
    net_rotate_key(world->net);
    snprintf(hint, sizeof hint, "put bootnode_key = ");
    sodium_bin2hex(hint + strlen(hint), 65, world->net->node.key.public, 32);
    for (unsigned run = 0; run < 2; run++) {
        person_start(anna, "tea");
        world_wait(world, CONNECT_MS, person_count(anna, EVENT_REGISTERED, NULL) == 1);
        assert_int_equal(person_count(anna, EVENT_NOTICE, NULL), 1);
        assert_non_null(strstr(person_last(anna, EVENT_NOTICE, NULL)->text, hint));
        if (run == 0) person_kill(anna);
        if (run == 0) person_forget(anna);
    }
    /* The old one is retired: this run knows the new one. */
    struct node_key present = world->net->node.key;
    net_restart_with(world->net, &present, &old, 0);
    world_wait(world, 30000, person_count(anna, EVENT_REGISTERED, NULL) == 2);
    person_kill(anna);
    person_start(anna, "tea");
    world_wait(world, CONNECT_MS, anna->status == ENGINE_STATUS_BARRED);
    assert_non_null(strstr(person_last(anna, EVENT_ERROR, NULL)->text, "not the configured"));
}

/* HELLO, COOKIE, REGISTER and WELCOME may get lost. */
static void following_survives_loss(void **state) {
    struct visit visit = make_visit(state);
    meet(&visit);
    net_rotate_key(visit.world->net);
    visit.world->loss_percent = 30;
    person_start(visit.anna, "tea");
    world_wait(visit.world, 20000, person_count(visit.anna, EVENT_REGISTERED, NULL) == 1);
    assert_true(knows(&visit, visit.world->net->node.key.public));
    end_visit(&visit);
}

int main(void) {
#define BOOTNODE(name) cmocka_unit_test_setup_teardown(name, net_setup, net_teardown)
#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        BOOTNODE(each_key_is_shown_to_who_asks_for_it),
        BOOTNODE(answers_are_no_larger),
        BOOTNODE(a_cookie_is_for_its_key),
        BOOTNODE(living_sessions_hear_of_the_restart),
        BOOTNODE(an_old_key_displaces_nobody_who_followed),
        BOOTNODE(nor_by_a_session_that_waited),
        BOOTNODE(the_present_key_displaces_an_old_one),
        SCENARIO(a_client_follows),
        SCENARIO(who_is_there_follows),
        SCENARIO(a_chain_leads_to_the_newest),
        SCENARIO(a_retired_key_leads_nowhere),
        SCENARIO(a_liar_moves_no_key),
        SCENARIO(a_stolen_old_key_moves_nobody_who_followed),
        SCENARIO(no_bootnode_leads_back),
        SCENARIO(a_pinned_key_is_followed_for_the_visit),
        SCENARIO(two_names_are_one_after_it),
        SCENARIO(following_survives_loss),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("key_rotation", tests, NULL, NULL);
}
