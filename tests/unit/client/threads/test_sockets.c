#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/peer/path.h"
#include "client/threads/sockets.h"
#include "common/log.h"
#include "common/why.h"

#define MANY 256

struct stage {
    struct sockets sockets;
    struct udp_batch *out, *in;
    struct address here, there;
    int main, far; /* far: a socket that all others send to */
};

static int open_loopback(const char *text, struct address *bound) {
    static const struct udp_options options;
    struct address loopback;
    struct why why;
    int socket;
    assert_true(address_parse(text, 0, &loopback));
    socket = udp_open(&loopback, &options, &why);
    assert_true(socket >= 0);
    assert_true(udp_bound(socket, bound));
    return socket;
}

static int stage_open(void **state) {
    struct stage *stage = calloc(1, sizeof *stage);
    assert_non_null(stage);
    stage->main = open_loopback("127.0.0.1:0", &stage->here);
    stage->far = open_loopback("127.0.0.1:0", &stage->there);
    stage->out = udp_batch_create(4);
    stage->in = udp_batch_create(64);
    assert_non_null(stage->out);
    assert_non_null(stage->in);
    assert_int_equal(sockets_init(&stage->sockets, stage->main, &stage->here), 0);
    *state = stage;
    return 0;
}

static int stage_close(void **state) {
    struct stage *stage = *state;
    sockets_clear(&stage->sockets);
    udp_batch_destroy(stage->out);
    udp_batch_destroy(stage->in);
    close(stage->main);
    close(stage->far);
    free(stage);
    return 0;
}

static int lowest_free_descriptor(void) {
    int lowest = dup(0);
    assert_true(lowest >= 0);
    close(lowest);
    return lowest;
}

static void send_from(struct stage *stage, uint16_t number) {
    assert_true(udp_batch_add(
        stage->out, &(struct datagram){.peer = stage->there, .data = (const uint8_t *)&number, .size = sizeof number}));
    sockets_send(&stage->sockets, number, stage->out);
    assert_int_equal(udp_batch_count(stage->out), 0);
}

static void each_is_a_socket_of_its_own(void **state) {
    struct stage *stage = *state;
    uint16_t numbers[3], ports[4];
    assert_int_equal(sockets_open(&stage->sockets, 3, numbers), 3);
    send_from(stage, PATH_SOCKET_MAIN);
    for (size_t i = 0; i < 3; i++) send_from(stage, numbers[i]);
    assert_int_equal(udp_receive(stage->far, stage->in), 4);
    for (size_t i = 0; i < 4; i++) {
        ports[i] = udp_batch_peer(stage->in, i).port;
        for (size_t j = 0; j < i; j++) assert_int_not_equal(ports[i], ports[j]);
    }
    assert_int_equal(ports[0], stage->here.port);
}

static void a_closed_one_sends_nothing(void **state) {
    struct stage *stage = *state;
    uint16_t number;
    assert_int_equal(sockets_open(&stage->sockets, 1, &number), 1);
    sockets_close(&stage->sockets, number);
    sockets_close(&stage->sockets, number);
    send_from(stage, number);
    send_from(stage, (uint16_t)(number + SOCKETS_MAX));
    assert_int_equal(udp_receive(stage->far, stage->in), 0);
}

static void the_main_one_stays(void **state) {
    struct stage *stage = *state;
    sockets_close(&stage->sockets, PATH_SOCKET_MAIN);
    send_from(stage, PATH_SOCKET_MAIN);
    assert_int_equal(udp_receive(stage->far, stage->in), 1);
}

/* One is kept all the while, as a path's is. */
static void numbers_come_back_late(void **state) {
    struct stage *stage = *state;
    uint16_t kept, number, first;
    unsigned rounds = 0;
    const struct udp_socket *ready[4];
    int stop = eventfd(1, EFD_CLOEXEC);
    assert_int_equal(sockets_open(&stage->sockets, 1, &kept), 1);
    assert_int_equal(sockets_open(&stage->sockets, 1, &first), 1);
    number = first;
    do {
        sockets_close(&stage->sockets, number);
        assert_int_equal(sockets_open(&stage->sockets, 1, &number), 1);
        assert_int_not_equal(number, kept);
        assert_int_not_equal(number % SOCKETS_MAX, PATH_SOCKET_MAIN);
        if (++rounds % 100 == 0) { /* the receiver comes round */
            assert_true(sockets_watch(&stage->sockets, stop));
            assert_int_equal(sockets_wait(&stage->sockets, ready, 4), 0);
            close(stop);
            stop = eventfd(1, EFD_CLOEXEC);
        }
    } while (number != first);
    assert_true(rounds > 60000);
    close(stop);
}

