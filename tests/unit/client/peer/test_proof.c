/* When a path counts as proven, for how much, and when the next PING is due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/peer/proof.h"
#include "common/clock.h"

#define NOW UINT64_C(1000000)
#define REPEAT 100 /* an answer's time, less than PROOF_REPEAT_MS */

static void a_pong_proves(void **state) {
    struct proof proof;
    uint64_t sent;
    (void)state;
    proof_begin(&proof, false);
    assert_false(proof.given || proof.ever);
    assert_true(proof_wants_ping(&proof, false, REPEAT, NOW));
    proof_asked(&proof, 7, NOW);
    assert_false(proof_answered(&proof, 8, &sent));
    assert_true(proof_answered(&proof, 7, &sent));
    assert_true(sent == NOW && proof.given && proof.ever && proof.waiting == 0);
    assert_false(proof_answered(&proof, 7, &sent)); /* once */
}

static void the_last_few_pings_count(void **state) {
    struct proof proof;
    uint64_t sent;
    (void)state;
    proof_begin(&proof, false);
    for (uint64_t i = 1; i <= PROOF_PINGS + 1; i++) proof_asked(&proof, i, NOW + i);
    assert_false(proof_answered(&proof, 1, &sent));
    assert_true(proof_answered(&proof, 2, &sent));
    assert_int_equal(sent, NOW + 2);
}

static void it_is_for_so_many_bytes(void **state) {
    struct proof proof;
    uint64_t sent;
    (void)state;
    proof_begin(&proof, true);
    proof_sent(&proof, PROOF_BYTES);
    assert_true(proof.given);
    proof_asked(&proof, 1, NOW);
    proof_sent(&proof, 1);
    assert_false(proof.given);
    assert_true(proof_answered(&proof, 1, &sent)); /* which left with PROOF_BYTES under way */
    assert_true(proof.given);
    proof_sent(&proof, PROOF_BYTES - 1);
    assert_true(proof.given);
    proof_sent(&proof, 1);
    assert_false(proof.given);
}

static void an_old_ping_proves_what_was_old(void **state) {
    struct proof proof;
    uint64_t sent;
    (void)state;
    proof_begin(&proof, true);
    proof_asked(&proof, 1, NOW);
    proof_sent(&proof, PROOF_BYTES + 1);
    assert_true(proof_answered(&proof, 1, &sent));
    assert_false(proof.given);
}

static void some_go_before_the_proof(void **state) {
    struct proof proof;
    uint64_t sent;
    (void)state;
    proof_begin(&proof, false);
    for (int i = 0; i < PROOF_FIRST_PACKETS; i++) {
        assert_true(proof_allows(&proof));
        proof_sent(&proof, 100);
    }
    assert_false(proof_allows(&proof));
    proof_asked(&proof, 1, NOW);
    assert_true(proof_answered(&proof, 1, &sent));
    assert_true(proof_allows(&proof));
    proof_lapse(&proof);
    assert_false(proof.given);
    assert_true(proof.ever && proof_allows(&proof));
}

/* Unanswered ones go out ever more rarely: in ten seconds there are ten. */
static void unanswered_pings_are_few(void **state) {
    struct proof proof;
    unsigned pings = 0;
    (void)state;
    proof_begin(&proof, false);
    proof_asked(&proof, 1, NOW);
    for (uint64_t now = NOW; now < NOW + 10000; now++) {
        if (proof_ping_at(&proof, REPEAT) > now) continue;
        proof_asked(&proof, now, now);
        pings++;
    }
    assert_int_equal(pings, 9);
}

static void what_flows_is_asked_about(void **state) {
    struct proof proof;
    uint64_t sent;
    (void)state;
    proof_begin(&proof, true);
    assert_int_equal(proof_ping_at(&proof, REPEAT), NEVER);
    assert_false(proof_wants_ping(&proof, false, REPEAT, NOW));
    assert_true(proof_wants_ping(&proof, true, REPEAT, NOW));
    proof_asked(&proof, 1, NOW);
    assert_true(proof_answered(&proof, 1, &sent));
    assert_false(proof_wants_ping(&proof, true, REPEAT, NOW + PROOF_ASK_MS - 1));
    assert_true(proof_wants_ping(&proof, true, REPEAT, NOW + PROOF_ASK_MS));
    proof_sent(&proof, PROOF_ASK_BYTES);
    assert_true(proof_wants_ping(&proof, false, REPEAT, NOW));
    assert_true(proof_ping_at(&proof, REPEAT) <= NOW);
    proof_asked(&proof, 2, NOW);
    assert_false(proof_wants_ping(&proof, true, REPEAT, NOW + PROOF_REPEAT_MS - 1));
    assert_true(proof_wants_ping(&proof, true, REPEAT, NOW + PROOF_REPEAT_MS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pong_proves),
        cmocka_unit_test(the_last_few_pings_count),
        cmocka_unit_test(it_is_for_so_many_bytes),
        cmocka_unit_test(an_old_ping_proves_what_was_old),
        cmocka_unit_test(some_go_before_the_proof),
        cmocka_unit_test(unanswered_pings_are_few),
        cmocka_unit_test(what_flows_is_asked_about),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
