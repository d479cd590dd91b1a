#include "bootnode/guard/access_orders.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

static const bool of_hand[ACCESS_PARTS] = {[PART_EXCEPTED] = true, [PART_BANNED] = true, [PART_BANNED_OWN] = true};

static enum access_part part_of(const struct access *access, const struct access_order *order) {
    if (order->rule == ACCESS_ALLOWED) return PART_EXCEPTED;
    return access_rules_own_alone(access, &order->prefix) ? PART_BANNED_OWN : PART_BANNED;
}

/* NULL without memory. */
static struct access_rules *rules_of(const struct access *access, const struct access_orders *orders) {
    struct prefix_list lists[ACCESS_FIRST_OF_FILES] = {{.entries = NULL}};
    struct access_rules *rules = calloc(1, sizeof *rules);
    bool made = rules != NULL;
    for (size_t i = 0; i < orders->count && made; i++)
        made = prefix_list_add(&lists[part_of(access, &orders->items[i])], &orders->items[i].prefix, (uint32_t)i);
    for (size_t i = 0; i < ACCESS_FIRST_OF_FILES; i++) {
        made = made && access_rules_make_set(&lists[i], &rules->parts[i]);
        if (rules) rules->gone[i] = true;
        prefix_list_clear(&lists[i]);
    }
    if (made) {
        memset(rules->gone, 0, sizeof rules->gone);
        return rules;
    }
    if (rules) access_rules_free(rules);
    return NULL;
}

static uint64_t first_end(const struct access_orders *orders) {
    uint64_t ends_ms = NEVER;
    for (size_t i = 0; i < orders->count; i++) ends_ms = earlier(ends_ms, orders->items[i].until_ms);
    return ends_ms;
}

/* Takes `next` over. False without memory; nothing changed then. */
static bool give_orders(struct access *access, struct access_orders *next, bool stricter) {
    struct access_rules *rules = rules_of(access, next);
    if (!rules) {
        free(next);
        return false;
    }
    access_rules_succeed(access, rules, of_hand, stricter);
    free(access->orders);
    access->orders = next;
    atomic_store_explicit(&access->ends_ms, first_end(next), memory_order_relaxed);
    return true;
}

/* Without those of this network; NULL without memory. */
static struct access_orders *copy_without(const struct access *access, enum access_rule rule,
                                          const struct prefix *prefix) {
    const struct access_orders *orders = access->orders;
    struct access_orders *next = malloc(sizeof *next);
    if (!next) return NULL;
    next->count = 0;
    for (size_t i = 0; i < orders->count; i++) {
        const struct access_order *order = &orders->items[i];
        if (order->rule != rule || !prefix_equal(&order->prefix, prefix)) next->items[next->count++] = *order;
    }
    return next;
}

static bool no_memory(struct why *why) {
    return why_fail(why, "no memory for that");
}

static bool put(struct access *access, const struct access_order *order, struct why *why) {
    struct access_orders *next = copy_without(access, order->rule, &order->prefix);
    if (!next) return no_memory(why);
    next->items[next->count++] = *order;
    if (next->count > ACCESS_ORDERS_MAX) {
        free(next);
        return why_fail(why, "there are %d bans and exceptions, which is the most; expected a deny_file for so many",
                        ACCESS_ORDERS_MAX);
    }
    return give_orders(access, next, order->rule == ACCESS_BANNED) || no_memory(why);
}

/* A network that lets all of this one in; NULL: none does. */
static const struct prefix_entry *lets_in(const struct access *access, const struct prefix *prefix) {
    const struct access_rules *rules = rcu_load(&access->rules);
    struct address first = {.port = 0};
    memcpy(first.ip, prefix->ip, sizeof first.ip);
    for (size_t i = 0; i < 2; i++) {
        const struct prefix_entry *entry = access_rules_find(rules, i == 0 ? PART_EXCEPTED : PART_ALLOWED, &first);
        if (entry && entry->prefix.bits <= prefix->bits) return entry;
    }
    return NULL;
}

bool access_ban_is_narrow(const struct prefix *prefix, struct why *why) {
    bool ipv4 = prefix_is_ipv4(prefix);
    unsigned least = ipv4 ? PREFIX_IPV4_BITS + ACCESS_BAN_BITS_IPV4 : ACCESS_BAN_BITS_IPV6;
    return prefix->bits >= least ||
           why_fail(why, "would ban too many at once, expected /%d or more of IPv4, /%d or more of IPv6",
                    ACCESS_BAN_BITS_IPV4, ACCESS_BAN_BITS_IPV6);
}

static bool may_ban(const struct access *access, const struct prefix *prefix, struct why *why) {
    const struct prefix_entry *entry = lets_in(access, prefix);
    char text[PREFIX_TEXT_SIZE];
    return !entry || why_fail(why, "%s lets it in, which goes before a ban", prefix_format(&entry->prefix, text));
}

bool access_may_ban(struct access *access, const struct prefix *prefix, struct why *why) {
    if (!access_ban_is_narrow(prefix, why)) return false;
    pthread_mutex_lock(&access->mutex);
    const bool may = may_ban(access, prefix, why);
    pthread_mutex_unlock(&access->mutex);
    return may;
}

