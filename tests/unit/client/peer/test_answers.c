/* What is gathered while a packet is taken: one of a type, and no more than came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/peer/answers.h"

#define NOW UINT64_C(1000000)

static const struct path somewhere = {.kind = PATH_BOOTNODE};
static const struct frame ping = {.type = FRAME_PING, .token = 1}, pong = {.type = FRAME_PONG, .token = 2},
                          bye = {.type = FRAME_BYE}, probing = {.type = FRAME_PROBING};

static size_t moved(struct answers_place *place) {
    uint8_t frames[PEER_FRAMES_MAX];
    struct writer writer = writer_over(frames, sizeof frames);
    answers_move(place, &writer);
    return writer_size(&writer);
}

static void one_of_a_type_and_place(void **state) {
    struct answers answers;
    (void)state;
    answers_begin(&answers, &somewhere, 1056);
    assert_true(answers_add(&answers, &answers.here, &pong));
    assert_false(answers_add(&answers, &answers.here, &pong));
    assert_true(answers_add(&answers, &answers.path, &pong));
    assert_true(answers_add(&answers, &answers.path, &bye));
    assert_false(answers_add(&answers, &answers.path, &bye));
    assert_int_equal(moved(&answers.here), 11);
    assert_int_equal(moved(&answers.path), 11 + 3);
    assert_int_equal(moved(&answers.path), 0);
}

/* Whatever the mix and the size: never more than came. */
static void no_more_than_came(void **state) {
    static const struct frame *const all[] = {&ping, &pong, &bye, &probing};
    (void)state;
    for (size_t size = 0; size <= PEER_FRAMES_MAX; size++) {
        for (unsigned order = 0; order < 256; order++) {
            struct answers answers;
            answers_begin(&answers, &somewhere, size);
            for (unsigned i = 0; i < 4; i++) (void)answers_add(&answers, &answers.here, all[order >> (2 * i) & 3]);
            assert_true(answers_hold(&answers));
            assert_true(moved(&answers.here) <= size);
        }
    }
}

/* A question of ours does not take the place of an answer that is owed. */
static void a_ping_leaves_room_for_a_pong(void **state) {
    struct answers answers;
    (void)state;
    answers_begin(&answers, &somewhere, 16);
    assert_false(answers_add(&answers, &answers.here, &ping));
    assert_true(answers_add(&answers, &answers.here, &pong));
    answers_begin(&answers, &somewhere, 32);
    assert_true(answers_add(&answers, &answers.here, &ping));
    assert_true(answers_add(&answers, &answers.here, &pong));
    answers_begin(&answers, &somewhere, 32);
    assert_true(answers_add(&answers, &answers.here, &pong));
    assert_true(answers_add(&answers, &answers.here, &ping));
}

static void some_count_once_a_packet(void **state) {
    struct answers answers;
    (void)state;
    answers_begin(&answers, &somewhere, 1056);
    assert_true(answers_take_once(&answers, FRAME_RELAY));
    assert_false(answers_take_once(&answers, FRAME_RELAYED));
    assert_true(answers_take_once(&answers, FRAME_PROBING));
    assert_false(answers_take_once(&answers, FRAME_PROBING));
    answers_begin(&answers, &somewhere, 1056);
    assert_true(answers_take_once(&answers, FRAME_RELAYED));
}

/* PONGs are owed for each PING; of the rest eight at once, then four a second. */
static void a_peer_draws_a_few_a_second(void **state) {
    struct bucket bucket;
    unsigned given = 0;
    (void)state;
    answers_fill(&bucket, NOW);
    for (uint64_t now = NOW; now < NOW + 10000; now += 10) given += answers_allowed(&bucket, FRAME_BYE, now);
    assert_in_range(given, 8 + 39, 8 + 40);
    assert_false(answers_allowed(&bucket, FRAME_CANDIDATES, NOW + 10000 - 10));
    assert_true(answers_allowed(&bucket, FRAME_PONG, NOW + 10000 - 10));
    assert_true(answers_allowed(&bucket, FRAME_PING, NOW + 10000 - 10));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_a_type_and_place),       cmocka_unit_test(no_more_than_came),
        cmocka_unit_test(a_ping_leaves_room_for_a_pong), cmocka_unit_test(some_count_once_a_packet),
        cmocka_unit_test(a_peer_draws_a_few_a_second),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}
