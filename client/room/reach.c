#include "client/room/reach.h"

static size_t on_links(const struct reach_view *view, const struct address *candidate, struct address *out,
                       size_t capacity) {
    const uint32_t scope = address_scope(&view->bootnode);
    size_t count = 0;
    if (capacity > 0 && scope != 0) out[count++] = address_scoped(*candidate, scope);
    for (size_t i = 0; i < view->links->count && scope == 0 && count < capacity; i++)
        out[count++] = address_scoped(*candidate, view->links->scopes[i]);
    return count;
}

static bool is_reached(const struct reach_view *view, const struct address *candidate) {
    switch (address_classify(candidate)) {
    case ADDRESS_UNUSABLE: return false;
    case ADDRESS_LOOPBACK: return view->loopback;
    case ADDRESS_LINK_LOCAL: return view->links->ipv4;
    default: return true;
    }
}

size_t reach_candidate(const struct reach_view *view, const struct address *candidate, struct address *out,
                       size_t capacity) {
    if (address_is_scoped(candidate)) return candidate->port ? on_links(view, candidate, out, capacity) : 0;
    if (capacity == 0 || !is_reached(view, candidate)) return 0;
    *out = *candidate;
    return 1;
}

bool reach_beside(const struct reach_view *view, const struct address *seen, struct address *out) {
    enum address_class there = address_classify(seen), bootnode = address_classify(&view->bootnode);
    bool same_machine = there == ADDRESS_LOOPBACK && bootnode != ADDRESS_LOOPBACK;
    bool same_network = (there == ADDRESS_PRIVATE || there == ADDRESS_LINK_LOCAL) && bootnode == ADDRESS_PUBLIC &&
                        address_classify(&view->mapped) == ADDRESS_PUBLIC;
    if (bootnode == ADDRESS_UNUSABLE || !(same_machine || same_network)) return false;
    *out = view->bootnode;
    out->port = seen->port;
    return true;
}
