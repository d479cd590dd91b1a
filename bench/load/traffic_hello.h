/* HELLO as clients send it; a COOKIE with its nonce is the answer. */
#pragma once

#include "bench/load/traffic.h"
#include "common/attributes.h"

/* NULL without memory. */
MUST_USE struct traffic *traffic_hello(void);
