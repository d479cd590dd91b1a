#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/network/nat_check.h"

#define START 100000

static struct address parsed(const char *text) {
    struct address address;
    assert_true(address_parse(text, 0, &address));
    return address;
}

/* Servers that answer as the test says, and a log of who was asked. */
struct fake {
    struct nat_check check;
    uint64_t now;
    const char *other; /* OTHER-ADDRESS of every server; NULL: none */
    bool dependent;    /* each server sees another port */
    bool silent[3];    /* by the last byte of the server's address, 1 to 3 */
    bool refuses;
    unsigned asked[4];
    unsigned packets;
    struct address last;
};

static void answer(struct fake *fake, const struct address *server, const uint8_t *packet, size_t size) {
    struct stun_request request;
    struct stun_response response = {.mapped = parsed("198.51.100.7:40000")};
    uint8_t out[STUN_RESPONSE_MAX];
    unsigned number = server->ip[15] & 3;
    fake->packets++;
    fake->asked[number]++;
    fake->last = *server;
    assert_true(stun_decode_request(packet, size, &request));
    if (number > 0 && fake->silent[number - 1]) return;
    if (fake->dependent) response.mapped.port = (uint16_t)(40000 + number);
    if (fake->other) response.other = parsed(fake->other);
    if (fake->refuses) request.unknown[request.unknown_count++] = 0x7777;
    size_t answered = stun_encode_response(&request, &response, out, sizeof out);
    assert_true(nat_check_receive(&fake->check, server, out, answered, fake->now));
    assert_false(nat_check_receive(&fake->check, server, out, answered, fake->now));
}

/* Lets time go on until the check has nothing more to do. */
static void run(struct fake *fake) {
    uint64_t due;
    while ((due = nat_check_due(&fake->check)) != UINT64_MAX) {
        struct address to;
        uint8_t packet[STUN_REQUEST_MAX];
        size_t size;
        if (due > fake->now) fake->now = due;
        while ((size = nat_check_tick(&fake->check, fake->now, &to, packet)) > 0) answer(fake, &to, packet, size);
        assert_in_range(fake->packets, 0, 3 * 2 * STUN_QUERY_TRIES);
    }
}

static void start(struct fake *fake, const char *const *servers, size_t count) {
    struct address addresses[4];
    for (size_t i = 0; i < count; i++) addresses[i] = parsed(servers[i]);
    nat_check_init(&fake->check);
    nat_check_set_servers(&fake->check, addresses, count);
    nat_check_seen(&fake->check, &addresses[0]);
}

#define FIRST "203.0.113.1:9595"
#define SECOND "203.0.113.2:9595"
#define THIRD "203.0.113.3:9595"
static const char *const servers[] = {FIRST, SECOND, THIRD};

static void never_started(void **state) {
    (void)state;
    struct nat_check check;
    struct address server = parsed(FIRST);
    nat_check_init(&check);
    nat_check_set_servers(&check, &server, 1);
    nat_check_moved(&check); /* nothing is known that could have changed */
    assert_int_equal(check.mapping, NAT_MAPPING_UNKNOWN);
    assert_true(nat_check_due(&check) == UINT64_MAX);
}

static void compares_two_bootnodes(void **state) {
    (void)state;
    for (int dependent = 0; dependent < 2; dependent++) {
        struct fake fake = {.now = START, .dependent = dependent};
        start(&fake, servers, 2);
        run(&fake);
        assert_int_equal(fake.check.mapping, dependent ? NAT_MAPPING_DEPENDENT : NAT_MAPPING_INDEPENDENT);
        assert_int_equal(fake.packets, 2);
        assert_int_equal(fake.check.mapped.port, dependent ? 40001 : 40000);
    }
}

static void asks_the_other_address(void **state) {
    (void)state;
    struct fake fake = {.now = START, .dependent = true, .other = "203.0.113.2:9596"};
    start(&fake, servers, 1);
    run(&fake);
    assert_int_equal(fake.check.mapping, NAT_MAPPING_DEPENDENT);
    assert_int_equal(fake.last.port, 9596);
    assert_int_equal(fake.packets, 2);
}

static void one_address_tells_nothing(void **state) {
    (void)state;
    static const char *const same_host[] = {FIRST, "203.0.113.1:9600", "[2001:db8::1]:9595"};
    struct fake fake = {.now = START};
    start(&fake, same_host, 3);
    run(&fake);
    assert_int_equal(fake.check.mapping, NAT_MAPPING_UNKNOWN);
    assert_int_equal(fake.packets, 1);
    assert_int_equal(fake.check.mapped.port, 40000);
}

