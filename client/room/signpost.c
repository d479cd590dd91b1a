#include "client/room/signpost.h"

#include <string.h>

#include "common/clock.h"

#define HELP_MS 1000       /* an entry is silent, or its name not found: nodes that were met before are asked, too, */
#define HELP_ALONE_MS 3000 /* and where none of those answers that it names */
#define MOVED_ASK_MS 500
#define STRANGER_MS 10000 /* a home with another key is tried again: its key may be replaced by now */
#define ABSENT_MS 5000    /* no home was ever reached: say so after this */

void signpost_init(struct signposts *signposts) {
    for (size_t i = 0; i < BOOTNODE_SESSIONS; i++) homing_init(&signposts->list[i].homing);
}

bool signpost_is_home(const struct signposts *signposts, size_t number) {
    return signposts->sessions->entry[number] != number;
}

static struct signpost *signpost_of(struct signposts *signposts, size_t number) {
    return &signposts->list[signposts->sessions->entry[number]];
}

static struct rendezvous *session_of(const struct signposts *signposts, size_t number) {
    return &signposts->sessions->list[number];
}

int signpost_node(const struct signposts *signposts, size_t number) {
    const struct homing *homing = &signposts->list[signposts->sessions->entry[number]].homing;
    if (!signpost_is_home(signposts, number)) return HOMING_ENTRY;
    for (size_t i = 0; i < homing->count; i++)
        if (homing->list[i].begun && homing->list[i].number == number) return homing->list[i].home.node;
    return HOMING_ENTRY;
}

void signpost_describe(const struct signposts *signposts, size_t number, struct event *event) {
    const int node = signpost_node(signposts, number);
    const struct round_trip *trip = &session_of(signposts, number)->doors.trip;
    event->has_node = node != HOMING_ENTRY;
    event->node_id = event->has_node ? (uint8_t)node : 0;
    event->rtt_ms = event->has_node ? trip->smoothed_us / 1000.0 : 0;
}

/* --- Keys --- */

static bool keys_equal(const uint8_t a[static 32], const uint8_t b[static 32]) {
    return memcmp(a, b, 32) == 0;
}

/* Under the same key set. */
static struct signpost *find_by_key(struct signposts *signposts, size_t set, const uint8_t key[static 32]) {
    for (size_t i = 0; i < BOOTNODE_SESSIONS; i++)
        if (signposts->list[i].active && signposts->sessions->set[i] == set && keys_equal(signposts->list[i].key, key))
            return &signposts->list[i];
    return NULL;
}

bool signpost_exists(const struct signposts *signposts, const uint8_t key[static 32]) {
    for (size_t i = 0; i < BOOTNODE_SESSIONS; i++)
        if (signposts->list[i].active && keys_equal(signposts->list[i].key, key)) return true;
    return false;
}

bool signpost_has_key(const struct signposts *signposts, size_t number, const uint8_t key[static 32], struct why *why) {
    const unsigned bootnode = signposts->sessions->bootnode[number];
    return keys_equal(signposts->list[signposts->sessions->entry[number]].key, key) ||
           why_fail(why, "a node of the bootnode %s has another key than the one that named it: refused",
                    signposts->host->bootnodes[bootnode].name);
}

void signpost_succeeded(struct signposts *signposts, size_t number, const uint8_t key[static 32]) {
    memcpy(signpost_of(signposts, number)->key, key, 32);
}

static bool all_barred(const struct signposts *signposts, const struct signpost *signpost, size_t but) {
    for (size_t i = 0; i < signpost->homing.count; i++) {
        const struct homing_node *node = &signpost->homing.list[i];
        if (node->begun && node->number != but && session_of(signposts, node->number)->state != RENDEZVOUS_BARRED)
            return false;
    }
    return true;
}

bool signpost_barred(struct signposts *signposts, size_t number, const char *why) {
    struct signpost *signpost = signpost_of(signposts, number);
    const struct chatroom_host *host = signposts->host;
    const unsigned bootnode = signposts->sessions->bootnode[number];
    uint8_t known[32];
    bool is_first = !signpost->ever && all_barred(signposts, signpost, number);
    if (is_first && host->known(host->context, bootnode, known)) return host->barred(host->context, bootnode, why);
    if (!signpost->told_stranger) room_events_error(signposts->events, why);
    signpost->told_stranger = true;
    return true;
}

/* --- What is told --- */

