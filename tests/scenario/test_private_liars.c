/* A private room whose bootnode is malicious, with or without somebody who was removed, and members who lie about its
 * charter. The bootnode has all that it may have: the room's tags, its people's addresses, its links' keys, and every
 * packet. */
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
#include "common/wire/peer_packets.h"
#include "tests/scenario/support/hostile.h"
#include "tests/scenario/support/private_people.h"

#define CONNECT_MS 3000
#define RELAYED_MS 20000
#define TELL_MS 2000
#define STRANGERS 6
#define LINES 20

/* All that is signed, checked in this process: stands before libsodium's own. */
static unsigned signatures_checked;

int crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message, unsigned long long size,
                                const unsigned char *key) {
    signatures_checked++;
    return crypto_sign_ed25519_verify_detached(signature, message, size, key);
}

/* --- What the bootnode knows --- */

static struct key_set present_set(struct person *person) {
    struct key_set set;
    uint8_t secret[PRIVATE_SECRET_SIZE];
    private_room_secret(chamber_room(private_chamber(person)), secret);
    key_set_derive(private_made.charter.root, secret, &set);
    return set;
}

static struct person *invite_by_present(struct world *world, const char *name, struct person *by) {
    const struct private_room *room = chamber_room(private_chamber(by));
    uint8_t secret[PRIVATE_SECRET_SIZE];
    private_room_secret(room, secret);
    return private_invite_dated(world, name, secret, private_room_stamp(room));
}

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

/* Lists somebody as a member who did not ask for it. Beat on, or it expires. */
static struct hostile listed_by_force(struct world *world, const uint8_t *tag, const struct person *person) {
    struct hostile listed = {.world = world, .at = person->nat.outside};
    memcpy(listed.keys.set.tag, tag, ROOM_TAG_SIZE);
    memcpy(listed.id, person->id, MEMBER_ID_SIZE);
    hostile_register(&listed, NULL);
    return listed;
}

static unsigned wrong_members(const struct person *person, const struct person *const *wrong, size_t count) {
    unsigned connected = 0;
    for (size_t i = 0; i < count; i++) connected += person_count(person, EVENT_PEER_CONNECTED, wrong[i]);
    return connected;
}

/* DATA that members send to one of these, straight or by the bootnode: all that is said goes by DATA. */
struct data_to {
    const struct person *to[STRANGERS];
    size_t count;
    unsigned packets, data;
};

static bool is_data_to(const struct wire *wire, const struct person *person) {
    if (address_same_ip(&wire->to, &person->nat.outside)) return wire->data[0] == PEER_DATA;
    return wire->data[0] == MESSAGE_RELAY && wire->size > RELAY_HEADER_SIZE &&
           memcmp(wire->data + SESSION_ID_OFFSET + 8, person->id, MEMBER_ID_SIZE) == 0 &&
           wire->data[RELAY_HEADER_SIZE] == PEER_DATA;
}

static bool count_data(struct world *world, struct wire *wire) {
    struct data_to *seen = world->tampering;
    for (size_t i = 0; i < seen->count; i++) {
        if (!wire->sender || wire->sender == seen->to[i]) continue;
        seen->packets += address_same_ip(&wire->to, &seen->to[i]->nat.outside);
        seen->data += is_data_to(wire, seen->to[i]);
    }
    return true;
}

/* --- Lists --- */

static void strangers_who_are_listed_get_nothing(void **state) {
    static const char *const names[STRANGERS] = {"sock0", "sock1", "sock2", "sock3", "sock4", "sock5"};
    struct world *world = *state;
    struct data_to seen = {.count = STRANGERS};
    struct person *anna = private_found(world, "anna"), *bert = private_invite(world, "bert", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, bert));
    const struct key_set set = present_set(anna);
    world->tamper = count_data;
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
    const struct key_set set = present_set(anna);
    const struct person *const wrong[] = {eve};
    struct lists lists = {.removed = eve, .tag = set.tag};
    /* Who was removed is listed under the new tag, and who went stays listed. */
    struct hostile forced = listed_by_force(world, set.tag, eve), delisted = listed_by_force(world, set.tag, people[3]);
    world->tamper = lie_in_lists;
    world->tampering = &lists;
    struct person *carl = invite_by_present(world, "carl", anna);
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

/* --- In league with who was removed --- */

struct league {
    struct person *eve;
    unsigned copied;
};

/* Whatever anybody sends she gets a copy of, as from where it came. */
static bool copy_to_eve(struct world *world, struct wire *wire) {
    struct league *league = world->tampering;
    struct relay_message relay;
    if (wire->sender == league->eve || address_same_ip(&wire->to, &league->eve->nat.outside)) return true;
    if (!wire->sender && relay_decode(wire->data, wire->size, &relay))
        world_inject(world, &wire->from, &league->eve->nat.outside, relay.packet, relay.packet_size);
    world_inject(world, &wire->from, &league->eve->nat.outside, wire->data, wire->size);
    league->copied++;
    return true;
}

