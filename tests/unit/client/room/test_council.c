/* Councils that talk to each other over links that can be cut: each member is one, with a charter of its own. What is
 * under test is what they agree upon; handshakes, tags and streams are the room's. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/room/council.h"
#include "client/room/decisions.h"
#include "common/clock.h"
#include "common/sanitizers.h"

#define PEOPLE 8
#define EPOCH_MS 1700000000000u
#define LINK_MS 20
#define LETTERS 4096

struct person {
    struct identity identity;
    struct private_room room;
    struct council council;
    struct belonging others[PEOPLE];
    bool linked[PEOPLE], talks[PEOPLE]; /* a session; and chat may flow */
    bool deaf[PEOPLE];                  /* acknowledges nothing */
    struct key_set current;
    unsigned rekeys, saves, refusals;
    enum verdict refused;
    uint8_t by[32];
    char topic[STATEMENT_BODY_MAX + 1];
    unsigned ops_said; /* as news */
};

struct letter {
    size_t from, to, size;
    uint64_t at;
    uint8_t *bytes;
};

static struct person people[PEOPLE];
static struct letter letters[LETTERS];
static size_t letter_count;
static uint64_t now;
static bool cut[PEOPLE][PEOPLE];

/* --- What the council asks for --- */

static size_t index_of(const void *context) {
    return (size_t)((const struct person *)context - people);
}

static size_t other_of(const struct person *person, const struct belonging *who) {
    return (size_t)(who - person->others);
}

static struct belonging *on_member(void *context, size_t number) {
    struct person *person = context;
    return number < PEOPLE ? &person->others[number] : NULL;
}

static void on_tell(void *context, struct belonging *to, const uint8_t *message, size_t size, uint64_t at) {
    assert_true(letter_count < LETTERS);
    struct letter *letter = &letters[letter_count++];
    *letter = (struct letter){.from = index_of(context),
                              .to = other_of(context, to),
                              .size = size,
                              .at = at + LINK_MS,
                              .bytes = malloc(size)};
    memcpy(letter->bytes, message, size);
}

static bool on_keeps_up(void *context, const struct belonging *who) {
    const struct person *person = context;
    return !person->deaf[other_of(person, who)];
}

static void on_review(void *context, struct belonging *who, uint64_t at) {
    struct person *person = context;
    (void)at;
    person->talks[other_of(person, who)] = who->kind == ADMISSION_LET_IN;
}

/* Bye: there is no session any more. */
static void on_shut_out(void *context, struct belonging *who, uint64_t at) {
    struct person *person = context;
    (void)at;
    person->talks[other_of(person, who)] = false;
}

static void on_changed(void *context, uint64_t at) {
    (void)context, (void)at;
}

static void on_rekey(void *context, const struct key_set *set, uint64_t at) {
    struct person *person = context;
    (void)at;
    person->current = *set;
    person->rekeys++;
}

static void on_agrees(void *context, const struct belonging *who) {
    (void)context, (void)who;
}

static void on_said(void *context, const struct statement *statement, enum standing before, uint64_t at) {
    struct person *person = context;
    (void)before, (void)at;
    person->ops_said += statement->kind == STATEMENT_PERSON && statement->body[0] == STANDING_OP;
    if (statement->kind != STATEMENT_TOPIC) return;
    memcpy(person->topic, statement->body, statement->body_size);
    person->topic[statement->body_size] = '\0';
}

static void on_refused(void *context, enum verdict verdict, const uint8_t *by, uint64_t at) {
    struct person *person = context;
    (void)at;
    person->refusals++;
    person->refused = verdict;
    if (by) memcpy(person->by, by, sizeof person->by);
}

static void on_save(void *context, uint64_t at) {
    struct person *person = context;
    (void)at;
    person->saves++;
}

static uint64_t on_wall(void *context, uint64_t at) {
    (void)context;
    return EPOCH_MS + at;
}

/* --- The world --- */

