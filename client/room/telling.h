/* The messages of a private room's council (PROTOCOL.md §3.7), to one member each. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "client/charter/charter.h"
#include "client/room/belonging.h"

void telling_digest(const struct council_host *host, const uint8_t digest[static CHARTER_DIGEST_SIZE],
                    struct belonging *to, uint64_t now);
void telling_verdict(const struct council_host *host, struct belonging *to, enum verdict verdict, uint64_t now);
/* What was just said, with the founding; at most CHARTER_STATEMENTS_MAX. */
void telling_news(const struct council_host *host, const struct charter *charter, struct belonging *to,
                  const struct statement *const *list, size_t count, uint64_t now);
/* All that is kept, the founding at least: in as many messages as it takes. */
void telling_all(const struct council_host *host, const struct charter *charter, struct belonging *to, uint64_t now);
