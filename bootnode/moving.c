#include "bootnode/moving.h"

#include <stdlib.h>
#include <string.h>

#include "bootnode/handlers/sealed.h"
#include "common/clock.h"

#define CHUNK_ITEMS 510

/* From when one was told so often until something is to be done; in the end its time here is over. */
static const uint32_t pauses_ms[MOVING_TELLS] = {MOVING_AGAIN_MS, 2 * MOVING_AGAIN_MS, 4 * MOVING_AGAIN_MS,
                                                 8 * MOVING_AGAIN_MS, MOVING_STAY_MS - 15 * MOVING_AGAIN_MS};

static uint64_t period_of(unsigned which) {
    return which == MOVING_DEAF ? MOVING_AGAIN_MS : pauses_ms[which - MOVING_TOLD];
}

/* What a step may do. */
struct turn {
    struct moving *moving;
    struct context *context;
    struct shard *shard;
    const struct homes *homes;
    unsigned left; /* members */
};

/* --- Queues --- */

struct moving_chunk {
    struct moving_chunk *next;
    struct moving_item items[CHUNK_ITEMS];
};

static bool grow(struct moving_queue *queue) {
    struct moving_chunk *chunk = malloc(sizeof *chunk);
    if (!chunk) return false;
    chunk->next = NULL;
    if (queue->tail)
        queue->tail->next = chunk;
    else
        queue->head = chunk;
    queue->tail = chunk;
    queue->end = 0;
    return true;
}

static bool push(struct moving_queue *queue, const struct shard_homes_told *told, uint64_t due) {
    if ((!queue->tail || queue->end == CHUNK_ITEMS) && !grow(queue)) return false;
    queue->tail->items[queue->end++] = (struct moving_item){.told = *told, .due = due};
    queue->count++;
    return true;
}

static const struct moving_item *first_of(const struct moving_queue *queue) {
    return queue->count > 0 ? &queue->head->items[queue->first] : NULL;
}

static void pop(struct moving_queue *queue) {
    queue->count--;
    if (++queue->first < CHUNK_ITEMS && queue->count > 0) return;
    struct moving_chunk *done = queue->head;
    queue->head = done->next;
    queue->first = 0;
    if (!queue->head) queue->tail = NULL;
    free(done);
}

/* None of them is due later than that. */
static void bring_forward(struct moving_queue *queue, uint64_t latest) {
    size_t i = queue->first;
    for (struct moving_chunk *chunk = queue->head; chunk; chunk = chunk->next, i = 0)
        for (const size_t end = chunk->next ? CHUNK_ITEMS : queue->end; i < end; i++)
            chunk->items[i].due = earlier(chunk->items[i].due, latest);
}

