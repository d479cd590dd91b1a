#include "bootnode/worker.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

#define BATCH WORKER_BATCH
#define SESSION_BATCHES 8 /* of one listener, before the others have their turn */
#define EVENTS_MAX (BOOTNODE_LISTENERS_MAX * LANE_COUNT + 1)
/* Waking up for each handful of packets costs more than handling them. So a round that found so many, and left nothing,
 * is followed by a nap: the next one finds a batch, for which the socket's buffer has room. A packet waits that long at
 * most, which is little beside its way through the Internet, and at low rates, where nobody naps, not at all.
 */
#define NAP_PACKETS 8
#define NAP_US 400
#define LOOK_NS 10000000
#define BEHIND_NS 1000000000

/* Of the event of a descriptor: a lane's socket, or the bell. */
#define EVENT_BELL UINT32_MAX
#define EVENT_OF(listener, lane) ((uint32_t)(listener) << 8 | (uint32_t)(lane))

static_assert(BOOTNODE_LISTENERS_MAX <= 32, "a bit for each listener");
static_assert(BOOTNODE_LISTENERS_MAX <= HEARING_SOCKETS_MAX, "hearing has room for every socket");

/* How much a turn of each lane receives at most. What a packet costs differs by a thousand times, and between two turns
 * sessions are served. */
static const uint8_t batches[LANE_COUNT] = {[LANE_SESSION] = BATCH, [LANE_RELAY] = BATCH, [LANE_REGISTER] = 2,
                                            [LANE_HELLO] = BATCH,   [LANE_STUN] = BATCH,  [LANE_JUNK] = BATCH};

static void read_clock(struct worker *worker) {
    worker->clock_ns = clock_monotonic_ns();
    worker->context.now = node_time(worker->context.node, worker->clock_ns / 1000000);
    worker->context.second = node_second(worker->context.node, worker->clock_ns / 1000000);
}

/* The worker is the only writer. */
static void add(_Atomic uint64_t *figure, uint64_t amount) {
    atomic_store_explicit(figure, atomic_load_explicit(figure, memory_order_relaxed) + amount, memory_order_relaxed);
}

/* --- Sending --- */

/* From the socket of the lane that is served, so that answers to strangers fill no buffer of the sessions'; and for
 * those nobody waits until a full one has room. */
static void flush(struct worker *worker, struct listener *listener) {
    if (udp_batch_count(listener->send) == 0) return;
    bool patient = worker->serving == LANE_SESSION;
    int socket = listener->sockets[worker->serving];
    if (socket < 0) socket = listener->sockets[LANE_SESSION];
    struct udp_send_result result =
        patient ? udp_send(socket, listener->send) : udp_send_at_once(socket, listener->send);
    counters_add(&worker->counters, COUNTER_SENT, result.sent);
    counters_add(&worker->counters, COUNTER_SEND_DROPPED, result.dropped);
}

static void flush_all(struct worker *worker) {
    for (size_t i = 0; i < worker->listener_count; i++) flush(worker, &worker->listeners[i]);
}

/* The outbox's sink. */
static void put(void *argument, uint8_t index, const struct datagram *datagram) {
    struct worker *worker = argument;
    struct listener *listener = &worker->listeners[index];
    if (udp_batch_full(listener->send)) flush(worker, listener);
    if (udp_batch_add(listener->send, datagram)) counters_add(&worker->counters, COUNTER_SENT_BYTES, datagram->size);
}

/* --- Receiving --- */

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
    bool told = packet_log_begin(&worker->packet_log, &worker->context);
    for (size_t i = 0; i < udp_batch_count(worker->receive); i++) {
        struct packet packet = {.from = udp_batch_peer(worker->receive, i),
                                .listener = listener,
                                .local = local_of,
                                .batch = worker->receive,
                                .index = i};
        packet.data = udp_batch_data(worker->receive, i, &packet.size);
        if (told)
            packet_log_dispatch(&worker->packet_log, &worker->context, &packet);
        else
            dispatch(&worker->context, &packet);
    }
}

/* Until there may be no more, the bit of `ready` stays. The time is read after the packets, so that no cookie made
 * before they were sent is from the future. */
