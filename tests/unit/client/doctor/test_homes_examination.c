/* What the doctor finds of a cluster's homes: in a world of bootnodes that answer, lie, refuse or are silent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/doctor/homes_examination.h"
#include "common/clock.h"

#define START UINT64_C(1000000)
#define BUCKET 517
#define DELAY_MS 7 /* there and back */
#define SERVERS_MAX 24
#define FLYING_MAX 64
#define LONGEST_MS 10000 /* two redirects, each of them silent to the end */

/* One address where somebody listens. */
struct server {
    struct address address;
    uint8_t key, had_key; /* all bytes of it; 0: none */
    struct named_homes says;
    bool silent, drops_first, answers_from_elsewhere, other_nonce, one_byte_more, refuses, ignores_asking;
    unsigned heard;
};

struct flying {
    uint64_t arrives; /* 0: free */
    struct address from;
    size_t size;
    uint8_t data[HELLO_SIZE + 1];
};

struct world {
    uint64_t now;
    struct server servers[SERVERS_MAX];
    size_t count, sent, strays;
    struct flying flying[FLYING_MAX];
    struct homes_ways ways;
    struct homes_examination examination;
    struct homes_findings findings;
};

static struct address parsed(const char *text) {
    struct address address;
    assert_true(address_parse(text, 0, &address));
    return address;
}

/* Node 3 is at 203.0.113.3. */
static struct address place_of(uint8_t node) {
    return (struct address){.ip = {[10] = 0xff, 0xff, 203, 0, 113, node}, .port = 9595};
}

/* `list`: node ids, best first, up to 0. */
static struct named_homes named_by(uint8_t from, uint8_t replicas, const uint8_t *list) {
    struct named_homes named = {.replicas = replicas, .node = from};
    for (; list[named.count]; named.count++)
        named.list[named.count] =
            (struct home){.node = list[named.count], .address_count = 1, .addresses = {place_of(list[named.count])}};
    return named;
}
#define NAMED(from, replicas, ...) named_by(from, replicas, (const uint8_t[]){__VA_ARGS__, 0})

static struct world new_world(void) {
    return (struct world){.now = START,
                          .ways = {.ipv4 = {.ip = {[10] = 0xff, 0xff, 198, 51, 100, 7}, .port = 40312},
                                   .ipv6 = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 7}, .port = 40312}}};
}

static struct server *add(struct world *world, struct address address, struct named_homes says) {
    assert_true(world->count < SERVERS_MAX);
    world->servers[world->count] = (struct server){.address = address, .key = 1, .says = says};
    return &world->servers[world->count++];
}

/* Nodes 1 … n, which all name these. */
static void add_nodes(struct world *world, uint8_t n, uint8_t replicas, const uint8_t *list) {
    for (uint8_t node = 1; node <= n; node++) add(world, place_of(node), named_by(node, replicas, list));
}
#define NODES(world, n, replicas, ...) add_nodes(world, n, replicas, (const uint8_t[]){__VA_ARGS__, 0})

static void fly(struct world *world, struct address from, const uint8_t *data, size_t size) {
    size_t at = 0;
    while (world->flying[at].arrives != 0) assert_true(++at < FLYING_MAX);
    world->flying[at] = (struct flying){.arrives = world->now + DELAY_MS, .from = from, .size = size};
    assert_in_range(size, 1, sizeof world->flying[at].data);
    memcpy(world->flying[at].data, data, size);
}

static uint8_t key_for(const struct server *server, const struct hello *hello) {
    uint8_t had[32];
    memset(had, server->had_key, sizeof had);
    return server->had_key && hello->asks && memcmp(hello->key, had, 32) == 0 ? server->had_key : server->key;
}

static void serve(struct world *world, struct server *server, const struct hello *hello) {
    uint8_t packet[HELLO_SIZE + 1] = {0};
    struct address from = server->address;
    uint64_t nonce = hello->nonce + (server->other_nonce ? GREETING_TRIES : 0);
    server->heard++;
    if (server->silent || (server->drops_first && server->heard == 1)) return;
    if (server->ignores_asking && hello->asks) return;
    if (server->answers_from_elsewhere) from.port++;
    if (server->refuses) {
        const struct refused refused = {.reason = REFUSAL_DRAINING, .retry_s = 5, .nonce = nonce};
        fly(world, from, packet, refused_encode(&refused, packet, sizeof packet));
        return;
    }
    struct cookie_message cookie = {.nonce = nonce, .seen = world->ways.ipv4, .homes = server->says};
    memset(cookie.bootnode_public, key_for(server, hello), sizeof cookie.bootnode_public);
    size_t size = cookie_message_encode(&cookie, packet, sizeof packet);
    fly(world, from, packet, size + server->one_byte_more);
}

