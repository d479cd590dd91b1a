/* What floods a bootnode is what it claims to be: a bootnode's decoders and its half of the handshake say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "bench/load/load_options.h"
#include "bench/load/traffic_hello.h"
#include "bench/load/traffic_junk.h"
#include "bench/load/traffic_register.h"
#include "common/link.h"
#include "common/possession.h"
#include "common/wire/bootnode_packets.h"

#define NOW 5000000
#define SECOND 1000000
#define SOCKETS 2
#define STOCK 6

static uint8_t packet[PACKET_MAX];
static uint8_t bootnode_secret[32], bootnode_public[32];

static size_t request(struct traffic *traffic, size_t socket, uint64_t *number, uint64_t now_us) {
    return traffic->request(traffic->context, socket, number, now_us, packet);
}

static uint64_t answer(struct traffic *traffic, size_t socket, const uint8_t *data, size_t size, uint64_t now_us) {
    return traffic->answer(traffic->context, socket, data, size, now_us);
}

/* COOKIE for a HELLO; `mark` tells cookies apart. */
static size_t cookie_for(const struct hello *hello, uint8_t mark, uint8_t out[static COOKIE_MESSAGE_SIZE]) {
    struct cookie_message message = {.nonce = hello->nonce, .seen = {.port = 5}, .cookie = {.time = mark}};
    memcpy(message.bootnode_public, bootnode_public, sizeof bootnode_public);
    memset(message.cookie.tag, mark, sizeof message.cookie.tag);
    return cookie_message_encode(&message, out, COOKIE_MESSAGE_SIZE);
}

static void hello_is_answered_by_its_cookie(void **state) {
    (void)state;
    struct traffic *traffic = traffic_hello();
    uint8_t cookie[COOKIE_MESSAGE_SIZE];
    struct hello first, second;
    uint64_t number = 0;
    assert_int_equal(request(traffic, 0, &number, NOW), HELLO_SIZE);
    assert_true(hello_decode(packet, HELLO_SIZE, &first));
    assert_int_equal(first.version, PROTOCOL_VERSION);
    number = 1;
    assert_int_equal(request(traffic, 0, &number, NOW), HELLO_SIZE);
    assert_true(hello_decode(packet, HELLO_SIZE, &second));
    assert_true(first.nonce != 0 && second.nonce != 1);
    size_t size = cookie_for(&second, 1, cookie);
    assert_true(answer(traffic, 0, cookie, size, NOW) == 1);
    assert_true(answer(traffic, 0, cookie, size - 1, NOW) == TRAFFIC_NO_ANSWER);
    cookie[0] = MESSAGE_REFUSED;
    assert_true(answer(traffic, 0, cookie, size, NOW) == TRAFFIC_NO_ANSWER);
    traffic_destroy(traffic);
}

/* Asks for a socket's cookie, as the next request must, and brings it. */
static void give_cookie(struct traffic *traffic, size_t socket, uint8_t mark, uint64_t now_us) {
    uint8_t cookie[COOKIE_MESSAGE_SIZE];
    struct hello hello;
    uint64_t number = 0;
    assert_int_equal(request(traffic, socket, &number, now_us), HELLO_SIZE);
    assert_true(number == TRAFFIC_NO_ANSWER);
    assert_true(hello_decode(packet, HELLO_SIZE, &hello));
    struct hello other = {.nonce = hello.nonce + 1};
    (void)answer(traffic, socket, cookie, cookie_for(&other, 0xee, cookie), now_us); /* nobody asked for that one */
    assert_true(answer(traffic, socket, cookie, cookie_for(&hello, mark, cookie), now_us) == TRAFFIC_NO_ANSWER);
}

/* The bootnode's half: true when the handshake is for its key and the member key is the sender's. */
static bool bootnode_takes(const uint8_t *data, const struct register_message *message, struct register_body *body) {
    uint8_t prologue[LINK_PROLOGUE_SIZE], payload[REGISTER_BODY_MAX];
    struct noise noise;
    size_t size;
    link_prologue(data, prologue);
    noise_init(&noise, &(struct noise_config){.pattern = NOISE_NK,
                                              .suite = SUITE_CHACHA20_POLY1305,
                                              .prologue = prologue,
                                              .prologue_size = sizeof prologue,
                                              .static_secret = bootnode_secret,
                                              .static_public = bootnode_public});
    if (!noise_read(&noise, message->noise, message->noise_size, payload, sizeof payload, &size)) return false;
    struct reader reader = reader_over(payload, size);
    read_register_body(&reader, body);
    return reader_finished(&reader) && possession_check(&noise, payload, size);
}

static struct register_message next_register(struct traffic *traffic, size_t socket, uint64_t now_us) {
    struct register_message message = {.attempt = 0};
    uint64_t number = 9;
    size_t size = request(traffic, socket, &number, now_us);
    assert_int_equal(size, REGISTER_SIZE);
    assert_true(number == TRAFFIC_NO_ANSWER);
    assert_true(register_decode(packet, size, &message));
    return message;
}

