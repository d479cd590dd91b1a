/* What a cluster spreads, and what moves: the nodes' shares of all sessions, by the code that places them
 * (bootnode/cluster/placement.h), for clusters of several sizes and for buckets of more bits than they have; what a
 * death, a new node and another weight move; and how long until all that moved are registered again. Nothing is sent:
 * this is a simulation, of 100 million sessions unless told otherwise.
 *
 * Rooms are of all sizes, and a large one is rare: of 1 to 128 members, the number of rooms falls with the square of
 * the size. In the cluster with mixed weights they are 50, 100, 200 and 400 in turns.
 *
 * usage: homes [SESSIONS] */
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/support/measure.h"
#include "bootnode/cluster/homes.h"
#include "bootnode/cluster/placement.h"
#include "common/clock.h"

#define REPLICAS 2
#define ROOM_MOST 128
#define BITS_MOST 16
#define NODES_MOST 200
#define TRIM_ROUNDS 200
#define FOUND_S 5.25 /* silent for 5 s, and a turn */

struct cluster {
    struct placement_node nodes[NODES_MOST];
    uint16_t share[NODES_MOST]; /* what each is to carry */
    size_t count;
    unsigned bits;
    const uint32_t *load; /* sessions a bucket */
};

static uint8_t key[PLACEMENT_KEY_SIZE];
static uint64_t sessions = 100000000, dice = 88172645463325252;

static uint64_t roll(void) {
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice;
}

/* How many rooms of all have that many members or fewer, as a part of 2^32. */
static void fill_sizes(uint32_t below[static ROOM_MOST]) {
    double all = 0, sum = 0;
    for (int size = 1; size <= ROOM_MOST; size++) all += 1.0 / size / size;
    for (int size = 1; size <= ROOM_MOST; size++) {
        sum += 1.0 / size / size;
        below[size - 1] = size == ROOM_MOST ? UINT32_MAX : (uint32_t)(sum / all * 4294967295.0);
    }
}

static uint32_t room_size(const uint32_t below[static ROOM_MOST]) {
    const uint32_t at = (uint32_t)roll();
    uint32_t size = 1;
    while (below[size - 1] < at) size++;
    return size;
}

/* The same rooms whatever the number of bits: a bucket is the first bits of a tag. Returns how many rooms there are. */
static uint64_t fill_rooms(uint32_t *load) {
    uint32_t below[ROOM_MOST];
    uint64_t rooms = 0;
    fill_sizes(below);
    for (uint64_t placed = 0; placed < sessions; rooms++) {
        const uint32_t size = room_size(below);
        load[roll() >> (64 - BITS_MOST)] += size;
        placed += size;
    }
    return rooms;
}

static uint64_t load_of(const struct cluster *cluster, uint32_t bucket) {
    const unsigned spared = BITS_MOST - cluster->bits;
    uint64_t load = 0;
    for (uint32_t i = 0; i < 1u << spared; i++) load += cluster->load[(bucket << spared) + i];
    return load;
}

static void rank(const struct cluster *cluster, uint32_t bucket, uint8_t homes[static REPLICAS]) {
    (void)placement_rank(key, bucket, cluster->nodes, cluster->count, REPLICAS, homes);
}

static void carry(const struct cluster *cluster, uint64_t carried[static NODES_MOST]) {
    uint8_t homes[PLACEMENT_RANKS_MAX];
    memset(carried, 0, NODES_MOST * sizeof *carried);
    for (uint32_t bucket = 0; bucket < 1u << cluster->bits; bucket++) {
        rank(cluster, bucket, homes);
        for (unsigned i = 0; i < REPLICAS; i++) carried[homes[i]] += load_of(cluster, bucket);
    }
}

/* What a node carries, to what it should: 1 is just that. */
static double imbalance_of(const struct cluster *cluster, const uint64_t carried[static NODES_MOST], size_t index) {
    uint64_t shares = 0, all = 0;
    for (size_t i = 0; i < cluster->count; i++) shares += cluster->share[i], all += carried[i];
    return (double)carried[index] / ((double)all * cluster->share[index] / (double)shares);
}

static double worst(const struct cluster *cluster) {
    uint64_t carried[NODES_MOST];
    double most = 0;
    carry(cluster, carried);
    for (size_t i = 0; i < cluster->count; i++) most = fmax(most, imbalance_of(cluster, carried, i));
    return most;
}

static struct cluster make(const uint32_t *load, size_t count, unsigned bits, bool mixed) {
    static const uint16_t weights[] = {50, 100, 200, 400};
    struct cluster cluster = {.count = count, .bits = bits, .load = load};
    for (size_t i = 0; i < count; i++) {
        cluster.share[i] = mixed ? weights[i % 4] : 100;
        cluster.nodes[i] = (struct placement_node){.id = (uint8_t)i, .weight = cluster.share[i]};
    }
    return cluster;
}

/* --- Shares --- */

/* What operators, or the nodes themselves, would reach who change the weight of whichever is furthest from its share,
 * one after the other, by a part of what is missing. `moved`: how much was moved meanwhile, in parts of all sessions.
 */