static void receive(struct worker *worker, enum lane lane, uint8_t listener) {
    static struct log_limit limit;
    worker->serving = lane;
    int count = udp_receive_some(worker->listeners[listener].sockets[lane], worker->receive, batches[lane]);
    read_clock(worker);
    if (count < batches[lane]) worker->ready[lane] &= ~(UINT32_C(1) << listener);
    if (count < 0) {
        counters_count(&worker->counters, COUNTER_RECEIVE_ERRORS);
        log_seldom(&limit, 10, LOG_LEVEL_ERROR, "worker", "cannot receive: %s", strerror(-count));
        if (lane == LANE_SESSION) hearing_failed(&worker->shard->hearing, listener);
        return;
    }
    worker->handled += (size_t)count;
    worker->taken += (size_t)count;
    add(&worker->lanes[lane].received, (uint64_t)count);
    if (count > 0) buckets_add(&worker->lanes[lane].batches, (uint64_t)count, 1, 1);
    handle_batch(worker, listener);
    if (lane == LANE_SESSION)
        hearing_received(&worker->shard->hearing, listener, (size_t)count, count == batches[lane]);
}

/* --- Turns --- */

/* From then to now. */
static uint64_t spend(struct worker *worker, enum lane lane, uint64_t since_ns) {
    struct lane_figures *figures = &worker->lanes[lane];
    flush_all(worker);
    read_clock(worker);
    const uint64_t spent_ns = worker->clock_ns - since_ns;
    add(&figures->spent_ns, spent_ns);
    if (worker->taken > 0) buckets_add(&figures->handling, spent_ns, HANDLING_UNIT_NS, worker->taken);
    worker->taken = 0;
    return spent_ns;
}

/* Sessions are behind for a while after a round that did not empty their lane: what is spared then is what empties it.
 */
static void look_at_sessions(struct worker *worker, bool emptied) {
    if (!emptied) worker->behind_until_ns = worker->clock_ns + BEHIND_NS;
    const bool behind = worker->clock_ns < worker->behind_until_ns;
    if (behind != worker->context.sessions_behind)
        atomic_store_explicit(&worker->behind_since_ms, behind ? worker->clock_ns / 1000000 : 0, memory_order_relaxed);
    worker->context.sessions_behind = behind;
}

static void serve_sessions(struct worker *worker) {
    uint64_t since_ns = worker->clock_ns, spent_ns = 0;
    if (worker->ready[LANE_SESSION]) {
        for (size_t i = 0; i < worker->listener_count; i++)
            for (unsigned j = 0; j < SESSION_BATCHES && worker->ready[LANE_SESSION] >> i & 1; j++)
                receive(worker, LANE_SESSION, (uint8_t)i);
        spent_ns = spend(worker, LANE_SESSION, since_ns);
        hearing_end(&worker->shard->hearing);
    }
    bool emptied = worker->ready[LANE_SESSION] == 0;
    look_at_sessions(worker, emptied);
    schedule_sessions(&worker->schedule, spent_ns, emptied);
}

/* Behind is a lane that cannot be served in full: more than half of its buffer is used. What it lost says less: a
 * datagram with a wrong checksum counts there, too. */
static bool is_behind(const struct worker *worker, enum lane lane) {
    bool behind = false;
    for (size_t i = 0; i < worker->listener_count; i++) {
        int socket = worker->listeners[i].sockets[lane];
        struct udp_memory memory;
        if (socket >= 0 && udp_memory(socket, &memory)) behind |= memory.used > memory.limit / 2;
    }
    return behind;
}

static void look_at_registrations(struct worker *worker) {
    if (worker->clock_ns - worker->looked_ns < LOOK_NS) return;
    worker->looked_ns = worker->clock_ns;
    worker->context.register_behind = is_behind(worker, LANE_REGISTER);
}

/* The listeners of a lane take turns. */
static void serve_lane(struct worker *worker, enum lane lane) {
    uint8_t listener = worker->next_listener[lane];
    while (!(worker->ready[lane] >> listener & 1)) listener = (uint8_t)((listener + 1) % worker->listener_count);
    worker->next_listener[lane] = (uint8_t)((listener + 1) % worker->listener_count);
    if (lane == LANE_REGISTER) look_at_registrations(worker);
    receive(worker, lane, listener);
}

static void announce(struct worker *worker) {
    worker->serving = LANE_SESSION;
    worker->announcing = announce_run(worker->announcer, worker->shard, &worker->context.outbox, worker->context.now) <=
                         worker->context.now;
    liveness_turn(&worker->announced, worker->clock_ns / 1000000);
}