static void registers_are_right_in_every_part(void **state) {
    (void)state;
    struct traffic *traffic = traffic_register(SOCKETS, STOCK, false);
    struct register_body first, second;
    uint64_t number = 0;
    give_cookie(traffic, 1, 7, NOW);
    assert_int_equal(request(traffic, 0, &number, NOW), HELLO_SIZE);
    assert_int_equal(request(traffic, 0, &number, NOW), 0); /* it waits for its cookie */
    struct register_message message = next_register(traffic, 1, NOW);
    uint64_t attempt = message.attempt;
    assert_int_equal(message.cookie.time, 7);
    assert_true(bootnode_takes(packet, &message, &first));
    message = next_register(traffic, 1, NOW);
    assert_true(message.attempt != attempt);
    assert_true(bootnode_takes(packet, &message, &second));
    assert_memory_not_equal(first.room_tag, second.room_tag, ROOM_TAG_SIZE);
    packet[REGISTER_HEADER_SIZE] ^= 1;
    assert_false(bootnode_takes(packet, &message, &second));
    (void)next_register(traffic, 1, NOW);
    assert_true(next_register(traffic, 1, NOW).attempt == attempt); /* its third of six, then the first again */
    assert_int_equal(request(traffic, 0, &number, NOW), 0);
    traffic_destroy(traffic);
}

/* Never a cookie that is older than a bootnode takes, 120 s. */
static void cookies_and_stock_are_renewed_in_time(void **state) {
    (void)state;
    struct traffic *traffic = traffic_register(1, STOCK, false);
    give_cookie(traffic, 0, 7, NOW);
    uint64_t now_us = NOW + 59 * (uint64_t)SECOND, last_old_us = 0;
    for (unsigned i = 0; i < STOCK; i++) assert_int_equal(next_register(traffic, 0, now_us).cookie.time, 7);
    traffic->idle(traffic->context, now_us);
    give_cookie(traffic, 0, 8, NOW + 61 * (uint64_t)SECOND);
    for (now_us = NOW + 61 * (uint64_t)SECOND; now_us < NOW + 200 * (uint64_t)SECOND; now_us += SECOND) {
        struct register_body body;
        traffic->idle(traffic->context, now_us);
        if (now_us > NOW + 121 * (uint64_t)SECOND) break; /* the next cookie is due */
        struct register_message message = next_register(traffic, 0, now_us);
        assert_true(bootnode_takes(packet, &message, &body));
        if (message.cookie.time == 7) last_old_us = now_us;
    }
    assert_in_range(last_old_us, NOW + 61 * (uint64_t)SECOND, NOW + 100 * (uint64_t)SECOND);
    traffic_destroy(traffic);
}

static void forged_registers_cost_one_multiplication(void **state) {
    (void)state;
    struct traffic *traffic = traffic_register(1, STOCK, true);
    struct register_body body;
    give_cookie(traffic, 0, 7, NOW);
    for (unsigned i = 0; i < 100; i++) {
        struct register_message message = next_register(traffic, 0, NOW);
        assert_int_equal(message.cookie.time, 7);
        assert_false(bootnode_takes(packet, &message, &body));
    }
    traffic_destroy(traffic);
}

static void bytes_are_of_no_type(void **state) {
    (void)state;
    struct traffic *traffic = traffic_junk(JUNK_BYTES);
    for (unsigned i = 0; i < 10000; i++) {
        uint64_t number = i;
        assert_int_equal(request(traffic, 0, &number, NOW), BEAT_SIZE);
        assert_true(number == TRAFFIC_NO_ANSWER);
        assert_in_range(packet[0], 0x96, 0xff); /* PROTOCOL.md §0.2: all others have a type */
    }
    traffic_destroy(traffic);
}

/* How many of 1,000 beats are of node 0 and its first worker. */
static unsigned aimed_beats(enum junk kind) {
    struct traffic *traffic = traffic_junk(kind);
    unsigned aimed = 0;
    for (unsigned i = 0; i < 1000; i++) {
        struct beat beat;
        uint64_t number = i;
        size_t size = request(traffic, 0, &number, NOW);
        assert_int_equal(packet[0], MESSAGE_HEARTBEAT);
        assert_true(beat_decode(packet, size, &beat));
        assert_true(number == TRAFFIC_NO_ANSWER);
        aimed += (beat.session_id & 0xffff) == 0;
    }
    traffic_destroy(traffic);
    return aimed;
}

static void beats_are_of_random_sessions(void **state) {
    (void)state;
    assert_in_range(aimed_beats(JUNK_BEATS), 0, 5);
    assert_int_equal(aimed_beats(JUNK_AIMED), 1000);
}

static int make_bootnode_key(void **state) {
    (void)state;
    if (sodium_init() < 0) return -1;
    randombytes_buf(bootnode_secret, sizeof bootnode_secret);
    return crypto_scalarmult_base(bootnode_public, bootnode_secret);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_is_answered_by_its_cookie),
        cmocka_unit_test(registers_are_right_in_every_part),
        cmocka_unit_test(cookies_and_stock_are_renewed_in_time),
        cmocka_unit_test(forged_registers_cost_one_multiplication),
        cmocka_unit_test(bytes_are_of_no_type),
        cmocka_unit_test(beats_are_of_random_sessions),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("load_floods", tests, make_bootnode_key, NULL);
}
