/* A member id belongs to whoever can prove its key: who knows a room and somebody's public key cannot register in its
 * place, nor keep it out, and a proof is good for one REGISTER at one bootnode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "bootnode/guard/cookie.h"
#include "common/possession.h"
#include "tests/scenario/support/rendezvous_net.h"
#include "tests/scenario/support/world.h"

#define CONNECT_MS 5000

/* All that a REGISTER is made of. */
struct draft {
    struct register_body body;
    uint8_t member_secret[MEMBER_KEY_SIZE];
    uint8_t ephemeral[32];
    uint8_t bootnode[32];
    struct cookie cookie;
    uint64_t attempt;
};

static void start_noise(const struct draft *draft, size_t payload_size, struct noise *noise,
                        uint8_t packet[static REGISTER_SIZE]) {
    uint8_t prologue[LINK_PROLOGUE_SIZE];
    const struct register_message message = {
        .attempt = draft->attempt, .cookie = draft->cookie, .noise_size = payload_size + NOISE_NK_1_OVERHEAD};
    assert_true(register_start(&message, packet, REGISTER_SIZE) > 0);
    link_prologue(packet, prologue);
    noise_init(noise, &(struct noise_config){.pattern = NOISE_NK,
                                             .suite = SUITE_CHACHA20_POLY1305,
                                             .initiator = true,
                                             .prologue = prologue,
                                             .prologue_size = sizeof prologue,
                                             .remote_static = draft->bootnode,
                                             .ephemeral_secret = draft->ephemeral});
}

static void prove(const struct draft *draft, uint8_t proof[static POSSESSION_SIZE]) {
    uint8_t packet[REGISTER_SIZE], payload[REGISTER_BODY_MAX];
    struct writer writer = writer_over(payload, sizeof payload);
    struct noise noise;
    write_register_body(&writer, &draft->body);
    start_noise(draft, writer_size(&writer), &noise, packet);
    assert_true(possession_write(&noise, draft->member_secret, payload, writer_size(&writer),
                                 packet + REGISTER_HEADER_SIZE, REGISTER_SIZE - REGISTER_HEADER_SIZE) > 0);
    memcpy(proof, payload + REGISTER_POSSESSION_OFFSET, POSSESSION_SIZE);
}

/* Sends it with this proof, whatever that is worth. */
static void send_draft(struct net *net, const struct address *from, const struct draft *draft,
                       const uint8_t proof[static POSSESSION_SIZE]) {
    uint8_t packet[REGISTER_SIZE], payload[REGISTER_BODY_MAX];
    struct writer writer = writer_over(payload, sizeof payload);
    struct register_body body = draft->body;
    struct noise noise;
    memcpy(body.possession, proof, POSSESSION_SIZE);
    write_register_body(&writer, &body);
    size_t noise_size = writer_size(&writer) + NOISE_NK_1_OVERHEAD;
    start_noise(draft, writer_size(&writer), &noise, packet);
    assert_int_equal(noise_write(&noise, payload, writer_size(&writer), packet + REGISTER_HEADER_SIZE, noise_size),
                     noise_size);
    net_inject(net, from, packet, register_finish(packet, noise_size, sizeof packet));
}

static void draft_init(struct draft *draft, struct net *net, const struct address *from) {
    *draft = (struct draft){.body = {.suite_mask = SUITE_CHACHA20_POLY1305, .revision = 1}};
    randombytes_buf(draft->member_secret, sizeof draft->member_secret);
    randombytes_buf(draft->ephemeral, sizeof draft->ephemeral);
    randombytes_buf(&draft->attempt, sizeof draft->attempt);
    crypto_scalarmult_base(draft->body.member_key, draft->member_secret);
    memcpy(draft->bootnode, net->node.key.public, sizeof draft->bootnode);
    assert_true(cookie_make(&net->node.cookies, from, net->context.second, &draft->cookie));
}

struct outcome {
    uint64_t welcomed, refused, bad, bytes_out, provisional;
};

static struct outcome outcome_of(struct net *net) {
    return (struct outcome){.welcomed = counters_read(&net->counters, COUNTER_WELCOME),
                            .refused = counters_read_name(&net->counters, COUNTER_REFUSED_VERSION),
                            .bad = counters_read(&net->counters, COUNTER_HANDSHAKE_BAD),
                            .bytes_out = net->bytes_out,
                            .provisional = net_totals(net).provisional};
}

