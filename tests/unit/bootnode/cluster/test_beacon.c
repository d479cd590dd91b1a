#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/cluster/beacon.h"

#define STATE_AT 2
#define REPLICAS_AT 3
#define ZERO_AT 6
#define ADDRESSES_AT 7

static const struct seal_keys keys = {.items = {{1}}, .count = 1};

static struct address public_address(unsigned family) {
    if (family == 4) return (struct address){.ip = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 1}, .port = 9595};
    return (struct address){.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, .port = 9596};
}

static struct beacon example(void) {
    return (struct beacon){.node = 7,
                           .state = BEACON_SERVES,
                           .replicas = 2,
                           .weight = 300,
                           .boot = 0x1122334455667788,
                           .started_ms = 1795996800000,
                           .counter = 42,
                           .wall_ms = 1795996842000,
                           .sessions = 100000,
                           .rooms = 2500,
                           .moving = 12,
                           .registrations = 2500,
                           .view = 0x99aabbccddeeff00,
                           .address_count = 2,
                           .addresses = {public_address(4), public_address(6)}};
}

static void is_same(const struct beacon *a, const struct beacon *b) {
    assert_int_equal(a->node, b->node);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->replicas, b->replicas);
    assert_int_equal(a->weight, b->weight);
    assert_int_equal(a->boot, b->boot);
    assert_int_equal(a->started_ms, b->started_ms);
    assert_int_equal(a->counter, b->counter);
    assert_int_equal(a->wall_ms, b->wall_ms);
    assert_int_equal(a->sessions, b->sessions);
    assert_int_equal(a->rooms, b->rooms);
    assert_int_equal(a->moving, b->moving);
    assert_int_equal(a->registrations, b->registrations);
    assert_int_equal(a->view, b->view);
    assert_int_equal(a->address_count, b->address_count);
    assert_memory_equal(a->addresses, b->addresses, sizeof a->addresses);
}

static void what_is_said_is_heard(void **state) {
    const struct beacon said = example();
    struct beacon heard;
    uint8_t bytes[BEACON_SIZE_MAX];
    (void)state;
    const size_t size = beacon_encode(&said, &keys, bytes, sizeof bytes);
    assert_int_equal(size, BEACON_HEAD_SIZE + 7 + 19 + 1 + SEAL_MAC_SIZE);
    assert_int_equal(beacon_decode(bytes, size, &keys, &heard), BEACON_TAKEN);
    is_same(&said, &heard);
    for (size_t short_of = 0; short_of < size; short_of++)
        assert_int_equal(beacon_encode(&said, &keys, bytes, short_of), 0);
}

static void every_bit_counts(void **state) {
    const struct beacon said = example();
    struct beacon heard;
    uint8_t bytes[BEACON_SIZE_MAX];
    (void)state;
    const size_t size = beacon_encode(&said, &keys, bytes, sizeof bytes);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(beacon_decode(bytes, size, &keys, &heard), BEACON_TAKEN);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void every_length_counts(void **state) {
    const struct beacon said = example();
    struct beacon heard;
    uint8_t bytes[BEACON_SIZE_MAX + 1] = {0};
    (void)state;
    const size_t size = beacon_encode(&said, &keys, bytes, BEACON_SIZE_MAX);
    for (size_t other = 0; other <= sizeof bytes; other++)
        if (other != size) assert_int_equal(beacon_decode(bytes, other, &keys, &heard), BEACON_MALFORMED);
}

/* Sealed by who has the key, and yet none: one byte is another. */
static enum beacon_verdict with_byte(size_t at, uint8_t value) {
    const struct beacon said = example();
    struct beacon heard;
    uint8_t bytes[BEACON_SIZE_MAX];
    const size_t size = beacon_encode(&said, &keys, bytes, sizeof bytes) - 1 - SEAL_MAC_SIZE;
    struct writer writer = {.data = bytes, .capacity = sizeof bytes, .at = size};
    bytes[at] = value;
    seal_write(&writer, &keys);
    return beacon_decode(bytes, writer_size(&writer), &keys, &heard);
}

static void what_no_node_says_is_refused(void **state) {
    (void)state;
    assert_int_equal(with_byte(1, 8), BEACON_TAKEN); /* another node's */
    assert_int_equal(with_byte(0, BEACON_VERSION + 1), BEACON_MALFORMED);
    assert_int_equal(with_byte(STATE_AT, BEACON_STATES), BEACON_MALFORMED);
    assert_int_equal(with_byte(REPLICAS_AT, 0), BEACON_MALFORMED);
    assert_int_equal(with_byte(REPLICAS_AT, HOMES_MAX + 1), BEACON_MALFORMED);
    assert_int_equal(with_byte(ZERO_AT, 1), BEACON_MALFORMED);
    assert_int_equal(with_byte(ADDRESSES_AT, 0), BEACON_MALFORMED);
    assert_int_equal(with_byte(ADDRESSES_AT, HOME_ADDRESSES_MAX + 1), BEACON_MALFORMED);
    assert_int_equal(with_byte(BEACON_HEAD_SIZE, 0x14), BEACON_MALFORMED); /* an address that a bootnode has seen */
    assert_int_equal(with_byte(BEACON_HEAD_SIZE, 5), BEACON_MALFORMED);
}

static void nobody_says_it_wrongly(void **state) {
    struct beacon beacon;
    uint8_t bytes[BEACON_SIZE_MAX];
    (void)state;
    beacon = example(), beacon.boot = 0;
    assert_int_equal(beacon_encode(&beacon, &keys, bytes, sizeof bytes), 0);
    beacon = example(), beacon.counter = 0;
    assert_int_equal(beacon_encode(&beacon, &keys, bytes, sizeof bytes), 0);
    beacon = example(), beacon.addresses[1] = beacon.addresses[0]; /* two of one family */
    assert_int_equal(beacon_encode(&beacon, &keys, bytes, sizeof bytes), 0);
}

/* A key is replaced: some have the old one alone, some both, some the new one alone. Neighbours understand each other.
 */
static void a_common_key_is_enough(void **state) {
    struct seal_keys older = {.count = 0}, both = {.count = 0}, newer = {.count = 0}, elsewhere = {.count = 0};
    const struct beacon said = example();
    struct beacon heard;
    uint8_t bytes[BEACON_SIZE_MAX], old_seed[32] = {1}, new_seed[32] = {2};
    (void)state;
    seal_keys_add(&older, old_seed, "town");
    seal_keys_add(&both, new_seed, "town");
    seal_keys_add(&both, old_seed, "town");
    seal_keys_add(&newer, new_seed, "town");
    seal_keys_add(&elsewhere, old_seed, "village");
    size_t size = beacon_encode(&said, &both, bytes, sizeof bytes);
    assert_int_equal(beacon_decode(bytes, size, &older, &heard), BEACON_TAKEN);
    assert_int_equal(beacon_decode(bytes, size, &newer, &heard), BEACON_TAKEN);
    assert_int_equal(beacon_decode(bytes, size, &elsewhere, &heard), BEACON_FORGED);
    size = beacon_encode(&said, &newer, bytes, sizeof bytes);
    assert_int_equal(beacon_decode(bytes, size, &both, &heard), BEACON_TAKEN);
    assert_int_equal(beacon_decode(bytes, size, &older, &heard), BEACON_FORGED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_heard),  cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(every_length_counts),    cmocka_unit_test(what_no_node_says_is_refused),
        cmocka_unit_test(nobody_says_it_wrongly), cmocka_unit_test(a_common_key_is_enough),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
