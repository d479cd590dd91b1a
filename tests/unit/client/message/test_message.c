#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/message/message.h"

static const uint8_t room[ROOM_TAG_SIZE] = "sixteen bytes..";
static const uint8_t context[16] = {'g', 'o', 'c', 'h', 'a', 't', ' ', 'm', 'e', 's', 's', 'a', 'g', 'e', ' ', '3'};
static const uint8_t nobody[MEMBER_ID_SIZE], bert[MEMBER_ID_SIZE] = "bert's member id";
static struct identity author;

#define NICK "anna"
#define NICK_SIZE (sizeof NICK - 1)
#define PRIVATE_OVERHEAD (MESSAGE_OVERHEAD - TEXT_NICK_MAX + NICK_SIZE)
#define PUBLIC_OVERHEAD (PRIVATE_OVERHEAD - MEMBER_ID_SIZE)

static int start(void **state) {
    static const uint8_t seed[32] = {1, 2, 3};
    (void)state;
    if (sodium_init() < 0) return -1;
    identity_from_seed(seed, &author);
    return 0;
}

static struct chat_message sample(const char *text, size_t size) {
    return (struct chat_message){.kind = CHAT_TEXT,
                                 .run = 0x0123456789abcdef,
                                 .sequence = 7,
                                 .sent_ms = 1700000000123,
                                 .nick = NICK,
                                 .nick_size = NICK_SIZE,
                                 .text = text,
                                 .text_size = size};
}

static size_t encode(const char *text, size_t size, uint8_t *out, size_t capacity) {
    struct chat_message message = sample(text, size);
    return message_encode(&author, room, &message, out, capacity);
}

static void comes_back_as_it_was(void **state) {
    uint8_t packet[200];
    struct chat_message message;
    size_t size = encode("h\xc3\xa9llo", 6, packet, sizeof packet);
    (void)state;
    assert_int_equal(size, 6 + PUBLIC_OVERHEAD);
    memset(&message, 0xa5, sizeof message);
    assert_true(message_decode(packet, size, room, &message));
    assert_int_equal(message.kind, CHAT_TEXT);
    assert_memory_equal(message.author, author.public, 32);
    assert_memory_equal(message.recipient, nobody, sizeof nobody);
    assert_true(message.run == 0x0123456789abcdef);
    assert_int_equal(message.sequence, 7);
    assert_int_equal(message.sent_ms, 1700000000123);
    assert_int_equal(message.nick_size, NICK_SIZE);
    assert_memory_equal(message.nick, NICK, NICK_SIZE);
    assert_int_equal(message.text_size, 6);
    assert_memory_equal(message.text, "h\xc3\xa9llo", 6);
}

/* PROTOCOL.md §3.3, byte by byte. */
static void the_bytes_are_the_protocols(void **state) {
    static const uint8_t middle[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0,    0,    0, 0, 0, 0,
                                     0,    7,    0,    0,    0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x7b, 0, 0, 0, 2};
    uint8_t packet[200], prefixed[32 + 69];
    size_t size = encode("hi", 2, packet, sizeof packet);
    (void)state;
    assert_int_equal(size, 62 + 1 + 4 + 2 + 64);
    assert_int_equal(packet[0], 3);
    assert_int_equal(packet[1], 0);
    assert_memory_equal(packet + 2, author.public, 32);
    assert_memory_equal(packet + 34, middle, sizeof middle);
    assert_memory_equal(packet + 62, "\4annahi", 7);
    memcpy(prefixed, context, sizeof context);
    memcpy(prefixed + 16, room, 16);
    memcpy(prefixed + 32, packet, 69);
    assert_int_equal(crypto_sign_verify_detached(packet + 69, prefixed, sizeof prefixed, author.public), 0);
}

