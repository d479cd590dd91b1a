#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/ports/port_keeper.h"
#include "common/log.h"

#define OURS 9000
#define HOUR_MS 3600000ull
#define START 1000000

/* A gateway that does as it is told, and remembers what it was asked. */
struct gateway {
    bool silent;
    unsigned taken; /* so many external ports */
    const char *ip;
    uint16_t other_port; /* 0: what is asked for */
    uint32_t lease_s;
    unsigned asked, unmapped;
    struct port_request last;
    uint16_t last_unmapped;
};

static struct gateway natpmp, upnp;

static enum port_answer map(void *context, const struct port_request *request, struct port_grant *out) {
    struct gateway *gateway = context;
    gateway->asked++;
    gateway->last = *request;
    if (gateway->silent) return PORT_FAILED;
    if (gateway->taken > 0) {
        gateway->taken--;
        return PORT_TAKEN;
    }
    assert_true(address_parse(gateway->ip, 1, &out->external));
    out->external.port = gateway->other_port ? gateway->other_port : request->external;
    out->lease_s = gateway->lease_s;
    return PORT_GRANTED;
}

static void unmap(void *context, uint16_t port, uint16_t external) {
    struct gateway *gateway = context;
    assert_int_equal(port, OURS);
    gateway->unmapped++;
    gateway->last_unmapped = external;
}

static const struct port_protocol protocols[] = {{.name = "NAT-PMP", .context = &natpmp, .map = map, .unmap = unmap},
                                                 {.name = "UPnP", .context = &upnp, .map = map, .unmap = unmap}};

static int start(void **state) {
    static struct port_keeper keeper;
    natpmp = upnp = (struct gateway){.ip = "203.0.113.21", .lease_s = PORT_LEASE_S};
    port_keeper_init(&keeper, protocols, 2, OURS);
    *state = &keeper;
    return 0;
}

static void assert_external(const struct port_keeper *keeper, const char *expected) {
    char text[ADDRESS_TEXT_SIZE];
    assert_string_equal(keeper->external.port ? address_format(&keeper->external, text) : "", expected);
}

static void a_mapping_is_renewed_at_half_its_life(void **state) {
    struct port_keeper *keeper = *state;
    assert_true(port_keeper_tick(keeper, START));
    assert_external(keeper, "203.0.113.21:9000");
    assert_int_equal(natpmp.last.lease_s, PORT_LEASE_S);
    assert_int_equal(keeper->due, START + HOUR_MS / 2);
    assert_false(port_keeper_tick(keeper, keeper->due - 1));
    assert_int_equal(natpmp.asked, 1);
    assert_false(port_keeper_tick(keeper, keeper->due));
    assert_int_equal(natpmp.asked, 2);
    assert_int_equal(keeper->due, START + HOUR_MS);
    assert_int_equal(upnp.asked, 0);
}

static void the_second_protocol_is_asked_where_the_first_fails(void **state) {
    struct port_keeper *keeper = *state;
    natpmp.silent = true;
    assert_true(port_keeper_tick(keeper, START));
    assert_external(keeper, "203.0.113.21:9000");
    assert_int_equal(upnp.asked, 1);
    (void)port_keeper_tick(keeper, keeper->due);
    assert_int_equal(natpmp.asked, 1); /* who granted is asked first from then on */
    assert_int_equal(upnp.asked, 2);
}

static void tries_that_fail_are_further_and_further_apart(void **state) {
    struct port_keeper *keeper = *state;
    uint64_t now = START, waits[10];
    natpmp.silent = upnp.silent = true;
    for (size_t i = 0; i < 10; i++) {
        assert_false(port_keeper_tick(keeper, now));
        waits[i] = keeper->due - now;
        now = keeper->due;
    }
    assert_int_equal(waits[0], PORT_BACKOFF_FIRST_MS);
    assert_int_equal(waits[1], 2 * PORT_BACKOFF_FIRST_MS);
    assert_int_equal(waits[9], PORT_BACKOFF_MOST_MS);
    assert_int_equal(natpmp.asked, 10);
    natpmp.silent = false;
    assert_true(port_keeper_tick(keeper, now));
}

static void a_mapping_that_is_not_renewed_counts_until_it_ends(void **state) {
    struct port_keeper *keeper = *state;
    (void)port_keeper_tick(keeper, START);
    natpmp.silent = upnp.silent = true;
    assert_false(port_keeper_tick(keeper, START + HOUR_MS / 2));
    assert_int_equal(keeper->due, START + HOUR_MS * 3 / 4);
    unsigned tries = 0;
    while (!port_keeper_tick(keeper, keeper->due)) assert_true(++tries < 20);
    assert_external(keeper, "");
    assert_in_range(natpmp.asked, 5, 20);
    port_keeper_end(keeper);
    assert_int_equal(natpmp.unmapped, 0);
}

static void an_external_address_that_changed_is_news(void **state) {
    struct port_keeper *keeper = *state;
    (void)port_keeper_tick(keeper, START);
    natpmp.ip = "203.0.113.121";
    assert_true(port_keeper_tick(keeper, keeper->due));
    assert_external(keeper, "203.0.113.121:9000");
    natpmp.other_port = 7777;
    assert_true(port_keeper_tick(keeper, keeper->due));
    assert_external(keeper, "203.0.113.121:7777");
    (void)port_keeper_tick(keeper, keeper->due);
    assert_int_equal(natpmp.last.external, 7777); /* what it has is what it asks for */
}

