/* A client that receives at an address of each family proves the second one with the cookie that was sent there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/scenario/support/rendezvous_net.h"

#define TWO_BEATS_MS (2 * BEAT_INTERVAL_MS)

static void settled(struct net *net) {
    assert_true(net_run_until(net, net_agreed, 1000));
}

static struct address ipv6_address(uint8_t number) {
    return (struct address){.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = number}, .port = 4000};
}

/* As if the bootnode had sent COOKIE to this address just now. */
static void prove(struct net *net, struct rendezvous_client *client, const struct address *address) {
    client->identity.has_proof = true;
    client->identity.proof.address = *address;
    assert_true(cookie_make(&net->node.cookies, address, net->context.second, &client->identity.proof.cookie));
}

/* What ada is told of bob: his seen addresses, in order. */
static void assert_seen(struct net *net, size_t count, const struct address *seen) {
    const struct rendezvous_client *ada = &net->clients[0], *bob = &net->clients[1];
    settled(net);
    const struct member_record *record = room_view_find(&ada->view, bob->identity.member_id);
    assert_non_null(record);
    assert_int_equal(record->candidates.seen, (1U << count) - 1);
    for (size_t i = 0; i < count; i++) assert_true(address_equal(&record->candidates.items[i], &seen[i]));
}

static void update(struct net *net, struct rendezvous_client *client) {
    static const struct candidate_list none;
    uint8_t packet[PACKET_MAX];
    size_t size = client_update(client, &none, packet);
    net_inject(net, &client->address, packet, size);
}

/* In REGISTER and in UPDATE, which also takes it back. */
static void test_a_second_address_is_told_when_proven(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    struct address seen[] = {bob->address, ipv6_address(2)};
    (void)ada;
    prove(net, bob, &seen[1]);
    assert_seen(net, 2, seen);
    seen[1].port = 4999;
    prove(net, bob, &seen[1]);
    update(net, bob);
    assert_seen(net, 2, seen);
    bob->identity.has_proof = false;
    update(net, bob);
    assert_seen(net, 1, seen);
    assert_int_equal(counters_read(&net->counters, COUNTER_PROOF_BAD), 0);
    /* Where it moves to the other family, it is seen there alone. */
    seen[1] = ipv6_address(2);
    prove(net, bob, &seen[1]);
    update(net, bob);
    assert_seen(net, 2, seen);
    bob->address = ipv6_address(3);
    net_run(net, TWO_BEATS_MS);
    assert_seen(net, 1, &bob->address);
}

enum flaw { FOR_ANOTHER_PORT, FORGED, STALE, OF_NOBODY, FLAWS };

static void spoil(struct net *net, struct address_proof *proof, enum flaw flaw) {
    static const struct address nobody;
    switch (flaw) {
    case FOR_ANOTHER_PORT: proof->address.port++; break;
    case FORGED: proof->cookie.tag[7] ^= 1; break;
    case STALE: net_run(net, 1000 * (COOKIE_AGE_MAX_S + 2)); break;
    default:
        proof->address = nobody;
        assert_true(cookie_make(&net->node.cookies, &nobody, net->context.second, &proof->cookie));
    }
}

/* The rest of the message holds: in UPDATE its candidates, in REGISTER the registration. */
static void test_a_bad_proof_proves_nothing(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    struct address other = ipv6_address(2);
    settled(net);
    for (enum flaw flaw = 0; flaw < FLAWS; flaw++) {
        prove(net, bob, &other);
        spoil(net, &bob->identity.proof, flaw);
        update(net, bob);
        assert_seen(net, 1, &bob->address);
        assert_int_equal(room_view_find(&ada->view, bob->identity.member_id)->revision, bob->identity.revision);
        assert_int_equal(counters_read(&net->counters, COUNTER_PROOF_BAD), flaw + 1);
    }
    struct rendezvous_client *eve = net_join(net, "tea", 3);
    prove(net, eve, &other);
    spoil(net, &eve->identity.proof, FORGED);
    settled(net);
    assert_int_equal(room_view_find(&ada->view, eve->identity.member_id)->candidates.count, 1);
    assert_int_equal(counters_read(&net->counters, COUNTER_PROOF_BAD), FLAWS + 1);
    /* One of its own family is good, and of no use. */
    struct address near = net_address(99);
    prove(net, bob, &near);
    update(net, bob);
    assert_seen(net, 1, &bob->address);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_setup, net_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_second_address_is_told_when_proven),
        TEST(test_a_bad_proof_proves_nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rendezvous_proofs", tests, NULL, NULL);
}