/* The reader was told of a datagram; before it reads, the socket is closed and a file takes the next descriptor. */
static void the_reader_closes(void **state) {
    struct stage *stage = *state;
    const struct udp_socket *ready[4];
    struct address to;
    uint16_t number;
    int stop = eventfd(0, EFD_CLOEXEC), descriptor;
    assert_true(sockets_watch(&stage->sockets, stop));
    assert_int_equal(sockets_open(&stage->sockets, 1, &number), 1);
    descriptor = stage->sockets.items[number % SOCKETS_MAX]->descriptor;
    assert_true(udp_bound(descriptor, &to));
    memcpy(to.ip, stage->here.ip, sizeof to.ip);
    assert_true(udp_batch_add(stage->out, &(struct datagram){.peer = to, .data = (const uint8_t *)"x", .size = 1}));
    assert_int_equal(udp_send(stage->far, stage->out).sent, 1);
    assert_int_equal(sockets_wait(&stage->sockets, ready, 4), 1);
    sockets_close(&stage->sockets, number);
    assert_true(lowest_free_descriptor() > descriptor);
    assert_int_equal(ready[0]->number, number);
    assert_int_equal(udp_receive(ready[0]->descriptor, stage->in), 1);
    assert_int_equal(eventfd_write(stop, 1), 0);
    assert_int_equal(sockets_wait(&stage->sockets, ready, 4), 0);
    assert_int_equal(lowest_free_descriptor(), descriptor);
    close(stop);
}

/* What is closed while the reader sleeps is closed at once. */
static void closing_wakes_the_reader(void **state) {
    struct stage *stage = *state;
    const struct udp_socket *ready[4];
    uint16_t number;
    assert_int_equal(sockets_open(&stage->sockets, 1, &number), 1);
    assert_true(queue_settle(&stage->sockets.closing));
    sockets_close(&stage->sockets, number);
    assert_true(
        udp_batch_add(stage->out, &(struct datagram){.peer = stage->here, .data = (const uint8_t *)"x", .size = 1}));
    assert_int_equal(udp_send(stage->far, stage->out).sent, 1);
    assert_int_equal(sockets_wait(&stage->sockets, ready, 4), 1);
    assert_int_equal(ready[0]->number, PATH_SOCKET_MAIN);
    assert_int_equal(queue_count(&stage->sockets.closing), 0);
}

static void one_that_fails_is_ignored(void **state) {
    struct stage *stage = *state;
    const struct udp_socket *ready[4];
    int stop = eventfd(0, EFD_CLOEXEC);
    assert_true(
        udp_batch_add(stage->out, &(struct datagram){.peer = stage->here, .data = (const uint8_t *)"x", .size = 1}));
    assert_int_equal(udp_send(stage->far, stage->out).sent, 1);
    assert_true(sockets_watch(&stage->sockets, stop));
    assert_int_equal(sockets_wait(&stage->sockets, ready, 4), 1);
    sockets_ignore(&stage->sockets, ready[0]);
    assert_int_equal(eventfd_write(stop, 1), 0);
    assert_int_equal(sockets_wait(&stage->sockets, ready, 4), 0);
    close(stop);
}

static void many_fit_under_the_usual_limit(void **state) {
    struct stage *stage = *state;
    uint16_t numbers[2 * MANY];
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < 2 * MANY + 128) skip();
    assert_int_equal(sockets_open(&stage->sockets, 2 * MANY, numbers), 2 * MANY);
}

/* A low soft limit is raised to the hard one; a low hard one leaves some for others, and what there is is used. */
static void scarce_descriptors_make_fewer(void **state) {
    struct stage *stage = *state;
    struct rlimit before, low, raised;
    struct sockets sockets;
    uint16_t numbers[MANY];
    size_t opened;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = (struct rlimit){.rlim_cur = 60, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(sockets_init(&sockets, stage->main, &stage->here), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &raised), 0);
    assert_true(raised.rlim_cur == 1024 || raised.rlim_cur == raised.rlim_max);
    sockets.most_descriptors = (rlim_t)lowest_free_descriptor() + 10;
    log_set_level(LOG_LEVEL_ERROR);
    opened = sockets_open(&sockets, MANY, numbers);
    assert_int_equal(sockets_open(&sockets, MANY, numbers + opened), 0);
    log_set_level(LOG_LEVEL_INFO);
    assert_in_range(opened, 1, 10); /* some may be taken in between */
    for (size_t i = 0; i < opened; i++) sockets_close(&sockets, numbers[i]);
    sockets_clear(&sockets);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_is_a_socket_of_its_own, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(a_closed_one_sends_nothing, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(the_main_one_stays, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(numbers_come_back_late, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(the_reader_closes, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(closing_wakes_the_reader, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(one_that_fails_is_ignored, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(many_fit_under_the_usual_limit, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(scarce_descriptors_make_fewer, stage_open, stage_close),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sockets", tests, NULL, NULL);
}
