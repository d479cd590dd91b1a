/* What the kernel knows of this process, under the names that every client library of Prometheus gives to it. */
#pragma once

#include <dirent.h>
#include <stdint.h>

/* What is opened before the process shuts itself off from files, and what does not change after it. */
struct process_view {
    int statm;        /* /proc/self/statm; -1: there is none */
    DIR *descriptors; /* /proc/self/fd; NULL: there is none */
    uint64_t most_descriptors;
    uint64_t started_wall_ms; /* since 1970: as the clock said at the start, whatever it says later */
};

/* Zeros where the kernel does not tell. */
struct process_figures {
    uint64_t cpu_ns;
    uint64_t resident_bytes, virtual_bytes;
    uint64_t open_descriptors, most_descriptors;
    uint64_t started_wall_ms;
};

/* What cannot be opened is missing later. After the limit of open files was raised. */
void process_open(struct process_view *view);
/* One thread at a time. */
void process_look(const struct process_view *view, struct process_figures *out);
void process_close(struct process_view *view);
