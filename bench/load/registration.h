/* Registrations in flight: HELLO → COOKIE → REGISTER → WELCOME → first beat → BEAT_ACK, each repeated as PROTOCOL.md
 * §2.2 says, so that loss only costs time. What goes out goes out from registration_step alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/messages.h"
#include "common/noise.h"

/* In flight at once: enough to keep both sides busy, few enough for the bootnode's receive buffer. */
#define REGISTRATION_WINDOW 256
#define REGISTRATION_ATTEMPTS 3
#define REGISTRATION_IDLE UINT64_MAX

struct fleet;

struct registration_slot {
    uint32_t member;
    uint8_t step; /* what is out, or due */
    uint8_t tries;
    uint8_t attempt_count; /* wraps */
    uint64_t nonce;
    uint64_t begun_us;
    uint64_t since_us;   /* when the REGISTER was sent that made the session */
    uint32_t first_beat; /* counter of the first beat of the session */
    uint8_t beats;       /* sent to confirm it */
    struct cookie_message cookie;
    struct {
        uint64_t id, sent_us;
        struct noise noise;
    } attempts[REGISTRATION_ATTEMPTS];
};

struct registrations {
    uint64_t due_us[REGISTRATION_WINDOW]; /* of each slot; REGISTRATION_IDLE: free */
    struct registration_slot slots[REGISTRATION_WINDOW];
    uint32_t active;
    uint32_t next;                       /* slot that registration_step looks at first */
    uint64_t refused[REFUSAL_OWNER + 1]; /* by reason */
    uint64_t given_up;                   /* no answer for too long */
    bool failed;                         /* refused or given up since this was last cleared */
};

void registrations_init(struct registrations *registrations);
/* False when the window is full. */
bool registration_start(struct fleet *fleet, uint32_t member, uint64_t now_us);
/* Does what is due, public-key work for at most `most` of them: true when there is more to do at once. */
bool registration_step(struct fleet *fleet, uint32_t most, uint64_t now_us);
/* COOKIE, WELCOME, REFUSED. */
void registration_receive(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us);
/* The member's beat with this counter was answered, or its provisional session reset. */
void registration_answered(struct fleet *fleet, uint32_t member, uint32_t counter);
void registration_reset(struct fleet *fleet, uint32_t member, uint64_t now_us);
/* What a reason of REFUSED means, for people. */
const char *refusal_text(unsigned reason);
