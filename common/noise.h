/* The Noise protocol machine (noiseprotocol.org, revision 34): NK, XX and XXpsk3 with 25519, AESGCM or ChaChaPoly,
 * SHA256. Pure: bytes in, bytes out; no clock, no socket. Randomness only for the ephemeral key, which tests may give.
 *
 * A machine that failed to read or write a message has wiped itself and refuses everything after; a call out of turn
 * changes nothing. `struct noise` may be copied by assignment, so "try this packet, keep the state if it is bad" is a
 * copy. Never write twice from two copies of one state: that would use a nonce twice. Repeat the bytes instead. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/suite.h"

#define NOISE_KEY_SIZE 32
#define NOISE_HASH_SIZE 32
#define NOISE_MESSAGE_MAX 65535

enum noise_pattern { NOISE_NK, NOISE_XX, NOISE_XXPSK3 };

/* What each message adds to its payload's size. */
#define NOISE_NK_1_OVERHEAD (32 + 16)
#define NOISE_NK_2_OVERHEAD (32 + 16)
#define NOISE_XX_1_OVERHEAD 32 /* the payload is in the clear: keep it empty. XXpsk3: 48, a keyed empty payload */
#define NOISE_XX_2_OVERHEAD (32 + 48 + 16)
#define NOISE_XX_3_OVERHEAD (48 + 16)

struct noise_config {
    enum noise_pattern pattern;
    enum suite suite;
    bool initiator;
    const void *prologue;
    size_t prologue_size;
    const uint8_t *static_secret;    /* XX: both; NK: responder. 32 bytes or NULL */
    const uint8_t *static_public;    /* XX, NK responder: belongs to static_secret; NULL: computed */
    const uint8_t *remote_static;    /* NK initiator: the responder's public key */
    const uint8_t *psk;              /* XXpsk3: 32 bytes */
    const uint8_t *ephemeral_secret; /* tests only; NULL: random */
};

struct noise {
    enum noise_pattern pattern;
    enum suite suite;
    bool initiator;
    bool failed;
    bool has_key;
    bool has_ephemeral;
    bool tokens_written; /* a message is half written: only its payload is missing */
    uint8_t message;     /* index of the next message */
    uint64_t counter;
    uint8_t key[32], chaining_key[32], hash[NOISE_HASH_SIZE];
    uint8_t payload_hash[NOISE_HASH_SIZE]; /* the hash before the payload of the last message that was read */
    uint8_t static_secret[32], static_public[32], ephemeral_secret[32], ephemeral_public[32];
    uint8_t remote_static[32], remote_ephemeral[32], psk[32];
};

/* What Split gives; `send` is ours whichever side we are. */
struct noise_keys {
    uint8_t send[NOISE_KEY_SIZE];
    uint8_t receive[NOISE_KEY_SIZE];
    uint8_t hash[NOISE_HASH_SIZE]; /* handshake hash, for channel binding */
};

/* Nothing of `config` is kept by address. With a key missing that the pattern needs, or a suite that this machine
 * lacks, every later call fails. */
void noise_init(struct noise *noise, const struct noise_config *config);
/* Writes the next message with `payload`, which must not overlap `out`. Returns its size; 0 when out of turn, capacity
 * or NOISE_MESSAGE_MAX too short, or a bad point. */
MUST_USE size_t noise_write(struct noise *noise, const void *payload, size_t payload_size, uint8_t *out,
                            size_t capacity);
/* A message in two steps, for a payload that depends on what stands before it. First its tokens; returns their size, 0
 * as noise_write does. */
MUST_USE size_t noise_write_tokens(struct noise *noise, uint8_t *out, size_t capacity);
/* Then the payload, which goes behind the tokens. Returns its size, 0 as noise_write does. The caller keeps the two
 * together within NOISE_MESSAGE_MAX. */
MUST_USE size_t noise_write_payload(struct noise *noise, const void *payload, size_t payload_size, uint8_t *out,
                                    size_t capacity);
/* noise_write_tokens of the last message alone, for a payload that depends on the keys. */
MUST_USE size_t noise_write_last_tokens(struct noise *noise, uint8_t *out, size_t capacity);
/* The handshake hash that the payload is sealed under: of the message whose tokens are written, else of the last one
 * that was read. It covers the prologue and all up to the payload. */
void noise_payload_hash(const struct noise *noise, uint8_t out[static NOISE_HASH_SIZE]);
/* Between the steps of the last message: the keys that noise_split would give. The handshake hash is left zero. */
MUST_USE bool noise_foresee_keys(const struct noise *noise, struct noise_keys *out);
/* As noise_write_payload, for a writer that needs no handshake hash: of the last message alone, and ends the machine.
 * The hash is not carried on over the payload (up to ten SHA-256 blocks of a WELCOME), everything is wiped. */
MUST_USE size_t noise_write_last_payload(struct noise *noise, const void *payload, size_t payload_size, uint8_t *out,
                                         size_t capacity);
/* Reads the next message; its payload goes to `payload` and `payload_size`. False when out of turn, forged, too short,
 * too large for `capacity`, or when any Diffie-Hellman result is zero (low-order point); `payload` then holds nothing
 * that was decrypted, and `payload_size` is 0. `payload` must not overlap `message`. */
MUST_USE bool noise_read(struct noise *noise, const uint8_t *message, size_t size, uint8_t *payload, size_t capacity,
                         size_t *payload_size);
bool noise_finished(const struct noise *noise);
/* After the last message: the transport keys. Wipes the machine but for remote_static. */
MUST_USE bool noise_split(struct noise *noise, struct noise_keys *out);
/* Forgets everything; the machine then refuses every call but noise_init. */
void noise_wipe(struct noise *noise);
/* X25519 (RFC 7748) as every Diffie-Hellman here does it: false when the result is zero. `out` is zero then. */
MUST_USE bool noise_dh(const uint8_t secret[static NOISE_KEY_SIZE], const uint8_t public[static NOISE_KEY_SIZE],
                       uint8_t out[static NOISE_KEY_SIZE]);
