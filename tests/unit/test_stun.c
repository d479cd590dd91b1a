#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/bytes.h"
#include "common/stun.h"

#define TRANSACTION "\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"

/* RFC 5769 §2.1. PRIORITY belongs to ICE, which a plain server does not speak. */
static const uint8_t rfc5769_request[] =
    "\x00\x01\x00\x58" TRANSACTION "\x80\x22\x00\x10STUN test client\x00\x24\x00\x04\x6e\x00\x01\xff\x80\x29\x00\x08"
    "\x93\x2f\xf9\xb1\x51\x26\x3b\x36\x00\x06\x00\x09\x65\x76\x74\x6a\x3a\x68\x36\x76\x59\x20\x20\x20\x00\x08\x00\x14"
    "\x9a\xea\xa7\x0c\xbf\xd8\xcb\x56\x78\x1e\xf2\xb5\xb2\xd3\xf2\x49\xc1\xb5\x71\xa2\x80\x28\x00\x04\xe5\x7a\x3b\xcf";
#define RFC5769_SIZE (sizeof rfc5769_request - 1)

struct message {
    uint8_t data[200];
    struct writer writer;
};

static void begin_with(struct message *message, const char transaction[static 16]) {
    message->writer = writer_over(message->data, sizeof message->data);
    write_u16(&message->writer, 0x0001);
    write_u16(&message->writer, 0);
    write_bytes(&message->writer, transaction, 16);
}

static void begin(struct message *message) {
    begin_with(message, TRANSACTION);
}

static void attribute(struct message *message, uint16_t type, const void *value, uint16_t size) {
    write_u16(&message->writer, type);
    write_u16(&message->writer, size);
    write_bytes(&message->writer, value, size);
    write_zeros(&message->writer, (4U - size % 4U) % 4U);
}

static bool decode(struct message *message, struct stun_request *out) {
    size_t size = writer_size(&message->writer);
    struct writer length = writer_over(message->data + 2, 2);
    write_u16(&length, (uint16_t)(size - STUN_HEADER_SIZE));
    return stun_decode_request(message->data, size, out);
}

static struct address parsed(const char *text) {
    struct address address;
    assert_true(address_parse(text, 0, &address));
    return address;
}

static void decodes_the_sample_request(void **state) {
    (void)state;
    struct stun_request request;
    assert_int_equal(RFC5769_SIZE, 108);
    assert_true(stun_decode_request(rfc5769_request, RFC5769_SIZE, &request));
    assert_memory_equal(request.transaction, TRANSACTION, 16);
    assert_false(request.classic);
    assert_true(request.fingerprint);
    assert_int_equal(request.unknown_count, 1);
    assert_int_equal(request.unknown[0], 0x0024);
}

static void no_flipped_bit_passes_the_fingerprint(void **state) {
    (void)state;
    for (size_t bit = 0; bit < RFC5769_SIZE * 8; bit++) {
        uint8_t copy[RFC5769_SIZE];
        struct stun_request request;
        memcpy(copy, rfc5769_request, sizeof copy);
        copy[bit / 8] = (uint8_t)(copy[bit / 8] ^ 1U << bit % 8);
        /* A longer attribute before it may swallow the fingerprint; then it says that there was none. */
        assert_false(stun_decode_request(copy, sizeof copy, &request) && request.fingerprint);
    }
}

static void every_cut_is_refused(void **state) {
    (void)state;
    for (size_t size = 0; size < RFC5769_SIZE; size++) {
        struct stun_request request;
        assert_false(stun_decode_request(rfc5769_request, size, &request));
    }
}

static void an_empty_request_is_fine(void **state) {
    (void)state;
    struct message message;
    struct stun_request request;
    begin(&message);
    assert_true(decode(&message, &request));
    assert_false(request.fingerprint);
    assert_int_equal(request.unknown_count, 0);
    message.data[1] = 0x11; /* an indication wants no answer */
    assert_false(decode(&message, &request));
    message.data[0] = 1;
    message.data[1] = 1;
    assert_false(decode(&message, &request));
}

static void lengths_are_checked(void **state) {
    (void)state;
    struct message message;
    struct stun_request request;
    begin(&message);
    attribute(&message, 0x8022, "abc", 3);
    assert_true(decode(&message, &request));
    message.data[23] = 5; /* over the end */
    assert_false(decode(&message, &request));
    begin(&message);
    write_u16(&message.writer, 0x8022); /* half an attribute header */
    assert_false(decode(&message, &request));
    begin(&message);
    write_u32(&message.writer, 0x80220000);
    assert_true(decode(&message, &request));
}

static void a_fingerprint_must_be_last_and_right(void **state) {
    (void)state;
    struct message message;
    struct stun_request request;
    begin(&message);
    attribute(&message, 0x8028, "\xfd\xf6\xae\x02", 4);
    assert_true(decode(&message, &request));
    assert_true(request.fingerprint);
    attribute(&message, 0x8022, "abcd", 4);
    assert_false(decode(&message, &request));
    begin(&message);
    attribute(&message, 0x8028, "\xfd\xf6\xae\x03", 4);
    assert_false(decode(&message, &request));
    begin(&message);
    attribute(&message, 0x8028, "\xfd\xf6\xae\x02", 3);
    assert_false(decode(&message, &request));
}

