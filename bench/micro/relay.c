/* What a relayed packet costs the bootnode besides the kernel: dispatch() of authentic RELAYs between random members of
 * the same rooms, batch by batch as a worker does it, with and without fetching the senders' sessions ahead; what is
 * passed on goes to a sink. The limits are on, and high enough that nothing is dropped. The packets are made before.
 *
 * usage: relay [SESSIONS] */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/support/measure.h"
#include "bootnode/dispatch.h"
#include "bootnode/table/shard_join.h"
#include "common/link.h"
#include "common/log.h"
#include "common/rcu.h"
#include "common/wire/bootnode_bodies.h"
#include "common/wire/bootnode_packets.h"
#include "common/wire/packet.h"
#include "common/wire/peer_packets.h"

#define BATCH 64u
#define PACKETS (64 * 1024u) /* whole batches */
#define ROOM_MEMBERS 64u
#define NOW_MS 1000000
#define CHAT_SIZE 160 /* of the packet between the members: a line of text */

struct client {
    uint64_t session_id;
    uint8_t key[LINK_TAG_KEY_SIZE];
    uint8_t member_id[MEMBER_ID_SIZE];
};

struct bench {
    struct bootnode_config config;
    struct node node;
    struct worker_counters counters;
    struct context context;
    struct address source;
    struct client *clients;
    uint32_t *order;
    uint8_t (*packets)[PACKET_MAX];
    size_t sessions, next, size, made, passed;
};

/* The clients */

/* Time passes from run to run: they would count as silent. */
static void hear_all(struct bench *bench) {
    for (size_t i = 0; i < bench->sessions; i++) {
        struct session *session = node_find_session(&bench->node, bench->clients[i].session_id);
        if (!session) measure_die("relay: a session is missing");
        atomic_store_explicit(&session->heard_ms, (uint32_t)bench->context.now, memory_order_relaxed);
    }
}

static size_t roommate(const struct bench *bench, size_t client) {
    size_t first = client - client % ROOM_MEMBERS;
    size_t members = bench->sessions - first < ROOM_MEMBERS ? bench->sessions - first : ROOM_MEMBERS;
    return first + (client - first + 1 + randombytes_uniform((uint32_t)members - 1)) % members;
}

static void write_packets(struct bench *bench, size_t count, size_t carried_size) {
    uint8_t carried[RELAY_PACKET_MAX] = {PEER_DATA};
    hear_all(bench);
    for (size_t i = 0; i < count; i++) {
        size_t index = bench->order[bench->next++ % bench->sessions];
        const struct client *from = &bench->clients[index], *to = &bench->clients[roommate(bench, index)];
        struct relay_message relay = {.session_id = from->session_id, .packet = carried, .packet_size = carried_size};
        memcpy(relay.member_id, to->member_id, sizeof relay.member_id);
        bench->size = relay_encode(&relay, bench->packets[i], PACKET_MAX);
        link_tag_relay(from->key, bench->packets[i], bench->size);
    }
    bench->made += count;
}

static void write_chat(void *context, size_t operations) {
    write_packets(context, operations, CHAT_SIZE);
}

static void write_full(void *context, size_t operations) {
    write_packets(context, operations, RELAY_PACKET_MAX);
}

/* The server */

static void drop_passed(void *context, uint8_t listener, const struct datagram *datagram) {
    struct bench *bench = context;
    (void)listener;
    bench->passed += datagram->size == bench->size;
}

/* A batch takes a millisecond of the server's clock, so that the buckets fill again. */
static void handle(struct bench *bench, size_t operations, bool ahead) {
    for (size_t i = 0; i < operations; i += BATCH) {
        for (size_t j = 0; ahead && j < BATCH; j++)
            dispatch_prefetch(&bench->context, bench->packets[i + j], bench->size);
        for (size_t j = 0; j < BATCH; j++) {
            const struct packet packet = {.data = bench->packets[i + j], .size = bench->size, .from = bench->source};
            dispatch(&bench->context, &packet);
        }
        bench->context.now++;
        rcu_reader_quiescent();
    }
}

static void handle_one_by_one(void *context, size_t operations) {
    handle(context, operations, false);
}

