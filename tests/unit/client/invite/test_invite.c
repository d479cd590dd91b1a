#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/invite/invite.h"
#include "common/text.h"

/* Appendix B of PROTOCOL.md: computed in another language. e2e/invites compares the two lists. */
static const char *const vectors[] = {
    "gochat://chat.example.org/tea#AErYBWI",
    "gochat://chat.example.org/tea#BHWncbkh6vZDs5v_WRg0ipPgo7wY",
    "gochat://chat.example.org/tea#AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fTZC7pA",
    "gochat://192.0.2.1:4000,[2001:db8::1]/"
    "lobby%20%C3%A9#BG9wZW4gc2VzYW1ldadxuSHq9kOzm_9ZGDSKkwAAAAAAAAAAAAAAAAAAAAAvrIx2",
    "gochat://localhost/tea#CN2tFcY",
    "gochat://chat.example.org/"
    "tea%20%26%20cake#BYCBgoOEhYaHiImKi4yNjo-QkZKTlJWWl5iZmpucnZ6fdadxuSHq9kOzm_9ZGDSKk0o0QfU",
    "gochat://chat.example.org/"
    "tea#BoCBgoOEhYaHiImKi4yNjo-"
    "QkZKTlJWWl5iZmpucnZ6fAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJ3Wncbkh6vZDs5v_WRg0ipNjznmM",
    "gochat://a.example,b.example:1,c.example,d.example:65535/"
    "tea#B4CBgoOEhYaHiImKi4yNjo-"
    "QkZKTlJWWl5iZmpucnZ6fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9AQUJDREVGR3Wncbkh6vZDs5v_"
    "WRg0ipMAAAAAAAAAAAAAAAAAAAAAmJrjmhu7gkFbo_YAV9MYQgAAAAAAAAAAAAAAAAAAAABtIYog",
};
#define VECTORS (sizeof vectors / sizeof *vectors)

static void run(uint8_t *out, size_t size, unsigned from) {
    for (size_t i = 0; i < size; i++) out[i] = (uint8_t)(from + i);
}

static void add_host(struct invite *invite, const char *name, unsigned key_from) {
    struct invite_host *host = &invite->hosts[invite->host_count++];
    uint8_t key[32];
    snprintf(host->name, sizeof host->name, "%s", name);
    if (key_from == 0) return;
    run(key, sizeof key, key_from);
    key_print_derive(key, host->print);
    host->has_print = true;
}

static struct invite invite_to(enum invite_kind kind, const char *room, size_t secret_size, unsigned secret_from) {
    struct invite invite = {.kind = kind, .secret_size = secret_size};
    snprintf(invite.room, sizeof invite.room, "%s", room);
    run(invite.secret, secret_size, secret_from);
    if (kind != INVITE_SECRET) run(invite.root, sizeof invite.root, 0x80);
    return invite;
}

/* What the vectors were made of. */
static void make(struct invite made[static VECTORS]) {
    made[0] = invite_to(INVITE_SECRET, "tea", 0, 0);
    made[1] = invite_to(INVITE_SECRET, "tea", 0, 0);
    made[2] = invite_to(INVITE_SECRET, "tea", 32, 0);
    made[3] = invite_to(INVITE_SECRET, "lobby \u00e9", 11, 0);
    memcpy(made[3].secret, "open sesame", 11);
    made[4] = invite_to(INVITE_SECRET, "tea", 0, 0);
    made[4].passphrase = true;
    made[5] = invite_to(INVITE_PRIVATE, "tea & cake", 0, 0);
    made[6] = invite_to(INVITE_EPOCH, "tea", 40, 0);
    made[7] = invite_to(INVITE_DOOR, "tea", 40, 0x20);
    add_host(&made[0], "chat.example.org", 0);
    add_host(&made[1], "chat.example.org", 0x40);
    add_host(&made[2], "chat.example.org", 0);
    add_host(&made[3], "192.0.2.1:4000", 0x40);
    add_host(&made[3], "[2001:db8::1]", 0);
    add_host(&made[4], "localhost", 0);
    add_host(&made[5], "chat.example.org", 0x40);
    add_host(&made[6], "chat.example.org", 0x40);
    add_host(&made[7], "a.example", 0x40);
    add_host(&made[7], "b.example:1", 0);
    add_host(&made[7], "c.example", 0x60);
    add_host(&made[7], "d.example:65535", 0);
}

