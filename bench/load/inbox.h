/* What came in: which packet means what for which session. Nothing is sent from here. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fleet;

/* Returns the request that a datagram answers, or TRAFFIC_NO_ANSWER. */
uint64_t inbox_receive(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us);