static void handle_ahead(void *context, size_t operations) {
    handle(context, operations, true);
}

/* Life */

/* Past the public-key work. */
static void fill(struct bench *bench) {
    struct register_body body = {.suite_mask = 1, .revision = 1, .candidates = {.count = 2}};
    for (size_t i = 0; i < body.candidates.count; i++) body.candidates.items[i] = bench->source;
    for (size_t i = 0; i < bench->sessions; i++) {
        struct client *client = &bench->clients[i];
        struct registration registration = {.body = &body, .attempt = i, .address = bench->source};
        struct writer none = writer_over(NULL, 0);
        struct registered registered;
        enum refusal refusal;
        if (i % ROOM_MEMBERS == 0) randombytes_buf(body.room_tag, sizeof body.room_tag);
        randombytes_buf(body.member_id, sizeof body.member_id);
        randombytes_buf(registration.secret, sizeof registration.secret);
        if (shard_register(bench->node.shards[0], &registration, NOW_MS, &registered, &none) != REGISTERED ||
            shard_confirm(bench->node.shards[0], registered.session_id, NOW_MS, &refusal) != REGISTERED)
            measure_die("relay: a session was refused");
        client->session_id = registered.session_id;
        memcpy(client->member_id, body.member_id, sizeof client->member_id);
        link_tag_key(registration.secret, LINK_TO_BOOTNODE, client->key);
        if (i % BATCH == 0) rcu_reader_quiescent();
    }
}

static void configure(struct bench *bench) {
    struct bootnode_config *config = &bench->config;
    ini_table_defaults(&bootnode_config_table, config);
    config->sessions = (long long)bench->sessions;
    config->sessions_per_source = 0;
    config->relay_rate = config->relay_source_rate = config->relay_total_rate = RATE_BYTES_MAX;
}

static void start(struct bench *bench) {
    struct node_key key;
    uint8_t seed[32];
    bench->clients = calloc(bench->sessions, sizeof *bench->clients);
    bench->packets = calloc(PACKETS, sizeof *bench->packets);
    bench->order = measure_shuffled(bench->sessions);
    configure(bench);
    randombytes_buf(seed, sizeof seed);
    node_key_derive(seed, &key);
    if (!bench->clients || !bench->packets || !node_init(&bench->node, &bench->config, &key, 1, NOW_MS))
        measure_die("relay: no memory");
    bench->context = (struct context){
        .node = &bench->node,
        .outbox = {.endpoints = &bench->node.endpoints, .put = drop_passed, .context = bench},
        .counters = &bench->counters,
        .now = node_time(&bench->node, NOW_MS),
    };
    (void)address_parse("198.51.100.7:9595", 0, &bench->source);
    fill(bench);
}

int main(int argc, char **argv) {
    struct bench *bench = aligned_alloc(64, (sizeof *bench + 63) / 64 * 64);
    if (!bench || sodium_init() < 0) measure_die("relay: no memory");
    memset(bench, 0, sizeof *bench);
    bench->sessions = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    if (bench->sessions < 2 || bench->sessions % ROOM_MEMBERS == 1 || bench->sessions > 1 << 23)
        measure_die("usage: relay [SESSIONS], nobody alone in a room of 64");
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    start(bench);
#define ROW(what, before, function)                                                                                    \
    { .name = (what), .operations = PACKETS, .prepare = (before), .run = (function), .context = bench }
    struct variant variants[] = {ROW("204 bytes, one by one", write_chat, handle_one_by_one),
                                 ROW("204 bytes, batch fetched ahead", write_chat, handle_ahead),
                                 ROW("1,200 bytes, batch fetched ahead", write_full, handle_ahead)};
#undef ROW
    printf("%zu sessions in rooms of %u, batches of %u\n", bench->sessions, ROOM_MEMBERS, BATCH);
    measure("a relayed packet, without the kernel's work", variants, sizeof variants / sizeof *variants);
    if (counters_read(&bench->counters, COUNTER_RELAYED) != bench->made || bench->passed != bench->made)
        measure_die("relay: a packet was not passed on");
    node_destroy(&bench->node);
    rcu_reader_unregister();
    free(bench->packets);
    free(bench->order);
    free(bench->clients);
    free(bench);
    return 0;
}
