/* What it costs to keep networks out: a million of them, half of IPv6, asked for addresses from all over the Internet;
 * a whole HELLO with and without them; reading them from a file; and the walk over a million sessions after a change.
 *
 * Of IPv4 the networks have 24 to 32 bits, anywhere. Of IPv6 they have 32 to 64 bits, some 128, half of them in 4,096
 * networks of 32 bits, as providers have them.
 *
 * usage: access [NETWORKS [SESSIONS]] */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/support/crowd.h"
#include "bench/support/measure.h"
#include "bootnode/dispatch.h"
#include "bootnode/guard/access.h"
#include "bootnode/guard/access_lists.h"
#include "bootnode/guard/access_orders.h"
#include "bootnode/table/shard_evict.h"
#include "common/clock.h"
#include "common/log.h"

#define LOOK_UPS (512 * 1024u)
#define NOW_MS 1000000
#define PROVIDERS 4096u

struct bench {
    struct bootnode_config config;
    struct node node;
    struct worker_counters counters;
    struct context context;
    struct prefix *networks;
    size_t network_count;
    struct access *empty, *full;
    struct address *asked;
    uint8_t hello[HELLO_SIZE];
    size_t hello_size;
    struct crowd crowd;
    uint64_t ended;
};

/* --- Addresses and networks --- */

static struct address random_address(bool ipv4) {
    struct address address = {.port = 9595};
    randombytes_buf(address.ip, sizeof address.ip);
    address.ip[0] = 0x20 | (address.ip[0] & 0x1f);
    if (!ipv4) return address;
    memset(address.ip, 0, 10);
    address.ip[10] = address.ip[11] = 0xff;
    return address;
}

static struct prefix random_network(bool ipv4) {
    struct address address = random_address(ipv4);
    if (ipv4) return prefix_of(&address, (uint8_t)(PREFIX_IPV4_BITS + 24 + randombytes_uniform(9)));
    uint32_t provider = randombytes_uniform(PROVIDERS) * 2654435761U;
    if (randombytes_uniform(2) == 0) memcpy(address.ip + 1, &provider, 3);
    return prefix_of(&address, randombytes_uniform(8) == 0 ? PREFIX_BITS_MAX : (uint8_t)(32 + randombytes_uniform(33)));
}

/* Some address of it. */
static struct address address_in(const struct prefix *network) {
    struct address address = random_address(false);
    for (unsigned bit = 0; bit < network->bits; bit++) {
        const uint8_t mask = (uint8_t)(0x80U >> bit % 8);
        address.ip[bit / 8] = (uint8_t)((address.ip[bit / 8] & ~mask) | (network->ip[bit / 8] & mask));
    }
    return address;
}

/* --- What is asked --- */

static void prepare_elsewhere(const struct bench *bench, size_t operations, bool ipv4) {
    for (size_t i = 0; i < operations; i++) {
        do bench->asked[i] = random_address(ipv4);
        while (access_ask(bench->full, &bench->asked[i]) != ACCESS_OPEN);
    }
}

static void prepare_ipv4(void *context, size_t operations) {
    prepare_elsewhere(context, operations, true);
}

static void prepare_ipv6(void *context, size_t operations) {
    prepare_elsewhere(context, operations, false);
}

static void prepare_listed(void *context, size_t operations) {
    const struct bench *bench = context;
    for (size_t i = 0; i < operations; i++)
        bench->asked[i] = address_in(&bench->networks[randombytes_uniform((uint32_t)bench->network_count)]);
}

/* One network that is kept out, and does not give up. */
static void prepare_one(void *context, size_t operations) {
    const struct bench *bench = context;
    for (size_t i = 0; i < operations; i++) bench->asked[i] = address_in(&bench->networks[0]);
}

static void ask(const struct bench *bench, const struct access *access, size_t operations) {
    size_t open = 0;
    for (size_t i = 0; i < operations; i++) open += access_ask(access, &bench->asked[i]) == ACCESS_OPEN;
    measure_keep(open);
}

static void ask_full(void *context, size_t operations) {
    const struct bench *bench = context;
    ask(bench, bench->full, operations);
}

static void ask_empty(void *context, size_t operations) {
    const struct bench *bench = context;
    ask(bench, bench->empty, operations);
}

