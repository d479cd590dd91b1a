#include "bench/load/flight.h"

#include <stdlib.h>

bool flight_open(struct flight *flight, size_t capacity) {
    size_t size = 1;
    while (size < capacity) size *= 2;
    *flight = (struct flight){.times = calloc(size, sizeof *flight->times), .mask = size - 1};
    return flight->times != NULL;
}

void flight_close(struct flight *flight) {
    free(flight->times);
    flight->times = NULL;
}

static void release(struct flight *flight, uint64_t number) {
    uint64_t *slot = &flight->times[number & flight->mask];
    if (*slot != 0 && number >= flight->oldest) flight->held--;
    *slot = 0;
}

/* The slot of `next` belonged to the request one round ago. */
static void forget_one(struct flight *flight) {
    if (flight->next > flight->mask) {
        uint64_t forgotten = flight->next - flight->mask - 1;
        release(flight, forgotten);
        if (flight->oldest <= forgotten) flight->oldest = forgotten + 1;
    }
    flight->next++;
}

void flight_add(struct flight *flight, uint64_t number, uint64_t at_us) {
    while (flight->next <= number) forget_one(flight);
    flight->times[number & flight->mask] = at_us;
    flight->held++;
}

bool flight_land(struct flight *flight, uint64_t number, uint64_t *at_us) {
    if (number >= flight->next || flight->next - number > flight->mask + 1) return false;
    *at_us = flight->times[number & flight->mask];
    release(flight, number);
    return *at_us != 0;
}

void flight_age(struct flight *flight, uint64_t before_us) {
    for (; flight->oldest < flight->next; flight->oldest++) {
        uint64_t at_us = flight->times[flight->oldest & flight->mask];
        if (at_us >= before_us) return;
        if (at_us != 0) flight->held--;
    }
}
