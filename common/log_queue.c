#include "common/log_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORDS (LOG_QUEUE_LINES / 64)

/* Memory that nobody wrote to stays the kernel's, so the lowest free record is the one to take. */
int log_queue_init(struct log_queue *queue) {
    memset(queue, 0, sizeof *queue);
    queue->records = calloc(LOG_QUEUE_LINES, sizeof *queue->records);
    if (!queue->records) return -ENOMEM;
    int error = queue_init(&queue->ready, 0);
    if (error != 0) free(queue->records);
    return error;
}

void log_queue_destroy(struct log_queue *queue) {
    struct log_record *record;
    while ((record = log_queue_pop(queue))) log_queue_free(queue, record);
    queue_destroy(&queue->ready);
    free(queue->records);
}

/* Takes the lowest bit that is clear; 64 where there is none. It tries again only where another thread took that very
 * bit in between. What the reader did with the record happens before what its next owner does. */
static unsigned claim_bit(_Atomic uint64_t *word) {
    uint64_t seen = atomic_load_explicit(word, memory_order_relaxed);
    while (seen != UINT64_MAX) {
        uint64_t bit = ~seen & (seen + 1);
        seen = atomic_fetch_or_explicit(word, bit, memory_order_acquire);
        if (!(seen & bit)) return (unsigned)__builtin_ctzll(bit);
    }
    return 64;
}

struct log_record *log_queue_claim(struct log_queue *queue) {
    for (size_t i = 0; i < WORDS; i++) {
        unsigned bit = claim_bit(&queue->taken[i]);
        if (bit < 64) return &queue->records[i * 64 + bit];
    }
    atomic_fetch_add_explicit(&queue->lost, 1, memory_order_relaxed);
    return NULL;
}

void log_queue_push(struct log_queue *queue, struct log_record *record) {
    record->lost_before = log_queue_lost(queue);
    (void)!queue_push(&queue->ready, &record->node); /* has no limit of its own */
}

struct log_record *log_queue_pop(struct log_queue *queue) {
    struct queue_node *node = queue_pop(&queue->ready);
    return node ? caa_container_of(node, struct log_record, node) : NULL;
}

void log_queue_free(struct log_queue *queue, struct log_record *record) {
    size_t index = (size_t)(record - queue->records);
    atomic_fetch_and_explicit(&queue->taken[index / 64], ~(UINT64_C(1) << index % 64), memory_order_release);
}

uint64_t log_queue_lost(const struct log_queue *queue) {
    return atomic_load_explicit(&queue->lost, memory_order_relaxed);
}

bool log_queue_is_idle(const struct log_queue *queue) {
    uint64_t any = 0;
    for (size_t i = 0; i < WORDS; i++) any |= atomic_load_explicit(&queue->taken[i], memory_order_relaxed);
    return any == 0;
}
