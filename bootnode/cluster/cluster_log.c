#include "bootnode/cluster/cluster_log.h"

#include <stdio.h>

#include "common/log.h"

#define AREA "cluster"
#define REFUSED_PER_SECOND 2

static double seconds(int64_t ms) {
    return (double)ms / 1e3;
}

static const char *why_gone(enum view_place place) {
    static const char *const reasons[VIEW_PLACES] = {
        [VIEW_UNKNOWN] = "is not known any more",
        [VIEW_MEMBER] = "",
        [VIEW_JOINING] = "has begun anew",
        [VIEW_DRAINING] = "drains",
        [VIEW_OUT] = "says that it may not serve",
        [VIEW_SILENT] = "was silent for 5 s, on NATS and by STUN",
        [VIEW_CLOCK_OFF] = "has a wrong clock",
        [VIEW_FORGOTTEN] = "is gone by an operator's word",
        [VIEW_AWAITED] = "is awaited",
        [VIEW_REPLACED] = "is replaced: another node is at its address",
    };
    return reasons[place];
}

static void log_self(const struct view *view) {
    switch (view->state) {
    case BEACON_SERVES: log_info(AREA, "serves as node %u", view->own.id); break;
    case BEACON_DRAINING: log_info(AREA, "drains: its rooms move to other nodes"); break;
    case BEACON_OUT: log_error(AREA, "node %u stays out until %s", view->own.id, view_wait_name(view->wait)); break;
    default: log_info(AREA, "node %u joins; it waits until %s", view->own.id, view_wait_name(view->wait));
    }
}

static void log_rival(const struct view *view, const struct view_event *event) {
    char text[ADDRESS_TEXT_SIZE];
    address_format(&event->address, text);
    log_error(AREA, "two nodes have id %u: the other one is at %s; expected another node_id at one of both%s",
              event->id, text, event->id == view->own.id ? ", and this is one of them" : "");
}

static void log_clock(const struct view *view, const struct view_event *event) {
    const bool ours = event->id == view->own.id;
    if (event->kind == VIEW_CLOCKS_APART)
        log_error(AREA, "the clock of node %u is %.1f s from ours, and there is no third one to say which is right",
                  event->id, seconds(event->ms));
    else if (event->kind == VIEW_CLOCK_RIGHT)
        log_info(AREA, "the clock of node %u%s is right again", event->id, ours ? " (ours)" : "");
    else
        log_error(AREA, "the clock of node %u%s is off by %.1f s, expected 60 s at most: it stays out", event->id,
                  ours ? " (ours)" : "", seconds(event->ms));
}

static void log_reached(const struct view_event *event) {
    char text[ADDRESS_TEXT_SIZE];
    address_format(&event->address, text);
    if (event->kind == VIEW_REACHED)
        log_info(AREA, "node %u answers at its addresses again", event->id);
    else
        log_warning(AREA,
                    "node %u is heard on NATS, but does not answer us by STUN, at %s: clients may not reach it there "
                    "either; expected its own addresses in its settings, and UDP to them let through",
                    event->id, text);
}

static void log_event(const struct view *view, const struct view_event *event) {
    char text[ADDRESS_TEXT_SIZE];
    switch (event->kind) {
    case VIEW_CAME:
        address_format(&event->address, text);
        if (event->id != view->own.id) log_info(AREA, "node %u is there, at %s", event->id, text);
        break;
    case VIEW_WENT:
        if (event->id != view->own.id) log_warning(AREA, "node %u is out: it %s", event->id, why_gone(event->place));
        break;
    case VIEW_CUT_OFF:
        log_error(AREA,
                  "cut off: %zu of the %zu nodes are heard, so the list of nodes stays as it is; whoever is gone for "
                  "good is taken out by `ctl cluster forget ID`",
                  event->count, event->of);
        break;
    case VIEW_BACK:
        log_info(AREA, "not cut off any more: %zu of the %zu nodes are heard", event->count, event->of);
        break;
    case VIEW_SELF: log_self(view); break;
    case VIEW_RIVAL: log_rival(view, event); break;
    case VIEW_CLOCK_WRONG:
    case VIEW_CLOCK_RIGHT:
    case VIEW_CLOCKS_APART: log_clock(view, event); break;
    case VIEW_UNREACHED:
    case VIEW_REACHED: log_reached(event); break;
    case VIEW_DISAGREES:
        log_warning(AREA, "node %u has replicas = %zu, and this one has %u: rooms meet only where both have the same",
                    event->id, event->count, view->own.replicas);
        break;
    }
}

/* Of our own state what is so now is told, once, however often it changed in a turn. */
static bool is_overtaken(const struct view *view, size_t index) {
    for (size_t i = index + 1; i < view->event_count; i++)
        if (view->events[index].kind == VIEW_SELF && view->events[i].kind == VIEW_SELF) return true;
    return false;
}

void cluster_log_events(struct view *view) {
    for (size_t i = 0; i < view->event_count; i++)
        if (!is_overtaken(view, i)) log_event(view, &view->events[i]);
    if (view->events_left_out > 0) log_info(AREA, "%zu more events of nodes", view->events_left_out);
    view->event_count = view->events_left_out = 0;
}

/* --- Refused beacons --- */

static void describe(const struct beacon *beacon, enum beacon_refusal refusal, char *out, size_t size) {
    const unsigned node = beacon ? beacon->node : 0, weight = beacon ? beacon->weight : 0;
    char text[ADDRESS_TEXT_SIZE] = "";
    if (beacon) address_format(&beacon->addresses[0], text);
    switch (refusal) {
    case BEACON_REFUSED_FORGED: snprintf(out, size, "nobody with the cluster's key has made it"); break;
    case BEACON_REFUSED_SUBJECT: snprintf(out, size, "node %u has made it", node); break;
    case BEACON_REFUSED_REPLAYED: snprintf(out, size, "it is a copy of an older one"); break;
    case BEACON_REFUSED_OLD_RUN: snprintf(out, size, "it is of a run that has ended"); break;
    case BEACON_REFUSED_ID_TAKEN: snprintf(out, size, "%s says to be node %u, which another one is", text, node); break;
    case BEACON_REFUSED_WEIGHT: snprintf(out, size, "weight %u, expected 1 to %d", weight, CLUSTER_WEIGHT_MAX); break;
    case BEACON_REFUSED_ADDRESS:
        snprintf(out, size, "clients cannot reach it at %s, expected a public address", text);
        break;
    case BEACON_REFUSED_ADDRESS_TAKEN: snprintf(out, size, "%s is the address of another node", text); break;
    default: snprintf(out, size, "it is malformed");
    }
}

void cluster_log_refused(uint8_t id, const struct beacon *beacon, enum beacon_refusal refusal) {
    static struct log_limit limit;
    char why[160];
    describe(beacon, refusal, why, sizeof why);
    log_limited(&limit, REFUSED_PER_SECOND, LOG_LEVEL_WARNING, AREA, "a beacon of node %u is refused: %s", id, why);
}
