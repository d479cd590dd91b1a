/* How many sessions live at each source prefix (source_prefix.h), so that one source cannot take all places. Shared by
 * all shards, no lock, no allocation after creation.
 *
 * A count-min sketch (Cormode and Muthukrishnan, 2005) whose hash is keyed with a random key: every prefix has one cell
 * in each of four rows, and its count is the lowest of them. So it is never too low, and too high only where others
 * share all four cells. The rows are sized so that what a cell holds of others, with all sessions taken, is at most an
 * eighth of the cap on the average (three sixteenths with IPv6 alone, which has more prefixes); nobody can aim at
 * another's cells without the key. Whoever adds a session removes it, so without sessions every cell is zero.
 *
 * Asking and adding are two steps: shards that do both at the same time may let in one session more for each of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"

struct source_count;

/* At most `per_source` (at least 1) sessions at an IPv4 /32 or IPv6 /64, when there are up to `sessions` in all. With
 * `limit_loopback` false, sources on loopback are not counted. NULL without memory. */
MUST_USE struct source_count *source_count_create(uint32_t per_source, uint64_t sessions, bool limit_loopback);
void source_count_destroy(struct source_count *count);
/* Whether the rows are long enough for another cap, or other sessions, than they were made for. */
MUST_USE bool source_count_suits(const struct source_count *count, uint32_t per_source, uint64_t sessions);
/* Another cap from now on, 0 for none; who is there stays. Any thread. */
void source_count_change(struct source_count *count, uint32_t per_source);

/* In all below, NULL for `count` stands for no cap. */

/* Whether there is place for one more at this address. `former`, unless NULL, is where a session lives that this one
 * follows: a prefix that has both is not asked, because that session has its place there already. */
bool source_count_has_place(const struct source_count *count, const struct address *source,
                            const struct address *former);
void source_count_add(struct source_count *count, const struct address *source);
/* A session that was added with an address of the same prefixes is gone. */
void source_count_remove(struct source_count *count, const struct address *source);
/* Whether all that was added has been removed. Linear: for tests and the end. */
bool source_count_is_zero(const struct source_count *count);