/* --- A whole HELLO --- */

static void drop_answer(void *context, uint8_t listener, const struct datagram *datagram) {
    (void)context, (void)listener, (void)datagram;
}

static void greet(struct bench *bench, struct access *access, size_t operations) {
    bench->node.access = access;
    for (size_t i = 0; i < operations; i++) {
        const struct packet packet = {.data = bench->hello, .size = bench->hello_size, .from = bench->asked[i]};
        dispatch(&bench->context, &packet);
    }
    bench->node.access = NULL;
}

static void greet_full(void *context, size_t operations) {
    struct bench *bench = context;
    greet(bench, bench->full, operations);
}

static void greet_empty(void *context, size_t operations) {
    struct bench *bench = context;
    greet(bench, bench->empty, operations);
}

/* --- The walk --- */

/* Sessions from all over the Internet. */
static void scatter(void *context, size_t operations) {
    struct bench *bench = context;
    for (size_t i = 0; i < operations; i++) {
        struct address address;
        do address = random_address(i % 2 == 0);
        while (access_ask(bench->full, &address) != ACCESS_OPEN);
        session_set_address(shard_session(bench->crowd.shard, bench->crowd.ids[i]), &address, 0);
    }
}

static void walk(void *context, size_t operations) {
    struct bench *bench = context;
    (void)operations;
    for (uint32_t slot = 0; shard_evict(bench->crowd.shard, bench->full, &slot, NOW_MS, &bench->ended);)
        rcu_reader_quiescent();
}

/* --- Life --- */

static double seconds_of(void (*run)(struct bench *bench), struct bench *bench) {
    uint64_t began = crowd_cpu_ns();
    run(bench);
    return (double)(crowd_cpu_ns() - began) / 1e9;
}

static struct ini_path_list deny_files;

static void read_lists(struct bench *bench) {
    static const struct ini_path_list none;
    const struct access_files files = {.allow = &none, .deny = &deny_files};
    if (!access_reload(bench->full, &files, stderr)) measure_die("access: the list has a fault");
}

