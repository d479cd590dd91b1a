/* The queue between threads: by one thread alone, and from one thread to another one that sleeps when it is empty.
 *
 * usage: queue */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/support/measure.h"
#include "common/queue.h"
#include "common/thread.h"

#define NODES 1000000u
#define TURN 64u

struct bench {
    struct queue queue;
    struct queue_node *nodes;
    struct thread reader;
    size_t expected; /* by the reader */
};

static void pop_all(struct bench *bench, size_t expected) {
    for (size_t i = 0; i < expected; i++)
        if (!queue_pop(&bench->queue)) measure_die("queue: a node is missing");
}

static void in_turns(struct bench *bench, size_t operations, size_t turn) {
    for (size_t i = 0; i + turn <= operations; i += turn) {
        for (size_t j = 0; j < turn; j++) (void)queue_push(&bench->queue, &bench->nodes[i + j]);
        pop_all(bench, turn);
    }
}

static void one_by_one(void *context, size_t operations) {
    in_turns(context, operations, 1);
}

static void sixty_four(void *context, size_t operations) {
    in_turns(context, operations, TURN);
}

/* As every reader in GoChat does: it pops what there is, settles, and sleeps when nothing came meanwhile. */
static void read_all(void *argument) {
    struct bench *bench = argument;
    for (size_t got = 0; got < bench->expected;) {
        if (queue_pop(&bench->queue)) {
            got++;
        } else if (queue_settle(&bench->queue)) {
            struct pollfd wanted = {.fd = queue_event(&bench->queue), .events = POLLIN};
            (void)poll(&wanted, 1, -1);
        }
    }
}

static void across(void *context, size_t operations) {
    struct bench *bench = context;
    bench->expected = operations;
    if (thread_start(&bench->reader, "reader", false, read_all, bench) != 0) measure_die("queue: no thread");
    for (size_t i = 0; i < operations; i++) (void)queue_push(&bench->queue, &bench->nodes[i]);
    thread_join(&bench->reader);
}

int main(void) {
    static struct bench bench;
    bench.nodes = calloc(NODES, sizeof *bench.nodes);
    if (!bench.nodes || queue_init(&bench.queue, 0) != 0) measure_die("queue: no memory");
#define ROW(what, function, by_wall)                                                                                   \
    { .name = (what), .operations = NODES / TURN * TURN, .run = (function), .context = &bench, .wall = (by_wall) }
    struct variant variants[] = {ROW("push and pop, one by one", one_by_one, false),
                                 ROW("push 64, pop 64", sixty_four, false),
                                 ROW("one thread pushes, one pops (wall clock)", across, true)};
#undef ROW
    measure("one node, in and out", variants, sizeof variants / sizeof *variants);
    queue_destroy(&bench.queue);
    free(bench.nodes);
    return 0;
}
