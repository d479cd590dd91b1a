#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "client/ui/roster.h"
#include "common/text.h"

#define FFFD "\xef\xbf\xbd"
#define BOB_PRINT "1a2b3c4d00000000000000000000beef"
#define ZED_PRINT "abcd0123000000000000000000000000"
#define IMPOSTOR_PRINT "99990000000000000000000000000000"
#define RENAMES 2000

static struct member *apply(struct roster *roster, enum event_type type, uint8_t id, const char *nick,
                            const char *fingerprint) {
    struct event event = {.type = type, .rtt_ms = 12, .cipher = "AES-256-GCM", .relayed = true};
    memset(event.peer, id, sizeof event.peer);
    snprintf(event.nick, sizeof event.nick, "%s", nick);
    snprintf(event.fingerprint, sizeof event.fingerprint, "%s", fingerprint);
    struct member *member = roster_apply(roster, &event);
    assert_true(roster_holds(roster));
    return member;
}

static struct member *come(struct roster *roster, uint8_t id, const char *nick, const char *fingerprint) {
    return apply(roster, EVENT_PEER_CONNECTED, id, nick, fingerprint);
}

static struct member *find(const struct roster *roster, uint8_t byte) {
    uint8_t id[MEMBER_ID_SIZE];
    memset(id, byte, sizeof id);
    return roster_find(roster, id);
}

static void expect_found(const struct roster *roster, const char *name, uint8_t id) {
    struct member *found = NULL;
    if (roster_named(roster, name, &found) != ROSTER_FOUND) fail_msg("'%s' is not found", name);
    assert_non_null(found);
    if (found->id[0] != id) fail_msg("'%s' is %s", name, found->label);
}

static void expect(const struct roster *roster, const char *name, enum roster_match expected) {
    struct member *found = NULL;
    enum roster_match match = roster_named(roster, name, &found);
    if (match != expected) fail_msg("'%s': %d instead of %d", name, (int)match, (int)expected);
}

static void expect_sorted(const struct roster *roster) {
    for (size_t i = 1; i < roster->count; i++) {
        const struct member *a = &roster->members[i - 1], *b = &roster->members[i];
        int order = strcasecmp(a->label, b->label);
        assert_true(order < 0 || (order == 0 && memcmp(a->id, b->id, sizeof a->id) < 0));
    }
}

/* --- Labels --- */

static void labels_are_filtered_and_end_in_digits(void **state) {
    static const struct {
        const char *nick, *fingerprint, *label;
    } cases[] = {
        {"bob", BOB_PRINT, "bob#1a2b"},
        {"", BOB_PRINT, "?07070707"},
        {"bob", "", "?07070707"},
        {"", "", "?07070707"},
        {"\x1b[2Jbob", BOB_PRINT, FFFD "[2Jbob#1a2b"},
        {"a\nb\tc\rd", BOB_PRINT, "a" FFFD "b" FFFD "c" FFFD "d#1a2b"},
        {"a\xe2\x80\xae"
         "b",
         BOB_PRINT, "a" FFFD "b#1a2b"},                 /* right-to-left override */
        {"a\xe2\x80\x8b", BOB_PRINT, "a" FFFD "#1a2b"}, /* zero-width space */
        {"\xff\xc3", BOB_PRINT, FFFD FFFD "#1a2b"},     /* no UTF-8 */
        {"\xcc\x81"
         "a",
         BOB_PRINT, FFFD "a#1a2b"}, /* a mark without a base */
        {"zed#abcd", IMPOSTOR_PRINT, "zed#abcd#9999"},
    };
    uint8_t id[MEMBER_ID_SIZE];
    char label[ROSTER_LABEL_SIZE];
    (void)state;
    memset(id, 7, sizeof id);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        roster_label(cases[i].nick, cases[i].fingerprint, id, label);
        assert_string_equal(label, cases[i].label);
    }
}