/* What may be tried of it. */
static void admit(const struct signposts *signposts, size_t at, const struct named_homes *named,
                  struct named_homes *out) {
    const struct doors *entry = &signposts->sessions->list[at].doors;
    *out = *named;
    for (unsigned i = 0; i < named->count; i++) {
        struct home *home = &out->list[i];
        home->address_count = 0;
        for (unsigned j = 0; j < named->list[i].address_count; j++) {
            const struct address *address = &named->list[i].addresses[j];
            if (homing_admits(entry, address) && !sessions_are_ours(signposts->sessions, address))
                home->addresses[home->address_count++] = *address;
        }
    }
}

static struct signpost *begin(struct signposts *signposts, size_t entry, uint64_t now) {
    struct signpost *signpost = &signposts->list[entry];
    const uint8_t *key = session_of(signposts, entry)->registering.bootnode_key;
    struct signpost *same = find_by_key(signposts, signposts->sessions->set[entry], key);
    if (same) return same;
    if (!signpost->active) signpost->since = now;
    signpost->rekeyed |= signpost->active && !keys_equal(signpost->key, key);
    signpost->active = true;
    memcpy(signpost->key, key, sizeof signpost->key);
    return signpost;
}

static void vouch(const struct signposts *signposts, unsigned bootnode, const struct named_homes *usable,
                  uint64_t now) {
    for (unsigned i = 0; i < usable->count; i++)
        for (unsigned j = 0; j < usable->list[i].address_count; j++)
            unproven_vouched(signposts->host->unproven, bootnode, &usable->list[i].addresses[j], now);
}

enum rendezvous_place signpost_named(struct signposts *signposts, size_t number, const struct named_homes *named,
                                     bool vouched, uint64_t now) {
    const bool is_home = signpost_is_home(signposts, number);
    struct signpost *signpost = is_home ? signpost_of(signposts, number) : begin(signposts, number, now);
    const int node = signpost_node(signposts, number);
    struct named_homes usable;
    if (is_home && node == HOMING_ENTRY) return RENDEZVOUS_ELSEWHERE;
    admit(signposts, (size_t)(signpost - signposts->list), named, &usable);
    if (vouched) vouch(signposts, signposts->sessions->bootnode[number], &usable, now);
    return homing_told(&signpost->homing, node, &usable, vouched, now) ? RENDEZVOUS_HERE : RENDEZVOUS_ELSEWHERE;
}

void signpost_member_moved(struct signposts *signposts, size_t number, uint64_t now) {
    if (!signpost_of(signposts, number)->active) return; /* it moved to another key set */
    struct rendezvous *rendezvous = session_of(signposts, number);
    if (now - rendezvous->sought >= MOVED_ASK_MS) rendezvous_ask(rendezvous, now);
}

bool signpost_is_served(const struct signposts *signposts, size_t number) {
    const uint32_t all = sessions_behind(signposts->sessions, signposts->sessions->entry[number]);
    for (size_t i = 0; i < BOOTNODE_SESSIONS; i++)
        if (all >> i & 1 && i != number && session_of(signposts, i)->state == RENDEZVOUS_ACTIVE) return true;
    return false;
}

bool signpost_may_greet(const struct signposts *signposts, size_t number, const struct address *to, uint64_t now) {
    size_t door;
    const struct doors *entry = &signposts->sessions->list[signposts->sessions->entry[number]].doors;
    if (!signpost_is_home(signposts, number) || doors_find(entry, to, &door)) return true;
    return unproven_take(signposts->host->unproven, signposts->sessions->bootnode[number], to, now);
}

void signpost_answered(const struct signposts *signposts, size_t number, const struct address *from) {
    if (signpost_is_home(signposts, number)) unproven_answered(signposts->host->unproven, from);
}

void signpost_registered(const struct signposts *signposts, size_t number) {
    if (signpost_is_home(signposts, number))
        unproven_registered(signposts->host->unproven, &session_of(signposts, number)->bootnode);
}

bool signpost_is_lost(const struct signposts *signposts, unsigned bootnode) {
    const struct sessions *sessions = signposts->sessions;
    const size_t entry = sessions_entry(sessions, bootnode, key_sets_current(sessions->sets));
    return entry != SESSIONS_NONE && signposts->list[entry].active && signposts->list[entry].lost;
}

/* --- The sessions --- */