static size_t statements_of(const struct statement *const *list, size_t count, uint8_t *out) {
    size_t size =
        charter_statements_encode(&private_made.charter.founding, list, count, out, CHARTER_STATEMENTS_SIZE_MAX);
    assert_true(size > 0);
    return size;
}

static unsigned lies_told; /* to whom there was a session */

static void tell(struct person *from, const struct person *to, const uint8_t *message, size_t size) {
    struct chatroom *room = engine_room(from->engine, PRIVATE_NAME);
    if (room && chatroom_tell(room, to->id, message, size, from->world->now)) lies_told++;
}

/* Signed by itself, by itself in another's name, and with another's old words. */
static void tell_lies(struct person *from, const struct person *to, const struct person *owner,
                      const struct charter *old, uint64_t stamp) {
    static uint8_t message[CHARTER_STATEMENTS_SIZE_MAX];
    uint8_t digest[CHARTER_DIGEST_SIZE], small[CHARTER_DIGEST_MESSAGE_SIZE];
    const enum standing standings[] = {STANDING_OP, STANDING_BANNED, STANDING_MEMBER};
    for (size_t i = 0; i < 6; i++) {
        struct statement lie = {.kind = i < 5 ? STATEMENT_PERSON : STATEMENT_TOPIC, .stamp = stamp, .body_size = 1};
        const struct statement *list = &lie;
        if (i < 5) memcpy(lie.subject, (i % 3 == 1 ? to : from)->identity.public, sizeof lie.subject);
        lie.body[0] = i < 5 ? (uint8_t)standings[i % 3] : 'x';
        statement_sign(&lie, private_made.keys.id, &from->identity);
        if (i % 2) memcpy(lie.author, owner->identity.public, sizeof lie.author);
        tell(from, to, message, statements_of(&list, 1, message));
    }
    const struct statement *list[CHARTER_STATEMENTS_MAX];
    size_t place = 0, count = 0;
    while (count < CHARTER_STATEMENTS_MAX && (list[count] = charter_next(old, &place))) count++;
    tell(from, to, message, statements_of(list, count, message));
    for (enum verdict verdict = VERDICT_REMOVED; verdict < VERDICTS; verdict++)
        tell(from, to, small, charter_verdict_encode(verdict, small));
    randombytes_buf(digest, sizeof digest);
    tell(from, to, small, charter_digest_encode(digest, small));
}

/* Keys that she has, in that order: of the first secret and of the last one that she heard, and the latter under the
 * present tag, which the bootnode told her; then her client as it was. */
static void come_by_way(struct person *eve, unsigned way, struct private_room *kept, const struct key_set *present) {
    struct room_keys keys = kept->keys;
    uint8_t secret[PRIVATE_SECRET_SIZE];
    private_room_secret(kept, secret);
    if (way > 0) key_set_derive(kept->charter.root, secret, &keys.set);
    if (way == 2) memcpy(keys.set.tag, present->tag, ROOM_TAG_SIZE);
    if (way < 3)
        person_start_keys(eve, PRIVATE_NAME, &keys);
    else
        person_enter(eve, kept);
}

struct siege {
    struct person *anna, *bert, *eve;
    struct private_room kept; /* hers, before she was removed */
    struct league league;
    struct data_to seen;
};

static void begin_siege(struct siege *siege, struct world *world) {
    struct person *anna = siege->anna = private_found(world, "anna"),
                  *bert = siege->bert = private_invite(world, "bert", NULL), *mia = private_invite(world, "mia", NULL),
                  *eve = siege->eve = private_invite_behind(world, "eve", NAT_NONE, NULL);
    world_wait(world, CONNECT_MS,
               private_sees(anna, bert) && private_sees(anna, eve) && private_sees(bert, eve) &&
                   private_sees(anna, mia) && private_sees(mia, bert));
    world_run(world, 2000);
    private_decide(anna, mia, DECIDE_REMOVE); /* so that she has two of the secrets */
    world_wait(world, TELL_MS, private_agree(anna, eve));
    world_run(world, 2000);
    private_kill(eve, &siege->kept);
    private_decide(anna, eve, DECIDE_REMOVE);
    world_run(world, 3000);
    assert_true(private_agree(anna, bert));
    siege->league.eve = eve;
    siege->seen.to[0] = eve;
    siege->seen.count = 1;
    person_forget(anna);
    person_forget(bert);
    person_forget(eve);
}

