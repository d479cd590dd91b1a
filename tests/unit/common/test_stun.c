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

static void a_wish_for_another_address_is_noted(void **state) {
    (void)state;
    static const enum stun_change changes[] = {STUN_CHANGE_NOTHING, STUN_CHANGE_PORT, STUN_CHANGE_IP, STUN_CHANGE_BOTH};
    for (size_t i = 0; i < 4; i++) {
        const uint8_t value[4] = {0xff, 0, 0, (uint8_t)changes[i]};
        struct message message;
        struct stun_request request;
        begin(&message);
        attribute(&message, 0x0003, value, sizeof value);
        assert_true(decode(&message, &request));
        assert_true(request.change_asked);
        assert_int_equal(request.change, changes[i]);
        assert_int_equal(request.unknown_count, 0);
        begin(&message);
        attribute(&message, 0x0003, value, 3);
        assert_false(decode(&message, &request));
    }
}

static void with_one_address_a_wish_is_not_known(void **state) {
    (void)state;
    struct message message;
    struct stun_request request;
    begin_with(&message, "0123456789abcdef");
    attribute(&message, 0x0003, "\0\0\0\0", 4);
    assert_true(decode(&message, &request));
    assert_true(request.classic);
    assert_true(stun_refuse_change(&request)); /* classic clients always send it: this one asks for nothing */
    assert_int_equal(request.unknown_count, 0);
    begin_with(&message, "0123456789abcdef");
    attribute(&message, 0x0003, "\0\0\0\x06", 4);
    assert_true(decode(&message, &request));
    assert_false(stun_refuse_change(&request));
    begin(&message);
    attribute(&message, 0x0003, "\0\0\0\0", 4);
    assert_true(decode(&message, &request));
    assert_true(stun_refuse_change(&request));
    assert_int_equal(request.unknown_count, 1);
    assert_int_equal(request.unknown[0], 0x0003);
    begin(&message);
    assert_true(decode(&message, &request));
    assert_true(stun_refuse_change(&request));
    assert_int_equal(request.unknown_count, 0);
}

