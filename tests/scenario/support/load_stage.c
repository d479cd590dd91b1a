#include "tests/scenario/support/load_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "bench/load/fleet.h"
#include "bench/load/fleet_traffic.h"
#include "bench/load/load_now.h"
#include "bench/load/row.h"
#include "bench/load/traffic.h"
#include "bench/load/verdict.h"
#include "common/why.h"

#define INBOX 65536
#define LOST_AFTER_MS 1000 /* an answer */
#define ROW_LIMIT_MS 60000
#define NODES_AT 100 /* net_address */

struct letter {
    size_t socket, size;
    uint64_t arrives;
    uint8_t data[PACKET_MAX];
};

static struct wire *the_wire; /* load_now_us takes no argument */

uint64_t load_now_us(void) {
    return the_wire->net->monotonic * 1000;
}

static struct address socket_address(const struct wire *wire, size_t socket) {
    struct address address = net_address(7);
    address.port = (uint16_t)(wire->port + socket);
    return address;
}

static bool is_lost(const struct wire *wire, size_t node) {
    return wire->cut || wire->lost[node] || wire->stopped[node] || randombytes_random() % 100 < wire->loss;
}

static size_t node_of(const struct wire *wire, const struct net *net) {
    size_t node = 0;
    while (wire->nodes[node] != net) node++;
    return node;
}

/* The net has no such clients: everything from the bootnode is taken here. */
static bool take_from_bootnode(struct net *net, const struct flying *packet) {
    struct wire *wire = net->watching;
    size_t socket = (size_t)packet->peer.port - wire->port;
    bool ours = packet->peer.port >= wire->port && socket < STAGE_SOCKETS_MAX;
    if (!ours || is_lost(wire, node_of(wire, net)) || (wire->passes && !wire->passes(packet->data, packet->size)))
        return false;
    assert_in_range(wire->count, 0, INBOX - 1);
    struct letter *letter = &wire->inbox[(wire->first + wire->count++) % INBOX];
    *letter = (struct letter){.socket = socket, .size = packet->size, .arrives = packet->arrives};
    memcpy(letter->data, packet->data, packet->size);
    return false;
}

size_t wire_sockets(const struct wire *wire) {
    return wire->target_count * STAGE_SOCKETS;
}

bool wire_add_target(struct wire *wire, const struct address *target, struct why *why) {
    size_t node = target->ip[15] - NODES_AT;
    why->text[0] = 0;
    assert_in_range(node, 0, wire->node_count - 1);
    wire->targets[wire->target_count++] = node;
    return true;
}

uint8_t *wire_reserve(struct wire *wire, size_t socket) {
    return wire->reserved[socket] < WIRE_BURST ? wire->bursts[socket][wire->reserved[socket]] : NULL;
}

void wire_commit(struct wire *wire, size_t socket, size_t size) {
    wire->sizes[socket][wire->reserved[socket]++] = size;
}

size_t wire_flush(struct wire *wire, size_t socket) {
    struct address from = socket_address(wire, socket);
    size_t node = wire->targets[socket / STAGE_SOCKETS];
    size_t count = wire->reserved[socket];
    wire->reserved[socket] = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *packet = wire->bursts[socket][i];
        size_t size = wire->sizes[socket][i];
        if (!is_lost(wire, node) && (!wire->leaves || wire->leaves(packet, size)))
            net_inject(wire->nodes[node], &from, packet, size);
    }
    return count;
}

/* Time passes only here, and only for who waits. */
size_t wire_receive(struct wire *wire, uint64_t timeout_us, size_t limit,
                    void (*take)(void *context, size_t socket, const uint8_t *data, size_t size), void *context) {
    size_t taken = 0;
    for (size_t i = 0; timeout_us > 0 && i < wire->node_count; i++)
        (wire->stopped[i] ? net_stand_still : net_run)(wire->nodes[i], NET_STEP_MS);
    for (; taken < limit && wire->count > 0 && wire->inbox[wire->first].arrives <= wire->net->monotonic; taken++) {
        const struct letter *letter = &wire->inbox[wire->first];
        take(context, letter->socket, letter->data, letter->size);
        wire->first = (wire->first + 1) % INBOX;
        wire->count--;
    }
    return taken;
}