static void sit_down(struct person *person) {
    const struct council_host host = {.context = person,
                                      .member = on_member,
                                      .tell = on_tell,
                                      .keeps_up = on_keeps_up,
                                      .review = on_review,
                                      .shut_out = on_shut_out,
                                      .changed = on_changed,
                                      .rekey = on_rekey,
                                      .agrees = on_agrees,
                                      .said = on_said,
                                      .refused = on_refused,
                                      .save = on_save,
                                      .wall_ms = on_wall};
    uint8_t secret[PRIVATE_SECRET_SIZE], id[MEMBER_ID_SIZE];
    private_room_secret(&person->room, secret);
    key_set_derive(person->room.charter.root, secret, &person->current);
    member_id_derive(&person->room.keys, person->identity.public, id);
    council_init(&person->council, &host, &person->identity, id, &person->room);
    for (size_t i = 0; i < PEOPLE; i++) council_gone(&person->others[i]);
}

/* The first one makes the room, the others came by its first secret. */
static int begin(void **state) {
    (void)state;
    if (sodium_init() < 0) return -1;
    now = 1000;
    letter_count = 0;
    memset(people, 0, sizeof people);
    memset(cut, 0, sizeof cut);
    for (size_t i = 0; i < PEOPLE; i++) {
        identity_from_seed((const uint8_t[32]){(uint8_t)(i + 1)}, &people[i].identity);
        if (!(i == 0 ? private_room_make(&people[i].room, "tea", &people[i].identity)
                     : private_room_init(&people[i].room, "tea", people[0].room.charter.root)))
            return -1;
        sit_down(&people[i]);
    }
    return 0;
}

static int finish(void **state) {
    (void)state;
    for (size_t i = 0; i < letter_count; i++) free(letters[i].bytes);
    for (size_t i = 0; i < PEOPLE; i++) private_room_clear(&people[i].room);
    return 0;
}

static void show(size_t to, size_t whom, enum key_set_role role, const struct key_set *set) {
    struct person *person = &people[to];
    enum admission_kind kind =
        council_showed(&person->council, &person->others[whom], people[whom].identity.public, role, set->tag, now);
    person->talks[whom] = kind == ADMISSION_LET_IN;
    person->linked[whom] = true;
}

static void meet_as(size_t a, size_t b, enum key_set_role role_at_a, enum key_set_role role_at_b,
                    const struct key_set *set) {
    show(a, b, role_at_a, set);
    show(b, a, role_at_b, set);
    council_connected(&people[a].council, &people[a].others[b], now);
    council_connected(&people[b].council, &people[b].others[a], now);
}

/* As the room does: under the present set of whoever came later; what that is to the other side its sets tell. */
static void meet(size_t a, size_t b) {
    bool same = memcmp(&people[a].current, &people[b].current, sizeof people[a].current) == 0;
    meet_as(a, b, same ? KEY_SET_CURRENT : KEY_SET_FORMER, KEY_SET_CURRENT, &people[b].current);
}

static void part(size_t a, size_t b) {
    council_gone(&people[a].others[b]);
    council_gone(&people[b].others[a]);
    people[a].talks[b] = people[b].talks[a] = false;
    people[a].linked[b] = people[b].linked[a] = false;
}

static void deliver(struct letter letter) {
    struct person *to = &people[letter.to];
    if (!cut[letter.from][letter.to] && to->linked[letter.from])
        assert_true(council_received(&to->council, &to->others[letter.from], letter.bytes, letter.size, now));
    free(letter.bytes);
}

static void deliver_due(void) {
    for (size_t i = 0; i < letter_count;) {
        if (letters[i].at > now) {
            i++;
            continue;
        }
        struct letter letter = letters[i];
        memmove(&letters[i], &letters[i + 1], (--letter_count - i) * sizeof *letters);
        deliver(letter);
    }
}

static void pass(uint64_t ms) {
    for (uint64_t end = now + ms; now < end; now += 10) {
        deliver_due();
        for (size_t i = 0; i < PEOPLE; i++)
            if (council_due(&people[i].council) <= now) council_tick(&people[i].council, now);
    }
}

