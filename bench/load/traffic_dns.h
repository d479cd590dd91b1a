/* DNS queries for the IPv4 address of one name (RFC 1035), without EDNS and without asking for recursion. */
#pragma once

#include "bench/load/traffic.h"
#include "common/attributes.h"
#include "common/why.h"

/* NULL with a line in `why`. */
MUST_USE struct traffic *traffic_dns(const char *name, struct why *why);
