#include "bootnode/ops/process.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"

void process_open(struct process_view *view) {
    struct rlimit files;
    *view = (struct process_view){.statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC),
                                  .descriptors = opendir("/proc/self/fd"),
                                  .started_wall_ms = clock_wall_ms()};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) view->most_descriptors = files.rlim_cur;
}

/* The first two numbers, in pages. */
static void look_at_memory(int statm, struct process_figures *out) {
    char line[256] = "", *end;
    if (statm < 0 || pread(statm, line, sizeof line - 1, 0) <= 0) return;
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    out->virtual_bytes = strtoull(line, &end, 10) * page;
    out->resident_bytes = strtoull(end, NULL, 10) * page;
}

static uint64_t count_entries(DIR *folder) {
    uint64_t count = 0;
    if (!folder) return 0;
    rewinddir(folder);
    for (const struct dirent *entry; (entry = readdir(folder));) count += entry->d_name[0] != '.';
    return count;
}

static uint64_t cpu_ns(void) {
    struct timespec spent = {.tv_sec = 0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (uint64_t)spent.tv_sec * UINT64_C(1000000000) + (uint64_t)spent.tv_nsec;
}

void process_look(const struct process_view *view, struct process_figures *out) {
    *out = (struct process_figures){.cpu_ns = cpu_ns(),
                                    .open_descriptors = count_entries(view->descriptors),
                                    .most_descriptors = view->most_descriptors,
                                    .started_wall_ms = view->started_wall_ms};
    look_at_memory(view->statm, out);
}

void process_close(struct process_view *view) {
    if (view->statm >= 0) close(view->statm);
    if (view->descriptors) closedir(view->descriptors);
    view->statm = -1;
    view->descriptors = NULL;
}
