/* Zeroes with a number in front: what bench/floor takes, and sends back. */
#pragma once

#include "bench/load/traffic.h"

/* NULL without memory. */
struct traffic *traffic_raw(size_t size, bool echoed);
