/* Requests as a server decodes them, and answers as it gives them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/load/traffic_dns.h"
#include "bench/load/traffic_raw.h"
#include "bench/load/traffic_stun.h"
#include "bench/load/traffic_tracker.h"
#include "common/bytes.h"
#include "common/stun.h"
#include "common/why.h"
#include "common/wire/packet.h"

#define NOW 5000000

static uint8_t packet[PACKET_MAX];
static struct why why;

static size_t request(struct traffic *traffic, size_t socket, uint64_t *number, uint64_t now_us) {
    return traffic->request(traffic->context, socket, number, now_us, packet);
}

static uint64_t answer(struct traffic *traffic, const uint8_t *data, size_t size) {
    return traffic->answer(traffic->context, 0, data, size, NOW);
}

/* None of the answer's beginnings is one, nor the answer with one of the first `fixed` bytes changed. */
static void only_whole_answers_count(struct traffic *traffic, const uint8_t *data, size_t size, size_t fixed) {
    uint8_t copy[PACKET_MAX] = {0};
    assert_true(fixed <= size && size <= sizeof copy);
    memcpy(copy, data, size);
    for (size_t i = 0; i < size; i++) assert_true(answer(traffic, copy, i) == TRAFFIC_NO_ANSWER);
    for (size_t i = 0; i < fixed; i++) {
        copy[i] ^= 0x41;
        if (answer(traffic, copy, size) != TRAFFIC_NO_ANSWER) fail_msg("byte %zu does not matter", i);
        copy[i] ^= 0x41;
    }
}

static void raw_comes_back_as_it_went(void **state) {
    (void)state;
    struct traffic *traffic = traffic_raw(40, true);
    uint64_t number = UINT64_C(0x123456789a);
    assert_int_equal(request(traffic, 0, &number, NOW), 40);
    assert_true(number == UINT64_C(0x123456789a));
    for (size_t i = 12; i < 40; i++) assert_int_equal(packet[i], 0);
    assert_true(answer(traffic, packet, 40) == number);
    only_whole_answers_count(traffic, packet, 40, 4);
    traffic_destroy(traffic);
}

static void raw_one_way_expects_nothing(void **state) {
    (void)state;
    struct traffic *traffic = traffic_raw(12, false);
    uint64_t number = 7;
    assert_int_equal(request(traffic, 0, &number, NOW), 12);
    assert_true(number == TRAFFIC_NO_ANSWER);
    traffic_destroy(traffic);
}

static void stun_is_understood_by_our_server(void **state) {
    (void)state;
    static const char *const mapped[] = {"192.0.2.1:5", "[2001:db8::1]:5"};
    struct traffic *traffic = traffic_stun();
    for (size_t i = 0; i < 2; i++) {
        struct stun_request decoded;
        struct stun_response seen = {.error = 0};
        uint8_t response[STUN_RESPONSE_MAX];
        uint64_t number = 1000000 + i;
        size_t size = request(traffic, 0, &number, NOW);
        assert_true(stun_decode_request(packet, size, &decoded));
        assert_false(decoded.classic);
        assert_true(address_parse(mapped[i], 0, &seen.mapped));
        size = stun_encode_response(&decoded, &seen, response, sizeof response);
        assert_true(answer(traffic, response, size) == 1000000 + i);
        only_whole_answers_count(traffic, response, size, 12);
        response[20 + 1] ^= 0x01; /* MAPPED-ADDRESS, 0x0021, is not what RFC 8489 answers with */
        assert_true(answer(traffic, response, size) == TRAFFIC_NO_ANSWER);
    }
    traffic_destroy(traffic);
}

