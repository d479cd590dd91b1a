#include "bench/load/server_figures.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/load/load_now.h"
#include "common/why.h"

#define LINE_SIZE 512
#define PATH_SIZE 64
#define SETTLE_STEP_NS 1000000

static bool read_line(const char *path, char line[static LINE_SIZE]) {
    FILE *file = fopen(path, "re");
    bool good = file && fgets(line, LINE_SIZE, file);
    if (file) (void)fclose(file);
    return good;
}

/* The kernel's own clock of the process: it has the time of threads that ended, too, and of those that run just now. */
static bool read_processor_time(pid_t pid, uint64_t *out) {
    clockid_t clock;
    struct timespec spent;
    int error = clock_getcpuclockid(pid, &clock);
    if (error != 0) errno = error;
    if (error != 0 || clock_gettime(clock, &spent) != 0) return false;
    *out = (uint64_t)spent.tv_sec * UINT64_C(1000000000) + (uint64_t)spent.tv_nsec;
    return true;
}

/* The second number of statm is resident, in pages. */
static bool read_memory(pid_t pid, uint64_t *out) {
    char path[PATH_SIZE], line[LINE_SIZE], *rest;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    if (!read_line(path, line)) return false;
    (void)strtoull(line, &rest, 10);
    *out = strtoull(rest, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
    return true;
}

/* "sl: local:port remote:port state tx:rx timer:when retransmits uid timeout inode references pointer drops". */
static void take_socket(char *line, uint16_t port, struct server_figures *out) {
    char *rest = line, *words[13] = {NULL};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) words[i] = strtok_r(i == 0 ? line : NULL, " \n", &rest);
    if (!words[12]) return;
    const char *local = strchr(words[1], ':'), *received = strchr(words[4], ':');
    if (!local || !received || strtoul(local + 1, NULL, 16) != port) return;
    out->queued_bytes += strtoull(received + 1, NULL, 16);
    out->drops += strtoull(words[12], NULL, 10);
}

static void read_sockets(uint16_t port, struct server_figures *out) {
    static const char *const paths[] = {"/proc/net/udp", "/proc/net/udp6"};
    out->drops = out->queued_bytes = 0;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char line[LINE_SIZE];
        FILE *file = fopen(paths[i], "re");
        while (file && fgets(line, sizeof line, file)) take_socket(line, port, out);
        if (file) (void)fclose(file);
    }
}

bool server_figures_read(pid_t pid, uint16_t port, struct server_figures *out, struct why *why) {
    *out = (struct server_figures){.cpu_ns = 0};
    read_sockets(port, out);
    if (pid == 0 || (read_processor_time(pid, &out->cpu_ns) && read_memory(pid, &out->rss_bytes))) return true;
    return why_fail(why, "--pid %d: %s", (int)pid, strerror(errno));
}

bool server_figures_settle(uint16_t port, uint64_t timeout_us) {
    const struct timespec step = {.tv_nsec = SETTLE_STEP_NS};
    uint64_t end_us = load_now_us() + timeout_us;
    struct server_figures figures;
    for (;;) {
        read_sockets(port, &figures);
        if (figures.queued_bytes == 0) return true;
        if (load_now_us() >= end_us) return false;
        (void)nanosleep(&step, NULL);
    }
}
