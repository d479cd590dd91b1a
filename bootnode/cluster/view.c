#include "bootnode/cluster/view.h"

#include <sodium.h>
#include <string.h>

#include "bootnode/cluster/view_clocks.h"
#include "bootnode/cluster/view_events.h"
#include "bootnode/cluster/view_heard.h"
#include "bootnode/cluster/view_joining.h"
#include "bootnode/cluster/view_reached.h"
#include "common/clock.h"
#include "common/holds.h"

/* --- The start --- */

void view_init(struct view *view, const struct view_own *own, uint64_t now) {
    memset(view, 0, sizeof *view);
    view->own = *own;
    view->state = BEACON_JOINING;
    view->wait = VIEW_WAITS_BOARD;
    view_events_add(view, (struct view_event){.kind = VIEW_SELF, .id = own->id});
    view->board_ms = view->listens_ms = view->changed_ms = now;
    view->nodes[own->id].known = true;
}

static void expect(struct view *view, const struct cluster_node *kept, uint64_t now) {
    struct view_node *node = &view->nodes[kept->id];
    node->known = node->expected = true;
    node->member = kept->id != view->own.id || view->state == BEACON_SERVES;
    node->grace_ms = now + VIEW_ALIVE_MS;
    node->said = (struct beacon){.node = kept->id,
                                 .state = BEACON_SERVES,
                                 .replicas = view->own.replicas,
                                 .weight = kept->weight,
                                 .address_count = kept->address_count};
    memcpy(node->said.addresses, kept->addresses, sizeof kept->addresses);
}

/* A clock that was set back makes no view younger than it is by more than that. */
void view_resume(struct view *view, const struct view_record *kept, uint64_t now, uint64_t wall) {
    const uint64_t age = wall >= kept->wall_ms ? wall - kept->wall_ms : NEVER;
    if (kept->own_id != view->own.id || kept->count == 0) return;
    view->kept = true;
    view->kept_until_ms = age < VIEW_KEPT_MS ? now + VIEW_KEPT_MS - age : now;
    for (size_t i = 0; i < kept->count; i++) view->kept_own |= kept->nodes[i].id == view->own.id;
    if (view->kept_own && age < VIEW_ALIVE_MS) {
        view->state = BEACON_SERVES;
        view->wait = VIEW_WAITS_NOT;
    }
    for (size_t i = 0; i < kept->count; i++) expect(view, &kept->nodes[i], now);
}

/* --- What is heard --- */

void view_board(struct view *view, bool there, uint64_t now) {
    if (view->board == there) return;
    view->board = there;
    view->board_ms = now;
}

void view_answered(struct view *view, uint8_t id, uint64_t now) {
    struct view_node *node = &view->nodes[id];
    if (node->known && !node->replaced && id != view->own.id) node->answer_ms = now;
}

static void put_off(uint64_t *at, uint64_t ms) {
    if (*at != 0) *at += ms;
}

void view_paused(struct view *view, uint64_t ms) {
    for (size_t id = 0; id < CLUSTER_NODES_MAX; id++) {
        struct view_node *node = &view->nodes[id];
        put_off(&node->beacon_ms, ms);
        put_off(&node->answer_ms, ms);
        put_off(&node->grace_ms, ms);
        put_off(&node->rival.heard_ms, ms);
        put_off(&node->unanswered_ms, ms);
    }
    view->board_ms += ms;
    put_off(&view->doubt_ms, ms);
    view->listens_ms += ms;
    view->changed_ms += ms;
}

bool view_is_alive(const struct view_node *node, uint64_t now) {
    return view_heard_lives(node, now);
}

static bool lives(const struct view *view, size_t id, uint64_t now) {
    return id == view->own.id || view_heard_lives(&view->nodes[id], now);
}

bool view_forget(struct view *view, uint8_t id, uint64_t now) {
    struct view_node *node = &view->nodes[id];
    if (id == view->own.id || view_heard_itself(node, now) || !(node->member || node->expected)) return false;
    node->forgotten = true;
    node->member = node->expected = false;
    view_events_add(view, (struct view_event){.kind = VIEW_WENT, .id = id, .place = VIEW_FORGOTTEN});
    view->changed_ms = now;
    return true;
}

/* --- Whether we are cut off --- */

struct part {
    size_t living, of;
    bool has_lowest;
};