static struct invite parse(const char *text) {
    struct invite invite;
    struct why why = {""};
    if (!invite_parse(text, &invite, &why)) fail_msg("%s: %s", text, why.text);
    assert_true(invite_holds(&invite));
    return invite;
}

/* One line, safe to print, that has `part` in it. */
static void refuse(const char *text, const char *part) {
    struct invite invite;
    struct why why = {""};
    char filtered[3 * sizeof why.text];
    if (invite_parse(text, &invite, &why)) fail_msg("%s was taken", text);
    (void)text_filter(why.text, strlen(why.text), false, filtered, sizeof filtered);
    assert_string_equal(why.text, filtered);
    if (!strstr(why.text, part)) fail_msg("%s: %s", text, why.text);
}

static void vectors_are_made_and_read(void **state) {
    struct invite made[VECTORS];
    char text[INVITE_TEXT_SIZE];
    (void)state;
    make(made);
    for (size_t i = 0; i < VECTORS; i++) {
        assert_true(invite_holds(&made[i]));
        invite_format(&made[i], text);
        assert_string_equal(text, vectors[i]);
        struct invite read = parse(vectors[i]);
        assert_memory_equal(&read, &made[i], sizeof read);
    }
}

/* Returns whether it means the same; if not, it is refused with the right word. */
static bool flip(const char *vector, const struct invite *right, size_t at, int other) {
    char text[INVITE_TEXT_SIZE];
    struct invite read;
    struct why why = {""};
    snprintf(text, sizeof text, "%s", vector);
    text[at] = (char)other;
    if (other == 0) return false; /* that cuts it off */
    if (invite_parse(text, &read, &why)) {
        assert_memory_equal(&read, right, sizeof read);
        return true;
    }
    const char *expected = at < strlen("gochat://") ? "expected an invite" : "mistyped";
    if (!strstr(why.text, expected) && !strstr(why.text, "cut off")) fail_msg("%s: %s", text, why.text);
    return false;
}

/* Whatever stands there instead of any one character; of the longer ones a choice. */
static void each_flipped_character_is_noticed(void **state) {
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        const struct invite right = parse(vectors[i]);
        size_t same = 0;
        for (size_t at = 0; at < strlen(vectors[i]); at++)
            for (int step = 1; step < 256; step += i < 3 ? 1 : 32)
                same += flip(vectors[i], &right, at, vectors[i][at] ^ step);
        for (size_t at = 0; at < strlen(vectors[i]); at++) same += flip(vectors[i], &right, at, vectors[i][at] ^ 0x20);
        /* Letters of the scheme, of hosts and of %XX in the other case, and no more. */
        assert_in_range(same, 6, 60);
    }
}

static void one_that_is_cut_off_is_noticed(void **state) {
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        char text[INVITE_TEXT_SIZE];
        for (size_t size = strlen("gochat://x"); size < strlen(vectors[i]); size++) {
            snprintf(text, size + 1, "%s", vectors[i]);
            struct invite read;
            struct why why = {""};
            if (invite_parse(text, &read, &why)) fail_msg("%s was taken", text);
            if (!strstr(why.text, "cut off") && !strstr(why.text, "mistyped")) fail_msg("%s: %s", text, why.text);
        }
    }
    refuse("gochat://chat.example.org/te", "mistyped or cut off: it has no #");
    refuse("gochat://chat.example.org/tea#", "cut off behind its #");
    refuse("gochat://chat.example.org/tea#AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f", "mistyped or cut off");
    refuse("gochat://chat.example.org/tea#AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fTZC7p", "49 characters");
}