static void a_taken_port_makes_it_ask_for_others(void **state) {
    struct port_keeper *keeper = *state;
    natpmp.silent = true;
    upnp.taken = 2;
    assert_true(port_keeper_tick(keeper, START));
    assert_int_equal(upnp.asked, 3);
    assert_in_range(upnp.last.external, 49152, 65535);
    assert_int_equal(keeper->external.port, upnp.last.external);
    assert_int_equal(upnp.last.port, OURS);
    port_keeper_end(keeper);
    assert_int_equal(upnp.last_unmapped, upnp.last.external);
}

static void it_does_not_ask_for_others_for_ever(void **state) {
    struct port_keeper *keeper = *state;
    natpmp.taken = upnp.taken = 1000;
    assert_false(port_keeper_tick(keeper, START));
    assert_int_equal(natpmp.asked, PORT_NUMBERS_TRIED);
    assert_int_equal(upnp.asked, PORT_NUMBERS_TRIED);
}

static void what_nobody_reaches_is_given_back(void **state) {
    static const char *const useless[] = {"10.0.0.1",  "100.64.0.1",  "192.168.1.1", "127.0.0.1",  "0.0.0.0",
                                          "224.0.0.1", "169.254.1.1", "240.0.0.1",   "2001:db8::1"};
    for (size_t i = 0; i < sizeof useless / sizeof *useless; i++) {
        (void)start(state);
        struct port_keeper *keeper = *state;
        natpmp.ip = useless[i];
        upnp.silent = true;
        assert_false(port_keeper_tick(keeper, START));
        assert_external(keeper, "");
        assert_int_equal(natpmp.unmapped, 1);
        assert_int_equal(keeper->due, START + PORT_BACKOFF_FIRST_MS);
    }
}

static void leases_are_taken_with_care(void **state) {
    static const struct {
        uint32_t lease_s;
        uint64_t renewed_ms; /* 0: it is no use */
    } cases[] = {{0, 0},
                 {PORT_LEASE_LEAST_S - 1, 0},
                 {PORT_LEASE_LEAST_S, 5000},
                 {120, 60000},
                 {PORT_LEASE_S, HOUR_MS / 2},
                 {86400, HOUR_MS / 2},
                 {UINT32_MAX, HOUR_MS / 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)start(state);
        struct port_keeper *keeper = *state;
        natpmp.lease_s = upnp.lease_s = cases[i].lease_s;
        assert_int_equal(port_keeper_tick(keeper, START), cases[i].renewed_ms > 0);
        if (cases[i].renewed_ms > 0) assert_int_equal(keeper->due - START, cases[i].renewed_ms);
    }
}

static void another_network_is_asked_soon_but_not_in_a_flood(void **state) {
    struct port_keeper *keeper = *state;
    (void)port_keeper_tick(keeper, START);
    for (uint64_t i = 1; i <= 4000; i++) {
        port_keeper_again(keeper, START + i);
        (void)port_keeper_tick(keeper, START + i);
    }
    assert_int_equal(natpmp.asked, 1);
    natpmp.silent = upnp.silent = true;
    assert_true(port_keeper_tick(keeper, START + PORT_AGAIN_LEAST_MS)); /* what it had is another gateway's */
    assert_external(keeper, "");
    assert_int_equal(keeper->due, START + PORT_AGAIN_LEAST_MS + PORT_BACKOFF_FIRST_MS);
}

static void the_mapping_is_given_back_at_the_end_once(void **state) {
    struct port_keeper *keeper = *state;
    port_keeper_end(keeper);
    assert_int_equal(natpmp.unmapped, 0);
    (void)port_keeper_tick(keeper, START);
    port_keeper_end(keeper);
    port_keeper_end(keeper);
    assert_int_equal(natpmp.unmapped, 1);
    assert_int_equal(natpmp.last_unmapped, OURS);
    assert_external(keeper, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_mapping_is_renewed_at_half_its_life, start),
        cmocka_unit_test_setup(the_second_protocol_is_asked_where_the_first_fails, start),
        cmocka_unit_test_setup(tries_that_fail_are_further_and_further_apart, start),
        cmocka_unit_test_setup(a_mapping_that_is_not_renewed_counts_until_it_ends, start),
        cmocka_unit_test_setup(an_external_address_that_changed_is_news, start),
        cmocka_unit_test_setup(a_taken_port_makes_it_ask_for_others, start),
        cmocka_unit_test_setup(it_does_not_ask_for_others_for_ever, start),
        cmocka_unit_test_setup(what_nobody_reaches_is_given_back, start),
        cmocka_unit_test_setup(leases_are_taken_with_care, start),
        cmocka_unit_test_setup(another_network_is_asked_soon_but_not_in_a_flood, start),
        cmocka_unit_test_setup(the_mapping_is_given_back_at_the_end_once, start),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_WARNING);
    return cmocka_run_group_tests_name("port_keeper", tests, NULL, NULL);
}
