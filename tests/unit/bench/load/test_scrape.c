#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/load/scrape.h"
#include "common/why.h"

static struct why why;

static struct scrape *parsed(const char *text) {
    struct scrape *scrape = scrape_parse(text, &why);
    assert_non_null(scrape);
    return scrape;
}

static double value_of(const struct scrape *scrape, const char *name) {
    double value = -1;
    assert_true(scrape_value(scrape, name, &value));
    return value;
}

static void finds_samples_by_name(void **state) {
    (void)state;
    struct scrape *scrape =
        parsed("# HELP z last\n# TYPE z counter\nz_total 3\n\na_total 1e3\r\nm 2.5 1700000000\nm_b 4");
    double value;
    assert_true(value_of(scrape, "z_total") == 3);
    assert_true(value_of(scrape, "a_total") == 1000);
    assert_true(value_of(scrape, "m") == 2.5);
    assert_true(value_of(scrape, "m_b") == 4);
    assert_false(scrape_value(scrape, "z", &value));
    scrape_destroy(scrape);
}

static void sums_over_labels(void **state) {
    (void)state;
    struct scrape *scrape = parsed("x{worker=\"0\"} 3\ny 1\nx{worker=\"1\",text=\"a } \\\" b\"} 4\nx{} 5\n");
    assert_true(value_of(scrape, "x") == 12);
    assert_true(value_of(scrape, "y") == 1);
    scrape_destroy(scrape);
}

static void an_empty_page_has_nothing(void **state) {
    (void)state;
    struct scrape *scrape = parsed("");
    double value;
    assert_false(scrape_value(scrape, "x", &value));
    scrape_destroy(scrape);
}

/* Several nodes of a cluster. */
static void pages_add_up(void **state) {
    (void)state;
    struct scrape *scrape = parsed("x 3\ny 1\ngochat_uptime_seconds 50");
    assert_true(scrape_add(scrape, parsed("z 2\nx 4\ngochat_uptime_seconds 7")));
    assert_true(value_of(scrape, "x") == 7);
    assert_true(value_of(scrape, "y") == 1);
    assert_true(value_of(scrape, "z") == 2);
    assert_true(value_of(scrape, "gochat_uptime_seconds") == 7); /* of the one that was restarted last */
    scrape_destroy(scrape);
}

static void many_samples(void **state) {
    (void)state;
    static char text[20000];
    size_t at = 0;
    for (int i = 0; i < 500; i++) at += (size_t)snprintf(text + at, sizeof text - at, "n%d %d\n", i, 2 * i);
    struct scrape *scrape = parsed(text);
    assert_true(value_of(scrape, "n0") == 0);
    assert_true(value_of(scrape, "n499") == 998);
    scrape_destroy(scrape);
}

static void names_the_line_that_is_wrong(void **state) {
    (void)state;
    static const char *const wrong[] = {"ok 1\nbad\n",    "ok 1\nbad x\n",         "ok 1\nbad{a=\"1\" 2\n",
                                        "ok 1\nbad 1x\n", "ok 1\nbad{a=\"b\"}7\n", "ok 1\n{a=\"b\"} 7\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_null(scrape_parse(wrong[i], &why));
        assert_non_null(strstr(why.text, "line 2"));
        assert_non_null(strstr(why.text, "expected"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_samples_by_name),
        cmocka_unit_test(sums_over_labels),
        cmocka_unit_test(an_empty_page_has_nothing),
        cmocka_unit_test(pages_add_up),
        cmocka_unit_test(many_samples),
        cmocka_unit_test(names_the_line_that_is_wrong),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("scrape", tests, NULL, NULL);
}
