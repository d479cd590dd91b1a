#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <string.h>

#include "bootnode/cluster/orders_codec.h"
#include "common/clock.h"

#define NOW 500000
#define WALL UINT64_C(1800000000000)

static const struct seal_keys former = {.items = {{1}}, .count = 1}, present = {.items = {{2}, {1}}, .count = 2},
                              foreign = {.items = {{3}}, .count = 1}, none = {.count = 0};
static struct orders orders;
static struct orders_message message;
static struct why why;

static int start(void **state) {
    struct prefix prefix;
    (void)state;
    orders_init(&orders, 9);
    assert_true(prefix_parse("192.0.2.0/24", &prefix, &why));
    assert_true(orders_give(&orders, ORDER_BAN, &prefix, NOW + 7000, WALL, &why));
    assert_true(prefix_parse("2001:db8::/32", &prefix, &why));
    assert_true(orders_give(&orders, ORDER_ALLOW, &prefix, NEVER, WALL + 5, &why));
    return 0;
}

static int stop(void **state) {
    (void)state;
    orders_clear(&orders);
    return 0;
}

static size_t encode(const struct seal_keys *keys, uint8_t out[static ORDERS_MESSAGE_MAX]) {
    return orders_encode(&orders.authors[9], 9, 0, NOW, WALL + 5, keys, out, ORDERS_MESSAGE_MAX);
}

static void test_there_and_back(void **state) {
    uint8_t bytes[ORDERS_MESSAGE_MAX];
    (void)state;
    const size_t size = encode(&present, bytes);
    assert_int_equal(size, ORDERS_HEAD_SIZE + 2 * ORDER_SIZE + 1 + 2 * SEAL_MAC_SIZE);
    assert_int_equal(orders_decode(bytes, size, &former, &message), SEAL_HOLDS);
    const struct orders_part *part = &message.part;
    assert_int_equal(part->author, 9);
    assert_int_equal(part->number, 0);
    assert_int_equal(part->parts, 1);
    assert_int_equal(part->edition, WALL + 5);
    assert_int_equal(part->wall_ms, WALL + 5);
    assert_int_equal(part->count, 2);
    assert_int_equal(part->items[0].kind, ORDER_BAN);
    assert_int_equal(part->items[0].stamp_ms, WALL);
    assert_int_equal(part->items[0].until_ms, WALL + 5 + 7000);
    assert_int_equal(part->items[1].kind, ORDER_ALLOW);
    assert_int_equal(part->items[1].until_ms, NEVER);
    assert_true(prefix_equal(&part->items[1].prefix, &orders.authors[9].list.items[1].prefix));
}

static void test_only_what_a_key_of_ours_made_holds(void **state) {
    uint8_t bytes[ORDERS_MESSAGE_MAX], changed[ORDERS_MESSAGE_MAX + 1];
    (void)state;
    const size_t size = encode(&present, bytes);
    assert_int_equal(orders_decode(bytes, size, &foreign, &message), SEAL_FORGED);
    for (size_t i = 0; i < size; i++) {
        memcpy(changed, bytes, size);
        changed[i] ^= 1;
        const enum seal_verdict verdict = orders_decode(changed, size, &former, &message);
        /* A MAC of the other key may be anything. */
        const bool others = i > size - 2 * SEAL_MAC_SIZE - 1 && i < size - SEAL_MAC_SIZE;
        if ((verdict == SEAL_HOLDS) != others) fail_msg("byte %zu: %d", i, verdict);
    }
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(orders_decode(bytes, cut, &former, &message), SEAL_MALFORMED);
    memcpy(changed, bytes, size);
    changed[size] = 0;
    assert_int_equal(orders_decode(changed, size + 1, &former, &message), SEAL_MALFORMED);
    assert_int_equal(encode(&none, bytes), 0);
}

/* Sealed by a key of ours, and wrong all the same. */
static enum seal_verdict with(size_t at, uint8_t value) {
    uint8_t bytes[ORDERS_MESSAGE_MAX];
    const size_t size = encode(&former, bytes), content = size - 1 - SEAL_MAC_SIZE;
    bytes[at] = value;
    crypto_generichash(bytes + content + 1, SEAL_MAC_SIZE, bytes, content, former.items[0], SEAL_KEY_SIZE);
    return orders_decode(bytes, size, &former, &message);
}

static void test_what_is_none_is_malformed(void **state) {
    (void)state;
    assert_int_equal(with(1, 10), SEAL_HOLDS);
    assert_int_equal(with(0, 1), SEAL_MALFORMED);                /* a beacon's version */
    assert_int_equal(with(3, 1), SEAL_MALFORMED);                /* the second of one part */
    assert_int_equal(with(5, 0), SEAL_MALFORMED);                /* of no parts */
    assert_int_equal(with(4, 1), SEAL_MALFORMED);                /* of too many */
    assert_int_equal(with(7, 1), SEAL_MALFORMED);                /* orders */
    assert_int_equal(with(7, 255), SEAL_MALFORMED);              /* too many of them */
    assert_int_equal(with(ORDERS_HEAD_SIZE, 3), SEAL_MALFORMED); /* a kind */
    assert_int_equal(with(ORDERS_HEAD_SIZE + 1, 129), SEAL_MALFORMED);
    assert_int_equal(with(ORDERS_HEAD_SIZE + 1, 100), SEAL_MALFORMED); /* bits beyond, and a ban of too many */
    assert_int_equal(with(ORDERS_HEAD_SIZE + 17, 1), SEAL_MALFORMED);  /* a bit beyond */
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_there_and_back),
        TEST(test_only_what_a_key_of_ours_made_holds),
        TEST(test_what_is_none_is_malformed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("orders_codec", tests, NULL, NULL);
}
