#include "bootnode/table/viewer.h"

#include "bootnode/guard/source_prefix.h"

static void see(struct viewer *viewer, const struct address *address) {
    viewer->seen[viewer->count++] = *address;
}

/* A proven address of the session's own family was overtaken: the session has moved. */
static struct viewer seen_of(const struct session *session, const struct candidate_list *named) {
    const struct address own = session_address(session);
    struct viewer viewer = {.count = 0};
    see(&viewer, &own);
    if (candidate_is_seen(named, 0) && address_is_ipv4(&named->items[0]) != address_is_ipv4(&own))
        see(&viewer, &named->items[0]);
    return viewer;
}

struct viewer viewer_of(const struct session *session, const struct public_addresses *outside) {
    struct candidate_list named;
    candidates_unpack(&session->candidates, &named);
    struct viewer viewer = seen_of(session, &named);
    viewer.outside = outside;
    return viewer;
}

/* Where an address of our own network is to be found from outside. */
static struct address outwards(const struct viewer *viewer, const struct address *address) {
    return viewer->outside ? public_address_of_client(viewer->outside, address) : *address;
}

/* Whether both are where the bootnode is, or behind one IP. */
static bool share_ip(const struct viewer *viewer, const struct address *mine, const struct address *theirs) {
    const struct address my_outer = outwards(viewer, mine), their_outer = outwards(viewer, theirs);
    return address_same_ip(&my_outer, &their_outer);
}

/* On the bootnode's own machine, in a private network of it, or behind its public IP. */
static bool is_at_home(const struct viewer *viewer, const struct address *address) {
    enum address_class class = address_classify(address);
    return class == ADDRESS_LOOPBACK || class == ADDRESS_PRIVATE ||
           (viewer->outside && public_address_is_own(viewer->outside, address));
}

/* As far as the bootnode can tell. Its own machine is in all of its private networks, but they know nothing of each
 * other. */
static bool share_network(const struct viewer *viewer, const struct address *mine, const struct address *theirs) {
    static const struct source_prefix ipv4 = {.bytes = 15}, ipv6 = {.bytes = 8}; /* /24 and /64 */
    enum address_class my_class = address_classify(mine), their_class = address_classify(theirs);
    if (address_same_ip(mine, theirs)) return true;
    if (my_class == ADDRESS_LOOPBACK || their_class == ADDRESS_LOOPBACK)
        return is_at_home(viewer, mine) && is_at_home(viewer, theirs);
    return my_class == ADDRESS_PRIVATE && their_class == ADDRESS_PRIVATE &&
           source_prefix_covers(address_is_ipv4(mine) ? &ipv4 : &ipv6, mine, theirs);
}

typedef bool sharing(const struct viewer *viewer, const struct address *mine, const struct address *theirs);

static bool any_share(sharing *share, const struct viewer *viewer, const struct viewer *member) {
    for (uint8_t i = 0; i < viewer->count; i++)
        for (uint8_t j = 0; j < member->count; j++)
            if (share(viewer, &viewer->seen[i], &member->seen[j])) return true;
    return false;
}

static void list(struct candidate_list *out, const struct address *candidate, bool seen) {
    for (uint8_t i = 0; i < out->count; i++)
        if (address_equal(&out->items[i], candidate)) return;
    if (out->count == RECORD_CANDIDATES_MAX) return;
    if (seen) out->seen = (uint8_t)(out->seen | 1U << out->count);
    out->items[out->count++] = *candidate;
}

static bool has_ip(const struct candidate_list *told, uint8_t count, const struct address *candidate) {
    for (uint8_t i = 0; i < count; i++)
        if (address_same_ip(&told->items[i], candidate)) return true;
    return false;
}

/* Where the member was seen, as this viewer may know it. True when it is in our own network. */
static bool list_seen(const struct viewer *viewer, const struct viewer *member, struct candidate_list *out) {
    bool near = any_share(share_ip, viewer, member);
    struct address outer[SEEN_MAX];
    bool inside = false;
    for (uint8_t i = 0; i < member->count; i++) {
        outer[i] = outwards(viewer, &member->seen[i]);
        inside |= !address_equal(&outer[i], &member->seen[i]);
        list(out, near ? &member->seen[i] : &outer[i], true);
    }
    for (uint8_t i = 0; i < member->count; i++) list(out, &outer[i], false);
    return inside;
}

void viewer_look(const struct viewer *viewer, const struct session *member, struct candidate_list *out) {
    struct candidate_list named;
    candidates_unpack(&member->candidates, &named);
    const struct viewer seen = seen_of(member, &named);
    bool near = any_share(share_network, viewer, &seen);
    *out = (struct candidate_list){.count = 0};
    bool inside = list_seen(viewer, &seen, out);
    uint8_t base = out->count;
    for (uint8_t i = 0; i < named.count; i++) {
        const struct address *candidate = &named.items[i];
        enum address_class class = address_classify(candidate);
        if (class == ADDRESS_UNUSABLE) continue;
        if (has_ip(out, base, candidate) || ((class == ADDRESS_PRIVATE || class == ADDRESS_LINK_LOCAL) && near) ||
            (inside && public_address_is_own(viewer->outside, candidate)))
            list(out, candidate, false);
    }
}
