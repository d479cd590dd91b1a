#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bootnode/cluster/board.h"
#include "common/log.h"

/* The process's end is ours here: it sends whatever somebody may who has taken it over. */
static int process;
static struct board board;
static struct board_news news;

static int start(void **state) {
    int ends[2];
    (void)state;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    board = (struct board){.socket = ends[0]};
    process = ends[1];
    return setsockopt(process, SOL_SOCKET, SO_SNDBUF, &(int){1 << 20}, sizeof(int));
}

static int stop(void **state) {
    (void)state;
    if (board.socket >= 0) close(board.socket);
    return close(process);
}

/* False where it does not fit any more. */
static bool say_bytes(const uint8_t *data, size_t size) {
    return send(process, data, size, MSG_DONTWAIT) > 0;
}

static bool say(const struct board_packet *packet) {
    uint8_t data[BOARD_PACKET_MAX];
    return say_bytes(data, board_pair_encode(packet, data));
}

/* How many lie in the pair. */
static size_t take_rest(void) {
    uint8_t data[BOARD_PACKET_MAX];
    size_t count = 0;
    while (recv(board.socket, data, sizeof data, MSG_DONTWAIT) > 0) count++;
    return count;
}

/* Nothing that it sends without end keeps the cluster's thread in a call. */
static void what_tells_nothing_is_taken_in_parts(void **state) {
    const struct board_packet counts[] = {{.type = BOARD_PACKET_LOST, .count = 1},
                                          {.type = BOARD_PACKET_REFUSED, .count = 1, .text = "no"},
                                          {.type = BOARD_PACKET_READY},
                                          {.type = BOARD_PACKET_PUBLISH}};
    const uint8_t none[BOARD_PACKET_MAX + 100] = {BOARD_PACKET_TYPES};
    size_t sent = 0;
    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    while (say(&counts[sent % 4]) && say_bytes(none, sizeof none)) sent++;
    assert_in_range(sent, 64, SIZE_MAX);
    assert_int_equal(board_take(&board, &news), BOARD_NOTHING);
    const size_t rest = take_rest();
    assert_in_range(rest, sent, 2 * sent - 1);
    assert_in_range(board.lost + board.refused, 1, 64);
}

static void what_comes_behind_it_is_found(void **state) {
    const struct board_packet junk = {.type = BOARD_PACKET_READY},
                              heard = {.type = BOARD_PACKET_HEARD, .message = {.id = 3, .size = 2, .data = "x"}};
    unsigned calls = 0;
    (void)state;
    for (unsigned i = 0; i < 150; i++) assert_true(say(&junk));
    assert_true(say(&heard));
    while (board_take(&board, &news) != BOARD_HEARD) assert_in_range(++calls, 1, 3);
    assert_int_equal(news.message.id, 3);
    assert_int_equal(board.heard, 1);
}

/* NATS that comes and goes faster than it can does not fill the log. */
static void coming_and_going_is_told_seldom(void **state) {
    const struct board_packet there = {.type = BOARD_PACKET_THERE, .text = "tls://nats:4222"},
                              away = {.type = BOARD_PACKET_AWAY, .text = "gone"};
    char text[65536];
    int ends[2];
    size_t lines = 0;
    (void)state;
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    log_set_level(LOG_LEVEL_INFO);
    log_set_descriptor(ends[1]);
    for (unsigned i = 0; i < 200; i++) {
        assert_true(say(&there) && say(&away));
        assert_int_equal(board_take(&board, &news), BOARD_CONNECTED);
        assert_true(board_is_connected(&board));
        assert_int_equal(board_take(&board, &news), BOARD_DISCONNECTED);
    }
    log_set_descriptor(-1);
    const ssize_t size = read(ends[0], text, sizeof text);
    for (ssize_t i = 0; i < size; i++) lines += text[i] == '\n';
    assert_in_range(lines, 4, 40); /* a busy machine may see some seconds go by */
    close(ends[0]);
    close(ends[1]);
}

/* Its keeper says so: NATS is away until the next one has it. */
static void a_death_is_no_end(void **state) {
    const struct board_packet there = {.type = BOARD_PACKET_THERE, .text = "tls://nats:4222"},
                              died = {.type = BOARD_PACKET_DIED, .text = "it has ended (signal 11)"};
    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    log_set_descriptor(null);
    for (unsigned i = 1; i < 4; i++) {
        assert_true(say(&there) && say(&died));
        assert_int_equal(board_take(&board, &news), BOARD_CONNECTED);
        assert_int_equal(board_take(&board, &news), BOARD_DISCONNECTED);
        assert_string_equal(news.text, died.text);
        assert_int_equal(board.deaths, i);
        assert_false(board_publish(&board, BOARD_BEACON, "x", 1));
    }
    assert_true(board_descriptor(&board) >= 0);
    log_set_descriptor(-1);
    close(null);
}

/* It ends, or sends nothing at all in a packet: that is told once. */
static void its_end_is_told_once(void **state) {
    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    log_set_descriptor(null);
    assert_int_equal(send(process, "", 0, 0), 0);
    assert_int_equal(board_take(&board, &news), BOARD_ENDED);
    assert_int_equal(board_descriptor(&board), -1);
    assert_int_equal(board_take(&board, &news), BOARD_NOTHING);
    assert_false(board_publish(&board, BOARD_BEACON, "x", 1));
    log_set_descriptor(-1);
    close(null);
}

/* A process that takes nothing any more costs messages, and no time. */
static void a_full_pair_drops(void **state) {
    const struct board_packet there = {.type = BOARD_PACKET_THERE};
    uint8_t message[BOARD_MESSAGE_MAX] = {0};
    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    assert_true(say(&there));
    assert_int_equal(board_take(&board, &news), BOARD_CONNECTED);
    while (board_publish(&board, BOARD_BEACON, message, sizeof message)) assert_in_range(board.published, 1, 10000);
    assert_int_equal(board.dropped, 1);
    assert_false(board_publish(&board, BOARD_BEACON, message, BOARD_MESSAGE_MAX + 1));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_tells_nothing_is_taken_in_parts),
        TEST(what_comes_behind_it_is_found),
        TEST(coming_and_going_is_told_seldom),
        TEST(a_death_is_no_end),
        TEST(its_end_is_told_once),
        TEST(a_full_pair_drops),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("board", tests, NULL, NULL);
}
