/* One signed statement of a private room's charter, as it travels and as it is kept. PROTOCOL.md §3.7.
 *
 *      0   1  kind
 *      1   8  stamp (ms since 1970)
 *      9  32  subject
 *     41  32  author (Ed25519)
 *     73   2  size of the body n
 *     75   n  body
 *      …  64  Ed25519 signature over "gochat charter 1" ‖ room id ‖ all bytes above
 *
 * What is signed names the room, so a statement of one room says nothing in another. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/identity.h"
#include "common/attributes.h"
#include "common/bytes.h"
#include "common/names.h"

#define STATEMENT_HEAD_SIZE 75
#define STATEMENT_BODY_MAX 400
#define STATEMENT_SIGNATURE_SIZE 64
#define STATEMENT_SIZE_MAX (STATEMENT_HEAD_SIZE + STATEMENT_BODY_MAX + STATEMENT_SIGNATURE_SIZE)
#define STATEMENT_EPOCH_BODY (PRIVATE_SECRET_SIZE + 32)

/* Also on the wire. */
enum statement_kind {
    STATEMENT_PERSON = 1, /* subject: whose key; body: u8 enum standing */
    STATEMENT_EPOCH,      /* body: 32 secret, 32 digest of those who were removed (charter_removed) */
    STATEMENT_TOPIC,      /* body: UTF-8, which may be empty */
    STATEMENT_RULE,       /* body: u8 enum membership_rule */
    STATEMENT_KINDS,
};

/* How somebody stands in a room, by the body of STATEMENT_PERSON; also on the wire. */
enum standing {
    STANDING_REMOVED, /* kicked: comes back where somebody who may takes it in again */
    STANDING_MEMBER,
    STANDING_OP,
    STANDING_BANNED,
    STANDING_SAID, /* so many can be said; the rest follows from who founded the room */
    STANDING_OWNER = STANDING_SAID,
    STANDING_UNKNOWN,
};

static inline bool standing_is_removed(enum standing standing) {
    return standing == STANDING_REMOVED || standing == STANDING_BANNED;
}

/* Who belongs to a room of whom nothing was said; also on the wire. */
enum membership_rule { RULE_SECRET, RULE_LISTED, MEMBERSHIP_RULES };

struct statement {
    enum statement_kind kind;
    uint64_t stamp;
    uint8_t subject[32]; /* zero, but for STATEMENT_PERSON */
    uint8_t author[32];
    size_t body_size;
    uint8_t body[STATEMENT_BODY_MAX];
    uint8_t signature[STATEMENT_SIGNATURE_SIZE];
};

/* The author is the identity; kind, stamp, subject and body are set. */
void statement_sign(struct statement *statement, const uint8_t room[static ROOM_ID_SIZE],
                    const struct identity *identity);
/* The signature alone: whoever checks form, authority and news first spends nothing on what does not count. */
MUST_USE bool statement_verify(const struct statement *statement, const uint8_t room[static ROOM_ID_SIZE]);
void statement_write(struct writer *writer, const struct statement *statement);
/* False, and the reader has failed: it is cut off, of an unknown kind, or its body is not as its kind has it. */
MUST_USE bool statement_read(struct reader *reader, struct statement *out);
/* Is the body as its kind has it? */
bool statement_holds(const struct statement *statement);
