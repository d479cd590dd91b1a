#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bootnode/config.h"
#include "bootnode/handed.h"
#include "bootnode/socket_groups.h"
#include "bootnode/steering.h"
#include "common/udp.h"
#include "common/why.h"
#include "common/wire/bootnode_packets.h"

#define FIRST 400 /* descriptors that nobody has */
#define MOST 64
#define NODE 7
#define NODE_AT 10
#define SHARD_AT 11

/* What a service manager hands over: sockets of one address, each with a name. */
struct stage {
    struct address address;
    size_t count;
    char names[MOST * HANDED_NAME_SIZE];
    struct bootnode_config config;
    struct handed handed;
    struct socket_groups sockets;
};

static int set_up(void **state) {
    struct stage *stage = calloc(1, sizeof *stage);
    if (!stage || !address_parse("127.0.0.1:0", 0, &stage->address)) return -1;
    ini_table_defaults(&bootnode_config_table, &stage->config);
    stage->config.node_id = NODE;
    *state = stage;
    return 0;
}

static int tear_down(void **state) {
    struct stage *stage = *state;
    socket_groups_close(&stage->sockets);
    handed_close(&stage->handed);
    free(stage);
    return 0;
}

static void put(struct stage *stage, int descriptor, const char *name) {
    assert_int_equal(dup2(descriptor, FIRST + (int)stage->count), FIRST + (int)stage->count);
    close(descriptor);
    size_t used = strlen(stage->names);
    snprintf(stage->names + used, sizeof stage->names - used, "%s%s", stage->count++ > 0 ? ":" : "", name);
}

static int open_socket(struct stage *stage, bool shared) {
    struct why why;
    int socket = udp_open(&stage->address, &(struct udp_options){.reuse_port = shared}, &why);
    assert_true(socket >= 0);
    assert_true(udp_bound(socket, &stage->address));
    return socket;
}

/* The group of a bootnode with so many workers, handed over from the last to the first. */
static void put_kept(struct stage *stage, size_t workers) {
    char name[HANDED_NAME_SIZE];
    int sockets[MOST];
    for (size_t i = 0; i < workers * LANE_COUNT; i++) sockets[i] = open_socket(stage, true);
    for (size_t i = workers * LANE_COUNT; i-- > 0;) {
        handed_name(&(struct handed_place){(enum lane)(i / workers), i % workers, workers}, name);
        put(stage, sockets[i], name);
    }
}

static void hand_over(struct stage *stage) {
    handed_open_from(&stage->handed, FIRST, stage->count, stage->names);
    stage->config.listen.count = 1;
    stage->config.listen.items[0] = stage->address;
}

static bool open_groups(struct stage *stage, size_t workers) {
    return socket_groups_open(&stage->sockets, &stage->config, workers, &stage->handed);
}

/* A packet of a session of that shard: does it come to that lane of worker `shard`, alone? */
static bool comes_to(const struct stage *stage, size_t workers, uint8_t type, enum lane expected, uint8_t shard) {
    uint8_t packet[BEAT_SIZE] = {type}, came[64];
    struct sockaddr_storage name;
    socklen_t size = address_to_sockaddr(&stage->address, AF_INET, &name);
    int sender = socket(AF_INET, SOCK_DGRAM, 0);
    bool right = true;
    packet[NODE_AT] = NODE;
    packet[SHARD_AT] = shard;
    assert_int_equal(sendto(sender, packet, sizeof packet, 0, (struct sockaddr *)&name, size), sizeof packet);
    close(sender);
    for (size_t i = 0; i < workers; i++) {
        for (enum lane lane = 0; lane < LANE_COUNT; lane++) {
            bool received = recv(stage->sockets.descriptors[0][i][lane], came, sizeof came, MSG_DONTWAIT) > 0;
            right &= received == (i == shard && lane == expected);
        }
    }
    return right;
}

static void assert_all_steered(const struct stage *stage, size_t workers) {
    assert_true(stage->sockets.steered);
    assert_int_equal(stage->sockets.bound_count, 1);
    for (size_t shard = 0; shard < workers; shard++) {
        assert_true(comes_to(stage, workers, MESSAGE_HEARTBEAT, LANE_SESSION, (uint8_t)shard));
        assert_true(comes_to(stage, workers, MESSAGE_RELAY, LANE_RELAY, (uint8_t)shard));
    }
}

static void a_name_says_the_place(void **state) {
    (void)state;
    char name[HANDED_NAME_SIZE];
    struct handed_place place;
    for (enum lane lane = 0; lane < LANE_COUNT; lane++) {
        handed_name(&(struct handed_place){lane, 17, 256}, name);
        assert_true(handed_name_parse(name, &place));
        assert_int_equal(place.lane, lane);
        assert_int_equal(place.worker, 17);
        assert_int_equal(place.workers, 256);
        assert_null(strchr(name, ':'));
    }
}

static void other_names_are_none_of_ours(void **state) {
    (void)state;
    static const char *const names[] = {"",
                                        "stored",
                                        "unknown",
                                        "gochat-bootnode.socket",
                                        "lane.",
                                        "lane.session",
                                        "lane.session.0",
                                        "lane.session.0.",
                                        "lane.session.1.1",
                                        "lane.session.0.1.",
                                        "lane.session.0.1x",
                                        "lane.session.-0.1",
                                        "lane.session. 0.1",
                                        "lane.sessions.0.1",
                                        "lane.hell.0.1",
                                        "lane.session.0.99999999999999999999999",
                                        "LANE.session.0.1"};
    struct handed_place place;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) assert_false(handed_name_parse(names[i], &place));
}