static void deliver_out(struct world *world, const struct address *to, const uint8_t *data, size_t size) {
    struct hello hello;
    world->sent++;
    assert_int_equal(size, HELLO_SIZE);
    assert_true(hello_decode(data, size, &hello));
    assert_int_equal(hello.version, PROTOCOL_VERSION);
    assert_int_equal(hello.bucket, BUCKET);
    for (size_t i = 0; i < world->count; i++)
        if (address_equal(to, &world->servers[i].address)) {
            serve(world, &world->servers[i], &hello);
            return;
        }
    world->strays++;
}

static void deliver_in(struct world *world) {
    for (size_t i = 0; i < FLYING_MAX; i++) {
        struct flying *packet = &world->flying[i];
        if (packet->arrives == 0 || packet->arrives > world->now) continue;
        packet->arrives = 0;
        (void)homes_examination_receive(&world->examination, &packet->from, packet->data, packet->size, world->now);
    }
}

static uint64_t next_time(const struct world *world) {
    uint64_t next = homes_examination_due(&world->examination);
    for (size_t i = 0; next != NEVER && i < FLYING_MAX; i++)
        if (world->flying[i].arrives != 0) next = earlier(next, world->flying[i].arrives);
    return next;
}

static void start(struct world *world, const struct address *entries, size_t count) {
    homes_examination_start(&world->examination, "town.example:9595", entries, count, BUCKET, &world->ways, world->now);
}

/* To its end, which comes. */
static void run(struct world *world) {
    uint8_t packet[HELLO_SIZE];
    struct address to;
    uint64_t next;
    while ((next = next_time(world)) != NEVER) {
        size_t size;
        world->now = later(world->now, next);
        assert_true(world->now <= START + LONGEST_MS);
        deliver_in(world);
        while ((size = homes_examination_tick(&world->examination, world->now, &to, packet)) > 0)
            deliver_out(world, &to, packet, size);
    }
    homes_examination_findings(&world->examination, &world->findings);
}

static void examine(struct world *world, struct address entry) {
    start(world, &entry, 1);
    run(world);
}

static const struct homes_node *node_of(const struct world *world, uint8_t id) {
    for (size_t i = 0; i < world->examination.node_count; i++)
        if (world->examination.nodes[i].node == id) return &world->examination.nodes[i];
    return NULL;
}

static enum homes_health health(const struct world *world, uint8_t id) {
    const struct homes_node *node = node_of(world, id);
    assert_non_null(node);
    assert_true(node->place_count > 0);
    return homes_examination_health(node, &node->places[0]);
}

/* --- What is so --- */

static void no_cluster(void **state) {
    (void)state;
    struct world world = new_world();
    add(&world, place_of(1), (struct named_homes){.replicas = 0});
    examine(&world, place_of(1));
    assert_int_equal(world.findings.kind, HOMES_KIND_NONE);
    assert_true(homes_examination_answered(&world.examination));
    assert_int_equal(world.sent, 1);
    world = new_world();
    examine(&world, place_of(1)); /* nobody */
    assert_int_equal(world.findings.kind, HOMES_KIND_NONE);
    assert_false(homes_examination_answered(&world.examination));
    assert_int_equal(world.examination.entries[0].state, GREETING_SILENT);
    assert_in_range(world.now, START + 1500, START + 2500);
}

static void all_homes_answer(void **state) {
    (void)state;
    struct world world = new_world();
    NODES(&world, 4, 2, 1, 3, 2);
    examine(&world, place_of(4));
    assert_int_equal(world.findings.kind, HOMES_KIND_ALL);
    assert_int_equal(world.findings.homes, 2);
    assert_int_equal(world.findings.answering, 2);
    assert_true(world.findings.agree && world.findings.same_key);
    assert_int_equal(world.examination.node_count, 3);
    assert_true(node_of(&world, 1)->home && node_of(&world, 3)->home && !node_of(&world, 2)->home);
    assert_int_equal(node_of(&world, 3)->places[0].greeting.rtt_ms, DELAY_MS);
    assert_int_equal(world.sent, 4);
}

