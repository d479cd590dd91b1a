/* Bans and exceptions by hand (guard/access_orders.h) in a cluster: an operator gives them at one node, and they hold
 * at all. Each node publishes those that were given at it as a whole, an edition, and is their author; the others take
 * a later edition in the place of what they had of that author. So nothing is merged, and nothing is agreed on.
 *
 * Rules:
 * 1. For a network the order with the latest stamp holds, whoever gave it (of equal stamps that of the higher id). Its
 *    stamp is the wall clock's, but later than all that is known of that network: the last word counts, although clocks
 *    differ. What is over still hides what is older: nothing comes back because something else has ended.
 * 2. Whoever ends an order of another author says so by an order of its own, ORDER_LIFT, that hides it.
 * 3. An author withdraws what another one's later order hides. What is over is withdrawn, too, but where it hides
 *    something of another author that lasts: that becomes a lift, which stands for ORDERS_LIFT_MS and for as long.
 * 4. Orders of an author that is away stand until their own ends.
 * 5. Of all authors together ORDERS_HELD_MAX orders are kept, of one ACCESS_ORDERS_MAX; of those that hold, the latest
 *    ACCESS_ORDERS_MAX count.
 * 6. Nobody is heard whose edition or stamp is more than ORDERS_AHEAD_MS ahead of our clock: it would have the last
 *    word for as long. That is twice what the clock of a node that serves may be off (view.h). An author whose own
 *    edition or stamps are, since its clock was wrong when they came to be, dates them anew; and what somebody holds
 * that is so far ahead gives way to any other edition of that author. So a wrong clock does harm only while it is
 * wrong.
 *
 * Pure: `now` is monotonic, `wall` is ms since 1970. Not for two threads at once (orders_keeper.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/guard/access_rules.h"
#include "common/attributes.h"
#include "common/prefix.h"
#include "common/why.h"

#define ORDERS_AUTHORS 256 /* by their nodes' ids */
#define ORDERS_HELD_MAX 32768
#define ORDERS_AHEAD_MS 120000
#define ORDERS_LIFT_MS 600000

enum order_kind { ORDER_BAN, ORDER_ALLOW, ORDER_LIFT, ORDER_KINDS };

struct order {
    enum order_kind kind;
    struct prefix prefix;
    uint64_t stamp_ms; /* wall clock, where it was given */
    uint64_t until_ms; /* monotonic; NEVER: until it is lifted */
};

struct order_list {
    struct order *items; /* malloc'd */
    size_t count;
};

struct orders_author {
    uint64_t edition; /* wall clock, when it changed last; 0: it never gave an order that we know of */
    struct order_list list;
    struct order_list gathered; /* of an edition that comes in parts */
    uint64_t gathered_edition;
    unsigned gathered_parts; /* so many came, in their order */
};

struct orders {
    uint8_t own;
    size_t held, gathered; /* of all authors */
    uint64_t doubted;      /* our edition was this one, and too far ahead: either it is wrong, or our clock; 0: none */
    struct orders_author authors[ORDERS_AUTHORS];
};

/* A part of an edition, as it comes from the board (orders_codec.h). */
struct orders_part {
    uint8_t author;
    unsigned number, parts; /* number < parts */
    uint64_t edition;
    uint64_t wall_ms; /* the author's clock when it was sent; `until_ms` of the orders is of that clock, too */
    const struct order *items;
    size_t count;
};

enum orders_verdict {
    ORDERS_TAKEN,    /* that edition holds now */
    ORDERS_GATHERED, /* more of it is to come */
    ORDERS_KNOWN,    /* that edition holds already, or a later one does, or its beginning was missed */
    ORDERS_AHEAD,    /* rule 6 */
    ORDERS_STALE,    /* sent too long ago: a recording */
    ORDERS_TOO_MANY, /* rule 5 */
    ORDERS_NO_MEMORY,
};

void orders_init(struct orders *orders, uint8_t own);
void orders_clear(struct orders *orders);
/* What our node has ordered, as it is now, in the place of what `out` had, which is zeroed or another copy; its list is
 * the caller's to free. False without memory; nothing changed then. */
MUST_USE bool orders_copy_own(const struct orders *orders, struct orders_author *out);

/* An order of our own operator, in the place of the one that we gave for that network. False with one line in `why`:
 * too many, or no memory. A lift needs no end: it has that of what it hides. */
MUST_USE bool orders_give(struct orders *orders, enum order_kind kind, const struct prefix *prefix, uint64_t until_ms,
                          uint64_t wall, struct why *why);
MUST_USE enum orders_verdict orders_hear(struct orders *orders, const struct orders_part *part, uint64_t now,
                                         uint64_t wall);
/* What we kept: it was heard once, whatever our clock says by now. */
MUST_USE enum orders_verdict orders_recall(struct orders *orders, const struct orders_part *part, uint64_t now);
/* Rules 3 and 6. True where our own orders changed, or their stamps, and with them our edition. */
MUST_USE bool orders_settle(struct orders *orders, uint64_t now, uint64_t wall);
/* Those that hold, rules 1 and 5, in the order in which they were given. False without memory. */
MUST_USE bool orders_effective(const struct orders *orders, uint64_t now,
                               struct access_order out[static ACCESS_ORDERS_MAX], size_t *count);
bool orders_holds(const struct orders *orders);
