/* Proof of possession: that whoever sends REGISTER has the secret of the member key in it. It convinces the bootnode
 * that it is made for, of this one handshake, and nobody else: it is a tag under what X25519 makes of the member's
 * secret and the bootnode's key, over the handshake hash and the rest of the payload, so the bootnode could have made
 * it itself. PROTOCOL.md §2.2.
 *
 * `payload` is REGISTER's, as write_register_body makes it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/names.h"
#include "common/noise.h"

/* noise_write of REGISTER's message, as the client, with the proof filled in: POSSESSION_SIZE bytes of the payload at
 * REGISTER_POSSESSION_OFFSET. Returns its size; 0 as noise_write does, and when the payload is too short to have one.
 */
MUST_USE size_t possession_write(struct noise *noise, const uint8_t member_secret[static MEMBER_KEY_SIZE],
                                 uint8_t *payload, size_t payload_size, uint8_t *out, size_t capacity);
/* After noise_read of that message, as the bootnode: has the sender the member key's secret? False as well for a
 * low-order member key, which has none. */
MUST_USE bool possession_check(const struct noise *noise, const uint8_t *payload, size_t payload_size);
