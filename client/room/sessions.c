#include "client/room/sessions.h"

#include "client/room/reach.h"
#include "common/holds.h"

bool sessions_holds(const struct sessions *sessions) {
    const uint16_t entries = (uint16_t)((1u << sessions->entries) - 1);
    return (sessions->used & entries) == entries && sessions->end <= BOOTNODE_SESSIONS &&
           sessions->used >> sessions->end == 0;
}

void sessions_init(struct sessions *sessions, size_t entries) {
    sessions->used = (uint16_t)((1u << entries) - 1);
    sessions->entries = sessions->end = entries;
    for (size_t i = 0; i < entries; i++) sessions->bootnode[i] = (uint8_t)i;
}

void sessions_start(struct sessions *sessions, size_t number, const struct address *addresses, size_t count,
                    uint64_t now) {
    struct rendezvous_owner owner = sessions->owner;
    owner.context = owner.presence.context = &sessions->contexts[number];
    rendezvous_init(&sessions->list[number], &owner, sessions->room, sessions->identity, sessions->suite_mask,
                    addresses, count, now);
}

bool sessions_has(const struct sessions *sessions, size_t number) {
    return sessions->used >> number & 1;
}

size_t sessions_next(const struct sessions *sessions, size_t number) {
    while (number < sessions->end && !sessions_has(sessions, number)) number++;
    return number;
}

uint16_t sessions_of(const struct sessions *sessions, unsigned bootnode) {
    uint16_t set = 0;
    for (size_t i = 0; i < sessions->end; i++)
        if (sessions_has(sessions, i) && sessions->bootnode[i] == bootnode) set |= (uint16_t)(1u << i);
    return set;
}

static size_t count_homes(const struct sessions *sessions, unsigned bootnode) {
    return (size_t)__builtin_popcount(sessions_of(sessions, bootnode)) - 1;
}

/* What others may still need is not for it. */
static bool may_take(const struct sessions *sessions, unsigned bootnode) {
    size_t unfree = 0;
    if (count_homes(sessions, bootnode) < SESSIONS_KEPT) return true;
    for (unsigned i = 0; i < sessions->entries; i++) {
        size_t homes = count_homes(sessions, i);
        unfree += i != bootnode && homes < SESSIONS_KEPT ? SESSIONS_KEPT : homes;
    }
    return sessions->entries + unfree < BOOTNODE_SESSIONS;
}

/* The next one in turn. */
bool sessions_take(struct sessions *sessions, unsigned bootnode, size_t *number) {
    const size_t homes = BOOTNODE_SESSIONS - sessions->entries;
    size_t at = sessions->last < sessions->entries ? BOOTNODE_SESSIONS - 1 : sessions->last;
    if (!may_take(sessions, bootnode)) return false;
    for (size_t i = 0; i < homes; i++) {
        if (++at == BOOTNODE_SESSIONS) at = sessions->entries;
        if (sessions_has(sessions, at)) continue;
        sessions->used |= (uint16_t)(1u << at);
        sessions->bootnode[at] = (uint8_t)bootnode;
        if (sessions->end <= at) sessions->end = at + 1;
        *number = sessions->last = at;
        HOLDS(sessions_holds(sessions));
        return true;
    }
    return false;
}

void sessions_give_up(struct sessions *sessions, size_t number) {
    rendezvous_clear(&sessions->list[number]);
    sessions->used &= (uint16_t) ~(1u << number);
    while (sessions->end > sessions->entries && !sessions_has(sessions, sessions->end - 1)) sessions->end--;
    HOLDS(sessions_holds(sessions));
}

/* --- Addresses --- */

static bool is_listed(const struct candidate_list *list, const struct address *address) {
    for (uint8_t i = 0; i < list->count; i++)
        if (address_equal(&list->items[i], address)) return true;
    return false;
}

static void list_public(struct candidate_list *list, const struct address *address) {
    if (list->count == RECORD_CANDIDATES_MAX || is_listed(list, address)) return;
    if (address_classify(address) == ADDRESS_PUBLIC) list->items[list->count++] = *address;
}