void signpost_give_up(struct signposts *signposts, size_t number, size_t heir, uint64_t now) {
    sessions_give_up(signposts->sessions, number);
    for (size_t i = 0; i < signposts->members->count; i++)
        peer_forget_session(signposts->members->list[i]->peer, (unsigned)number, (unsigned)heir, now);
}

static void give_up_home(struct signposts *signposts, size_t number, uint64_t now) {
    signpost_give_up(signposts, number, signposts->sessions->entry[number], now);
}

static void start(const struct signposts *signposts, const struct homing_node *node, uint64_t now) {
    sessions_start(signposts->sessions, node->number, node->home.addresses, node->home.address_count, now);
    struct rendezvous *rendezvous = session_of(signposts, node->number);
    rendezvous->homes_silent = node->standing == HOMING_LENT;
    rendezvous_set_candidates(rendezvous, &signposts->sessions->own, now);
    rendezvous_tick(rendezvous, now);
}

static void begin_session(struct signposts *signposts, struct signpost *signpost, size_t index, uint64_t now) {
    struct homing_node *node = &signpost->homing.list[index];
    if (sessions_take_home(signposts->sessions, (size_t)(signpost - signposts->list), &node->number))
        start(signposts, node, now);
    else
        homing_forget(&signpost->homing, index);
}

/* NEVER: it is no stranger. */
static uint64_t stranger_at(const struct signposts *signposts, const struct signpost *signpost,
                            const struct homing_node *node) {
    const struct rendezvous *rendezvous = session_of(signposts, node->number);
    if (!node->begun || rendezvous->state != RENDEZVOUS_BARRED) return NEVER;
    return signpost->rekeyed ? 0 : rendezvous->heard + STRANGER_MS;
}

static uint64_t strangers_at(const struct signposts *signposts, const struct signpost *signpost) {
    uint64_t due = NEVER;
    for (size_t i = 0; i < signpost->homing.count; i++)
        due = earlier(due, stranger_at(signposts, signpost, &signpost->homing.list[i]));
    return due;
}

static void try_strangers(const struct signposts *signposts, struct signpost *signpost, uint64_t now) {
    for (size_t i = 0; i < signpost->homing.count; i++) {
        const struct homing_node *node = &signpost->homing.list[i];
        if (now < stranger_at(signposts, signpost, node)) continue;
        rendezvous_clear(session_of(signposts, node->number));
        start(signposts, node, now);
    }
    signpost->rekeyed = false;
}

/* Under another key set we may be at that home still. */
static bool is_there_too(const struct signposts *signposts, size_t number) {
    for (size_t i = 0; i < signposts->sessions->end; i++)
        if (i != number && session_of(signposts, i)->state == RENDEZVOUS_ACTIVE &&
            address_equal(&session_of(signposts, i)->bootnode, &session_of(signposts, number)->bootnode))
            return true;
    return false;
}

static void tell_left(const struct signposts *signposts, size_t number) {
    if (is_there_too(signposts, number)) return;
    struct event *event = room_events_make(signposts->events, EVENT_HOME_LEFT, NULL);
    event->bootnode = session_of(signposts, number)->bootnode;
    event->bootnode_name = signposts->host->bootnodes[signposts->sessions->bootnode[number]].name;
    signpost_describe(signposts, number, event);
    event->rtt_ms = 0;
    room_events_emit(signposts->events, event);
}

/* With a word where there is a session, even where it seems to hear nothing. */
static void end_session(struct signposts *signposts, struct signpost *signpost, size_t index, uint64_t now) {
    const struct homing_node node = signpost->homing.list[index];
    if (node.begun && session_of(signposts, node.number)->ever_active) tell_left(signposts, node.number);
    homing_forget(&signpost->homing, index);
    if (!node.begun) return;
    rendezvous_move_away(session_of(signposts, node.number), now);
    if (session_of(signposts, node.number)->state == RENDEZVOUS_ENDED) give_up_home(signposts, node.number, now);
}

void signpost_end(struct signposts *signposts, size_t entry, uint64_t now) {
    struct signpost *signpost = &signposts->list[entry];
    while (signpost->homing.count > 0) end_session(signposts, signpost, signpost->homing.count - 1, now);
    *signpost = (struct signpost){.active = false};
    homing_init(&signpost->homing);
}