static bool talk(size_t a, size_t b) {
    return people[a].talks[b] && people[b].talks[a];
}

static void everybody_meets(size_t count) {
    for (size_t a = 0; a < count; a++)
        for (size_t b = a + 1; b < count; b++) meet(a, b);
    pass(3000);
}

static void assert_one_charter(size_t count) {
    uint8_t first[CHARTER_DIGEST_SIZE], digest[CHARTER_DIGEST_SIZE];
    charter_digest(&people[0].room.charter, first);
    for (size_t i = 1; i < count; i++) {
        charter_digest(&people[i].room.charter, digest);
        assert_memory_equal(first, digest, sizeof first);
        assert_memory_equal(&people[0].current, &people[i].current, sizeof people[0].current);
    }
}

static void say(size_t who, size_t of, enum standing standing) {
    struct why why;
    if (!decisions_standing(&people[who].council, people[of].identity.public, standing, now, &why))
        fail_msg("%s", why.text);
}

/* --- What they agree upon --- */

static void newcomers_hear_who_belongs_here(void **state) {
    (void)state;
    everybody_meets(4);
    for (size_t a = 0; a < 4; a++)
        for (size_t b = a + 1; b < 4; b++) assert_true(talk(a, b));
    assert_one_charter(4);
    /* Rule 11: the owner noted who came. */
    assert_int_equal(charter_standing(&people[3].room.charter, people[2].identity.public), STANDING_MEMBER);
    assert_true(people[0].saves > 0);
}

/* What was decided before is none; what is decided while it hears of that is. */
static void a_newcomer_hears_news_alone(void **state) {
    (void)state;
    everybody_meets(4);
    say(0, 1, STANDING_OP);
    pass(5000);
    assert_int_equal(people[3].ops_said, 1);
    for (size_t i = 0; i < 4; i++) meet(i, 4);
    while (!private_room_is_known(&people[4].room)) pass(10);
    say(0, 2, STANDING_OP);
    pass(5000);
    assert_int_equal(charter_standing(&people[4].room.charter, people[1].identity.public), STANDING_OP);
    assert_int_equal(people[4].ops_said, 1);
    assert_int_equal(people[3].ops_said, 2);
}

/* Two newcomers alone know of no owner, and so of nobody who belongs here. */
static void nobody_is_let_in_before_the_founding_is_known(void **state) {
    (void)state;
    meet(1, 2);
    pass(3000);
    assert_false(people[1].talks[2] || people[2].talks[1]);
    meet(0, 1);
    pass(3000);
    assert_true(talk(0, 1));
    assert_true(talk(1, 2));
}

static void who_is_removed_hears_why_and_nothing_else(void **state) {
    (void)state;
    everybody_meets(5);
    struct key_set before = people[0].current;
    say(0, 4, STANDING_REMOVED);
    pass(200);
    for (size_t i = 0; i < 4; i++) assert_false(people[i].talks[4]);
    assert_int_equal(people[4].refused, VERDICT_REMOVED);
    assert_memory_equal(people[4].by, people[0].identity.public, 32);
    pass(5000);
    assert_one_charter(4);
    assert_memory_not_equal(&people[0].current, &before, sizeof before);
    assert_memory_equal(&people[4].current, &before, sizeof before);
    assert_int_equal(people[4].rekeys, 0);
    for (size_t i = 0; i < 4; i++) assert_int_equal(people[i].rekeys, 1);
    /* Not by the old secret either, whoever it comes to. */
    for (size_t i = 0; i < 4; i++) {
        part(i, 4);
        meet(i, 4);
    }
    pass(20000);
    for (size_t i = 0; i < 4; i++) assert_false(people[i].talks[4]);
    assert_memory_equal(&people[4].current, &before, sizeof before);
}