static void four_homes(void **state) {
    (void)state;
    struct world world = new_world();
    NODES(&world, 5, 4, 1, 2, 3, 4);
    world.servers[1].silent = true;
    examine(&world, place_of(5));
    assert_int_equal(world.findings.kind, HOMES_KIND_SOME);
    assert_int_equal(world.findings.homes, 4);
    assert_int_equal(world.findings.answering, 3);
    assert_int_equal(health(&world, 2), HOMES_ARE_SILENT);
    assert_int_equal(world.servers[1].heard, GREETING_TRIES);
}

static void a_room_with_one_home(void **state) {
    (void)state;
    struct world world = new_world();
    NODES(&world, 1, 2, 1); /* two, but one alone lives */
    examine(&world, place_of(1));
    assert_int_equal(world.findings.kind, HOMES_KIND_SINGLE);
}

static void which_homes_answer(void **state) {
    (void)state;
    static const struct {
        bool silent[3];
        enum homes_kind kind;
    } cases[] = {{{false, true, false}, HOMES_KIND_ONE},
                 {{true, true, false}, HOMES_KIND_LENT},
                 {{true, true, true}, HOMES_KIND_DEAD}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world world = new_world();
        NODES(&world, 4, 2, 1, 2, 3);
        for (size_t j = 0; j < 3; j++) world.servers[j].silent = cases[i].silent[j];
        examine(&world, place_of(4));
        assert_int_equal(world.findings.kind, cases[i].kind);
        assert_true(world.findings.agree && world.findings.same_key);
    }
}

static void what_is_lost_is_said_again(void **state) {
    (void)state;
    struct world world = new_world();
    NODES(&world, 2, 2, 1, 2);
    for (size_t i = 0; i < 2; i++) world.servers[i].drops_first = true;
    examine(&world, place_of(1));
    assert_int_equal(world.findings.kind, HOMES_KIND_ALL);
    assert_int_equal(node_of(&world, 2)->places[0].greeting.rtt_ms, DELAY_MS);
}

/* The answer to the first try, after the second one has been sent. */
static void a_late_answer_says_how_long_it_took(void **state) {
    (void)state;
    struct world world = new_world();
    const struct address entry = place_of(1);
    struct named_homes says = NAMED(1, 1, 1);
    uint8_t first[HELLO_SIZE], second[HELLO_SIZE], packet[HELLO_SIZE];
    struct address to;
    struct hello hello;
    start(&world, &entry, 1);
    assert_int_equal(homes_examination_tick(&world.examination, START, &to, first), HELLO_SIZE);
    assert_int_equal(homes_examination_tick(&world.examination, START, &to, second), 0);
    assert_int_equal(homes_examination_tick(&world.examination, START + GREETING_WAIT_MS, &to, second), HELLO_SIZE);
    assert_memory_not_equal(first, second, HELLO_SIZE);
    assert_true(hello_decode(first, HELLO_SIZE, &hello));
    const struct cookie_message cookie = {.nonce = hello.nonce, .seen = world.ways.ipv4, .homes = says};
    size_t size = cookie_message_encode(&cookie, packet, sizeof packet);
    assert_true(homes_examination_receive(&world.examination, &entry, packet, size, START + 900));
    assert_int_equal(world.examination.entries[0].rtt_ms, 900);
    assert_false(homes_examination_receive(&world.examination, &entry, packet, size, START + 901)); /* again */
}

static void a_node_has_two_addresses(void **state) {
    (void)state;
    struct world world = new_world();
    struct named_homes says = NAMED(1, 2, 1, 2);
    const struct address ipv6 = parsed("[2001:db8::2]:9595");
    says.list[1].addresses[says.list[1].address_count++] = ipv6;
    add(&world, place_of(1), says);
    says.node = 2;
    add(&world, ipv6, says); /* there alone */
    examine(&world, place_of(1));
    assert_int_equal(world.findings.kind, HOMES_KIND_ALL);
    const struct homes_node *second = node_of(&world, 2);
    assert_int_equal(second->place_count, 2);
    assert_int_equal(homes_examination_health(second, &second->places[0]), HOMES_ARE_SILENT);
    assert_int_equal(homes_examination_health(second, &second->places[1]), HOMES_ANSWERS);

    world.now = START;
    world.strays = 0;
    world.ways.ipv6.port = 0; /* we have no IPv6: nothing is sent there, nor waited for */
    examine(&world, place_of(1));
    assert_int_equal(world.findings.kind, HOMES_KIND_ONE);
    second = node_of(&world, 2);
    assert_int_equal(homes_examination_health(second, &second->places[1]), HOMES_HAVE_NO_WAY);
    assert_int_equal(world.servers[1].heard, 1);
}