static double trim(struct cluster *cluster) {
    double best = worst(cluster);
    for (size_t i = 0; i < cluster->count; i++) cluster->nodes[i].weight = (uint16_t)(2 * cluster->share[i]);
    for (unsigned turn = 0; turn < TRIM_ROUNDS; turn++) {
        uint64_t carried[NODES_MOST];
        size_t furthest = 0;
        double off = 0;
        carry(cluster, carried);
        for (size_t i = 0; i < cluster->count; i++) {
            const double here = fabs(log(imbalance_of(cluster, carried, i)));
            if (here > off) off = here, furthest = i;
        }
        const double factor = pow(imbalance_of(cluster, carried, furthest), -0.7);
        const double wanted = round(cluster->nodes[furthest].weight * factor);
        cluster->nodes[furthest].weight = (uint16_t)fmin(fmax(wanted, 1), PLACEMENT_WEIGHT_MAX);
        best = fmin(best, worst(cluster));
    }
    return best;
}

static void print_shares(const uint32_t *load) {
    static const size_t counts[] = {3, 8, 20, 50, 200};
    static const unsigned bits[] = {10, 12, 14, 16};
    printf("the node that carries most, to what it should carry (k = %d)\n", REPLICAS);
    printf("  %5s  %-7s %8s %8s %8s %8s   %s\n", "nodes", "weights", "10 bits", "12 bits", "14 bits", "16 bits",
           "10 bits, weights trimmed");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (int mixed = 0; mixed < 2; mixed++) {
            printf("  %5zu  %-7s", counts[i], mixed ? "mixed" : "equal");
            for (size_t j = 0; j < sizeof bits / sizeof *bits; j++) {
                const struct cluster cluster = make(load, counts[i], bits[j], mixed);
                printf(" %8.3f", worst(&cluster));
            }
            struct cluster trimmed = make(load, counts[i], BUCKET_BITS, mixed);
            printf("   %8.3f\n", trim(&trimmed));
        }
}

/* --- What moves --- */

/* Sessions that are registered anew, at the node that has most of them and in all. */
static void count_moves(const struct cluster *before, const struct cluster *after, uint64_t *all, uint64_t *most) {
    uint64_t come[NODES_MOST] = {0};
    *all = *most = 0;
    for (uint32_t bucket = 0; bucket < 1u << before->bits; bucket++) {
        uint8_t was[PLACEMENT_RANKS_MAX], is[PLACEMENT_RANKS_MAX];
        rank(before, bucket, was);
        rank(after, bucket, is);
        for (unsigned i = 0; i < REPLICAS; i++) {
            if (memchr(was, is[i], REPLICAS)) continue;
            come[is[i]] += load_of(before, bucket);
        }
    }
    for (size_t i = 0; i < NODES_MOST; i++) {
        *all += come[i];
        if (come[i] > *most) *most = come[i];
    }
}

static void print_move(const char *what, const struct cluster *before, const struct cluster *after, double found_s) {
    static const double rates[] = {4000, 16000}; /* a worker's, and four of them */
    uint64_t all, most;
    count_moves(before, after, &all, &most);
    printf("  %5zu  %-28s %8.3f %%  %9llu  %9llu", before->count, what,
           100.0 * (double)all / (double)(REPLICAS * sessions), (unsigned long long)all, (unsigned long long)most);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) printf("  %7.1f s", found_s + (double)most / rates[i]);
    putchar('\n');
}

static void print_moves(const uint32_t *load) {
    static const size_t counts[] = {3, 8, 50, 199};
    printf("\nwhat moves (of all sessions at all homes), and when the last one is registered again\n");
    printf("  %5s  %-28s %10s  %9s  %9s  %9s  %9s\n", "nodes", "", "moves", "sessions", "most come", "1 worker",
           "4 workers");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const struct cluster before = make(load, counts[i], BUCKET_BITS, false);
        struct cluster dead = before, larger = make(load, counts[i] + 1, BUCKET_BITS, false), heavier = before;
        dead.nodes[0] = dead.nodes[--dead.count];
        heavier.nodes[0].weight = 200;
        print_move("a node dies", &before, &dead, FOUND_S);
        print_move("a node comes", &before, &larger, 0);
        print_move("a weight is doubled", &before, &heavier, 0);
    }
}

/* --- What it costs --- */

static void print_cost(void) {
    static const size_t counts[] = {3, 50, 200};
    printf("\na snapshot of homes: %zu KiB", sizeof(struct homes) / 1024);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct cluster_identity identity = {.replicas = REPLICAS, .own_id = 1};
        struct cluster_node nodes[NODES_MOST];
        for (size_t j = 0; j < counts[i]; j++)
            nodes[j] = (struct cluster_node){.id = (uint8_t)j, .weight = 100, .address_count = 1};
        memcpy(identity.placement_key, key, sizeof key);
        const uint64_t began = clock_monotonic_ns();
        struct homes *homes = homes_make(&identity, nodes, counts[i], 1);
        printf("; of %zu nodes it is made in %.1f ms", counts[i], (double)(clock_monotonic_ns() - began) / 1e6);
        homes_destroy(homes);
    }
    putchar('\n');
}

int main(int argc, char **argv) {
    if (argc > 1) sessions = strtoull(argv[1], NULL, 10);
    if (sessions < 1 || sessions > UINT32_MAX || sodium_init() < 0) measure_die("usage: homes [SESSIONS]");
    uint32_t *load = calloc((size_t)1 << BITS_MOST, sizeof *load);
    if (!load) measure_die("homes: no memory");
    placement_key("town", key);
    const uint64_t rooms = fill_rooms(load);
    printf("%llu sessions in %llu rooms\n\n", (unsigned long long)sessions, (unsigned long long)rooms);
    print_shares(load);
    print_moves(load);
    print_cost();
    free(load);
    return 0;
}