static void the_longest_label_keeps_its_digits(void **state) {
    char nick[TEXT_NICK_MAX + 1], label[ROSTER_LABEL_SIZE];
    uint8_t id[MEMBER_ID_SIZE] = {0};
    (void)state;
    memset(nick, 0x01, TEXT_NICK_MAX); /* each becomes three bytes */
    nick[TEXT_NICK_MAX] = '\0';
    roster_label(nick, BOB_PRINT, id, label);
    assert_string_equal(label + strlen(label) - 5, "#1a2b");
    struct roster roster = {.members = NULL};
    roster_set_own(&roster, nick, IMPOSTOR_PRINT);
    roster_label_among(&roster, nick, BOB_PRINT, id, label);
    assert_int_equal(strlen(label), ROSTER_LABEL_SIZE - 1);
    assert_memory_equal(label + strlen(label) - 8, BOB_PRINT, 8);
}

/* As many digits as somebody wants to write, four at least. */
static void any_digits_tell_bearers_apart(void **state) {
    struct roster roster = {.members = NULL};
    (void)state;
    come(&roster, 1, "bob", "1a2b3c4d000000000000000000000000");
    come(&roster, 2, "bob", "1a2b3fff000000000000000000000000");
    expect(&roster, "bob", ROSTER_SEVERAL);
    expect(&roster, "bob#1a2b", ROSTER_SEVERAL);
    expect(&roster, "bob#1a2b3", ROSTER_SEVERAL);
    expect_found(&roster, "bob#1a2b3c", 1);
    expect_found(&roster, "BOB#1A2B3F:", 2);
    expect_found(&roster, "bob#1a2b3fff000000000000000000000000", 2);
    expect(&roster, "bob#1a2", ROSTER_NOBODY);
    expect(&roster, "rob#1a2b3c", ROSTER_NOBODY);
    expect(&roster, "bob#1a2b3c4e", ROSTER_NOBODY);
    roster_clear(&roster);
}

static void a_label_follows_key_and_nick(void **state) {
    struct roster roster = {.members = NULL};
    (void)state;
    assert_string_equal(apply(&roster, EVENT_PEER_JOINED, 0x0a, "", "")->label, "?0a0a0a0a");
    assert_string_equal(come(&roster, 0x0a, "bob", BOB_PRINT)->label, "bob#1a2b");
    assert_string_equal(apply(&roster, EVENT_PEER_NICK, 0x0a, "rob", "")->label, "rob#1a2b");
    assert_string_equal(apply(&roster, EVENT_PEER_STATUS, 0x0a, "", "")->label, "rob#1a2b");
    assert_string_equal(apply(&roster, EVENT_PEER_STATUS, 0x0a, "bo", "")->label, "bo#1a2b");
    assert_int_equal(roster.count, 1);
    roster_clear(&roster);
}

/* Eight digits as long as somebody else is called so, or has the same four. */
static void who_is_alike_has_more_digits(void **state) {
    struct roster roster = {.members = NULL};
    (void)state;
    roster_set_own(&roster, "zoe", "99998888777766665555444433332222");
    come(&roster, 1, "bob", "1a2b3c4d000000000000000000000000");
    assert_string_equal(find(&roster, 1)->label, "bob#1a2b");
    come(&roster, 2, "BOB", "ffff3c4d000000000000000000000000");
    assert_string_equal(find(&roster, 1)->label, "bob#1a2b3c4d");
    assert_string_equal(find(&roster, 2)->label, "BOB#ffff3c4d");
    come(&roster, 3,
         "b\xd0\xbe"
         "b",
         "1a2b0000000000000000000000000000"); /* a Cyrillic o, and the same four digits */
    assert_string_equal(find(&roster, 3)->label, "b\xd0\xbe"
                                                 "b#1a2b0000");
    apply(&roster, EVENT_PEER_NICK, 2, "rob", "");
    assert_string_equal(find(&roster, 2)->label, "rob#ffff");
    assert_string_equal(find(&roster, 1)->label, "bob#1a2b3c4d");
    apply(&roster, EVENT_PEER_LEFT, 3, "", "");
    assert_string_equal(find(&roster, 1)->label, "bob#1a2b");
    come(&roster, 4, "zoe", "eeee0000000000000000000000000000");
    assert_string_equal(find(&roster, 4)->label, "zoe#eeee0000"); /* as we are called */
    roster_set_own(&roster, "zora", "99998888777766665555444433332222");
    assert_string_equal(find(&roster, 4)->label, "zoe#eeee");
    expect_sorted(&roster);
    roster_clear(&roster);
}

