#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/invite/entrance.h"
#include "tests/support/folder.h"

static const uint8_t secret[INVITE_SECRET_MAX + 1] = {1, 2, 3, [INVITE_SECRET_MAX] = 4};

static bool invite_to(const struct entrance *entrance, const struct bootnode *bootnodes, size_t count,
                      struct known_keys *known, struct invite *out, struct why *why) {
    bool made = entrance_invite(entrance, "tea", bootnodes, count, known, out, why);
    assert_true(!made || invite_holds(out));
    return made;
}

static void every_kind_of_secret_is_invited_to(void **state) {
    struct known_keys known = {.told = false};
    struct bootnode bootnodes[BOOTNODES_MAX];
    struct invite invite;
    struct why why;
    (void)state;
    assert_int_equal(bootnodes_name("Chat.example.org", bootnodes), 1);
    struct entrance open = entrance_of(NULL, 0, false), short_one = entrance_of(secret, 3, false);
    struct entrance long_one = entrance_of(secret, INVITE_SECRET_MAX, false);
    struct entrance longer = entrance_of(secret, INVITE_SECRET_MAX + 1, false), spoken = entrance_of("abc", 3, true);
    assert_true(invite_to(&open, bootnodes, 1, &known, &invite, &why));
    assert_int_equal(invite.secret_size, 0);
    assert_string_equal(invite.room, "tea");
    assert_string_equal(invite.hosts[0].name, "chat.example.org");
    assert_false(invite.hosts[0].has_print);
    assert_true(invite_to(&short_one, bootnodes, 1, &known, &invite, &why));
    assert_int_equal(invite.secret_size, 3);
    assert_memory_equal(invite.secret, secret, 3);
    assert_true(invite_to(&long_one, bootnodes, 1, &known, &invite, &why));
    assert_memory_equal(invite.secret, secret, INVITE_SECRET_MAX);
    assert_false(invite_to(&longer, bootnodes, 1, &known, &invite, &why));
    assert_non_null(strstr(why.text, "has 65 bytes, and an invite can have 64"));
    assert_true(invite_to(&spoken, bootnodes, 1, &known, &invite, &why));
    assert_true(invite.passphrase);
    assert_int_equal(invite.secret_size, 0);
    assert_null(memchr(spoken.secret, 'a', sizeof spoken.secret));
}

/* Of a key that is pinned, remembered, or neither; what leads nobody else is left out. */
static void keys_that_are_known_have_prints(void **state) {
    struct known_keys known;
    struct bootnode bootnodes[BOOTNODES_MAX];
    uint8_t key[32] = {7}, print[KEY_PRINT_SIZE];
    struct entrance open = entrance_of(NULL, 0, false);
    struct invite invite;
    struct why why;
    assert_true(known_keys_open(&known, *state, "known_bootnodes", &why));
    assert_int_equal(bootnodes_name("a fe80::1%1 b:1 [2001:db8::1]", bootnodes), 4);
    assert_true(bootnode_remember(&bootnodes[2], &known, key, &why));
    bootnodes[3].pinned = true;
    memset(bootnodes[3].key, 9, 32);
    assert_true(invite_to(&open, bootnodes, 4, &known, &invite, &why));
    assert_int_equal(invite.host_count, 3);
    assert_string_equal(invite.hosts[0].name, "a");
    assert_false(invite.hosts[0].has_print);
    assert_string_equal(invite.hosts[1].name, "b:1");
    key_print_derive(key, print);
    assert_memory_equal(invite.hosts[1].print, print, sizeof print);
    key_print_derive(bootnodes[3].key, print);
    assert_memory_equal(invite.hosts[2].print, print, sizeof print);
    assert_false(invite_to(&open, &bootnodes[1], 1, &known, &invite, &why));
    assert_non_null(strstr(why.text, "on this link alone"));
    known_keys_close(&known);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_secret_is_invited_to),
        cmocka_unit_test_setup_teardown(keys_that_are_known_have_prints, folder_make, folder_remove),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("entrance", tests, NULL, NULL);
}
