/* STUN Binding requests (RFC 8489); the number is part of the transaction id. */
#pragma once

#include "bench/load/traffic.h"

/* NULL without memory. */
struct traffic *traffic_stun(void);
