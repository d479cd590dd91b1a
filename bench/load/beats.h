/* The beats of a fleet: how one is written, whose turn it is in a row, and who has to beat between rows lest its
 * session expire. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fleet;

/* A beat with the next counter, which asks for an answer or does not; PACKET_MAX bytes. Returns its size. */
size_t beats_write(struct fleet *fleet, uint32_t member, bool ask, uint64_t now_us, uint8_t *out);
/* Into the member's burst; returns its counter. */
uint32_t beats_send(struct fleet *fleet, uint32_t member, bool ask, uint64_t now_us);
/* Whether we let it rest for so long that the bootnode may have forgotten it, and rightly: who was held up, as by
 * others on the same core, has nobody else to blame. */
bool beats_overdue(const struct fleet *fleet, uint32_t member, uint64_t now_us);
/* Those beat that did not for too long. */
void beats_keep_alive(struct fleet *fleet, uint64_t now_us);
/* Shuffles all that live anew. */
void beats_shuffle(struct fleet *fleet, uint64_t now_us);
/* Likewise, now and then, where sessions came to other nodes. */
void beats_reorder(struct fleet *fleet, uint64_t now_us);
/* Whose turn it is to beat on this socket; false when nobody lives there, as far as one looks, or, in a cluster, all
 * who do have had their turns already. */
bool beats_next_turn(struct fleet *fleet, size_t socket, uint64_t now_us, uint32_t *member);
