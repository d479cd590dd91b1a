#include "client/room/telling.h"

#include <sodium.h>
#include <stdlib.h>

#include "common/memory.h"

void telling_digest(const struct council_host *host, const uint8_t digest[static CHARTER_DIGEST_SIZE],
                    struct belonging *to, uint64_t now) {
    uint8_t message[CHARTER_DIGEST_MESSAGE_SIZE];
    host->tell(host->context, to, message, charter_digest_encode(digest, message), now);
}

void telling_verdict(const struct council_host *host, struct belonging *to, enum verdict verdict, uint64_t now) {
    uint8_t message[2];
    host->tell(host->context, to, message, charter_verdict_encode(verdict, message), now);
}

/* There are secrets in it. */
static void tell(const struct council_host *host, enum charter_telling telling, const struct charter *charter,
                 struct belonging *to, const struct statement *const *list, size_t count, uint64_t now) {
    uint8_t *message = allocate(CHARTER_STATEMENTS_SIZE_MAX);
    size_t size =
        charter_statements_encode(telling, &charter->founding, list, count, message, CHARTER_STATEMENTS_SIZE_MAX);
    host->tell(host->context, to, message, size, now);
    sodium_memzero(message, size);
    free(message);
}

void telling_news(const struct council_host *host, const struct charter *charter, struct belonging *to,
                  const struct statement *const *list, size_t count, uint64_t now) {
    tell(host, TELLING_NEWS, charter, to, list, count, now);
}

void telling_all(const struct council_host *host, const struct charter *charter, struct belonging *to, uint64_t now) {
    const struct statement *list[CHARTER_STATEMENTS_MAX], *statement;
    size_t place = 0, count = 0;
    while ((statement = charter_next(charter, &place))) {
        list[count++] = statement;
        if (count < CHARTER_STATEMENTS_MAX) continue;
        tell(host, TELLING_ALL, charter, to, list, count, now);
        count = 0;
    }
    tell(host, TELLING_ALL, charter, to, list, count, now);
}