static uint64_t announce_at(const struct worker *worker) {
    return atomic_load_explicit(&worker->shard->bell_at, memory_order_relaxed);
}

/* Who has something to do, but for the lane of sessions. */
static uint32_t waiting(const struct worker *worker) {
    uint32_t who = 0;
    for (enum lane lane = LANE_SESSION + 1; lane < LANE_COUNT; lane++)
        if (worker->ready[lane]) who |= UINT32_C(1) << lane;
    if (worker->announcing || announce_at(worker) <= worker->context.now) who |= UINT32_C(1) << TURN_ANNOUNCING;
    return who;
}

static void serve_others(struct worker *worker) {
    for (int turn; (turn = schedule_next(&worker->schedule, waiting(worker))) != TURN_NONE;) {
        uint64_t since_ns = worker->clock_ns;
        if (turn == TURN_ANNOUNCING)
            announce(worker);
        else
            serve_lane(worker, (enum lane)turn);
        uint64_t spent_ns = spend(worker, worker->serving, since_ns);
        schedule_spent(&worker->schedule, turn, spent_ns);
        if (turn == TURN_ANNOUNCING) announce_spent(worker->announcer, spent_ns);
    }
}

/* True when there is more to tell. */
static bool drain(struct worker *worker) {
    if (worker->draining.done) return false;
    if (!node_has_left(worker->context.node, worker->context.now)) return false;
    worker->serving = LANE_SESSION;
    draining_step(&worker->draining, &worker->context, worker->shard);
    flush_all(worker);
    if (worker->draining.done) (void)eventfd_write(worker->drained, 1);
    return !worker->draining.done;
}

/* True when there is more to do at once. */
static bool move(struct worker *worker) {
    if (!moving_is_due(&worker->moving, &worker->context, worker->shard)) return false;
    worker->serving = LANE_SESSION;
    moving_step(&worker->moving, &worker->context, worker->shard);
    flush_all(worker);
    return moving_is_due(&worker->moving, &worker->context, worker->shard);
}

/* --- Listening (hearing.h) --- */

/* A loss of ours is one of our shard's sessions; where packets are not steered, it may be anybody's. */
static void doubt(const struct worker *worker, struct hearing_span span) {
    const struct node *node = worker->context.node;
    if (node->steered) hearing_slow_down(&worker->shard->hearing, span);
    for (size_t i = 0; !node->steered && i < node->shard_count; i++) hearing_slow_down(&node->shards[i]->hearing, span);
}

/* A socket that epoll did not name was empty after the open mark was set. */
static void pass_mark(const struct worker *worker) {
    struct hearing *hearing = &worker->shard->hearing;
    for (size_t i = 0; i < worker->listener_count; i++)
        if (!(worker->ready[LANE_SESSION] >> i & 1)) hearing_received(hearing, i, 0, false);
    hearing_end(hearing);
}

/* A kernel that does not tell how full a buffer is leaves us with the batch that is not full. */
static void set_mark(const struct worker *worker) {
    struct hearing *hearing = &worker->shard->hearing;
    const struct pauses *pauses = &worker->context.node->pauses;
    const uint64_t monotonic = worker->clock_ns / 1000000;
    struct udp_memory sockets[BOOTNODE_LISTENERS_MAX];
    if (!hearing_begin(hearing, pauses, monotonic)) return;
    for (size_t i = 0; i < worker->listener_count; i++)
        if (!udp_memory(worker->listeners[i].sockets[LANE_SESSION], &sockets[i])) sockets[i].used = UINT32_MAX;
    doubt(worker, hearing_mark(hearing, pauses, monotonic, sockets, worker->listener_count));
    hearing_end(hearing);
}

/* --- Rounds --- */

/* Nothing to announce is as good as announced. */
static void note_turn(struct worker *worker) {
    const uint64_t monotonic_ms = worker->clock_ns / 1000000;
    liveness_turn(&worker->turned, monotonic_ms);
    if (!(waiting(worker) >> TURN_ANNOUNCING & 1)) liveness_turn(&worker->announced, monotonic_ms);
}

/* One round; true when there is more to do at once. */
static bool work(struct worker *worker) {
    worker->handled = 0;
    serve_sessions(worker);
    serve_others(worker);
    note_turn(worker);
    const bool moves = move(worker);
    return drain(worker) || moves || worker->ready[LANE_SESSION] || waiting(worker);
}

