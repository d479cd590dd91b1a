/* STUN Binding (RFC 8489), the server's half: enough that standard clients learn their address. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"

#define STUN_HEADER_SIZE 20
#define STUN_RESPONSE_MAX 96

struct stun_request {
    uint8_t transaction[16]; /* magic cookie and transaction id, or the 16 bytes of RFC 3489 */
    bool classic;            /* RFC 3489 client (no magic cookie): wants MAPPED-ADDRESS */
    bool fingerprint;        /* asked with FINGERPRINT: answer with one */
    uint16_t unknown[8];     /* comprehension-required attributes that we do not know: error 420 */
    size_t unknown_count;
};

/* True for a well-formed Binding request: length, attributes, FINGERPRINT when present. Anything else: drop; so, too, a
 * classic client's wish for an answer from another address (CHANGE-REQUEST), which silence answers rightly. */
bool stun_decode_request(const uint8_t *data, size_t size, struct stun_request *out);
/* Binding success with (XOR-)MAPPED-ADDRESS `mapped`, or error 420 with UNKNOWN-ATTRIBUTES. No SOFTWARE attribute: an
 * answer stays as short as the format allows. Returns its size, at most STUN_RESPONSE_MAX; 0 if `capacity` is small. */
size_t stun_encode_response(const struct stun_request *request, const struct address *mapped, uint8_t *out,
                            size_t capacity);