/* Private addresses a bootnode tells where they are of use. */
void sessions_own_candidates(const struct sessions *sessions, struct candidate_list *out) {
    const struct candidate_list *own = &sessions->list[0].own.candidates; /* the same at each */
    *out = (struct candidate_list){0};
    for (size_t i = 0; i < sessions->end; i++) list_public(out, &sessions->list[i].mapped);
    for (size_t i = 0; i < sessions->end; i++) {
        const struct address *other = rendezvous_mapped_other(&sessions->list[i]);
        if (other) list_public(out, other);
    }
    for (uint8_t i = 0; i < own->count; i++) list_public(out, &own->items[i]);
}

static bool any_on_loopback(const struct sessions *sessions) {
    for (size_t i = 0; i < sessions->end; i++)
        if (address_classify(&sessions->list[i].bootnode) == ADDRESS_LOOPBACK) return true;
    return false;
}

static bool sees_us_at(const struct rendezvous *rendezvous, const struct address *address) {
    const struct address *other = rendezvous_mapped_other(rendezvous);
    return address_equal(address, &rendezvous->mapped) || (other && address_equal(address, other));
}

bool sessions_are_ours(const struct sessions *sessions, const struct address *address) {
    if (is_listed(&sessions->list[0].own.candidates, address)) return true;
    for (size_t i = 0; i < sessions->end; i++)
        if (sees_us_at(&sessions->list[i], address)) return true;
    return false;
}

bool sessions_are_at(const struct sessions *sessions, const struct address *address) {
    size_t door;
    for (size_t i = 0; i < sessions->end; i++)
        if (doors_find(&sessions->list[i].doors, address, &door)) return true;
    return sessions_are_ours(sessions, address);
}

size_t sessions_usable(const struct sessions *sessions, size_t number, const struct own_links *links,
                       const struct candidate_list *candidates, struct address out[static RECORD_CANDIDATES_MAX]) {
    const struct rendezvous *from = &sessions->list[number];
    const struct reach_view view = {
        .links = links, .bootnode = from->bootnode, .mapped = from->mapped, .loopback = any_on_loopback(sessions)};
    size_t count = 0;
    for (unsigned i = 0; i < candidates->count; i++) {
        const struct address *candidate = &candidates->items[i];
        struct address beside;
        if (candidate_is_seen(candidates, i) && reach_beside(&view, candidate, &beside) &&
            !sessions_are_at(sessions, &beside))
            count += reach_candidate(&view, &beside, &out[count], RECORD_CANDIDATES_MAX - count);
        if (!sessions_are_at(sessions, candidate))
            count += reach_candidate(&view, candidate, &out[count], RECORD_CANDIDATES_MAX - count);
    }
    return count;
}

static void add_usable(struct sessions_usable *usable, const struct address *address) {
    if (usable->count == SESSIONS_USABLE_MAX) return;
    for (size_t i = 0; i < usable->count; i++)
        if (address_equal(&usable->addresses[i], address)) return;
    usable->addresses[usable->count++] = *address;
}

void sessions_gather(const struct sessions *sessions, size_t from, const struct own_links *links,
                     const struct member_record *news, struct sessions_usable *out) {
    struct address told[BOOTNODE_SESSIONS][RECORD_CANDIDATES_MAX];
    size_t counts[BOOTNODE_SESSIONS], sources = 1;
    counts[0] = sessions_usable(sessions, from, links, &news->candidates, told[0]);
    out->count = 0;
    for (size_t i = 0; i < sessions->end; i++) {
        if (i == from || !rendezvous_reachable(&sessions->list[i])) continue;
        const struct member_record *record = rendezvous_find(&sessions->list[i], news->id);
        if (!record) continue;
        counts[sources] = sessions_usable(sessions, i, links, &record->candidates, told[sources]);
        sources++;
    }
    for (size_t rank = 0; rank < RECORD_CANDIDATES_MAX; rank++)
        for (size_t i = 0; i < sources; i++)
            if (rank < counts[i]) add_usable(out, &told[i][rank]);
}