/* Milliseconds until there is something to do that no packet brings. */
static int until_next(const struct worker *worker) {
    uint64_t at = earlier(announce_at(worker), worker->moving.due), now = worker->context.now;
    if (at == NEVER) return -1;
    return at <= now ? 0 : at - now < INT_MAX ? (int)(at - now) : INT_MAX;
}

static void note(struct worker *worker, uint32_t event) {
    eventfd_t ignored;
    if (event == EVENT_BELL)
        (void)eventfd_read(worker->bell, &ignored);
    else
        worker->ready[event & 0xff] |= UINT32_C(1) << (event >> 8);
}

/* Which sockets have something; waits for one where nothing is left to do. */
static void look(struct worker *worker, bool more) {
    struct epoll_event events[EVENTS_MAX];
    int timeout = more ? 0 : until_next(worker);
    if (timeout != 0) rcu_reader_offline();
    int count = epoll_wait(worker->epoll, events, EVENTS_MAX, timeout);
    if (timeout != 0) rcu_reader_online();
    read_clock(worker);
    for (int i = 0; i < count; i++) note(worker, events[i].data.u32);
    if (count >= 0) pass_mark(worker);
    set_mark(worker);
}

static void nap(void) {
    static const struct timespec time = {.tv_nsec = NAP_US * 1000L};
    rcu_reader_offline();
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
    rcu_reader_online();
}

static void run(void *argument) {
    struct worker *worker = argument;
    bool more = true;
    thread_answer_soon();
    shard_own(worker->shard);
    while (!atomic_load_explicit(&worker->stopping, memory_order_relaxed)) {
        look(worker, more);
        more = work(worker);
        rcu_reader_quiescent();
        if (!more && worker->handled >= NAP_PACKETS) nap();
    }
}

/* --- Life --- */

/* Workers may share a socket (socket_groups.h): a datagram wakes one of them. */
static int watch(const struct worker *worker, int descriptor, uint32_t name) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.u32 = name};
    return epoll_ctl(worker->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : -errno;
}

static int open_events(struct worker *worker) {
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    worker->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (worker->epoll < 0 || worker->bell < 0) return -errno;
    return watch(worker, worker->bell, EVENT_BELL);
}

int worker_init(struct worker *worker, struct node *node, size_t index, int drained) {
    memset(worker, 0, sizeof *worker);
    worker->epoll = worker->bell = -1;
    worker->drained = drained;
    worker->shard = node->shards[index];
    worker->context = (struct context){.node = node,
                                       .outbox = {.endpoints = &node->endpoints, .put = put, .context = worker},
                                       .counters = &worker->counters,
                                       .nanoseconds = clock_monotonic_ns,
                                       .shard_index = (uint8_t)index};
    packet_log_init(&worker->packet_log);
    moving_init(&worker->moving);
    worker->receive = udp_batch_create(BATCH);
    worker->announcer = announcer_create();
    if (!worker->receive || !worker->announcer) return -ENOMEM;
    int error = open_events(worker);
    if (error == 0) worker->shard->bell = worker->bell;
    return error;
}

int worker_listen(struct worker *worker, const int sockets[static LANE_COUNT]) {
    size_t index = worker->listener_count++;
    struct listener *listener = &worker->listeners[index];
    int error = 0;
    memcpy(listener->sockets, sockets, sizeof listener->sockets);
    listener->send = udp_batch_create(BATCH);
    if (!listener->send) return -ENOMEM;
    udp_batch_fit(listener->send, sockets[LANE_SESSION]);
    struct udp_memory memory;
    if (udp_memory(sockets[LANE_SESSION], &memory)) hearing_listen(&worker->shard->hearing, index, memory.drops);
    for (enum lane lane = 0; lane < LANE_COUNT && error == 0; lane++)
        if (sockets[lane] >= 0) error = watch(worker, sockets[lane], EVENT_OF(index, lane));
    return error;
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
        for (enum lane lane = 0; lane < LANE_COUNT; lane++) close_open(worker->listeners[i].sockets[lane]);
        udp_batch_destroy(worker->listeners[i].send);
    }
    packet_log_destroy(&worker->packet_log);
    moving_destroy(&worker->moving);
    announcer_destroy(worker->announcer);
    udp_batch_destroy(worker->receive);
    close_open(worker->bell);
    close_open(worker->epoll);
}