static void besiege(struct siege *siege, unsigned way) {
    struct world *world = siege->anna->world;
    const struct key_set present = present_set(siege->anna);
    struct hostile forced = listed_by_force(world, present.tag, siege->eve);
    struct charter old = siege->kept.charter;
    come_by_way(siege->eve, way, &siege->kept, &present);
    for (unsigned i = 0; i < LINES; i++) {
        world->tamper = i % 2 ? copy_to_eve : count_data;
        world->tampering = i % 2 ? (void *)&siege->league : (void *)&siege->seen;
        private_say(siege->anna, "without her");
        if (siege->eve->credit > 0) private_say(siege->eve, "and me");
        hostile_beat(&forced);
        if (way < 3) tell_lies(siege->eve, siege->bert, siege->anna, &old, NET_WALL_MS + world->now);
        if (way < 3) tell_lies(siege->eve, siege->anna, siege->anna, &old, NET_WALL_MS + world->now);
        world_run(world, 1000);
    }
    person_kill(siege->eve);
}

static void who_was_removed_is_in_league_with_it(void **state) {
    struct siege siege = {0};
    uint8_t before[CHARTER_DIGEST_SIZE], after[CHARTER_DIGEST_SIZE];
    begin_siege(&siege, *state);
    struct person *anna = siege.anna, *bert = siege.bert, *eve = siege.eve;
    charter_digest(private_charter(bert), before);
    for (unsigned way = 0; way < 4; way++) besiege(&siege, way);
    charter_digest(private_charter(bert), after);
    print_message("# %u packets copied to her, %u lies told; of %u packets that went to her %u DATA; she shows %u\n",
                  siege.league.copied, lies_told, siege.seen.packets, siege.seen.data,
                  person_count(eve, EVENT_MESSAGE, NULL));
    assert_true(siege.league.copied > 100 && lies_told > 0);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(person_count(eve, EVENT_MESSAGE, NULL), 0);
    assert_int_equal(private_heard(bert, "without her"), 4 * LINES);
    assert_int_equal(private_heard(bert, "and me") + private_heard(anna, "and me"), 0);
    assert_int_equal(person_count(anna, EVENT_PEER_CONNECTED, eve) + person_count(bert, EVENT_PEER_CONNECTED, eve), 0);
    assert_int_equal(person_count(anna, EVENT_REFUSED, NULL) + person_count(bert, EVENT_REFUSED, NULL), 0);
    assert_int_equal(person_count(anna, EVENT_DECIDED, NULL) + person_count(bert, EVENT_DECIDED, NULL), 0);
    assert_true(private_agree(anna, bert));
}

/* --- Members who lie about the charter --- */

/* Between the newcomer and those who know better nothing passes. */
struct kept_apart {
    const struct person *newcomer, *liar;
};

static bool keep_apart(struct world *world, struct wire *wire) {
    const struct kept_apart *apart = world->tampering;
    const struct address bootnode = world_bootnode();
    bool ours = wire->sender == apart->newcomer || wire->sender == apart->liar;
    bool to_ours = address_same_ip(&wire->to, &apart->newcomer->nat.outside) ||
                   address_same_ip(&wire->to, &apart->liar->nat.outside);
    if (!wire->sender || address_same_ip(&wire->to, &bootnode)) return wire->data[0] != MESSAGE_RELAY;
    return ours == to_ours;
}

static void tell_all_of(struct person *from, const struct person *to, const struct charter *charter) {
    static uint8_t message[CHARTER_STATEMENTS_SIZE_MAX];
    const struct statement *list[CHARTER_STATEMENTS_MAX];
    size_t place = 0, count = 0;
    while (count < CHARTER_STATEMENTS_MAX && (list[count] = charter_next(charter, &place))) count++;
    tell(from, to, message, statements_of(list, count, message));
}

/* Mallory has the present secret, no client that would learn, and what was said before eve was banned. */
struct rollback {
    struct person *anna, *bert, *mallory, *eve;
    struct private_room old;
};

static void begin_rollback(struct rollback *rollback, struct world *world) {
    struct room_keys keys;
    struct person *anna = private_found(world, "anna"), *bert = private_invite(world, "bert", NULL),
                  *mallory = private_invite(world, "mallory", NULL), *eve = private_invite(world, "eve", NULL);
    world_wait(world, CONNECT_MS,
               private_sees(anna, bert) && private_sees(anna, mallory) && private_sees(anna, eve) &&
                   private_sees(bert, mallory));
    world_run(world, 2000);
    private_kill(mallory, &rollback->old);
    private_decide(anna, eve, DECIDE_BAN);
    world_run(world, 5000);
    assert_true(private_agree(anna, bert));
    keys = rollback->old.keys;
    keys.set = present_set(anna);
    person_start_keys(mallory, PRIVATE_NAME, &keys);
    world_wait(world, RELAYED_MS, private_sees(anna, mallory) && private_sees(bert, mallory));
    rollback->anna = anna;
    rollback->bert = bert;
    rollback->mallory = mallory;
    rollback->eve = eve;
}

