#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/stun_alternate.h"

#define OTHER "203.0.113.11:9596"

static struct address parsed(const char *text) {
    struct address address;
    assert_true(address_parse(text, 0, &address));
    return address;
}

static void assert_address(const struct address *address, const char *expected) {
    char text[ADDRESS_TEXT_SIZE];
    assert_string_equal(address_format(address, text), expected);
}

/* As the server does: what is bound already, or one more. */
static struct stun_alternate made(const char *const *listening, size_t count) {
    struct address bound[8], other = parsed(OTHER);
    struct stun_alternate alternate;
    for (size_t i = 0; i < count; i++) bound[i] = parsed(listening[i]);
    assert_true(stun_alternate_choose(bound, count, &other, &alternate));
    for (unsigned corner = 1; corner < STUN_CORNERS; corner++) {
        struct address wanted = stun_alternate_bound(&alternate, corner);
        size_t found = 0;
        while (found < count && !address_equal(&bound[found], &wanted)) found++;
        if (found == count) bound[count++] = wanted;
        alternate.listeners[corner] = (uint8_t)found;
    }
    return alternate;
}

static void chooses_another_address_and_port(void **state) {
    (void)state;
    static const struct {
        const char *listening;
        bool good;
    } rows[] = {
        {"203.0.113.10:9595", true},    {"203.0.113.10:9596", false}, {"203.0.113.11:9595", false},
        {"[2001:db8::10]:9595", false}, {"[::]:9595", true},          {"0.0.0.0:9595", true},
        {"[::]:9596", false},
    };
    const struct address other = parsed(OTHER);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stun_alternate alternate;
        struct address listening[] = {parsed("[2001:db8::1]:1"), parsed(rows[i].listening)};
        assert_int_equal(stun_alternate_choose(listening, 2, &other, &alternate), rows[i].good);
        if (rows[i].good) assert_int_equal(alternate.listeners[0], 1);
    }
    const struct address ipv6 = parsed("[2001:db8::11]:9596"), listening = parsed("0.0.0.0:9595");
    struct stun_alternate alternate;
    assert_false(stun_alternate_choose(&listening, 1, &ipv6, &alternate));
}

static void every_corner_has_its_place(void **state) {
    (void)state;
    static const char *const one[] = {"203.0.113.10:9595"}, *const two[] = {"203.0.113.11:9595", "203.0.113.10:9595"},
                             *const everywhere[] = {"[::]:9595"};
    struct stun_alternate alternate = made(one, 1);
    static const char *const places[] = {"203.0.113.10:9595", "203.0.113.10:9596", "203.0.113.11:9595", OTHER};
    for (unsigned corner = 0; corner < STUN_CORNERS; corner++) {
        struct address bound = stun_alternate_bound(&alternate, corner);
        assert_address(&bound, places[corner]);
        assert_int_equal(alternate.listeners[corner], corner);
    }
    alternate = made(two, 2);
    assert_memory_equal(alternate.listeners, "\1\2\0\3", 4);
    alternate = made(everywhere, 1);
    assert_memory_equal(alternate.listeners, "\0\1\0\1", 4);
    struct address bound = stun_alternate_bound(&alternate, 3);
    assert_address(&bound, "[::]:9596");
}

static const enum stun_change changes[] = {STUN_CHANGE_NOTHING, STUN_CHANGE_PORT, STUN_CHANGE_IP, STUN_CHANGE_BOTH};

static void answers_leave_from_the_corner_that_is_wanted(void **state) {
    (void)state;
    static const char *const one[] = {"203.0.113.10:9595"};
    static const char *const places[] = {"203.0.113.10:9595", "203.0.113.10:9596", "203.0.113.11:9595", OTHER};
    const struct stun_alternate alternate = made(one, 1);
    for (unsigned asked = 0; asked < STUN_CORNERS; asked++) {
        struct address local = parsed(places[asked]);
        local.port = 0;
        for (unsigned change = 0; change < 4; change++) {
            struct stun_route route;
            assert_true(stun_alternate_route(&alternate, (uint8_t)asked, &local, changes[change], &route));
            assert_address(&route.origin, places[asked ^ change]);
            assert_address(&route.other, places[asked ^ 3]);
            assert_int_equal(route.listener, asked ^ change);
        }
    }
}

static void a_wildcard_answers_from_where_it_was_asked(void **state) {
    (void)state;
    static const char *const everywhere[] = {"[::]:9595"};
    const struct stun_alternate alternate = made(everywhere, 1);
    const struct address local = parsed("203.0.113.77:0"), other = parsed("203.0.113.11:0");
    struct stun_route route;
    assert_true(stun_alternate_route(&alternate, 0, &local, STUN_CHANGE_NOTHING, &route));
    assert_address(&route.origin, "203.0.113.77:9595");
    assert_address(&route.other, OTHER);
    assert_true(stun_alternate_route(&alternate, 0, &local, STUN_CHANGE_BOTH, &route));
    assert_address(&route.origin, OTHER);
    assert_int_equal(route.listener, 1);
    /* Asked at the other address: which of ours is the first one? */
    assert_true(stun_alternate_route(&alternate, 1, &other, STUN_CHANGE_PORT, &route));
    assert_address(&route.origin, "203.0.113.11:9595");
    assert_int_equal(route.other.port, 0);
    assert_false(stun_alternate_route(&alternate, 1, &other, STUN_CHANGE_IP, &route));
    assert_false(stun_alternate_route(&alternate, 1, &other, STUN_CHANGE_BOTH, &route));
}

static void elsewhere_there_is_no_other_address(void **state) {
    (void)state;
    static const char *const several[] = {"203.0.113.10:9595", "[2001:db8::10]:9595", "203.0.113.12:9595"};
    const struct stun_alternate alternate = made(several, 3), off = {.on = false};
    const struct address first = parsed("203.0.113.10:0"), ipv6 = parsed("[2001:db8::10]:0"),
                         third = parsed("203.0.113.12:0"), unknown = {.port = 0};
    struct stun_route route;
    assert_true(stun_alternate_route(&alternate, 0, &first, STUN_CHANGE_NOTHING, &route));
    assert_false(stun_alternate_route(&alternate, 1, &ipv6, STUN_CHANGE_NOTHING, &route));
    assert_false(stun_alternate_route(&alternate, 2, &third, STUN_CHANGE_NOTHING, &route));
    assert_false(stun_alternate_route(&alternate, 0, &unknown, STUN_CHANGE_NOTHING, &route));
    assert_false(stun_alternate_route(&off, 0, &first, STUN_CHANGE_NOTHING, &route));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chooses_another_address_and_port),
        cmocka_unit_test(every_corner_has_its_place),
        cmocka_unit_test(answers_leave_from_the_corner_that_is_wanted),
        cmocka_unit_test(a_wildcard_answers_from_where_it_was_asked),
        cmocka_unit_test(elsewhere_there_is_no_other_address),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("stun_alternate", tests, NULL, NULL);
}