static void count_one(struct part *part, bool living) {
    if (part->of++ == 0) part->has_lowest = living;
    part->living += living;
}

static bool goes_on(const struct part *part) {
    return 2 * part->living > part->of || (2 * part->living == part->of && (part->of == 0 || part->has_lowest));
}

/* Those heard lately: in a cut, the first of the others would be found dead while the last still counts as alive, and
 * the view that stays would lack it. So nobody is found dead by whoever does not hear most of them. */
static struct part members_living(const struct view *view, uint64_t now) {
    struct part part = {.of = 0};
    for (size_t id = 0; id < CLUSTER_NODES_MAX; id++) {
        const struct view_node *node = &view->nodes[id];
        const uint64_t heard = later(later(node->beacon_ms, node->answer_ms), node->grace_ms);
        if (node->member) count_one(&part, id == view->own.id || (heard != 0 && now < heard + VIEW_FRESH_MS));
    }
    return part;
}

/* Nobody has a time of grace here: the view that was kept shall be found to hold. */
static struct part expected_living(const struct view *view, uint64_t now) {
    struct part part = {.of = 0};
    for (size_t id = 0; id < CLUSTER_NODES_MAX; id++) {
        const struct view_node *node = &view->nodes[id];
        if (!node->expected) continue;
        count_one(&part, id == view->own.id || view_heard_by_beacon(node, now) || view_heard_by_stun(node, now));
    }
    return part;
}

static void end_kept(struct view *view, bool forget) {
    view->kept = false;
    for (size_t id = 0; id < CLUSTER_NODES_MAX; id++) {
        struct view_node *node = &view->nodes[id];
        node->expected = false;
        /* Who joins there joins here, too. */
        if (forget || (node->has_said && node->said.state == BEACON_JOINING)) node->member &= id == view->own.id;
    }
}

static bool is_over(const struct view *view, uint64_t now) {
    return view->board && view->state != BEACON_SERVES && now >= view->board_ms + VIEW_LISTEN_MS &&
           now >= view->kept_until_ms;
}

static struct part await_expected(struct view *view, uint64_t now) {
    const struct part part = expected_living(view, now);
    if (goes_on(&part))
        end_kept(view, false);
    else if (is_over(view, now))
        end_kept(view, true);
    return part;
}

/* What lasts for no longer than others are heard again is not worth a word. */
static void tell_cut_off(struct view *view, bool cut_off, const struct part *part, uint64_t now) {
    if (cut_off != view->cut_off) view->cut_off_ms = now;
    view->cut_off = cut_off;
    if (cut_off == view->cut_off_told) return;
    if (cut_off && now < view->cut_off_ms + VIEW_ALIVE_MS - VIEW_FRESH_MS) return;
    view->cut_off_told = cut_off;
    view_events_add(
        view, (struct view_event){.kind = cut_off ? VIEW_CUT_OFF : VIEW_BACK, .count = part->living, .of = part->of});
}

static void look_whether_cut_off(struct view *view, uint64_t now) {
    struct part part;
    bool cut_off = false;
    if (view->kept) {
        part = await_expected(view, now);
        cut_off = view->kept && now >= view->listens_ms + VIEW_ALIVE_MS;
    } else {
        part = members_living(view, now);
        if (!goes_on(&part)) view->doubt_ms = now;
        /* Once most are heard again, the others have a moment, too. */
        cut_off = view->doubt_ms != 0 && now < view->doubt_ms + VIEW_LISTEN_MS;
    }
    tell_cut_off(view, cut_off, &part, now);
}

/* --- Who is a member --- */

static bool belongs(const struct view *view, size_t id, uint64_t now) {
    const struct view_node *node = &view->nodes[id];
    if (id == view->own.id) return view->state == BEACON_SERVES;
    if (!node->known || node->forgotten || node->clock_off || !view_heard_lives(node, now)) return false;
    return node->said.state == BEACON_SERVES || (node->said.state == BEACON_JOINING && node->member);
}

/* Rather those who are about to leave than nobody. */
static bool is_last_resort(const struct view *view, size_t id, uint64_t now) {
    return view->nodes[id].member && lives(view, id, now);
}

