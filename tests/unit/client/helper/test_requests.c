/* What the client and its helper process say to each other, and what the client takes for an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#include "client/helper/requests.h"

static const struct helper_request requests[] = {
    {.type = HELPER_LOOK_UP, .name = "chat.example:9000", .family = AF_UNSPEC},
    {.type = HELPER_LOOK_UP, .name = "chat.example", .family = AF_INET, .port = 9000},
    {.type = HELPER_LOOK_UP, .name = "[fe80::1%eth0]:9000", .family = AF_INET6},
    {.type = HELPER_MAP, .protocol = HELPER_UPNP, .port = 9000, .external = 50000, .lease_s = 3600},
    {.type = HELPER_UNMAP, .protocol = HELPER_NATPMP, .port = 9000, .external = 50000},
    {.type = HELPER_EXTERNAL, .protocol = HELPER_UPNP},
};

#define REQUESTS (sizeof requests / sizeof *requests)

static struct helper_answer sample(const struct helper_request *request) {
    struct helper_answer answer = {.count = 0};
    switch (request->type) {
    case HELPER_LOOK_UP:
        answer.count = request->family == AF_UNSPEC ? BOOTNODE_ADDRESSES : 2;
        for (size_t i = 0; i < answer.count; i++) {
            assert_true(
                address_parse(request->family == AF_INET ? "192.0.2.1:1" : "[2001:db8::1]:1", 0, &answer.addresses[i]));
            answer.addresses[i].ip[15] = (uint8_t)(i + 1);
            answer.addresses[i].port = 0;
        }
        break;
    case HELPER_MAP:
        answer.port = PORT_GRANTED;
        assert_true(address_parse("203.0.113.21:50000", 0, &answer.grant.external));
        answer.grant.lease_s = 3600;
        break;
    case HELPER_EXTERNAL:
        answer.found = true;
        answer.external.s_addr = inet_addr("203.0.113.21");
        break;
    default: break;
    }
    return answer;
}

static bool is_answer(const struct helper_request *request, const uint8_t *data, size_t size) {
    static const struct helper_answer nothing;
    struct helper_answer out;
    memset(&out, 0xaa, sizeof out);
    bool is = helper_answer_decode(request, data, size, &out);
    if (!is) assert_memory_equal(&out, &nothing, sizeof out);
    return is;
}

static void requests_arrive_as_they_were(void **state) {
    (void)state;
    for (size_t i = 0; i < REQUESTS; i++) {
        uint8_t data[HELPER_REQUEST_MAX];
        struct helper_request out;
        size_t size = helper_request_encode(&requests[i], data, sizeof data);
        assert_true(size > 0);
        assert_true(helper_request_decode(data, size, &out));
        assert_memory_equal(&out, &requests[i], sizeof out);
        for (size_t cut = 0; cut < size; cut++) {
            assert_int_equal(helper_request_encode(&requests[i], data, cut), 0);
            assert_false(helper_request_decode(data, cut, &out));
        }
        assert_int_equal(helper_request_encode(&requests[i], data, size), size);
        data[size] = 0;
        assert_false(helper_request_decode(data, size + 1, &out));
    }
}

static void the_longest_name_fits(void **state) {
    (void)state;
    struct helper_request request = {.type = HELPER_LOOK_UP}, out;
    uint8_t data[HELPER_REQUEST_MAX];
    memset(request.name, 'x', sizeof request.name - 1);
    size_t size = helper_request_encode(&request, data, sizeof data);
    assert_true(helper_request_decode(data, size, &out));
    assert_string_equal(out.name, request.name);
}

static void answers_arrive_as_they_were(void **state) {
    (void)state;
    for (size_t i = 0; i < REQUESTS; i++) {
        struct helper_answer answer = sample(&requests[i]), out;
        uint8_t data[HELPER_ANSWER_MAX + 1];
        size_t size = helper_answer_encode(&requests[i], &answer, data, HELPER_ANSWER_MAX);
        assert_true(size > 0);
        assert_true(helper_answer_decode(&requests[i], data, size, &out));
        assert_memory_equal(&out, &answer, sizeof out);
        for (size_t cut = 0; cut < size; cut++) assert_false(is_answer(&requests[i], data, cut));
        data[size] = 0;
        assert_false(is_answer(&requests[i], data, size + 1));
    }
}

static void an_answer_is_that_to_its_request(void **state) {
    (void)state;
    for (size_t i = 0; i < REQUESTS; i++) {
        struct helper_answer answer = sample(&requests[i]);
        uint8_t data[HELPER_ANSWER_MAX];
        size_t size = helper_answer_encode(&requests[i], &answer, data, sizeof data);
        for (size_t j = 0; j < REQUESTS; j++) {
            bool same = requests[i].type == requests[j].type;
            if (same && requests[i].type == HELPER_LOOK_UP)
                same = requests[j].family == AF_UNSPEC || requests[i].family == requests[j].family;
            /* All of the first one's are IPv6. */
            if (i == 0 && requests[j].type == HELPER_LOOK_UP) same = requests[j].family != AF_INET;
            assert_int_equal(is_answer(&requests[j], data, size), same);
        }
    }
}

