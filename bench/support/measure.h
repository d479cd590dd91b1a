/* Microbenchmarks: what an operation costs, as the median of several runs. Variants that are to be compared are run in
 * turn, so that whatever else the machine does meanwhile strikes all of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEASURE_RUNS_MAX 31

struct variant {
    const char *name;
    size_t operations;
    void (*prepare)(void *context, size_t operations); /* before each run, not timed; may be NULL */
    void (*run)(void *context, size_t operations);
    void *context;
    bool wall; /* the wall clock counts, because threads share the work; else the CPU time of this thread */
    /* What measure_run found: nanoseconds for an operation. */
    double median, least, most;
};

/* Runs all of them once, then all again, `runs` (at most MEASURE_RUNS_MAX) times. */
void measure_run(struct variant *variants, size_t count, size_t runs);
/* A heading that says what was measured, and a line for each. */
void measure_print(const char *heading, const struct variant *variants, size_t count);
/* Both, five runs. */
void measure(const char *heading, struct variant *variants, size_t count);

/* The middle one, or the mean of the two in the middle; sorts the values. */
double measure_median(double *values, size_t count);

/* Ends the program; `why` says what failed. */
void measure_die(const char *why) __attribute__((noreturn));
/* Makes a result count as used. */
void measure_keep(uint64_t result);
/* The numbers 0 … count - 1 in random order. The caller frees. */
uint32_t *measure_shuffled(size_t count);
