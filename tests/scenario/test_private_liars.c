/* A private room with members who lie about its charter, and one who was removed and is in league with the bootnode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/charter/namesakes.h"
#include "common/wire/bootnode_packets.h"
#include "tests/scenario/support/hostile.h"
#include "tests/scenario/support/private_bootnode.h"
#include "tests/scenario/support/private_people.h"

#define CONNECT_MS 3000
#define RELAYED_MS 20000
#define TELL_MS 2000
#define LINES 20

/* All that is signed, checked in this process: stands before libsodium's own. */
static unsigned signatures_checked;

int crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message, unsigned long long size,
                                const unsigned char *key) {
    signatures_checked++;
    return crypto_sign_ed25519_verify_detached(signature, message, size, key);
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
    size_t size = charter_statements_encode(TELLING_NEWS, &private_made.charter.founding, list, count, out,
                                            CHARTER_STATEMENTS_SIZE_MAX);
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
    const struct key_set present = private_present_set(siege->anna);
    struct hostile forced = private_list_by_force(world, present.tag, siege->eve);
    struct charter old = siege->kept.charter;
    come_by_way(siege->eve, way, &siege->kept, &present);
    for (unsigned i = 0; i < LINES; i++) {
        world->tamper = i % 2 ? copy_to_eve : data_to_count;
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
    keys.set = private_present_set(anna);
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
    struct person *nina = private_invite_by(world, "nina", anna);
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

/* --- Whoever has the token of an invite that was used --- */

/* However often somebody comes, and a name is looked for: what is kept of two hundred people is not checked again. */
static void who_comes_by_a_used_invite_costs_little(void **state) {
    static const uint8_t body = STANDING_MEMBER;
    struct world *world = *state;
    struct private_room room;
    struct statement said;
    struct namesakes found;
    struct why why;
    uint8_t token[PRIVATE_SECRET_SIZE];
    struct person *anna = world_person(world, "anna", NAT_NONE);
    anna->directory = private_folder;
    assert_true(private_room_make(&private_made, PRIVATE_NAME, &anna->identity));
    room = private_made;
    for (unsigned i = 0; i < 200; i++) {
        const uint8_t subject[32] = {(uint8_t)i, 1};
        assert_int_equal(
            charter_state(&room.charter, &anna->identity, STATEMENT_PERSON, subject, &body, 1, NET_WALL_MS, &said),
            CHARTER_TAKEN);
    }
    person_enter(anna, &room);
    assert_true(chamber_open_door(private_chamber(anna), true, 0, world->now, token, &why));
    world_run(world, 1000);
    struct person *bert = private_invite(world, "bert", token);
    world_wait(world, 10000, private_sees(anna, bert));
    world_run(world, 3000);
    person_kill(bert);
    signatures_checked = 0;
    struct person *eve = private_invite(world, "eve", token);
    for (unsigned i = 0; i < 10; i++) {
        world_wait(world, 20000, private_refused(eve, "used"));
        person_kill(eve);
        person_forget(eve);
        assert_true(private_room_init(&room, PRIVATE_NAME, private_made.charter.root));
        room.invited = true;
        memcpy(room.invite, token, sizeof room.invite);
        person_enter(eve, &room);
    }
    print_message("# %u signatures checked for 10 guests by a used invite\n", signatures_checked);
    assert_true(namesakes_find(anna->directory, PRIVATE_NAME, &found, &why));
    assert_int_equal(found.count, 1);
    assert_true(signatures_checked < 100);
}

#define test(name) cmocka_unit_test_setup_teardown(name, private_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(who_was_removed_is_in_league_with_it),
        test(members_keep_the_later_charter),
        test(a_newcomer_told_a_former_charter_waits_for_a_later_one),
        test(a_flood_of_words_costs_little),
        cmocka_unit_test_setup_teardown(who_comes_by_a_used_invite_costs_little, private_setup_folder,
                                        private_teardown_folder),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("private_liars", tests, NULL, NULL);
}