static void drop(struct moving_queue *queue) {
    for (struct moving_chunk *chunk = queue->head, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
}

/* --- Who is behind --- */

static void see_homes(struct moving *moving, const struct homes *homes) {
    if (homes->number == moving->seen) return;
    moving->seen = homes->number;
    if (homes->moves == moving->moves) return;
    moving->moves = homes->moves;
    moving->walking = true;
    moving->walk = (struct shard_homes_walk){0};
}

/* Without memory it is found by another walk, when those who wait have been told. */
static void wait_for(struct turn *turn, uint64_t id) {
    const struct shard_homes_told told = {.id = id};
    if (push(&turn->moving->queues[MOVING_WAITING], &told, 0)) return;
    shard_homes_forget(turn->shard, id);
    turn->moving->again = true;
}

static void look(struct turn *turn) {
    struct moving *moving = turn->moving;
    uint64_t found[SHARD_BATCH];
    size_t count;
    moving->walking = shard_homes_find(turn->shard, turn->homes->stamps, &moving->walk, found, &count);
    for (size_t i = 0; i < count; i++) wait_for(turn, found[i]);
}

static void take_late(struct turn *turn) {
    uint64_t found[SHARD_BATCH];
    size_t count;
    if (atomic_load_explicit(&turn->shard->moving.late_count, memory_order_relaxed) == 0) return;
    if (!shard_homes_take(turn->shard, found, &count)) turn->moving->again = true;
    for (size_t i = 0; i < count; i++) wait_for(turn, found[i]);
}

/* --- Telling --- */

static void notify(const struct turn *turn, const struct shard_homes_told *told) {
    uint8_t body[NOTICE_BODY_MAX];
    struct writer writer = writer_over(body, sizeof body);
    struct notice_body notice = {.kind = NOTICE_ELSEWHERE};
    struct session *session = node_find_session(turn->context->node, told->id);
    if (!session) return;
    homes_name(turn->homes, told->bucket, &notice.homes);
    write_notice_body(&writer, &notice);
    sealed_send(&turn->context->outbox, session, told->id, MESSAGE_NOTICE, told->token, body, writer_size(&writer));
    counters_count(turn->context->counters, COUNTER_NOTICE);
}

/* Told `times` times by now. Without memory it is not asked again. */
static void keep(const struct turn *turn, const struct shard_homes_told *told, unsigned times) {
    (void)push(&turn->moving->queues[MOVING_TOLD + times - 1], told,
               turn->context->now + period_of(MOVING_TOLD + times - 1));
}

static void tell(const struct turn *turn, uint64_t id) {
    struct shard_homes_told told;
    switch (shard_homes_tell(turn->shard, id, turn->homes->stamps, turn->context->now, &told)) {
    case SHARD_HOMES_DEAF:
        if (push(&turn->moving->queues[MOVING_DEAF], &told, turn->context->now + period_of(MOVING_DEAF))) break;
        shard_homes_forget(turn->shard, id);
        turn->moving->again = true;
        break;
    case SHARD_HOMES_SEND:
        notify(turn, &told);
        counters_count(turn->context->counters, COUNTER_TOLD_ELSEWHERE);
        keep(turn, &told, 1);
        break;
    default: break;
    }
}

/* Returns when the next one may be told: `now` when the turn is over before. */
static uint64_t tell_those_who_wait(struct turn *turn) {
    struct moving_queue *queue = &turn->moving->queues[MOVING_WAITING];
    const uint64_t now = turn->context->now;
    for (const struct moving_item *item; (item = first_of(queue)) && turn->left > 0; turn->left--) {
        const uint64_t id = item->told.id;
        uint16_t bucket;
        uint64_t wait_ms;
        const bool lives = shard_homes_bucket(turn->shard, id, &bucket);
        if (lives && !move_pace_take(&turn->context->node->move_pace, turn->homes, bucket, now, &wait_ms))
            return now + wait_ms;
        pop(queue);
        if (lives) tell(turn, id);
    }
    return queue->count > 0 ? now : NEVER;
}

/* --- Those that were told --- */

static void end(const struct turn *turn, const struct shard_homes_told *told) {
    if (homes_are_here(turn->homes, told->bucket)) return;
    if (shard_homes_end(turn->shard, turn->homes->stamps, told, turn->context->now))
        counters_count(turn->context->counters, COUNTER_MOVED_LATE);
}

/* It was told `times` times. Where the room still lives here, who heard is done with. */
static void go_on(const struct turn *turn, struct shard_homes_told *told, unsigned times) {
    const bool last = times == MOVING_TELLS;
    switch (shard_homes_ask(turn->shard, turn->homes->stamps, !last, turn->context->now, told)) {
    case SHARD_HOMES_GONE: return;
    case SHARD_HOMES_HEARD:
        if (homes_are_here(turn->homes, told->bucket)) return;
        break;
    case SHARD_HOMES_SEND: notify(turn, told); break;
    case SHARD_HOMES_DEAF: break;
    }
    if (last)
        end(turn, told);
    else
        keep(turn, told, times + 1);
}

static void work_off(struct turn *turn, unsigned which) {
    struct moving_queue *queue = &turn->moving->queues[which];
    for (const struct moving_item *item; (item = first_of(queue)) && turn->left > 0; turn->left--) {
        if (item->due > turn->context->now) return;
        struct shard_homes_told told = item->told;
        pop(queue);
        if (which == MOVING_DEAF)
            wait_for(turn, told.id);
        else
            go_on(turn, &told, which - MOVING_TOLD + 1);
    }
}

/* --- A step --- */

static void publish(const struct moving *moving, struct shard *shard) {
    uint64_t told = 0;
    for (unsigned i = MOVING_TOLD; i < MOVING_QUEUES; i++) told += moving->queues[i].count;
    atomic_store_explicit(&shard->moving.waiting,
                          moving->queues[MOVING_WAITING].count + moving->queues[MOVING_DEAF].count,
                          memory_order_relaxed);
    atomic_store_explicit(&shard->moving.told, told, memory_order_relaxed);
    /* Who sees that all were looked at sees those who wait. */
    if (!moving->walking) atomic_store_explicit(&shard->moving.seen, moving->seen, memory_order_release);
}

/* A process that wakes from a pause may come here before the reaper has taken the pause out of the clock. What was put
 * off meanwhile would wait for as long as the pause was. It is due as if it had been put off now: no earlier, since who
 * was told has its time. */
static void see_clock(struct moving *moving, uint64_t now) {
    for (unsigned which = MOVING_DEAF; which < MOVING_QUEUES && now < moving->stepped; which++)
        bring_forward(&moving->queues[which], now + period_of(which));
    moving->stepped = now;
}

/* Where nobody lives, nobody can be sent anywhere. Returns when there is something to do. */
static uint64_t serve_queues(struct turn *turn) {
    if (turn->homes->ranked_count == 0) return NEVER;
    for (unsigned which = MOVING_QUEUES; which-- > MOVING_DEAF;) work_off(turn, which);
    uint64_t due = tell_those_who_wait(turn);
    for (unsigned which = MOVING_DEAF; which < MOVING_QUEUES; which++) {
        const struct moving_item *item = first_of(&turn->moving->queues[which]);
        if (item) due = earlier(due, item->due);
    }
    return due;
}

void moving_step(struct moving *moving, struct context *context, struct shard *shard) {
    struct turn turn = {moving, context, shard, node_homes(context->node), MOVING_BATCH};
    if (!turn.homes) return;
    see_clock(moving, context->now);
    see_homes(moving, turn.homes);
    take_late(&turn);
    if (moving->walking) look(&turn);
    const uint64_t due = serve_queues(&turn);
    if (!moving->walking && moving->again && moving->queues[MOVING_WAITING].count == 0) {
        moving->again = false;
        moving->walking = true;
        moving->walk = (struct shard_homes_walk){0};
    }
    moving->due = moving->walking ? context->now : due;
    publish(moving, shard);
}

bool moving_holds(const struct moving *moving, struct shard *shard, const struct homes *homes) {
    if (moving->seen != homes->number || moving->walking || moving->again) return true;
    return shard_homes_missed(shard, homes->stamps) == 0;
}

void moving_init(struct moving *moving) {
    memset(moving, 0, sizeof *moving);
    moving->due = NEVER;
}

void moving_destroy(struct moving *moving) {
    for (unsigned i = 0; i < MOVING_QUEUES; i++) drop(&moving->queues[i]);
}
