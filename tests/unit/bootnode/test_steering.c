#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <unistd.h>

#include "bootnode/steering.h"
#include "common/stun.h"
#include "common/udp.h"
#include "common/why.h"
#include "common/wire/bootnode_packets.h"

#define WORKERS 4
#define SENDERS 32
#define NODE 7
#define NODE_AT 10
#define SHARD_AT 11
#define SOCKETS (WORKERS * LANE_COUNT)

/* The kernel runs the program: a group of real sockets on loopback, as the workers have it. */
struct group {
    int sockets[SOCKETS];
    int senders[SENDERS]; /* each from a port of its own */
    struct address to;
    struct udp_batch *batch;
};

static int opened(struct address *address) {
    struct why why;
    int socket = udp_open(address, &(struct udp_options){.reuse_port = true}, &why);
    assert_true(socket >= 0);
    assert_true(udp_bound(socket, address));
    return socket;
}

static int open_group(void **state) {
    static struct group group;
    assert_true(address_parse("127.0.0.1:0", 0, &group.to));
    for (size_t i = 0; i < SOCKETS; i++) {
        group.sockets[i] = opened(&group.to);
        if (i == WORKERS - 1) assert_int_equal(steering_attach(group.sockets[0], WORKERS, NODE), 0);
    }
    for (size_t i = 0; i < SENDERS; i++) {
        struct address from;
        assert_true(address_parse("127.0.0.1:0", 0, &from));
        group.senders[i] = opened(&from);
    }
    group.batch = udp_batch_create(SENDERS);
    assert_non_null(group.batch);
    *state = &group;
    return 0;
}

static int close_group(void **state) {
    struct group *group = *state;
    for (size_t i = 0; i < SOCKETS; i++) close(group->sockets[i]);
    for (size_t i = 0; i < SENDERS; i++) close(group->senders[i]);
    udp_batch_destroy(group->batch);
    return 0;
}

/* Sends the packet from every sender; how many reached each socket. On loopback a sent datagram has arrived. */
static void spread(struct group *group, const uint8_t *packet, size_t size, size_t reached[static SOCKETS]) {
    size_t sum = 0;
    for (size_t i = 0; i < SENDERS; i++) {
        assert_true(udp_batch_add(group->batch, &(struct datagram){.peer = group->to, .data = packet, .size = size}));
        assert_int_equal(udp_send(group->senders[i], group->batch).sent, 1);
    }
    for (size_t i = 0; i < SOCKETS; i++) {
        int count = udp_receive(group->sockets[i], group->batch);
        assert_true(count >= 0);
        sum += reached[i] = (size_t)count;
    }
    udp_batch_clear(group->batch);
    assert_int_equal(sum, SENDERS);
}

/* As a session's id begins: type, node and shard. */
struct probe {
    uint8_t type, node, shard;
    size_t size;
};

static void send_probe(struct group *group, struct probe probe, size_t reached[static SOCKETS]) {
    uint8_t packet[PACKET_MAX] = {probe.type};
    packet[NODE_AT] = probe.node;
    packet[SHARD_AT] = probe.shard;
    spread(group, packet, probe.size, reached);
}

static void assert_steered(struct group *group, enum lane lane, struct probe probe) {
    size_t reached[SOCKETS];
    send_probe(group, probe, reached);
    assert_int_equal(reached[steering_index(lane, probe.shard, WORKERS)], SENDERS);
}

/* To the sockets of one lane, and to more than one worker's; by chance all 32 go to one once in 2^62 times. */
static void assert_spread(struct group *group, enum lane lane, struct probe probe) {
    size_t reached[SOCKETS], used = 0, of_lane = 0;
    send_probe(group, probe, reached);
    for (size_t worker = 0; worker < WORKERS; worker++) {
        size_t here = reached[steering_index(lane, worker, WORKERS)];
        of_lane += here;
        used += here > 0;
    }
    assert_int_equal(of_lane, SENDERS);
    assert_true(used > 1);
}

static const uint8_t of_sessions[] = {MESSAGE_HEARTBEAT, MESSAGE_UPDATE, MESSAGE_INTRODUCE, MESSAGE_MOVE,
                                      MESSAGE_LEAVE};