/* It is counted, and that is all: no session, no answer. */
static void assert_nothing_came_of(struct net *net, const struct draft *draft, const struct address *from,
                                   const uint8_t proof[static POSSESSION_SIZE]) {
    struct outcome expected = outcome_of(net);
    expected.bad++;
    send_draft(net, from, draft, proof);
    struct outcome outcome = outcome_of(net);
    assert_memory_equal(&outcome, &expected, sizeof outcome);
}

/* --- What a proof is bound to --- */

static void other_secret(struct draft *draft) {
    draft->member_secret[1] ^= 1;
}
static void other_member(struct draft *draft) {
    other_secret(draft);
    crypto_scalarmult_base(draft->body.member_key, draft->member_secret);
}
static void other_room(struct draft *draft) {
    draft->body.room_tag[0] ^= 1;
}
static void other_mask(struct draft *draft) {
    draft->body.suite_mask |= SUITE_AES256_GCM;
}
static void other_revision(struct draft *draft) {
    draft->body.revision++;
}
static void other_candidates(struct draft *draft) {
    draft->body.candidates = (struct candidate_list){.items = {net_address(7)}, .count = 1};
}
static void other_address_proof(struct draft *draft) {
    draft->body.has_proof = true;
    draft->body.proof.address = net_address(7);
}
static void other_ephemeral(struct draft *draft) {
    draft->ephemeral[1] ^= 1;
}
static void other_bootnode(struct draft *draft) {
    crypto_scalarmult_base(draft->bootnode, draft->ephemeral);
}
static void other_attempt(struct draft *draft) {
    draft->attempt++;
}
static void other_time_of_cookie(struct draft *draft) {
    draft->cookie.time++;
}
static void other_cookie(struct draft *draft) {
    draft->cookie.tag[0] ^= 1;
}

static void a_proof_is_good_for_one_register(void **state) {
    static void (*const changes[])(struct draft *) = {
        other_secret,        other_member,    other_room,     other_mask,    other_revision,       other_candidates,
        other_address_proof, other_ephemeral, other_bootnode, other_attempt, other_time_of_cookie, other_cookie};
    struct net *net = *state;
    struct address from = net_address(66);
    uint8_t proof[POSSESSION_SIZE];
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct draft draft, proven;
        draft_init(&draft, net, &from);
        proven = draft;
        changes[i](&proven);
        prove(&proven, proof);
        assert_nothing_came_of(net, &draft, &from, proof);
        prove(&draft, proof); /* the control */
        send_draft(net, &from, &draft, proof);
        assert_int_equal(outcome_of(net).welcomed, i + 1);
    }
}

