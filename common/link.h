/* The secured link between a client and a bootnode: keys from the handshake, tags, sealed packets. PROTOCOL.md §2.1.
 * Both ends use this file; `bootnode` says which end we are. Stateless but for the keys: counters belong to the caller.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/noise.h"
#include "common/wire/bootnode_packets.h"

#define LINK_SECRET_SIZE 32
#define LINK_TAG_KEY_SIZE 16

/* Prologue of the registration handshake, from the first REGISTER_HEADER_SIZE bytes of REGISTER. */
#define LINK_PROLOGUE_SIZE (13 + REGISTER_HEADER_SIZE)
void link_prologue(const uint8_t register_packet[static REGISTER_HEADER_SIZE], uint8_t out[static LINK_PROLOGUE_SIZE]);

/* The session secret from the split keys of either end. */
void link_secret(const struct noise_keys *keys, bool bootnode, uint8_t out[static LINK_SECRET_SIZE]);

enum link_direction { LINK_TO_BOOTNODE, LINK_TO_CLIENT };
/* Subkeys of the secret. */
void link_tag_key(const uint8_t secret[static LINK_SECRET_SIZE], enum link_direction direction,
                  uint8_t out[static LINK_TAG_KEY_SIZE]);
void link_seal_key(const uint8_t secret[static LINK_SECRET_SIZE], enum link_direction direction,
                   uint8_t out[static SUITE_KEY_SIZE]);

/* HEARTBEAT, BEAT_ACK: fills in the last 16 bytes of BEAT_SIZE; checks them in constant time. */
void link_tag_beat(const uint8_t key[static LINK_TAG_KEY_SIZE], uint8_t packet[static BEAT_SIZE]);
MUST_USE bool link_check_beat(const uint8_t key[static LINK_TAG_KEY_SIZE], const uint8_t packet[static BEAT_SIZE]);
/* PATH: the last 8 bytes of PATH_SIZE. */
void link_tag_path(const uint8_t key[static LINK_TAG_KEY_SIZE], uint8_t packet[static PATH_SIZE]);
MUST_USE bool link_check_path(const uint8_t key[static LINK_TAG_KEY_SIZE], const uint8_t packet[static PATH_SIZE]);

/* RELAY: the last 16 bytes of a packet of RELAY_OVERHEAD + RELAY_PACKET_MIN bytes or more. */
void link_tag_relay(const uint8_t key[static LINK_TAG_KEY_SIZE], uint8_t *packet, size_t size);
MUST_USE bool link_check_relay(const uint8_t key[static LINK_TAG_KEY_SIZE], const uint8_t *packet, size_t size);

/* Seals header and body into one packet. Returns its size, 0 when it would pass `capacity`. */
MUST_USE size_t link_seal(const uint8_t seal_key[static SUITE_KEY_SIZE], const struct sealed_header *header,
                          const uint8_t *body, size_t body_size, uint8_t *out, size_t capacity);
/* Opens a packet whose header was decoded; the body needs size - SEALED_OVERHEAD bytes. False when forged. Replay is
 * the caller's check, after this. */
MUST_USE bool link_open(const uint8_t seal_key[static SUITE_KEY_SIZE], const struct sealed_header *header,
                        const uint8_t *packet, size_t size, uint8_t *body, size_t *body_size);