static void ask(struct signposts *signposts, const struct signpost *signpost, uint64_t now) {
    const struct sessions *sessions = signposts->sessions;
    const size_t set = sessions->set[signpost - signposts->list];
    for (size_t i = 0; i < sessions->end; i++) {
        struct rendezvous *entry = session_of(signposts, i);
        if (!sessions_is_entry(sessions, i) || sessions->set[i] != set) continue;
        if (&signposts->list[i] == signpost || registering_has_key(&entry->registering, signpost->key))
            rendezvous_ask(entry, now);
    }
    for (size_t i = 0; i < signpost->homing.count; i++)
        if (signpost->homing.list[i].begun) rendezvous_ask(session_of(signposts, signpost->homing.list[i].number), now);
}

/* Others do not name it any more: which homes does it name, and does it still answer? A beat that asks would tell of
 * its death up to 12 s later. */
static void check(struct rendezvous *rendezvous, uint64_t now) {
    rendezvous_ask(rendezvous, now);
    rendezvous_check(rendezvous, now);
}

static void observe(const struct signposts *signposts, struct signpost *signpost, uint64_t now) {
    for (size_t i = 0; i < signpost->homing.count; i++) {
        const struct homing_node *node = &signpost->homing.list[i];
        if (!node->begun) continue;
        const struct rendezvous *rendezvous = session_of(signposts, node->number);
        bool listed = rendezvous->state == RENDEZVOUS_ACTIVE && rendezvous_listed(rendezvous);
        homing_observe(&signpost->homing, i, listed, rendezvous_silent_since(rendezvous, now));
    }
}

static uint64_t excess_of(const struct signposts *signposts, const struct signpost *signpost) {
    const struct doors *doors = &signposts->sessions->list[signpost - signposts->list].doors;
    return round_trip_excess_ms(round_trip_timeout_ms(&doors->trip));
}

static void follow(struct signposts *signposts, struct signpost *signpost, uint64_t now) {
    enum homing_step step;
    size_t index;
    observe(signposts, signpost, now);
    while ((step = homing_next(&signpost->homing, excess_of(signposts, signpost), now, &index)) != HOMING_REST) {
        switch (step) {
        case HOMING_BEGIN: begin_session(signposts, signpost, index, now); break;
        case HOMING_LEAVE:
        case HOMING_DROP: end_session(signposts, signpost, index, now); break;
        case HOMING_CHECK: check(session_of(signposts, signpost->homing.list[index].number), now); break;
        case HOMING_ASK: ask(signposts, signpost, now); break;
        case HOMING_REST: break;
        }
    }
}

/* --- The bootnode as a whole --- */

static bool is_reached(const struct signposts *signposts, const struct signpost *signpost) {
    const size_t entry = (size_t)(signpost - signposts->list);
    const uint32_t all = sessions_behind(signposts->sessions, entry);
    for (size_t i = 0; i < BOOTNODE_SESSIONS; i++)
        if (all >> i & 1 && i != entry && rendezvous_reachable(session_of(signposts, i))) return true;
    return false;
}

uint32_t signpost_sessions(const struct signposts *signposts) {
    const struct sessions *sessions = signposts->sessions;
    uint32_t all = 0;
    for (size_t i = 0; i < sessions->end; i++)
        if (signposts->list[i].active)
            all |= sessions_of(sessions, sessions->bootnode[i]) & sessions_under(sessions, sessions->set[i]);
    return all;
}

/* Whoever is no home any more gets no newcomers. */
static uint64_t settled_in(const struct signposts *signposts, const struct homing *homing, uint64_t now) {
    uint64_t first = NEVER;
    for (size_t i = 0; i < homing->count; i++)
        if (homing->list[i].begun && homing->list[i].standing != HOMING_FORMER)
            first = earlier(first, rendezvous_settled(session_of(signposts, homing->list[i].number), now));
    return first;
}

uint64_t signpost_settled(const struct signposts *signposts, uint64_t now) {
    uint64_t last = 0;
    for (size_t i = 0; i < signposts->sessions->end; i++)
        if (signposts->list[i].active && sessions_is_current(signposts->sessions, i))
            last = later(last, settled_in(signposts, &signposts->list[i].homing, now));
    return last;
}

static void tell(const struct signposts *signposts, const struct signpost *signpost, enum event_type type,
                 const char *text) {
    const size_t entry = (size_t)(signpost - signposts->list);
    if (!sessions_is_current(signposts->sessions, entry)) return;
    struct event *event = room_events_make_text(signposts->events, type, NULL, text, text ? strlen(text) : 0);
    event->bootnode = signposts->sessions->list[entry].bootnode;
    event->bootnode_name = signposts->host->bootnodes[signposts->sessions->bootnode[entry]].name;
    room_events_emit(signposts->events, event);
}

