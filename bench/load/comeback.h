/* Sessions that lose their bootnode, and how they come back, with the waits of clients (PROTOCOL.md §2.2, §2.3 rules 4
 * and 10, §2.4):
 *
 *   NOTICE of a restart   keeps its session, does not beat, and from the time on that it was told asks every 500 ms;
 *                         answered it lives on, at RESET it registers at once, and after 15.5 s it begins with HELLO
 *   RESET                 registers after half a second to a second, doubled for each session in a row that lasted less
 *                         than a minute
 *   silence of 15.5 s     begins with HELLO, each within the 12 s in which a client asks once
 *
 * A fleet has one bootnode address, so nobody asks elsewhere, but in a cluster (homing.h): what a session of a member
 * loses there others have yet, and it comes back by the entry. How long each took is counted from the first sign that
 * any session had, until it is confirmed again. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct agenda_entry;
struct comeback_result;
struct fleet;

/* An active member got NOTICE of a restart. */
void comeback_notice(struct fleet *fleet, uint32_t member, uint32_t retry_ms, uint64_t now_us);
/* ERRAND_ASK. */
void comeback_errand(struct fleet *fleet, const struct agenda_entry *entry, uint64_t now_us);
/* The beat of an asking member was answered: it has its session yet. */
void comeback_answered(struct fleet *fleet, uint32_t member, uint32_t counter, uint64_t now_us);
/* The session of an active or asking member is gone. */
void comeback_reset(struct fleet *fleet, uint32_t member, uint64_t now_us);
/* Nobody is answered any more by this node. */
void comeback_lost(struct fleet *fleet, uint8_t node, uint64_t now_us);
/* It registered. */
void comeback_done(struct fleet *fleet, uint32_t member, uint64_t now_us);
/* What there was since it was taken last; those that are missing stay so. */
void comeback_take(struct fleet *fleet, struct comeback_result *out);