static void write_list(struct bench *bench) {
    char text[PREFIX_TEXT_SIZE], *file = deny_files.items[0];
    snprintf(file, sizeof deny_files.items[0], "%s/gochat-access-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    int descriptor = mkstemp(file);
    FILE *out = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (!out) measure_die("access: cannot write a list");
    for (size_t i = 0; i < bench->network_count; i++) {
        bench->networks[i] = random_network(i % 2 == 0);
        fprintf(out, "%s\n", prefix_format(&bench->networks[i], text));
    }
    if (fclose(out) != 0) measure_die("access: cannot write a list");
    deny_files.count = 1;
}

static void make_lists(struct bench *bench) {
    struct access_sizes sizes;
    write_list(bench);
    double seconds = seconds_of(read_lists, bench);
    access_measure(bench->full, &sizes);
    printf("%zu networks, %zu when those are left out that lie in others: %.1f MB, %.1f bytes each\n",
           bench->network_count, sizes.denied, (double)sizes.bytes / 1e6, (double)sizes.bytes / (double)sizes.denied);
    printf("read from a file and put together in %.2f s of processor time, by whoever has them reloaded\n", seconds);
    unlink(deny_files.items[0]);
}

static void make_node(struct bench *bench) {
    struct node_key key;
    uint8_t seed[32];
    const struct hello hello = {.version = PROTOCOL_VERSION, .nonce = 7};
    ini_table_defaults(&bootnode_config_table, &bench->config);
    bench->config.sessions = 1000;
    bench->config.rate_hello = 0;
    randombytes_buf(seed, sizeof seed);
    node_key_derive(seed, &key);
    if (!node_init(&bench->node, &bench->config, &key, 1, NOW_MS)) measure_die("access: no memory");
    bench->context = (struct context){
        .node = &bench->node,
        .outbox = {.endpoints = &bench->node.endpoints, .put = drop_answer, .context = bench},
        .counters = &bench->counters,
        .now = node_time(&bench->node, NOW_MS),
    };
    bench->hello_size = hello_encode(&hello, bench->hello, sizeof bench->hello);
}

static void start(struct bench *bench, size_t sessions) {
    bench->networks = malloc(bench->network_count * sizeof *bench->networks);
    bench->asked = malloc(LOOK_UPS * sizeof *bench->asked);
    bench->empty = access_create(NULL, 0);
    bench->full = access_create(NULL, 0);
    bench->crowd = (struct crowd){.shard = crowd_shard_create(),
                                  .ids = malloc((sessions + 1) * sizeof *bench->crowd.ids),
                                  .size = sessions,
                                  .rooms = (sessions + CROWD_ROOM_MEMBERS - 1) / CROWD_ROOM_MEMBERS};
    if (!bench->networks || !bench->asked || !bench->empty || !bench->full || !bench->crowd.shard || !bench->crowd.ids)
        measure_die("access: no memory");
    if (!crowd_fill(&bench->crowd, CROWD_START)) measure_die("access: a session was refused");
    make_node(bench);
    make_lists(bench);
}

static void gather(struct bench *bench) {
    for (size_t i = 0; i < bench->crowd.size; i++) {
        struct address address = address_in(&bench->networks[0]);
        session_set_address(shard_session(bench->crowd.shard, bench->crowd.ids[i]), &address, 0);
    }
}

static void walk_once(struct bench *bench) {
    walk(bench, bench->crowd.size);
}

static void stop(struct bench *bench) {
    access_destroy(bench->full);
    access_destroy(bench->empty);
    node_destroy(&bench->node);
    crowd_shard_destroy(bench->crowd.shard);
    free(bench->crowd.ids);
    free(bench->asked);
    free(bench->networks);
    free(bench);
}

#define ROW(what, before, function)                                                                                    \
    { .name = (what), .operations = LOOK_UPS, .prepare = (before), .run = (function), .context = bench }

static void measure_questions(struct bench *bench) {
    struct variant asking[] = {
        ROW("IPv4, nobody is kept out", prepare_ipv4, ask_empty), ROW("IPv4, from anywhere", prepare_ipv4, ask_full),
        ROW("IPv6, from anywhere", prepare_ipv6, ask_full), ROW("from all that is kept out", prepare_listed, ask_full),
        ROW("from one of them", prepare_one, ask_full)};
    measure("a question, among the whole list", asking, sizeof asking / sizeof *asking);
    struct variant greeting[] = {ROW("IPv4, nobody is kept out", prepare_ipv4, greet_empty),
                                 ROW("IPv4, from anywhere", prepare_ipv4, greet_full),
                                 ROW("IPv6, nobody is kept out", prepare_ipv6, greet_empty),
                                 ROW("IPv6, from anywhere", prepare_ipv6, greet_full),
                                 ROW("from all that is kept out", prepare_listed, greet_full),
                                 ROW("from one of them", prepare_one, greet_full)};
    measure("a HELLO, without the kernel's work", greeting, sizeof greeting / sizeof *greeting);
    printf("for the list, a HELLO takes %.1f ns more (IPv4), %.1f ns more (IPv6)\n",
           greeting[1].median - greeting[0].median, greeting[3].median - greeting[2].median);
}

static void measure_walk(struct bench *bench) {
    struct variant walking = {.name = "a session, nobody is kept out",
                              .operations = bench->crowd.size,
                              .prepare = scatter,
                              .run = walk,
                              .context = bench};
    measure("the walk after a change", &walking, 1);
    printf("%.0f ms for %llu sessions", walking.median * (double)bench->crowd.size / 1e6,
           (unsigned long long)bench->crowd.size);
    gather(bench);
    printf("; %.0f ms when all of them end", seconds_of(walk_once, bench) * 1e3);
    if (bench->ended != bench->crowd.size) measure_die("\naccess: somebody stayed");
    puts("");
}

int main(int argc, char **argv) {
    struct bench *bench = aligned_alloc(64, (sizeof *bench + 63) / 64 * 64);
    if (!bench || sodium_init() < 0) measure_die("access: no memory");
    memset(bench, 0, sizeof *bench);
    bench->network_count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    size_t sessions = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
    if (bench->network_count < 1 || bench->network_count > PREFIX_SET_MAX || sessions < 1 || sessions > 1 << 23)
        measure_die("usage: access [NETWORKS [SESSIONS]]");
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    start(bench, sessions);
    measure_questions(bench);
    measure_walk(bench);
    stop(bench);
    rcu_reader_unregister();
    return 0;
}