/* Somebody who left, or never came, may be called as somebody who is here. */
static void who_is_not_here_is_told_apart_too(void **state) {
    struct roster roster = {.members = NULL};
    char label[ROSTER_LABEL_SIZE];
    uint8_t id[MEMBER_ID_SIZE] = {9};
    (void)state;
    come(&roster, 1, "bob", "1a2b3c4d000000000000000000000000");
    roster_label_among(&roster, "bob", "5e6f7a8b000000000000000000000000", id, label);
    assert_string_equal(label, "bob#5e6f7a8b");
    roster_label_among(&roster, "bob", "1a2b3c4d000000000000000000000000", id, label);
    assert_string_equal(label, "bob#1a2b"); /* the same one */
    roster_label_among(NULL, "bob", "5e6f7a8b000000000000000000000000", id, label);
    assert_string_equal(label, "bob#5e6f");
    roster_clear(&roster);
}

/* --- Who is there --- */

static void what_is_told_of_the_unknown_changes_nothing(void **state) {
    static const enum event_type types[] = {EVENT_PEER_PATH, EVENT_PEER_STATUS, EVENT_PEER_NICK,
                                            EVENT_PEER_LEFT, EVENT_MESSAGE,     EVENT_DELIVERED};
    struct roster roster = {.members = NULL};
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        assert_null(apply(&roster, types[i], 1, "bob", BOB_PRINT));
        assert_int_equal(roster.count, 0);
    }
    roster_clear(&roster);
}

static void connected_fills_in_and_lost_keeps_it(void **state) {
    struct roster roster = {.members = NULL};
    struct event status = {.type = EVENT_PEER_STATUS, .standing = STANDING_CONNECTING, .rtt_ms = 80};
    (void)state;
    memset(status.peer, 1, sizeof status.peer);
    const struct member *member = apply(&roster, EVENT_PEER_JOINED, 1, "", "");
    assert_false(member->known);
    assert_int_equal(member->standing, STANDING_CONNECTING);
    member = come(&roster, 1, "bob", BOB_PRINT);
    assert_true(member->known && member->relayed);
    assert_int_equal(member->standing, STANDING_CONNECTED);
    assert_string_equal(member->fingerprint, BOB_PRINT);
    assert_string_equal(member->cipher, "AES-256-GCM");
    member = roster_apply(&roster, &status);
    assert_int_equal(member->standing, STANDING_CONNECTING);
    assert_true(member->known);
    assert_false(member->relayed);
    assert_true(member->rtt_ms > 79 && member->rtt_ms < 81);
    assert_string_equal(member->label, "bob#1a2b");
    roster_clear(&roster);
}

static void a_new_path_changes_only_the_path(void **state) {
    struct roster roster = {.members = NULL};
    (void)state;
    come(&roster, 1, "bob", BOB_PRINT);
    struct event path = {.type = EVENT_PEER_PATH, .relayed = false, .nick = "other"};
    memset(path.peer, 1, sizeof path.peer);
    const struct member *member = roster_apply(&roster, &path);
    assert_false(member->relayed);
    assert_string_equal(member->nick, "bob");
    assert_int_equal(member->standing, STANDING_CONNECTED);
    roster_clear(&roster);
}

static void who_comes_twice_is_there_once(void **state) {
    struct roster roster = {.members = NULL};
    (void)state;
    apply(&roster, EVENT_PEER_JOINED, 1, "", "");
    come(&roster, 1, "bob", BOB_PRINT);
    apply(&roster, EVENT_PEER_JOINED, 1, "bob", "");
    come(&roster, 1, "bob", BOB_PRINT);
    assert_int_equal(roster.count, 1);
    assert_string_equal(find(&roster, 1)->label, "bob#1a2b");
    roster_clear(&roster);
}