static void members_keep_the_later_charter(void **state) {
    struct world *world = *state;
    struct rollback back;
    begin_rollback(&back, world);
    uint8_t before[CHARTER_DIGEST_SIZE], after[CHARTER_DIGEST_SIZE];
    charter_digest(private_charter(back.bert), before);
    tell_all_of(back.mallory, back.bert, &back.old.charter);
    tell_all_of(back.mallory, back.anna, &back.old.charter);
    world_run(world, 3000);
    charter_digest(private_charter(back.bert), after);
    assert_memory_equal(before, after, sizeof before);
    assert_true(private_agree(back.anna, back.bert));
    assert_int_equal(private_standing(back.bert, back.eve), STANDING_BANNED);
    private_room_clear(&back.old);
}

static void a_newcomer_told_a_former_charter_waits_for_a_later_one(void **state) {
    struct world *world = *state;
    struct rollback back;
    begin_rollback(&back, world);
    struct person *anna = back.anna, *bert = back.bert, *mallory = back.mallory, *eve = back.eve;
    /* A newcomer meets nobody but the liar at first. */
    struct kept_apart apart = {.liar = mallory};
    struct person *nina = invite_by_present(world, "nina", anna);
    apart.newcomer = nina;
    world->tamper = keep_apart;
    world->tampering = &apart;
    for (unsigned i = 0; i < 20 && !private_charter(nina)->founded; i++) {
        tell_all_of(mallory, nina, &back.old.charter);
        world_run(world, 500);
    }
    assert_true(private_charter(nina)->founded);
    assert_int_not_equal(private_standing(nina, eve), STANDING_BANNED);
    world_run(world, 10000);
    world->tamper = NULL;
    assert_int_equal(person_count(nina, EVENT_PEER_CONNECTED, NULL), 0);
    world_wait(world, 60000, private_agree(nina, anna) && private_agree(nina, bert));
    world_wait(world, RELAYED_MS, private_sees(nina, anna) && private_sees(nina, bert));
    assert_int_equal(private_standing(nina, eve), STANDING_BANNED);
    private_say(nina, "so that is how it is");
    world_wait(world, TELL_MS,
               private_heard(anna, "so that is how it is") && private_heard(bert, "so that is how it is"));
    private_room_clear(&back.old);
}

/* A member says all of it again and again, and more than it may. */
static void a_flood_of_words_costs_little(void **state) {
    struct world *world = *state;
    struct private_room old;
    struct person *anna = private_found(world, "anna"), *bert = private_invite(world, "bert", NULL),
                  *mallory = private_invite(world, "mallory", NULL);
    world_wait(world, CONNECT_MS,
               private_sees(anna, bert) && private_sees(anna, mallory) && private_sees(bert, mallory));
    world_run(world, 3000);
    private_kill(mallory, &old);
    struct room_keys keys;
    chamber_keys(&old, &keys);
    person_start_keys(mallory, PRIVATE_NAME, &keys); /* with no chamber: it says what we like */
    world_wait(world, CONNECT_MS, private_sees(anna, mallory) && private_sees(bert, mallory));
    world_run(world, 2000);
    uint8_t before[CHARTER_DIGEST_SIZE], after[CHARTER_DIGEST_SIZE];
    charter_digest(private_charter(bert), before);
    size_t entries = private_charter(bert)->count;
    uint64_t sent = world->sent;
    signatures_checked = 0;
    lies_told = 0;
    for (unsigned i = 0; i < 100; i++) {
        tell_lies(mallory, bert, anna, &old.charter, NET_WALL_MS + world->now + i);
        world_run(world, 100);
    }
    unsigned checked = signatures_checked;
    world_run(world, 5000);
    charter_digest(private_charter(bert), after);
    print_message("# %u words in 10 s: %u signatures checked, %zu entries, %llu packets\n", lies_told, checked,
                  private_charter(bert)->count, (unsigned long long)(world->sent - sent));
    assert_true(lies_told > 1000);
    assert_in_range(checked, 1, 40);
    assert_int_equal(private_charter(bert)->count, entries);
    assert_memory_equal(before, after, sizeof before);
    private_say(anna, "still fine");
    world_wait(world, TELL_MS, private_heard(bert, "still fine"));
    assert_int_equal(person_count(bert, EVENT_REFUSED, NULL), 0);
    private_room_clear(&old);
}

#define test(name) cmocka_unit_test_setup_teardown(name, private_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(strangers_who_are_listed_get_nothing), test(forged_lists_let_nobody_in),
        test(who_relays_reads_and_changes_nothing), test(who_was_removed_is_in_league_with_it),
        test(members_keep_the_later_charter),       test(a_newcomer_told_a_former_charter_waits_for_a_later_one),
        test(a_flood_of_words_costs_little),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("private_liars", tests, NULL, NULL);
}
