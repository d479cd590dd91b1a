#include "bench/support/measure.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RUNS 5

static uint64_t now_ns(bool wall) {
    struct timespec now;
    clock_gettime(wall ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int compare(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

double measure_median(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

static double run_once(const struct variant *variant) {
    if (variant->prepare) variant->prepare(variant->context, variant->operations);
    uint64_t start = now_ns(variant->wall);
    variant->run(variant->context, variant->operations);
    return (double)(now_ns(variant->wall) - start) / (double)variant->operations;
}

void measure_run(struct variant *variants, size_t count, size_t runs) {
    double(*spent)[MEASURE_RUNS_MAX] = calloc(count, sizeof *spent);
    if (!spent || runs < 1 || runs > MEASURE_RUNS_MAX) measure_die("no memory, or too many runs");
    for (size_t run = 0; run < runs; run++)
        for (size_t i = 0; i < count; i++) spent[i][run] = run_once(&variants[i]);
    for (size_t i = 0; i < count; i++) {
        variants[i].median = measure_median(spent[i], runs);
        variants[i].least = spent[i][0];
        variants[i].most = spent[i][runs - 1];
    }
    free(spent);
}

void measure_print(const char *heading, const struct variant *variants, size_t count) {
    printf("\n%s\n%-46s %10s %18s %10s\n", heading, "", "ns/op", "least-most", "M op/s");
    for (size_t i = 0; i < count; i++) {
        const struct variant *variant = &variants[i];
        printf("%-46s %10.1f %8.1f -%8.1f %10.2f\n", variant->name, variant->median, variant->least, variant->most,
               1000 / variant->median);
    }
    fflush(stdout);
}

void measure(const char *heading, struct variant *variants, size_t count) {
    measure_run(variants, count, RUNS);
    measure_print(heading, variants, count);
}

void measure_die(const char *why) {
    fprintf(stderr, "%s\n", why);
    exit(1);
}

void measure_keep(uint64_t result) {
    __asm__ volatile("" : : "r"(result) : "memory");
}

uint32_t *measure_shuffled(size_t count) {
    uint32_t *numbers = malloc(count * sizeof *numbers);
    if (!numbers) measure_die("no memory");
    for (size_t i = 0; i < count; i++) {
        size_t other = randombytes_uniform((uint32_t)i + 1);
        numbers[i] = (uint32_t)i;
        numbers[i] = numbers[other];
        numbers[other] = (uint32_t)i;
    }
    return numbers;
}
