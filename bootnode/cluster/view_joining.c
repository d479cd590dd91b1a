#include "bootnode/cluster/view_joining.h"

#include "bootnode/cluster/view_events.h"
#include "bootnode/cluster/view_heard.h"
#include "bootnode/cluster/view_intake.h"
#include "common/clock.h"

static bool is_heard_in(const struct view *view, size_t id, enum beacon_state state, uint64_t now) {
    const struct view_node *node = &view->nodes[id];
    return id != view->own.id && node->known && node->has_said && node->said.state == state &&
           view_heard_lives(node, now);
}

/* Our id is the other's. */
static bool rival_has_it(const struct view *view, uint64_t now) {
    const struct view_node *us = &view->nodes[view->own.id];
    return us->rival.boot != 0 && now < us->rival.heard_ms + VIEW_ALIVE_MS &&
           !view_intake_wins(view->own.started_ms, view->own.boot, us->clock_off, &us->rival);
}

static bool has_rooms(const struct view *view, size_t id, uint64_t now) {
    return is_heard_in(view, id, BEACON_SERVES, now) || is_heard_in(view, id, BEACON_DRAINING, now);
}

/* Whoever serves has no rooms yet, or began just now, too: the cluster is being started, and nothing is to be moved. */
static bool is_cold(const struct view *view, uint64_t now) {
    for (size_t id = 0; id < CLUSTER_NODES_MAX; id++) {
        const struct beacon *said = &view->nodes[id].said;
        if (has_rooms(view, id, now) && said->sessions > 0 && said->wall_ms >= said->started_ms + VIEW_COLD_MS)
            return false;
    }
    return true;
}

static enum view_wait waits_for_others(const struct view *view, uint64_t now) {
    for (size_t id = 0; id < view->own.id; id++)
        if (is_heard_in(view, id, BEACON_JOINING, now) && !view->nodes[id].clock_off) return VIEW_WAITS_LOWER;
    if (now < view->changed_ms + VIEW_LISTEN_MS) return VIEW_WAITS_MOVING;
    for (size_t id = 0; id < CLUSTER_NODES_MAX; id++)
        if (has_rooms(view, id, now) && view->nodes[id].said.moving > 0) return VIEW_WAITS_MOVING;
    return VIEW_WAITS_NOT;
}

static bool listens(const struct view *view, uint64_t now) {
    return now < later(view->board_ms, view->listens_ms) + VIEW_LISTEN_MS;
}

static enum view_wait waits(struct view *view, uint64_t now) {
    if (!view->board)
        return view->kept_own && now >= view->listens_ms + VIEW_ALIVE_MS ? VIEW_WAITS_NOT : VIEW_WAITS_BOARD;
    if (listens(view, now)) return VIEW_WAITS_SILENCE;
    if (view->cut_off || view->kept) return VIEW_WAITS_CUT_OFF;
    if (is_cold(view, now)) return VIEW_WAITS_NOT;
    const enum view_wait wait = waits_for_others(view, now);
    if (wait != VIEW_WAITS_NOT && view->blocked_ms == 0) view->blocked_ms = now;
    const bool patient = wait == VIEW_WAITS_NOT || now < view->blocked_ms + VIEW_JOIN_MS;
    return patient ? wait : VIEW_WAITS_NOT;
}

static void join(struct view *view, uint64_t now) {
    if (view->state == BEACON_OUT) {
        view->listens_ms = now;
        view->blocked_ms = 0;
    }
    view->wait = waits(view, now);
    view->state = view->wait == VIEW_WAITS_NOT ? BEACON_SERVES : BEACON_JOINING;
}

static void leave(struct view *view, enum view_wait wait) {
    view->state = BEACON_OUT;
    view->wait = wait;
}

void view_joining_step(struct view *view, uint64_t now) {
    const enum beacon_state state = view->state;
    const enum view_wait wait = view->wait;
    view->listened |= view->board && !listens(view, now);
    if (view->own.draining) {
        view->state = BEACON_DRAINING;
        view->wait = VIEW_WAITS_NOT;
    } else if (rival_has_it(view, now)) {
        leave(view, VIEW_WAITS_ID);
    } else if (view->nodes[view->own.id].clock_off) {
        leave(view, VIEW_WAITS_CLOCK);
    } else if (view->state != BEACON_SERVES) {
        join(view, now);
    }
    if (view->state != state || view->wait != wait)
        view_events_add(view, (struct view_event){.kind = VIEW_SELF, .id = view->own.id});
}
