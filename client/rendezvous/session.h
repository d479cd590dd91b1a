/* The active part of a rendezvous: beats, membership, moving, leaving. Private to rendezvous.c and
 * rendezvous_session.c. */
#pragma once

#include "client/rendezvous/rendezvous.h"

/* Takes over keys and limits from WELCOME and confirms the session with its first beat. `told`: the revision of our
 * candidates that REGISTER brought. */
void rendezvous_session_start(struct rendezvous *rendezvous, const struct noise_keys *keys,
                              const struct welcome_body *body, struct reader *members, uint32_t told, uint64_t now);
/* Handles packets that carry our session id; false for others. */
bool rendezvous_session_receive(struct rendezvous *rendezvous, const uint8_t *packet, size_t size, uint64_t now);
void rendezvous_session_tick(struct rendezvous *rendezvous, uint64_t now);
uint64_t rendezvous_session_due(const struct rendezvous *rendezvous);
/* Seals and sends a message with our session's keys. */
void rendezvous_send_sealed(struct rendezvous *rendezvous, enum message_type type, const uint8_t *body, size_t size);

/* In rendezvous.c: back to HELLO, after `delay` ms and up to as much again by chance. */
void rendezvous_restart(struct rendezvous *rendezvous, uint64_t delay, uint64_t now);
/* Is it looking for the bootnode, rather than waiting as it was told? */
bool rendezvous_looks(const struct rendezvous *rendezvous);
void rendezvous_lose(struct rendezvous *rendezvous, const char *why);
