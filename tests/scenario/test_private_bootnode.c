/* A private room whose bootnode is malicious. It has all that it may have: the room's tags, its people's addresses, its
 * links' keys, and every packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "bootnode/table/room.h"
#include "bootnode/table/shard_members.h"
#include "common/link.h"
#include "common/wire/bootnode_packets.h"
#include "tests/scenario/support/hostile.h"
#include "tests/scenario/support/private_bootnode.h"
#include "tests/scenario/support/private_people.h"

#define CONNECT_MS 3000
#define RELAYED_MS 20000
#define TELL_MS 2000
#define STRANGERS DATA_TO_MAX
#define LINES 20

/* --- Lists --- */

/* Under the tag that it was told, with keys that it made up: all that a client does, but for the secret. */
static struct person *stranger_under(struct world *world, const char *name, const uint8_t *tag) {
    struct person *stranger = world_person(world, name, NAT_NONE);
    struct room_keys keys;
    uint8_t root[PRIVATE_ROOT_SIZE];
    randombytes_buf(root, sizeof root);
    assert_true(private_keys_derive(PRIVATE_NAME, root, &keys));
    memcpy(keys.set.tag, tag, ROOM_TAG_SIZE);
    person_start_keys(stranger, PRIVATE_NAME, &keys);
    return stranger;
}

static unsigned wrong_members(const struct person *person, const struct person *const *wrong, size_t count) {
    unsigned connected = 0;
    for (size_t i = 0; i < count; i++) connected += person_count(person, EVENT_PEER_CONNECTED, wrong[i]);
    return connected;
}

static void strangers_who_are_listed_get_nothing(void **state) {
    static const char *const names[STRANGERS] = {"sock0", "sock1", "sock2", "sock3", "sock4", "sock5"};
    struct world *world = *state;
    struct data_to seen = {.count = STRANGERS};
    struct person *anna = private_found(world, "anna"), *bert = private_invite(world, "bert", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, bert));
    const struct key_set set = private_present_set(anna);
    world->tamper = data_to_count;
    world->tampering = &seen;
    for (size_t i = 0; i < STRANGERS; i++) seen.to[i] = stranger_under(world, names[i], set.tag);
    for (unsigned i = 0; i < LINES; i++) {
        private_say(anna, "among us");
        world_run(world, 1000);
    }
    assert_int_equal(net_room_of(world->net, set.tag)->member_count, 2 + STRANGERS);
    print_message("# %u packets to %u strangers, %u of them DATA\n", seen.packets, STRANGERS, seen.data);
    assert_true(seen.packets > 0);
    assert_int_equal(seen.data, 0);
    assert_int_equal(private_heard(bert, "among us"), LINES);
    assert_int_equal(wrong_members(anna, seen.to, STRANGERS) + wrong_members(bert, seen.to, STRANGERS), 0);
    for (size_t i = 0; i < STRANGERS; i++) {
        assert_int_equal(person_count(seen.to[i], EVENT_MESSAGE, NULL), 0);
        assert_int_equal(person_count(seen.to[i], EVENT_PEER_CONNECTED, anna) +
                             person_count(seen.to[i], EVENT_PEER_CONNECTED, bert),
                         0);
    }
}

struct lists {
    unsigned told, turned;
    struct wire old[32]; /* CHANGES as they were sent */
    size_t old_count;
    const struct person *removed;
    const uint8_t *tag;
};

/* Each beat is followed by another lie about who sent it; old lists come again. */
static bool lie_in_lists(struct world *world, struct wire *wire) {
    struct lists *lists = world->tampering;
    struct beat beat;
    if (!wire->sender && wire->data[0] == MESSAGE_CHANGES && lists->old_count < 32)
        lists->old[lists->old_count++] = *wire;
    if (!wire->sender || wire->data[0] != MESSAGE_HEARTBEAT || !beat_decode(wire->data, wire->size, &beat)) return true;
    struct session *session = node_find_session(&world->net->node, beat.session_id);
    for (size_t i = 0; i < lists->old_count; i++)
        world_inject(world, &lists->old[i].from, &lists->old[i].to, lists->old[i].data, lists->old[i].size);
    if (!session) return true;
    lists->told++;
    switch (lists->turned++ % 3) {
    case 0: session->suite_mask ^= 0xfe; break;
    case 1: session->member_id[15] ^= 1; break;
    default: {
        struct shard *shard = world->net->node.shards[session_name_of(beat.session_id).shard];
        (void)!shard_move(shard, beat.session_id, &lists->removed->nat.outside, session->endpoint,
                          world->net->context.now);
    }
    }
    return true;
}

