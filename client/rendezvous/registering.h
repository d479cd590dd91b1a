/* The REGISTERs of one member to one bootnode, and the WELCOME that answers one of them: each REGISTER is a handshake
 * of its own, and the last REGISTERING_ATTEMPTS can still be answered. Pure: packets in and out. PROTOCOL.md §2.2. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/identity.h"
#include "common/attributes.h"
#include "common/names.h"
#include "common/noise.h"
#include "common/wire/bootnode_packets.h"

#define REGISTERING_ATTEMPTS 4

struct registering {
    uint8_t tag[ROOM_TAG_SIZE]; /* that it registers under */
    /* Of our identity in this room. */
    uint8_t member_id[MEMBER_ID_SIZE];
    uint8_t member_key[MEMBER_KEY_SIZE], member_secret[MEMBER_KEY_SIZE];
    bool has_secret; /* else nothing can be proven: that has a chance of 2^-126 */
    uint8_t suite_mask;
    uint8_t bootnode_key[32]; /* as its COOKIE says; proven by WELCOME */
    struct registering_attempt {
        uint64_t number;   /* 0: none */
        uint32_t revision; /* of the candidates that it told */
        struct noise noise;
    } attempts[REGISTERING_ATTEMPTS];
    unsigned next;
};

/* What WELCOME brought. `members` reads from `payload`. */
struct registering_welcome {
    struct noise_keys keys;
    struct welcome_body body;
    struct reader members;
    uint32_t revision; /* of our candidates, as the bootnode has them */
    uint8_t payload[WELCOME_MAX];
};

/* `tag`: of one of the room's key sets. */
void registering_init(struct registering *registering, const struct room_keys *room,
                      const uint8_t tag[static ROOM_TAG_SIZE], const struct identity *identity, uint8_t suite_mask);
void registering_clear(struct registering *registering);
bool registering_has_key(const struct registering *registering, const uint8_t key[static 32]);
/* From now on the bootnode has this key. Nobody with another one may answer what was sent to that. */
void registering_take_key(struct registering *registering, const uint8_t key[static 32]);
/* Another attempt, which proves our member key to this bootnode. Returns the packet's size; 0 when the bootnode's key
 * is one that nobody can speak to. */
MUST_USE size_t registering_write(struct registering *registering, const struct cookie *cookie,
                                  const struct update_body *own, uint8_t packet[static REGISTER_SIZE]);
/* Is that the number of an attempt that can still be answered? */
bool registering_awaits(const struct registering *registering, uint64_t number);
/* The WELCOME of an attempt that is awaited. False when it is forged, and everything is as before. */
MUST_USE bool registering_read(const struct registering *registering, const struct welcome_message *message,
                               struct registering_welcome *out);
/* Nothing is awaited any more. */
void registering_forget(struct registering *registering);
/* Why it was refused, as people are told. */
const char *registering_refusal(enum refusal reason);
