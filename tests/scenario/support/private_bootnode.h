/* What a private room's malicious bootnode does to its people, and what it counts of what they send. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/scenario/support/hostile.h"
#include "tests/scenario/support/world.h"

#define DATA_TO_MAX 6

/* DATA that others send to one of these, straight or by the bootnode: all that is said goes by DATA. */
struct data_to {
    const struct person *to[DATA_TO_MAX];
    size_t count;
    unsigned packets, data;
};

/* The world's `tamper`; `tampering` is a struct data_to. */
bool data_to_count(struct world *world, struct wire *wire);
/* Lists somebody under that tag as a member who did not ask for it. Beat on, or it expires. */
struct hostile private_list_by_force(struct world *world, const uint8_t *tag, const struct person *person);