static void every_flipped_bit_is_noticed(void **state) {
    uint8_t packet[200];
    struct chat_message message;
    size_t size = encode("hello", 5, packet, sizeof packet);
    (void)state;
    for (size_t bit = 0; bit < size * 8; bit++) {
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(message_decode(packet, size, room, &message));
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(message_decode(packet, size, room, &message));
}

static void another_room_or_length_is_refused(void **state) {
    static const uint8_t other[ROOM_TAG_SIZE] = "other room ....";
    uint8_t packet[200];
    struct chat_message message;
    size_t size = encode("hello", 5, packet, sizeof packet);
    (void)state;
    packet[size] = 0;
    assert_false(message_decode(packet, size, other, &message));
    assert_false(message_decode(packet, size + 1, room, &message));
    for (size_t cut = 0; cut < size; cut++) assert_false(message_decode(packet, cut, room, &message));
}

static void text_has_a_length_and_is_utf8(void **state) {
    static char text[MESSAGE_TEXT_MAX + 1];
    static uint8_t packet[sizeof text + MESSAGE_OVERHEAD];
    struct chat_message message;
    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(encode(text, 0, packet, sizeof packet), 0);
    assert_int_equal(encode(text, sizeof text, packet, sizeof packet), 0);
    assert_int_equal(encode("\xff", 1, packet, sizeof packet), 0);
    assert_int_equal(encode("hello", 5, packet, 5 + PUBLIC_OVERHEAD - 1), 0);
    assert_int_equal(encode(text, MESSAGE_TEXT_MAX, packet, sizeof packet), MESSAGE_TEXT_MAX + PUBLIC_OVERHEAD);
    assert_true(message_decode(packet, MESSAGE_TEXT_MAX + PUBLIC_OVERHEAD, room, &message));
    assert_int_equal(message.text_size, MESSAGE_TEXT_MAX);
}

/* Signed well, but not what the protocol allows: another client may be wrong or hostile. */
static void assert_refused_though_signed(size_t offset, const void *bytes, size_t size) {
    uint8_t packet[200], prefixed[32 + 72];
    struct chat_message message;
    size_t whole = encode("hello", 5, packet, sizeof packet);
    memcpy(packet + offset, bytes, size);
    memcpy(prefixed, context, sizeof context);
    memcpy(prefixed + 16, room, 16);
    memcpy(prefixed + 32, packet, 72);
    crypto_sign_detached(packet + 72, NULL, prefixed, sizeof prefixed, author.secret);
    assert_false(message_decode(packet, whole, room, &message));
}

static void a_signature_excuses_nothing(void **state) {
    (void)state;
    assert_refused_though_signed(0, "\1", 1);
    assert_refused_though_signed(0, "\2", 1);
    assert_refused_though_signed(0, "\4", 1);
    assert_refused_though_signed(1, "\4", 1); /* a kind of a later version */
    assert_refused_though_signed(1, "\xff", 1);
    assert_refused_though_signed(42, "\0\0\0\0\0\0\0\0", 8);
    assert_refused_though_signed(67, "\xc3(", 2);
    assert_refused_though_signed(63, "\xc3(", 2); /* the nick */
    assert_refused_though_signed(62, "\0", 1);    /* nobody has none, */
    assert_refused_though_signed(62, "\5", 1);    /* nor a byte of the text, */
    assert_refused_though_signed(58, "\xff\xff\xff\xff", 4);
    assert_refused_though_signed(58, "\0\0\0\4", 4);
    assert_refused_though_signed(1, "\3", 1); /* no room for a recipient */
}

static void every_kind_says_what_it_is(void **state) {
    (void)state;
    for (int kind = 0; kind < CHAT_KINDS; kind++) {
        uint8_t packet[200];
        struct chat_message message = sample("hello", 5), out;
        message.kind = (enum chat_kind)kind;
        memcpy(message.recipient, bert, sizeof bert);
        size_t size = message_encode(&author, room, &message, packet, sizeof packet);
        assert_int_equal(size, 5 + (kind == CHAT_PRIVATE ? PRIVATE_OVERHEAD : PUBLIC_OVERHEAD));
        assert_true(message_decode(packet, size, room, &out));
        assert_int_equal(out.kind, kind);
        assert_int_equal(out.text_size, 5);
        assert_memory_equal(out.text, "hello", 5);
        assert_memory_equal(out.recipient, kind == CHAT_PRIVATE ? bert : nobody, MEMBER_ID_SIZE);
        if (kind == CHAT_PRIVATE) assert_memory_equal(packet + 62, bert, sizeof bert);
    }
}

/* Its recipient cannot make others believe that it was said to all, or to them. */
static void a_private_message_stays_what_it_is(void **state) {
    uint8_t packet[200], forged[200];
    struct chat_message message = sample("just us", 7), out;
    (void)state;
    message.kind = CHAT_PRIVATE;
    memcpy(message.recipient, bert, sizeof bert);
    size_t size = message_encode(&author, room, &message, packet, sizeof packet);
    for (size_t bit = 0; bit < size * 8; bit++) {
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(message_decode(packet, size, room, &out));
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    memcpy(forged, packet, 62);
    forged[1] = CHAT_TEXT;
    memcpy(forged + 62, packet + 62 + MEMBER_ID_SIZE, size - 62 - MEMBER_ID_SIZE);
    assert_false(message_decode(forged, size - MEMBER_ID_SIZE, room, &out));
    assert_true(message_decode(packet, size, room, &out));
}

static void a_nick_has_a_length_and_is_utf8(void **state) {
    static const char nick[] = "thirty-three bytes are one too ma";
    uint8_t packet[200];
    struct chat_message message = sample("hello", 5), out;
    (void)state;
    assert_int_equal(sizeof nick - 1, TEXT_NICK_MAX + 1);
    message.nick = nick;
    message.nick_size = 0;
    assert_int_equal(message_encode(&author, room, &message, packet, sizeof packet), 0);
    message.nick_size = TEXT_NICK_MAX + 1;
    assert_int_equal(message_encode(&author, room, &message, packet, sizeof packet), 0);
    message.nick_size = TEXT_NICK_MAX;
    size_t size = message_encode(&author, room, &message, packet, sizeof packet);
    assert_int_equal(size, 5 + MESSAGE_OVERHEAD - MEMBER_ID_SIZE);
    assert_true(message_decode(packet, size, room, &out));
    assert_int_equal(out.nick_size, TEXT_NICK_MAX);
    assert_memory_equal(out.nick, nick, TEXT_NICK_MAX);
    message.nick = "\xff";
    message.nick_size = 1;
    assert_int_equal(message_encode(&author, room, &message, packet, sizeof packet), 0);
}

static void parsing_leaves_the_signature_out(void **state) {
    uint8_t packet[200];
    struct chat_message message;
    size_t size = encode("hello", 5, packet, sizeof packet);
    (void)state;
    packet[size - 1] ^= 1;
    assert_true(message_parse(packet, size, &message));
    assert_int_equal(message.sequence, 7);
    assert_false(message_decode(packet, size, room, &message));
    assert_false(message_parse(packet, size - 1, &message));
}

static void ids_are_run_and_sequence(void **state) {
    char id[MESSAGE_ID_TEXT_SIZE];
    (void)state;
    message_id_format(CHAT_TEXT, 0xab, 12, id);
    assert_string_equal(id, "00000000000000ab-12");
    message_id_format(CHAT_PRIVATE, 0xab, 12, id);
    assert_string_equal(id, "00000000000000ab-p12");
    message_id_format(CHAT_PRIVATE, UINT64_MAX, UINT64_MAX, id);
    assert_string_equal(id, "ffffffffffffffff-p18446744073709551615");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(the_bytes_are_the_protocols),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(another_room_or_length_is_refused),
        cmocka_unit_test(text_has_a_length_and_is_utf8),
        cmocka_unit_test(a_signature_excuses_nothing),
        cmocka_unit_test(every_kind_says_what_it_is),
        cmocka_unit_test(a_private_message_stays_what_it_is),
        cmocka_unit_test(a_nick_has_a_length_and_is_utf8),
        cmocka_unit_test(parsing_leaves_the_signature_out),
        cmocka_unit_test(ids_are_run_and_sequence),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("message", tests, start, NULL);
}