static void ipv4_comes_first(void **state) {
    (void)state;
    static const char *const both[] = {"[2001:db8::1]:9595", "[2001:db8::2]:9595", SECOND, THIRD};
    struct fake fake = {.now = START};
    start(&fake, both, 4);
    run(&fake);
    assert_int_equal(fake.check.mapping, NAT_MAPPING_INDEPENDENT);
    assert_int_equal(fake.asked[1], 0);
    assert_int_equal(fake.asked[2] + fake.asked[3], 2);
}

static void a_silent_server_is_asked_again_and_left(void **state) {
    (void)state;
    struct fake fake = {.now = START, .silent = {true, false, false}};
    start(&fake, servers, 3);
    run(&fake);
    assert_int_equal(fake.asked[1], STUN_QUERY_TRIES);
    assert_int_equal(fake.check.mapping, NAT_MAPPING_INDEPENDENT);
    fake = (struct fake){.now = START, .silent = {false, true, false}, .dependent = true};
    start(&fake, servers, 3);
    run(&fake);
    assert_int_equal(fake.asked[2], STUN_QUERY_TRIES);
    assert_int_equal(fake.check.mapping, NAT_MAPPING_DEPENDENT);
    fake = (struct fake){.now = START, .silent = {true, true, true}};
    start(&fake, servers, 3);
    fake.check.mapping = NAT_MAPPING_DEPENDENT; /* of a network that we have left */
    run(&fake);
    assert_int_equal(fake.check.mapping, NAT_MAPPING_UNKNOWN);
    assert_int_equal(fake.packets, 3 * STUN_QUERY_TRIES);
    assert_int_equal(fake.now, START + 3 * STUN_QUERY_WAIT_MS * ((1 << STUN_QUERY_TRIES) - 1));
}

static void tell_servers(struct fake *fake, size_t count) {
    struct address addresses[3];
    for (size_t i = 0; i < count; i++) addresses[i] = parsed(servers[i]);
    nat_check_set_servers(&fake->check, addresses, count);
}

static void a_second_server_found_late_is_asked(void **state) {
    (void)state;
    struct fake fake = {.now = START, .dependent = true};
    start(&fake, servers, 1);
    run(&fake);
    assert_int_equal(fake.check.mapping, NAT_MAPPING_UNKNOWN);
    tell_servers(&fake, 1);
    assert_true(nat_check_due(&fake.check) == UINT64_MAX);
    tell_servers(&fake, 2);
    run(&fake);
    assert_int_equal(fake.check.mapping, NAT_MAPPING_DEPENDENT);
    tell_servers(&fake, 3);
    assert_true(nat_check_due(&fake.check) == UINT64_MAX); /* it is known now */
}

/* The second bootnode is down at first; it has seen us when we register there. */
static void a_second_server_that_comes_back_is_asked(void **state) {
    (void)state;
    struct fake fake = {.now = START, .silent = {false, true, false}};
    struct address seen = parsed("198.51.100.7:40000");
    start(&fake, servers, 2);
    run(&fake);
    assert_int_equal(fake.check.mapping, NAT_MAPPING_UNKNOWN);
    fake.silent[1] = false;
    nat_check_seen(&fake.check, &seen);
    run(&fake);
    assert_int_equal(fake.check.mapping, NAT_MAPPING_INDEPENDENT);
}

static void nobody_is_asked_again_in_vain(void **state) {
    (void)state;
    struct fake fake = {.now = START};
    struct address seen = parsed("198.51.100.7:40000");
    start(&fake, servers, 1);
    run(&fake);
    nat_check_seen(&fake.check, &seen);
    assert_true(nat_check_due(&fake.check) == UINT64_MAX);
}

static void a_refusal_is_no_answer(void **state) {
    (void)state;
    struct fake fake = {.now = START, .refuses = true};
    start(&fake, servers, 3);
    run(&fake);
    assert_int_equal(fake.check.mapping, NAT_MAPPING_UNKNOWN);
    assert_int_equal(fake.packets, 3);
}

