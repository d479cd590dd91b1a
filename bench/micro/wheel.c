/* The timing wheel with a million nodes, whose deadlines lie anywhere within an expiry of 15 s.
 *
 * usage: wheel */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/support/measure.h"
#include "bootnode/table/wheel.h"

#define NODES 1000000u
#define EXPIRY_MS 15000u
#define STEP_MS 32u

struct bench {
    struct wheel wheel;
    struct wheel_node *nodes;
    uint32_t *order, *after_ms;
    uint64_t now;
};

static void empty(void *context, size_t operations) {
    struct bench *bench = context;
    wheel_init(&bench->wheel, bench->now);
    memset(bench->nodes, 0, operations * sizeof *bench->nodes);
}

static void add_all(void *context, size_t operations) {
    struct bench *bench = context;
    for (size_t i = 0; i < operations; i++)
        wheel_add(&bench->wheel, &bench->nodes[bench->order[i]], bench->now + bench->after_ms[i]);
}

static void fill(void *context, size_t operations) {
    empty(context, operations);
    add_all(context, operations);
}

static void remove_all(void *context, size_t operations) {
    struct bench *bench = context;
    for (size_t i = 0; i < operations; i++)
        wheel_remove(&bench->wheel, &bench->nodes[bench->order[operations - 1 - i]]);
    if (bench->wheel.count != 0) measure_die("wheel: nodes are left");
}

/* `again_ms` 0: they are gone, else due again so much later. */
static void advance(struct bench *bench, size_t operations, uint64_t again_ms) {
    for (size_t done = 0; done < operations; bench->now += STEP_MS) {
        struct wheel_node *node;
        while ((node = wheel_pop_due(&bench->wheel, bench->now)) != NULL) {
            if (again_ms > 0) wheel_add(&bench->wheel, node, bench->now + again_ms);
            done++;
        }
    }
}

static void expire_all(void *context, size_t operations) {
    advance(context, operations, 0);
}

static void move_all_on(void *context, size_t operations) {
    advance(context, operations, EXPIRY_MS);
}

static void ask_next(void *context, size_t operations) {
    const struct bench *bench = context;
    for (size_t i = 0; i < operations; i++) measure_keep(wheel_next(&bench->wheel));
}

/* One node, a whole expiry away. */
static void leave_one(void *context, size_t operations) {
    struct bench *bench = context;
    empty(bench, operations);
    wheel_add(&bench->wheel, bench->nodes, bench->now + EXPIRY_MS);
}

int main(void) {
    static struct bench bench = {.now = 1000000};
    if (sodium_init() < 0) measure_die("wheel: no libsodium");
    bench.nodes = calloc(NODES, sizeof *bench.nodes);
    bench.after_ms = calloc(NODES, sizeof *bench.after_ms);
    bench.order = measure_shuffled(NODES);
    if (!bench.nodes || !bench.after_ms) measure_die("wheel: no memory");
    for (size_t i = 0; i < NODES; i++) bench.after_ms[i] = randombytes_uniform(EXPIRY_MS);
#define ROW(what, before, function)                                                                                    \
    { .name = (what), .operations = NODES, .prepare = (before), .run = (function), .context = &bench }
    struct variant variants[] = {
        ROW("add, nodes in random order", empty, add_all), ROW("remove, nodes in random order", fill, remove_all),
        ROW("due, in steps of 32 ms", fill, expire_all), ROW("due, and added again 15 s later", fill, move_all_on),
        ROW("next deadline, one node 15 s away", leave_one, ask_next)};
#undef ROW
    measure("1,000,000 nodes", variants, sizeof variants / sizeof *variants);
    free(bench.order);
    free(bench.after_ms);
    free(bench.nodes);
    return 0;
}
