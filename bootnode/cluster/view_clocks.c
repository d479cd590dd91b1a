#include "bootnode/cluster/view_clocks.h"

#include <stdlib.h>

#include "bootnode/cluster/view_events.h"
#include "bootnode/cluster/view_heard.h"

/* Those of witnesses. */
struct clocks {
    int64_t offsets[CLUSTER_NODES_MAX];
    size_t count;
    size_t other; /* one of them, not ours */
};

static int compare(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t view_clocks_median(int64_t *offsets, size_t count) {
    qsort(offsets, count, sizeof *offsets, compare);
    return offsets[(count - 1) / 2];
}

static bool counts(const struct view *view, size_t id, uint64_t now) {
    const struct view_node *node = &view->nodes[id];
    return id == view->own.id || (node->known && node->has_said && view_heard_by_beacon(node, now));
}

/* Its clock has a voice. What comes by the board alone may be a recording of a node that is no more, and many of those
 * would outvote whoever lives: the others either are members already, or answer where clients would go. */
static bool is_witness(const struct view *view, size_t id, uint64_t now) {
    const struct view_node *node = &view->nodes[id];
    if (id == view->own.id) return true;
    return counts(view, id, now) &&
           (node->member || (node->answer_ms != 0 && now < node->answer_ms + VIEW_UNREACHED_MS));
}

static int64_t offset_of(const struct view *view, size_t id) {
    return id == view->own.id ? 0 : view->nodes[id].clock_ms;
}

static void find(const struct view *view, uint64_t now, struct clocks *out) {
    out->count = 0;
    for (size_t id = 0; id < CLUSTER_NODES_MAX; id++) {
        if (!is_witness(view, id, now)) continue;
        out->offsets[out->count++] = offset_of(view, id);
        if (id != view->own.id) out->other = id;
    }
}

static void judge(struct view *view, size_t id, int64_t ms) {
    struct view_node *node = &view->nodes[id];
    const bool off = llabs(ms) > (node->clock_off ? VIEW_CLOCK_BACK_MS : VIEW_CLOCK_MS);
    if (off != node->clock_off)
        view_events_add(
            view, (struct view_event){.kind = off ? VIEW_CLOCK_WRONG : VIEW_CLOCK_RIGHT, .id = (uint8_t)id, .ms = ms});
    node->clock_off = off;
}

static void judge_two(struct view *view, size_t other) {
    const size_t own = view->own.id;
    const int64_t ms = view->nodes[other].clock_ms;
    const bool ours = view->nodes[own].member, theirs = view->nodes[other].member;
    if (ours && theirs) {
        const bool apart = llabs(ms) > VIEW_CLOCK_MS;
        if (apart && !view->apart_told)
            view_events_add(view, (struct view_event){.kind = VIEW_CLOCKS_APART, .id = (uint8_t)other, .ms = ms});
        view->apart_told = apart;
        return;
    }
    const bool ours_is_right = ours != theirs ? ours : own < other;
    judge(view, own, ours_is_right ? 0 : -ms);
    judge(view, other, ours_is_right ? ms : 0);
}

void view_clocks_step(struct view *view, uint64_t now) {
    struct clocks clocks;
    find(view, now, &clocks);
    if (clocks.count == 1) judge(view, view->own.id, 0);
    if (clocks.count == 2) judge_two(view, clocks.other);
    const bool all = clocks.count >= 3;
    const int64_t median = view_clocks_median(clocks.offsets, clocks.count);
    for (size_t id = 0; id < CLUSTER_NODES_MAX; id++)
        if (counts(view, id, now) && (all || !is_witness(view, id, now))) judge(view, id, offset_of(view, id) - median);
}
