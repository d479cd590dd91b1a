/* The load generator's fleet against a bootnode without threads or sockets, on a time of their own: it fills, beats,
 * churns, moves and falls silent under loss; and what goes wrong is said. This file is the fleet's wire. */
#include "bench/load/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "bench/load/disagreements.h"
#include "bench/load/fall.h"
#include "bench/load/fill.h"
#include "bench/load/fleet_traffic.h"
#include "bench/load/load_now.h"
#include "bench/load/load_options.h"
#include "bench/load/row.h"
#include "bench/load/row_facts.h"
#include "bench/load/traffic.h"
#include "bench/load/verdict.h"
#include "bench/load/wire.h"
#include "common/why.h"
#include "tests/scenario/support/rendezvous_net.h"

#define SESSIONS 60
#define ROOM_SIZE 12
#define SOCKETS 7
#define INBOX 65536
#define LOST_AFTER_MS 1000 /* an answer */
#define ROW_LIMIT_MS 60000

struct letter {
    size_t socket, size;
    uint64_t arrives;
    uint8_t data[PACKET_MAX];
};

struct wire {
    struct net *net;
    uint16_t port;                                      /* of the first socket; others follow */
    unsigned loss;                                      /* percent, each way */
    bool cut;                                           /* nothing comes through */
    bool (*passes)(const uint8_t *packet, size_t size); /* from the bootnode; NULL: all */
    bool (*leaves)(const uint8_t *packet, size_t size); /* to it */
    size_t reserved[SOCKETS];
    uint8_t bursts[SOCKETS][WIRE_BURST][PACKET_MAX];
    size_t sizes[SOCKETS][WIRE_BURST];
    struct letter *inbox;
    size_t first, count;
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

static bool is_lost(const struct wire *wire) {
    return wire->cut || randombytes_random() % 100 < wire->loss;
}

/* The net has no such clients: everything from the bootnode is taken here. */
static bool take_from_bootnode(struct net *net, const struct flying *packet) {
    struct wire *wire = net->watching;
    size_t socket = (size_t)packet->peer.port - wire->port;
    bool ours = packet->peer.port >= wire->port && socket < SOCKETS;
    if (!ours || is_lost(wire) || (wire->passes && !wire->passes(packet->data, packet->size))) return false;
    assert_in_range(wire->count, 0, INBOX - 1);
    struct letter *letter = &wire->inbox[(wire->first + wire->count++) % INBOX];
    *letter = (struct letter){.socket = socket, .size = packet->size, .arrives = packet->arrives};
    memcpy(letter->data, packet->data, packet->size);
    return false;
}

size_t wire_sockets(const struct wire *wire) {
    (void)wire;
    return SOCKETS;
}

uint8_t *wire_reserve(struct wire *wire, size_t socket) {
    return wire->reserved[socket] < WIRE_BURST ? wire->bursts[socket][wire->reserved[socket]] : NULL;
}

void wire_commit(struct wire *wire, size_t socket, size_t size) {
    wire->sizes[socket][wire->reserved[socket]++] = size;
}

size_t wire_flush(struct wire *wire, size_t socket) {
    struct address from = socket_address(wire, socket);
    size_t count = wire->reserved[socket];
    wire->reserved[socket] = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *packet = wire->bursts[socket][i];
        size_t size = wire->sizes[socket][i];
        if (!is_lost(wire) && (!wire->leaves || wire->leaves(packet, size))) net_inject(wire->net, &from, packet, size);
    }
    return count;
}

/* Time passes only here, and only for who waits. */
size_t wire_receive(struct wire *wire, uint64_t timeout_us, size_t limit,
                    void (*take)(void *context, size_t socket, const uint8_t *data, size_t size), void *context) {
    size_t taken = 0;
    if (timeout_us > 0) net_run(wire->net, NET_STEP_MS);
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
    wire->port = (uint16_t)(wire->port + SOCKETS);
    wire->first = wire->count = 0;
    return true;
}

struct address wire_local(const struct wire *wire, size_t socket) {
    return socket_address(wire, socket);
}

/* --- The stage --- */

struct stage {
    struct net *net;
    struct wire wire;
    struct fleet *fleet;
    struct row_facts facts;
    struct disagreements said;
    uint64_t asked, answered;
    bool waiting[1 << 20]; /* by request */
};

