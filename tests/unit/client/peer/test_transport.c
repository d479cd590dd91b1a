#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/peer/transport.h"

#define START 5000

struct ends {
    struct transport ours, theirs;
};

static void connect_ends(struct ends *ends, enum suite suite) {
    struct noise_keys ours, theirs;
    randombytes_buf(&ours, sizeof ours);
    memcpy(theirs.send, ours.receive, sizeof theirs.send);
    memcpy(theirs.receive, ours.send, sizeof theirs.receive);
    memcpy(theirs.hash, ours.hash, sizeof theirs.hash);
    memset(ends, 0, sizeof *ends);
    transport_start(&ends->ours, suite, &ours, 11, 22, START);
    transport_start(&ends->theirs, suite, &theirs, 22, 11, START);
}

static size_t seal(struct ends *ends, const char *text, uint8_t packet[static PACKET_MAX], uint64_t now) {
    return transport_seal(&ends->ours, (const uint8_t *)text, strlen(text), packet, PACKET_MAX, now);
}

static bool open_as(struct ends *ends, const uint8_t *packet, size_t size, char text[static PEER_FRAMES_MAX],
                    uint64_t now) {
    struct peer_data data;
    size_t opened;
    if (!peer_data_decode(packet, size, &data)) return false;
    assert_int_equal(data.receiver_index, 22);
    if (!transport_open(&ends->theirs, packet, &data, (uint8_t *)text, &opened, now)) return false;
    text[opened] = '\0';
    return true;
}

static const char *const sixteen = "sixteen bytes it";

static void what_was_sealed_opens(void **state) {
    static const enum suite suites[] = {SUITE_CHACHA20_POLY1305, SUITE_AES256_GCM};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ends ends;
        uint8_t packet[PACKET_MAX];
        char text[PEER_FRAMES_MAX];
        if (!(suite_mask_available() & suites[i])) continue;
        connect_ends(&ends, suites[i]);
        for (int j = 0; j < 3; j++) {
            size_t size = seal(&ends, sixteen, packet, START);
            assert_int_equal(size, strlen(sixteen) + PEER_DATA_OVERHEAD);
            assert_true(open_as(&ends, packet, size, text, START));
            assert_string_equal(text, sixteen);
        }
    }
}

static void a_counter_opens_once(void **state) {
    struct ends ends;
    uint8_t first[PACKET_MAX], second[PACKET_MAX];
    char text[PEER_FRAMES_MAX];
    (void)state;
    connect_ends(&ends, SUITE_CHACHA20_POLY1305);
    assert_true(transport_holds(&ends.ours) && transport_holds(&ends.theirs));
    size_t size = seal(&ends, sixteen, first, START);
    seal(&ends, sixteen, second, START);
    assert_true(open_as(&ends, second, size, text, START));
    assert_true(open_as(&ends, first, size, text, START));
    assert_false(open_as(&ends, first, size, text, START));
    assert_false(open_as(&ends, second, size, text, START));
    transport_wipe(&ends.ours);
    assert_true(transport_holds(&ends.ours));
}

/* A forgery must not use up the counter of the real packet. */
static void each_changed_bit_is_refused(void **state) {
    struct ends ends;
    uint8_t packet[PACKET_MAX];
    char text[PEER_FRAMES_MAX];
    (void)state;
    connect_ends(&ends, SUITE_CHACHA20_POLY1305);
    size_t size = seal(&ends, sixteen, packet, START);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        if (bit / 8 >= 4 && bit / 8 < 8) continue; /* the index: another transport */
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(open_as(&ends, packet, size, text, START));
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(open_as(&ends, packet, size, text, START));
}

static void our_own_packets_do_not_open(void **state) {
    struct ends ends;
    uint8_t packet[PACKET_MAX], frames[PEER_FRAMES_MAX];
    struct peer_data data;
    size_t opened, size;
    (void)state;
    connect_ends(&ends, SUITE_CHACHA20_POLY1305);
    size = seal(&ends, sixteen, packet, START);
    assert_true(peer_data_decode(packet, size, &data));
    assert_false(transport_open(&ends.ours, packet, &data, frames, &opened, START));
}

static void keys_end_at_180_s(void **state) {
    struct ends ends;
    uint8_t packet[PACKET_MAX], late[PACKET_MAX];
    char text[PEER_FRAMES_MAX];
    (void)state;
    connect_ends(&ends, SUITE_CHACHA20_POLY1305);
    size_t size = seal(&ends, sixteen, packet, START + TRANSPORT_REJECT_MS - 1);
    size_t late_size = seal(&ends, sixteen, late, START + TRANSPORT_REJECT_MS - 1);
    assert_true(open_as(&ends, packet, size, text, START + TRANSPORT_REJECT_MS - 1));
    assert_false(transport_usable(&ends.ours, START + TRANSPORT_REJECT_MS));
    assert_int_equal(seal(&ends, sixteen, packet, START + TRANSPORT_REJECT_MS), 0);
    assert_false(open_as(&ends, late, late_size, text, START + TRANSPORT_REJECT_MS));
}

static void wiping_leaves_zeros(void **state) {
    struct ends ends;
    uint8_t packet[PACKET_MAX];
    (void)state;
    connect_ends(&ends, SUITE_CHACHA20_POLY1305);
    assert_false(sodium_is_zero((const uint8_t *)&ends.ours.keys, sizeof ends.ours.keys));
    transport_wipe(&ends.ours);
    assert_true(sodium_is_zero((const uint8_t *)&ends.ours, sizeof ends.ours));
    assert_false(transport_usable(&ends.ours, START));
    assert_int_equal(seal(&ends, sixteen, packet, START), 0);
}

static void only_what_fits_is_sealed(void **state) {
    struct ends ends;
    uint8_t packet[PACKET_MAX], frames[PEER_FRAMES_MAX] = {0};
    (void)state;
    connect_ends(&ends, SUITE_CHACHA20_POLY1305);
    assert_int_equal(transport_seal(&ends.ours, frames, sizeof frames, packet, sizeof packet, START), PACKET_MAX);
    assert_int_equal(transport_seal(&ends.ours, frames, sizeof frames, packet, sizeof packet - 1, START), 0);
    assert_int_equal(transport_seal(&ends.ours, frames, 16, packet, PEER_DATA_OVERHEAD - 1, START), 0);
    assert_int_equal(ends.ours.send_counter, 1);
}

static int start(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_opens),       cmocka_unit_test(a_counter_opens_once),
        cmocka_unit_test(each_changed_bit_is_refused), cmocka_unit_test(our_own_packets_do_not_open),
        cmocka_unit_test(keys_end_at_180_s),           cmocka_unit_test(wiping_leaves_zeros),
        cmocka_unit_test(only_what_fits_is_sealed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("transport", tests, start, NULL);
}
