/* Who is let in: files of networks that are kept out (deny) and that never are (allow), and what an operator orders by
 * hand for a time (bans, and exceptions from them).
 *
 * Rules:
 * 1. What allows goes before what bans, and that before what denies. Whom nothing names is let in.
 * 2. The files hold whole or not at all: with any fault in any of them, all stays as it was. Orders outlive them, and
 * end with the process: what is to outlive that goes into a file.
 * 3. Nobody is shut out by a slip. What is wider than itself does not touch one's own: loopback (127.0.0.0/8, ::1) and
 *    the bootnode's own addresses are kept out only by networks that lie within loopback, or are such an address. Deny
 *    files that have every address of a family are a fault, unless an allow file has some of it. A ban has at least
 *    ACCESS_BAN_BITS_IPV4 or ACCESS_BAN_BITS_IPV6 bits, and one that an exception or an allow file covers is refused,
 *    as it would do nothing.
 * 4. Who asks reads one immutable set of rules under RCU: no lock, and no moment in which half of them hold. Who
 * changes makes the next one beside it. Whoever was let in by former rules may still be at work when new ones hold, so
 *    `access_changes` moves twice: at once, and when nobody reads the former ones any more. Who then looks at all
 *    sessions has missed nobody.
 *
 * Times are monotonic milliseconds. Whoever changes something is a registered reader of RCU, online, and any number of
 * threads may: a mutex is held for as long as some thousand orders take to be put together.
 *
 * access_orders.h has what is done by hand, access_lists.h the files, access_reason.h why somebody is kept out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/guard/access_rules.h"
#include "common/address.h"
#include "common/attributes.h"

/* How much there is. */
struct access_sizes {
    size_t allowed, denied; /* networks of files, without those that lie in another one */
    size_t orders;
    size_t bytes;
};

/* Nobody is kept out. `own`: the bootnode's addresses, besides loopback; copied. NULL without memory. */
MUST_USE struct access *access_create(const struct address *own, size_t own_count);
/* No reader may be left. Waits for what is being reclaimed: the caller is a registered reader, online, unless nothing
 * was ever changed. NULL: nothing. */
void access_destroy(struct access *access);

/* Here NULL for `access` lets everybody in, and the first two ask of a reader of RCU that it is online. */

/* What holds for this address: ACCESS_OPEN for those who are let in, whatever lets them; ACCESS_BANNED; ACCESS_DENIED.
 */
enum access_rule access_ask(const struct access *access, const struct address *address);
/* Whether nobody at all is kept out. */
bool access_is_open(const struct access *access);
/* Moves whenever somebody may have come to be kept out (rule 4). */
uint64_t access_changes(const struct access *access);

void access_measure(struct access *access, struct access_sizes *out);