static void who_was_away_gets_the_new_secret_later(void **state) {
    (void)state;
    everybody_meets(4);
    for (size_t i = 0; i < 3; i++) part(i, 3);
    say(0, 1, STANDING_BANNED);
    pass(60000);
    meet(2, 3);
    pass(3000);
    assert_true(talk(2, 3));
    assert_memory_equal(&people[3].current, &people[0].current, sizeof people[0].current);
}

/* Whom nobody who may noted comes with an old secret, and hears that it is one. */
static void a_stranger_with_an_old_invite_hears_that_it_is_old(void **state) {
    (void)state;
    everybody_meets(3);
    say(0, 2, STANDING_REMOVED);
    pass(3000);
    meet(1, 5);
    pass(3000);
    assert_false(people[1].talks[5]);
    assert_int_equal(people[5].refused, VERDICT_OUTDATED);
    assert_int_equal(people[5].rekeys, 0);
}

static void parts_heal_to_one_list_and_one_secret(void **state) {
    (void)state;
    everybody_meets(6);
    say(0, 1, STANDING_OP);
    pass(3000);
    for (size_t a = 0; a < 6; a++)
        for (size_t b = 0; b < 6; b++) cut[a][b] = (a % 2) != (b % 2);
    say(0, 4, STANDING_REMOVED); /* among 0, 2 and 4 */
    say(1, 5, STANDING_BANNED);  /* among 1, 3 and 5 */
    pass(3000);
    memset(cut, 0, sizeof cut);
    for (size_t a = 0; a < 4; a++)
        for (size_t b = a + 1; b < 4; b++)
            if (a % 2 != b % 2) {
                part(a, b);
                meet(a, b);
            }
    pass(30000);
    assert_one_charter(4);
    assert_int_equal(charter_standing(&people[3].room.charter, people[4].identity.public), STANDING_REMOVED);
    assert_int_equal(charter_standing(&people[2].room.charter, people[5].identity.public), STANDING_BANNED);
    assert_false(charter_is_stale(&people[0].room.charter));
    /* Neither of the two has the secret that there is now. */
    assert_memory_not_equal(&people[4].current, &people[0].current, sizeof people[0].current);
    assert_memory_not_equal(&people[5].current, &people[0].current, sizeof people[0].current);
}

static void forged_words_change_nothing(void **state) {
    struct statement forged = {.kind = STATEMENT_PERSON, .stamp = EPOCH_MS + 5000, .body_size = 1};
    const struct statement *list = &forged;
    uint8_t message[CHARTER_STATEMENTS_SIZE_MAX], before[CHARTER_DIGEST_SIZE], after[CHARTER_DIGEST_SIZE];
    (void)state;
    everybody_meets(4);
    charter_digest(&people[0].room.charter, before);
    memcpy(forged.subject, people[1].identity.public, 32);
    forged.body[0] = STANDING_BANNED;
    statement_sign(&forged, people[0].room.keys.id, &people[2].identity);
    for (int by_owner = 0; by_owner < 2; by_owner++) {
        if (by_owner) memcpy(forged.author, people[0].identity.public, 32);
        size_t size = charter_statements_encode(TELLING_NEWS, &people[0].room.charter.founding, &list, 1, message,
                                                sizeof message);
        for (size_t i = 0; i < 4; i++)
            if (i != 2) assert_true(council_received(&people[i].council, &people[i].others[2], message, size, now));
    }
    pass(3000);
    charter_digest(&people[3].room.charter, after);
    assert_memory_equal(before, after, sizeof before);
    assert_true(talk(1, 3));
}