static void test_sessions_reach_their_worker(void **state) {
    for (uint8_t shard = 0; shard < WORKERS; shard++) {
        for (size_t i = 0; i < sizeof of_sessions; i++)
            assert_steered(*state, LANE_SESSION, (struct probe){of_sessions[i], NODE, shard, BEAT_SIZE});
        assert_steered(*state, LANE_RELAY, (struct probe){MESSAGE_RELAY, NODE, shard, BEAT_SIZE});
    }
}

static void test_shortest_that_is_steered(void **state) {
    assert_steered(*state, LANE_SESSION, (struct probe){MESSAGE_HEARTBEAT, NODE, 3, 12});
    for (size_t size = 0; size < 12; size++) {
        assert_spread(*state, LANE_JUNK, (struct probe){MESSAGE_HEARTBEAT, NODE, 3, size});
        assert_spread(*state, LANE_JUNK, (struct probe){size ? MESSAGE_RELAY : 0, NODE, 3, size});
    }
}

/* Beats that were sent as one are apart once their socket was chosen: to the program they are long. What comes by
 * another device than loopback waits with RELAY then. */
static void test_beats_sent_as_one_come_as_beats(void **state) {
    for (size_t i = 0; i < sizeof of_sessions; i++)
        for (size_t size = STEERING_SESSION_MAX; size <= STEERING_SESSION_MAX + 1; size++)
            assert_steered(*state, LANE_SESSION, (struct probe){of_sessions[i], NODE, 2, size});
}

/* Who floods with invented ids comes to the lanes of sessions with few of them. */
static void test_what_is_no_session_of_ours_is_junk(void **state) {
    for (size_t i = 0; i < sizeof of_sessions; i++) {
        assert_spread(*state, LANE_JUNK, (struct probe){of_sessions[i], NODE, WORKERS, BEAT_SIZE});
        assert_spread(*state, LANE_JUNK, (struct probe){of_sessions[i], NODE, 255, BEAT_SIZE});
        assert_spread(*state, LANE_JUNK, (struct probe){of_sessions[i], NODE + 1, 0, BEAT_SIZE});
        assert_spread(*state, LANE_JUNK, (struct probe){of_sessions[i], 0, 0, BEAT_SIZE});
    }
    assert_spread(*state, LANE_JUNK, (struct probe){MESSAGE_RELAY, NODE, WORKERS, BEAT_SIZE});
    assert_spread(*state, LANE_JUNK, (struct probe){MESSAGE_RELAY, NODE + 1, 0, BEAT_SIZE});
}

static enum lane lane_of(uint8_t type) {
    if (type < STUN_TYPE_END) return LANE_STUN;
    if (type == MESSAGE_HELLO) return LANE_HELLO;
    return type == MESSAGE_REGISTER ? LANE_REGISTER : LANE_JUNK;
}

static void test_everything_else_is_spread(void **state) {
    for (int type = 0; type < 256; type++)
        if (!memchr(of_sessions, type, sizeof of_sessions) && type != MESSAGE_RELAY)
            assert_spread(*state, lane_of((uint8_t)type), (struct probe){(uint8_t)type, NODE, 1, HELLO_SIZE});
}

static void test_shortest_of_everybody(void **state) {
    assert_spread(*state, LANE_STUN, (struct probe){.type = 1, .size = 1});
    assert_spread(*state, LANE_HELLO, (struct probe){.type = MESSAGE_HELLO, .size = 1});
    assert_spread(*state, LANE_REGISTER, (struct probe){.type = MESSAGE_REGISTER, .size = 1});
}

static void test_refuses_what_is_no_socket(void **state) {
    (void)state;
    assert_int_equal(steering_attach(-1, WORKERS, NODE), -EBADF);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions_reach_their_worker),
        cmocka_unit_test(test_shortest_that_is_steered),
        cmocka_unit_test(test_beats_sent_as_one_come_as_beats),
        cmocka_unit_test(test_what_is_no_session_of_ours_is_junk),
        cmocka_unit_test(test_everything_else_is_spread),
        cmocka_unit_test(test_shortest_of_everybody),
        cmocka_unit_test(test_refuses_what_is_no_socket),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("steering", tests, open_group, close_group);
}
