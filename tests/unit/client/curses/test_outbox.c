#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/outbox.h"

static struct input *line(const char *text) {
    return input_create(INPUT_SAY, "tea", text, strlen(text));
}

static void what_waits_comes_in_order(void **state) {
    struct outbox outbox = {.count = 0};
    (void)state;

    for (int round = 0; round < 3; round++) { /* around the ring's end, too */
        for (int i = 0; i < 400; i++) assert_true(outbox_put(&outbox, line(i % 2 ? "odd" : "even")));
        for (int i = 0; i < 400; i++) {
            struct input *input = outbox_take(&outbox);
            assert_string_equal(input->text, i % 2 ? "odd" : "even");
            input_destroy(input);
        }
    }
    assert_null(outbox_take(&outbox));
    assert_int_equal(outbox.bytes, 0);
}

static void what_is_too_much_stays_the_callers(void **state) {
    struct outbox outbox = {.count = 0};
    struct input *more = line("more");
    (void)state;

    for (int i = 0; i < OUTBOX_MESSAGES; i++) assert_true(outbox_put(&outbox, line("x")));
    assert_false(outbox_put(&outbox, more));
    outbox_clear(&outbox);
    assert_true(outbox_put(&outbox, more));
    outbox_clear(&outbox);
}

static void bytes_are_bounded_too(void **state) {
    static char text[64 * 1024];
    struct outbox outbox = {.count = 0};
    (void)state;

    memset(text, 'x', sizeof text);
    for (size_t sum = 0; sum + sizeof text <= OUTBOX_BYTES; sum += sizeof text)
        assert_true(outbox_put(&outbox, input_create(INPUT_SAY, "tea", text, sizeof text)));
    struct input *more = line("more");
    assert_false(outbox_put(&outbox, more));
    input_destroy(outbox_take(&outbox));
    assert_true(outbox_put(&outbox, more));
    outbox_clear(&outbox);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_comes_in_order),
        cmocka_unit_test(what_is_too_much_stays_the_callers),
        cmocka_unit_test(bytes_are_bounded_too),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
