/* DNS queries for the IPv4 address of one name (RFC 1035), without EDNS and without asking for recursion. */
#pragma once

#include "bench/load/traffic.h"
#include "common/attributes.h"

/* NULL with a line in `why`. */
MUST_USE struct traffic *traffic_dns(const char *name, char *why, size_t why_size);
