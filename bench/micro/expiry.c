/* What a mass expiry costs: sessions in rooms of 64, heard last at random times within one beat interval, all fall
 * silent. The clock goes on in steps of the reaper's; what is due is removed, and the announcer works off what that
 * changed, to the end of each step. Printed: CPU time per look at a living session, per expired session, and of the
 * announcer per expired session; the longest hold of the mutex, and the announcer's calls. First, sessions join and
 * leave in between. Exits 1 when a session expired early or late, or under RATE_MIN.
 *
 * usage: expiry [SESSIONS] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/support/crowd.h"
#include "bootnode/announce.h"
#include "bootnode/reaper.h"
#include "bootnode/table/shard_expiry.h"
#include "bootnode/table/shard_members.h"
#include "common/clock.h"
#include "common/log.h"

#define BEAT_MS 4000
#define EXPIRY_MS 15000
#define RATE_MIN 300000 /* expired sessions a second of CPU */
#define VISITS 100000

/* Calls of one kind: how many, how long together, how long the longest took. */
struct calls {
    uint64_t count, ns, longest_ns;
};

struct bench {
    struct crowd crowd;
    struct announcer *announcer;
    struct outbox outbox;
    struct calls expire, announce;
};

static void die(const char *why) {
    fprintf(stderr, "expiry: %s\n", why);
    exit(1);
}

static void drop(void *context, uint8_t listener, const struct datagram *datagram) {
    (void)listener, (void)datagram;
    ++*(uint64_t *)context;
}

static void note(struct calls *calls, uint64_t start) {
    uint64_t spent = crowd_cpu_ns() - start;
    calls->count++;
    calls->ns += spent;
    if (calls->longest_ns < spent) calls->longest_ns = spent;
}

/* One step: what is due now. */
static void step(struct bench *bench, uint64_t now) {
    bool more = true;
    while (more) {
        uint64_t start = crowd_cpu_ns();
        more = shard_expire(bench->crowd.shard, now, now);
        note(&bench->expire, start);
        rcu_reader_quiescent();
    }
    do {
        uint64_t start = crowd_cpu_ns();
        more = announce_run(bench->announcer, bench->crowd.shard, &bench->outbox, now) <= now;
        note(&bench->announce, start);
        rcu_reader_quiescent();
    } while (more);
}

static void run(struct bench *bench, uint64_t from, uint64_t to) {
    bench->expire = bench->announce = (struct calls){0};
    for (uint64_t now = from; now < to; now += REAPER_STEP_MS) step(bench, now);
}

static void print(const char *what, const struct calls *calls, uint64_t sessions) {
    printf("%-44s %8.1f ns a session, longest call %6.1f µs, mean %5.1f\n", what, (double)calls->ns / (double)sessions,
           (double)calls->longest_ns / 1000, (double)calls->ns / (double)calls->count / 1000);
}

/* Members of full rooms leave and come again. */
static void visit(struct bench *bench, uint64_t now) {
    struct crowd *crowd = &bench->crowd;
    uint64_t leaving = 0, joining = 0;
    for (uint64_t i = 0; i < VISITS; i++) {
        uint64_t member = i * 7919 % crowd->size, start = crowd_cpu_ns();
        if (!shard_leave(crowd->shard, crowd->ids[member], LEAVE_SAID, now)) die("a session was not there");
        leaving += crowd_cpu_ns() - start;
        start = crowd_cpu_ns();
        if (!crowd_join(crowd, member, now)) die("a session was refused");
        joining += crowd_cpu_ns() - start;
        if (i % 64 == 0) rcu_reader_quiescent();
    }
    printf("%-44s %8.1f ns\n%-44s %8.1f ns\n", "leave", (double)leaving / VISITS, "register and join",
           (double)joining / VISITS);
}

/* Everyone is heard for the last time, so that the order of expiry is not that of memory. */
static void hear_all(struct bench *bench, uint64_t from) {
    for (uint64_t i = 0; i < bench->crowd.size; i++) crowd_beat(&bench->crowd, i, from + (uint64_t)random() % BEAT_MS);
}

static bool measure(struct bench *bench) {
    struct crowd *crowd = &bench->crowd;
    const struct shard_counters *counters = &crowd->shard->counters;
    uint64_t now = CROWD_START;
    if (!crowd_fill(crowd, now)) die("a session was refused");
    visit(bench, now);
    step(bench, now += 1000);
    print("announce full lists", &bench->announce, crowd->size);
    now += EXPIRY_MS - BEAT_MS - 1000;
    hear_all(bench, now);
    /* The first deadlines pass; all of them lived on. */
    uint64_t first = now + EXPIRY_MS;
    run(bench, now, first);
    print("look at a living session", &bench->expire, crowd->size);
    bool right = counters->expired == 0;
    run(bench, first, first + BEAT_MS + 2 * REAPER_STEP_MS);
    print("expire", &bench->expire, crowd->size);
    print("announce meanwhile", &bench->announce, crowd->size);
    right &= counters->expired == crowd->size;
    double rate = (double)crowd->size * 1e9 / (double)bench->expire.ns;
    printf("%-44s %8.0f a second of CPU%s%s\n", "expired", rate, rate < RATE_MIN ? ": TOO SLOW" : "",
           right ? "" : ": TOO EARLY OR TOO LATE");
    return right && rate >= RATE_MIN;
}

int main(int argc, char **argv) {
    uint64_t sessions = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000, sent = 0;
    struct endpoints endpoints = {.count = 1};
    struct bench bench = {.announcer = announcer_create(),
                          .outbox = {.endpoints = &endpoints, .put = drop, .context = &sent}};
    if (sessions < CROWD_ROOM_MEMBERS) die("usage: expiry [SESSIONS]");
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    bench.crowd = (struct crowd){.shard = crowd_shard_create(),
                                 .ids = calloc(sessions, sizeof *bench.crowd.ids),
                                 .size = sessions,
                                 .rooms = (sessions + CROWD_ROOM_MEMBERS - 1) / CROWD_ROOM_MEMBERS,
                                 .interleaved = true};
    if (!bench.crowd.shard || !bench.crowd.ids || !bench.announcer) die("no memory");
    bool passed = measure(&bench);
    crowd_shard_destroy(bench.crowd.shard);
    announcer_destroy(bench.announcer);
    free(bench.crowd.ids);
    rcu_reader_unregister();
    return passed ? 0 : 1;
}
