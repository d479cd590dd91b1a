#include "bench/load/fleet_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define KEYS 500

static struct fleet_names names_of(uint8_t number) {
    struct fleet_names names;
    uint8_t seed[32] = {number};
    assert_true(fleet_names_create(&names, seed, KEYS));
    return names;
}

static void ids_lead_back_to_their_keys(void **state) {
    struct fleet_names names = names_of(1);
    (void)state;
    for (uint32_t i = 0; i < KEYS; i++) {
        uint8_t id[MEMBER_ID_SIZE];
        uint32_t number;
        memcpy(id, fleet_names_key(&names, i)->id, sizeof id);
        for (uint32_t j = 0; j <= i; j += 1 + i / 7) {
            assert_true(fleet_names_find(&names, fleet_names_key(&names, j)->id, &number));
            assert_int_equal(number, j);
        }
        id[MEMBER_ID_SIZE - 1] ^= 1;
        assert_false(fleet_names_find(&names, id, &number));
    }
    fleet_names_destroy(&names);
}

static void each_key_is_one_that_can_be_proven(void **state) {
    struct fleet_names names = names_of(1);
    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        const struct fleet_key *key = fleet_names_key(&names, i);
        uint8_t public[MEMBER_KEY_SIZE], id[MEMBER_ID_SIZE];
        crypto_scalarmult_base(public, key->secret);
        assert_memory_equal(public, key->public, sizeof public);
        member_id_of_key(public, id);
        assert_memory_equal(id, key->id, sizeof id);
        if (i > 0) assert_memory_not_equal(key->secret, fleet_names_key(&names, i - 1)->secret, MEMBER_KEY_SIZE);
    }
    fleet_names_destroy(&names);
}

static void strangers_are_told_apart(void **state) {
    struct fleet_names names = names_of(1), others = names_of(2);
    uint32_t number;
    (void)state;
    for (uint32_t i = 0; i < KEYS; i++) (void)fleet_names_key(&names, i);
    for (uint32_t i = 0; i < KEYS; i++)
        assert_false(fleet_names_find(&names, fleet_names_key(&others, i)->id, &number));
    fleet_names_destroy(&names);
    fleet_names_destroy(&others);
}

/* Nobody has registered under a key that was not made. */
static void a_key_that_was_not_made_is_not_found(void **state) {
    struct fleet_names names = names_of(1), same = names_of(1);
    uint32_t number;
    (void)state;
    assert_false(fleet_names_find(&names, fleet_names_key(&same, 7)->id, &number));
    (void)fleet_names_key(&names, 7);
    assert_true(fleet_names_find(&names, fleet_names_key(&same, 7)->id, &number));
    assert_int_equal(number, 7);
    fleet_names_destroy(&names);
    fleet_names_destroy(&same);
}

static void rooms_have_tags_of_their_own(void **state) {
    struct fleet_names names = names_of(1), same = names_of(1), others = names_of(2);
    uint8_t a[ROOM_TAG_SIZE], b[ROOM_TAG_SIZE];
    (void)state;
    fleet_names_room_tag(&names, 5, a);
    fleet_names_room_tag(&same, 5, b);
    assert_memory_equal(a, b, sizeof a);
    fleet_names_room_tag(&names, 6, b);
    assert_memory_not_equal(a, b, sizeof a);
    fleet_names_room_tag(&others, 5, b);
    assert_memory_not_equal(a, b, sizeof a);
    fleet_names_destroy(&names);
    fleet_names_destroy(&same);
    fleet_names_destroy(&others);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_lead_back_to_their_keys),  cmocka_unit_test(each_key_is_one_that_can_be_proven),
        cmocka_unit_test(strangers_are_told_apart),     cmocka_unit_test(a_key_that_was_not_made_is_not_found),
        cmocka_unit_test(rooms_have_tags_of_their_own),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fleet_names", tests, NULL, NULL);
}
