/* What `access.h` and its parts consist of inside: the rules in use, and what they are made from. Nobody else includes
 * this for more than enum access_rule.
 *
 * Invariant: the rules that `access->rules` has do not change. Their sets are theirs until others take their place;
 * then each set is either part of those, too, or goes with the former rules when nobody reads them any more. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/guard/prefix_list.h"
#include "bootnode/guard/prefix_set.h"
#include "common/address.h"
#include "common/attributes.h"
#include "common/ini_key.h"
#include "common/prefix.h"
#include "common/rcu.h"

#define ACCESS_ORDERS_MAX 4096

/* What holds for an address, and what an order says. */
enum access_rule { ACCESS_OPEN, ACCESS_ALLOWED, ACCESS_BANNED, ACCESS_DENIED };

/* By hand. */
struct access_order {
    enum access_rule rule; /* ACCESS_ALLOWED or ACCESS_BANNED */
    struct prefix prefix;
    uint64_t until_ms; /* NEVER: until it is lifted */
    uint8_t author;    /* the node of a cluster that it was given at; 0 without one */
};

/* What the rules consist of; those of one's own addresses stand apart (rule 3). */
enum access_part {
    PART_EXCEPTED,
    PART_BANNED,
    PART_BANNED_OWN,
    PART_ALLOWED,
    PART_DENIED,
    PART_DENIED_OWN,
    ACCESS_PARTS
};
#define ACCESS_FIRST_OF_FILES PART_ALLOWED

struct access_rules {
    struct prefix_set *parts[ACCESS_PARTS];
    bool open; /* nobody is kept out */
    /* For whoever takes their place, and for the end of their last reader. */
    bool gone[ACCESS_PARTS]; /* these go with the rules, the others live on in those that follow */
    bool stricter;           /* are those that follow */
    struct access *access;
    struct rcu_head reclaim;
};

/* An order's network has its index as its origin. */
struct access_orders {
    size_t count;
    struct access_order items[ACCESS_ORDERS_MAX + 1]; /* one more than there may be, while they are put together */
};

/* An origin's file is an index of these. */
struct access_names {
    struct ini_path_list allow, deny;
};

struct access {
    _Atomic(struct access_rules *) rules;
    _Atomic uint64_t changes;
    _Atomic uint64_t ends_ms; /* when an order will be over */
    /* While somebody changes or explains them; the rules in use cannot go meanwhile. */
    pthread_mutex_t mutex;
    bool reclaims; /* rules that were in use, or did */
    struct access_orders *orders;
    struct access_names names;
    struct address *own; /* does not change */
    size_t own_count;
};

/* Whether nothing but one's own (access.h, rule 3) lies in it. */
bool access_rules_own_alone(const struct access *access, const struct prefix *prefix);

static inline const struct prefix_entry *access_rules_find(const struct access_rules *rules, enum access_part part,
                                                           const struct address *address) {
    return prefix_set_find(rules->parts[part], address);
}
/* What keeps the address out: of PART_BANNED or PART_DENIED, or of what stands behind them for one's own. */
const struct prefix_entry *access_rules_against(const struct access *access, const struct access_rules *rules,
                                                enum access_part part, const struct address *address);
/* What lets it in, and of which part that is. */
const struct prefix_entry *access_rules_for(const struct access_rules *rules, const struct address *address,
                                            enum access_part *part);

/* An empty list is no set; the list is empty afterwards. False without memory. */
MUST_USE bool access_rules_make_set(struct prefix_list *list, struct prefix_set **out);
/* Under the mutex: `next` takes the place of the rules in use. Its renewed parts are there already; the others
 * become those in use. `stricter`: somebody may be kept out who was not before. */
void access_rules_succeed(struct access *access, struct access_rules *next, const bool renewed[static ACCESS_PARTS],
                          bool stricter);
/* Of rules that were never in use: with those sets that are `gone`. */
void access_rules_free(struct access_rules *rules);
