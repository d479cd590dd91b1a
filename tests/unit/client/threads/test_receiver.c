#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/peer/path.h"
#include "client/threads/receiver.h"
#include "common/why.h"

#define PATIENCE_MS 30000

struct stage {
    struct receiver receiver;
    struct sockets sockets;
    struct queue filled;
    struct udp_batch *out;
    struct address here, there;
    int socket, sender;
};

static int open_loopback(struct address *bound) {
    static const struct udp_options options = {.receive_buffer = 4 << 20};
    struct address loopback;
    struct why why;
    int socket;
    assert_true(address_parse("127.0.0.1:0", 0, &loopback));
    socket = udp_open(&loopback, &options, &why);
    assert_true(socket >= 0);
    assert_true(udp_bound(socket, bound));
    return socket;
}

static int stage_open(void **state) {
    struct stage *stage = calloc(1, sizeof *stage);
    assert_non_null(stage);
    stage->socket = open_loopback(&stage->here);
    stage->sender = open_loopback(&stage->there);
    stage->out = udp_batch_create(64);
    assert_non_null(stage->out);
    assert_int_equal(queue_init(&stage->filled, 0), 0);
    assert_int_equal(sockets_init(&stage->sockets, stage->socket, &stage->here), 0);
    assert_int_equal(receiver_start(&stage->receiver, &stage->sockets, &stage->filled), 0);
    *state = stage;
    return 0;
}

static int stage_close(void **state) {
    struct stage *stage = *state;
    receiver_stop(&stage->receiver);
    assert_null(queue_pop(&stage->filled));
    queue_destroy(&stage->filled);
    sockets_clear(&stage->sockets);
    udp_batch_destroy(stage->out);
    close(stage->socket);
    close(stage->sender);
    free(stage);
    return 0;
}

static void post(struct stage *stage, const uint8_t *data, size_t size) {
    assert_true(udp_batch_add(stage->out, &(struct datagram){.peer = stage->here, .data = data, .size = size}));
    if (udp_batch_full(stage->out)) assert_int_equal(udp_send(stage->sender, stage->out).dropped, 0);
}

static void flush_posts(struct stage *stage) {
    assert_int_equal(udp_send(stage->sender, stage->out).dropped, 0);
}

static void post_filled(struct stage *stage, uint8_t first, size_t size) {
    static uint8_t data[UDP_DATAGRAM_MAX];
    memset(data, 7, sizeof data);
    data[0] = first;
    post(stage, data, size);
}

static struct received *next(struct stage *stage) {
    struct queue_node *node;
    while (!(node = queue_pop(&stage->filled))) {
        struct pollfd wanted = {.fd = queue_event(&stage->filled), .events = POLLIN};

        if (queue_settle(&stage->filled)) assert_int_equal(poll(&wanted, 1, PATIENCE_MS), 1);
    }
    return (struct received *)node;
}

static void expect(struct stage *stage, uint8_t first, size_t size) {
    struct received *received = next(stage);
    assert_int_equal(received->data[0], first);
    assert_int_equal(received->size, size);
    assert_int_equal(received->data[size - 1], 7);
    assert_int_equal(received->socket, PATH_SOCKET_MAIN);
    assert_true(address_equal(&received->from, &stage->there));
    receiver_give_back(&stage->receiver, received);
}

static void ours_are_handed_on_in_order(void **state) {
    struct stage *stage = *state;
    for (uint8_t first = 0x80; first <= 0x95; first++) post_filled(stage, first, 12 + first);
    post_filled(stage, 0x94, UDP_DATAGRAM_MAX);
    post_filled(stage, 0x8d, 12);
    post_filled(stage, 0x01, 20); /* STUN's answers */
    flush_posts(stage);
    for (uint8_t first = 0x80; first <= 0x95; first++) expect(stage, first, 12 + first);
    expect(stage, 0x94, UDP_DATAGRAM_MAX);
    expect(stage, 0x8d, 12);
    expect(stage, 0x01, 20);
}

static void all_else_is_dropped(void **state) {
    struct stage *stage = *state;
    uint8_t large[UDP_RECEIVE_MAX] = {0x94};
    struct sockaddr_storage to;
    socklen_t to_size = address_to_sockaddr(&stage->here, AF_INET, &to);
    for (unsigned first = 0; first < 256; first++)
        if ((first < 0x80 || first > 0x95) && first != 0x01) post_filled(stage, (uint8_t)first, 40);
    post_filled(stage, 0x01, 19);
    for (size_t size = 0; size < 12; size++) post_filled(stage, 0x94, size);
    flush_posts(stage);
    for (size_t size = UDP_DATAGRAM_MAX + 1; size <= sizeof large; size += 100)
        assert_int_equal(sendto(stage->sender, large, size, 0, (struct sockaddr *)&to, to_size), size);
    post_filled(stage, 0x90, 32);
    flush_posts(stage);
    expect(stage, 0x90, 32);
    assert_null(queue_pop(&stage->filled));
}

/* Who gives nothing back gets no more than the pool; what comes then is lost, and what comes after room was made is
 * not. */