enum view_place view_place_of(const struct view *view, uint8_t id, uint64_t now) {
    static const enum view_place of_state[BEACON_STATES] = {VIEW_JOINING, VIEW_AWAITED, VIEW_DRAINING, VIEW_OUT};
    const struct view_node *node = &view->nodes[id];
    if (!node->known) return VIEW_UNKNOWN;
    if (node->member) return VIEW_MEMBER;
    if (node->replaced) return VIEW_REPLACED;
    if (node->forgotten) return VIEW_FORGOTTEN;
    if (id == view->own.id) return of_state[view->state];
    if (!view_heard_lives(node, now)) return VIEW_SILENT;
    return node->clock_off ? VIEW_CLOCK_OFF : of_state[node->said.state];
}

static void set_member(struct view *view, size_t id, bool member, uint64_t now) {
    struct view_node *node = &view->nodes[id];
    if (node->member == member) return;
    node->member = member;
    view->changed_ms = now;
    const enum view_place place = view_place_of(view, (uint8_t)id, now);
    view_events_add(view, (struct view_event){.kind = member ? VIEW_CAME : VIEW_WENT,
                                              .id = (uint8_t)id,
                                              .place = place,
                                              .address = node->said.addresses[0]});
}

static void renew_members(struct view *view, uint64_t now) {
    bool next[CLUSTER_NODES_MAX], any = false;
    for (size_t id = 0; id < CLUSTER_NODES_MAX; id++) any |= next[id] = belongs(view, id, now);
    for (size_t id = 0; id < CLUSTER_NODES_MAX && !any; id++) next[id] = is_last_resort(view, id, now);
    for (size_t id = 0; id < CLUSTER_NODES_MAX; id++) set_member(view, id, next[id], now);
}

/* The others are left as they are. While we drain, it is for a step in which we hear others to take us out. */
static void renew_own_membership(struct view *view, uint64_t now) {
    const bool stays = view->state == BEACON_DRAINING && view->nodes[view->own.id].member;
    set_member(view, view->own.id, stays || view->state == BEACON_SERVES, now);
}

/* --- The rest of a step --- */

static void fill_own(struct view *view) {
    struct view_node *us = &view->nodes[view->own.id];
    us->known = true;
    us->said = (struct beacon){.node = view->own.id,
                               .state = view->state,
                               .replicas = view->own.replicas,
                               .weight = view->own.weight,
                               .boot = view->own.boot,
                               .started_ms = view->own.started_ms,
                               .address_count = view->own.address_count};
    memcpy(us->said.addresses, view->own.addresses, sizeof us->said.addresses);
}

static void tell_rival(struct view *view, uint8_t id, uint64_t now) {
    struct view_rival *rival = &view->nodes[id].rival;
    if (rival->boot != 0 && now >= rival->heard_ms + VIEW_ALIVE_MS) *rival = (struct view_rival){.boot = 0};
    if (rival->boot == 0 || rival->told) return;
    rival->told = true;
    view_events_add(view, (struct view_event){.kind = VIEW_RIVAL, .id = id, .address = rival->address});
}

static void tell_replicas(struct view *view, uint8_t id) {
    struct view_node *node = &view->nodes[id];
    const bool disagrees = node->has_said && node->said.replicas != view->own.replicas;
    if (disagrees && !node->disagrees)
        view_events_add(view, (struct view_event){.kind = VIEW_DISAGREES, .id = id, .count = node->said.replicas});
    node->disagrees = disagrees;
}

static void look_at_each(struct view *view, uint64_t now) {
    for (size_t id = 0; id < CLUSTER_NODES_MAX; id++) {
        struct view_node *node = &view->nodes[id];
        tell_rival(view, (uint8_t)id, now);
        tell_replicas(view, (uint8_t)id);
        const uint64_t heard = later(later(node->beacon_ms, node->answer_ms), node->grace_ms);
        if (id != view->own.id && node->known && !node->member && !node->expected && now >= heard + VIEW_FORGET_MS)
            *node = (struct view_node){.known = false};
    }
}

/* A part of the members would name other homes than all of them. So does a list without the one that has our id. */
static bool may_tell(const struct view *view) {
    return (view->listened || view->state == BEACON_SERVES || view->kept_own) && view->wait != VIEW_WAITS_ID;
}

/* What it can register is no news: it differs at each beacon. */
static bool is_same(const struct cluster_node *a, const struct cluster_node *b) {
    if (a->id != b->id || a->weight != b->weight || a->address_count != b->address_count) return false;
    for (unsigned i = 0; i < a->address_count; i++)
        if (!address_equal(&a->addresses[i], &b->addresses[i])) return false;
    return true;
}

