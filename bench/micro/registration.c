/* What a registration costs the server beyond its four scalar multiplications: HELLO, REGISTER and the first beat of
 * each session go through dispatch() of a real node, with limits as in production; the client's part is not timed, nor
 * is the kernel's. Printed per registration, with the ratio to four X25519 multiplications by any point
 * (crypto_scalarmult: libsodium's sandy2x where there is AVX, else its portable code), which is the yardstick. The
 * server itself does one multiplication of the base point and three of any point; that is printed, too. What the owner
 * then announces is not in it: telling a newcomer that he is alone, and telling 64 who came together of each other,
 * each sealed and written, not sent.
 *
 * usage: registration [SETS [SESSIONS]] */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/support/measure.h"
#include "bootnode/announce.h"
#include "bootnode/dispatch.h"
#include "bootnode/table/shard_join.h"
#include "common/link.h"
#include "common/log.h"
#include "common/possession.h"
#include "common/rcu.h"

#define BATCH 64u
#define ROOM_MEMBERS 64u
#define SETS_MAX 99u
#define ROUNDS_MAX (SETS_MAX * ROOM_MEMBERS)
#define NOW_MS 1000000

struct client {
    struct register_body identity;
    uint8_t member_secret[MEMBER_KEY_SIZE];
    struct address address;
    uint64_t attempt;
    struct noise noise;
    uint8_t packet[PACKET_MAX], answer[PACKET_MAX];
    size_t packet_size, answer_size;
};

struct bench {
    struct bootnode_config config;
    struct node node;
    struct worker_counters counters;
    struct context context;
    struct announcer *announcer;
    struct client clients[BATCH], *answered; /* NULL: nobody reads */
    uint64_t made;
};

/* What is measured, interleaved; a figure is the median of all rounds, a ratio that of ratios within a round. */
enum row { ROW_FOUR_POINTS, ROW_SERVER_POINTS, ROW_ALONE, ROW_IN_ROOMS, ROW_TOLD_ALONE, ROW_TOLD_IN_ROOMS, ROW_COUNT };
static const char *const row_names[] = {
    [ROW_FOUR_POINTS] = "four X25519, any point (the yardstick)",
    [ROW_SERVER_POINTS] = "one X25519 of the base point, three of any",
    [ROW_ALONE] = "registration, rooms of 1",
    [ROW_IN_ROOMS] = "registration, rooms filling up to 64",
    [ROW_TOLD_ALONE] = "a newcomer told, rooms of 1",
    [ROW_TOLD_IN_ROOMS] = "a newcomer told, 64 at once",
};

static uint64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The yardsticks */

static uint64_t multiply(bool base) {
    uint8_t secrets[BATCH][32], points[BATCH][32], out[32];
    randombytes_buf(secrets, sizeof secrets);
    for (size_t i = 0; i < BATCH; i++) crypto_scalarmult_base(points[i], secrets[BATCH - 1 - i]);
    uint64_t start = cpu_ns();
    for (size_t i = 0; i < BATCH; i++) {
        int failed = base ? crypto_scalarmult_base(out, secrets[i]) : crypto_scalarmult(out, secrets[i], points[i]);
        for (size_t j = 1; j < 4; j++) failed |= crypto_scalarmult(out, secrets[i], points[(i + j) % BATCH]);
        if (failed) measure_die("a multiplication failed");
    }
    return cpu_ns() - start;
}

/* The clients */

/* Two candidates each; sources as spread as on the Internet, so that no limit holds anybody back. */
static void name_client(struct bench *bench, struct client *client, uint64_t room) {
    struct register_body *identity = &client->identity;
    uint64_t name[2] = {room, ++bench->made};
    *client = (struct client){.address = {.ip = {[10] = 0xff, 0xff}, .port = 4000}};
    randombytes_buf(client->address.ip + 12, 4);
    client->address.ip[12] = (uint8_t)(11 + client->address.ip[12] % 64);
    crypto_generichash(identity->room_tag, ROOM_TAG_SIZE, (const uint8_t *)name, sizeof name[0], NULL, 0);
    crypto_generichash(client->member_secret, MEMBER_KEY_SIZE, (const uint8_t *)name, sizeof name, NULL, 0);
    crypto_scalarmult_base(identity->member_key, client->member_secret);
    member_id_of_key(identity->member_key, identity->member_id);
    identity->suite_mask = SUITE_CHACHA20_POLY1305;
    identity->revision = 1;
    identity->candidates.count = 2;
    for (size_t i = 0; i < 2; i++) identity->candidates.items[i] = client->address;
    identity->candidates.items[1].port = 4001;
}

