#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/table/viewer.h"

#define NAMED_MOST 6

static struct address address_of(const char *text) {
    struct address address;
    assert_true(address_parse(text, 0, &address));
    return address;
}

/* A member at one or two addresses, which names some. */
static void make_member(struct session *session, const char *const seen[static SEEN_MAX],
                        const char *const named[static NAMED_MOST]) {
    struct address own = address_of(seen[0]), second;
    struct candidate_list said = {.count = 0}, all;
    memset(session, 0, sizeof *session);
    for (; said.count < NAMED_MOST && named[said.count]; said.count++)
        said.items[said.count] = address_of(named[said.count]);
    if (seen[1]) second = address_of(seen[1]);
    candidates_list(&said, seen[1] ? &second : NULL, &all);
    assert_true(candidates_pack(&session->candidates, &all));
    session_set_address(session, &own, 0);
}

static struct viewer make_viewer(const char *const seen[static SEEN_MAX], const struct public_addresses *outside) {
    static struct session session;
    make_member(&session, seen, (const char *const[NAMED_MOST]){NULL});
    struct viewer viewer = viewer_of(&session, outside);
    candidates_clear(&session.candidates);
    return viewer;
}

static void assert_told(const struct candidate_list *told, const char *const *expected, uint8_t seen) {
    char text[ADDRESS_TEXT_SIZE];
    uint8_t count = 0;
    for (; expected[count]; count++) {
        assert_true(count < told->count);
        assert_string_equal(address_format(&told->items[count], text), expected[count]);
    }
    assert_int_equal(told->count, count);
    assert_int_equal(told->seen, seen);
}

