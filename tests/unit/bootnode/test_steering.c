#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <unistd.h>

#include "bootnode/steering.h"
#include "common/udp.h"
#include "common/why.h"
#include "common/wire/bootnode_packets.h"

#define WORKERS 4
#define SENDERS 16
#define SHARD_AT 11

/* The kernel runs the program: a group of real sockets on loopback, as the workers have it. */
struct group {
    int workers[WORKERS];
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
    for (size_t i = 0; i < WORKERS; i++) group.workers[i] = opened(&group.to);
    assert_int_equal(steering_attach(group.workers[0], WORKERS), 0);
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
    for (size_t i = 0; i < WORKERS; i++) close(group->workers[i]);
    for (size_t i = 0; i < SENDERS; i++) close(group->senders[i]);
    udp_batch_destroy(group->batch);
    return 0;
}

/* Sends the packet from every sender; how many reached each worker. On loopback a sent datagram has arrived. */
static void spread(struct group *group, const uint8_t *packet, size_t size, size_t reached[static WORKERS]) {
    size_t sum = 0;
    for (size_t i = 0; i < SENDERS; i++) {
        assert_true(udp_batch_add(group->batch, &(struct datagram){.peer = group->to, .data = packet, .size = size}));
        assert_int_equal(udp_send(group->senders[i], group->batch).sent, 1);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        int count = udp_receive(group->workers[i], group->batch);
        assert_true(count >= 0);
        sum += reached[i] = (size_t)count;
    }
    udp_batch_clear(group->batch);
    assert_int_equal(sum, SENDERS);
}

static void assert_steered(struct group *group, uint8_t type, uint8_t shard, size_t size) {
    uint8_t packet[100] = {type};
    size_t reached[WORKERS];
    packet[SHARD_AT] = shard;
    spread(group, packet, size, reached);
    assert_int_equal(reached[shard], SENDERS);
}

static void assert_spread(struct group *group, uint8_t type, uint8_t shard, size_t size) {
    uint8_t packet[100] = {type};
    size_t reached[WORKERS], used = 0;
    packet[SHARD_AT] = shard;
    spread(group, packet, size, reached);
    for (size_t i = 0; i < WORKERS; i++) used += reached[i] > 0;
    assert_true(used > 1);
}

static const uint8_t steered[] = {MESSAGE_HEARTBEAT, MESSAGE_UPDATE, MESSAGE_INTRODUCE,
                                  MESSAGE_MOVE,      MESSAGE_LEAVE,  MESSAGE_RELAY};

static void test_sessions_reach_their_worker(void **state) {
    for (size_t i = 0; i < sizeof steered; i++)
        for (uint8_t shard = 0; shard < WORKERS; shard++) assert_steered(*state, steered[i], shard, BEAT_SIZE);
}

static void test_shortest_that_is_steered(void **state) {
    assert_steered(*state, MESSAGE_HEARTBEAT, 3, 12);
    assert_spread(*state, MESSAGE_HEARTBEAT, 3, 11);
    assert_spread(*state, MESSAGE_HEARTBEAT, 3, 1);
    assert_spread(*state, MESSAGE_HEARTBEAT, 3, 0);
}

static void test_unknown_shards_are_spread(void **state) {
    assert_spread(*state, MESSAGE_HEARTBEAT, WORKERS, BEAT_SIZE);
    assert_spread(*state, MESSAGE_HEARTBEAT, 255, BEAT_SIZE);
}

static void test_everything_else_is_spread(void **state) {
    for (int type = 0; type < 256; type++)
        if (!memchr(steered, type, sizeof steered)) assert_spread(*state, (uint8_t)type, 1, HELLO_SIZE);
}

static void test_refuses_what_is_no_socket(void **state) {
    (void)state;
    assert_int_equal(steering_attach(-1, WORKERS), -EBADF);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions_reach_their_worker), cmocka_unit_test(test_shortest_that_is_steered),
        cmocka_unit_test(test_unknown_shards_are_spread),   cmocka_unit_test(test_everything_else_is_spread),
        cmocka_unit_test(test_refuses_what_is_no_socket),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("steering", tests, open_group, close_group);
}
