#include "bootnode/ops/control_cluster.h"

#include <stdlib.h>

#include "bootnode/ops/control_text.h"
#include "common/append.h"
#include "common/clock.h"

#define NO_MEMORY "out of memory"

static json_t *seconds_since(uint64_t age_ms) {
    return age_ms == NEVER ? json_null() : json_real((double)age_ms / 1e3);
}

/* Of how much of all rooms it is a home. */
static double share_of(const struct homes *homes, uint8_t id) {
    unsigned buckets = 0;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) buckets += homes_has(homes, (uint16_t)bucket, id);
    return 100.0 * buckets / BUCKETS;
}

static json_t *addresses_of(const struct cluster_status_node *node) {
    char text[2 * ADDRESS_TEXT_SIZE + 2] = "", one[ADDRESS_TEXT_SIZE];
    for (unsigned i = 0; i < node->address_count; i++) {
        append_text(text, sizeof text, "%s%s", i > 0 ? " " : "", address_format(&node->addresses[i], one));
    }
    return json_string(text);
}

/* In whose view it is, it says what it does; of another one we say why it is in none. */
static const char *state_of(const struct cluster_status_node *node) {
    return node->place == VIEW_MEMBER ? beacon_state_name(node->state) : view_place_name(node->place);
}

static const char *heard_by(const struct cluster_status_node *node) {
    if (node->self) return "itself";
    if (node->by_beacon) return node->by_stun ? "beacon, stun" : "beacon";
    return node->by_stun ? "stun" : "nothing";
}

/* Of a second, so that a millisecond does not look like a fault. */
static double tenths(int64_t ms) {
    const int64_t rounded = ms / 100;
    return (double)rounded / 10;
}

static json_t *describe_node(const struct cluster_status_node *node, const struct homes *homes) {
    return json_pack("{s:i, s:b, s:s, s:b, s:s, s:o, s:o, s:f, s:i, s:f, s:I, s:I, s:I, s:I, s:b, s:o}", "node",
                     (int)node->id, "self", node->self, "state", state_of(node), "in_view", node->place == VIEW_MEMBER,
                     "heard_by", heard_by(node), "beacon_seconds", seconds_since(node->beacon_age_ms), "stun_seconds",
                     seconds_since(node->answer_age_ms), "clock_off_seconds", tenths(node->clock_ms), "weight",
                     (int)node->weight, "share_percent", homes ? share_of(homes, node->id) : 0.0, "sessions",
                     (json_int_t)node->sessions, "rooms", (json_int_t)node->rooms, "moving", (json_int_t)node->moving,
                     "up_seconds", (json_int_t)(node->up_ms / 1000), "agrees", node->agrees, "address",
                     addresses_of(node));
}

static json_t *describe_nodes(const struct cluster_status *status, const struct homes *homes) {
    json_t *nodes = json_array();
    for (size_t i = 0; nodes && i < status->count; i++)
        (void)json_array_append_new(nodes, describe_node(&status->nodes[i], homes));
    return nodes;
}

/* Why it does not serve. */
static json_t *waits_for(const struct cluster_status *status) {
    return status->wait == VIEW_WAITS_NOT ? json_null() : json_string(view_wait_name(status->wait));
}

static json_t *describe(const struct cluster_status *status, const struct homes *homes) {
    return json_pack("{s:o, s:i, s:s, s:o, s:i, s:i, s:s, s:o, s:f, s:b, s:f, s:I, s:f, s:I, s:I, s:o}", "cluster",
                     control_text(status->name), "node", (int)status->own_id, "state", beacon_state_name(status->state),
                     "waits_until", waits_for(status), "weight", (int)status->weight, "replicas", (int)status->replicas,
                     "nats", status->board ? "connected" : "away", status->board ? "nats_server" : "nats_fault",
                     control_text(status->board ? status->board_server : status->board_why), "nats_since_seconds",
                     (double)status->board_ms / 1e3, "cut_off", status->cut_off, "cut_off_for_seconds",
                     status->cut_off ? (double)status->cut_off_ms / 1e3 : 0.0, "homes_version",
                     (json_int_t)status->version, "homes_changed_seconds", (double)status->changed_ms / 1e3, "in_view",
                     (json_int_t)status->members, "heard", (json_int_t)status->living, "nodes",
                     describe_nodes(status, homes));
}

static bool is_there(const struct clustering *clustering, struct why *why) {
    return (clustering && clustering->cluster) ||
           why_fail(why, "this bootnode is in no cluster (section [cluster] of its settings)");
}

json_t *control_cluster_status(struct clustering *clustering, struct why *why) {
    if (!is_there(clustering, why)) return NULL;
    struct cluster_status *status = calloc(1, sizeof *status);
    if (status) cluster_look(clustering->cluster, status);
    json_t *result = status ? describe(status, node_homes(clustering->node)) : NULL;
    free(status);
    if (!result) (void)why_fail(why, NO_MEMORY);
    return result;
}

json_t *control_cluster_forget(struct clustering *clustering, uint8_t node, struct why *why) {
    if (!is_there(clustering, why) || !cluster_forget(clustering->cluster, node, why)) return NULL;
    json_t *result = json_pack("{s:i}", "forgotten", (int)node);
    if (!result) (void)why_fail(why, NO_MEMORY);
    return result;
}