/* PROTOCOL.md §2.3 rule 8 as a table: a candidate of a member seen at `seen`, and who may know it. */
static void one_seen_address(void **state) {
    (void)state;
    static const struct {
        const char *seen, *viewer, *candidate;
        bool shown;
    } cases[] = {
        {"198.51.100.7:1", "192.0.2.1:9", "198.51.100.7:2", true},  /* another port of the same address */
        {"198.51.100.7:1", "192.0.2.1:9", "198.51.100.8:2", false}, /* a stranger */
        {"198.51.100.7:1", "192.0.2.1:9", "192.0.2.1:9", false},    /* the viewer itself */
        {"198.51.100.7:1", "192.0.2.1:9", "198.51.100.7:1", false}, /* the seen one is told once */
        {"198.51.100.7:1", "192.0.2.1:9", "198.51.100.7:0", false},
        {"198.51.100.7:1", "192.0.2.1:9", "10.0.0.1:5", false},
        {"198.51.100.7:1", "198.51.100.7:9", "10.0.0.1:5", true},
        {"198.51.100.7:1", "198.51.100.7:9", "100.64.0.1:5", true},
        {"198.51.100.7:1", "198.51.100.7:9", "[fd00::1]:5", true},
        {"198.51.100.7:1", "198.51.100.7:9", "169.254.0.1:5", true},
        {"198.51.100.7:1", "198.51.100.8:9", "169.254.0.1:5", false},
        {"198.51.100.7:1", "198.51.100.7:9", "[fe80::1]:5", true},
        {"198.51.100.7:1", "198.51.100.8:9", "[fe80::1]:5", false},
        {"198.51.100.7:1", "198.51.100.7:9", "240.0.0.1:5", true},
        {"198.51.100.7:1", "198.51.100.8:9", "240.0.0.1:5", false},
        {"198.51.100.7:1", "198.51.100.7:9", "203.0.113.9:5", false},
        {"198.51.100.7:1", "198.51.100.7:9", "[200::1]:5", false},
        {"198.51.100.7:1", "198.51.100.7:9", "127.0.0.1:5", false},
        {"198.51.100.7:1", "198.51.100.7:9", "224.0.0.1:5", false},
        {"198.51.100.7:1", "198.51.100.7:9", "192.0.2.77:5", false},
        {"[2001:db8::1]:1", "[2001:db8::2]:9", "[2001:db8::1]:5", true},
        {"[2001:db8::1]:1", "[2001:db8::2]:9", "[2001:db8::3]:5", false},
        {"127.0.0.1:1", "127.0.0.1:9", "127.0.0.1:5", true},
        /* One network, of several that the bootnode may be in. */
        {"192.168.1.5:1", "192.168.1.6:9", "10.0.0.1:5", true},
        {"192.168.1.5:1", "192.168.2.6:9", "10.0.0.1:5", false},
        {"10.0.0.5:1", "100.64.0.9:9", "192.168.1.5:5", false},
        {"[fd00::5]:1", "[fd00::6]:9", "[fd01::5]:5", true},
        {"[fd00::5]:1", "[fd00:0:0:1::6]:9", "[fd01::5]:5", false},
        {"[fd00::5]:1", "192.168.1.6:9", "[fd01::5]:5", false},
        {"198.51.100.7:1", "198.51.100.8:9", "10.0.0.1:5", false},
        {"[2001:db8::1]:1", "[2001:db8::2]:9", "10.0.0.1:5", false},
        /* The bootnode's own machine is in all of them. */
        {"127.0.0.1:1", "192.168.1.6:9", "192.168.1.2:5", true},
        {"192.168.1.6:1", "127.0.0.1:9", "10.0.0.1:5", true},
        {"127.0.0.1:1", "[fd00::6]:9", "192.168.1.2:5", true},
        {"127.0.0.1:1", "[::1]:9", "192.168.1.2:5", true},
        {"127.0.0.1:1", "198.51.100.8:9", "192.168.1.2:5", false},
        {"198.51.100.8:1", "127.0.0.1:9", "192.168.1.2:5", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct session member; /* the sanitizer of gcc 12 aligns it wrongly on the stack */
        struct candidate_list told;
        make_member(&member, (const char *const[]){cases[i].seen, NULL},
                    (const char *const[NAMED_MOST]){cases[i].candidate});
        struct viewer viewer = make_viewer((const char *const[]){cases[i].viewer, NULL}, NULL);
        viewer_look(&viewer, &member, &told);
        const char *expected[] = {cases[i].seen, cases[i].shown ? cases[i].candidate : NULL, NULL};
        assert_told(&told, expected, 1);
        candidates_clear(&member.candidates);
    }
}

/* The same with an address of each family, of which the second one is proven. */
static void two_seen_addresses(void **state) {
    (void)state;
    static const struct {
        const char *seen[SEEN_MAX], *viewer[SEEN_MAX], *named[NAMED_MOST], *told[RECORD_CANDIDATES_MAX + 1];
        uint8_t marks;
    } cases[] = {
        /* Both IPs with other ports, and no stranger's. */
        {{"198.51.100.7:1", "[2001:db8::7]:1"},
         {"192.0.2.1:9"},
         {"10.0.0.1:5", "198.51.100.7:2", "[2001:db8::7]:2", "198.51.100.8:2", "[2001:db8::8]:1"},
         {"198.51.100.7:1", "[2001:db8::7]:1", "198.51.100.7:2", "[2001:db8::7]:2", NULL},
         3},
        {{"[2001:db8::7]:1", "198.51.100.7:1"},
         {"192.0.2.1:9"},
         {"198.51.100.7:2", "[2001:db8::7]:1"},
         {"[2001:db8::7]:1", "198.51.100.7:1", "198.51.100.7:2", NULL},
         3},
        /* Behind one IP with either of both. */
        {{"[2001:db8::7]:1", "198.51.100.7:1"},
         {"198.51.100.7:9"},
         {"10.0.0.1:5"},
         {"[2001:db8::7]:1", "198.51.100.7:1", "10.0.0.1:5", NULL},
         3},
        {{"[2001:db8::7]:1", "198.51.100.7:1"},
         {"[2001:db8::9]:1", "198.51.100.7:9"},
         {"10.0.0.1:5"},
         {"[2001:db8::7]:1", "198.51.100.7:1", "10.0.0.1:5", NULL},
         3},
        {{"198.51.100.7:1"},
         {"[2001:db8::9]:1", "198.51.100.7:9"},
         {"10.0.0.1:5"},
         {"198.51.100.7:1", "10.0.0.1:5", NULL},
         1},
        {{"[2001:db8::7]:1", "198.51.100.7:1"},
         {"[2001:db8::9]:1", "198.51.100.9:9"},
         {"10.0.0.1:5"},
         {"[2001:db8::7]:1", "198.51.100.7:1", NULL},
         3},
        /* A session that has moved to the family of what it had proven: that counts no more. */
        {{"198.51.100.7:1", "198.51.100.9:1"}, {"192.0.2.1:9"}, {NULL}, {"198.51.100.7:1", NULL}, 1},
        {{"198.51.100.7:1", "198.51.100.7:2"}, {"192.0.2.1:9"}, {NULL}, {"198.51.100.7:1", "198.51.100.7:2", NULL}, 1},
        /* All that there may be. */
        {{"[2001:db8::7]:1", "198.51.100.7:1"},
         {"192.0.2.1:9"},
         {"198.51.100.7:2", "198.51.100.7:3", "198.51.100.7:4", "[2001:db8::7]:2", "[2001:db8::7]:3",
          "[2001:db8::7]:4"},
         {"[2001:db8::7]:1", "198.51.100.7:1", "198.51.100.7:2", "198.51.100.7:3", "198.51.100.7:4", "[2001:db8::7]:2",
          "[2001:db8::7]:3", "[2001:db8::7]:4", NULL},
         3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct session member;
        struct candidate_list told;
        make_member(&member, cases[i].seen, cases[i].named);
        struct viewer viewer = make_viewer(cases[i].viewer, NULL);
        viewer_look(&viewer, &member, &told);
        assert_told(&told, cases[i].told, cases[i].marks);
        candidates_clear(&member.candidates);
    }
}

/* A member of the bootnode's own machine or network, and the public IP that the operator has told. */
static void members_of_our_own_network(void **state) {
    (void)state;
    static const struct {
        const char *seen[SEEN_MAX], *viewer[SEEN_MAX], *named[NAMED_MOST], *told[RECORD_CANDIDATES_MAX + 1];
        uint8_t marks;
    } cases[] = {
        /* From outside: the public IP, with the port that was seen, and what the member has mapped there. */
        {{"127.0.0.1:4000"},
         {"198.51.100.9:1"},
         {"192.168.1.5:4000", "203.0.113.50:5000", "[2001:db8::50]:4000", "127.0.0.1:7"},
         {"203.0.113.50:4000", "203.0.113.50:5000", "[2001:db8::50]:4000", NULL},
         1},
        {{"192.168.1.5:4000"},
         {"198.51.100.9:1"},
         {"192.168.1.5:4000", "192.168.1.5:4001", "203.0.113.51:1"},
         {"203.0.113.50:4000", NULL},
         1},
        {{"[::1]:4000", "127.0.0.1:4000"},
         {"198.51.100.9:1"},
         {NULL},
         {"[2001:db8::50]:4000", "203.0.113.50:4000", NULL},
         3},
        /* From within, and through the router's own public address: both. */
        {{"192.168.1.5:4000"},
         {"192.168.1.6:1"},
         {"10.0.0.5:4000"},
         {"192.168.1.5:4000", "203.0.113.50:4000", "10.0.0.5:4000", NULL},
         1},
        {{"127.0.0.1:4000"},
         {"203.0.113.50:77"},
         {"192.168.1.5:4000"},
         {"127.0.0.1:4000", "203.0.113.50:4000", "192.168.1.5:4000", NULL},
         1},
        {{"203.0.113.50:77"},
         {"127.0.0.1:4000"},
         {"192.168.1.5:4000"},
         {"203.0.113.50:77", "192.168.1.5:4000", NULL},
         1},
        /* From another network within, and from one that cannot be told: where it was seen, and no more. */
        {{"10.1.2.3:4000"},
         {"100.64.0.9:1"},
         {"10.1.2.3:4001", "192.168.7.5:4000", "172.16.0.5:4000"},
         {"10.1.2.3:4000", "203.0.113.50:4000", "10.1.2.3:4001", NULL},
         1},
        {{"192.168.1.5:4000"},
         {"203.0.113.50:77"},
         {"10.0.0.5:4000"},
         {"192.168.1.5:4000", "203.0.113.50:4000", NULL},
         1},
        {{"203.0.113.50:77"}, {"192.168.1.5:4000"}, {"10.0.0.5:4000"}, {"203.0.113.50:77", NULL}, 1},
        /* Who is elsewhere is told as ever. */
        {{"198.51.100.7:1"}, {"192.168.1.6:1"}, {"10.0.0.5:4000", "203.0.113.50:1"}, {"198.51.100.7:1", NULL}, 1},
    };
    struct public_addresses outside;
    assert_true(public_address_parse("203.0.113.50, 2001:db8::50", &outside));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct session member;
        struct candidate_list told;
        make_member(&member, cases[i].seen, cases[i].named);
        struct viewer viewer = make_viewer(cases[i].viewer, &outside);
        viewer_look(&viewer, &member, &told);
        assert_told(&told, cases[i].told, cases[i].marks);
        candidates_clear(&member.candidates);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seen_address),
        cmocka_unit_test(two_seen_addresses),
        cmocka_unit_test(members_of_our_own_network),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("viewer", tests, NULL, NULL);
}
