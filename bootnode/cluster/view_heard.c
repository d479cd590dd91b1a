#include "bootnode/cluster/view_heard.h"

static bool lately(uint64_t at, uint64_t now) {
    return at != 0 && now < at + VIEW_ALIVE_MS;
}

bool view_heard_by_beacon(const struct view_node *node, uint64_t now) {
    return lately(node->beacon_ms, now);
}

bool view_heard_by_stun(const struct view_node *node, uint64_t now) {
    return lately(node->answer_ms, now);
}

bool view_heard_itself(const struct view_node *node, uint64_t now) {
    return node->known && (view_heard_by_beacon(node, now) || now < node->grace_ms);
}

bool view_heard_lives(const struct view_node *node, uint64_t now) {
    return view_heard_itself(node, now) || (node->known && view_heard_by_stun(node, now));
}