static void what_is_no_bound_udp_socket_is_closed(void **state) {
    struct stage *stage = *state;
    int tcp = socket(AF_INET, SOCK_STREAM, 0), unbound = socket(AF_INET, SOCK_DGRAM, 0), connected, pair[2];
    struct sockaddr_storage name;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
    close(pair[1]);
    connected = open_socket(stage, false);
    socklen_t size = address_to_sockaddr(&stage->address, AF_INET, &name);
    assert_int_equal(connect(connected, (struct sockaddr *)&name, size), 0);
    put(stage, tcp, "tcp");
    put(stage, unbound, "unbound");
    put(stage, pair[0], "unix");
    put(stage, connected, "lane.session.0.1");
    stage->address.port = 0;
    put(stage, open_socket(stage, false), "good");
    stage->count++; /* which is not open */
    hand_over(stage);
    assert_int_equal(stage->handed.count, 1);
    assert_int_equal(handed_count(&stage->handed, &stage->address, false), 1);
    for (int i = 0; i < 4; i++) assert_int_equal(fcntl(FIRST + i, F_GETFD), -1);
    assert_int_equal(fcntl(FIRST + 4, F_GETFD), FD_CLOEXEC);
}

static void a_kept_group_comes_back_as_it_was(void **state) {
    struct stage *stage = *state;
    put_kept(stage, 2);
    hand_over(stage);
    assert_true(handed_is_whole(&stage->handed, &stage->address, 2));
    assert_true(open_groups(stage, 2));
    assert_int_equal(handed_count(&stage->handed, &stage->address, true), 0);
    assert_all_steered(stage, 2);
    assert_false(stage->sockets.foreign[0]);
    for (size_t i = 0; i < 2; i++)
        for (enum lane lane = 0; lane < LANE_COUNT; lane++)
            assert_true(stage->sockets.descriptors[0][i][lane] >= FIRST);
}

/* Whatever the numbers: the new group is in order although it was made beside a socket of the old one. */
static void another_number_of_workers_has_a_group_of_its_own(void **state) {
    struct stage *stage = *state;
    put_kept(stage, 2);
    hand_over(stage);
    assert_false(handed_is_whole(&stage->handed, &stage->address, 3));
    assert_true(open_groups(stage, 3));
    assert_all_steered(stage, 3);
}

static void fewer_workers_too(void **state) {
    struct stage *stage = *state;
    put_kept(stage, 4);
    hand_over(stage);
    assert_true(open_groups(stage, 1));
    assert_all_steered(stage, 1);
}

static void a_group_with_a_gap_is_made_anew(void **state) {
    struct stage *stage = *state;
    put_kept(stage, 2);
    hand_over(stage);
    close(handed_take_place(&stage->handed, &stage->address, &(struct handed_place){LANE_HELLO, 1, 2}));
    assert_false(handed_is_whole(&stage->handed, &stage->address, 2));
    assert_true(open_groups(stage, 2));
    assert_all_steered(stage, 2);
}

/* Two of one place are no group either. */
static void a_group_with_a_stranger_is_made_anew(void **state) {
    struct stage *stage = *state;
    put_kept(stage, 1);
    put(stage, open_socket(stage, true), "lane.session.0.1");
    hand_over(stage);
    assert_false(handed_is_whole(&stage->handed, &stage->address, 1));
    assert_true(open_groups(stage, 1));
    assert_all_steered(stage, 1);
}

static void sockets_of_the_manager_take_the_place_of_listen(void **state) {
    struct stage *stage = *state;
    put(stage, open_socket(stage, false), "gochat-bootnode.socket");
    hand_over(stage);
    assert_true(address_parse("127.0.0.1:1", 0, &stage->config.listen.items[0]));
    assert_true(open_groups(stage, 3));
    assert_int_equal(stage->sockets.listening_count, 1);
    assert_true(address_equal(&stage->sockets.bound[0], &stage->address));
    assert_true(stage->sockets.foreign[0]);
    assert_false(stage->sockets.steered);
    for (size_t i = 0; i < 3; i++) {
        assert_true(stage->sockets.descriptors[0][i][LANE_SESSION] >= 0);
        assert_int_equal(stage->sockets.descriptors[0][i][LANE_HELLO], -1);
    }
}

static void a_whole_group_of_the_manager_is_steered(void **state) {
    struct stage *stage = *state;
    for (size_t i = 0; i < 2 * LANE_COUNT; i++) put(stage, open_socket(stage, true), "gochat-bootnode.socket");
    hand_over(stage);
    assert_true(open_groups(stage, 2));
    assert_all_steered(stage, 2);
}

static void a_number_that_fits_nothing_is_refused(void **state) {
    struct stage *stage = *state;
    for (size_t i = 0; i < 3; i++) put(stage, open_socket(stage, true), "x");
    hand_over(stage);
    assert_false(open_groups(stage, 2));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_name_says_the_place),
        TEST(other_names_are_none_of_ours),
        TEST(what_is_no_bound_udp_socket_is_closed),
        TEST(a_kept_group_comes_back_as_it_was),
        TEST(another_number_of_workers_has_a_group_of_its_own),
        TEST(fewer_workers_too),
        TEST(a_group_with_a_gap_is_made_anew),
        TEST(a_group_with_a_stranger_is_made_anew),
        TEST(sockets_of_the_manager_take_the_place_of_listen),
        TEST(a_whole_group_of_the_manager_is_steered),
        TEST(a_number_that_fits_nothing_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("handed", tests, NULL, NULL);
}
