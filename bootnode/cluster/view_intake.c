#include "bootnode/cluster/view_intake.h"

#include <stdlib.h>

#include "bootnode/cluster/view_events.h"
#include "bootnode/cluster/view_heard.h"
#include "common/clock.h"

#define CLOCK_APART_MAX_MS (INT64_MAX / 4)

/* --- Clocks --- */

/* Far enough to be wrong, and near enough that differences of two fit, whatever a beacon says. */
static int64_t clock_of(const struct beacon *beacon, uint64_t wall) {
    const bool ahead = beacon->wall_ms > wall;
    const uint64_t apart = ahead ? beacon->wall_ms - wall : wall - beacon->wall_ms;
    const int64_t ms = (int64_t)earlier(apart, CLOCK_APART_MAX_MS);
    return ahead ? ms : -ms;
}

static bool clock_is_off(const struct beacon *beacon, uint64_t wall) {
    return llabs(clock_of(beacon, wall)) > VIEW_CLOCK_MS;
}

/* --- Addresses --- */

static bool share_one(const struct address *a, size_t a_count, const struct address *b, size_t b_count) {
    for (size_t i = 0; i < a_count; i++)
        for (size_t j = 0; j < b_count; j++)
            if (address_equal(&a[i], &b[j])) return true;
    return false;
}

static bool at(const struct beacon *beacon, const struct beacon *other) {
    return share_one(beacon->addresses, beacon->address_count, other->addresses, other->address_count);
}

static bool at_ours(const struct view *view, const struct beacon *beacon) {
    return share_one(beacon->addresses, beacon->address_count, view->own.addresses, view->own.address_count);
}

/* A laboratory's nodes are where it is; those of the Internet are not in somebody's network. */
static bool are_usable(const struct view *view, const struct beacon *beacon) {
    enum address_class least = ADDRESS_PUBLIC;
    for (size_t i = 0; i < view->own.address_count; i++) {
        const enum address_class ours = address_classify(&view->own.addresses[i]);
        if (ours < least) least = ours;
    }
    for (size_t i = 0; i < beacon->address_count; i++) {
        const enum address_class theirs = address_classify(&beacon->addresses[i]);
        if (theirs < least || theirs == ADDRESS_LINK_LOCAL || theirs == ADDRESS_UNUSABLE) return false;
    }
    return true;
}

static bool is_where_it_was(const struct view_node *node, const struct beacon *beacon) {
    if (!node->has_said || node->said.boot != beacon->boot) return false;
    for (size_t i = 0; i < beacon->address_count; i++)
        if (!share_one(&beacon->addresses[i], 1, node->said.addresses, node->said.address_count)) return false;
    return true;
}

/* Who answers by STUN alone may be another one, which was started there, and says so by a clock that is right: who does
 * not may be a recording. Whoever is cut off leaves its members as they are. */
static bool has_its_place(const struct view *view, const struct view_node *other, bool clock_off, uint64_t now) {
    if (other->member && (view->cut_off || view->kept)) return true;
    return !other->replaced && (clock_off ? view_heard_lives(other, now) : view_heard_itself(other, now));
}

/* Who was silent on the board for a while, and lost its place to one that lied, has it back: it was there before, and
 * whoever was replaced in truth is not heard again. */
static bool is_anothers(const struct view *view, const struct beacon *beacon, uint64_t now, uint64_t wall) {
    const struct view_node *node = &view->nodes[beacon->node];
    const bool clock_off = clock_is_off(beacon, wall), was_there = !clock_off && is_where_it_was(node, beacon);
    for (size_t id = 0; id < CLUSTER_NODES_MAX; id++) {
        const struct view_node *other = &view->nodes[id];
        if (id == beacon->node || id == view->own.id || !other->known || !at(beacon, &other->said)) continue;
        if (has_its_place(view, other, clock_off, now) && !(was_there && node->place_ms < other->place_ms)) return true;
    }
    return at_ours(view, beacon);
}

static void replace(struct view *view, uint8_t id, uint64_t now) {
    struct view_node *node = &view->nodes[id];
    if (node->member) {
        view_events_add(view, (struct view_event){.kind = VIEW_WENT, .id = id, .place = VIEW_REPLACED});
        view->changed_ms = later(view->changed_ms, now);
    }
    node->forgotten = node->replaced = true;
    node->member = node->expected = false;
    node->answer_ms = node->grace_ms = 0;
}