/* Told the truth again, they meet. */
static void assert_it_heals(struct world *world, struct person *const people[static 2], struct person *late,
                            const struct person *removed) {
    world->tamper = NULL;
    net_restart(world->net, true);
    world_wait(world, 120000,
               private_sees(people[0], late) && private_sees(people[1], late) && private_agree(people[0], late));
    private_say(late, "at last");
    world_wait(world, TELL_MS, private_heard(people[0], "at last") && private_heard(people[1], "at last"));
    assert_int_equal(private_heard(removed, "at last"), 0);
}

/* Its people: the owner, a member, one who was removed and one who went. */
static void begin_lists(struct world *world, struct person *people[static 4]) {
    struct person *anna = people[0] = private_found(world, "anna"),
                  *bert = people[1] = private_invite(world, "bert", NULL),
                  *gone = people[3] = private_invite(world, "gone", NULL),
                  *eve = people[2] = private_invite_behind(world, "eve", NAT_NONE, NULL);
    world_wait(world, CONNECT_MS,
               private_sees(anna, bert) && private_sees(anna, eve) && private_sees(bert, eve) &&
                   private_sees(anna, gone));
    world_run(world, 2000);
    private_decide(anna, eve, DECIDE_REMOVE);
    world_wait(world, TELL_MS, private_refused(eve, "removed") && private_agree(anna, bert));
    world_run(world, 2000);
    person_forget(anna);
    person_forget(bert);
    private_say(gone, "bye");
    person_kill(gone);
}

static void forged_lists_let_nobody_in(void **state) {
    struct world *world = *state;
    struct person *people[4];
    begin_lists(world, people);
    struct person *anna = people[0], *bert = people[1], *eve = people[2];
    const struct key_set set = private_present_set(anna);
    const struct person *const wrong[] = {eve};
    struct lists lists = {.removed = eve, .tag = set.tag};
    /* Who was removed is listed under the new tag, and who went stays listed. */
    struct hostile forced = private_list_by_force(world, set.tag, eve),
                   delisted = private_list_by_force(world, set.tag, people[3]);
    world->tamper = lie_in_lists;
    world->tampering = &lists;
    struct person *carl = private_invite_by(world, "carl", anna);
    for (unsigned i = 0; i < LINES; i++) {
        private_say(anna, "just us");
        hostile_beat(&forced);
        hostile_beat(&delisted);
        world_run(world, 3000);
    }
    print_message("# %u lies, %zu old lists replayed after each\n", lists.told, lists.old_count);
    assert_true(lists.told >= LINES && lists.old_count > 0);
    assert_int_equal(wrong_members(anna, wrong, 1) + wrong_members(bert, wrong, 1) + wrong_members(carl, wrong, 1), 0);
    assert_int_equal(private_heard(eve, "just us"), 0);
    assert_int_equal(private_heard(bert, "just us"), LINES);
    assert_int_equal(private_standing(bert, eve), STANDING_REMOVED);
    assert_it_heals(world, people, carl, eve);
}

/* --- In the middle of what it relays --- */

#define NEEDLES_MAX 64
#define NEEDLE_SIZE 96

/* As they are, in hex of both cases, and in base64 at each of three offsets. */
struct needles {
    struct {
        char text[NEEDLE_SIZE];
        size_t size;
    } list[NEEDLES_MAX];
    size_t count;
};