static void write_hello(struct client *client) {
    const struct hello hello = {.version = PROTOCOL_VERSION, .nonce = client->attempt};
    client->packet_size = hello_encode(&hello, client->packet, sizeof client->packet);
}

static void write_register(struct client *client) {
    uint8_t prologue[LINK_PROLOGUE_SIZE], payload[REGISTER_BODY_MAX];
    struct cookie_message cookie;
    struct writer writer = writer_over(payload, sizeof payload);
    if (!cookie_message_decode(client->answer, client->answer_size, &cookie)) measure_die("no COOKIE");
    write_register_body(&writer, &client->identity);
    randombytes_buf(&client->attempt, sizeof client->attempt);
    const struct register_message message = {
        .attempt = client->attempt, .cookie = cookie.cookie, .noise_size = NOISE_NK_1_OVERHEAD + writer_size(&writer)};
    size_t start = register_start(&message, client->packet, PACKET_MAX);
    link_prologue(client->packet, prologue);
    noise_init(&client->noise, &(struct noise_config){.pattern = NOISE_NK,
                                                      .suite = SUITE_CHACHA20_POLY1305,
                                                      .initiator = true,
                                                      .prologue = prologue,
                                                      .prologue_size = sizeof prologue,
                                                      .remote_static = cookie.bootnode_public});
    size_t size = possession_write(&client->noise, client->member_secret, payload, writer_size(&writer),
                                   client->packet + start, PACKET_MAX - start);
    client->packet_size = register_finish(client->packet, size, PACKET_MAX);
}

static void write_beat(struct client *client) {
    uint8_t payload[PACKET_MAX], secret[LINK_SECRET_SIZE], key[LINK_TAG_KEY_SIZE];
    struct welcome_message message;
    struct welcome_body body;
    struct noise_keys keys;
    size_t size;
    if (!welcome_decode(client->answer, client->answer_size, &message) ||
        !noise_read(&client->noise, message.noise, message.noise_size, payload, sizeof payload, &size) ||
        !noise_split(&client->noise, &keys))
        measure_die("no WELCOME");
    struct reader reader = reader_over(payload, size);
    read_welcome_body(&reader, &body);
    link_secret(&keys, false, secret);
    link_tag_key(secret, LINK_TO_BOOTNODE, key);
    const struct beat beat = {.token = body.token,
                              .session_id = body.session_id,
                              .counter = 1,
                              .version = body.complete ? body.version : (struct room_version){0}};
    client->packet_size = beat_encode(MESSAGE_HEARTBEAT, &beat, client->packet, PACKET_MAX);
    link_tag_beat(key, client->packet);
}

/* The server */

static void keep_answer(void *context, uint8_t listener, const struct datagram *datagram) {
    struct bench *bench = context;
    (void)listener;
    if (!bench->answered) return;
    memcpy(bench->answered->answer, datagram->data, datagram->size);
    bench->answered->answer_size = datagram->size;
}

static uint64_t serve(struct bench *bench) {
    uint64_t start = cpu_ns();
    for (size_t i = 0; i < BATCH; i++) {
        struct client *client = bench->answered = &bench->clients[i];
        const struct packet packet = {.data = client->packet, .size = client->packet_size, .from = client->address};
        dispatch(&bench->context, &packet);
    }
    uint64_t spent = cpu_ns() - start;
    rcu_reader_quiescent();
    return spent;
}

/* All that is due. */
static uint64_t announce(struct bench *bench) {
    struct context *context = &bench->context;
    bench->answered = NULL;
    uint64_t start = cpu_ns();
    while (announce_run(bench->announcer, bench->node.shards[0], &context->outbox, context->now) <= context->now)
        rcu_reader_quiescent();
    return cpu_ns() - start;
}

/* A batch of newcomers: each to a room of its own, numbered from here on. */
static uint64_t register_batch(struct bench *bench, uint64_t first_room) {
    static void (*const steps[])(struct client *) = {write_hello, write_register, write_beat};
    uint64_t spent = 0;
    for (size_t i = 0; i < BATCH; i++) name_client(bench, &bench->clients[i], first_room + i);
    for (size_t step = 0; step < sizeof steps / sizeof *steps; step++) {
        for (size_t i = 0; i < BATCH; i++) steps[step](&bench->clients[i]);
        spent += serve(bench);
    }
    return spent;
}