/* What is asked at an address is one node: the last that was believed there. */
static void take_place(struct view *view, const struct beacon *beacon, uint64_t now) {
    for (unsigned id = 0; id < CLUSTER_NODES_MAX; id++) {
        const struct view_node *other = &view->nodes[id];
        if (id == beacon->node || id == view->own.id || !other->known) continue;
        if (at(beacon, &other->said)) replace(view, (uint8_t)id, now);
    }
}

/* --- Runs --- */

bool view_intake_wins(uint64_t started_ms, uint64_t boot, bool clock_off, const struct view_rival *other) {
    if (clock_off != other->clock_off) return other->clock_off;
    if (started_ms != other->started_ms) return started_ms < other->started_ms;
    return boot < other->boot;
}

/* False for a copy of what it said before. */
static bool take_rival(struct view_rival *rival, const struct beacon *beacon, uint64_t now, uint64_t wall) {
    const bool again = rival->boot == beacon->boot;
    if (again && beacon->counter <= rival->counter) return false;
    *rival = (struct view_rival){.boot = beacon->boot,
                                 .started_ms = beacon->started_ms,
                                 .counter = beacon->counter,
                                 .heard_ms = now,
                                 .clock_off = clock_is_off(beacon, wall),
                                 .told = rival->boot != 0 && rival->told, /* until all of them are silent */
                                 .address = beacon->addresses[0]};
    return true;
}

/* Our own run and one at our own address, which is before us or after us, are no rivals. */
static enum beacon_refusal take_of_our_id(struct view *view, const struct beacon *beacon, uint64_t now, uint64_t wall) {
    if (beacon->boot == view->own.boot || at_ours(view, beacon)) return BEACON_REFUSED_OWN;
    if (!take_rival(&view->nodes[view->own.id].rival, beacon, now, wall)) return BEACON_REFUSED_REPLAYED;
    return BEACON_REFUSED_ID_TAKEN;
}

static enum beacon_refusal judge_run(struct view_node *node, const struct beacon *beacon, uint64_t now, uint64_t wall) {
    const struct beacon *said = &node->said;
    if (!node->has_said) return BEACON_BELIEVED;
    if (beacon->boot == said->boot) return beacon->counter > said->counter ? BEACON_BELIEVED : BEACON_REFUSED_REPLAYED;
    if (now >= node->beacon_ms + VIEW_ALIVE_MS) return BEACON_BELIEVED;
    if (at(beacon, said)) return beacon->started_ms >= said->started_ms ? BEACON_BELIEVED : BEACON_REFUSED_OLD_RUN;
    if (!take_rival(&node->rival, beacon, now, wall)) return BEACON_REFUSED_REPLAYED;
    return view_intake_wins(said->started_ms, said->boot, node->clock_off, &node->rival) ? BEACON_REFUSED_ID_TAKEN
                                                                                         : BEACON_BELIEVED;
}

enum beacon_refusal view_intake(struct view *view, const struct beacon *beacon, uint64_t now, uint64_t wall) {
    struct view_node *node = &view->nodes[beacon->node];
    if (beacon->weight < 1 || beacon->weight > CLUSTER_WEIGHT_MAX) return BEACON_REFUSED_WEIGHT;
    if (!are_usable(view, beacon)) return BEACON_REFUSED_ADDRESS;
    if (beacon->node == view->own.id) return take_of_our_id(view, beacon, now, wall);
    if (is_anothers(view, beacon, now, wall)) return BEACON_REFUSED_ADDRESS_TAKEN;
    const enum beacon_refusal refusal = judge_run(node, beacon, now, wall);
    if (refusal != BEACON_BELIEVED) return refusal;
    take_place(view, beacon, now);
    if (!is_where_it_was(node, beacon)) node->place_ms = now;
    node->known = node->has_said = true;
    node->forgotten = node->replaced = false;
    node->said = *beacon;
    node->beacon_ms = later(node->beacon_ms, now);
    node->clock_ms = clock_of(beacon, wall);
    return BEACON_BELIEVED;
}

const char *view_refusal_name(enum beacon_refusal refusal) {
    static const char *const names[BEACON_REFUSALS] = {"believed", "own",      "malformed",    "forged",
                                                       "subject",  "replayed", "old_run",      "id_taken",
                                                       "weight",   "address",  "address_taken"};
    return names[refusal];
}
