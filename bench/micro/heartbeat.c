/* What a heartbeat costs the bootnode besides the kernel: dispatch() of authentic beats of a million sessions in random
 * order, batch by batch as a worker does it, with and without fetching the sessions of a batch ahead; answers go to a
 * sink. The beats themselves are made before.
 *
 * usage: heartbeat [SESSIONS] */
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

#define BATCH 64u
#define BEATS (512 * 1024u) /* whole batches */
#define ROOM_MEMBERS 64u
#define NOW_MS 1000000

struct client {
    uint64_t session_id;
    uint8_t key[LINK_TAG_KEY_SIZE];
    uint32_t counter;
};

struct bench {
    struct bootnode_config config;
    struct node node;
    struct worker_counters counters;
    struct context context;
    struct address source;
    struct client *clients;
    uint32_t *order;
    uint8_t (*packets)[BEAT_SIZE];
    size_t sessions, next, answers;
};

/* The clients */

static const struct session *session_of(const struct bench *bench, uint64_t session_id) {
    const struct session *session = node_find_session(&bench->node, session_id);
    if (!session) measure_die("heartbeat: a session is missing");
    return session;
}

static struct room_version version_of(const struct session *session) {
    uint64_t packed = atomic_load_explicit(&session->room_version, memory_order_relaxed);
    return (struct room_version){.epoch = (uint32_t)(packed >> 32), .count = (uint32_t)packed};
}

static void write_beats(struct bench *bench, size_t count, bool asks) {
    for (size_t i = 0; i < count; i++) {
        struct client *client = &bench->clients[bench->order[bench->next++ % bench->sessions]];
        const struct session *session = session_of(bench, client->session_id);
        const struct beat beat = {.flag = asks,
                                  .token = atomic_load_explicit(&session->token, memory_order_relaxed),
                                  .session_id = client->session_id,
                                  .counter = ++client->counter,
                                  .version = version_of(session)};
        (void)beat_encode(MESSAGE_HEARTBEAT, &beat, bench->packets[i], BEAT_SIZE);
        link_tag_beat(client->key, bench->packets[i]);
    }
}

static void write_silent(void *context, size_t operations) {
    write_beats(context, operations, false);
}

static void write_asking(void *context, size_t operations) {
    write_beats(context, operations, true);
}

/* The server */

static void drop_answer(void *context, uint8_t listener, const struct datagram *datagram) {
    struct bench *bench = context;
    (void)listener;
    bench->answers += datagram->size == BEAT_SIZE;
}

static void handle(struct bench *bench, size_t operations, bool ahead) {
    for (size_t i = 0; i < operations; i += BATCH) {
        for (size_t j = 0; ahead && j < BATCH; j++)
            dispatch_prefetch(&bench->context, bench->packets[i + j], BEAT_SIZE);
        for (size_t j = 0; j < BATCH; j++) {
            const struct packet packet = {.data = bench->packets[i + j], .size = BEAT_SIZE, .from = bench->source};
            dispatch(&bench->context, &packet);
        }
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

/* Past the public-key work. All come from one address: nobody looks at that but the limit, which is off. */
static void fill(struct bench *bench) {
    struct shard *shard = bench->node.shards[0];
    struct register_body body = {.suite_mask = 1, .revision = 1, .candidates = {.count = 2}};
    for (size_t i = 0; i < body.candidates.count; i++) body.candidates.items[i] = bench->source;
    for (size_t i = 0; i < bench->sessions; i++) {
        struct registration registration = {.body = &body, .attempt = i, .address = bench->source};
        struct writer none = writer_over(NULL, 0);
        struct registered registered;
        enum refusal refusal;
        if (i % ROOM_MEMBERS == 0) randombytes_buf(body.room_tag, sizeof body.room_tag);
        randombytes_buf(body.member_id, sizeof body.member_id);
        randombytes_buf(registration.secret, sizeof registration.secret);
        if (shard_register(shard, &registration, NOW_MS, &registered, &none) != REGISTERED ||
            shard_confirm(shard, registered.session_id, NOW_MS, &refusal) != REGISTERED)
            measure_die("heartbeat: a session was refused");
        bench->clients[i].session_id = registered.session_id;
        link_tag_key(registration.secret, LINK_TO_BOOTNODE, bench->clients[i].key);
        if (i % BATCH == 0) rcu_reader_quiescent();
    }
}

static void start(struct bench *bench) {
    struct node_key key;
    uint8_t seed[32];
    bench->clients = calloc(bench->sessions, sizeof *bench->clients);
    bench->packets = calloc(BEATS, sizeof *bench->packets);
    bench->order = measure_shuffled(bench->sessions);
    ini_table_defaults(&bootnode_config_table, &bench->config);
    bench->config.sessions = (long long)bench->sessions;
    bench->config.sessions_per_source = 0;
    randombytes_buf(seed, sizeof seed);
    node_key_derive(seed, &key);
    if (!bench->clients || !bench->packets || !node_init(&bench->node, &bench->config, &key, 1, NOW_MS))
        measure_die("heartbeat: no memory");
    bench->context = (struct context){
        .node = &bench->node,
        .outbox = {.endpoints = &bench->node.endpoints, .put = drop_answer, .context = bench},
        .counters = &bench->counters,
        .now = node_time(&bench->node, NOW_MS),
    };
    (void)address_parse("198.51.100.7:9595", 0, &bench->source);
    fill(bench);
}

int main(int argc, char **argv) {
    struct bench *bench = aligned_alloc(64, (sizeof *bench + 63) / 64 * 64);
    if (!bench || sodium_init() < 0) measure_die("heartbeat: no memory");
    memset(bench, 0, sizeof *bench);
    bench->sessions = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    if (bench->sessions < 1 || bench->sessions > 1 << 23) measure_die("usage: heartbeat [SESSIONS]");
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    start(bench);
#define ROW(what, before, function)                                                                                    \
    { .name = (what), .operations = BEATS, .prepare = (before), .run = (function), .context = bench }
    struct variant variants[] = {ROW("one way, one by one", write_silent, handle_one_by_one),
                                 ROW("one way, batch fetched ahead", write_silent, handle_ahead),
                                 ROW("answered, batch fetched ahead", write_asking, handle_ahead)};
#undef ROW
    const size_t count = sizeof variants / sizeof *variants;
    printf("%zu sessions in rooms of %u, batches of %u\n", bench->sessions, ROOM_MEMBERS, BATCH);
    measure("a heartbeat, without the kernel's work", variants, count);
    if (counters_read(&bench->counters, COUNTER_HEARTBEAT) != bench->next || bench->answers * count != bench->next)
        measure_die("heartbeat: a beat was not accepted, or not answered");
    node_destroy(&bench->node);
    rcu_reader_unregister();
    free(bench->packets);
    free(bench->order);
    free(bench->clients);
    free(bench);
    return 0;
}
