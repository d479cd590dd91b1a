/* Registrations in flight: HELLO → COOKIE → REGISTER → WELCOME → first beat → BEAT_ACK, each repeated as PROTOCOL.md
 * §2.2 says, so that loss only costs time. What goes out goes out from registration_step alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"

struct fleet;
struct registrations;

void registration_init(struct registrations *registrations);
/* False when the window is full. */
MUST_USE bool registration_start(struct fleet *fleet, uint32_t member, uint64_t now_us);
/* Does what is due, public-key work for at most `most` of them: true when there is more to do at once. */
bool registration_step(struct fleet *fleet, uint32_t most, uint64_t now_us);
/* COOKIE, WELCOME, REFUSED. */
void registration_receive(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us);
/* The member's beat with this counter was answered, or its provisional session reset. */
void registration_answered(struct fleet *fleet, uint32_t member, uint32_t counter);
void registration_reset(struct fleet *fleet, uint32_t member, uint64_t now_us);