static void no_answer_goes_to_a_well_known_port(void **state) {
    (void)state;
    static const struct {
        uint16_t port;
        bool good;
    } rows[] = {{0, false}, {1, false}, {19, false}, {53, false}, {1023, false}, {1024, true}, {65535, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stun_request ask = {.response_port = 40000}, request;
        uint8_t packet[STUN_REQUEST_MAX], random[12] = {1};
        stun_make_transaction(random, ask.transaction);
        size_t size = stun_encode_request(&ask, packet, sizeof packet);
        packet[STUN_HEADER_SIZE + 4] = (uint8_t)(rows[i].port >> 8);
        packet[STUN_HEADER_SIZE + 5] = (uint8_t)rows[i].port;
        assert_int_equal(stun_decode_request(packet, size, &request), rows[i].good);
    }
}

static void a_response_port_is_read_in_both_lengths(void **state) {
    (void)state;
    struct message message;
    struct stun_request request;
    for (uint16_t size = 0; size <= 6; size++) {
        begin(&message);
        attribute(&message, 0x0027, "\x9c\x40\0\0\0\0", size);
        assert_int_equal(decode(&message, &request), size == 2 || size == 4);
        if (size == 2 || size == 4) assert_int_equal(request.response_port, 40000);
    }
    begin(&message);
    attribute(&message, 0x0027, "\0\0\0\0", 4);
    assert_false(decode(&message, &request));
}

static void the_clock_is_asked_with_its_length(void **state) {
    (void)state;
    struct message message;
    struct stun_request request;
    begin(&message);
    attribute(&message, 0xc0f1, "\0\0\0\0\0\0\0\0", 8);
    assert_true(decode(&message, &request));
    assert_true(request.clock);
    for (uint16_t size = 0; size <= 8; size++) {
        begin(&message);
        attribute(&message, 0xc0f1, "\0\0\0\0\0\0\0\1", size); /* of another length, or not zero: not ours */
        assert_true(decode(&message, &request));
        assert_false(request.clock);
        assert_int_equal(request.unknown_count, 0);
    }
}

static void encode_response(const struct stun_request *request, const struct stun_response *response,
                            const char *expected, size_t size) {
    uint8_t out[STUN_RESPONSE_MAX];
    assert_int_equal(stun_encode_response(request, response, out, sizeof out), size);
    assert_memory_equal(out, expected, size);
    assert_int_equal(stun_encode_response(request, response, out, size), size);
    for (size_t capacity = 0; capacity < size; capacity++)
        assert_int_equal(stun_encode_response(request, response, out, capacity), 0);
}

static void encode(const struct stun_request *request, const char *mapped, const char *expected, size_t size) {
    const struct stun_response response = {.mapped = parsed(mapped)};
    encode_response(request, &response, expected, size);
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
    struct address address = parsed("[2001:db8::1]:1");
    const struct stun_response response = {.mapped = address, .origin = address, .other = address, .wall_ms = 1};
    struct stun_request request = {.unknown_count = 8, .fingerprint = true, .clock = true};
    assert_in_range(stun_encode_response(&request, &response, out, sizeof out), 1, STUN_RESPONSE_MAX);
    request.unknown_count = 0;
    assert_int_equal(stun_encode_response(&request, &response, out, sizeof out), STUN_RESPONSE_MAX);
}

static void tells_origin_other_address_and_time(void **state) {
    (void)state;
    struct stun_request request = {.clock = true};
    const struct stun_response response = {.mapped = parsed("192.0.2.1:32853"),
                                           .origin = parsed("198.51.100.1:9595"),
                                           .other = parsed("198.51.100.2:9596"),
                                           .wall_ms = 0x0123456789abcdef};
    static const char expected[] = "\x01\x01\x00\x30" TRANSACTION "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43"
                                   "\x80\x2b\x00\x08\x00\x01\x25\x7b\xc6\x33\x64\x01"
                                   "\x80\x2c\x00\x08\x00\x01\x25\x7c\xc6\x33\x64\x02"
                                   "\xc0\xf1\x00\x08\x01\x23\x45\x67\x89\xab\xcd\xef";
    memcpy(request.transaction, TRANSACTION, 16);
    encode_response(&request, &response, expected, sizeof expected - 1);
}

static void tells_classic_clients_in_their_words(void **state) {
    (void)state;
    struct stun_request request = {.classic = true, .clock = true};
    const struct stun_response response = {.mapped = parsed("192.0.2.1:32853"),
                                           .origin = parsed("198.51.100.1:9595"),
                                           .other = parsed("198.51.100.2:9596")};
    static const char expected[] = "\x01\x01\x00\x24"
                                   "0123456789abcdef\x00\x01\x00\x08\x00\x01\x80\x55\xc0\x00\x02\x01"
                                   "\x00\x04\x00\x08\x00\x01\x25\x7b\xc6\x33\x64\x01"
                                   "\x00\x05\x00\x08\x00\x01\x25\x7c\xc6\x33\x64\x02";
    memcpy(request.transaction, "0123456789abcdef", 16);
    encode_response(&request, &response, expected, sizeof expected - 1);
}

/* --- The client's half --- */

/* RFC 5769 §2.2 and §2.3. */
static const uint8_t rfc5769_ipv4[] =
    "\x01\x01\x00\x3c" TRANSACTION "\x80\x22\x00\x0btest vector \x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43"
    "\x00\x08\x00\x14\x2b\x91\xf5\x99\xfd\x9e\x90\xc3\x8c\x74\x89\xf9\x2a\xf9\xba\x53\xf0\x6b\xe7\xd7"
    "\x80\x28\x00\x04\xc0\x7d\x4c\x96";
static const uint8_t rfc5769_ipv6[] =
    "\x01\x01\x00\x48" TRANSACTION "\x80\x22\x00\x0btest vector \x00\x20\x00\x14\x00\x02\xa1\x47\x01\x13\xa9\xfa"
    "\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9"
    "\x00\x08\x00\x14\xa3\x82\x95\x4e\x4b\xe6\x7b\xf1\x17\x84\xc9\x7c\x82\x92\xc2\x75\xbf\xe3\xed\x41"
    "\x80\x28\x00\x04\xc8\xfb\x0b\x4c";

static const uint8_t *transaction_bytes(void) {
    return (const uint8_t *)TRANSACTION;
}

static void understands_the_sample_responses(void **state) {
    (void)state;
    struct stun_response response;
    const struct address ipv4 = parsed("192.0.2.1:32853"),
                         ipv6 = parsed("[2001:db8:1234:5678:11:2233:4455:6677]:32853");
    assert_true(stun_decode_response(rfc5769_ipv4, sizeof rfc5769_ipv4 - 1, transaction_bytes(), &response));
    assert_int_equal(response.error, 0);
    assert_true(address_equal(&response.mapped, &ipv4));
    assert_int_equal(response.other.port, 0);
    assert_true(stun_decode_response(rfc5769_ipv6, sizeof rfc5769_ipv6 - 1, transaction_bytes(), &response));
    assert_true(address_equal(&response.mapped, &ipv6));
    for (size_t size = 0; size < sizeof rfc5769_ipv4 - 1; size++)
        assert_false(stun_decode_response(rfc5769_ipv4, size, transaction_bytes(), &response));
}

/* A flipped bit in the message makes the fingerprint wrong; in an attribute's length it may hide the fingerprint, but
 * not in the address that is told. */
static void no_flipped_bit_changes_the_address(void **state) {
    (void)state;
    const struct address told = parsed("192.0.2.1:32853");
    for (size_t bit = 0; bit < (sizeof rfc5769_ipv4 - 1) * 8; bit++) {
        uint8_t copy[sizeof rfc5769_ipv4 - 1];
        struct stun_response response;
        memcpy(copy, rfc5769_ipv4, sizeof copy);
        copy[bit / 8] = (uint8_t)(copy[bit / 8] ^ 1U << bit % 8);
        if (stun_decode_response(copy, sizeof copy, transaction_bytes(), &response))
            assert_true(address_equal(&response.mapped, &told));
    }
}

static bool understand(struct message *message, uint16_t type, struct stun_response *out) {
    size_t size = writer_size(&message->writer);
    struct writer header = writer_over(message->data, 4);
    write_u16(&header, type);
    write_u16(&header, (uint16_t)(size - STUN_HEADER_SIZE));
    return stun_decode_response(message->data, size, transaction_bytes(), out);
}

#define MASKED "\x00\x01\xa1\x47\xe1\x12\xa6\x43"
#define PLAIN "\x00\x01\x80\x56\xc0\x00\x02\x02"

static void an_answer_tells_the_mapped_address(void **state) {
    (void)state;
    static const struct {
        uint16_t type;
        const char *value;
        uint16_t size;
        bool good;
    } rows[] = {
        {0x0020, MASKED, 8, true},
        {0x0020, MASKED "\0\0\0", 11, false},
        {0x0020, MASKED, 7, false},
        {0x0020, "\x00\x03\xa1\x47\xe1\x12\xa6\x43", 8, false}, /* no such family */
        {0x0020, "\x00\x02\xa1\x47\xe1\x12\xa6\x43", 8, false},
        {0x0020, "\x00\x01\x21\x12\xe1\x12\xa6\x43", 8, false}, /* port 0 */
        {0x0001, PLAIN, 8, true},
        {0x8022, "abcd", 4, false}, /* and nothing else */
    };
    struct stun_response response;
    struct message message;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(&message);
        attribute(&message, rows[i].type, rows[i].value, rows[i].size);
        assert_int_equal(understand(&message, 0x0101, &response), rows[i].good);
        assert_false(understand(&message, 0x0111, &response)); /* an error without a code */
        assert_false(understand(&message, 0x0001, &response));
    }
}

