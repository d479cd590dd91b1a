/* A thousand clients in one thread, who come and go. What happens is a matter of the seed, as far as the network lets
 * it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/crowd/client.h"

#define CROWD_MAX 4096
#define CROWD_LOOK_MS 100

struct crowd {
    struct crowd_world world;
    struct crowd_client clients[CROWD_MAX];
    uint64_t due[CROWD_MAX]; /* of each client; NEVER: a free place */
    int epoll;
    unsigned rooms, size;     /* how many there are to be */
    double fill, churn, talk; /* a second, of all: starts until there are so many; who go, and others who come; who say
                                 something */
    unsigned silent_percent;  /* of those who go die without a word */
    uint64_t next_start, next_go, next_say, next_look, expected;
    double filling, going, saying;  /* rates for which these times were drawn */
    uint64_t stretch_began, lag_ms; /* the longest that something waited in this stretch */
};

/* `input`: a descriptor that a turn looks at, too. False with a line on standard error. */
MUST_USE bool crowd_open(struct crowd *crowd, uint64_t seed, unsigned rooms, int input);
void crowd_close(struct crowd *crowd);
/* Waits for packets, timers and `input`, and does what is due. True: there is something to read. */
bool crowd_turn(struct crowd *crowd);
/* A new stretch of counting. */
void crowd_begin(struct crowd *crowd);
