#include "client/room/sessions.h"

#include "client/room/reach.h"
#include "common/holds.h"

static bool has_place(const struct sessions *sessions, size_t number) {
    const size_t entry = sessions->entry[number], set = sessions->set[number];
    if (sessions->bootnode[entry] != sessions->bootnode[number]) return false;
    return entry != number || set == KEY_SETS_NONE ||
           sessions_entry(sessions, sessions->bootnode[number], set) == number;
}

bool sessions_holds(const struct sessions *sessions) {
    if (sessions->end > BOOTNODE_SESSIONS || (uint64_t)sessions->used >> sessions->end != 0) return false;
    for (size_t i = 0; i < sessions->end; i++)
        if (sessions_has(sessions, i) && !has_place(sessions, i)) return false;
    return true;
}

void sessions_init(struct sessions *sessions, size_t bootnodes) {
    sessions->bootnodes = bootnodes;
    sessions->last = BOOTNODE_SESSIONS - 1;
    for (unsigned i = 0; i < bootnodes; i++) {
        size_t number; /* the same as `i` */
        (void)sessions_take_entry(sessions, i, 0, &number);
    }
}

void sessions_start(struct sessions *sessions, size_t number, const struct address *addresses, size_t count,
                    uint64_t now) {
    struct rendezvous_owner owner = sessions->owner;
    owner.context = owner.presence.context = &sessions->contexts[number];
    rendezvous_init(&sessions->list[number], &owner, sessions->room, sessions->sets->list[sessions->set[number]].tag,
                    sessions->identity, sessions->suite_mask, now);
    if (count > 0) rendezvous_set_addresses(&sessions->list[number], addresses, count, now);
}

bool sessions_has(const struct sessions *sessions, size_t number) {
    return sessions->used >> number & 1;
}

size_t sessions_next(const struct sessions *sessions, size_t number) {
    while (number < sessions->end && !sessions_has(sessions, number)) number++;
    return number;
}

static uint32_t those_with(const struct sessions *sessions, const uint8_t whose[static BOOTNODE_SESSIONS],
                           size_t which) {
    uint32_t all = 0;
    for (size_t i = 0; i < sessions->end; i++)
        if (sessions_has(sessions, i) && whose[i] == which) all |= UINT32_C(1) << i;
    return all;
}

uint32_t sessions_of(const struct sessions *sessions, unsigned bootnode) {
    return those_with(sessions, sessions->bootnode, bootnode);
}

uint32_t sessions_behind(const struct sessions *sessions, size_t entry) {
    return those_with(sessions, sessions->entry, entry);
}

uint32_t sessions_under(const struct sessions *sessions, size_t set) {
    return those_with(sessions, sessions->set, set);
}

static size_t count_homes(const struct sessions *sessions, size_t set, unsigned bootnode) {
    size_t all = (size_t)__builtin_popcount(sessions_of(sessions, bootnode) & sessions_under(sessions, set));
    return all > 0 ? all - 1 : 0;
}

/* What others may still need is not for it. */
static bool may_take_home(const struct sessions *sessions, size_t set, unsigned bootnode) {
    size_t unfree = 0;
    if (count_homes(sessions, set, bootnode) < SESSIONS_KEPT) return true;
    for (unsigned i = 0; i < sessions->bootnodes; i++) {
        size_t homes = count_homes(sessions, set, i);
        unfree += i != bootnode && homes < SESSIONS_KEPT ? SESSIONS_KEPT : homes;
    }
    return sessions->bootnodes + unfree < SESSIONS_OF_SET;
}

/* All sets but the present one have as many numbers as that. */
static bool may_take(const struct sessions *sessions, size_t set) {
    const size_t current = key_sets_current(sessions->sets);
    const uint32_t others = sessions->used & ~sessions_under(sessions, current);
    return set == current || __builtin_popcount(others) < BOOTNODE_SESSIONS - SESSIONS_OF_SET;
}

/* The next one in turn. */
static bool take(struct sessions *sessions, unsigned bootnode, size_t set, size_t *number) {
    size_t at = sessions->last;
    for (size_t i = 0; i < BOOTNODE_SESSIONS; i++) {
        if (++at == BOOTNODE_SESSIONS) at = 0;
        if (sessions_has(sessions, at)) continue;
        sessions->used |= UINT32_C(1) << at;
        sessions->bootnode[at] = (uint8_t)bootnode;
        sessions->set[at] = (uint8_t)set;
        if (sessions->end <= at) sessions->end = at + 1;
        *number = sessions->last = at;
        return true;
    }
    return false;
}

bool sessions_take_entry(struct sessions *sessions, unsigned bootnode, size_t set, size_t *number) {
    if (!may_take(sessions, set) || !take(sessions, bootnode, set, number)) return false;
    sessions->entry[*number] = (uint8_t)*number;
    HOLDS(sessions_holds(sessions));
    return true;
}

bool sessions_take_home(struct sessions *sessions, size_t entry, size_t *number) {
    const size_t set = sessions->set[entry];
    const unsigned bootnode = sessions->bootnode[entry];
    if (!may_take(sessions, set) || !may_take_home(sessions, set, bootnode)) return false;
    if (!take(sessions, bootnode, set, number)) return false;
    sessions->entry[*number] = (uint8_t)entry;
    HOLDS(sessions_holds(sessions));
    return true;
}

bool sessions_is_entry(const struct sessions *sessions, size_t number) {
    return sessions_has(sessions, number) && sessions->entry[number] == number;
}

bool sessions_is_current(const struct sessions *sessions, size_t number) {
    return sessions->set[number] == key_sets_current(sessions->sets);
}

size_t sessions_entry(const struct sessions *sessions, unsigned bootnode, size_t set) {
    for (size_t i = 0; i < sessions->end; i++)
        if (sessions_is_entry(sessions, i) && sessions->bootnode[i] == bootnode && sessions->set[i] == set) return i;
    return SESSIONS_NONE;
}

void sessions_give_up(struct sessions *sessions, size_t number) {
    rendezvous_clear(&sessions->list[number]);
    sessions->used &= ~(UINT32_C(1) << number);
    while (sessions->end > 0 && !sessions_has(sessions, sessions->end - 1)) sessions->end--;
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
    const struct candidate_list *own = &sessions->own;
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
    if (is_listed(&sessions->own, address)) return true;
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
