#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/cluster/board_pair.h"

static size_t encode(const struct board_packet *packet, uint8_t out[static BOARD_PACKET_MAX]) {
    size_t size = board_pair_encode(packet, out);
    assert_in_range(size, 1, BOARD_PACKET_MAX);
    return size;
}

static void test_every_type_comes_back(void **state) {
    uint8_t data[BOARD_PACKET_MAX];
    (void)state;
    for (unsigned type = 0; type < BOARD_PACKET_TYPES; type++) {
        struct board_packet packet = {.type = (enum board_packet_type)type}, out;
        bool counts = type == BOARD_PACKET_REFUSED || type == BOARD_PACKET_LOST;
        bool speaks = type == BOARD_PACKET_FAILED || type == BOARD_PACKET_THERE || type == BOARD_PACKET_AWAY ||
                      type == BOARD_PACKET_REFUSED || type == BOARD_PACKET_DIED;
        if (counts) packet.count = 7;
        if (speaks) snprintf(packet.text, sizeof packet.text, "some words");
        if (type == BOARD_PACKET_HEARD || type == BOARD_PACKET_PUBLISH)
            packet.message = (struct board_message){
                .subject = BOARD_ORDERS, .id = 255, .at_ms = 1ULL << 60, .size = 3, .data = {1, 0, 2}};
        assert_true(board_pair_decode(data, encode(&packet, data), &out));
        assert_memory_equal(&packet, &out, sizeof out);
    }
}

static void test_messages_of_every_size(void **state) {
    static struct board_packet packet = {.type = BOARD_PACKET_HEARD}, out;
    uint8_t data[BOARD_PACKET_MAX + 1] = {0};
    (void)state;
    for (size_t size = 0; size <= BOARD_MESSAGE_MAX; size++) {
        packet.message.size = size;
        assert_true(board_pair_decode(data, encode(&packet, data), &out));
        assert_int_equal(out.message.size, size);
    }
    size_t size = encode(&packet, data);
    assert_false(board_pair_decode(data, size + 1, &out)); /* one more than a message has */
}

static void test_what_is_none(void **state) {
    struct board_packet packet = {.type = BOARD_PACKET_HEARD, .message = {.size = 2}}, out;
    uint8_t data[BOARD_PACKET_MAX] = {0};
    (void)state;
    assert_false(board_pair_decode(data, 0, &out));
    data[0] = BOARD_PACKET_TYPES;
    assert_false(board_pair_decode(data, 1, &out));
    (void)encode(&packet, data);
    for (size_t size = 0; size < 11; size++) assert_false(board_pair_decode(data, size, &out)); /* cut short */
    assert_true(board_pair_decode(data, 11, &out) && out.message.size == 0);
    data[1] = BOARD_SUBJECTS;
    assert_false(board_pair_decode(data, 13, &out));
    data[0] = BOARD_PACKET_READY; /* has nothing behind it */
    assert_false(board_pair_decode(data, 2, &out));
    assert_true(board_pair_decode(data, 1, &out));
}

static void test_texts_are_harmless(void **state) {
    struct board_packet packet = {.type = BOARD_PACKET_AWAY, .text = "a\x1b[2J\nb\x80"}, out;
    uint8_t data[BOARD_PACKET_MAX];
    (void)state;
    size_t size = encode(&packet, data);
    assert_true(board_pair_decode(data, size, &out));
    assert_string_equal(out.text, "a?[2J?b?");
    data[2] = '\n';
    assert_false(board_pair_decode(data, size, &out));
    data[2] = '\0';
    assert_false(board_pair_decode(data, size, &out));
    memset(packet.text, 'x', sizeof packet.text); /* no zero at its end */
    assert_true(board_pair_decode(data, encode(&packet, data), &out));
    assert_int_equal(strlen(out.text), BOARD_TEXT_SIZE - 1);
}

static void test_subjects(void **state) {
    char text[BOARD_SUBJECT_SIZE];
    enum board_subject subject;
    uint8_t id;
    (void)state;
    board_pair_all("town", text);
    assert_string_equal(text, "gochat.town.*.*");
    for (unsigned word = 0; word < BOARD_SUBJECTS; word++) {
        for (unsigned number = 0; number <= UINT8_MAX; number++) {
            board_pair_subject("town", (enum board_subject)word, (uint8_t)number, text);
            assert_true(board_pair_read_subject(text, "town", &subject, &id));
            assert_true(subject == word && id == number);
            assert_false(board_pair_read_subject(text, "tow", &subject, &id));
        }
    }
    board_pair_subject("abcdefghijklmnopqrstuvwxyz_-0123", BOARD_ORDERS, 255, text); /* the longest name */
    assert_string_equal(text, "gochat.abcdefghijklmnopqrstuvwxyz_-0123.orders.255");
}

static void test_foreign_subjects(void **state) {
    static const char *const foreign[] = {"",
                                          ".",
                                          "gochat.town.beacon",
                                          "gochat.town.beacon.",
                                          "gochat.town.beacon.256",
                                          "gochat.town.beacon.01",
                                          "gochat.town.beacon.1.",
                                          "gochat.town.beacon.1.2",
                                          "gochat.town.beacon.-1",
                                          "gochat.town.beacon.+1",
                                          "gochat.town.beacon. 1",
                                          "gochat.town.beacon.1x",
                                          "gochat.town.beacon.99999999999999999999",
                                          "gochat.town.secrets.1",
                                          "gochat.village.beacon.1",
                                          "Gochat.town.beacon.1",
                                          "gochat.town.beacon.*"};
    enum board_subject subject;
    uint8_t id;
    (void)state;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        assert_false(board_pair_read_subject(foreign[i], "town", &subject, &id));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_comes_back),
        cmocka_unit_test(test_messages_of_every_size),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_texts_are_harmless),
        cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_foreign_subjects),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("board_pair", tests, NULL, NULL);
}
