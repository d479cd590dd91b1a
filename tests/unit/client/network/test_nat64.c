#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/network/nat64.h"
#include "client/network/nat64_search.h"
#include "common/clock.h"

static struct address address_of(const char *text) {
    struct address address;
    assert_true(address_parse(text, 9, &address));
    return address;
}

static struct nat64 nat64_with(const char *prefix, uint8_t bits) {
    struct address address = address_of(prefix);
    struct nat64 nat64 = {.bits = bits};
    memcpy(nat64.prefix, address.ip, sizeof nat64.prefix);
    return nat64;
}

static void assert_address(struct address address, const char *expected) {
    char text[ADDRESS_TEXT_SIZE];
    assert_string_equal(address_format(&address, text), expected);
}

/* RFC 6052 §2.4, with its own documentation prefix and an IPv4 address that is public for the last row. */
static const struct {
    const char *prefix, *ipv4, *ipv6;
    uint8_t bits;
} rows[] = {
    {"2001:db8::", "192.0.2.33:9", "[2001:db8:c000:221::]:9", 32},
    {"2001:db8:100::", "192.0.2.33:9", "[2001:db8:1c0:2:21::]:9", 40},
    {"2001:db8:122::", "192.0.2.33:9", "[2001:db8:122:c000:2:2100::]:9", 48},
    {"2001:db8:122:300::", "192.0.2.33:9", "[2001:db8:122:3c0:0:221::]:9", 56},
    {"2001:db8:122:344::", "192.0.2.33:9", "[2001:db8:122:344:c0:2:2100:0]:9", 64},
    {"2001:db8:122:344::", "192.0.2.33:9", "[2001:db8:122:344::c000:221]:9", 96},
    {"64:ff9b::", "5.5.5.1:9", "[64:ff9b::505:501]:9", 96},
    {"64:ff9b:1::", "10.1.2.3:9", "[64:ff9b:1::a01:203]:9", 96},
    {"64:ff9b:1::", "5.5.5.1:9", "[64:ff9b:1:505:5:100::]:9", 48},
    {"fd00:64::", "10.1.2.3:9", "[fd00:64::a01:203]:9", 96}, /* a network's own prefix: inside, private ones count */
};

static void every_prefix_maps_there_and_back(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nat64 nat64 = nat64_with(rows[i].prefix, rows[i].bits);
        struct address ipv4 = address_of(rows[i].ipv4), ipv6 = nat64_outward(&nat64, &ipv4);
        assert_address(ipv6, rows[i].ipv6);
        assert_address(nat64_inward(&nat64, &ipv6), rows[i].ipv4);
    }
}

static void all_else_passes_unchanged(void **state) {
    static const char *const others[] = {"127.0.0.1:1", "169.254.1.1:1", "224.0.0.1:1", "10.0.0.1:1", "0.0.0.0:1"};
    static const char *const foreign[] = {"[2001:db8::1]:1", "[64:ff9b::a00:1]:1", "[64:ff9b::7f00:1]:1",
                                          "[64:ff9b:1::505:501]:1", "5.5.5.1:1"};
    const struct nat64 nat64 = nat64_with("64:ff9b::", 96), none = {0};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct address address = address_of(others[i]);
        assert_address(nat64_outward(&nat64, &address), others[i]);
    }
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        struct address address = address_of(foreign[i]);
        assert_address(nat64_inward(&nat64, &address), foreign[i]);
        assert_address(nat64_inward(&none, &address), foreign[i]);
        assert_address(nat64_outward(&none, &address), foreign[i]);
    }
    /* One form for each: what has more in it is no address of the gateway's. */
    const struct nat64 wide = nat64_with("2001:db8:122:344::", 64);
    struct address odd = address_of("[2001:db8:122:344:c0:2:2100:1]:9");
    assert_address(nat64_inward(&wide, &odd), "[2001:db8:122:344:c0:2:2100:1]:9");
    odd = address_of("[2001:db8:122:344:1c0:2:2100:0]:9");
    assert_address(nat64_inward(&wide, &odd), "[2001:db8:122:344:1c0:2:2100:0]:9");
}