static void any_may_leave(void **state) {
    (void)state;
    for (uint8_t gone = 1; gone <= 20; gone++) {
        struct roster roster = {.members = NULL};
        for (uint8_t id = 1; id <= 20; id++) {
            char nick[] = {(char)('a' + (7 * id) % 20), '\0'};
            come(&roster, id, nick, BOB_PRINT);
        }
        assert_null(apply(&roster, EVENT_PEER_LEFT, gone, "", ""));
        assert_int_equal(roster.count, 19);
        expect_sorted(&roster);
        for (uint8_t id = 1; id <= 20; id++) assert_true((find(&roster, id) == NULL) == (id == gone));
        roster_clear(&roster);
        assert_int_equal(roster.count, 0);
    }
}

static void order_holds_through_renames(void **state) {
    static const char *const nicks[] = {"a", "B", "b", "zed", "Zed", "ZED", "", "\xc3\xa9", "_", "\x01", "aa", "1"};
    struct roster roster = {.members = NULL};
    uint32_t random = 4711;
    (void)state;
    for (uint8_t id = 1; id <= 9; id++) apply(&roster, EVENT_PEER_JOINED, id, "", "");
    for (int i = 0; i < RENAMES; i++) {
        random = random * 1664525 + 1013904223;
        uint8_t id = (uint8_t)((random >> 24) % 9 + 1);
        const char *nick = nicks[(random >> 12) % (sizeof nicks / sizeof nicks[0])];
        enum event_type type = (random >> 8) % 3 == 0 ? EVENT_PEER_CONNECTED : EVENT_PEER_NICK;
        const struct member *member = apply(&roster, type, id, nick, BOB_PRINT);
        assert_int_equal(member->id[0], id);
        assert_string_equal(member->nick, nick);
        assert_int_equal(roster.count, 9);
        expect_sorted(&roster);
    }
    for (uint8_t id = 1; id <= 9; id++) assert_non_null(find(&roster, id));
    roster_clear(&roster);
}

/* --- By name --- */

static void nicks_are_found_exactly_then_in_any_case(void **state) {
    struct roster roster = {.members = NULL};
    (void)state;
    expect(&roster, "bob", ROSTER_NOBODY);
    come(&roster, 1, "bob", BOB_PRINT);
    expect_found(&roster, "bob", 1);
    expect_found(&roster, "BoB", 1);
    come(&roster, 2, "Bob", ZED_PRINT);
    expect_found(&roster, "bob", 1);
    expect_found(&roster, "Bob", 2);
    expect(&roster, "BOB", ROSTER_SEVERAL);
    expect(&roster, "bo", ROSTER_NOBODY);
    expect(&roster, "bobby", ROSTER_NOBODY);
    expect(&roster, "", ROSTER_NOBODY);
    roster_clear(&roster);
}

