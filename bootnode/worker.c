#include "bootnode/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

#define BATCH 64
#define EVENTS_MAX (BOOTNODE_LISTENERS_MAX + 2)
/* Waking up for each handful of packets costs more than handling them. So a round that found so many, but no full
 * batch, is followed by a nap: the next one finds a batch, for which the socket's buffer has room. A packet waits that
 * long at most, which is little beside its way through the Internet, and at low rates, where nobody naps, not at all.
 */
#define NAP_PACKETS 8
#define NAP_US 400

static void read_clock(struct worker *worker) {
    uint64_t monotonic = clock_monotonic_ms();
    worker->context.now = node_time(worker->context.node, monotonic);
    worker->context.second = node_second(worker->context.node, monotonic);
}

static void flush(struct worker *worker, struct listener *listener) {
    if (udp_batch_count(listener->send) == 0) return;
    struct udp_send_result result = udp_send(listener->socket, listener->send);
    counters_add(&worker->counters, COUNTER_SENT, result.sent);
    counters_add(&worker->counters, COUNTER_SEND_DROPPED, result.dropped);
}

/* The outbox's sink. */
static void put(void *argument, uint8_t index, const struct datagram *datagram) {
    struct worker *worker = argument;
    struct listener *listener = &worker->listeners[index];
    if (udp_batch_full(listener->send)) flush(worker, listener);
    if (udp_batch_add(listener->send, datagram)) counters_add(&worker->counters, COUNTER_SENT_BYTES, datagram->size);
}

static struct address local_of(const void *batch, size_t index) {
    return udp_batch_local(batch, index);
}

static void prefetch_batch(const struct worker *worker) {
    for (size_t i = 0; i < udp_batch_count(worker->receive); i++) {
        size_t size;
        const uint8_t *data = udp_batch_data(worker->receive, i, &size);
        dispatch_prefetch(&worker->context, data, size);
    }
}

static void handle_batch(struct worker *worker, uint8_t listener) {
    prefetch_batch(worker);
    for (size_t i = 0; i < udp_batch_count(worker->receive); i++) {
        struct packet packet = {.from = udp_batch_peer(worker->receive, i),
                                .listener = listener,
                                .local = local_of,
                                .batch = worker->receive,
                                .index = i};
        packet.data = udp_batch_data(worker->receive, i, &packet.size);
        dispatch(&worker->context, &packet);
    }
}

/* True when there may be more. The time is read after the packets, so that no cookie made before they were sent is from
 * the future. */
static bool receive(struct worker *worker, uint8_t listener) {
    static struct log_limit limit;
    int count = udp_receive(worker->listeners[listener].socket, worker->receive);
    read_clock(worker);
    if (count < 0) {
        counters_count(&worker->counters, COUNTER_RECEIVE_ERRORS);
        log_limited(&limit, 1, LOG_LEVEL_ERROR, "worker", "cannot receive: %s", strerror(-count));
        return false;
    }
    worker->handled += (size_t)count;
    handle_batch(worker, listener);
    return udp_batch_full(worker->receive);
}

/* True when there is more to tell. */
static bool drain(struct worker *worker) {
    if (worker->draining.done) return false;
    if (node_fate(worker->context.node) == NODE_SERVES) return false;
    draining_step(&worker->draining, &worker->context, worker->shard);
    if (worker->draining.done) (void)eventfd_write(worker->drained, 1);
    return !worker->draining.done;
}

static void set_timer(struct worker *worker, uint64_t at) {
    struct itimerspec when = {.it_value = {.tv_sec = 0}};
    if (at == worker->timer_at) return;
    if (at != NEVER) {
        uint64_t monotonic = at + atomic_load_explicit(&worker->context.node->paused_ms, memory_order_relaxed);
        when.it_value.tv_sec = (time_t)(monotonic / 1000);
        when.it_value.tv_nsec = (long)(monotonic % 1000) * 1000000;
    }
    (void)timerfd_settime(worker->timer, TFD_TIMER_ABSTIME, &when, NULL);
    worker->timer_at = at;
}

