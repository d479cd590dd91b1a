/* Which packet of PROTOCOL.md §3 is whose: by pair tag, or by index. A room takes none of another's. */
#pragma once

#include "client/room/members.h"

/* Is the packet of one of the peers that have this host? Then handles it and says which; else NULL. `sender`: whom a
 * relay named, and nobody else's is taken; NULL: nobody stands in between. `size` is not 0. */
struct peer *packets_receive(const struct members *members, const struct peer_host *host, const struct peer *sender,
                             const struct path *from, const uint8_t *packet, size_t size, uint64_t now);
