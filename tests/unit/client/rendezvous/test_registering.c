/* What a REGISTER of ours has in it, as the bootnode reads it: a proof, and nothing by which the identity would be
 * known in another room. */
#include "client/rendezvous/registering.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/link.h"
#include "common/possession.h"

struct bootnode {
    uint8_t secret[32], public[32];
};

static struct bootnode bootnode_of(uint8_t number) {
    struct bootnode bootnode = {.secret = {number}};
    crypto_scalarmult_base(bootnode.public, bootnode.secret);
    return bootnode;
}

struct known {
    uint8_t payload[REGISTER_BODY_MAX];
    size_t size;
    struct register_body body;
    bool proven;
};

/* What a bootnode learns from the packet. */
static struct known read_register(const struct bootnode *bootnode, const uint8_t packet[static REGISTER_SIZE]) {
    uint8_t prologue[LINK_PROLOGUE_SIZE];
    struct register_message message;
    struct known known = {.size = 0};
    struct noise noise;
    assert_true(register_decode(packet, REGISTER_SIZE, &message));
    link_prologue(packet, prologue);
    noise_init(&noise, &(struct noise_config){.pattern = NOISE_NK,
                                              .suite = SUITE_CHACHA20_POLY1305,
                                              .prologue = prologue,
                                              .prologue_size = sizeof prologue,
                                              .static_secret = bootnode->secret});
    assert_true(
        noise_read(&noise, message.noise, message.noise_size, known.payload, sizeof known.payload, &known.size));
    struct reader reader = reader_over(known.payload, known.size);
    read_register_body(&reader, &known.body);
    assert_true(reader_finished(&reader));
    known.proven = possession_check(&noise, known.payload, known.size);
    return known;
}

static struct known register_in(const char *room, const struct identity *identity, const struct bootnode *bootnode) {
    static const struct update_body own = {.revision = 1};
    static const struct cookie cookie = {.time = 1};
    struct registering registering;
    struct room_keys keys;
    uint8_t packet[REGISTER_SIZE];
    assert_true(room_keys_derive(room, NULL, 0, &keys));
    registering_init(&registering, &keys, keys.set.tag, identity, SUITE_CHACHA20_POLY1305);
    registering_take_key(&registering, bootnode->public);
    assert_int_equal(registering_write(&registering, &cookie, &own, packet), REGISTER_SIZE);
    struct known known = read_register(bootnode, packet);
    member_id_of_key(known.body.member_key, known.body.member_id);
    assert_memory_equal(known.body.member_id, registering.member_id, MEMBER_ID_SIZE);
    registering_clear(&registering);
    return known;
}

static struct identity identity_of(uint8_t number) {
    const uint8_t seed[32] = {number};
    struct identity identity;
    identity_from_seed(seed, &identity);
    return identity;
}

static void the_member_key_is_proven(void **state) {
    (void)state;
    struct bootnode bootnode = bootnode_of(1);
    for (uint8_t i = 0; i < 100; i++) {
        struct identity identity = identity_of(i);
        struct room_keys keys;
        uint8_t id[MEMBER_ID_SIZE];
        struct known known = register_in("tea", &identity, &bootnode);
        assert_true(known.proven);
        assert_true(room_keys_derive("tea", NULL, 0, &keys));
        member_id_derive(&keys, identity.public, id);
        assert_memory_equal(known.body.member_id, id, sizeof id); /* as peers find it */
    }
}

/* Are eight bytes of it anywhere in what is known? */
static bool shows(const struct known *known, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i + 8 <= size; i++)
        for (size_t at = 0; at + 8 <= known->size; at++)
            if (memcmp(known->payload + at, bytes + i, 8) == 0) return true;
    return false;
}

static void nothing_connects_two_rooms(void **state) {
    (void)state;
    struct bootnode bootnode = bootnode_of(1);
    struct identity identity = identity_of(7);
    struct known tea = register_in("tea", &identity, &bootnode), pot = register_in("pot", &identity, &bootnode);
    const uint8_t *const secrets[] = {identity.seed, identity.public, identity.secret, identity.noise_secret,
                                      identity.noise_public};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        assert_false(shows(&tea, secrets[i], 32));
        assert_false(shows(&pot, secrets[i], 32));
    }
    assert_false(shows(&tea, pot.payload, REGISTER_POSSESSION_OFFSET + POSSESSION_SIZE));
    assert_true(shows(&tea, tea.body.member_key, MEMBER_KEY_SIZE)); /* what is there is found */
}

/* Each REGISTER has a proof of its own, though the key is the same. */
static void proofs_do_not_repeat(void **state) {
    (void)state;
    struct bootnode bootnode = bootnode_of(1), other = bootnode_of(2);
    struct identity identity = identity_of(7);
    struct known first = register_in("tea", &identity, &bootnode), second = register_in("tea", &identity, &bootnode);
    struct known elsewhere = register_in("tea", &identity, &other);
    assert_memory_equal(first.body.member_key, second.body.member_key, MEMBER_KEY_SIZE);
    assert_memory_equal(first.body.member_key, elsewhere.body.member_key, MEMBER_KEY_SIZE);
    assert_memory_not_equal(first.body.possession, second.body.possession, POSSESSION_SIZE);
    assert_memory_not_equal(first.body.possession, elsewhere.body.possession, POSSESSION_SIZE);
}

static void nothing_is_proven_to_a_key_of_low_order(void **state) {
    (void)state;
    static const uint8_t low_order[32] = {1};
    static const struct update_body own = {.revision = 1};
    static const struct cookie cookie = {.time = 1};
    struct identity identity = identity_of(7);
    struct registering registering;
    struct room_keys keys;
    uint8_t packet[REGISTER_SIZE];
    assert_true(room_keys_derive("tea", NULL, 0, &keys));
    registering_init(&registering, &keys, keys.set.tag, &identity, SUITE_CHACHA20_POLY1305);
    registering_take_key(&registering, low_order);
    assert_int_equal(registering_write(&registering, &cookie, &own, packet), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_member_key_is_proven),
        cmocka_unit_test(nothing_connects_two_rooms),
        cmocka_unit_test(proofs_do_not_repeat),
        cmocka_unit_test(nothing_is_proven_to_a_key_of_low_order),
    };
    if (sodium_init() < 0) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("registering", tests, NULL, NULL);
}