/* Two that changed places. */
static void swapped_characters_are_noticed(void **state) {
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        char text[INVITE_TEXT_SIZE];
        for (size_t at = 0; at + 1 < strlen(vectors[i]); at++) {
            struct invite read;
            struct why why;
            if (vectors[i][at] == vectors[i][at + 1]) continue;
            snprintf(text, sizeof text, "%s", vectors[i]);
            text[at] = vectors[i][at + 1];
            text[at + 1] = vectors[i][at];
            assert_false(invite_parse(text, &read, &why));
        }
    }
}

static void what_mail_does_to_it_is_undone(void **state) {
    static const char *const sent[] = {
        " gochat://chat.example.org/tea#AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fTZC7pA\r\n",
        "<gochat://chat.example.org/tea#AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fTZC7pA>",
        "\u201cgochat://chat.example.org/tea#AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fTZC7pA\u201d.",
        "'GoChat://Chat.Example.ORG:9595/tea#AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fTZC7pA',",
        "gochat://chat.example.org/tea#AAABAgMEBQYHCAkKCwwNDg\r\n8QERITFBUWFx\n  gZGhscHR4fTZC7pA",
        "gochat://chat.exa=\r\nmple.org/tea#AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4=\nfTZC7pA=",
        "> gochat://chat.example.org/tea#AAABAgMEBQYHCAkKCwwNDg\n> > 8QERITFBUWFxgZGhscHR4fTZC7pA",
        "gochat://chat.example.org/\u200btea#AAABAgMEBQYHCAkKCwwNDg8\u00adQERITFBUWFxgZGhscHR4fTZC7pA\ufeff",
        "gochat://chat.example.org/%74%65a#AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fTZC7pA)",
    };
    const struct invite right = parse(vectors[2]);
    (void)state;
    for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) {
        struct invite read = parse(sent[i]);
        assert_memory_equal(&read, &right, sizeof read);
        assert_true(invite_is(sent[i]));
    }
}

static void what_is_wrong_is_said(void **state) {
    (void)state;
    refuse("https://chat.example.org/tea#AErYBWI", "begins with gochat://, not with 'https://'");
    refuse("tea", "expected an invite, as in gochat://HOST/ROOM#");
    refuse("", "expected an invite, as in gochat://HOST/ROOM#");
    refuse("gochat://chat.example.org#AErYBWI", "no / parts");
    refuse("gochat:///tea#AErYBWI", "no bootnode can be called ''");
    refuse("gochat://a..b/tea#AErYBWI", "no bootnode can be called 'a..b'");
    refuse("gochat://a:0/tea#AErYBWI", "no bootnode can be called 'a:0'");
    refuse("gochat://[fe80::1%25eth0]/tea#AErYBWI", "no bootnode can be called");
    refuse("gochat://a%0/tea#AErYBWI", "no bootnode can be called 'a%0'");
    refuse("gochat://a,b,a/tea#AErYBWI", "twice it has the bootnode 'a'");
    refuse("gochat://a,b,c,d,e/tea#AErYBWI", "more than 4 bootnodes");
    refuse("gochat://chat.example.org/#AErYBWI", "no room can be called ''");
    refuse("gochat://chat.example.org/t%00ea#AErYBWI", "no room can be called 't%00ea'");
    refuse("gochat://chat.example.org/t%1bea#AErYBWI", "no room can be called 't\uFFFDea'");
    refuse("gochat://chat.example.org/tea#AErY+BWI", "behind its # nothing can go on with '+'; copy it again");
    refuse("gochat://chat.example.org/tea#A\u20acrYBWI", "behind its # nothing can go on with '\u20ac'; copy it again");
    refuse("gochat://chat.example.com/tea#AErYBWI", "does not fit the bootnode 'chat.example.com', the room 'tea'");
}

