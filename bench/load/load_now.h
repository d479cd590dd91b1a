/* The clock of the load generator. Tests bring one of their own. */
#pragma once

#include <stdint.h>

/* Monotonic, microseconds. */
uint64_t load_now_us(void);