static void the_masked_address_counts(void **state) {
    (void)state;
    const struct address told = parsed("192.0.2.1:32853");
    for (int order = 0; order < 2; order++) {
        struct stun_response response;
        struct message message;
        begin(&message);
        attribute(&message, order ? 0x0020 : 0x0001, order ? MASKED : PLAIN, 8);
        attribute(&message, order ? 0x0001 : 0x0020, order ? PLAIN : MASKED, 8);
        assert_true(understand(&message, 0x0101, &response));
        assert_true(address_equal(&response.mapped, &told));
    }
}

static void errors_and_unknown_attributes(void **state) {
    (void)state;
    struct stun_response response;
    struct message message;
    begin(&message);
    attribute(&message, 0x0009, "\0\0\x04\x14what", 8);
    assert_true(understand(&message, 0x0111, &response));
    assert_int_equal(response.error, 420);
    assert_false(understand(&message, 0x0101, &response));
    begin(&message);
    attribute(&message, 0x0009, "\0\0\x02\x14", 4);
    assert_false(understand(&message, 0x0111, &response));
    begin(&message);
    attribute(&message, 0x0009, "\0\0\x04\x64", 4);
    assert_false(understand(&message, 0x0111, &response));
    begin(&message);
    attribute(&message, 0x0020, MASKED, 8);
    attribute(&message, 0x7777, "", 0);
    assert_false(understand(&message, 0x0101, &response));
    begin(&message);
    attribute(&message, 0x0020, MASKED, 8);
    attribute(&message, 0xf777, "", 0);
    assert_true(understand(&message, 0x0101, &response));
}