static void more_addresses_than_there_is_room_for_are_no_answer(void **state) {
    (void)state;
    uint8_t data[2 + (BOOTNODE_ADDRESSES + 1) * 16] = {HELPER_LOOK_UP, BOOTNODE_ADDRESSES + 1};
    for (size_t i = 0; i <= BOOTNODE_ADDRESSES; i++) data[2 + i * 16] = (uint8_t)(0x20 + i);
    assert_false(is_answer(&requests[0], data, sizeof data));
    data[1] = 255;
    assert_false(is_answer(&requests[0], data, sizeof data));
    data[1] = BOOTNODE_ADDRESSES;
    assert_true(is_answer(&requests[0], data, sizeof data - 16));
    memcpy(data + 2 + 16, data + 2, 16);
    assert_false(is_answer(&requests[0], data, sizeof data - 16)); /* the same twice */
}

static void an_error_is_text_and_nothing_else(void **state) {
    (void)state;
    static const char *const bad[] = {"\x1b[2J", "a\nb", "\x7f", "\xc3\xa4", "\x9b"};
    struct helper_answer answer = {.error = "nobody knows"}, out;
    uint8_t data[HELPER_ANSWER_MAX + 80];
    size_t size = helper_answer_encode(&requests[0], &answer, data, sizeof data);
    assert_true(helper_answer_decode(&requests[0], data, size, &out));
    assert_int_equal(out.count, 0);
    assert_string_equal(out.error, "nobody knows");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t length = strlen(bad[i]);
        data[2] = (uint8_t)length;
        memcpy(data + 3, bad[i], length);
        assert_false(is_answer(&requests[0], data, 3 + length));
    }
    data[2] = 1;
    data[3] = 0; /* it would end there */
    assert_false(is_answer(&requests[0], data, 4));
    memset(data + 3, 'x', sizeof data - 3);
    data[2] = HELPER_ERROR_SIZE - 1;
    assert_true(is_answer(&requests[0], data, HELPER_ANSWER_MAX - 1));
    data[2] = HELPER_ERROR_SIZE;
    assert_false(is_answer(&requests[0], data, HELPER_ANSWER_MAX));
    snprintf(answer.error, sizeof answer.error, "\x1b[2J f\xc3\xbcr");
    size = helper_answer_encode(&requests[0], &answer, data, sizeof data);
    assert_true(helper_answer_decode(&requests[0], data, size, &out));
    assert_string_equal(out.error, "?[2J f??r");
}

static void what_is_no_mapping_is_no_answer(void **state) {
    (void)state;
    struct helper_answer answer = sample(&requests[3]), out;
    uint8_t data[HELPER_ANSWER_MAX];
    answer.grant.external.port = 0;
    size_t size = helper_answer_encode(&requests[3], &answer, data, sizeof data);
    assert_false(is_answer(&requests[3], data, size));
    for (unsigned result = PORT_TAKEN; result <= PORT_FAILED; result++) {
        const uint8_t plain[] = {HELPER_MAP, (uint8_t)result};
        assert_true(helper_answer_decode(&requests[3], plain, sizeof plain, &out));
        assert_int_equal(out.port, result);
    }
    const uint8_t unknown[] = {HELPER_MAP, PORT_FAILED + 1};
    assert_false(is_answer(&requests[3], unknown, sizeof unknown));
    const uint8_t half_found[] = {HELPER_EXTERNAL, 2, 203, 0, 113, 21};
    assert_false(is_answer(&requests[5], half_found, sizeof half_found));
}

static void what_is_no_request_is_refused(void **state) {
    (void)state;
    struct helper_request out;
    static const uint8_t bad[][8] = {
        {HELPER_REQUEST_TYPES}, {255}, {HELPER_EXTERNAL, HELPER_PROTOCOLS}, {HELPER_LOOK_UP, 3, 0, 0, 0, 1, 'x'}};
    static const size_t sizes[] = {1, 1, 2, 7};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_false(helper_request_decode(bad[i], sizes[i], &out));
    const uint8_t hidden[] = {HELPER_LOOK_UP, 0, 0, 0, 0, 3, 'x', 0, 'y'};
    assert_false(helper_request_decode(hidden, sizeof hidden, &out));
    uint8_t longer[6 + INI_TEXT_SIZE] = {HELPER_LOOK_UP, 0, 0, 0, INI_TEXT_SIZE >> 8, INI_TEXT_SIZE & 0xff};
    memset(longer + 6, 'x', INI_TEXT_SIZE);
    assert_false(helper_request_decode(longer, sizeof longer, &out));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_arrive_as_they_were),
        cmocka_unit_test(the_longest_name_fits),
        cmocka_unit_test(answers_arrive_as_they_were),
        cmocka_unit_test(an_answer_is_that_to_its_request),
        cmocka_unit_test(more_addresses_than_there_is_room_for_are_no_answer),
        cmocka_unit_test(an_error_is_text_and_nothing_else),
        cmocka_unit_test(what_is_no_mapping_is_no_answer),
        cmocka_unit_test(what_is_no_request_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("requests", tests, NULL, NULL);
}