static void every_bit_of_a_proof_counts(void **state) {
    struct net *net = *state;
    struct address from = net_address(66);
    uint8_t proof[POSSESSION_SIZE];
    struct draft draft;
    draft_init(&draft, net, &from);
    prove(&draft, proof);
    for (size_t bit = 0; bit < 8 * sizeof proof; bit++) {
        proof[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_nothing_came_of(net, &draft, &from, proof);
        proof[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    memset(proof, 0, sizeof proof);
    assert_nothing_came_of(net, &draft, &from, proof);
}

/* Of order 1, 2, 4 and 8 on the curve or its twist, also not reduced: X25519 makes zeros of each, whatever the secret.
 */
static const char *const low_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
};

/* The proof that everybody could make, if zeros were taken for a shared secret. */
static void prove_under_zeros(const struct draft *draft, uint8_t proof[static POSSESSION_SIZE]) {
    static const uint8_t zeros[32];
    uint8_t packet[REGISTER_SIZE], payload[REGISTER_BODY_MAX], hash[NOISE_HASH_SIZE];
    struct writer writer = writer_over(payload, sizeof payload);
    crypto_generichash_state tag;
    struct noise noise;
    write_register_body(&writer, &draft->body);
    start_noise(draft, writer_size(&writer), &noise, packet);
    assert_true(noise_write_tokens(&noise, packet + REGISTER_HEADER_SIZE, 32) == 32);
    noise_payload_hash(&noise, hash);
    crypto_generichash_init(&tag, zeros, sizeof zeros, POSSESSION_SIZE);
    crypto_generichash_update(&tag, (const uint8_t *)"gochat member proof 1", 21);
    crypto_generichash_update(&tag, hash, sizeof hash);
    crypto_generichash_update(&tag, payload, 48);
    crypto_generichash_update(&tag, payload + 64, writer_size(&writer) - 64);
    crypto_generichash_final(&tag, proof, POSSESSION_SIZE);
}

static void low_order_keys_prove_nothing(void **state) {
    struct net *net = *state;
    struct address from = net_address(66);
    uint8_t proof[POSSESSION_SIZE];
    struct draft draft;
    draft_init(&draft, net, &from);
    for (size_t i = 0; i < sizeof low_order / sizeof *low_order; i++) {
        assert_int_equal(sodium_hex2bin(draft.body.member_key, 32, low_order[i], 64, NULL, NULL, NULL), 0);
        prove_under_zeros(&draft, proof);
        assert_nothing_came_of(net, &draft, &from, proof);
        prove(&draft, proof);
        assert_nothing_came_of(net, &draft, &from, proof);
    }
}

/* --- Squatting --- */

/* Somebody who knows the room and the member's key, and proves its own secret, at `from`. */
static void squat(struct net *net, const struct register_body *victim, const struct address *from) {
    struct draft draft;
    uint8_t proof[POSSESSION_SIZE];
    draft_init(&draft, net, from);
    memcpy(draft.body.room_tag, victim->room_tag, ROOM_TAG_SIZE);
    memcpy(draft.body.member_key, victim->member_key, MEMBER_KEY_SIZE);
    prove(&draft, proof);
    assert_nothing_came_of(net, &draft, from, proof);
}

static void settle(struct net *net) {
    assert_true(net_run_until(net, net_agreed, 1000));
}

/* Before the owner came, while it registers, while it is there, from the same address as well, and once it is back. */
static void nobody_else_registers_a_member(void **state) {
    struct net *net = *state;
    struct address elsewhere = net_address(66);
    struct rendezvous_client bob;
    client_init(&bob, "tea", 2, &elsewhere);
    for (int i = 0; i < 10; i++) squat(net, &bob.identity, &elsewhere);
    struct rendezvous_client *owner = net_join(net, "tea", 2);
    for (int i = 0; i < 20; i++) {
        squat(net, &owner->identity, i % 2 ? &elsewhere : &owner->address);
        net_run(net, NET_STEP_MS);
    }
    settle(net);
    assert_int_equal(owner->welcomes, 1);
    assert_int_equal(net_totals(net).sessions, 1);
    uint64_t session = owner->session.session_id;
    for (int i = 0; i < 20; i++) {
        squat(net, &owner->identity, i % 2 ? &elsewhere : &owner->address);
        net_run(net, 1000);
    }
    assert_int_equal(owner->session.session_id, session);
    assert_int_equal(owner->resets, 0);
    assert_int_equal(owner->refused, 0);
    client_start(owner, net->monotonic);
    settle(net);
    assert_int_not_equal(owner->session.session_id, session);
    assert_int_equal(net_totals(net).sessions, 1);
    assert_int_equal(net_totals(net).replaced, 1);
}

/* The same with a real client, whose public key and room are all that it takes to know its member key. */
static void a_person_gets_in_whoever_knows_its_key(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    struct address elsewhere = net_address(66);
    struct register_body victim = {.revision = 1};
    struct room_keys keys;
    uint8_t id[MEMBER_ID_SIZE];
    assert_true(room_keys_derive("tea", NULL, 0, &keys));
    assert_true(member_key_derive(&keys, bert->identity.public, victim.member_key));
    memcpy(victim.room_tag, keys.set.tag, ROOM_TAG_SIZE);
    person_start(anna, "tea");
    for (int s = 0; s < 30; s++) {
        squat(world->net, &victim, &elsewhere);
        if (s == 10) person_start(bert, "tea");
        world_run(world, 1000);
    }
    world_wait(world, CONNECT_MS, person_sees(anna, bert) && person_sees(bert, anna));
    member_id_of_key(victim.member_key, id);
    assert_memory_equal(bert->id, id, sizeof id); /* the squatter had the right one */
    assert_int_equal(person_count(bert, EVENT_REGISTERED, NULL), 1);
    assert_int_equal(person_count(bert, EVENT_ERROR, NULL), 0);
    assert_int_equal(person_count(anna, EVENT_PEER_JOINED, NULL), 1);
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_proof_is_good_for_one_register, net_setup, net_teardown),
        cmocka_unit_test_setup_teardown(every_bit_of_a_proof_counts, net_setup, net_teardown),
        cmocka_unit_test_setup_teardown(low_order_keys_prove_nothing, net_setup, net_teardown),
        cmocka_unit_test_setup_teardown(nobody_else_registers_a_member, net_setup, net_teardown),
        cmocka_unit_test_setup_teardown(a_person_gets_in_whoever_knows_its_key, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("possession", tests, NULL, NULL);
}