/* Of one member: then nothing of its is looked at, and what others tell is. */
static void a_flood_of_forged_words_is_bounded(void **state) {
    struct statement forged = {.kind = STATEMENT_TOPIC, .body_size = 4, .body = "mine"};
    const struct statement *list = &forged;
    uint8_t message[CHARTER_STATEMENTS_SIZE_MAX];
    struct why why;
    (void)state;
    everybody_meets(3);
    statement_sign(&forged, people[0].room.keys.id, &people[2].identity);
    memcpy(forged.author, people[0].identity.public, 32);
    for (unsigned i = 0; i < 2000; i++) {
        forged.stamp = EPOCH_MS + now + i;
        size_t size = charter_statements_encode(TELLING_NEWS, &people[0].room.charter.founding, &list, 1, message,
                                                sizeof message);
        assert_true(council_received(&people[1].council, &people[1].others[2], message, size, now));
    }
    /* As many as it may, each of which is paid off in so long: no more were verified. */
    assert_int_equal(people[1].others[2].forged, now + COUNCIL_FORGERIES * COUNCIL_FORGERY_MS);
    assert_int_equal(people[1].others[2].checked, now + COUNCIL_FORGERIES * COUNCIL_CHECK_MS);
    assert_true(decisions_topic(&people[0].council, "ours", 4, now, &why));
    pass(1000);
    assert_string_equal(people[1].topic, "ours");
}

static size_t letters_to(size_t to) {
    size_t count = 0;
    for (size_t i = 0; i < letter_count; i++) count += letters[i].to == to;
    return count;
}

static void say_another_digest(size_t to, size_t from) {
    uint8_t digest[CHARTER_DIGEST_SIZE], message[CHARTER_DIGEST_MESSAGE_SIZE];
    randombytes_buf(digest, sizeof digest);
    size_t size = charter_digest_encode(digest, message);
    assert_true(council_received(&people[to].council, &people[to].others[from], message, size, now));
}

/* It hears all once, and again when that has arrived. */
static void who_acknowledges_nothing_is_not_told_all_again(void **state) {
    size_t heard = 0;
    (void)state;
    everybody_meets(2);
    people[0].deaf[1] = true;
    say_another_digest(0, 1);
    pass(COUNCIL_TELL_LEAST_MS + COUNCIL_TELL_SPREAD_MS);
    assert_true(people[0].others[1].full_after > now); /* the first time it was told all */
    pass(COUNCIL_FULL_MS);
    for (size_t i = 0; i < 2000; i++) {
        if (i % 1000 == 0) say_another_digest(0, 1);
        pass(10);
        heard += letters_to(1);
    }
    assert_int_equal(heard, 0);
    people[0].deaf[1] = false;
    for (size_t i = 0; i < COUNCIL_FULL_MS / 10; i++) {
        pass(10);
        heard += letters_to(1);
    }
    assert_true(heard > 0);
}

static void one_members_verdict_is_not_believed_beside_others(void **state) {
    uint8_t message[2];
    (void)state;
    everybody_meets(3);
    for (enum verdict verdict = VERDICT_REMOVED; verdict < VERDICTS; verdict++) {
        size_t size = charter_verdict_encode(verdict, message);
        assert_true(council_received(&people[1].council, &people[1].others[2], message, size, now));
    }
    assert_int_equal(people[1].refusals, 0);
    part(0, 1);
    assert_true(council_received(&people[1].council, &people[1].others[2], message, 2, now));
    assert_int_equal(people[1].refusals, 1);
}

#ifndef GOCHAT_SANITIZED
static _Alignas(64) uint8_t stack[256 * 1024];

static void *tick_first(void *unused) {
    (void)unused;
    council_tick(&people[0].council, now);
    return NULL;
}

/* What is on it now, by way of a file: to valgrind the stack of a thread that has ended is no memory to be read. */
static uint8_t *copy_of_stack(void) {
    uint8_t *copy = malloc(sizeof stack);
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    assert_non_null(copy);
    assert_true(memory >= 0);
    assert_int_equal(pread(memory, copy, sizeof stack, (off_t)(uintptr_t)stack), sizeof stack);
    close(memory);
    return copy;
}