static void an_entry_without_a_way_is_not_asked(void **state) {
    (void)state;
    struct world world = new_world();
    const struct address entries[] = {parsed("[2001:db8::1]:9595"), place_of(1)};
    NODES(&world, 2, 2, 1, 2);
    world.ways.ipv6.port = 0;
    start(&world, entries, 2);
    run(&world);
    assert_int_equal(world.findings.kind, HOMES_KIND_ALL);
    assert_int_equal(world.examination.entries[0].state, GREETING_UNUSED);
    assert_int_equal(world.strays, 0);
}

/* --- Nodes that do not agree --- */

static void entries_name_different_homes(void **state) {
    (void)state;
    struct world world = new_world();
    const struct address entries[] = {place_of(1), place_of(2)};
    add(&world, place_of(1), NAMED(1, 2, 1, 3));
    add(&world, place_of(2), NAMED(2, 2, 2, 3));
    add(&world, place_of(3), NAMED(3, 2, 3, 1)); /* the order does not matter */
    start(&world, entries, 2);
    run(&world);
    assert_false(world.findings.agree);
    assert_true(world.findings.same_key);
    assert_int_equal(world.findings.kind, HOMES_KIND_ALL);
    assert_int_equal(world.findings.homes, 3);
}

static void an_order_is_no_difference(void **state) {
    (void)state;
    struct world world = new_world();
    add(&world, place_of(1), NAMED(1, 2, 1, 2, 3));
    add(&world, place_of(2), NAMED(2, 2, 2, 1, 4));
    examine(&world, place_of(1));
    assert_true(world.findings.agree);
}

/* A home that says of itself that it is none leads to others, as it does a client. */
static void a_home_that_is_none(void **state) {
    (void)state;
    struct world world = new_world();
    add(&world, place_of(1), NAMED(1, 1, 2));
    add(&world, place_of(2), NAMED(2, 1, 3));
    add(&world, place_of(3), NAMED(3, 1, 3));
    examine(&world, place_of(1));
    assert_int_equal(health(&world, 2), HOMES_IS_NONE);
    assert_int_equal(health(&world, 3), HOMES_ANSWERS);
    assert_int_equal(world.findings.kind, HOMES_KIND_SINGLE);
    assert_false(world.findings.agree);
}

static void redirects_have_an_end(void **state) {
    (void)state;
    struct world world = new_world();
    for (uint8_t node = 1; node < 9; node++) add(&world, place_of(node), NAMED(node, 1, node + 1));
    examine(&world, place_of(1));
    assert_int_equal(world.examination.node_count, HOMING_REDIRECTS);
    assert_int_equal(world.findings.kind, HOMES_KIND_DEAD);
    assert_int_equal(world.sent, 1 + HOMING_REDIRECTS);
}

static void a_circle_has_an_end(void **state) {
    (void)state;
    struct world world = new_world();
    add(&world, place_of(1), NAMED(1, 1, 2));
    add(&world, place_of(2), NAMED(2, 1, 1));
    examine(&world, place_of(1));
    assert_int_equal(world.sent, 3);
    assert_int_equal(health(&world, 1), HOMES_IS_NONE);
    assert_int_equal(health(&world, 2), HOMES_IS_NONE);
    assert_int_equal(world.findings.kind, HOMES_KIND_DEAD);
}

/* --- Lies --- */

/* Whoever does not answer from where he was asked, to what he was asked, in the size that is right, has not answered.
 */
static void what_is_no_answer(void **state) {
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct world world = new_world();
        NODES(&world, 2, 2, 1, 2);
        struct server *liar = &world.servers[1];
        liar->answers_from_elsewhere = i == 0;
        liar->other_nonce = i == 1;
        liar->one_byte_more = i == 2;
        examine(&world, place_of(1));
        assert_int_equal(health(&world, 2), HOMES_ARE_SILENT);
        assert_int_equal(world.findings.kind, HOMES_KIND_ONE);
        assert_int_equal(liar->heard, GREETING_TRIES);
    }
}

