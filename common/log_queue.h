/* Lines on their way from many threads to the one that writes them.
 *
 * Invariant: LOG_QUEUE_LINES records, made once. Each is free (its bit in `taken` is clear), or belongs to the thread
 * that claimed it until that pushes it, then to the queue, then to the reader that popped it until that frees it. To
 * claim and to push take no lock, allocate nothing and wait for nobody, whatever the reader does. A line is lost only
 * when no record is free; `lost` counts it, and the record that is pushed next says how many were lost before it. */
#pragma once

#include <stdatomic.h>

#include "common/log_format.h"
#include "common/queue.h"

#define LOG_QUEUE_LINES 1024 /* 1.2 MB, of which a quiet program touches a page or two */

struct log_record {
    struct queue_node node;
    struct log_entry entry;
    uint64_t lost_before; /* since the queue was made */
};

struct log_queue {
    struct queue ready;
    struct log_record *records;
    _Atomic uint64_t taken[LOG_QUEUE_LINES / 64];
    _Atomic uint64_t lost;
};

/* 0 or a negative errno; log_queue_destroy is due where it is 0. */
MUST_USE int log_queue_init(struct log_queue *queue);
/* Nobody pushes any more. */
void log_queue_destroy(struct log_queue *queue);
/* Any thread: a record to fill in, which log_queue_push is then due for. NULL: none was free, and a line is lost. */
struct log_record *log_queue_claim(struct log_queue *queue);
void log_queue_push(struct log_queue *queue, struct log_record *record);
/* The reader: the oldest, which log_queue_free is then due for; NULL: there is none. */
struct log_record *log_queue_pop(struct log_queue *queue);
void log_queue_free(struct log_queue *queue, struct log_record *record);
/* Any thread: how many lines were lost since the queue was made. */
uint64_t log_queue_lost(const struct log_queue *queue);
/* No line is anybody's: all that was claimed has been freed. */
bool log_queue_is_idle(const struct log_queue *queue);