/* With a right checksum: another version made it. */
static void later_kinds_are_said_to_be_later(void **state) {
    (void)state;
    refuse("gochat://chat.example.org/tea#EPFHKcc", "of a kind (16) that this version of GoChat does not know");
    refuse("gochat://chat.example.org/tea#CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAkOlJCQ", "of a kind (9)");
    refuse("gochat://chat.example.org/"
           "tea#AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACcg2JQ",
           "of a kind (2)");
}

static void it_is_told_from_other_words(void **state) {
    (void)state;
    assert_true(invite_is("gochat://x"));
    assert_true(invite_is("  <GOCHAT://x"));
    assert_false(invite_is("gochat"));
    assert_false(invite_is("gochat:/x"));
    assert_false(invite_is("the gochat://x"));
    assert_false(invite_is(""));
}

static void hosts_have_one_form(void **state) {
    static const struct {
        const char *given, *expected;
    } hosts[] = {{"Chat.Example.ORG:9595", "chat.example.org"},
                 {"[2001:DB8:0::1]:9595", "[2001:db8::1]"},
                 {"2001:db8::1", "[2001:db8::1]"},
                 {"[::1]:1", "[::1]:1"},
                 {"192.0.2.1:9595", "192.0.2.1"},
                 {"localhost:4000", "localhost:4000"}};
    char host[INVITE_HOST_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        assert_true(invite_host_parse(hosts[i].given, host));
        assert_string_equal(host, hosts[i].expected);
        assert_true(invite_host_parse(host, host));
        assert_string_equal(host, hosts[i].expected);
    }
    assert_false(invite_host_parse("fe80::1%1", host));
    assert_false(invite_host_parse("a,b", host));
    assert_false(invite_host_parse("", host));
}

static void a_bootnode_is_found_in_a_list_however_it_is_written(void **state) {
    static const char list[] = "Chat.example.org:9595, [2001:DB8:0::1]:4000,fe80::1%1";
    (void)state;
    assert_true(invite_host_among("chat.example.org", list));
    assert_true(invite_host_among("[2001:db8::1]:4000", list));
    assert_true(invite_host_among("FE80::1%1", list));
    assert_false(invite_host_among("[2001:db8::1]", list));
    assert_false(invite_host_among("example.org", list));
    assert_false(invite_host_among("chat.example.org", ""));
}

/* The longest of all fits its buffer. */
static void the_longest_comes_back(void **state) {
    struct invite invite = invite_to(INVITE_SECRET, "", INVITE_SECRET_MAX, 1), read;
    char text[INVITE_TEXT_SIZE], host[INVITE_HOST_SIZE];
    (void)state;
    for (size_t i = 0; i < ROOM_NAME_MAX; i += 2) memcpy(invite.room + i, "\u00e9", 2);
    for (unsigned i = 0; i < BOOTNODES_MAX; i++) {
        for (size_t at = 0; at < 253; at++) host[at] = at % 63 == 62 ? '.' : (char)('a' + i);
        strcpy(host + 253, ":65535");
        add_host(&invite, host, 1 + i);
    }
    invite_format(&invite, text);
    read = parse(text);
    assert_memory_equal(&read, &invite, sizeof read);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_are_made_and_read),
        cmocka_unit_test(each_flipped_character_is_noticed),
        cmocka_unit_test(one_that_is_cut_off_is_noticed),
        cmocka_unit_test(swapped_characters_are_noticed),
        cmocka_unit_test(what_mail_does_to_it_is_undone),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(later_kinds_are_said_to_be_later),
        cmocka_unit_test(it_is_told_from_other_words),
        cmocka_unit_test(hosts_have_one_form),
        cmocka_unit_test(a_bootnode_is_found_in_a_list_however_it_is_written),
        cmocka_unit_test(the_longest_comes_back),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