static bool ban(struct access *access, const struct prefix *prefix, uint64_t until_ms, struct why *why) {
    if (!may_ban(access, prefix, why)) return false;
    const struct access_order order = {.rule = ACCESS_BANNED, .prefix = *prefix, .until_ms = until_ms};
    return put(access, &order, why);
}

bool access_ban(struct access *access, const struct prefix *prefix, uint64_t until_ms, struct why *why) {
    if (!access_ban_is_narrow(prefix, why)) return false;
    pthread_mutex_lock(&access->mutex);
    bool banned = ban(access, prefix, until_ms, why);
    pthread_mutex_unlock(&access->mutex);
    return banned;
}

bool access_allow(struct access *access, const struct prefix *prefix, uint64_t until_ms, struct why *why) {
    const struct access_order order = {.rule = ACCESS_ALLOWED, .prefix = *prefix, .until_ms = until_ms};
    pthread_mutex_lock(&access->mutex);
    bool allowed = put(access, &order, why);
    pthread_mutex_unlock(&access->mutex);
    return allowed;
}

/* The narrowest order that has all of this network. */
static const struct access_order *order_around(const struct access *access, enum access_rule rule,
                                               const struct prefix *prefix) {
    const struct access_order *found = NULL;
    struct address first = {.port = 0};
    memcpy(first.ip, prefix->ip, sizeof first.ip);
    for (size_t i = 0; i < access->orders->count; i++) {
        const struct access_order *order = &access->orders->items[i];
        bool around =
            order->rule == rule && order->prefix.bits <= prefix->bits && prefix_covers(&order->prefix, &first);
        if (around && (!found || found->prefix.bits < order->prefix.bits)) found = order;
    }
    return found;
}

static bool may_lift(const struct access *access, enum access_rule rule, const struct prefix *prefix, struct why *why) {
    const struct access_order *order = order_around(access, rule, prefix);
    const char *what = rule == ACCESS_BANNED ? "ban" : "exception";
    char text[PREFIX_TEXT_SIZE], around[PREFIX_TEXT_SIZE];
    (void)prefix_format(prefix, text);
    if (!order) return why_fail(why, "there is no %s of %s, expected one that `bans` lists", what, text);
    return prefix_equal(&order->prefix, prefix) ||
           why_fail(why, "there is no %s of %s, but one of %s", what, text, prefix_format(&order->prefix, around));
}

bool access_may_lift(struct access *access, enum access_rule rule, const struct prefix *prefix, struct why *why) {
    pthread_mutex_lock(&access->mutex);
    const bool may = may_lift(access, rule, prefix, why);
    pthread_mutex_unlock(&access->mutex);
    return may;
}

static bool lift(struct access *access, enum access_rule rule, const struct prefix *prefix, struct why *why) {
    if (!may_lift(access, rule, prefix, why)) return false;
    struct access_orders *next = copy_without(access, rule, prefix);
    return (next && give_orders(access, next, rule == ACCESS_ALLOWED)) || no_memory(why);
}

static bool lift_locked(struct access *access, enum access_rule rule, const struct prefix *prefix, struct why *why) {
    pthread_mutex_lock(&access->mutex);
    bool lifted = lift(access, rule, prefix, why);
    pthread_mutex_unlock(&access->mutex);
    return lifted;
}

bool access_unban(struct access *access, const struct prefix *prefix, struct why *why) {
    return lift_locked(access, ACCESS_BANNED, prefix, why);
}

bool access_disallow(struct access *access, const struct prefix *prefix, struct why *why) {
    return lift_locked(access, ACCESS_ALLOWED, prefix, why);
}

bool access_take_orders(struct access *access, const struct access_order *orders, size_t count) {
    struct access_orders *next = malloc(sizeof *next);
    if (!next) return false;
    next->count = count;
    if (count > 0) memcpy(next->items, orders, count * sizeof *orders);
    pthread_mutex_lock(&access->mutex);
    const bool taken = give_orders(access, next, true);
    pthread_mutex_unlock(&access->mutex);
    return taken;
}

size_t access_orders(struct access *access, struct access_order *out, size_t capacity) {
    pthread_mutex_lock(&access->mutex);
    size_t count = access->orders->count;
    for (size_t i = 0; i < count && i < capacity; i++) out[i] = access->orders->items[i];
    pthread_mutex_unlock(&access->mutex);
    return count;
}

/* Without memory they stay until there is some. */
static void lift_what_is_over(struct access *access, uint64_t now_ms) {
    struct access_orders *next = malloc(sizeof *next);
    bool stricter = false;
    if (!next) return;
    next->count = 0;
    for (size_t i = 0; i < access->orders->count; i++) {
        const struct access_order *order = &access->orders->items[i];
        if (order->until_ms > now_ms)
            next->items[next->count++] = *order;
        else
            stricter |= order->rule == ACCESS_ALLOWED;
    }
    if (next->count < access->orders->count)
        (void)give_orders(access, next, stricter);
    else
        free(next);
}

void access_expire(struct access *access, uint64_t now_ms) {
    if (!access || now_ms < atomic_load_explicit(&access->ends_ms, memory_order_relaxed)) return;
    if (pthread_mutex_trylock(&access->mutex) != 0) return;
    lift_what_is_over(access, now_ms);
    pthread_mutex_unlock(&access->mutex);
}
