#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/charter/statement.h"

static const uint8_t room[ROOM_ID_SIZE] = "sixteen bytes..", another_room[ROOM_ID_SIZE] = "another room...";
static const uint8_t context[16] = {'g', 'o', 'c', 'h', 'a', 't', ' ', 'c', 'h', 'a', 'r', 't', 'e', 'r', ' ', '1'};
static struct identity author;

static int start(void **state) {
    static const uint8_t seed[32] = {4, 2};
    (void)state;
    if (sodium_init() < 0) return -1;
    identity_from_seed(seed, &author);
    return 0;
}

static struct statement sample(void) {
    struct statement statement = {.kind = STATEMENT_PERSON, .stamp = 1700000000123, .body_size = 1};
    memset(statement.subject, 0x11, sizeof statement.subject);
    statement.body[0] = STANDING_BANNED;
    statement_sign(&statement, room, &author);
    return statement;
}

static size_t written(const struct statement *statement, uint8_t out[static STATEMENT_SIZE_MAX]) {
    struct writer writer = writer_over(out, STATEMENT_SIZE_MAX);
    statement_write(&writer, statement);
    return writer_size(&writer);
}

static bool is_read(const uint8_t *bytes, size_t size, struct statement *out) {
    struct reader reader = reader_over(bytes, size);
    return statement_read(&reader, out) && reader_finished(&reader);
}

static void comes_back_as_it_was(void **state) {
    const struct statement statement = sample();
    struct statement again;
    uint8_t bytes[STATEMENT_SIZE_MAX];
    size_t size = written(&statement, bytes);
    (void)state;
    assert_int_equal(size, STATEMENT_HEAD_SIZE + 1 + STATEMENT_SIGNATURE_SIZE);
    assert_true(is_read(bytes, size, &again));
    assert_int_equal(again.kind, STATEMENT_PERSON);
    assert_true(again.stamp == statement.stamp);
    assert_memory_equal(again.subject, statement.subject, 32);
    assert_memory_equal(again.author, author.public, 32);
    assert_int_equal(again.body[0], STANDING_BANNED);
    assert_true(statement_verify(&again, room));
}

/* The layout, byte for byte, and what is signed: as PROTOCOL.md has it. */
static void stands_where_the_protocol_says(void **state) {
    const struct statement statement = sample();
    uint8_t bytes[STATEMENT_SIZE_MAX], said[16 + ROOM_ID_SIZE + STATEMENT_HEAD_SIZE + 1];
    size_t size = written(&statement, bytes);
    static const uint8_t stamp[8] = {0, 0, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x7b};
    (void)state;
    assert_int_equal(bytes[0], 1);
    assert_memory_equal(bytes + 1, stamp, 8);
    assert_memory_equal(bytes + 9, statement.subject, 32);
    assert_memory_equal(bytes + 41, author.public, 32);
    assert_int_equal(bytes[73] << 8 | bytes[74], 1);
    memcpy(said, context, sizeof context);
    memcpy(said + 16, room, ROOM_ID_SIZE);
    memcpy(said + 32, bytes, STATEMENT_HEAD_SIZE + 1);
    assert_int_equal(crypto_sign_verify_detached(bytes + size - 64, said, sizeof said, author.public), 0);
}

static void any_changed_bit_is_noticed(void **state) {
    const struct statement statement = sample();
    struct statement again;
    uint8_t bytes[STATEMENT_SIZE_MAX];
    size_t size = written(&statement, bytes);
    (void)state;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(is_read(bytes, size, &again) && statement_verify(&again, room));
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(is_read(bytes, size, &again) && statement_verify(&again, room));
    assert_false(statement_verify(&again, another_room));
}

static void what_is_cut_off_is_refused(void **state) {
    const struct statement statement = sample();
    struct statement again;
    uint8_t bytes[STATEMENT_SIZE_MAX];
    size_t size = written(&statement, bytes);
    (void)state;
    for (size_t i = 0; i < size; i++) assert_false(is_read(bytes, i, &again));
}

/* Each kind with bodies of other sizes and values, and with a subject where none may be. */
static void bodies_are_as_their_kind_has_them(void **state) {
    (void)state;
    for (int kind = 0; kind <= STATEMENT_KINDS; kind++)
        for (size_t size = 0; size <= STATEMENT_BODY_MAX + 1; size++) {
            struct statement statement = {.kind = (enum statement_kind)kind, .body_size = size};
            bool right = kind == STATEMENT_TOPIC ? size <= STATEMENT_BODY_MAX
                                                 : size == (kind == STATEMENT_EPOCH ? STATEMENT_EPOCH_BODY : 1);
            if (kind == 0 || kind == STATEMENT_KINDS) right = false;
            assert_int_equal(statement_holds(&statement), right);
            statement.subject[31] = 1;
            assert_int_equal(statement_holds(&statement), right && kind == STATEMENT_PERSON);
        }
    assert_false(statement_holds(&(struct statement){.kind = STATEMENT_PERSON, .body_size = 1, .body = {4}}));
    assert_false(statement_holds(&(struct statement){.kind = STATEMENT_RULE, .body_size = 1, .body = {2}}));
    assert_false(statement_holds(&(struct statement){.kind = STATEMENT_TOPIC, .body_size = 1, .body = {0xff}}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(stands_where_the_protocol_says),
        cmocka_unit_test(any_changed_bit_is_noticed),
        cmocka_unit_test(what_is_cut_off_is_refused),
        cmocka_unit_test(bodies_are_as_their_kind_has_them),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("statement", tests, start, NULL);
}
