#include "client/network/candidates.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

/* Best first: an IPv4 address is what a neighbour behind the same NAT most likely reaches. */
enum kind { KIND_IPV4, KIND_PUBLIC_IPV6, KIND_PRIVATE_IPV6, KIND_LINK_LOCAL_IPV4, KIND_LINK_LOCAL_IPV6, NOT_OFFERED };

struct choice {
    struct address address;
    enum kind kind;
    unsigned group; /* first by this, then by the members that follow */
    uint32_t metric;
    size_t interface; /* its place in the list */
    size_t order;
};

static enum kind kind_of(struct address address) {
    address.port = 1;
    bool ipv4 = address_is_ipv4(&address);
    switch (address_classify(&address)) {
    case ADDRESS_PUBLIC: return ipv4 ? KIND_IPV4 : KIND_PUBLIC_IPV6;
    case ADDRESS_PRIVATE: return ipv4 ? KIND_IPV4 : KIND_PRIVATE_IPV6;
    case ADDRESS_LINK_LOCAL: return ipv4 ? KIND_LINK_LOCAL_IPV4 : KIND_LINK_LOCAL_IPV6;
    default: return NOT_OFFERED;
    }
}

/* The place of its interface in the list; -1: none that others could come by. */
static ssize_t place_of(const struct interfaces *interfaces, const struct interface_address *address) {
    const struct interface *interface = interfaces_find(interfaces, address->interface);
    if (!interface || !interface->running || interface->loopback) return -1;
    return interface - interfaces->list;
}

static bool is_card(const struct interface *interface) {
    return interface->reach <= INTERFACE_LINK;
}

/* --- What is named --- */

static bool contains(const struct candidate_list *list, const struct address *address) {
    for (uint8_t i = 0; i < list->count; i++)
        if (address_equal(&list->items[i], address)) return true;
    return false;
}

/* Has its interface an address that is not of one link alone? */
static bool has_more(const struct interfaces *interfaces, uint32_t index, bool ipv6) {
    for (size_t i = 0; i < interfaces->address_count; i++) {
        const struct interface_address *address = &interfaces->addresses[i];
        if (address->interface != index || !address->ready) continue;
        enum kind kind = kind_of(address->address);
        if (kind == KIND_IPV4 || (ipv6 && kind < KIND_LINK_LOCAL_IPV4)) return true;
    }
    return false;
}

static bool is_named(const struct interfaces *interfaces, const struct interface_address *address, bool ipv6) {
    if (!address->ready || (!ipv6 && !address_is_ipv4(&address->address))) return false;
    ssize_t place = place_of(interfaces, address);
    if (place < 0) return false;
    switch (kind_of(address->address)) {
    case NOT_OFFERED: return false;
    case KIND_LINK_LOCAL_IPV4: return is_card(&interfaces->list[place]);
    case KIND_LINK_LOCAL_IPV6:
        return is_card(&interfaces->list[place]) && !has_more(interfaces, address->interface, ipv6);
    default: return true;
    }
}

/* Of those already chosen, how many are of that interface and kind? */
static bool has_one(const struct choice *choices, size_t count, size_t interface, enum kind kind) {
    for (size_t i = 0; i < count; i++)
        if (choices[i].interface == interface && choices[i].kind == kind) return true;
    return false;
}

static unsigned group_of(enum interface_reach reach, bool further) {
    static const unsigned groups[][2] = {
        [INTERFACE_OUT] = {0, 2}, [INTERFACE_LINK] = {1, 3}, [INTERFACE_TUNNEL] = {4, 5}, [INTERFACE_INSIDE] = {6, 7}};
    return groups[reach][further];
}

static size_t choose(const struct interfaces *interfaces, bool temporary, bool ipv6, struct choice *out, size_t count) {
    for (size_t i = 0; i < interfaces->address_count; i++) {
        const struct interface_address *address = &interfaces->addresses[i];
        if (address->temporary != temporary || !is_named(interfaces, address, ipv6)) continue;
        size_t place = (size_t)place_of(interfaces, address);
        const struct interface *interface = &interfaces->list[place];
        enum kind kind = kind_of(address->address);
        out[count] = (struct choice){.address = address_unscoped(address->address),
                                     .kind = kind,
                                     .group = group_of(interface->reach, has_one(out, count, place, kind)),
                                     .metric = interface->metric,
                                     .interface = place,
                                     .order = count};
        count++;
    }
    return count;
}

static int compare(const void *left, const void *right) {
    const struct choice *a = left, *b = right;
    if (a->group != b->group) return a->group < b->group ? -1 : 1;
    if (a->metric != b->metric) return a->metric < b->metric ? -1 : 1;
    if (a->interface != b->interface) return a->interface < b->interface ? -1 : 1;
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

void candidates_select(const struct interfaces *interfaces, uint16_t port, bool ipv6, struct candidate_list *out) {
    struct choice *choices = allocate_zeroed(interfaces->address_count + 1, sizeof *choices);
    size_t count = choose(interfaces, true, ipv6, choices, 0);
    count = choose(interfaces, false, ipv6, choices, count);
    qsort(choices, count, sizeof *choices, compare);
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < count && out->count < MEMBER_CANDIDATES_MAX; i++) {
        choices[i].address.port = port;
        if (!contains(out, &choices[i].address)) out->items[out->count++] = choices[i].address;
    }
    free(choices);
}

static uint8_t least_missed(const struct candidate_list *list) {
    uint8_t at = (uint8_t)(list->count - 1);
    while (at > 0 && !address_is_ipv4(&list->items[at])) at--;
    return at > 0 ? at : (uint8_t)(list->count - 1);
}

void candidates_add_mapped(struct candidate_list *list, const struct address *mapped) {
    if (contains(list, mapped)) return;
    if (list->count == MEMBER_CANDIDATES_MAX)
        list->items[least_missed(list)] = *mapped;
    else
        list->items[list->count++] = *mapped;
}

bool candidates_have(const struct interfaces *interfaces, const struct address *address) {
    for (size_t i = 0; i < interfaces->address_count; i++) {
        const struct interface_address *own = &interfaces->addresses[i];
        const struct interface *interface = interfaces_find(interfaces, own->interface);
        if (interface && interface->running && address_same_ip(&own->address, address)) return true;
    }
    return false;
}

bool candidates_equal(const struct candidate_list *a, const struct candidate_list *b) {
    if (a->count != b->count) return false;
    for (uint8_t i = 0; i < a->count; i++)
        if (!address_equal(&a->items[i], &b->items[i])) return false;
    return true;
}

/* --- Links --- */

static void add_scope(struct own_links *links, uint32_t scope) {
    for (size_t i = 0; i < links->count; i++)
        if (links->scopes[i] == scope) return;
    if (links->count < LINKS_MAX) links->scopes[links->count++] = scope;
}

static void add_links(const struct interfaces *interfaces, enum interface_reach reach, struct own_links *out) {
    for (size_t i = 0; i < interfaces->address_count; i++) {
        const struct interface_address *address = &interfaces->addresses[i];
        ssize_t place = place_of(interfaces, address);
        if (place < 0 || interfaces->list[place].reach != reach) continue;
        enum kind kind = kind_of(address->address);
        out->ipv4 |= kind == KIND_LINK_LOCAL_IPV4;
        if (kind == KIND_LINK_LOCAL_IPV6) add_scope(out, address->interface);
    }
}

void candidates_links(const struct interfaces *interfaces, struct own_links *out) {
    *out = (struct own_links){.count = 0};
    add_links(interfaces, INTERFACE_OUT, out);
    add_links(interfaces, INTERFACE_LINK, out);
}