bool wire_rebind(struct wire *wire, struct why *why) {
    why->text[0] = 0;
    wire->port = (uint16_t)(wire->port + STAGE_SOCKETS_MAX);
    wire->first = wire->count = 0;
    return true;
}

struct address wire_local(const struct wire *wire, size_t socket) {
    return socket_address(wire, socket);
}

/* --- The stage --- */

static void enter(struct stage *stage, size_t node, struct net *net) {
    net->config.sessions_per_source = 0;
    net->config.limit_loopback = false;
    net_restart(net, true);
    net->watching = &stage->wire;
    net->watch = take_from_bootnode;
    stage->wire.nodes[node] = net;
}

int stage_setup(void **state) {
    void *net;
    if (net_setup(&net) != 0) return -1;
    struct stage *stage = calloc(1, sizeof *stage);
    assert_non_null(stage);
    stage->net = net;
    stage->wire = (struct wire){.net = stage->net,
                                .node_count = 1,
                                .target_count = 1,
                                .port = 20000,
                                .inbox = calloc(INBOX, sizeof(struct letter))};
    assert_non_null(stage->wire.inbox);
    the_wire = &stage->wire;
    enter(stage, 0, stage->net);
    const struct load_options options = {
        .sessions = STAGE_SESSIONS, .room_size = STAGE_ROOM_SIZE, .watched_rooms = STAGE_SESSIONS};
    stage->fleet = fleet_create(&options, SHARE_WHOLE, &stage->wire, NULL);
    assert_non_null(stage->fleet);
    *state = stage;
    return 0;
}

int stage_teardown(void **state) {
    struct stage *stage = *state;
    void *net = stage->net;
    fleet_destroy(stage->fleet);
    for (size_t i = 1; i < stage->wire.node_count; i++) net_close(stage->wire.nodes[i]);
    free(stage->wire.inbox);
    free(stage);
    return net_teardown(&net);
}

/* --- A cluster --- */

static void set_view(struct stage *stage, size_t node, unsigned nodes) {
    struct cluster_node view[STAGE_NODES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < stage->wire.node_count; i++)
        if (nodes >> i & 1)
            view[count++] = (struct cluster_node){.id = (uint8_t)(i + 1),
                                                  .weight = 100,
                                                  .address_count = 1,
                                                  .addresses = {net_address((uint32_t)(NODES_AT + i))}};
    net_set_view(stage->wire.nodes[node], view, count);
}

void stage_view(struct stage *stage, unsigned nodes) {
    for (size_t i = 0; i < stage->wire.node_count; i++)
        if (!stage->wire.lost[i] && !stage->wire.stopped[i]) set_view(stage, i, nodes);
}

void stage_cluster(struct stage *stage, size_t count, uint8_t replicas) {
    struct node_key key = stage->net->node.key;
    net_enter_cluster(stage->net, 1, replicas);
    for (size_t i = 1; i < count; i++) {
        struct net *net = net_open_node(&key, (uint8_t)(i + 1), replicas);
        assert_non_null(net);
        net_stand_still(net, stage->net->monotonic - net->monotonic);
        enter(stage, i, net);
    }
    stage->wire.node_count = count;
    stage_view(stage, (1u << count) - 1);
}

void stage_revive(struct stage *stage, size_t node, unsigned nodes) {
    net_restart(stage->wire.nodes[node], true);
    stage->wire.lost[node] = stage->wire.stopped[node] = false;
    set_view(stage, node, nodes);
}

void stage_grow(struct stage *stage, uint32_t sessions) {
    const struct load_options options = {.sessions = sessions, .room_size = STAGE_ROOM_SIZE};
    fleet_destroy(stage->fleet);
    stage->fleet = fleet_create(&options, SHARE_WHOLE, &stage->wire, NULL);
    assert_non_null(stage->fleet);
}

struct fill_result stage_fill(struct stage *stage) {
    struct fill_result result;
    struct why why = {0};
    if (!fill_fleet(stage->fleet, NULL, NULL, &result, &why)) fail_msg("%s", why.text);
    return result;
}

