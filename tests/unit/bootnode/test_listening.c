#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bootnode/listening.h"

#define MOST 4

static struct ini_address_list listed(const char *const texts[static MOST]) {
    struct ini_address_list list = {.count = 0};
    for (; list.count < MOST && texts[list.count]; list.count++)
        assert_true(address_parse(texts[list.count], 0, &list.items[list.count]));
    return list;
}

static void ipv6_is_alone_where_ipv4_has_its_own(void **state) {
    (void)state;
    static const struct {
        const char *listen[MOST], *planned[MOST];
        bool alone[MOST];
    } cases[] = {
        {{"[::]:9595"}, {"[::]:9595"}, {false}},
        {{"0.0.0.0:9595"}, {"0.0.0.0:9595"}, {false}},
        {{"0.0.0.0:9595", "[::]:9595"}, {"0.0.0.0:9595", "[::]:9595"}, {false, true}},
        {{"[::]:9595", "0.0.0.0:9595"}, {"0.0.0.0:9595", "[::]:9595"}, {false, true}},
        {{"[::]:9595", "0.0.0.0:9596"}, {"0.0.0.0:9596", "[::]:9595"}, {false, false}},
        {{"[::]:9595", "192.0.2.1:9595", "[2001:db8::1]:9595", "0.0.0.0:9595"},
         {"0.0.0.0:9595", "[::]:9595", "192.0.2.1:9595", "[2001:db8::1]:9595"},
         {false, true, false, false}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct ini_address_list list = listed(cases[i].listen);
        struct listening planned[INI_ADDRESS_LIST_MAX];
        char text[ADDRESS_TEXT_SIZE];
        assert_int_equal(listening_plan(&list, planned), list.count);
        for (size_t j = 0; j < list.count; j++) {
            assert_string_equal(address_format(&planned[j].address, text), cases[i].planned[j]);
            assert_int_equal(planned[j].ipv6_alone, cases[i].alone[j]);
            assert_false(planned[j].missing);
        }
    }
}

static void without_ipv6_all_is_ipv4_and_once(void **state) {
    (void)state;
    const struct ini_address_list both = listed((const char *const[MOST]){"[::]:9595", "0.0.0.0:9595"}),
                                  alone = listed((const char *const[MOST]){"[::]:9595", "0.0.0.0:9596"});
    struct listening planned[INI_ADDRESS_LIST_MAX];
    char text[ADDRESS_TEXT_SIZE];
    (void)listening_plan(&both, planned);
    assert_false(listening_without_ipv6(&both, &planned[1]));
    (void)listening_plan(&alone, planned);
    assert_true(listening_without_ipv6(&alone, &planned[1]));
    assert_string_equal(address_format(&planned[1].address, text), "0.0.0.0:9595");
    assert_false(planned[1].ipv6_alone);
}

static void an_address_is_here_or_not(void **state) {
    (void)state;
    struct address address;
    assert_true(address_parse("127.0.0.1:9", 0, &address));
    assert_true(listening_is_here(&address));
    assert_true(address_parse("192.0.2.77:9", 0, &address)); /* nobody's (RFC 5737) */
    assert_false(listening_is_here(&address));
    assert_true(address_parse("0.0.0.0:9", 0, &address));
    assert_true(listening_is_here(&address));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv6_is_alone_where_ipv4_has_its_own),
        cmocka_unit_test(without_ipv6_all_is_ipv4_and_once),
        cmocka_unit_test(an_address_is_here_or_not),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("listening", tests, NULL, NULL);
}