static void the_other_address_may_not_be_anything(void **state) {
    (void)state;
    static const struct {
        const char *server, *other;
        bool usable;
    } rows[] = {
        {FIRST, "203.0.113.2:9596", true},
        {FIRST, "203.0.113.1:9596", false},
        {FIRST, "192.168.1.1:53", false},
        {FIRST, "127.0.0.1:53", false},
        {FIRST, "224.0.0.1:53", false},
        {FIRST, "203.0.113.2:0", false},
        {FIRST, "[2001:db8::1]:9595", false},
        {"127.0.0.1:9595", "127.0.0.2:9596", true},
        {"10.0.0.1:9595", "10.0.0.2:53", true},
        {"10.0.0.1:9595", "203.0.113.2:53", false},
        {"[2001:db8::1]:1", "[2001:db8::2]:2", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct address server = parsed(rows[i].server), other = parsed(rows[i].other);
        struct fake fake = {.now = START, .other = rows[i].other};
        assert_int_equal(nat_check_other_usable(&server, &other), rows[i].usable);
        start(&fake, &rows[i].server, 1);
        run(&fake);
        assert_int_equal(fake.packets, rows[i].usable ? 2 : 1);
    }
}

static void begins_anew_but_not_often(void **state) {
    (void)state;
    struct fake fake = {.now = START};
    start(&fake, servers, 2);
    run(&fake);
    assert_int_equal(fake.now, START);
    fake.dependent = true;
    nat_check_moved(&fake.check);
    assert_true(nat_check_due(&fake.check) == START + NAT_CHECK_EVERY_MS);
    assert_int_equal(fake.check.mapping, NAT_MAPPING_INDEPENDENT); /* until it is known better */
    nat_check_moved(&fake.check);
    run(&fake);
    assert_int_equal(fake.packets, 4);
    assert_int_equal(fake.now, START + NAT_CHECK_EVERY_MS);
    assert_int_equal(fake.check.mapping, NAT_MAPPING_DEPENDENT);
}

static void another_ip_is_another_network(void **state) {
    (void)state;
    static const struct {
        const char *seen;
        bool wanted;
    } rows[] = {{"198.51.100.7:40000", false},
                {"198.51.100.7:41000", false},
                {"198.51.100.8:40000", true},
                {"[2001:db8::7]:1", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fake fake = {.now = START};
        struct address seen = parsed(rows[i].seen);
        start(&fake, servers, 2);
        run(&fake);
        nat_check_seen(&fake.check, &seen);
        assert_int_equal(nat_check_due(&fake.check) != UINT64_MAX, rows[i].wanted);
    }
}

/* Two rooms register one after the other: that is no reason to ask twice. */
static void what_runs_is_not_begun_anew_unless_we_moved(void **state) {
    (void)state;
    struct fake fake = {.now = START};
    struct address to, elsewhere = parsed("198.51.100.8:1");
    uint8_t packet[STUN_REQUEST_MAX], out[STUN_RESPONSE_MAX];
    struct stun_request request;
    struct stun_response response = {.mapped = elsewhere};
    start(&fake, servers, 2);
    size_t size = nat_check_tick(&fake.check, START, &to, packet);
    assert_true(stun_decode_request(packet, size, &request));
    nat_check_seen(&fake.check, &elsewhere);
    assert_true(nat_check_due(&fake.check) == START + STUN_QUERY_WAIT_MS);
    nat_check_moved(&fake.check);
    fake.now = START + NAT_CHECK_EVERY_MS;
    run(&fake);
    size = stun_encode_response(&request, &response, out, sizeof out);
    assert_false(nat_check_receive(&fake.check, &to, out, size, fake.now)); /* late: to the check before */
    assert_false(nat_check_receive(&fake.check, &to, packet, sizeof packet, fake.now));
    assert_int_equal(fake.check.mapping, NAT_MAPPING_INDEPENDENT);
}

static void knows_its_own_request(void **state) {
    (void)state;
    struct stun_query query = {.state = STUN_QUERY_UNUSED}, another = query;
    const struct stun_request ask = {.clock = true};
    struct address to = parsed(FIRST);
    uint8_t packet[STUN_REQUEST_MAX];
    assert_false(stun_query_is_own(&query, packet, 0));
    stun_query_start(&query, &to, &ask, 1, START);
    stun_query_start(&another, &to, &ask, 1, START);
    size_t size = stun_query_tick(&query, START, packet);
    assert_int_equal(size, 32);
    assert_true(stun_query_is_own(&query, packet, size));
    assert_false(stun_query_is_own(&another, packet, size));
    assert_int_equal(query.sent, 1);
    assert_false(stun_query_over(&query));
    assert_int_equal(stun_query_tick(&query, START + STUN_QUERY_WAIT_MS, packet), 0);
    assert_int_equal(query.state, STUN_QUERY_SILENT);
    assert_true(stun_query_due(&query) == UINT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_started),
        cmocka_unit_test(compares_two_bootnodes),
        cmocka_unit_test(asks_the_other_address),
        cmocka_unit_test(one_address_tells_nothing),
        cmocka_unit_test(ipv4_comes_first),
        cmocka_unit_test(a_silent_server_is_asked_again_and_left),
        cmocka_unit_test(a_second_server_found_late_is_asked),
        cmocka_unit_test(a_second_server_that_comes_back_is_asked),
        cmocka_unit_test(nobody_is_asked_again_in_vain),
        cmocka_unit_test(a_refusal_is_no_answer),
        cmocka_unit_test(the_other_address_may_not_be_anything),
        cmocka_unit_test(begins_anew_but_not_often),
        cmocka_unit_test(another_ip_is_another_network),
        cmocka_unit_test(what_runs_is_not_begun_anew_unless_we_moved),
        cmocka_unit_test(knows_its_own_request),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("nat_check", tests, NULL, NULL);
}