/* On a stack that can be looked at then. */
static void a_new_secret_is_left_on_no_stack(void **state) {
    static const uint8_t banned = STANDING_BANNED;
    uint8_t before[PRIVATE_SECRET_SIZE], after[PRIVATE_SECRET_SIZE];
    struct council *council = &people[0].council;
    struct statement said;
    pthread_attr_t attributes;
    pthread_t thread;
    (void)state;
    everybody_meets(3);
    private_room_secret(&people[0].room, before);
    assert_int_equal(council_state(council, STATEMENT_PERSON, people[2].identity.public, &banned, 1, now, &said),
                     CHARTER_TAKEN);
    council_follow(council, before, &said, 1, now);
    assert_true(charter_is_stale(&people[0].room.charter));
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstack(&attributes, stack, sizeof stack), 0);
    assert_int_equal(pthread_create(&thread, &attributes, tick_first, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
    private_room_secret(&people[0].room, after);
    assert_memory_not_equal(before, after, sizeof before);
    uint8_t *left = copy_of_stack();
    assert_null(memmem(left, sizeof stack, after, sizeof after));
    free(left);
}
#endif

static void a_member_decides_nothing(void **state) {
    struct why why;
    (void)state;
    everybody_meets(3);
    assert_false(decisions_standing(&people[1].council, people[2].identity.public, STANDING_REMOVED, now, &why));
    assert_non_null(strstr(why.text, "owner and ops"));
    assert_false(decisions_topic(&people[1].council, "mine", 4, now, &why));
    say(0, 1, STANDING_OP);
    pass(1000);
    assert_true(decisions_topic(&people[1].council, "ours", 4, now, &why));
    assert_false(decisions_rule(&people[1].council, RULE_LISTED, now, &why));
    assert_non_null(strstr(why.text, "owner to decide"));
    pass(1000);
    assert_string_equal(people[0].topic, "ours");
    assert_string_equal(people[2].topic, "ours");
}

/* --- Doors --- */

static void come_by_door(size_t keeper, size_t guest, const struct private_door *door) {
    struct key_set set;
    key_set_derive(people[keeper].room.charter.root, door->token, &set);
    meet_as(keeper, guest, KEY_SET_DOOR, KEY_SET_CURRENT, &set);
}

static void an_invite_for_one_lets_one_in(void **state) {
    (void)state;
    everybody_meets(2);
    struct private_door *door = private_room_open_door(&people[0].room, true, 0, EPOCH_MS + now);
    unsigned saves = people[0].saves;
    come_by_door(0, 5, door);
    assert_true(people[0].saves > saves);
    pass(3000);
    assert_true(talk(0, 5));
    assert_int_equal(charter_standing(&people[1].room.charter, people[5].identity.public), STANDING_MEMBER);
    come_by_door(0, 6, door);
    pass(3000);
    assert_false(people[0].talks[6]);
    assert_int_equal(people[6].refused, VERDICT_USED);
    /* The one who came comes again. */
    part(0, 5);
    come_by_door(0, 5, door);
    pass(1000);
    assert_true(talk(0, 5));
}

static void an_invite_for_a_time_ends(void **state) {
    (void)state;
    everybody_meets(2);
    struct private_door *door = private_room_open_door(&people[0].room, false, EPOCH_MS + now + 60000, EPOCH_MS + now);
    come_by_door(0, 5, door);
    come_by_door(0, 6, door);
    pass(3000);
    assert_true(talk(0, 5) && talk(0, 6));
    pass(60000);
    come_by_door(0, 7, door);
    pass(1000);
    assert_false(people[0].talks[7]);
    assert_int_equal(people[7].refused, VERDICT_OVER);
}

/* Whose invite it was has no say in that: who is removed is, and comes by none that was made before. */
static void who_came_by_an_invite_is_removed_like_others(void **state) {
    (void)state;
    everybody_meets(2);
    struct private_door *door = private_room_open_door(&people[0].room, true, 0, EPOCH_MS + now);
    struct private_door *open = private_room_open_door(&people[0].room, false, 0, EPOCH_MS + now);
    come_by_door(0, 5, door);
    pass(3000);
    assert_true(talk(0, 5));
    const unsigned rekeys = people[5].rekeys;
    say(0, 5, STANDING_REMOVED);
    pass(3000);
    for (int turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < 2; i++)
            assert_int_equal(charter_standing(&people[i].room.charter, people[5].identity.public), STANDING_REMOVED);
        assert_false(people[0].talks[5]);
        assert_int_equal(people[5].rekeys, rekeys);
        part(0, 5);
        come_by_door(0, 5, turn == 0 ? door : open);
        pass(3000);
    }
    assert_int_equal(people[5].refused, VERDICT_REMOVED);
}