static void the_pool_bounds_what_waits(void **state) {
    struct stage *stage = *state;
    struct received *held[RECEIVER_POOL];
    struct pollfd unread = {.fd = stage->socket, .events = POLLIN};
    for (size_t i = 0; i < RECEIVER_POOL; i++) {
        post_filled(stage, 0x94, 40);
        flush_posts(stage);
        held[i] = next(stage);
    }
    for (int i = 0; i < 200; i++) post_filled(stage, 0x90, 40);
    flush_posts(stage);
    while (poll(&unread, 1, 0) > 0) {
    }
    assert_null(queue_pop(&stage->filled));
    for (size_t i = 0; i < RECEIVER_POOL; i++) receiver_give_back(&stage->receiver, held[i]);
    for (int i = 0; i < RECEIVER_POOL; i++) {
        post_filled(stage, 0x91, 40);
        flush_posts(stage);
        /* The last batch may have been on its way still when room was made. */
        while ((held[0] = next(stage))->data[0] == 0x90) receiver_give_back(&stage->receiver, held[0]);
        assert_int_equal(held[0]->data[0], 0x91);
        receiver_give_back(&stage->receiver, held[0]);
    }
}

static void stopping_takes_back_what_waits(void **state) {
    struct stage *stage = *state;
    for (int i = 0; i < 10; i++) post_filled(stage, 0x94, 40);
    flush_posts(stage);
    receiver_give_back(&stage->receiver, next(stage));
}

static struct address of_socket(const struct stage *stage, uint16_t number) {
    struct address address;
    assert_true(udp_bound(stage->sockets.items[number % SOCKETS_MAX]->descriptor, &address));
    memcpy(address.ip, stage->here.ip, sizeof address.ip);
    return address;
}

/* While it sleeps, too: a socket opened later is heard, and one closed is not. */
static void sockets_come_and_go(void **state) {
    struct stage *stage = *state;
    struct address first, second;
    struct received *received;
    uint16_t numbers[2];
    assert_int_equal(sockets_open(&stage->sockets, 2, numbers), 2);
    first = of_socket(stage, numbers[0]);
    second = of_socket(stage, numbers[1]);
    for (int round = 0; round < 2; round++) {
        for (uint8_t i = 0; i < 3; i++) {
            const uint8_t data[32] = {0x90, i};

            assert_true(udp_batch_add(stage->out, &(struct datagram){first, {.port = 0}, data, sizeof data}));
            assert_true(udp_batch_add(stage->out, &(struct datagram){second, {.port = 0}, data, sizeof data}));
        }
        flush_posts(stage);
        for (unsigned i = 0; i < (round == 0 ? 6 : 3); i++) {
            received = next(stage);
            assert_true(received->socket == numbers[1] || (round == 0 && received->socket == numbers[0]));
            receiver_give_back(&stage->receiver, received);
        }
        if (round == 0) sockets_close(&stage->sockets, numbers[0]);
    }
    post_filled(stage, 0x94, 40);
    flush_posts(stage);
    expect(stage, 0x94, 40);
}

/* Datagrams arrive on all of them while they are closed and others opened in their place. */
static void closing_under_fire_hits_no_other(void **state) {
    struct stage *stage = *state;
    uint16_t numbers[32];
    struct queue_node *node;
    size_t opened = 0;
    for (int round = 0; round < 40; round++) {
        size_t count = sockets_open(&stage->sockets, 32, numbers); /* fewer while the receiver still closes others */
        opened += count;
        for (size_t i = 0; i < count; i++) {
            struct address to = of_socket(stage, numbers[i]);
            const uint8_t data[32] = {0x90, (uint8_t)(numbers[i] >> 8), (uint8_t)numbers[i]};

            for (int j = 0; j < 2; j++)
                assert_true(udp_batch_add(stage->out, &(struct datagram){to, {.port = 0}, data, sizeof data}));
        }
        udp_send(stage->sender, stage->out);
        for (size_t i = 0; i < count; i++) sockets_close(&stage->sockets, numbers[i]);
        while ((node = queue_pop(&stage->filled))) {
            struct received *received = (struct received *)node;

            assert_int_equal(received->data[1] << 8 | received->data[2], received->socket);
            receiver_give_back(&stage->receiver, received);
        }
    }
    assert_true(opened >= 64);
}

/* Without descriptors to be had it says so, and there is nothing to stop. */
static void a_failed_start_leaves_nothing(void **state) {
    struct rlimit before, low;
    struct receiver receiver;
    struct sockets sockets;
    struct address bound;
    struct queue filled;
    int socket = open_loopback(&bound), lowest, error;
    (void)state;
    assert_int_equal(queue_init(&filled, 0), 0);
    assert_int_equal(sockets_init(&sockets, socket, &bound), 0);
    lowest = dup(0);
    assert_true(lowest >= 0);
    close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (rlim_t more = 0; more < 2; more++) {
        low = before;
        low.rlim_cur = (rlim_t)lowest + more;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        error = receiver_start(&receiver, &sockets, &filled);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(error, -EMFILE);
    }
    assert_int_equal(dup(0), lowest);
    close(lowest);
    sockets_clear(&sockets);
    queue_destroy(&filled);
    close(socket);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ours_are_handed_on_in_order, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(all_else_is_dropped, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(the_pool_bounds_what_waits, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(stopping_takes_back_what_waits, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(sockets_come_and_go, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(closing_under_fire_hits_no_other, stage_open, stage_close),
        cmocka_unit_test(a_failed_start_leaves_nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("receiver", tests, NULL, NULL);
}