static void an_answer_is_to_its_own_request(void **state) {
    (void)state;
    struct stun_response response;
    for (size_t i = 0; i < STUN_TRANSACTION_SIZE; i++) {
        uint8_t other[STUN_TRANSACTION_SIZE];
        memcpy(other, TRANSACTION, sizeof other);
        other[i] ^= 1;
        assert_false(stun_decode_response(rfc5769_ipv4, sizeof rfc5769_ipv4 - 1, other, &response));
    }
}

static void asks_what_the_server_understands(void **state) {
    (void)state;
    static const uint8_t random[12] = "\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae";
    uint8_t out[STUN_REQUEST_MAX];
    struct stun_request asked = {.change_asked = true,
                                 .change = STUN_CHANGE_IP,
                                 .response_port = 40000,
                                 .clock = true,
                                 .fingerprint = true},
                        understood;
    stun_make_transaction(random, asked.transaction);
    assert_memory_equal(asked.transaction, TRANSACTION, 16);
    size_t size = stun_encode_request(&asked, out, sizeof out);
    assert_int_equal(size, 20 + 8 + 8 + 12 + 8);
    assert_true(stun_decode_request(out, size, &understood));
    assert_memory_equal(&understood, &asked, sizeof asked);
    for (size_t capacity = 0; capacity < size; capacity++)
        assert_int_equal(stun_encode_request(&asked, out, capacity), 0);
    asked = (struct stun_request){.change_asked = false};
    assert_int_equal(stun_encode_request(&asked, out, sizeof out), STUN_HEADER_SIZE);
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
        cmocka_unit_test(a_wish_for_another_address_is_noted),
        cmocka_unit_test(with_one_address_a_wish_is_not_known),
        cmocka_unit_test(a_response_port_is_read_in_both_lengths),
        cmocka_unit_test(no_answer_goes_to_a_well_known_port),
        cmocka_unit_test(the_clock_is_asked_with_its_length),
        cmocka_unit_test(answers_as_the_sample_responses),
        cmocka_unit_test(answers_a_fingerprint_with_one),
        cmocka_unit_test(answers_classic_clients_in_the_clear),
        cmocka_unit_test(names_unknown_attributes),
        cmocka_unit_test(the_largest_answer_fits),
        cmocka_unit_test(tells_origin_other_address_and_time),
        cmocka_unit_test(tells_classic_clients_in_their_words),
        cmocka_unit_test(understands_the_sample_responses),
        cmocka_unit_test(no_flipped_bit_changes_the_address),
        cmocka_unit_test(an_answer_tells_the_mapped_address),
        cmocka_unit_test(the_masked_address_counts),
        cmocka_unit_test(errors_and_unknown_attributes),
        cmocka_unit_test(an_answer_is_to_its_own_request),
        cmocka_unit_test(asks_what_the_server_understands),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("stun", tests, NULL, NULL);
}