static int setup(void **state) {
    void *net;
    if (net_setup(&net) != 0) return -1;
    struct stage *stage = calloc(1, sizeof *stage);
    assert_non_null(stage);
    stage->net = net;
    stage->net->config.sessions_per_source = 0;
    stage->net->config.limit_loopback = false;
    net_restart(stage->net, true);
    stage->wire = (struct wire){.net = stage->net, .port = 20000, .inbox = calloc(INBOX, sizeof(struct letter))};
    assert_non_null(stage->wire.inbox);
    the_wire = stage->net->watching = &stage->wire;
    stage->net->watch = take_from_bootnode;
    const struct load_options options = {.sessions = SESSIONS, .room_size = ROOM_SIZE, .watched_rooms = SESSIONS};
    stage->fleet = fleet_create(&options, SHARE_WHOLE, &stage->wire, NULL);
    assert_non_null(stage->fleet);
    *state = stage;
    return 0;
}

static int teardown(void **state) {
    struct stage *stage = *state;
    void *net = stage->net;
    fleet_destroy(stage->fleet);
    free(stage->wire.inbox);
    free(stage);
    return net_teardown(&net);
}

static struct fill_result fill(struct stage *stage) {
    struct fill_result result;
    struct why why = {0};
    if (!fill_fleet(stage->fleet, NULL, NULL, &result, &why)) fail_msg("%s", why.text);
    return result;
}

static void take_answer(void *context, size_t socket, const uint8_t *data, size_t size) {
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
         socket = (socket + 1) % SOCKETS) {
        uint64_t given = number++;
        uint8_t *space = wire_reserve(&stage->wire, socket);
        size_t size = traffic->request(traffic->context, socket, &given, now, space);
        if (size > 0) wire_commit(&stage->wire, socket, size);
        if (size > 0 && given != TRAFFIC_NO_ANSWER) {
            stage->waiting[given] = true;
            stage->asked++;
        }
        wire_flush(&stage->wire, socket);
        wire_receive(&stage->wire, 1000, 512, take_answer, stage);
        traffic->idle(traffic->context, load_now_us());
    }
    assert_true(now < end);
}

static void end_row(struct stage *stage) {
    row_end(stage->fleet, &stage->facts);
    stage->said.count = 0;
    verdict_lines(&stage->facts, &stage->said);
}

static const struct row_facts *run_row(struct stage *stage, const struct row_options *options) {
    struct why why = {0};
    struct row_options row = *options;
    row.answers = ANSWERS_EVERY;
    stage->asked = stage->answered = 0;
    memset(stage->waiting, 0, sizeof stage->waiting);
    if (!row_begin(stage->fleet, &row, &why)) fail_msg("%s", why.text);
    row_start(stage->fleet, load_now_us());
    drive_row(stage, &row);
    for (uint64_t end = load_now_us() + LOST_AFTER_MS * 1000; load_now_us() < end;)
        wire_receive(&stage->wire, 1000, 512, take_answer, stage);
    end_row(stage);
    return &stage->facts;
}

static void assert_agreed(const struct stage *stage) {
    for (size_t i = 0; i < stage->said.count; i++) fail_msg("%s", stage->said.lines[i]);
}

/* What nothing was lost of. */
static void assert_counts_agree(const struct stage *stage) {
    static const enum counter counters[] = {COUNTER_HEARTBEAT, COUNTER_HEARTBEAT_OLD, COUNTER_HEARTBEAT_FORGED};
    struct fleet_counts ours = fleet_counts(stage->fleet);
    uint64_t theirs = 0;
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        theirs += counters_read(&stage->net->counters, counters[i]);
    assert_int_equal(ours.beats - ours.beats_reset, theirs);
    assert_int_equal(ours.registered, net_totals(stage->net).confirmed);
    assert_int_equal(ours.living, net_totals(stage->net).sessions);
}

static void assert_said(const struct stage *stage, const char *what) {
    for (size_t i = 0; i < stage->said.count; i++)
        if (strstr(stage->said.lines[i], what)) return;
    fail_msg("nothing was said of '%s'", what);
}

/* --- What goes well --- */

