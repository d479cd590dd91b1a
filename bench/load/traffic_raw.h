/* Zeroes with a number in front: what bench/floor takes, and sends back. */
#pragma once

#include "bench/load/traffic.h"
#include "common/attributes.h"

/* NULL without memory. */
MUST_USE struct traffic *traffic_raw(size_t size, bool echoed);