static void the_name_tells_the_prefix(void **state) {
    static const uint8_t all[] = {32, 40, 48, 56, 64, 96};
    (void)state;
    for (size_t i = 0; i < sizeof all; i++) {
        struct nat64 expected = nat64_with("2600:db8::", all[i]), found;
        struct address known = address_of(i % 2 ? "192.0.0.170:9" : "192.0.0.171:9");
        /* The name's own addresses are no host's, so the pattern is made with another one's bytes. */
        struct address host = address_of("9.8.7.6:9"), inside = nat64_outward(&expected, &host);
        for (size_t j = 0; j < sizeof inside.ip; j++)
            for (size_t k = 12; k < 16; k++)
                if (j >= all[i] / 8U && inside.ip[j] == host.ip[k]) {
                    inside.ip[j] = known.ip[k];
                    break;
                }
        assert_true(nat64_of_name(&inside, &found));
        assert_true(nat64_equal(&found, &expected));
    }
}

static void a_name_that_tells_no_prefix_is_not_believed(void **state) {
    static const char *const texts[] = {
        "192.0.0.170:9",
        "[2001:db8::1]:9",
        "[64:ff9b::c000:ac]:9",            /* .172 */
        "[2600::c0:0:aac0:0:aa]:9",        /* at two places */
        "[::ffff:0:192.0.0.170]:9",        /* no prefix that somebody has */
        "[ff02::c000:aa]:9",               /* multicast */
        "[fe80::c000:aa]:9",               /* a link's */
        "[2600:db8::100:0:192.0.0.170]:9", /* bits 64 to 71 */
        "[2002:c000:204::192.0.0.170]:9",  /* 6to4 */
    };
    struct nat64 found;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct address address = address_of(texts[i]);
        if (nat64_of_name(&address, &found)) fail_msg("%s tells /%u", texts[i], found.bits);
    }
}

static void whoever_sees_us_at_an_ipv4_address_tells_the_prefix(void **state) {
    static const char *const none[] = {"203.0.113.1:9", "[2600::1]:9", "[fe80::5.5.5.1]:9",
                                       "[2600:0:0:0:100::5.5.5.1]:9"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nat64 expected = nat64_with(rows[i].prefix, rows[i].bits), found;
        struct address ipv6 = address_of(rows[i].ipv6);
        assert_true(nat64_of_translated(&ipv6, &found));
        assert_true(nat64_equal(&found, &expected));
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct address address = address_of(none[i]);
        struct nat64 found;
        if (nat64_of_translated(&address, &found)) fail_msg("%s tells /%u", none[i], found.bits);
    }
}

static void a_router_tells_the_prefix(void **state) {
    /* Lifetime 1,800 s; the code 0 stands for 96 bits, 5 for 32. */
    uint8_t option[] = {38, 2, 0x07, 0x08, 0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};
    const struct nat64 well_known = nat64_with("64:ff9b::", 96), wide = nat64_with("2600:db8::", 32);
    struct nat64 found;
    uint32_t lifetime;
    (void)state;
    assert_true(nat64_of_option(option, sizeof option, &found, &lifetime));
    assert_true(nat64_equal(&found, &well_known));
    assert_int_equal(lifetime, 1800);
    memcpy(option + 4, (const uint8_t[]){0x26, 0x00, 0x0d, 0xb8, 0xff}, 5); /* more than its 32 bits */
    option[3] |= 5;
    assert_true(nat64_of_option(option, sizeof option, &found, &lifetime));
    assert_true(nat64_equal(&found, &wide));
    assert_int_equal(lifetime, 1800);
    option[2] = option[3] = 0;
    assert_true(nat64_of_option(option, sizeof option, &found, &lifetime));
    assert_int_equal(lifetime, 0);
    for (uint8_t code = 6; code < 8; code++) {
        option[3] = code;
        assert_false(nat64_of_option(option, sizeof option, &found, &lifetime));
    }
    option[3] = 0;
    assert_false(nat64_of_option(option, sizeof option - 1, &found, &lifetime));
    option[1] = 3;
    assert_false(nat64_of_option(option, sizeof option, &found, &lifetime));
    option[1] = 2;
    option[0] = 25;
    assert_false(nat64_of_option(option, sizeof option, &found, &lifetime));
    memset(option, 0, sizeof option);
    memcpy(option, (const uint8_t[]){38, 2, 0x07, 0x08}, 4);
    assert_false(nat64_of_option(option, sizeof option, &found, &lifetime)); /* ::/96 */
}

/* --- When it is looked for --- */