/* An op whose clock is slow removes somebody, and the owner's invite is the later one by what the stamps say. */
static void a_slow_clock_makes_no_removal_of_before(void **state) {
    static const uint8_t removed = STANDING_REMOVED;
    uint8_t before[PRIVATE_SECRET_SIZE];
    struct statement said;
    (void)state;
    everybody_meets(3);
    say(0, 1, STANDING_OP);
    pass(1000);
    const uint64_t slow = EPOCH_MS + now;
    pass(5000);
    struct private_door *door = private_room_open_door(&people[0].room, false, 0, EPOCH_MS + now);
    pass(1000);
    private_room_secret(&people[1].room, before);
    assert_int_equal(charter_state(&people[1].room.charter, &people[1].identity, STATEMENT_PERSON,
                                   people[2].identity.public, &removed, 1, slow, &said),
                     CHARTER_TAKEN);
    assert_true(said.stamp < door->made_ms);
    council_follow(&people[1].council, before, &said, 1, now);
    pass(3000);
    part(0, 2);
    come_by_door(0, 2, door);
    pass(3000);
    assert_false(people[0].talks[2]);
    assert_int_equal(people[2].refused, VERDICT_REMOVED);
}

/* The invite is what one comes by, not what one stays by. */
static void who_came_in_time_stays_when_the_invite_is_over(void **state) {
    (void)state;
    everybody_meets(2);
    part(0, 1);
    struct private_door *door = private_room_open_door(&people[1].room, false, EPOCH_MS + now + 60000, EPOCH_MS + now);
    come_by_door(1, 5, door);
    pass(61000);
    assert_true(talk(1, 5));
    say(0, 7, STANDING_MEMBER); /* any change */
    meet(0, 1);
    pass(3000);
    assert_int_equal(charter_standing(&people[1].room.charter, people[7].identity.public), STANDING_MEMBER);
    assert_true(talk(1, 5));
}

/* --- Keepers --- */

static void a_few_stay_for_who_was_away(void **state) {
    size_t keepers = 0;
    (void)state;
    everybody_meets(7);
    say(0, 1, STANDING_OP);
    pass(1000);
    assert_true(council_is_keeper(&people[0].council) && council_is_keeper(&people[1].council));
    for (size_t i = 0; i < 7; i++) keepers += council_is_keeper(&people[i].council);
    assert_true(keepers >= 2 && keepers <= 4);
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(newcomers_hear_who_belongs_here),
        test(a_newcomer_hears_news_alone),
        test(nobody_is_let_in_before_the_founding_is_known),
        test(who_is_removed_hears_why_and_nothing_else),
        test(who_was_away_gets_the_new_secret_later),
        test(a_stranger_with_an_old_invite_hears_that_it_is_old),
        test(parts_heal_to_one_list_and_one_secret),
        test(forged_words_change_nothing),
        test(a_flood_of_forged_words_is_bounded),
        test(who_acknowledges_nothing_is_not_told_all_again),
        test(one_members_verdict_is_not_believed_beside_others),
#ifndef GOCHAT_SANITIZED
        test(a_new_secret_is_left_on_no_stack),
#endif
        test(a_member_decides_nothing),
        test(an_invite_for_one_lets_one_in),
        test(an_invite_for_a_time_ends),
        test(who_came_by_an_invite_is_removed_like_others),
        test(a_slow_clock_makes_no_removal_of_before),
        test(who_came_in_time_stays_when_the_invite_is_over),
        test(a_few_stay_for_who_was_away),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("council", tests, NULL, NULL);
}