static void fills_and_beats(void **state) {
    struct stage *stage = *state;
    assert_int_equal(fill(stage).registered, SESSIONS);
    struct shard_counters totals = net_totals(stage->net);
    assert_int_equal(totals.sessions, SESSIONS);
    assert_int_equal(totals.provisional, 0);
    assert_int_equal(totals.rooms, SESSIONS / ROOM_SIZE);
    (void)run_row(stage, &(struct row_options){.duration_s = 20});
    assert_agreed(stage);
    assert_true(stage->asked > 3000);
    assert_int_equal(stage->answered, stage->asked);
    assert_counts_agree(stage);
    assert_int_equal(fleet_counts(stage->fleet).beats_reset, 0);
    assert_int_equal(net_totals(stage->net).expired, 0);
    assert_int_equal(fill(stage).registered, 0);
}

/* The ids of all sessions, in the order in which they beat from here on, socket by socket. */
static void note_pass(struct stage *stage, uint64_t ids[static SESSIONS]) {
    const struct row_options row = {.traffic = TRAFFIC_BEATS};
    struct traffic *traffic = fleet_traffic_beats(stage->fleet, &row);
    for (uint32_t i = 0; i < SESSIONS; i++) {
        uint8_t packet[PACKET_MAX];
        struct beat beat;
        uint64_t number = i;
        size_t size = traffic->request(traffic->context, i % SOCKETS, &number, load_now_us(), packet);
        assert_true(beat_decode(packet, size, &beat));
        ids[i] = beat.session_id;
    }
}

static unsigned count_of(const uint64_t ids[static SESSIONS], uint64_t id) {
    unsigned count = 0;
    for (uint32_t i = 0; i < SESSIONS; i++) count += ids[i] == id;
    return count;
}

static void every_session_beats_once_a_pass(void **state) {
    struct stage *stage = *state;
    const struct row_options row = {.duration_s = 1};
    uint64_t first[SESSIONS], second[SESSIONS];
    struct why why;
    fill(stage);
    assert_true(row_begin(stage->fleet, &row, &why));
    note_pass(stage, first);
    note_pass(stage, second);
    for (uint32_t i = 0; i < SESSIONS; i++) {
        assert_int_equal(count_of(first, first[i]), 1);
        assert_int_equal(count_of(second, first[i]), 1);
    }
    /* Another row, another order. */
    end_row(stage);
    assert_true(row_begin(stage->fleet, &row, &why));
    note_pass(stage, second);
    assert_memory_not_equal(first, second, sizeof first);
}

static void fills_under_loss(void **state) {
    struct stage *stage = *state;
    stage->wire.loss = 20;
    assert_int_equal(fill(stage).registered, SESSIONS);
    assert_int_equal(net_totals(stage->net).sessions, SESSIONS);
    (void)run_row(stage, &(struct row_options){.duration_s = 20});
    assert_agreed(stage);
    assert_true(stage->answered > stage->asked / 2 && stage->answered < stage->asked);
    assert_int_equal(net_totals(stage->net).expired, 0);
}

static void churn_is_announced(void **state) {
    struct stage *stage = *state;
    fill(stage);
    const struct row_facts *facts = run_row(stage, &(struct row_options){.duration_s = 10, .churn_percent = 5});
    assert_agreed(stage);
    assert_in_range(facts->registered, 25, 35);
    assert_int_equal(net_totals(stage->net).left, facts->registered);
    assert_int_equal(fleet_counts(stage->fleet).left, facts->registered);
    assert_int_equal(net_totals(stage->net).sessions, SESSIONS);
    assert_true(facts->announced.announce_us.count >= (ROOM_SIZE - 2) * facts->registered);
    assert_int_equal(facts->announced.join_missing, 0);
    assert_int_equal(stage->answered, stage->asked);
    assert_counts_agree(stage);
}

/* Of the five tries of a LEAVE, or their answers, all are lost in one case of 170: that is no fault. */
static void churn_under_loss_is_announced(void **state) {
    struct stage *stage = *state;
    fill(stage);
    stage->wire.loss = 20;
    (void)run_row(stage, &(struct row_options){.duration_s = 10, .churn_percent = 5});
    for (size_t i = 0; i < stage->said.count; i++)
        if (!strstr(stage->said.lines[i], "LEAVEs got no RESET")) fail_msg("%s", stage->said.lines[i]);
}

