/* What being a node of a cluster costs the bootnode, besides the kernel: heartbeats of sessions in random order, and
 * HELLO, at a bootnode that stands alone and at a node of eight; then the move of all sessions whose room gets another
 * home, when a node dies: the look at each, and the notice, sealed.
 *
 * usage: cluster [SESSIONS] */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/support/crowd.h"
#include "bench/support/measure.h"
#include "bootnode/dispatch.h"
#include "bootnode/moving.h"
#include "bootnode/table/shard_join.h"
#include "common/link.h"
#include "common/log.h"
#include "common/rcu.h"

#define BATCH 64u
#define BEATS (64 * 1024u) /* whole batches; no session has two, or the second would have an old token */
#define RUNS 25
#define ROOM_MEMBERS 8u
#define NODES 8
#define OWN_ID 1
#define NOW_MS 1000000

struct client {
    uint64_t session_id;
    uint8_t key[LINK_TAG_KEY_SIZE];
    uint32_t counter;
};

/* A bootnode, alone or a node. */
struct side {
    struct bootnode_config config;
    struct node node;
    struct worker_counters counters;
    struct context context;
    struct address source;
    struct client *clients;
    const uint32_t *order;
    uint8_t (*packets)[BEAT_SIZE];
    uint8_t hello[HELLO_SIZE];
    size_t sessions, next, sent;
};

/* --- Packets --- */

static void write_beats(struct side *side, size_t count, bool asks) {
    for (size_t i = 0; i < count; i++) {
        struct client *client = &side->clients[side->order[side->next++ % side->sessions]];
        const struct session *session = node_find_session(&side->node, client->session_id);
        if (!session) measure_die("cluster: a session is missing");
        const uint64_t packed = atomic_load_explicit(&session->room_version, memory_order_relaxed);
        const struct beat beat = {.flag = asks,
                                  .token = atomic_load_explicit(&session->token, memory_order_relaxed),
                                  .session_id = client->session_id,
                                  .counter = ++client->counter,
                                  .version = {.epoch = (uint32_t)(packed >> 32), .count = (uint32_t)packed}};
        (void)beat_encode(MESSAGE_HEARTBEAT, &beat, side->packets[i], BEAT_SIZE);
        link_tag_beat(client->key, side->packets[i]);
    }
}

static void write_silent(void *context, size_t operations) {
    write_beats(context, operations, false);
}

static void write_asking(void *context, size_t operations) {
    write_beats(context, operations, true);
}

static void drop_answer(void *context, uint8_t listener, const struct datagram *datagram) {
    struct side *side = context;
    (void)listener, (void)datagram;
    side->sent++;
}

static void beat(void *context, size_t operations) {
    struct side *side = context;
    for (size_t i = 0; i < operations; i += BATCH) {
        for (size_t j = 0; j < BATCH; j++) dispatch_prefetch(&side->context, side->packets[i + j], BEAT_SIZE);
        for (size_t j = 0; j < BATCH; j++) {
            const struct packet packet = {.data = side->packets[i + j], .size = BEAT_SIZE, .from = side->source};
            dispatch(&side->context, &packet);
        }
        rcu_reader_quiescent();
    }
}

static void greet(void *context, size_t operations) {
    struct side *side = context;
    const struct packet packet = {.data = side->hello, .size = sizeof side->hello, .from = side->source};
    for (size_t i = 0; i < operations; i++) dispatch(&side->context, &packet);
}

/* --- Life --- */

static void set_view(struct side *side, uint8_t count) {
    const struct cluster_identity identity = {.placement_key = {7}, .replicas = 2, .own_id = OWN_ID};
    struct cluster_node nodes[NODES];
    for (uint8_t i = 0; i < count; i++)
        nodes[i] = (struct cluster_node){.id = (uint8_t)(OWN_ID + i),
                                         .weight = 100,
                                         .registers = UINT32_MAX,
                                         .address_count = 1,
                                         .addresses = {{.ip = {[10] = 0xff, 0xff, 192, 0, 2, i}, .port = 9595}}};
    struct homes *homes = homes_make(&identity, nodes, count, count);
    if (!homes) measure_die("cluster: no memory");
    node_set_homes(&side->node, homes);
}

/* Past the public-key work, in rooms that have a home here. */
static void fill(struct side *side) {
    struct shard *shard = side->node.shards[0];
    const struct homes *homes = node_homes(&side->node);
    struct register_body body = {.suite_mask = 1, .revision = 1, .candidates = {.count = 2}};
    for (size_t i = 0; i < body.candidates.count; i++) body.candidates.items[i] = side->source;
    for (size_t i = 0; i < side->sessions; i++) {
        struct registration registration = {.body = &body, .attempt = i, .address = side->source};
        struct writer none = writer_over(NULL, 0);
        struct registered registered;
        enum refusal refusal;
        if (i % ROOM_MEMBERS == 0) do
                randombytes_buf(body.room_tag, sizeof body.room_tag);
            while (homes && !homes_are_here(homes, room_bucket(body.room_tag)));
        randombytes_buf(body.member_id, sizeof body.member_id);
        randombytes_buf(registration.secret, sizeof registration.secret);
        if (shard_register(shard, &registration, NOW_MS, &registered, &none) != REGISTERED ||
            shard_confirm(shard, registered.session_id, NOW_MS, &refusal) != REGISTERED)
            measure_die("cluster: a session was refused");
        side->clients[i].session_id = registered.session_id;
        link_tag_key(registration.secret, LINK_TO_BOOTNODE, side->clients[i].key);
        if (i % BATCH == 0) rcu_reader_quiescent();
    }
}