static void add_needle(struct needles *needles, const void *text, size_t size) {
    assert_true(needles->count < NEEDLES_MAX && size >= 8 && size <= NEEDLE_SIZE);
    memcpy(needles->list[needles->count].text, text, size);
    needles->list[needles->count++].size = size;
}

static void search_for(struct needles *needles, const void *bytes, size_t size) {
    char hex[NEEDLE_SIZE], base64[NEEDLE_SIZE];
    uint8_t shifted[NEEDLE_SIZE] = {0};
    assert_true(size <= 32);
    add_needle(needles, bytes, size);
    sodium_bin2hex(hex, sizeof hex, bytes, size);
    add_needle(needles, hex, 2 * size);
    for (size_t i = 0; i < 2 * size; i++)
        if (hex[i] >= 'a') hex[i] = (char)(hex[i] - 'a' + 'A');
    add_needle(needles, hex, 2 * size);
    for (size_t shift = 0; shift < 3; shift++) {
        memcpy(shifted + shift, bytes, size);
        sodium_bin2base64(base64, sizeof base64, shifted, shift + size, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
        /* Letters that its neighbours have a part in do not count. */
        add_needle(needles, base64 + (shift ? 4 : 0), strlen(base64) - (shift ? 4 : 0) - 2);
    }
}

static unsigned found_in(const struct needles *needles, const uint8_t *data, size_t size) {
    unsigned found = 0;
    for (size_t i = 0; i < needles->count; i++)
        found += memmem(data, size, needles->list[i].text, needles->list[i].size) != NULL;
    return found;
}

struct middle {
    struct needles needles;
    unsigned relayed, dropped, altered, repeated, found;
    uint64_t bytes;
    bool idle;
};

/* What the bootnode passes on it passes on as it likes, with a tag that is right. */
static bool tamper_with_relayed(struct world *world, struct middle *middle, struct wire *wire) {
    struct relay_message relay;
    if (middle->idle || wire->sender || !relay_decode(wire->data, wire->size, &relay)) return true;
    struct session *session = node_find_session(&world->net->node, relay.session_id);
    assert_non_null(session);
    switch (middle->relayed++ % 12) {
    case 3: middle->dropped++; return false;
    case 5:
        wire->data[RELAY_HEADER_SIZE + 1 + middle->relayed % (relay.packet_size - 1)] ^= (uint8_t)(1 + middle->relayed);
        link_tag_relay(session->ack_key, wire->data, wire->size);
        middle->altered++;
        break;
    case 7: /* as if from another member */
        wire->data[SESSION_ID_OFFSET + 8 + 3] ^= 1;
        link_tag_relay(session->ack_key, wire->data, wire->size);
        middle->altered++;
        break;
    case 9:
        world_inject(world, &wire->from, &wire->to, wire->data, wire->size);
        middle->repeated++;
        break;
    default: break;
    }
    return true;
}

static bool stand_between(struct world *world, struct wire *wire) {
    struct middle *middle = world->tampering;
    middle->bytes += wire->size;
    middle->found += found_in(&middle->needles, wire->data, wire->size);
    return tamper_with_relayed(world, middle, wire);
}

#define NAME_LONG "the-back-room-of-the-mill"
#define LINE "only for our ears"
#define TOPIC "who poured the tea"

static void enter_long(struct person *person, const struct private_room *made) {
    struct private_room room;
    if (made)
        room = *made;
    else
        assert_true(private_room_init(&room, NAME_LONG, private_made.charter.root));
    person->room = NAME_LONG;
    person->credit = 0;
    member_id_derive(&room.keys, person->identity.public, person->id);
    person_create(person);
    engine_enter(person->engine, &room, person->world->now);
}

/* The search finds what there is to be found. */
static void check_search(const struct needles *needles, const char *text) {
    char base64[128], line[160];
    uint8_t shifted[NEEDLE_SIZE] = {'-', '-'};
    assert_int_equal(found_in(needles, (const uint8_t *)"nothing of it", 13), 0);
    snprintf((char *)shifted + 2, sizeof shifted - 2, "%s", text);
    sodium_bin2base64(base64, sizeof base64, shifted, 2 + strlen(text), sodium_base64_VARIANT_ORIGINAL);
    snprintf(line, sizeof line, "..%s..", base64);
    assert_true(found_in(needles, (const uint8_t *)line, strlen(line)) > 0);
    snprintf(line, sizeof line, "..%s..", text);
    assert_true(found_in(needles, (const uint8_t *)line, strlen(line)) > 0);
}

static const char *const nicks[] = {"annabella-millerin", "bertram-of-the-weir", "carolus-the-third"};

static void search_for_all(struct needles *needles) {
    uint8_t secret[PRIVATE_SECRET_SIZE];
    private_room_secret(&private_made, secret);
    search_for(needles, NAME_LONG, strlen(NAME_LONG));
    search_for(needles, TOPIC, strlen(TOPIC));
    search_for(needles, LINE, strlen(LINE));
    search_for(needles, secret, sizeof secret);
    search_for(needles, private_made.charter.root, PRIVATE_ROOT_SIZE);
    for (size_t i = 0; i < 3; i++) search_for(needles, nicks[i], strlen(nicks[i]));
    check_search(needles, NAME_LONG);
}

static void assert_all_is_right(struct person *const people[static 3]) {
    char line[32];
    for (unsigned i = 0; i < LINES; i++) {
        snprintf(line, sizeof line, "%u " LINE, i);
        for (size_t p = 0; p < 3; p++) assert_int_equal(private_heard(people[p], line), p != i % 3);
    }
    for (size_t p = 0; p < 3; p++) {
        const struct charter *charter = &chamber_room(engine_chamber(people[p]->engine, NAME_LONG))->charter;
        assert_int_equal(charter_winner(charter, STATEMENT_TOPIC, NULL)->body_size, strlen(TOPIC));
        assert_int_equal(person_count(people[p], EVENT_PEER_CONNECTED, NULL),
                         person_count(people[p], EVENT_PEER_CONNECTED, people[(p + 1) % 3]) +
                             person_count(people[p], EVENT_PEER_CONNECTED, people[(p + 2) % 3]));
    }
}

static void who_relays_reads_and_changes_nothing(void **state) {
    struct world *world = *state;
    struct middle middle = {0};
    struct person *people[3];
    struct private_room room;
    struct why why;
    char line[32];
    for (size_t i = 0; i < 3; i++) people[i] = world_person(world, nicks[i], NAT_SYMMETRIC);
    assert_true(private_room_make(&private_made, NAME_LONG, &people[0]->identity));
    room = private_made;
    search_for_all(&middle.needles);
    world->tamper = stand_between;
    world->tampering = &middle;
    enter_long(people[0], &room);
    for (size_t i = 1; i < 3; i++) enter_long(people[i], NULL);
    world_wait(world, RELAYED_MS,
               private_sees(people[0], people[1]) && private_sees(people[0], people[2]) &&
                   private_sees(people[1], people[2]));
    struct chamber *chamber = engine_chamber(people[0]->engine, NAME_LONG);
    assert_true(chamber_decide(chamber, DECIDE_TOPIC, people[0]->id, TOPIC, world->now, &why));
    for (unsigned i = 0; i < LINES; i++) {
        snprintf(line, sizeof line, "%u " LINE, i);
        private_say(people[i % 3], line);
        world_run(world, 1500);
    }
    middle.idle = true;
    world_run(world, 20000);
    print_message("# relayed %u, %u dropped, %u altered, %u repeated; of %llu bytes %u hits of %zu forms\n",
                  middle.relayed, middle.dropped, middle.altered, middle.repeated, (unsigned long long)middle.bytes,
                  middle.found, middle.needles.count);
    assert_true(middle.dropped > 10 && middle.altered > 10 && middle.repeated > 10);
    assert_int_equal(middle.found, 0);
    assert_all_is_right(people);
}

#define test(name) cmocka_unit_test_setup_teardown(name, private_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(strangers_who_are_listed_get_nothing),
        test(forged_lists_let_nobody_in),
        test(who_relays_reads_and_changes_nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("private_bootnode", tests, NULL, NULL);
}
