/* Registrations in flight: HELLO → COOKIE → REGISTER → WELCOME → first beat → BEAT_ACK, each repeated as PROTOCOL.md
 * §2.2 says. What goes out goes out from registration_step alone.
 *
 * Invariant: whatever was lost until now, once its packets come through again a registration that the bootnode does not
 * refuse ends within 5 s where HELLO is out, within 10 s more where REGISTER is (four in vain, then HELLO: its cookie
 * may be of a bootnode that is gone), and at once where the first beat is (answered, or reset). So loss costs time, and
 * no registration ends the others. One that got nowhere for 20 s begins anew, and is counted; what is sent late by our
 * own fault is no part of these 20 s.
 *
 * In a cluster a COOKIE names nodes, and a place goes where homing.h sends it: two redirects, then it waits for a
 * second or two. A node that does not answer its HELLO for 1.7 s is left for the entry, or any other that is known. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/share.h"
#include "common/attributes.h"

struct fleet;
struct registrations;

/* `window`: how many are in flight, 0 as many as are not lost; `share`: of that, which all fleets at one bootnode
 * share. */
void registration_init(struct registrations *registrations, uint32_t window, struct share share);
/* A slot is free. */
MUST_USE bool registration_has_place(const struct registrations *registrations);
/* Nor are there as many in flight as the bootnode was seen to take: for whoever begins them as fast as possible. */
MUST_USE bool registration_wants_more(const struct registrations *registrations);
/* False when no slot is free. */
MUST_USE bool registration_start(struct fleet *fleet, uint32_t member, uint64_t now_us);
/* Does what is due, public-key work for at most `most` of them: true when there is more to do at once. */
bool registration_step(struct fleet *fleet, uint32_t most, uint64_t now_us);
/* COOKIE, WELCOME, REFUSED. */
void registration_receive(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us);
/* The member's beat with this counter was answered, true when its session is confirmed by it; or its provisional
 * session reset. */
bool registration_answered(struct fleet *fleet, uint32_t member, uint32_t counter, uint64_t now_us);
void registration_reset(struct fleet *fleet, uint32_t member, uint64_t now_us);
