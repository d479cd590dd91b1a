#include "bootnode/guard/access.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

enum access_rule access_ask(const struct access *access, const struct address *address) {
    if (!access) return ACCESS_OPEN;
    const struct access_rules *rules = rcu_load(&access->rules);
    enum access_rule rule = ACCESS_BANNED;
    enum access_part part;
    if (rules->open) return ACCESS_OPEN;
    if (!access_rules_against(access, rules, PART_BANNED, address)) {
        rule = ACCESS_DENIED;
        if (!access_rules_against(access, rules, PART_DENIED, address)) return ACCESS_OPEN;
    }
    return access_rules_for(rules, address, &part) ? ACCESS_OPEN : rule;
}

bool access_is_open(const struct access *access) {
    return !access || rcu_load(&access->rules)->open;
}

uint64_t access_changes(const struct access *access) {
    return access ? atomic_load_explicit(&access->changes, memory_order_acquire) : 0;
}

void access_measure(struct access *access, struct access_sizes *out) {
    *out = (struct access_sizes){.orders = 0};
    pthread_mutex_lock(&access->mutex);
    const struct access_rules *rules = rcu_load(&access->rules);
    out->allowed = prefix_set_count(rules->parts[PART_ALLOWED]);
    out->denied = prefix_set_count(rules->parts[PART_DENIED]) + prefix_set_count(rules->parts[PART_DENIED_OWN]);
    out->orders = access->orders->count;
    for (size_t i = 0; i < ACCESS_PARTS; i++) out->bytes += prefix_set_bytes(rules->parts[i]);
    pthread_mutex_unlock(&access->mutex);
}

/* --- Life --- */

static void free_access(struct access *access) {
    struct access_rules *rules = rcu_load(&access->rules);
    for (size_t i = 0; rules && i < ACCESS_PARTS; i++) prefix_set_destroy(rules->parts[i]);
    free(rules);
    free(access->orders);
    free(access->own);
    free(access);
}

struct access *access_create(const struct address *own, size_t own_count) {
    struct access *access = calloc(1, sizeof *access);
    if (!access) return NULL;
    struct access_rules *rules = calloc(1, sizeof *rules);
    access->orders = calloc(1, sizeof *access->orders);
    access->own = calloc(own_count + 1, sizeof *access->own);
    if (rules) rules->open = true;
    rcu_publish(&access->rules, rules);
    atomic_store_explicit(&access->ends_ms, NEVER, memory_order_relaxed);
    if (!rules || !access->orders || !access->own) {
        free_access(access);
        return NULL;
    }
    if (own_count > 0) memcpy(access->own, own, own_count * sizeof *own);
    access->own_count = own_count;
    pthread_mutex_init(&access->mutex, NULL);
    return access;
}

void access_destroy(struct access *access) {
    if (!access) return;
    if (access->reclaims) {
        rcu_reader_quiescent();
        rcu_drain();
    }
    pthread_mutex_destroy(&access->mutex);
    free_access(access);
}
