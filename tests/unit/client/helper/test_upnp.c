#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/helper/upnp.h"

static void only_the_gateway_itself_is_spoken_to(void **state) {
    (void)state;
    assert_true(upnp_url_is_at("http://10.1.0.1:5000/rootDesc.xml", "10.1.0.1"));
    assert_true(upnp_url_is_at("http://10.1.0.1/x", "10.1.0.1"));
    assert_true(upnp_url_is_at("http://10.1.0.1", "10.1.0.1"));
    assert_false(upnp_url_is_at("http://10.1.0.11:5000/x", "10.1.0.1"));
    assert_false(upnp_url_is_at("http://10.1.0.1.example.org/x", "10.1.0.1"));
    assert_false(upnp_url_is_at("http://10.1.0.1@192.0.2.1/x", "10.1.0.1"));
    assert_false(upnp_url_is_at("https://10.1.0.1/x", "10.1.0.1"));
    assert_false(upnp_url_is_at("http://192.0.2.1/http://10.1.0.1/", "10.1.0.1"));
    assert_false(upnp_url_is_at("http://", "10.1.0.1"));
    assert_false(upnp_url_is_at("", "10.1.0.1"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_the_gateway_itself_is_spoken_to)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("upnp", tests, NULL, NULL);
}