/* One round; true when there is more to do at once. */
static bool work(struct worker *worker) {
    bool more = false;
    worker->handled = 0;
    for (size_t i = 0; i < worker->listener_count; i++) more |= receive(worker, (uint8_t)i);
    uint64_t next = announce_run(worker->announcer, worker->shard, &worker->context.outbox, worker->context.now);
    more |= next <= worker->context.now;
    more |= drain(worker);
    for (size_t i = 0; i < worker->listener_count; i++) flush(worker, &worker->listeners[i]);
    if (!more) set_timer(worker, next);
    return more;
}

static void clear(struct worker *worker, int event) {
    uint64_t count;
    (void)!read(event, &count, sizeof count);
    if (event == worker->timer) worker->timer_at = NEVER;
}

static void sleep_until_called(struct worker *worker) {
    struct epoll_event events[EVENTS_MAX];
    rcu_reader_offline();
    int count = epoll_wait(worker->epoll, events, EVENTS_MAX, -1);
    rcu_reader_online();
    for (int i = 0; i < count; i++) {
        int descriptor = events[i].data.fd;
        if (descriptor == worker->bell || descriptor == worker->timer) clear(worker, descriptor);
    }
}

static void nap(void) {
    static const struct timespec time = {.tv_nsec = NAP_US * 1000L};
    rcu_reader_offline();
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
    rcu_reader_online();
}

static void run(void *argument) {
    struct worker *worker = argument;
    thread_answer_soon();
    while (!atomic_load_explicit(&worker->stopping, memory_order_relaxed)) {
        bool more = work(worker);
        rcu_reader_quiescent();
        if (more) continue;
        if (worker->handled >= NAP_PACKETS)
            nap();
        else
            sleep_until_called(worker);
    }
}

static int watch(const struct worker *worker, int descriptor) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    return epoll_ctl(worker->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : -errno;
}

static int open_events(struct worker *worker) {
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    worker->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    worker->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (worker->epoll < 0 || worker->timer < 0 || worker->bell < 0) return -errno;
    int error = watch(worker, worker->timer);
    return error != 0 ? error : watch(worker, worker->bell);
}

int worker_init(struct worker *worker, struct node *node, size_t index, int drained) {
    memset(worker, 0, sizeof *worker);
    worker->epoll = worker->timer = worker->bell = -1;
    worker->timer_at = NEVER;
    worker->drained = drained;
    worker->shard = node->shards[index];
    worker->context = (struct context){.node = node,
                                       .outbox = {.endpoints = &node->endpoints, .put = put, .context = worker},
                                       .counters = &worker->counters,
                                       .shard_index = (uint8_t)index};
    worker->receive = udp_batch_create(BATCH);
    worker->announcer = announcer_create();
    if (!worker->receive || !worker->announcer) return -ENOMEM;
    int error = open_events(worker);
    if (error == 0) worker->shard->bell = worker->bell;
    return error;
}

int worker_listen(struct worker *worker, int socket) {
    struct listener *listener = &worker->listeners[worker->listener_count++];
    *listener = (struct listener){.socket = socket, .send = udp_batch_create(BATCH)};
    return listener->send ? watch(worker, socket) : -ENOMEM;
}

int worker_start(struct worker *worker) {
    char name[16];
    snprintf(name, sizeof name, "worker %u", worker->context.shard_index);
    return thread_start(&worker->thread, name, true, run, worker);
}

void worker_wake(struct worker *worker) {
    (void)eventfd_write(worker->bell, 1);
}

void worker_stop(struct worker *worker) {
    atomic_store_explicit(&worker->stopping, true, memory_order_relaxed);
    worker_wake(worker);
    thread_join(&worker->thread);
}

static void close_open(int descriptor) {
    if (descriptor >= 0) close(descriptor);
}

void worker_destroy(struct worker *worker) {
    for (size_t i = 0; i < worker->listener_count; i++) {
        close_open(worker->listeners[i].socket);
        udp_batch_destroy(worker->listeners[i].send);
    }
    announcer_destroy(worker->announcer);
    udp_batch_destroy(worker->receive);
    close_open(worker->bell);
    close_open(worker->timer);
    close_open(worker->epoll);
}