static void stun_errors_are_no_answers(void **state) {
    (void)state;
    struct traffic *traffic = traffic_stun();
    struct stun_request decoded;
    struct stun_response seen = {.mapped = {.port = 1}};
    uint8_t response[STUN_RESPONSE_MAX];
    uint64_t number = 1;
    assert_true(stun_decode_request(packet, request(traffic, 0, &number, NOW), &decoded));
    decoded.unknown[decoded.unknown_count++] = 0x7777;
    size_t size = stun_encode_response(&decoded, &seen, response, sizeof response);
    assert_true(answer(traffic, response, size) == TRAFFIC_NO_ANSWER);
    traffic_destroy(traffic);
}

/* RFC 1035 §4.1: the question for www.a.test, type A, class IN. */
static const uint8_t question[] = "\x03www\x01"
                                  "a\x04test\0\0\x01\0\x01";
#define QUESTION_SIZE (sizeof question - 1)

static size_t dns_answer(uint16_t flags, uint16_t answers) {
    packet[2] = (uint8_t)(flags >> 8);
    packet[3] = (uint8_t)flags;
    packet[7] = (uint8_t)answers;
    return 12 + QUESTION_SIZE;
}

static void dns_asks_for_an_address(void **state) {
    (void)state;
    struct traffic *traffic = traffic_dns("www.a.test", &why);
    uint64_t number = 0x12345;
    assert_non_null(traffic);
    assert_int_equal(request(traffic, 0, &number, NOW), 12 + QUESTION_SIZE);
    assert_memory_equal(packet, "\x23\x45\0\0\0\x01\0\0\0\0\0\0", 12);
    assert_memory_equal(packet + 12, question, QUESTION_SIZE);
    traffic_destroy(traffic);
}

static void dns_answers_are_found_by_their_id(void **state) {
    (void)state;
    struct traffic *traffic = traffic_dns("www.a.test.", &why);
    assert_non_null(traffic);
    uint64_t number = 0x1fffe;
    (void)request(traffic, 0, &number, NOW);
    size_t size = dns_answer(0x8400, 1);
    uint8_t first[100];
    memcpy(first, packet, size);
    for (number = 0x1ffff; number < 0x20005; number++) (void)request(traffic, 0, &(uint64_t){number}, NOW);
    assert_true(answer(traffic, first, size) == 0x1fffe);
    traffic_destroy(traffic);
}

static void dns_errors_are_no_answers(void **state) {
    (void)state;
    struct traffic *traffic = traffic_dns("www.a.test", &why);
    uint64_t number = 5;
    assert_non_null(traffic);
    (void)request(traffic, 0, &number, NOW);
    assert_true(answer(traffic, packet, dns_answer(0x8400, 1)) == 5);
    assert_true(answer(traffic, packet, dns_answer(0x0400, 1)) == TRAFFIC_NO_ANSWER); /* a query */
    assert_true(answer(traffic, packet, dns_answer(0x8403, 1)) == TRAFFIC_NO_ANSWER); /* NXDOMAIN */
    assert_true(answer(traffic, packet, dns_answer(0x8400, 0)) == TRAFFIC_NO_ANSWER);
    assert_true(answer(traffic, packet, 7) == TRAFFIC_NO_ANSWER);
    packet[1] = 6; /* a number not asked yet */
    assert_true(answer(traffic, packet, dns_answer(0x8400, 1)) == TRAFFIC_NO_ANSWER);
    traffic_destroy(traffic);
}

static void impossible_names_are_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {"", ".", "a..b",
                                        "0123456789012345678901234567890123456789012345678901234567890123.test"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_null(traffic_dns(wrong[i], &why));
        assert_non_null(strstr(why.text, "--dns"));
    }
}

#define CONNECTION UINT64_C(0xfeedfacecafebeef)

static size_t tracker_answer(uint8_t out[static 20], uint32_t action, uint32_t transaction, uint64_t rest) {
    struct writer writer = writer_over(out, 20);
    write_u32(&writer, action);
    write_u32(&writer, transaction);
    write_u64(&writer, rest);
    write_u32(&writer, 0);
    return writer_size(&writer);
}

