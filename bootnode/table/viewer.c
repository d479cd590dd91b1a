#include "bootnode/table/viewer.h"

#include "bootnode/guard/source_prefix.h"

static void see(struct viewer *viewer, const struct address *address) {
    struct sighting *sighting = &viewer->seen[viewer->count++];
    enum address_class class = address_classify(address);
    bool inside = class == ADDRESS_LOOPBACK || class == ADDRESS_PRIVATE;
    *sighting = (struct sighting){.seen = *address, .outer = *address, .class = class, .at_home = inside};
    if (!viewer->outside) return;
    if (inside) sighting->outer = public_address_of_client(viewer->outside, address);
    sighting->at_home |= public_address_is_own(viewer->outside, address);
}

struct viewer viewer_at(const struct address *seen, const struct public_addresses *outside) {
    struct viewer viewer = {.outside = outside};
    see(&viewer, seen);
    return viewer;
}

/* A proven address of the session's own family was overtaken: the session has moved. */
static struct viewer seen_of(const struct session *session, const struct candidate_list *named,
                             const struct public_addresses *outside) {
    const struct address own = session_address(session);
    struct viewer viewer = viewer_at(&own, outside);
    if (candidate_is_seen(named, 0) && address_is_ipv4(&named->items[0]) != address_is_ipv4(&own))
        see(&viewer, &named->items[0]);
    return viewer;
}

struct viewer viewer_of(const struct session *session, const struct public_addresses *outside) {
    struct candidate_list named;
    candidates_unpack(&session->candidates, &named);
    return seen_of(session, &named, outside);
}

/* Whether both are where the bootnode is, or behind one IP. */
static bool share_ip(const struct sighting *mine, const struct sighting *theirs) {
    return address_same_ip(&mine->outer, &theirs->outer);
}

/* As far as the bootnode can tell. Its own machine is in all of its private networks, but they know nothing of each
 * other. */
static bool share_network(const struct sighting *mine, const struct sighting *theirs) {
    static const struct source_prefix ipv4 = {.bytes = 15}, ipv6 = {.bytes = 8}; /* /24 and /64 */
    if (address_same_ip(&mine->seen, &theirs->seen)) return true;
    if (mine->class == ADDRESS_LOOPBACK || theirs->class == ADDRESS_LOOPBACK) return mine->at_home && theirs->at_home;
    return mine->class == ADDRESS_PRIVATE && theirs->class == ADDRESS_PRIVATE &&
           source_prefix_covers(address_is_ipv4(&mine->seen) ? &ipv4 : &ipv6, &mine->seen, &theirs->seen);
}

typedef bool sharing(const struct sighting *mine, const struct sighting *theirs);

static bool any_share(sharing *share, const struct viewer *viewer, const struct viewer *member) {
    for (uint8_t i = 0; i < viewer->count; i++)
        for (uint8_t j = 0; j < member->count; j++)
            if (share(&viewer->seen[i], &member->seen[j])) return true;
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
    bool near = any_share(share_ip, viewer, member), inside = false;
    for (uint8_t i = 0; i < member->count; i++) {
        const struct sighting *sighting = &member->seen[i];
        inside |= !address_equal(&sighting->outer, &sighting->seen);
        list(out, near ? &sighting->seen : &sighting->outer, true);
    }
    for (uint8_t i = 0; i < member->count; i++) list(out, &member->seen[i].outer, false);
    return inside;
}

void viewer_look(const struct viewer *viewer, const struct session *member, struct candidate_list *out) {
    struct candidate_list named;
    candidates_unpack(&member->candidates, &named);
    const struct viewer seen = seen_of(member, &named, viewer->outside);
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