static void silence_expires(void **state) {
    struct stage *stage = *state;
    fill(stage);
    const struct row_facts *facts = run_row(stage, &(struct row_options){.duration_s = 1, .silent_percent = 50});
    assert_agreed(stage);
    assert_int_equal(facts->announced.expired_expected, fleet_counts(stage->fleet).fell_silent);
    assert_in_range(facts->announced.expired_expected, SESSIONS / 2 - 5, SESSIONS / 2 + 5);
    assert_int_equal(facts->announced.expired_seen, facts->announced.expired_expected);
    assert_int_equal(net_totals(stage->net).expired, facts->announced.expired_expected);
    assert_true(facts->announced.expiry_late_ms.maximum < 500);
    assert_counts_agree(stage);
    assert_int_equal(fill(stage).registered, facts->announced.expired_expected);
    assert_int_equal(net_totals(stage->net).sessions, SESSIONS);
}

/* Beats are held back for so long from the first on. */
static uint64_t held_until_ms, restart_at_ms;

static bool no_beats_yet(const uint8_t *packet, size_t size) {
    return size == 0 || packet[0] != MESSAGE_HEARTBEAT || the_wire->net->monotonic >= held_until_ms;
}

/* Provisional sessions end after 5 s: who comes later gets RESET, and begins anew. */
static void first_beats_that_come_too_late_are_accounted_for(void **state) {
    struct stage *stage = *state;
    stage->wire.leaves = no_beats_yet;
    held_until_ms = stage->net->monotonic + 6000;
    assert_int_equal(fill(stage).registered, SESSIONS);
    assert_true(fleet_counts(stage->fleet).beats_reset >= SESSIONS);
    (void)run_row(stage, &(struct row_options){.duration_s = 2});
    assert_agreed(stage);
    assert_counts_agree(stage);
}

static void restart_once(void *context, uint64_t registered) {
    const struct stage *stage = context;
    (void)registered;
    if (stage->net->monotonic < restart_at_ms) return;
    net_restart(stage->net, true);
    restart_at_ms = UINT64_MAX;
}

/* They end no sooner. */
static void provisional_sessions_forgotten_too_early_are_noticed(void **state) {
    struct stage *stage = *state;
    struct fill_result result;
    struct why why;
    stage->wire.leaves = no_beats_yet;
    held_until_ms = stage->net->monotonic + 2000;
    restart_at_ms = stage->net->monotonic + 1000;
    assert_true(fill_fleet(stage->fleet, restart_once, stage, &result, &why));
    (void)run_row(stage, &(struct row_options){.duration_s = 1});
    assert_said(stage, "60 living sessions were forgotten");
}

static void live_until(struct stage *stage, uint64_t until_us) {
    while (load_now_us() < until_us) {
        wire_receive(&stage->wire, 1000, 512, take_answer, stage);
        fleet_keep_alive(stage->fleet);
    }
}

/* Answer times count while sessions expire: from the first to the last. */
static void the_time_of_expiring_is_known(void **state) {
    struct stage *stage = *state;
    const struct row_options row = {.duration_s = 1, .silent_percent = 50};
    uint64_t from, until;
    struct why why;
    fill(stage);
    assert_true(row_begin(stage->fleet, &(struct row_options){.duration_s = 1}, &why));
    fall_expiring(stage->fleet, &from, &until);
    assert_int_equal(from + until, 0);
    end_row(stage);
    assert_true(row_begin(stage->fleet, &row, &why));
    fall_expiring(stage->fleet, &from, &until);
    live_until(stage, from);
    assert_int_equal(net_totals(stage->net).expired, 0);
    live_until(stage, until);
    assert_int_equal(net_totals(stage->net).expired, fleet_counts(stage->fleet).fell_silent);
}

/* One in each watched room lives on, to see it. */
static void all_silent_leaves_one_witness_a_room(void **state) {
    struct stage *stage = *state;
    fill(stage);
    stage->wire.loss = 10;
    const struct row_facts *facts = run_row(stage, &(struct row_options){.duration_s = 1, .silent_percent = 100});
    assert_agreed(stage);
    assert_int_equal(facts->announced.expired_seen, SESSIONS - SESSIONS / ROOM_SIZE);
}

