/* What members of a private room tell each other of its charter: PROTOCOL.md §3.7. Each is one message of the reliable
 * stream; the first byte says which. Encoders return the size, 0 when `capacity` is small; decoders check everything
 * but signatures. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/charter/charter.h"
#include "common/attributes.h"

enum { CHARTER_DIGEST = 0x50, CHARTER_STATEMENTS, CHARTER_VERDICT };

#define CHARTER_DIGEST_MESSAGE_SIZE (1 + CHARTER_DIGEST_SIZE)
#define CHARTER_FOUNDING_SIZE (32 + PRIVATE_NONCE_SIZE)
#define CHARTER_STATEMENTS_MAX 24 /* in one message */
#define CHARTER_STATEMENTS_OVERHEAD (2 + CHARTER_FOUNDING_SIZE + 1)
#define CHARTER_STATEMENTS_SIZE_MAX (CHARTER_STATEMENTS_OVERHEAD + CHARTER_STATEMENTS_MAX * STATEMENT_SIZE_MAX)

/* Why statements are told; also on the wire. */
enum charter_telling {
    TELLING_NEWS, /* they were just made */
    TELLING_ALL,  /* the other's charter was another one: with what may be old */
    TELLINGS,
};

/* Why somebody is not let in; also on the wire. */
enum verdict {
    VERDICT_REMOVED = 1, /* kicked or banned */
    VERDICT_OUTDATED,    /* the secret is one that was, and nobody knows the key: a new invite is needed */
    VERDICT_USED,        /* the invite was for one, who has come */
    VERDICT_OVER,        /* the invite's time has passed */
    VERDICT_UNLISTED,    /* only those on the list are let in */
    VERDICTS,
};

MUST_USE size_t charter_digest_encode(const uint8_t digest[static CHARTER_DIGEST_SIZE],
                                      uint8_t out[static CHARTER_DIGEST_MESSAGE_SIZE]);
MUST_USE bool charter_digest_decode(const uint8_t *data, size_t size, uint8_t digest[static CHARTER_DIGEST_SIZE]);

MUST_USE size_t charter_verdict_encode(enum verdict verdict, uint8_t out[static 2]);
MUST_USE bool charter_verdict_decode(const uint8_t *data, size_t size, enum verdict *verdict);

/* The founding and at most CHARTER_STATEMENTS_MAX statements. */
MUST_USE size_t charter_statements_encode(enum charter_telling telling, const struct founding *founding,
                                          const struct statement *const *statements, size_t count, uint8_t *out,
                                          size_t capacity);
struct charter_statements {
    enum charter_telling telling;
    struct founding founding;
    size_t count;
    struct reader reader; /* before the first statement: statement_read takes each */
};
/* False: it is malformed anywhere. */
MUST_USE bool charter_statements_decode(const uint8_t *data, size_t size, struct charter_statements *out);
