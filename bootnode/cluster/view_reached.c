#include "bootnode/cluster/view_reached.h"

#include "bootnode/cluster/view_events.h"
#include "bootnode/cluster/view_heard.h"

static void step(struct view *view, uint8_t id, uint64_t now) {
    struct view_node *node = &view->nodes[id];
    const bool answers = node->answer_ms != 0 && now < node->answer_ms + VIEW_UNREACHED_MS;
    const bool heard = node->has_said && view_heard_by_beacon(node, now);
    if (answers || !heard) node->unanswered_ms = 0;
    if (!answers && heard && node->unanswered_ms == 0) node->unanswered_ms = now;
    const bool unreached = node->unanswered_ms != 0 && now >= node->unanswered_ms + VIEW_UNREACHED_MS;
    if (unreached == node->unreached || (!unreached && !answers)) return;
    node->unreached = unreached;
    view_events_add(view, (struct view_event){.kind = unreached ? VIEW_UNREACHED : VIEW_REACHED,
                                              .id = id,
                                              .address = node->said.addresses[0]});
}

void view_reached_step(struct view *view, uint64_t now) {
    for (unsigned id = 0; id < CLUSTER_NODES_MAX; id++)
        if (id != view->own.id && view->nodes[id].known) step(view, (uint8_t)id, now);
}