/* However it was typed, and folded fully; exactly so comes first; a sign at the end may be the nick's. */
static void nicks_are_found_however_they_are_typed(void **state) {
    struct roster roster = {.members = NULL};
    (void)state;
    come(&roster, 1, "caf\u00e9", BOB_PRINT);
    expect_found(&roster, "cafe\u0301", 1);
    expect_found(&roster, "CAFE\u0301", 1);
    expect_found(&roster, "CAF\u00c9,", 1);
    expect_found(&roster, "Cafe\u0301#1a2b", 1);
    come(&roster, 2, "Caf\u00e9", ZED_PRINT);
    expect_found(&roster, "cafe\u0301", 1);
    expect_found(&roster, "Cafe\u0301", 2);
    expect(&roster, "CAFE\u0301", ROSTER_SEVERAL);
    come(&roster, 3, "stra\u00dfe", "3333");
    expect_found(&roster, "STRASSE", 3);
    come(&roster, 4, "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "4444");
    expect_found(&roster, "\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3", 4);
    come(&roster, 5, "\u0131rmak", "5555"); /* a dotless i is another letter */
    expect(&roster, "IRMAK", ROSTER_NOBODY);
    come(&roster, 6, "dot,", "6666");
    expect_found(&roster, "dot,", 6);
    expect(&roster, "dot", ROSTER_NOBODY);
    come(&roster, 7, "dot", "7777");
    expect_found(&roster, "dot,", 6);
    expect_found(&roster, "dot", 7);
    expect_found(&roster, "dot:", 7);
    expect(&roster, "DOT,", ROSTER_SEVERAL);
    roster_clear(&roster);
}

static void the_same_nick_needs_digits(void **state) {
    struct roster roster = {.members = NULL};
    (void)state;
    come(&roster, 1, "bob", BOB_PRINT);
    come(&roster, 2, "bob", ZED_PRINT);
    expect(&roster, "bob", ROSTER_SEVERAL);
    expect_found(&roster, "bob#1a2b", 1);
    expect_found(&roster, "bob#abcd", 2);
    expect_found(&roster, "BOB#ABCD", 2);
    expect(&roster, "bob#9999", ROSTER_NOBODY);
    come(&roster, 3, "bob", "1a2bffff000000000000000000000000");
    expect(&roster, "bob#1a2b", ROSTER_SEVERAL);
    roster_clear(&roster);
}

static void ids_and_fingerprints_are_found_by_four_digits(void **state) {
    struct roster roster = {.members = NULL};
    (void)state;
    come(&roster, 0x5e, "bob", BOB_PRINT);
    come(&roster, 0x5f, "zed", ZED_PRINT);
    apply(&roster, EVENT_PEER_JOINED, 0x60, "", "");
    expect_found(&roster, "5e5e", 0x5e);
    expect_found(&roster, "5E5E5e", 0x5e);
    expect_found(&roster, "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e", 0x5e);
    expect(&roster, "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e", ROSTER_NOBODY);
    expect(&roster, "5e5", ROSTER_NOBODY);
    expect(&roster, "5e5f", ROSTER_NOBODY);
    expect_found(&roster, "1a2b", 0x5e);
    expect_found(&roster, "ABCD01", 0x5f);
    expect_found(&roster, ZED_PRINT, 0x5f);
    expect(&roster, "1a2", ROSTER_NOBODY);
    expect(&roster, ZED_PRINT "0", ROSTER_NOBODY);
    expect_found(&roster, "6060", 0x60);
    roster_clear(&roster);
}

/* As programs name people. A nick may be as long as an id. */
static void a_whole_number_is_nobodys_nick(void **state) {
    struct roster roster = {.members = NULL};
    const char *id = "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e", *typed = "5E5E5E5E5E5E5E5E5E5E5E5E5E5E5E5E,";
    (void)state;
    come(&roster, 0x5e, "bob", BOB_PRINT);
    const struct member *eve = come(&roster, 0x5f, id, ZED_PRINT);
    assert_string_equal(eve->nick, id);
    expect_found(&roster, id, 0x5e);
    expect_found(&roster, typed, 0x5e);
    apply(&roster, EVENT_PEER_LEFT, 0x5e, "", "");
    expect(&roster, id, ROSTER_NOBODY);
    expect(&roster, typed, ROSTER_NOBODY);
    assert_false(roster_may_mean(find(&roster, 0x5f), id));
    expect_found(&roster, "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e#abcd", 0x5f);
    apply(&roster, EVENT_PEER_NICK, 0x5f, BOB_PRINT, "");
    expect(&roster, BOB_PRINT, ROSTER_NOBODY);
    apply(&roster, EVENT_PEER_NICK, 0x5f, "thirty-two letters, no hex digits", ""); /* cut to 32 bytes */
    expect_found(&roster, "thirty-two letters, no hex digit", 0x5f);
    roster_clear(&roster);
}

static void digits_of_two_are_ambiguous(void **state) {
    struct roster roster = {.members = NULL};
    (void)state;
    come(&roster, 0x5e, "bob", BOB_PRINT);
    come(&roster, 0x5f, "zed", "1a2b3c4e000000000000000000000000");
    expect(&roster, "1a2b", ROSTER_SEVERAL);
    expect_found(&roster, "1a2b3c4e", 0x5f);
    come(&roster, 0x1a, "eve", "5e5e0000000000000000000000000000");
    expect(&roster, "5e5e", ROSTER_SEVERAL); /* one's id, another's fingerprint */
    roster_clear(&roster);
}

static void one_sign_after_the_name_is_not_looked_at(void **state) {
    struct roster roster = {.members = NULL};
    (void)state;
    come(&roster, 0x5e, "bob", BOB_PRINT);
    expect_found(&roster, "bob:", 0x5e);
    expect_found(&roster, "BOB,", 0x5e);
    expect_found(&roster, "bob#1a2b:", 0x5e);
    expect_found(&roster, "5e5e,", 0x5e);
    expect(&roster, ":", ROSTER_NOBODY);
    expect(&roster, ",", ROSTER_NOBODY);
    expect(&roster, "bob;", ROSTER_NOBODY);
    roster_clear(&roster);
}

/* The label is what completion writes. */
static void every_label_finds_its_member(void **state) {
    static const char *const nicks[] = {"bob", "a b", "\x1b[2J", "z\xe2\x80\xaez", "\xff", "Bob", "a#1a2b"};
    struct roster roster = {.members = NULL};
    (void)state;
    for (size_t i = 0; i < sizeof nicks / sizeof nicks[0]; i++) {
        char fingerprint[FINGERPRINT_TEXT_SIZE];
        snprintf(fingerprint, sizeof fingerprint, "%04zx%028x", 0x1000 + i, 0u);
        come(&roster, (uint8_t)(i + 1), nicks[i], fingerprint);
    }
    apply(&roster, EVENT_PEER_JOINED, 0xe0, "", "");
    apply(&roster, EVENT_PEER_JOINED, 0xe1, "bob", "");
    for (size_t i = 0; i < roster.count; i++) {
        char with_sign[ROSTER_LABEL_SIZE + 1];
        expect_found(&roster, roster.members[i].label, roster.members[i].id[0]);
        snprintf(with_sign, sizeof with_sign, "%s:", roster.members[i].label);
        expect_found(&roster, with_sign, roster.members[i].id[0]);
    }
    roster_clear(&roster);
}

/* As the engine takes what a peer calls itself. */
static void call_itself(struct roster *roster, uint8_t id, const char *nick, const char *fingerprint) {
    char disarmed[TEXT_NICK_MAX + 1];
    (void)text_nick(nick, strlen(nick), disarmed);
    come(roster, id, disarmed, fingerprint);
}

/* A message meant for ZED's key must not go to whoever calls himself like ZED's label. */
static void a_nick_like_a_label_is_not_found_for_it(void **state) {
    struct roster roster = {.members = NULL};
    (void)state;
    call_itself(&roster, 1, "ZED#abcd", IMPOSTOR_PRINT);
    expect(&roster, "ZED#abcd", ROSTER_NOBODY);
    expect(&roster, "zed#ABCD:", ROSTER_NOBODY);
    come(&roster, 2, "ZED", ZED_PRINT);
    expect_found(&roster, "ZED#abcd", 2);
    expect_found(&roster, "zed#abcd", 2);
    call_itself(&roster, 3,
                "zed\xef\xbc\x83"
                "abcd",
                IMPOSTOR_PRINT); /* FULLWIDTH NUMBER SIGN */
    expect_found(&roster, "zed#abcd", 2);
    apply(&roster, EVENT_PEER_LEFT, 2, "", "");
    expect(&roster, "ZED#abcd", ROSTER_NOBODY);
    roster_clear(&roster);
}

static void a_nick_like_digits_leaves_it_open_who_is_meant(void **state) {
    struct roster roster = {.members = NULL};
    (void)state;
    come(&roster, 0x5e, "bob", BOB_PRINT);
    come(&roster, 0x60, "1a2b", IMPOSTOR_PRINT);
    expect(&roster, "1a2b", ROSTER_SEVERAL);
    expect_found(&roster, "1a2b3", 0x5e);
    expect_found(&roster, "1a2b#9999", 0x60);
    come(&roster, 0x61, "5E5E", "77770000000000000000000000000000");
    expect(&roster, "5e5e", ROSTER_SEVERAL);
    come(&roster, 0x5e, "1a2b3c", BOB_PRINT);
    expect_found(&roster, "1a2b3c", 0x5e); /* its own digits */
    roster_clear(&roster);
}

static void the_label_of_the_unknown_is_an_id(void **state) {
    struct roster roster = {.members = NULL};
    (void)state;
    come(&roster, 1, "0a0a0a0a", BOB_PRINT);
    come(&roster, 2, "?0a0a0a0a", ZED_PRINT);
    come(&roster, 3, "eve", "0a0a0a0a000000000000000000000000");
    expect(&roster, "?0a0a0a0a", ROSTER_NOBODY);
    apply(&roster, EVENT_PEER_JOINED, 0x0a, "", "");
    expect_found(&roster, "?0a0a0a0a", 0x0a);
    expect_found(&roster, "?0A0A0A0A:", 0x0a);
    expect(&roster, "?", ROSTER_NOBODY);
    expect(&roster, "?eve", ROSTER_NOBODY);
    roster_clear(&roster);
}

static void another_order_or_label_does_not_hold(void **state) {
    struct roster roster = {0};
    (void)state;
    come(&roster, 1, "alice", ZED_PRINT);
    come(&roster, 2, "bob", BOB_PRINT);
    struct member first = roster.members[0];
    roster.members[0] = roster.members[1];
    roster.members[1] = first;
    assert_false(roster_holds(&roster));
    roster.members[1] = roster.members[0];
    roster.members[0] = first;
    assert_true(roster_holds(&roster));
    roster.members[1].nick[0] = 'B';
    assert_false(roster_holds(&roster));
    roster_clear(&roster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_order_or_label_does_not_hold),
        cmocka_unit_test(labels_are_filtered_and_end_in_digits),
        cmocka_unit_test(the_longest_label_keeps_its_digits),
        cmocka_unit_test(a_label_follows_key_and_nick),
        cmocka_unit_test(who_is_alike_has_more_digits),
        cmocka_unit_test(who_is_not_here_is_told_apart_too),
        cmocka_unit_test(any_digits_tell_bearers_apart),
        cmocka_unit_test(what_is_told_of_the_unknown_changes_nothing),
        cmocka_unit_test(connected_fills_in_and_lost_keeps_it),
        cmocka_unit_test(a_new_path_changes_only_the_path),
        cmocka_unit_test(who_comes_twice_is_there_once),
        cmocka_unit_test(any_may_leave),
        cmocka_unit_test(order_holds_through_renames),
        cmocka_unit_test(nicks_are_found_exactly_then_in_any_case),
        cmocka_unit_test(nicks_are_found_however_they_are_typed),
        cmocka_unit_test(the_same_nick_needs_digits),
        cmocka_unit_test(ids_and_fingerprints_are_found_by_four_digits),
        cmocka_unit_test(a_whole_number_is_nobodys_nick),
        cmocka_unit_test(digits_of_two_are_ambiguous),
        cmocka_unit_test(one_sign_after_the_name_is_not_looked_at),
        cmocka_unit_test(every_label_finds_its_member),
        cmocka_unit_test(a_nick_like_a_label_is_not_found_for_it),
        cmocka_unit_test(a_nick_like_digits_leaves_it_open_who_is_meant),
        cmocka_unit_test(the_label_of_the_unknown_is_an_id),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("roster", tests, NULL, NULL);
}
