/* Announces to a BitTorrent tracker (BEP 15): a connection id for each socket, then announces that name it. */
#pragma once

#include "bench/load/traffic.h"
#include "common/attributes.h"
#include "common/why.h"

struct wire;

/* Connects to the tracker first (BEP 15), which a socket does by requests that want no answer; it is ready once its
 * connection id came, and renews that every 60 s. NULL without memory. */
MUST_USE struct traffic *traffic_tracker(size_t sockets);
/* Lets every socket connect. False with `why` when the tracker does not answer. */
MUST_USE bool traffic_tracker_connect(struct traffic *tracker, struct wire *wire, struct why *why);
