/* STUN Binding requests (RFC 8489); the number is part of the transaction id. */
#pragma once

#include "bench/load/traffic.h"
#include "common/attributes.h"

/* NULL without memory. */
MUST_USE struct traffic *traffic_stun(void);
