#include "client/room/entries.h"

#include "common/clock.h"
#include "common/holds.h"

bool entries_hold(const struct entries *entries) {
    for (size_t i = 0; i < KEY_SETS_MAX; i++)
        if (entries->peer_host->listing[i] != sessions_under(entries->sessions, i)) return false;
    return true;
}

static struct rendezvous *session_of(const struct entries *entries, size_t number) {
    return &entries->sessions->list[number];
}

static void note_listing(struct entries *entries) {
    for (size_t i = 0; i < KEY_SETS_MAX; i++) entries->peer_host->listing[i] = sessions_under(entries->sessions, i);
}

static void begin(struct entries *entries, unsigned bootnode, size_t set, uint64_t now) {
    const struct bootnode *named = &entries->host->bootnodes[bootnode];
    size_t number;
    if (!sessions_take_entry(entries->sessions, bootnode, set, &number)) return;
    sessions_start(entries->sessions, number, named->addresses, named->address_count, now);
    if (entries->sessions->own_known)
        rendezvous_set_candidates(session_of(entries, number), &entries->sessions->own, now);
    rendezvous_tick(session_of(entries, number), now);
}

static void begin_missing(struct entries *entries, size_t set, uint64_t now) {
    for (unsigned i = 0; i < entries->sessions->bootnodes; i++)
        if (sessions_entry(entries->sessions, i, set) == SESSIONS_NONE) begin(entries, i, set, now);
}

/* The one that we are to be found under has what numbers there are. */
static void begin_all(struct entries *entries, uint64_t now) {
    uint32_t left = entries->wanted;
    size_t set;
    while ((set = key_sets_best(entries->sessions->sets, left)) != KEY_SETS_NONE) {
        begin_missing(entries, set, now);
        left &= ~(UINT32_C(1) << set);
    }
}

static void leave(struct entries *entries, size_t set, uint64_t now) {
    const uint32_t under = sessions_under(entries->sessions, set);
    entries->wanted &= ~(UINT32_C(1) << set);
    entries->leave_at[set] = NEVER;
    for (size_t i = 0; i < BOOTNODE_SESSIONS; i++) {
        if (!(under >> i & 1) || !sessions_is_entry(entries->sessions, i)) continue;
        signpost_end(entries->signposts, i, now);
        rendezvous_move_away(session_of(entries, i), now);
    }
}

/* Another entry of the same bootnode, to which counts what this one told. */
static size_t heir_of(const struct entries *entries, size_t number) {
    const struct sessions *sessions = entries->sessions;
    size_t heir = sessions_entry(sessions, sessions->bootnode[number], key_sets_current(sessions->sets));
    return heir == SESSIONS_NONE ? number : heir;
}

static bool is_over(const struct entries *entries, size_t number) {
    return sessions_is_entry(entries->sessions, number) && session_of(entries, number)->state == RENDEZVOUS_ENDED &&
           sessions_behind(entries->sessions, number) == UINT32_C(1) << number;
}

static void give_up_ended(struct entries *entries, uint64_t now) {
    for (size_t i = 0; i < entries->sessions->end; i++)
        if (is_over(entries, i)) signpost_give_up(entries->signposts, i, heir_of(entries, i), now);
}

static bool is_reached(const struct entries *entries, size_t entry) {
    const uint32_t all = entry == SESSIONS_NONE ? 0 : sessions_behind(entries->sessions, entry);
    for (size_t i = 0; i < BOOTNODE_SESSIONS; i++)
        if (all >> i & 1 && rendezvous_reachable(session_of(entries, i))) return true;
    return false;
}

/* Where the present set is not registered yet, the other one is all there is. */
static bool has_moved(const struct entries *entries, size_t set) {
    const struct sessions *sessions = entries->sessions;
    const size_t current = key_sets_current(sessions->sets);
    for (unsigned i = 0; i < sessions->bootnodes; i++)
        if (is_reached(entries, sessions_entry(sessions, i, set)) &&
            !is_reached(entries, sessions_entry(sessions, i, current)))
            return false;
    return true;
}

void entries_init(struct entries *entries, uint64_t now) {
    for (size_t i = 0; i < KEY_SETS_MAX; i++) entries->leave_at[i] = NEVER;
    entries->wanted = UINT32_C(1) << key_sets_current(entries->sessions->sets);
    for (size_t i = 0; i < entries->sessions->bootnodes; i++)
        sessions_start(entries->sessions, i, entries->host->bootnodes[i].addresses,
                       entries->host->bootnodes[i].address_count, now);
    note_listing(entries);
}

void entries_want(struct entries *entries, size_t set, uint64_t until, uint64_t now) {
    entries->leave_at[set] = until;
    if (until > now)
        entries->wanted |= UINT32_C(1) << set;
    else if (has_moved(entries, set))
        leave(entries, set, now);
    begin_all(entries, now);
    note_listing(entries);
}

void entries_drop(struct entries *entries, size_t set, uint64_t now) {
    const uint32_t under = sessions_under(entries->sessions, set);
    leave(entries, set, now);
    for (size_t i = 0; i < BOOTNODE_SESSIONS; i++) {
        if (!(under >> i & 1)) continue;
        entries->sessions->set[i] = KEY_SETS_NONE;
        for (size_t j = 0; j < entries->members->count; j++)
            peer_forget_session(entries->members->list[j]->peer, (unsigned)i, (unsigned)heir_of(entries, i), now);
    }
    note_listing(entries);
}

void entries_tick(struct entries *entries, uint64_t now) {
    for (size_t i = 0; i < KEY_SETS_MAX; i++)
        if (now >= entries->leave_at[i] && has_moved(entries, i)) leave(entries, i, now);
    give_up_ended(entries, now);
    begin_all(entries, now);
    note_listing(entries);
    HOLDS(entries_hold(entries));
}

uint64_t entries_due(const struct entries *entries) {
    uint64_t due = NEVER;
    for (size_t i = 0; i < KEY_SETS_MAX; i++)
        if (entries->leave_at[i] != NEVER && has_moved(entries, i)) due = earlier(due, entries->leave_at[i]);
    return due;
}