static void it_is_looked_for_without_ipv4_alone(void **state) {
    const struct address named[] = {address_of("192.0.0.170:1"), address_of("[64:ff9b::c000:aa]:1")};
    struct nat64_search search;
    (void)state;
    nat64_search_init(&search);
    assert_int_equal(nat64_search_due(&search), NEVER);
    nat64_search_network(&search, true, 1000);
    assert_false(nat64_search_tick(&search, 2000));
    nat64_search_network(&search, false, 3000);
    assert_true(nat64_search_tick(&search, 3000));
    assert_false(nat64_search_tick(&search, 3001));
    nat64_search_named(&search, named, 1, 3100); /* only IPv4: there is no translator */
    assert_int_equal(nat64_search_found(&search, 3100).bits, 0);
    assert_true(nat64_search_tick(&search, 3100 + NAME_LOOKUP_FIRST_MS));
    nat64_search_named(&search, named, 2, 5000);
    assert_int_equal(nat64_search_found(&search, 5000).bits, 96);
    assert_true(nat64_search_due(&search) > 60000);
    nat64_search_named(&search, NULL, 0, 700000); /* a failure is no news */
    assert_int_equal(nat64_search_found(&search, 700000).bits, 96);
    nat64_search_network(&search, true, 700001);
    assert_int_equal(nat64_search_found(&search, 700001).bits, 0);
    nat64_search_named(&search, named, 2, 700002); /* late */
    assert_int_equal(nat64_search_found(&search, 700002).bits, 0);
    assert_int_equal(nat64_search_due(&search), NEVER);
}

static void what_is_concluded_counts_where_nothing_is_told(void **state) {
    const struct address named = address_of("[64:ff9b::c000:aa]:1"), server = address_of("[2600:64::505:501]:9595");
    struct nat64_search search;
    (void)state;
    nat64_search_init(&search);
    nat64_search_seen(&search, &server);
    assert_int_equal(nat64_search_found(&search, 1000).bits, 0); /* there is IPv4 */
    nat64_search_network(&search, false, 1000);
    assert_int_equal(nat64_search_found(&search, 1000).bits, 0); /* that was in another network */
    nat64_search_seen(&search, &server);
    assert_memory_equal(nat64_search_found(&search, 1000).prefix, server.ip, 12);
    nat64_search_named(&search, &named, 1, 1001);
    assert_memory_equal(nat64_search_found(&search, 1001).prefix, named.ip, 12);
}

static void a_router_goes_before_the_name_while_its_word_holds(void **state) {
    const struct address named = address_of("[64:ff9b::c000:aa]:1");
    const struct nat64 other = nat64_with("2600:db8::", 64), another = nat64_with("2600:db9::", 64);
    struct nat64_search search;
    struct nat64 found;
    (void)state;
    nat64_search_init(&search);
    nat64_search_network(&search, false, 1000);
    assert_true(nat64_search_tick(&search, 1000));
    nat64_search_named(&search, &named, 1, 1000);
    nat64_search_told(&search, &other, 60, 1000);
    found = nat64_search_found(&search, 60999);
    assert_true(nat64_equal(&found, &other));
    assert_int_equal(nat64_search_due(&search), 61000);
    nat64_search_told(&search, &another, 0, 2000); /* of another router's */
    found = nat64_search_found(&search, 2000);
    assert_true(nat64_equal(&found, &other));
    assert_false(nat64_search_tick(&search, 61000));
    assert_int_equal(nat64_search_found(&search, 61000).bits, 96);
    assert_true(nat64_search_due(&search) > 61000);
    nat64_search_told(&search, &other, 60, 62000);
    nat64_search_told(&search, &other, 0, 62001);
    assert_int_equal(nat64_search_found(&search, 62001).bits, 96);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prefix_maps_there_and_back),
        cmocka_unit_test(all_else_passes_unchanged),
        cmocka_unit_test(the_name_tells_the_prefix),
        cmocka_unit_test(a_name_that_tells_no_prefix_is_not_believed),
        cmocka_unit_test(whoever_sees_us_at_an_ipv4_address_tells_the_prefix),
        cmocka_unit_test(a_router_tells_the_prefix),
        cmocka_unit_test(it_is_looked_for_without_ipv4_alone),
        cmocka_unit_test(what_is_concluded_counts_where_nothing_is_told),
        cmocka_unit_test(a_router_goes_before_the_name_while_its_word_holds),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("nat64", tests, NULL, NULL);
}