void stage_take(void *context, size_t socket, const uint8_t *data, size_t size) {
    struct stage *stage = context;
    const struct row_options beats = {.traffic = TRAFFIC_BEATS};
    struct traffic *traffic = fleet_traffic_beats(stage->fleet, &beats);
    uint64_t number = traffic->answer(traffic->context, socket, data, size, load_now_us());
    if (number == TRAFFIC_NO_ANSWER) return;
    assert_true(stage->waiting[number]);
    stage->waiting[number] = false;
    stage->answered++;
}

/* As pump_run does: each socket's turn once a step, and what else is due. */
static void drive_row(struct stage *stage, const struct row_options *row) {
    struct traffic *traffic = fleet_traffic_beats(stage->fleet, row);
    uint64_t number = 0, end = load_now_us() + ROW_LIMIT_MS * UINT64_C(1000), now;
    for (size_t socket = 0; (now = load_now_us()) < end && !row_over(stage->fleet, now);
         socket = (socket + 1) % wire_sockets(&stage->wire)) {
        if (stage->meanwhile) stage->meanwhile(stage);
        uint64_t given = number++;
        uint8_t *space = wire_reserve(&stage->wire, socket);
        size_t size = traffic->request(traffic->context, socket, &given, now, space);
        if (size > 0) wire_commit(&stage->wire, socket, size);
        if (size > 0 && given != TRAFFIC_NO_ANSWER) {
            stage->waiting[given] = true;
            stage->asked++;
        }
        wire_flush(&stage->wire, socket);
        wire_receive(&stage->wire, 1000, 512, stage_take, stage);
        traffic->idle(traffic->context, load_now_us());
    }
    assert_true(now < end);
}

void stage_end_row(struct stage *stage) {
    row_end(stage->fleet, &stage->facts);
    stage->said.count = 0;
    verdict_lines(&stage->facts, &stage->said);
}

const struct row_facts *stage_row(struct stage *stage, const struct row_options *options) {
    struct why why = {0};
    struct row_options row = *options;
    row.answers = ANSWERS_EVERY;
    stage->asked = stage->answered = 0;
    memset(stage->waiting, 0, sizeof stage->waiting);
    if (!row_begin(stage->fleet, &row, &why)) fail_msg("%s", why.text);
    row_start(stage->fleet, load_now_us());
    drive_row(stage, &row);
    for (uint64_t end = load_now_us() + LOST_AFTER_MS * 1000; load_now_us() < end;)
        wire_receive(&stage->wire, 1000, 512, stage_take, stage);
    stage_end_row(stage);
    return &stage->facts;
}

void stage_assert_agreed(const struct stage *stage) {
    for (size_t i = 0; i < stage->said.count; i++) fail_msg("%s", stage->said.lines[i]);
}

void stage_assert_counts(const struct stage *stage) {
    static const enum counter counters[] = {COUNTER_HEARTBEAT, COUNTER_HEARTBEAT_OLD, COUNTER_HEARTBEAT_FORGED};
    struct fleet_counts ours = fleet_counts(stage->fleet);
    uint64_t theirs = 0, confirmed = 0, sessions = 0;
    for (size_t node = 0; node < stage->wire.node_count; node++) {
        const struct net *net = stage->wire.nodes[node];
        for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
            theirs += counters_read(&net->counters, counters[i]);
        confirmed += net_totals(net).confirmed;
        if (stage->facts.nodes.count > node)
            assert_int_equal(stage->facts.nodes.list[node].sessions, net_totals(net).sessions);
        sessions += net_totals(net).sessions;
    }
    assert_int_equal(ours.beats - ours.beats_reset, theirs);
    assert_int_equal(ours.registered, confirmed);
    assert_int_equal(ours.living, sessions);
}

void stage_assert_said(const struct stage *stage, const char *what) {
    for (size_t i = 0; i < stage->said.count; i++)
        if (strstr(stage->said.lines[i], what)) return;
    fail_msg("nothing was said of '%s'", what);
}
