#include "bootnode/guard/access_rules.h"

#include <stdlib.h>
#include <string.h>

/* --- One's own --- */

static bool is_loopback(const uint8_t ip[static 16], bool ipv4) {
    static const uint8_t one[16] = {[15] = 1};
    return ipv4 ? ip[12] == 127 : memcmp(ip, one, sizeof one) == 0;
}

static bool is_own(const struct access *access, const struct address *address) {
    if (is_loopback(address->ip, address_is_ipv4(address))) return true;
    for (size_t i = 0; i < access->own_count; i++)
        if (address_same_ip(&access->own[i], address)) return true;
    return false;
}

bool access_rules_own_alone(const struct access *access, const struct prefix *prefix) {
    struct address address = {.port = 0};
    bool ipv4 = prefix_is_ipv4(prefix);
    memcpy(address.ip, prefix->ip, sizeof address.ip);
    if (prefix->bits == PREFIX_BITS_MAX) return is_own(access, &address);
    return ipv4 && prefix->bits >= PREFIX_IPV4_BITS + 8 && is_loopback(prefix->ip, ipv4);
}

const struct prefix_entry *access_rules_against(const struct access *access, const struct access_rules *rules,
                                                enum access_part part, const struct address *address) {
    const struct prefix_entry *entry = rules->parts[part + 1] ? access_rules_find(rules, part + 1, address) : NULL;
    if (entry) return entry;
    entry = access_rules_find(rules, part, address);
    return entry && !is_own(access, address) ? entry : NULL;
}

const struct prefix_entry *access_rules_for(const struct access_rules *rules, const struct address *address,
                                            enum access_part *part) {
    const struct prefix_entry *entry = access_rules_find(rules, *part = PART_EXCEPTED, address);
    return entry ? entry : access_rules_find(rules, *part = PART_ALLOWED, address);
}

/* --- From rules to rules --- */

static bool keeps_out(const struct access_rules *rules, enum access_part part) {
    return prefix_set_count(rules->parts[part]) > 0 || prefix_set_count(rules->parts[part + 1]) > 0;
}

/* What was published before is seen by whoever sees the count. */
static void count_change(struct access *access) {
    atomic_fetch_add_explicit(&access->changes, 1, memory_order_release);
}

void access_rules_free(struct access_rules *rules) {
    for (size_t i = 0; i < ACCESS_PARTS; i++)
        if (rules->gone[i]) prefix_set_destroy(rules->parts[i]);
    free(rules);
}

static void reclaim_rules(struct rcu_head *head) {
    struct access_rules *rules = caa_container_of(head, struct access_rules, reclaim);
    if (rules->stricter) count_change(rules->access);
    access_rules_free(rules);
}

void access_rules_succeed(struct access *access, struct access_rules *next, const bool renewed[static ACCESS_PARTS],
                          bool stricter) {
    struct access_rules *former = rcu_load(&access->rules);
    for (size_t i = 0; i < ACCESS_PARTS; i++) {
        if (!renewed[i]) next->parts[i] = former->parts[i];
        former->gone[i] = renewed[i];
    }
    former->access = access;
    next->open = !keeps_out(next, PART_BANNED) && !keeps_out(next, PART_DENIED);
    former->stricter = stricter;
    rcu_publish(&access->rules, next);
    if (stricter) count_change(access);
    access->reclaims = true;
    rcu_reclaim(&former->reclaim, reclaim_rules);
}

bool access_rules_make_set(struct prefix_list *list, struct prefix_set **out) {
    *out = NULL;
    if (list->count == 0) return true;
    *out = prefix_set_create(list->entries, list->count);
    *list = (struct prefix_list){.entries = NULL};
    return *out != NULL;
}
