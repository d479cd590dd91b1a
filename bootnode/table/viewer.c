#include "bootnode/table/viewer.h"

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

struct viewer viewer_of(const struct session *session) {
    struct candidate_list named;
    candidates_unpack(&session->candidates, &named);
    return seen_of(session, &named);
}

static bool was_seen_at_ip(const struct viewer *member, const struct address *address) {
    for (uint8_t i = 0; i < member->count; i++)
        if (address_same_ip(&member->seen[i], address)) return true;
    return false;
}

static bool share_ip(const struct viewer *a, const struct viewer *b) {
    for (uint8_t i = 0; i < a->count; i++)
        if (was_seen_at_ip(b, &a->seen[i])) return true;
    return false;
}

static bool is_listed(const struct candidate_list *list, const struct address *address) {
    for (uint8_t i = 0; i < list->count; i++)
        if (address_equal(&list->items[i], address)) return true;
    return false;
}

static void list_named(struct candidate_list *list, const struct address *candidate) {
    if (list->count < RECORD_CANDIDATES_MAX && !is_listed(list, candidate)) list->items[list->count++] = *candidate;
}

void viewer_look(const struct viewer *viewer, const struct session *member, struct candidate_list *out) {
    struct candidate_list named;
    candidates_unpack(&member->candidates, &named);
    const struct viewer seen = seen_of(member, &named);
    bool near = share_ip(&seen, viewer);
    *out = (struct candidate_list){.count = 0};
    for (uint8_t i = 0; i < seen.count; i++) {
        out->seen = (uint8_t)(out->seen | 1U << out->count);
        out->items[out->count++] = seen.seen[i];
    }
    for (uint8_t i = 0; i < named.count; i++) {
        const struct address *candidate = &named.items[i];
        enum address_class class = address_classify(candidate);
        if (class == ADDRESS_UNUSABLE) continue;
        if (was_seen_at_ip(&seen, candidate) || (class == ADDRESS_PRIVATE && near)) list_named(out, candidate);
    }
}