static void everyone_moves(void **state) {
    struct stage *stage = *state;
    fill(stage);
    (void)run_row(stage, &(struct row_options){.duration_s = 2, .rebind = true});
    assert_agreed(stage);
    assert_int_equal(stage->answered, stage->asked);
    assert_int_equal(net_totals(stage->net).moved, SESSIONS);
    assert_int_equal(fleet_counts(stage->fleet).moved, SESSIONS);
    stage->wire.loss = 20;
    (void)run_row(stage, &(struct row_options){.duration_s = 2, .rebind = true});
    assert_agreed(stage);
    assert_int_equal(fleet_counts(stage->fleet).moved, 2 * SESSIONS);
}

/* --- What goes wrong --- */

static void bootnode_that_does_not_answer(void **state) {
    struct stage *stage = *state;
    struct fill_result result;
    struct why why;
    stage->wire.cut = true;
    assert_false(fill_fleet(stage->fleet, NULL, NULL, &result, &why));
    assert_non_null(strstr(why.text, "did not answer"));
}

static void bootnode_that_refuses(void **state) {
    struct stage *stage = *state;
    struct fill_result result;
    struct why why;
    stage->net->config.room_members = ROOM_SIZE - 1;
    stage->net->config.room_source_share = 100; /* the fleet is one source */
    net_restart(stage->net, true);
    assert_false(fill_fleet(stage->fleet, NULL, NULL, &result, &why));
    assert_non_null(strstr(why.text, "room is full"));
}

static void bootnode_that_dies_is_noticed(void **state) {
    struct stage *stage = *state;
    fill(stage);
    stage->wire.cut = true;
    (void)run_row(stage, &(struct row_options){.duration_s = 3});
    assert_said(stage, "fell silent");
}

static void bootnode_that_forgets_is_noticed(void **state) {
    struct stage *stage = *state;
    fill(stage);
    net_restart(stage->net, true);
    (void)run_row(stage, &(struct row_options){.duration_s = 5});
    assert_said(stage, "60 living sessions were forgotten");
    assert_int_equal(fleet_counts(stage->fleet).resets, SESSIONS);
    fill(stage);
    assert_int_equal(net_totals(stage->net).sessions, SESSIONS);
    (void)run_row(stage, &(struct row_options){.duration_s = 5});
    assert_agreed(stage);
}

static bool no_changes(const uint8_t *packet, size_t size) {
    return size == 0 || packet[0] != MESSAGE_CHANGES;
}

static void announcements_that_do_not_come_are_missed(void **state) {
    struct stage *stage = *state;
    fill(stage);
    stage->wire.passes = no_changes;
    const struct row_facts *facts = run_row(stage, &(struct row_options){.duration_s = 3, .churn_percent = 5});
    assert_said(stage, "announcements of a join did not reach a member");
    stage->wire.passes = NULL;
    fill(stage);
    stage->wire.passes = no_changes;
    facts = run_row(stage, &(struct row_options){.duration_s = 1, .silent_percent = 20});
    assert_said(stage, "were not announced as left");
    assert_int_equal(facts->announced.expired_seen, 0);
}

static bool no_path(const uint8_t *packet, size_t size) {
    return size == 0 || packet[0] != MESSAGE_PATH;
}

static void sessions_that_cannot_move_are_counted(void **state) {
    struct stage *stage = *state;
    fill(stage);
    stage->wire.passes = no_path;
    (void)run_row(stage, &(struct row_options){.duration_s = 1, .rebind = true});
    assert_said(stage, "60 sessions did not move");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(fills_and_beats),
        TEST(every_session_beats_once_a_pass),
        TEST(fills_under_loss),
        TEST(churn_is_announced),
        TEST(churn_under_loss_is_announced),
        TEST(silence_expires),
        TEST(first_beats_that_come_too_late_are_accounted_for),
        TEST(provisional_sessions_forgotten_too_early_are_noticed),
        TEST(the_time_of_expiring_is_known),
        TEST(all_silent_leaves_one_witness_a_room),
        TEST(everyone_moves),
        TEST(bootnode_that_does_not_answer),
        TEST(bootnode_that_refuses),
        TEST(bootnode_that_dies_is_noticed),
        TEST(bootnode_that_forgets_is_noticed),
        TEST(announcements_that_do_not_come_are_missed),
        TEST(sessions_that_cannot_move_are_counted),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("load_fleet", tests, NULL, NULL);
}
