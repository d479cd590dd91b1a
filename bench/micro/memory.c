/* What a live session takes: growth of the resident set / sessions, in rooms of 64 and alone, two candidates each,
 * rooms and all included; and whether memory is used again after sessions expired. Each row is a process of its own, so
 * that none finds what another one left. Exits 1 over MEMORY_MAX in rooms of 64, or when the cycles are not flat.
 *
 * usage: memory [SESSIONS [SESSIONS PER CYCLE]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/support/crowd.h"
#include "bootnode/table/shard_expiry.h"
#include "common/log.h"

#define MEMORY_MAX 320 /* bytes for a session in a room of 64 */
#define CYCLES 10U
/* Pieces of the last cycle that malloc could not join, and the thread that reclaims. */
#define CYCLES_GROWTH_MAX 0.03
#define LIFE_MS 60000

struct row {
    const char *name;
    uint64_t room_members;
    bool interleaved;
    double most; /* bytes, 0: only told */
};
static const struct row rows[] = {
    {"rooms of 64, one after the other", CROWD_ROOM_MEMBERS, false, MEMORY_MAX},
    {"rooms of 64, growing together", CROWD_ROOM_MEMBERS, true, MEMORY_MAX},
    {"rooms of 1", 1, false, 0},
};

static void die(const char *why) {
    fprintf(stderr, "memory: %s\n", why);
    exit(1);
}

/* The second number of statm, in pages. */
static uint64_t resident_bytes(void) {
    char line[128], *rest = line;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || !fgets(line, sizeof line, file)) die("no /proc/self/statm");
    fclose(file);
    (void)strtoull(line, &rest, 10);
    return strtoull(rest, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Its numbers of sessions are resident before anything is measured. */
static struct crowd make_crowd(uint64_t size, uint64_t room_members, bool interleaved) {
    struct crowd crowd = {.shard = crowd_shard_create(),
                          .ids = malloc(size * sizeof *crowd.ids),
                          .size = size,
                          .rooms = (size + room_members - 1) / room_members,
                          .interleaved = interleaved};
    if (!crowd.shard || !crowd.ids) die("no memory");
    memset(crowd.ids, 0xff, size * sizeof *crowd.ids);
    return crowd;
}

static void end_crowd(struct crowd *crowd) {
    crowd_shard_destroy(crowd->shard);
    free(crowd->ids);
}

static bool measure_row(const struct row *row, uint64_t sessions) {
    struct crowd crowd = make_crowd(sessions, row->room_members, row->interleaved);
    uint64_t before = resident_bytes();
    if (!crowd_fill(&crowd, CROWD_START)) die("a session was refused");
    double each = (double)(resident_bytes() - before) / (double)sessions;
    bool passed = row->most == 0 || each <= row->most;
    printf("%-36s %7.1f bytes a session%s\n", row->name, each, passed ? "" : ": TOO MUCH");
    end_crowd(&crowd);
    return passed;
}

static void expire_all(struct shard *shard, uint64_t now) {
    while (shard_expire(shard, now, now)) rcu_reader_quiescent();
    rcu_reader_quiescent();
    rcu_drain();
}

static bool measure_cycles(uint64_t sessions) {
    struct crowd crowd = make_crowd(sessions, CROWD_ROOM_MEMBERS, true);
    uint64_t full[CYCLES], now = CROWD_START;
    for (unsigned i = 0; i < CYCLES; i++, now += LIFE_MS) {
        if (!crowd_fill(&crowd, now)) die("a session was refused");
        full[i] = resident_bytes();
        expire_all(crowd.shard, now + LIFE_MS);
        if (crowd.shard->slabs.live > 0) die("a session did not expire");
        printf("cycle %2u of %u: %7.1f MiB full, %7.1f MiB expired\n", i + 1, CYCLES, (double)full[i] / 1048576,
               (double)resident_bytes() / 1048576);
    }
    double growth = (double)full[CYCLES - 1] / (double)full[0] - 1;
    bool flat = growth <= CYCLES_GROWTH_MAX;
    printf("growth over %u cycles %35.1f %%%s\n", CYCLES, growth * 100, flat ? "" : ": NOT FLAT");
    end_crowd(&crowd);
    return flat;
}

/* In a child: true when it passed. */
static bool run_row(const struct row *row, uint64_t sessions) {
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) die("no process");
    if (child == 0) {
        rcu_reader_register();
        bool passed = row ? measure_row(row, sessions) : measure_cycles(sessions);
        rcu_reader_unregister();
        exit(passed ? 0 : 1);
    }
    return waitpid(child, &status, 0) == child && status == 0;
}

int main(int argc, char **argv) {
    uint64_t sessions = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    uint64_t per_cycle = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000;
    if (sessions == 0 || per_cycle == 0) die("usage: memory [SESSIONS [SESSIONS PER CYCLE]]");
    log_set_level(LOG_LEVEL_ERROR);
    bool passed = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) passed &= run_row(&rows[i], sessions);
    passed &= run_row(NULL, per_cycle);
    return passed ? 0 : 1;
}
