#include "tests/crowd/crowd.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/clock.h"

#define BATCH 64
#define INPUT UINT32_MAX
#define WAIT_MOST_MS 100
#define ROOM_PLACES (TRUTH_ROOM_MAX / 2)

static const struct truth_bounds bounds = {.newcomer_ms = 1500,
                                           .settled_ms = 2000,
                                           .said_bye_ms = 3000,
                                           .silent_ms = 25000,
                                           .connect_ms = 5000,
                                           .message_ms = 10000,
                                           .recovery_ms = 20000};

bool crowd_open(struct crowd *crowd, uint64_t seed, unsigned rooms, int input) {
    memset(crowd, 0, sizeof *crowd);
    crowd->rooms = rooms;
    crowd->world.random = seed;
    crowd->world.now = crowd->expected = clock_boot_ms();
    crowd->world.truth = truth_create(&bounds, rooms);
    crowd->world.incoming = udp_batch_create(BATCH);
    crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < CROWD_MAX; i++) crowd->due[i] = NEVER;
    crowd->next_start = crowd->next_go = crowd->next_say = NEVER;
    crowd_begin(crowd);
    struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = INPUT};
    if (crowd->world.incoming && crowd->epoll >= 0 && epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, input, &wanted) == 0)
        return true;
    fputs("people: out of memory or descriptors\n", stderr);
    return false;
}

void crowd_close(struct crowd *crowd) {
    for (size_t i = 0; i < CROWD_MAX; i++) {
        struct crowd_client *client = &crowd->clients[i];
        if (client->engine && !client->leaving) client_kill(client);
        if (client->engine) client_abandon(client);
    }
    if (crowd->epoll >= 0) close(crowd->epoll);
    udp_batch_destroy(crowd->world.incoming);
    truth_destroy(crowd->world.truth);
}

void crowd_begin(struct crowd *crowd) {
    crowd->stretch_began = crowd->world.now;
    crowd->lag_ms = 0;
    truth_begin(crowd->world.truth);
}

/* --- Who comes and goes --- */

/* Until the next one of `rate` a second. */
static uint64_t after(struct crowd *crowd, double rate) {
    double share = ((double)(crowd_random(&crowd->world) >> 11) + 1) / 9007199254740993.0; /* 2^53 + 1 */
    return rate > 0 ? crowd->world.now + (uint64_t)(-log(share) / rate * 1000) : NEVER;
}

static unsigned alive(struct crowd *crowd) {
    return (unsigned)truth_alive(crowd->world.truth);
}

static void start_one(struct crowd *crowd) {
    unsigned room = crowd_pick(&crowd->world, crowd->rooms);
    if (truth_alive_in(crowd->world.truth, room) >= ROOM_PLACES) return;
    for (uint32_t i = 0; i < CROWD_MAX; i++) {
        struct crowd_client *client = &crowd->clients[i];
        if (client->engine) continue;
        if (!client_start(client, &crowd->world, room)) return;
        struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = i};
        (void)epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, client->socket, &wanted);
        crowd->due[i] = 0;
        return;
    }
}

/* NULL: there is none. */
static struct crowd_client *anybody(struct crowd *crowd) {
    for (unsigned tries = 0; alive(crowd) > 0 && tries < 100 * CROWD_MAX; tries++) {
        struct crowd_client *client = &crowd->clients[crowd_pick(&crowd->world, CROWD_MAX)];
        if (client->engine && !client->leaving) return client;
    }
    return NULL;
}

static void end_one(struct crowd *crowd) {
    struct crowd_client *client = anybody(crowd);
    if (!client) return;
    if (crowd_pick(&crowd->world, 100) < crowd->silent_percent)
        client_kill(client);
    else
        client_leave(client);
    crowd->due[client - crowd->clients] = client->due;
}

static void say_something(struct crowd *crowd) {
    struct crowd_client *client = anybody(crowd);
    if (!client) return;
    client_say(client);
    crowd->due[client - crowd->clients] = client->due;
}

/* Is it time, by a Poisson process of that rate? */
static bool comes(struct crowd *crowd, double rate, double *drawn_for, uint64_t *next) {
    bool due = crowd->world.now >= *next && *drawn_for > 0;
    if (due || rate != *drawn_for) *next = after(crowd, rate); /* it has no memory */
    *drawn_for = rate;
    return due;
}

/* So that there are as many as there shall be, but for chance: who is missing comes at the rate of `fill`, others as
 * others go. */
static void come_and_go(struct crowd *crowd) {
    bool full = alive(crowd) >= crowd->size - crowd->size / 20;
    if (comes(crowd, full ? crowd->churn : crowd->fill, &crowd->filling, &crowd->next_start)) start_one(crowd);
    if (comes(crowd, full ? crowd->churn : 0, &crowd->going, &crowd->next_go)) end_one(crowd);
    if (comes(crowd, crowd->talk, &crowd->saying, &crowd->next_say)) say_something(crowd);
}

/* --- A turn --- */

static uint64_t next_due(const struct crowd *crowd) {
    uint64_t due = earlier(earlier(crowd->next_start, crowd->next_go), earlier(crowd->next_say, crowd->next_look));
    for (size_t i = 0; i < CROWD_MAX; i++) due = earlier(due, crowd->due[i]);
    return due;
}

static void tell_time(struct crowd *crowd) {
    uint64_t now = clock_boot_ms(), gap = clock_pause(crowd->expected, now);
    crowd->world.now = now;
    if (now > crowd->expected) crowd->lag_ms = later(crowd->lag_ms, now - crowd->expected);
    for (size_t i = 0; gap && i < CROWD_MAX; i++) {
        if (!crowd->clients[i].engine) continue;
        client_resumed(&crowd->clients[i], gap);
        crowd->due[i] = 0;
    }
}

static void run_timers(struct crowd *crowd) {
    for (size_t i = 0; i < CROWD_MAX; i++) {
        if (crowd->due[i] > crowd->world.now) continue;
        client_step(&crowd->clients[i]);
        crowd->due[i] = crowd->clients[i].due;
    }
}

bool crowd_turn(struct crowd *crowd) {
    static struct epoll_event ready[CROWD_MAX + 1]; /* all are read before timers run: a busy process is no silence */
    uint64_t due = next_due(crowd), wait = due <= crowd->world.now ? 0 : due - crowd->world.now;
    bool readable = false;
    if (wait > WAIT_MOST_MS) wait = WAIT_MOST_MS;
    crowd->expected = crowd->world.now + wait;
    int count = epoll_wait(crowd->epoll, ready, CROWD_MAX + 1, (int)wait);
    tell_time(crowd);
    for (int i = 0; i < count; i++) {
        uint32_t place = ready[i].data.u32;
        readable |= place == INPUT;
        if (place == INPUT || !crowd->clients[place].engine) continue;
        client_receive(&crowd->clients[place]);
        crowd->due[place] = 0;
    }
    run_timers(crowd);
    come_and_go(crowd);
    if (crowd->world.now >= crowd->next_look) {
        crowd->next_look = crowd->world.now + CROWD_LOOK_MS;
        (void)truth_look(crowd->world.truth, false, crowd->world.now);
    }
    return readable;
}