static void every_other_size_is_no_answer(void **state) {
    (void)state;
    struct world world = new_world();
    const struct address entry = place_of(1);
    uint8_t hello_packet[HELLO_SIZE], packet[2 * HELLO_SIZE] = {0};
    struct address to;
    struct hello hello;
    start(&world, &entry, 1);
    assert_int_equal(homes_examination_tick(&world.examination, START, &to, hello_packet), HELLO_SIZE);
    assert_true(hello_decode(hello_packet, HELLO_SIZE, &hello));
    const struct cookie_message cookie = {
        .nonce = hello.nonce, .seen = world.ways.ipv4, .homes = NAMED(1, 2, 1, 2, 3, 4)};
    size_t right = cookie_message_encode(&cookie, packet, sizeof packet);
    for (size_t size = 0; size <= sizeof packet; size++)
        if (size != right) assert_false(homes_examination_receive(&world.examination, &entry, packet, size, START + 1));
    assert_int_equal(world.examination.node_count, 0);
    assert_true(homes_examination_receive(&world.examination, &entry, packet, right, START + 1));
    assert_int_equal(world.examination.node_count, 4);
}

static void who_refuses(void **state) {
    (void)state;
    struct world world = new_world();
    NODES(&world, 2, 2, 1, 2);
    world.servers[1].refuses = true;
    examine(&world, place_of(1));
    assert_int_equal(health(&world, 2), HOMES_REFUSES);
    assert_int_equal(node_of(&world, 2)->places[0].greeting.refusal, REFUSAL_DRAINING);
    assert_int_equal(world.servers[1].heard, 1);
    assert_int_equal(world.findings.kind, HOMES_KIND_ONE);
}

static void who_answers_is_another(void **state) {
    (void)state;
    struct world world = new_world();
    add(&world, place_of(1), NAMED(1, 3, 1, 2, 3));
    add(&world, place_of(2), NAMED(7, 3, 1, 2, 3));
    add(&world, place_of(3), (struct named_homes){.replicas = 0});
    examine(&world, place_of(1));
    assert_int_equal(health(&world, 2), HOMES_IS_OTHER);
    assert_int_equal(health(&world, 3), HOMES_IN_NO_CLUSTER);
    assert_int_equal(world.findings.kind, HOMES_KIND_ONE);
    assert_false(world.findings.agree);
}

/* Its word counts for nothing. */
static void another_key(void **state) {
    (void)state;
    struct world world = new_world();
    add(&world, place_of(1), NAMED(1, 2, 1, 2));
    add(&world, place_of(2), NAMED(2, 2, 2, 9))->key = 5;
    add(&world, place_of(9), NAMED(9, 2, 2, 9));
    examine(&world, place_of(1));
    assert_int_equal(health(&world, 2), HOMES_HAS_OTHER_KEY);
    assert_null(node_of(&world, 9));
    assert_false(world.findings.same_key);
    assert_true(world.findings.agree);
    assert_int_equal(world.servers[1].heard, 2); /* asked for the entry's key, once */
}

/* While a key is replaced a node may show the new one, and have the entry's, too. */
static void a_key_that_it_had_before(void **state) {
    (void)state;
    struct world world = new_world();
    NODES(&world, 2, 2, 1, 2);
    world.servers[1].key = 5;
    world.servers[1].had_key = 1;
    examine(&world, place_of(1));
    assert_int_equal(world.findings.kind, HOMES_KIND_ALL);
    assert_true(world.findings.same_key);
    assert_int_equal(node_of(&world, 2)->places[0].greeting.rtt_ms, DELAY_MS);
    world = new_world();
    NODES(&world, 2, 2, 1, 2);
    world.servers[1].key = 5;
    world.servers[1].ignores_asking = true;
    examine(&world, place_of(1));
    assert_int_equal(health(&world, 2), HOMES_HAS_OTHER_KEY);
}

static void addresses_that_no_client_takes(void **state) {
    (void)state;
    static const char *const unfit[] = {
        "10.0.0.2:9595",  "127.0.0.1:9595", "203.0.113.2:53", "[fe80::2]:9595", "198.51.100.7:40312" /* ourselves */,
        "224.0.0.1:9595", "[::1]:9595"};
    for (size_t i = 0; i < sizeof unfit / sizeof *unfit; i++) {
        struct world world = new_world();
        struct named_homes says = NAMED(1, 2, 1, 2);
        says.list[1].addresses[0] = parsed(unfit[i]);
        add(&world, place_of(1), says);
        examine(&world, place_of(1));
        assert_int_equal(health(&world, 2), HOMES_UNFIT);
        assert_int_equal(world.strays, 0);
        assert_int_equal(world.findings.kind, HOMES_KIND_ONE);
    }
}

