/* STUN Binding (RFC 8489) with the parts of RFC 5780 that tell how a NAT behaves, and a clock: both halves. The
 * server's answers stay as short as the format allows; the client's half is strict. PROTOCOL.md §4 lists what is
 * spoken. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"

#define STUN_HEADER_SIZE 20
#define STUN_TRANSACTION_SIZE 16 /* with the magic cookie in front */
#define STUN_REQUEST_MAX 64      /* of ours */
#define STUN_RESPONSE_MAX 112    /* of ours */
#define STUN_TYPE_END 0x04       /* first bytes of STUN are below */
/* Below are the well-known ports, which no NAT maps to: RESPONSE-PORT names none, so that nobody has a server knock at
 * the services of those who share his address. */
#define STUN_RESPONSE_PORT_MIN 1024

/* CHANGE-REQUEST: which of the server's addresses and ports shall answer. */
enum stun_change { STUN_CHANGE_NOTHING = 0, STUN_CHANGE_PORT = 2, STUN_CHANGE_IP = 4, STUN_CHANGE_BOTH = 6 };

struct stun_request {
    uint8_t transaction[STUN_TRANSACTION_SIZE]; /* or the 16 bytes of RFC 3489 */
    bool classic;                               /* RFC 3489 client (no magic cookie): wants MAPPED-ADDRESS */
    bool fingerprint;                           /* asked with FINGERPRINT: answer with one */
    bool change_asked;                          /* with CHANGE-REQUEST; classic clients always send it */
    enum stun_change change;
    uint16_t response_port; /* where at the source the answer shall go, STUN_RESPONSE_PORT_MIN or above; 0: its port */
    bool clock;             /* asks what time it is */
    uint16_t unknown[8];    /* comprehension-required attributes that we do not know: error 420 */
    size_t unknown_count;
};

/* An address with port 0 was not told, nor was a time of 0. */
struct stun_response {
    uint16_t error;        /* 0: success; else the rest is not told */
    struct address mapped; /* the client's, as the server sees it */
    struct address origin; /* whence the answer was sent */
    struct address other;  /* of the server: another address, another port */
    uint64_t wall_ms;      /* the server's clock: since 1970 */
};

/* --- The server's half --- */

/* True for a well-formed Binding request: length, attributes, FINGERPRINT when present, a RESPONSE-PORT that may be.
 * Anything else: drop. */
MUST_USE bool stun_decode_request(const uint8_t *data, size_t size, struct stun_request *out);
/* For a server with one address alone: CHANGE-REQUEST becomes an attribute it does not know (RFC 5780 §6.1). False for
 * a classic client's wish, which silence answers rightly. */
bool stun_refuse_change(struct stun_request *request);
/* Binding success with what `response` tells, or error 420 with UNKNOWN-ATTRIBUTES where the request has some. No
 * SOFTWARE attribute. Returns its size, at most STUN_RESPONSE_MAX; 0 if `capacity` is small. */
MUST_USE size_t stun_encode_response(const struct stun_request *request, const struct stun_response *response,
                                     uint8_t *out, size_t capacity);

/* --- The client's half --- */

/* A transaction from 12 random bytes. */
void stun_make_transaction(const uint8_t random[static 12], uint8_t out[static STUN_TRANSACTION_SIZE]);
/* Binding request with what `request` asks for; its unknown attributes are not sent. 0 if `capacity` is small. */
MUST_USE size_t stun_encode_request(const struct stun_request *request, uint8_t *out, size_t capacity);
/* Answers alone begin so. */
static inline bool stun_may_be_response(const uint8_t *data, size_t size) {
    return size >= STUN_HEADER_SIZE && data[0] == 0x01;
}
/* True for a well-formed Binding answer to this transaction: a success that tells the mapped address, or an error. An
 * unknown comprehension-required attribute makes it none (RFC 8489 §6.3.3). */
MUST_USE bool stun_decode_response(const uint8_t *data, size_t size,
                                   const uint8_t transaction[static STUN_TRANSACTION_SIZE], struct stun_response *out);