static size_t make_list(const struct view *view, struct cluster_node list[static CLUSTER_NODES_MAX]) {
    size_t count = 0;
    for (size_t id = 0; id < CLUSTER_NODES_MAX; id++) {
        const struct beacon *said = &view->nodes[id].said;
        if (!view->nodes[id].member || !may_tell(view)) continue;
        struct cluster_node *node = &list[count++];
        node->id = (uint8_t)id;
        node->weight = said->weight;
        node->registers = said->registrations;
        node->address_count = said->address_count;
        for (unsigned i = 0; i < said->address_count; i++) node->addresses[i] = said->addresses[i];
    }
    return count;
}

static bool renew_list(struct view *view) {
    struct cluster_node list[CLUSTER_NODES_MAX];
    memset(list, 0, sizeof list);
    const size_t count = make_list(view, list);
    bool same = count == view->list_count;
    for (size_t i = 0; i < count && same; i++) same = is_same(&list[i], &view->list[i]);
    if (same) return false;
    memcpy(view->list, list, sizeof list);
    view->list_count = count;
    return true;
}

struct cluster_set view_aside(const struct view *view, uint64_t now) {
    struct cluster_set aside = {.words = {0}};
    for (size_t id = 0; id < CLUSTER_NODES_MAX; id++)
        if (!view->nodes[id].member && view->nodes[id].known && lives(view, id, now))
            cluster_set_add(&aside, (uint8_t)id);
    return aside;
}

bool view_step(struct view *view, uint64_t now) {
    view_clocks_step(view, now);
    look_whether_cut_off(view, now);
    if (!view->kept && !view->cut_off) renew_members(view, now);
    /* Whoever came just now is seen before we follow. */
    view_joining_step(view, now);
    fill_own(view);
    renew_own_membership(view, now);
    look_at_each(view, now);
    view_reached_step(view, now);
    const bool changed = renew_list(view);
    HOLDS(view_holds(view, now));
    return changed;
}

/* Of nodes that are in neither of two views that hold, nobody has to agree. */
bool view_holds(const struct view *view, uint64_t now) {
    size_t members = 0;
    for (size_t id = 0; id < CLUSTER_NODES_MAX; id++) {
        const struct view_node *node = &view->nodes[id];
        members += node->member;
        if (node->member && (!node->known || node->forgotten)) return false;
        if (node->member && !view->cut_off && !view->kept && !lives(view, id, now)) return false;
        if (!view->cut_off && !view->kept && belongs(view, id, now) && !node->member) return false;
    }
    return (members == view->list_count || !may_tell(view)) &&
           (view->state == BEACON_SERVES) == (view->wait == VIEW_WAITS_NOT && view->state != BEACON_DRAINING);
}

uint64_t view_fingerprint(const struct cluster_node *list, size_t count) {
    crypto_generichash_state state;
    uint8_t hash[16];
    uint64_t value;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    for (size_t i = 0; i < count; i++) {
        const uint8_t item[] = {list[i].id, (uint8_t)(list[i].weight >> 8), (uint8_t)list[i].weight};
        crypto_generichash_update(&state, item, sizeof item);
    }
    crypto_generichash_final(&state, hash, sizeof hash);
    memcpy(&value, hash, sizeof value);
    return value;
}

void view_keep(const struct view *view, uint64_t wall, struct view_record *out) {
    out->wall_ms = wall;
    out->own_id = view->own.id;
    out->count = view->list_count;
    memcpy(out->nodes, view->list, view->list_count * sizeof *view->list);
}

const char *view_place_name(enum view_place place) {
    static const char *const names[VIEW_PLACES] = {"unknown", "member",    "joining",   "draining", "out",
                                                   "silent",  "clock_off", "forgotten", "awaited",  "replaced"};
    return names[place];
}

const char *view_wait_name(enum view_wait wait) {
    static const char *const names[VIEW_WAITS] = {
        "nothing",
        "NATS is there, or a view of an earlier run is",
        "it has listened for 2 s",
        "more of the nodes that were there are heard",
        "a node with a lower id has joined",
        "the others have told their sessions of the last change",
        "nobody else has its id",
        "its clock is right",
    };
    return names[wait];
}
