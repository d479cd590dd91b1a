#include "bootnode/life.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/rcu.h"

#define AREA "bootnode"
#define DRAIN_MS 2000      /* how long the sessions' NOTICEs may take at most */
#define TEAR_DOWN_MS 20000 /* and what comes after them */
#define STATUS_EVERY_MS 10000
#define OUT_MS 10000 /* until the cluster is without us */

int life_open(struct life *life) {
    life->drained = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    life->called = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return life->drained >= 0 && life->called >= 0 ? 0 : -errno;
}

void life_close(struct life *life) {
    if (life->drained >= 0) close(life->drained);
    if (life->called >= 0) close(life->called);
}

void life_drain(struct life *life, uint64_t ms) {
    atomic_store(&life->drain_ms, ms);
    atomic_store(&life->drain_asked, true);
    (void)eventfd_write(life->called, 1);
}

void life_watch(struct life *life, const struct reaper *reaper) {
    char name[LIVENESS_NAME_SIZE];
    liveness_watch_init(&life->liveness, clock_monotonic_ms());
    liveness_watch_add(&life->liveness, "reaper", &reaper->turned, -1);
    for (size_t i = 0; i < life->node->shard_count; i++) {
        const struct worker *worker = &life->workers[i];
        snprintf(name, sizeof name, "worker %zu", i);
        liveness_watch_add(&life->liveness, name, &worker->turned, worker->bell);
        snprintf(name, sizeof name, "announcer %zu", i);
        liveness_watch_add(&life->liveness, name, &worker->announced, -1);
    }
}

/* Once when it begins, and once when it is over. */
static void say_stuck(struct life *life, const char *stuck) {
    if (stuck && !life->stuck)
        log_error(AREA, "%s has had no turn for %u s: it is stuck, or has no processor", stuck,
                  (unsigned)(LIVENESS_STUCK_MS / 1000));
    if (!stuck && life->stuck) log_warning(AREA, "all have their turns again");
    life->stuck = stuck;
}

static void tell_status(struct life *life, uint64_t now) {
    char text[SERVICE_MANAGER_STATUS_SIZE];
    if (now - life->status_ms < STATUS_EVERY_MS) return;
    life->status_ms = now;
    life->host.write_status(life->host.context, text);
    service_manager_status(life->manager, text);
}

/* A sign of life is given only while all who serve have their turns. */
static void keep_alive(struct life *life) {
    const uint64_t now = clock_monotonic_ms();
    liveness_watch_step(&life->liveness, now);
    say_stuck(life, liveness_stuck(&life->liveness, now));
    if (!life->stuck) service_manager_alive(life->manager, now);
}

/* Until one of them has something to say, or `ms` went by; in between, what is due is done. */
static void look(struct life *life, struct pollfd *wanted, nfds_t count, uint64_t ms) {
    uint64_t rest = earlier(LIVENESS_STEP_MS, service_manager_rest_ms(life->manager));
    (void)poll(wanted, count, (int)earlier(ms, rest));
    keep_alive(life);
    life->host.step(life->host.context, clock_monotonic_ms());
}

/* True when somebody asked for that; `ms`: for how long. */
static bool take_call(struct life *life, uint64_t *ms) {
    eventfd_t ignored;
    (void)eventfd_read(life->called, &ignored);
    if (!atomic_exchange(&life->drain_asked, false)) return false;
    *ms = atomic_load(&life->drain_ms);
    return true;
}

static uint64_t configured_ms(struct life *life) {
    struct bootnode_config config;
    node_config_copy(life->node, &config);
    return bootnode_config_drain_ms(&config);
}

/* Returns what is to come, how long it shall be a lame duck before, and whether the operator asked for that. */
static enum node_fate serve(struct life *life, uint64_t *chosen_ms, bool *asked) {
    struct pollfd wanted[] = {{.fd = life->signals, .events = POLLIN}, {.fd = life->called, .events = POLLIN}};
    for (;;) {
        look(life, wanted, 2, NEVER);
        tell_status(life, clock_monotonic_ms());
        *asked = take_call(life, chosen_ms);
        if (*asked) return NODE_RESTARTS;
        const enum node_fate fate = life->host.take_signal(life->host.context);
        if (fate == NODE_SERVES) continue;
        *chosen_ms = configured_ms(life);
        return fate;
    }
}