/* Connects socket 0, as BEP 15 says. */
static struct traffic *connected(uint64_t now_us) {
    struct traffic *traffic = traffic_tracker(2);
    uint8_t response[20];
    uint64_t number = 0;
    assert_non_null(traffic);
    assert_int_equal(request(traffic, 0, &number, now_us), 16);
    assert_true(number == TRAFFIC_NO_ANSWER);
    struct reader reader = reader_over(packet, 16);
    assert_true(read_u64(&reader) == UINT64_C(0x41727101980));
    assert_int_equal(read_u32(&reader), 0);
    (void)tracker_answer(response, 0, read_u32(&reader), CONNECTION);
    assert_true(traffic->answer(traffic->context, 0, response, 16, now_us) == TRAFFIC_NO_ANSWER);
    return traffic;
}

static void tracker_announces_once_connected(void **state) {
    (void)state;
    struct traffic *traffic = connected(NOW);
    uint8_t response[20];
    uint64_t number = UINT64_C(0x100000005);
    assert_int_equal(request(traffic, 0, &number, NOW), 98);
    assert_true(number == UINT64_C(0x100000005));
    struct reader reader = reader_over(packet, 98);
    assert_true(read_u64(&reader) == CONNECTION);
    assert_int_equal(read_u32(&reader), 1);
    assert_int_equal(read_u32(&reader), 5);
    size_t size = tracker_answer(response, 1, 5, 0);
    assert_true(answer(traffic, response, size) == number);
    only_whole_answers_count(traffic, response, size, 4);
    (void)tracker_answer(response, 3, 5, 0); /* an error */
    assert_true(answer(traffic, response, size) == TRAFFIC_NO_ANSWER);
    traffic_destroy(traffic);
}

static void tracker_repeats_its_connect(void **state) {
    (void)state;
    struct traffic *traffic = connected(NOW);
    uint64_t number = 0;
    assert_int_equal(request(traffic, 1, &number, NOW), 16);
    assert_int_equal(request(traffic, 1, &number, NOW + 400000), 0);
    assert_int_equal(request(traffic, 1, &number, NOW + 600000), 16);
    traffic_destroy(traffic);
}

/* The old id serves until the new one comes. */
static void tracker_renews_its_connection(void **state) {
    (void)state;
    struct traffic *traffic = connected(NOW);
    uint64_t number = 9;
    assert_int_equal(request(traffic, 0, &number, NOW + 59000000), 98);
    assert_int_equal(request(traffic, 0, &number, NOW + 61000000), 16);
    number = 10;
    assert_int_equal(request(traffic, 0, &number, NOW + 61000001), 98);
    assert_true(number == 10);
    traffic_destroy(traffic);
}

static void torrents_vary(void **state) {
    (void)state;
    struct traffic *traffic = connected(NOW);
    uint8_t first[20];
    uint64_t number = 1, different = 0;
    (void)request(traffic, 0, &number, NOW);
    memcpy(first, packet + 16, sizeof first);
    for (number = 2; number < 102; number++) {
        (void)request(traffic, 0, &number, NOW);
        different += memcmp(first, packet + 16, sizeof first) != 0;
    }
    assert_in_range(different, 90, 100);
    traffic_destroy(traffic);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_comes_back_as_it_went),        cmocka_unit_test(raw_one_way_expects_nothing),
        cmocka_unit_test(stun_is_understood_by_our_server), cmocka_unit_test(stun_errors_are_no_answers),
        cmocka_unit_test(dns_asks_for_an_address),          cmocka_unit_test(dns_answers_are_found_by_their_id),
        cmocka_unit_test(dns_errors_are_no_answers),        cmocka_unit_test(impossible_names_are_refused),
        cmocka_unit_test(tracker_announces_once_connected), cmocka_unit_test(tracker_repeats_its_connect),
        cmocka_unit_test(tracker_renews_its_connection),    cmocka_unit_test(torrents_vary),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("load_traffic", tests, NULL, NULL);
}
