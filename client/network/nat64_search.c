#include "client/network/nat64_search.h"

#include "common/clock.h"

#define AGAIN_MS                                                                                                       \
    600000 /* a name server may be told another prefix; RFC 7050 §3 leaves it to the record's time to live */

void nat64_search_init(struct nat64_search *search) {
    *search = (struct nat64_search){.has_ipv4 = true};
    name_lookup_settle(&search->lookup);
}

void nat64_search_network(struct nat64_search *search, bool has_ipv4, uint64_t now) {
    search->has_ipv4 = has_ipv4;
    name_lookup_settle(&search->lookup);
    search->concluded = (struct nat64){0};
    if (has_ipv4)
        search->named = (struct nat64){0};
    else
        name_lookup_want(&search->lookup, now);
}

bool nat64_search_tick(struct nat64_search *search, uint64_t now) {
    if (now >= search->told_until) search->told = (struct nat64){0};
    return name_lookup_take(&search->lookup, NAME_LOOKUP_SILENT_MS, now);
}

uint64_t nat64_search_due(const struct nat64_search *search) {
    return search->told.bits ? earlier(search->lookup.due, search->told_until) : search->lookup.due;
}

void nat64_search_named(struct nat64_search *search, const struct address *addresses, size_t count, uint64_t now) {
    if (search->has_ipv4) return;
    struct nat64 found = {0};
    for (size_t i = 0; i < count && !found.bits; i++)
        if (!nat64_of_name(&addresses[i], &found)) found = (struct nat64){0};
    if (!found.bits) {
        name_lookup_failed(&search->lookup, now); /* what was found before may hold all the same */
        return;
    }
    search->named = found;
    name_lookup_settle(&search->lookup);
    name_lookup_want(&search->lookup, now + AGAIN_MS);
}

void nat64_search_told(struct nat64_search *search, const struct nat64 *prefix, uint32_t lifetime_s, uint64_t now) {
    if (lifetime_s == 0 && !nat64_equal(&search->told, prefix)) return;
    search->told = lifetime_s ? *prefix : (struct nat64){0};
    search->told_until = now + UINT64_C(1000) * lifetime_s;
}

void nat64_search_seen(struct nat64_search *search, const struct address *address) {
    struct nat64 found;
    if (nat64_of_translated(address, &found)) search->concluded = found;
}

struct nat64 nat64_search_found(const struct nat64_search *search, uint64_t now) {
    if (search->has_ipv4) return (struct nat64){0};
    if (search->told.bits && now < search->told_until) return search->told;
    return search->named.bits ? search->named : search->concluded;
}