/* A cluster in a private network is one where the entry is private, too. */
static void a_private_cluster(void **state) {
    (void)state;
    struct world world = new_world();
    struct named_homes says = NAMED(1, 2, 1, 2);
    says.list[0].addresses[0] = parsed("10.0.0.1:9595");
    says.list[1].addresses[0] = parsed("10.0.0.2:9595");
    add(&world, parsed("10.0.0.1:9595"), says);
    says.node = 2;
    add(&world, parsed("10.0.0.2:9595"), says);
    examine(&world, parsed("10.0.0.1:9595"));
    assert_int_equal(world.findings.kind, HOMES_KIND_ALL);
}

/* One that is named again, at the same address or elsewhere: bounded. */
static void what_is_named_twice_is_asked_once(void **state) {
    (void)state;
    struct world world = new_world();
    struct address entries[BOOTNODE_ADDRESSES];
    for (uint8_t i = 0; i < BOOTNODE_ADDRESSES; i++) {
        struct named_homes says = NAMED(1, 2, 1, 2);
        says.list[1].addresses[0].port = (uint16_t)(20000 + i);
        says.node = i;
        entries[i] = place_of((uint8_t)(100 + i));
        add(&world, entries[i], says);
    }
    struct server *first = add(&world, place_of(1), NAMED(1, 2, 1, 2));
    start(&world, entries, BOOTNODE_ADDRESSES);
    run(&world);
    assert_int_equal(first->heard, 1);
    assert_int_equal(node_of(&world, 1)->place_count, 1);
    assert_int_equal(node_of(&world, 2)->place_count, HOMES_PLACES);
    assert_int_equal(world.strays, HOMES_PLACES * GREETING_TRIES);
}

static void who_names_many_has_no_flood_sent(void **state) {
    (void)state;
    struct world world = new_world();
    struct address entries[BOOTNODE_ADDRESSES];
    for (uint8_t i = 0; i < BOOTNODE_ADDRESSES; i++) {
        uint8_t first = (uint8_t)(1 + 4 * i);
        entries[i] = place_of((uint8_t)(100 + i));
        add(&world, entries[i], NAMED(100, 4, first, first + 1, first + 2, first + 3));
    }
    start(&world, entries, BOOTNODE_ADDRESSES);
    run(&world);
    assert_int_equal(world.examination.node_count, HOMES_NODES);
    assert_int_equal(world.strays, HOMES_NODES * GREETING_TRIES);
    assert_int_equal(world.findings.kind, HOMES_KIND_DEAD);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_cluster),
        cmocka_unit_test(all_homes_answer),
        cmocka_unit_test(four_homes),
        cmocka_unit_test(a_room_with_one_home),
        cmocka_unit_test(which_homes_answer),
        cmocka_unit_test(what_is_lost_is_said_again),
        cmocka_unit_test(a_late_answer_says_how_long_it_took),
        cmocka_unit_test(a_node_has_two_addresses),
        cmocka_unit_test(an_entry_without_a_way_is_not_asked),
        cmocka_unit_test(entries_name_different_homes),
        cmocka_unit_test(an_order_is_no_difference),
        cmocka_unit_test(a_home_that_is_none),
        cmocka_unit_test(redirects_have_an_end),
        cmocka_unit_test(a_circle_has_an_end),
        cmocka_unit_test(what_is_no_answer),
        cmocka_unit_test(every_other_size_is_no_answer),
        cmocka_unit_test(who_refuses),
        cmocka_unit_test(who_answers_is_another),
        cmocka_unit_test(another_key),
        cmocka_unit_test(a_key_that_it_had_before),
        cmocka_unit_test(addresses_that_no_client_takes),
        cmocka_unit_test(a_private_cluster),
        cmocka_unit_test(what_is_named_twice_is_asked_once),
        cmocka_unit_test(who_names_many_has_no_flood_sent),
    };
    if (sodium_init() < 0) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("homes_examination", tests, NULL, NULL);
}