static struct side *start(size_t sessions, const uint32_t *order, bool clustered) {
    struct side *side = aligned_alloc(64, (sizeof *side + 63) / 64 * 64);
    const struct hello hello = {.version = PROTOCOL_VERSION, .nonce = 1, .bucket = 77};
    static const uint8_t seed[32] = {5};
    struct node_key key;
    if (!side) measure_die("cluster: no memory");
    memset(side, 0, sizeof *side);
    side->sessions = sessions;
    side->order = order;
    side->clients = calloc(sessions, sizeof *side->clients);
    side->packets = calloc(BEATS, sizeof *side->packets);
    ini_table_defaults(&bootnode_config_table, &side->config);
    side->config.node_id = OWN_ID;
    side->config.sessions = (long long)sessions;
    side->config.sessions_per_source = side->config.rate_hello = 0;
    node_key_derive(seed, &key);
    if (!side->clients || !side->packets || !node_init(&side->node, &side->config, &key, 1, NOW_MS))
        measure_die("cluster: no memory");
    side->context = (struct context){
        .node = &side->node,
        .outbox = {.endpoints = &side->node.endpoints, .put = drop_answer, .context = side},
        .counters = &side->counters,
        .now = node_time(&side->node, NOW_MS),
    };
    (void)address_parse("198.51.100.7:9595", 0, &side->source);
    if (hello_encode(&hello, side->hello, sizeof side->hello) == 0) measure_die("cluster: no HELLO");
    if (clustered) {
        node_enter_cluster(&side->node);
        set_view(side, NODES);
    }
    fill(side);
    return side;
}

static void finish(struct side *side) {
    node_destroy(&side->node);
    free(side->clients);
    free(side->packets);
    free(side);
}

/* --- A move --- */

/* A node died. All who hear are told at once, as far as the worker goes: the new homes take whatever comes. */
static void move(struct side *side) {
    struct moving moving;
    uint64_t longest_ns = 0, steps = 0;
    moving_init(&moving);
    moving.seen = node_homes(&side->node)->number;
    set_view(side, NODES - 1);
    side->sent = 0;
    const uint64_t began = crowd_cpu_ns();
    do {
        const uint64_t step = crowd_cpu_ns();
        moving_step(&moving, &side->context, side->node.shards[0]);
        const uint64_t took = crowd_cpu_ns() - step;
        if (took > longest_ns) longest_ns = took;
        if (moving.due > side->context.now) side->context.now++;
        rcu_reader_quiescent();
        steps++;
    } while (node_moving(&side->node).waiting > 0);
    const double all = (double)(crowd_cpu_ns() - began);
    printf("%zu of %zu sessions told of another home: %.0f ns for each that is told, with the look at all; %.1f us a "
           "step, "
           "the longest %.0f us\n",
           side->sent, side->sessions, side->sent ? all / (double)side->sent : 0, all / 1000 / (double)steps,
           (double)longest_ns / 1000);
    moving_destroy(&moving);
}

/* The least of each is what the machine's other work struck least. */
static void compare(const char *heading, struct variant *variants, size_t count) {
    measure_run(variants, count, RUNS);
    measure_print(heading, variants, count);
    for (size_t i = 0; i < count; i += 2)
        printf("%s beside %s: %.3f by the median, %.3f by the least\n", variants[i + 1].name, variants[i].name,
               variants[i + 1].median / variants[i].median, variants[i + 1].least / variants[i].least);
}

int main(int argc, char **argv) {
    const size_t sessions = argc > 1 ? strtoull(argv[1], NULL, 10) : 500000;
    if (sessions < BEATS || sessions > 1 << 22) measure_die("usage: cluster [SESSIONS], 65536 to 4194304");
    if (sodium_init() < 0) measure_die("cluster: no memory");
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    uint32_t *order = measure_shuffled(sessions);
    struct side *alone = start(sessions, order, false), *node = start(sessions, order, true);
#define ROW(what, before, function, side)                                                                              \
    { .name = (what), .operations = BEATS, .prepare = (before), .run = (function), .context = (side) }
    struct variant beats[] = {
        ROW("one way, alone", write_silent, beat, alone), ROW("one way, a node", write_silent, beat, node),
        ROW("answered, alone", write_asking, beat, alone), ROW("answered, a node", write_asking, beat, node)};
    struct variant hellos[] = {ROW("alone", NULL, greet, alone), ROW("a node of 8", NULL, greet, node)};
#undef ROW
    printf("%zu sessions in rooms of %u, batches of %u\n", sessions, ROOM_MEMBERS, BATCH);
    compare("a heartbeat, without the kernel's work", beats, 4);
    compare("HELLO, answered with COOKIE", hellos, 2);
    move(node);
    finish(alone);
    finish(node);
    free(order);
    rcu_reader_unregister();
    return 0;
}