static uint64_t lost_at(const struct signpost *signpost) {
    if (!signpost->active || signpost->lost) return NEVER;
    return signpost->ever ? 0 : signpost->since + ABSENT_MS;
}

static void look(const struct signposts *signposts, struct signpost *signpost, uint64_t now) {
    if (is_reached(signposts, signpost)) {
        signpost->ever = true;
        if (signpost->lost) tell(signposts, signpost, EVENT_BOOTNODE_BACK, NULL);
        signpost->lost = false;
    } else if (now >= lost_at(signpost)) {
        signpost->lost = true;
        tell(signposts, signpost, EVENT_BOOTNODE_LOST, "none of the room's homes answers; trying again");
    }
}

/* --- Entries that are gone --- */

void signpost_set_addresses(struct signposts *signposts, unsigned bootnode, uint64_t now) {
    const struct bootnode *named = &signposts->host->bootnodes[bootnode];
    for (size_t i = 0; i < signposts->sessions->end; i++) {
        if (!sessions_is_entry(signposts->sessions, i) || signposts->sessions->bootnode[i] != bootnode) continue;
        signposts->list[i].helped = false;
        rendezvous_set_addresses(session_of(signposts, i), named->addresses, named->address_count, now);
    }
}

static void help(struct signposts *signposts, size_t entry, uint64_t now) {
    const unsigned bootnode = signposts->sessions->bootnode[entry];
    const struct bootnode *named = &signposts->host->bootnodes[bootnode];
    const struct known_nodes *nodes = &signposts->host->nodes[bootnode];
    struct address all[BOOTNODE_ADDRESSES];
    size_t count = named->address_count;
    memcpy(all, named->addresses, count * sizeof *all);
    for (size_t i = 0; i < nodes->count && count < BOOTNODE_ADDRESSES; i++) all[count++] = nodes->list[i];
    signposts->list[entry].helped = true;
    rendezvous_set_addresses(session_of(signposts, entry), all, count, now);
}

static uint64_t help_at(const struct signposts *signposts, size_t number) {
    const struct rendezvous *entry = session_of(signposts, number);
    const struct known_nodes *nodes = &signposts->host->nodes[signposts->sessions->bootnode[number]];
    bool may_help = nodes->count > 0 && !signposts->list[number].helped;
    if (!may_help || entry->state > RENDEZVOUS_SIGNPOST) return NEVER;
    if (entry->doors.count == 0) return entry->heard + HELP_MS;
    if (entry->doors.seeking && !entry->doors.first_answer) return entry->sought + HELP_MS;
    const struct signpost *signpost = &signposts->list[number];
    bool alone = signpost->active && signpost->homing.alone != NEVER;
    return alone ? signpost->homing.alone + HELP_ALONE_MS : NEVER;
}

void signpost_tick(struct signposts *signposts, uint64_t now) {
    const struct sessions *sessions = signposts->sessions;
    for (size_t i = 0; i < sessions->end; i++)
        if (sessions_has(sessions, i) && signpost_is_home(signposts, i) &&
            session_of(signposts, i)->state == RENDEZVOUS_ENDED)
            give_up_home(signposts, i, now);
    for (size_t i = 0; i < sessions->end; i++) {
        struct signpost *signpost = &signposts->list[i];
        if (!sessions_is_entry(sessions, i)) continue;
        if (now >= help_at(signposts, i)) help(signposts, i, now);
        if (!signpost->active) continue;
        try_strangers(signposts, signpost, now);
        follow(signposts, signpost, now);
        look(signposts, signpost, now);
    }
}

uint64_t signpost_due(const struct signposts *signposts, uint64_t now) {
    uint64_t due = NEVER;
    for (size_t i = 0; i < signposts->sessions->end; i++) {
        const struct signpost *signpost = &signposts->list[i];
        if (!sessions_is_entry(signposts->sessions, i)) continue;
        due = earlier(due, help_at(signposts, i));
        if (!signpost->active) continue;
        due = earlier(due, homing_due(&signpost->homing, excess_of(signposts, signpost), now));
        due = earlier(due, strangers_at(signposts, signpost));
        if (!signpost->ever) due = earlier(due, lost_at(signpost));
    }
    return due;
}