/* Half of the residents alone, half in full rooms; past the public-key work. */
static void fill(struct bench *bench, uint64_t sessions) {
    struct shard *shard = bench->node.shards[0];
    struct client client;
    for (uint64_t i = 0; i < sessions; i++) {
        uint8_t rest[PACKET_MAX];
        struct writer writer = writer_over(rest, 0);
        struct registered registered;
        enum refusal refusal;
        name_client(bench, &client, i < sessions / 2 ? i : sessions + i / ROOM_MEMBERS);
        struct registration registration = {.body = &client.identity, .attempt = i, .address = client.address};
        randombytes_buf(registration.secret, sizeof registration.secret);
        if (shard_register(shard, &registration, NOW_MS, &registered, &writer) != REGISTERED ||
            shard_confirm(shard, registered.session_id, NOW_MS, &refusal) != REGISTERED)
            measure_die("a resident was refused");
        rcu_reader_quiescent();
    }
}

static void start_node(struct bench *bench) {
    struct node_key key;
    uint8_t seed[32];
    ini_table_defaults(&bootnode_config_table, &bench->config);
    randombytes_buf(seed, sizeof seed);
    node_key_derive(seed, &key);
    bench->announcer = announcer_create();
    if (!bench->announcer || !node_init(&bench->node, &bench->config, &key, 1, NOW_MS)) measure_die("no memory");
    bench->context = (struct context){
        .node = &bench->node,
        .outbox = {.endpoints = &bench->node.endpoints, .put = keep_answer, .context = bench},
        .counters = &bench->counters,
        .now = node_time(&bench->node, NOW_MS),
    };
}

/* The rooms of a set grow from empty to full; nobody is told until they are. */
static void run_set(struct bench *bench, uint64_t spent[static ROOM_MEMBERS][ROW_COUNT]) {
    static uint64_t rooms = UINT64_C(1) << 32;
    uint64_t growing = rooms;
    rooms += BATCH;
    for (size_t i = 0; i < ROOM_MEMBERS; i++) {
        spent[i][ROW_FOUR_POINTS] = multiply(false);
        spent[i][ROW_IN_ROOMS] = register_batch(bench, growing);
    }
    spent[0][ROW_TOLD_IN_ROOMS] = announce(bench) / ROOM_MEMBERS;
    for (size_t i = 0; i < ROOM_MEMBERS; i++) {
        spent[i][ROW_SERVER_POINTS] = multiply(true);
        spent[i][ROW_ALONE] = register_batch(bench, rooms);
        spent[i][ROW_TOLD_ALONE] = announce(bench);
        spent[i][ROW_TOLD_IN_ROOMS] = spent[0][ROW_TOLD_IN_ROOMS];
        rooms += BATCH;
    }
}

static void print_row(enum row row, uint64_t (*spent)[ROW_COUNT], size_t rounds) {
    static double us[ROUNDS_MAX], ratio[ROUNDS_MAX];
    for (size_t i = 0; i < rounds; i++) {
        us[i] = (double)spent[i][row] / 1000 / BATCH;
        ratio[i] = (double)spent[i][row] / (double)spent[i][ROW_FOUR_POINTS];
    }
    printf("%-42s %8.1f %8.3f\n", row_names[row], measure_median(us, rounds), measure_median(ratio, rounds));
}

int main(int argc, char **argv) {
    size_t sets = argc > 1 ? strtoul(argv[1], NULL, 10) : 5;
    uint64_t sessions = argc > 2 ? strtoull(argv[2], NULL, 10) : 200000;
    static uint64_t spent[ROUNDS_MAX][ROW_COUNT];
    struct bench *bench = aligned_alloc(64, (sizeof *bench + 63) / 64 * 64);
    if (!bench || sets < 1 || sets > SETS_MAX || sodium_init() < 0)
        measure_die("usage: registration [SETS [SESSIONS]]");
    memset(bench, 0, sizeof *bench);
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    start_node(bench);
    fill(bench, sessions);
    (void)announce(bench);
    for (size_t set = 0; set < sets; set++) run_set(bench, spent + set * ROOM_MEMBERS);
    printf("%-42s %8s %8s\n", "", "µs", "ratio");
    for (size_t row = 0; row < ROW_COUNT; row++) print_row((enum row)row, spent, sets * ROOM_MEMBERS);
    announcer_destroy(bench->announcer);
    node_destroy(&bench->node);
    rcu_reader_unregister();
    free(bench);
    return 0;
}