static void tell_stopping(struct life *life, const struct lame_duck *duck) {
    uint64_t most = duck->chosen_ms == LAME_DUCK_AUTO ? LAME_DUCK_MOST_MS : duck->chosen_ms;
    char text[SERVICE_MANAGER_STATUS_SIZE];
    if (duck->moving) most = later(most, LAME_DUCK_MOVING_MS);
    snprintf(text, sizeof text, "leaves: newcomers are sent away, who is here is %s for %llu s more at most",
             duck->moving ? "moved to other nodes, and served" : "served", (unsigned long long)(most + 999) / 1000);
    service_manager_stopping(life->manager, most + DRAIN_MS + TEAR_DOWN_MS, text);
}

/* Whether nobody is left who could go to another node. The cluster is without us in a moment; where it is not, it has
 * reasons of its own (cut off, a thread that hangs), and nobody waits for that. */
static bool have_rooms_moved(const struct node *node, uint64_t gone_ms) {
    rcu_reader_online();
    const struct homes *homes = node_homes(node);
    const struct node_moving moving = node_moving(node);
    const bool in = homes && homes->serves;
    const bool moved = node_is_lost(node) || atomic_load_explicit(&node->live_sessions, memory_order_relaxed) == 0 ||
                       (in ? gone_ms >= OUT_MS : moving.waiting + moving.told == 0);
    rcu_reader_offline();
    return moved;
}

static void look_at_rooms(struct life *life, struct lame_duck *duck) {
    if (!duck->moving || !have_rooms_moved(life->node, clock_monotonic_ms() - duck->began_ms)) return;
    duck->moving = false;
    log_info(AREA, "the rooms have moved; %llu sessions are left",
             (unsigned long long)atomic_load_explicit(&life->node->live_sessions, memory_order_relaxed));
}

/* Until its time is over, which a call may change, or a second signal came, which may mean another fate; that is
 * returned. */
static enum node_fate be_lame_duck(struct life *life, enum node_fate fate, uint64_t chosen_ms, bool moves) {
    struct lame_duck duck = {clock_monotonic_ms(), chosen_ms, life->has_page, moves};
    struct pollfd wanted[] = {{.fd = life->signals, .events = POLLIN}, {.fd = life->called, .events = POLLIN}};
    tell_stopping(life, &duck);
    for (;;) {
        look_at_rooms(life, &duck);
        const uint64_t now = clock_monotonic_ms(), end = lame_duck_end(&duck, &life->visits);
        node_leave(life->node, fate, node_time(life->node, end));
        if (now >= end) return fate;
        look(life, wanted, 2, end - now);
        const enum node_fate again = life->host.take_signal(life->host.context);
        if (again != NODE_SERVES) return again;
        if (!take_call(life, &duck.chosen_ms)) continue;
        duck.began_ms = clock_monotonic_ms();
        tell_stopping(life, &duck);
    }
}

/* Until all workers told their sessions, DRAIN_MS went by, or another signal came. */
static void tell_sessions(struct life *life, enum node_fate fate) {
    struct pollfd wanted[] = {{.fd = life->drained, .events = POLLIN}, {.fd = life->signals, .events = POLLIN}};
    uint64_t deadline = clock_monotonic_ms() + DRAIN_MS, told = 0;
    node_leave(life->node, fate, 0);
    for (size_t i = 0; i < life->node->shard_count; i++) worker_wake(&life->workers[i]);
    while (told < life->node->shard_count) {
        uint64_t now = clock_monotonic_ms();
        eventfd_t more = 0;
        if (now >= deadline) break;
        look(life, wanted, 2, deadline - now);
        if (eventfd_read(life->drained, &more) == 0) told += more;
        if (life->host.take_signal(life->host.context) != NODE_SERVES) break;
    }
}

static void say_draining(enum node_fate fate, uint64_t chosen_ms, bool moves) {
    const char *what = moves               ? "draining, rooms move to other nodes"
                       : fate == NODE_ENDS ? "draining, for good"
                                           : "draining, clients expect us back";
    if (chosen_ms == LAME_DUCK_AUTO || chosen_ms == 0)
        log_info(AREA, "%s", what);
    else
        log_info(AREA, "%s; serves for %llu.%llu s more", what, (unsigned long long)chosen_ms / 1000,
                 (unsigned long long)chosen_ms % 1000 / 100);
}

void life_run(struct life *life) {
    uint64_t chosen_ms;
    bool asked;
    char text[SERVICE_MANAGER_STATUS_SIZE];
    life->host.write_status(life->host.context, text);
    service_manager_ready(life->manager, text);
    const enum node_fate fate = serve(life, &chosen_ms, &asked);
    const bool moves = node_is_clustered(life->node) && lame_duck_moves(fate == NODE_ENDS, asked, chosen_ms);
    say_draining(fate, chosen_ms, moves);
    tell_sessions(life, be_lame_duck(life, fate, chosen_ms, moves));
}