static void unknown_attributes_are_bounded(void **state) {
    (void)state;
    struct message message;
    struct stun_request request;
    begin(&message);
    for (uint16_t type = 0x7000; type < 0x7010; type++) attribute(&message, type, "", 0);
    assert_true(decode(&message, &request));
    assert_int_equal(request.unknown_count, 8);
    assert_int_equal(request.unknown[7], 0x7007);
}

static void what_follows_the_integrity_is_ignored(void **state) {
    (void)state;
    static const uint8_t mac[20];
    struct message message;
    struct stun_request request;
    begin(&message);
    attribute(&message, 0x0008, mac, sizeof mac);
    attribute(&message, 0x7000, "", 0);
    assert_true(decode(&message, &request));
    assert_int_equal(request.unknown_count, 0);
}

static void classic_clients_may_ask_for_no_change(void **state) {
    (void)state;
    struct message message;
    struct stun_request request;
    begin_with(&message, "0123456789abcdef");
    attribute(&message, 0x0003, "\0\0\0\0", 4);
    assert_true(decode(&message, &request));
    assert_true(request.classic);
    assert_int_equal(request.unknown_count, 0);
    begin_with(&message, "0123456789abcdef");
    attribute(&message, 0x0003, "\0\0\0\x06", 4);
    assert_false(decode(&message, &request));
    begin(&message);
    attribute(&message, 0x0003, "\0\0\0\0", 4);
    assert_true(decode(&message, &request));
    assert_int_equal(request.unknown[0], 0x0003);
}

static void encode(const struct stun_request *request, const char *mapped, const char *expected, size_t size) {
    uint8_t out[STUN_RESPONSE_MAX];
    struct address address = parsed(mapped);
    assert_int_equal(stun_encode_response(request, &address, out, sizeof out), size);
    assert_memory_equal(out, expected, size);
    assert_int_equal(stun_encode_response(request, &address, out, size), size);
    for (size_t capacity = 0; capacity < size; capacity++)
        assert_int_equal(stun_encode_response(request, &address, out, capacity), 0);
}
#define assert_response(request, mapped, expected) encode(request, mapped, expected, sizeof(expected) - 1)

static void answers_as_the_sample_responses(void **state) {
    (void)state;
    struct stun_request request = {.classic = false};
    memcpy(request.transaction, TRANSACTION, 16);
    assert_response(&request, "192.0.2.1:32853",
                    "\x01\x01\x00\x0c" TRANSACTION "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43");
    assert_response(&request, "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
                    "\x01\x01\x00\x18" TRANSACTION "\x00\x20\x00\x14\x00\x02\xa1\x47\x01\x13\xa9\xfa"
                    "\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9");
}

static void answers_a_fingerprint_with_one(void **state) {
    (void)state;
    struct stun_request request = {.fingerprint = true};
    memcpy(request.transaction, TRANSACTION, 16);
    assert_response(&request, "192.0.2.1:32853",
                    "\x01\x01\x00\x14" TRANSACTION "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43"
                    "\x80\x28\x00\x04\x7d\x28\x1f\x59");
}

static void answers_classic_clients_in_the_clear(void **state) {
    (void)state;
    struct stun_request request = {.classic = true};
    memcpy(request.transaction, "0123456789abcdef", 16);
    assert_response(&request, "192.0.2.1:32853",
                    "\x01\x01\x00\x0c"
                    "0123456789abcdef\x00\x01\x00\x08\x00\x01\x80\x55\xc0\x00\x02\x01");
}

static void names_unknown_attributes(void **state) {
    (void)state;
    struct stun_request request = {.unknown = {0x0024, 0x7000, 0x7001}, .unknown_count = 3};
    memcpy(request.transaction, TRANSACTION, 16);
    assert_response(&request, "192.0.2.1:32853",
                    "\x01\x11\x00\x14" TRANSACTION "\x00\x09\x00\x04\x00\x00\x04\x14"
                    "\x00\x0a\x00\x06\x00\x24\x70\x00\x70\x01\x00\x00");
}

static void the_largest_answer_fits(void **state) {
    (void)state;
    uint8_t out[STUN_RESPONSE_MAX];
    struct address mapped = parsed("[2001:db8::1]:1");
    struct stun_request request = {.unknown_count = 8, .fingerprint = true};
    assert_in_range(stun_encode_response(&request, &mapped, out, sizeof out), 1, STUN_RESPONSE_MAX);
    request.unknown_count = 0;
    assert_in_range(stun_encode_response(&request, &mapped, out, sizeof out), 1, STUN_RESPONSE_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_the_sample_request),
        cmocka_unit_test(no_flipped_bit_passes_the_fingerprint),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(an_empty_request_is_fine),
        cmocka_unit_test(lengths_are_checked),
        cmocka_unit_test(a_fingerprint_must_be_last_and_right),
        cmocka_unit_test(unknown_attributes_are_bounded),
        cmocka_unit_test(what_follows_the_integrity_is_ignored),
        cmocka_unit_test(classic_clients_may_ask_for_no_change),
        cmocka_unit_test(answers_as_the_sample_responses),
        cmocka_unit_test(answers_a_fingerprint_with_one),
        cmocka_unit_test(answers_classic_clients_in_the_clear),
        cmocka_unit_test(names_unknown_attributes),
        cmocka_unit_test(the_largest_answer_fits),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("stun", tests, NULL, NULL);
}
