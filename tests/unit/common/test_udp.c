#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/udp.h"
#include "common/why.h"

/* The kernel does not fail on demand, so these stand before libc's: each step is an errno, or minus the most datagrams
 * that one call may take; 0 ends the script and leaves the work to the kernel. */
static int script[8];
static size_t script_at;
static int polls;
static int poll_result;

int sendmmsg(int socket, struct mmsghdr *messages, unsigned count, int flags) {
    int step = script[script_at];
    if (step != 0) script_at++;
    if (step > 0) {
        errno = step;
        return -1;
    }
    if (step < 0 && count > (unsigned)-step) count = (unsigned)-step;
    return (int)syscall(SYS_sendmmsg, socket, messages, count, flags);
}

int poll(struct pollfd *wanted, nfds_t count, int timeout) {
    (void)wanted;
    (void)count;
    assert_int_equal(timeout, 5);
    polls++;
    return poll_result;
}

static unsigned asked_for_family;

int getsockopt(int socket, int level, int option, void *value, socklen_t *size) {
    asked_for_family += level == SOL_SOCKET && option == SO_DOMAIN;
    return (int)syscall(SYS_getsockopt, socket, level, option, value, size);
}

static void set_script(const int *steps, size_t count) {
    memset(script, 0, sizeof script);
    memcpy(script, steps, count * sizeof *steps);
    script_at = 0;
    polls = 0;
    poll_result = 1;
}
#define SCRIPT(...) set_script((const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

static struct address parsed(const char *text) {
    struct address address;
    assert_true(address_parse(text, 0, &address));
    return address;
}

static int opened(const char *text, struct udp_options options, struct address *bound) {
    struct why why = {0};
    struct address listen = parsed(text);
    int socket = udp_open(&listen, &options, &why);
    if (socket < 0) fail_msg("%s", why.text);
    assert_true(udp_bound(socket, bound));
    assert_int_not_equal(bound->port, 0);
    return socket;
}

static int received(int socket, struct udp_batch *batch) {
    struct pollfd wanted = {.fd = socket, .events = POLLIN};
    assert_int_equal(syscall(SYS_ppoll, &wanted, 1, &(struct timespec){.tv_sec = 5}, NULL, 0), 1);
    return udp_receive(socket, batch);
}

static bool add(struct udp_batch *batch, const struct address *peer, const void *data, size_t size) {
    return udp_batch_add(batch, &(struct datagram){.peer = *peer, .data = data, .size = size});
}

struct pair {
    int a, b;
    struct address a_at, b_at;
    struct udp_batch *in, *out, *all;
};

static int open_pair(void **state) {
    static struct pair pair;
    pair.a = opened("127.0.0.1:0", (struct udp_options){.packet_info = true}, &pair.a_at);
    pair.b = opened("127.0.0.1:0", (struct udp_options){.receive_buffer = 1 << 20, .send_buffer = 1 << 20}, &pair.b_at);
    pair.in = udp_batch_create(8);
    pair.out = udp_batch_create(8);
    pair.all = udp_batch_create(8);
    memset(script, 0, sizeof script);
    script_at = 0;
    *state = &pair;
    return pair.in && pair.out && pair.all ? 0 : -1;
}

static int close_pair(void **state) {
    struct pair *pair = *state;
    udp_batch_destroy(pair->in);
    udp_batch_destroy(pair->out);
    udp_batch_destroy(pair->all);
    close(pair->a);
    close(pair->b);
    return 0;
}

/* Collects what one send sent, in `all`: a busy kernel may deliver it in parts. */
static void receive_all(int socket, struct pair *pair, size_t expected) {
    udp_batch_clear(pair->all);
    while (udp_batch_count(pair->all) < expected) {
        size_t count = (size_t)received(socket, pair->in);
        for (size_t i = 0; i < count; i++) {
            struct datagram datagram = udp_batch_get(pair->in, i);
            assert_true(udp_batch_add(pair->all, &datagram));
        }
    }
    assert_int_equal(udp_batch_count(pair->all), expected);
}

static int option_of(int socket, int level, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt(socket, level, option, &value, &size), 0);
    return value;
}

/* Either is deaf to messages that say how large a packet may be. */
static void whole_datagrams_are_never_cut(void **state) {
    (void)state;
    for (int whole = 0; whole < 2; whole++) {
        struct address bound;
        int four = opened("127.0.0.1:0", (struct udp_options){.whole = whole}, &bound);
        assert_int_equal(option_of(four, IPPROTO_IP, IP_MTU_DISCOVER), whole ? IP_PMTUDISC_PROBE : IP_PMTUDISC_OMIT);
        close(four);
        struct address any = parsed("[::]:0");
        struct why why;
        int both = udp_open(&any, &(struct udp_options){.whole = whole}, &why);
        if (both < 0) continue; /* no IPv6 here */
        assert_int_equal(option_of(both, IPPROTO_IP, IP_MTU_DISCOVER), whole ? IP_PMTUDISC_PROBE : IP_PMTUDISC_OMIT);
        assert_int_equal(option_of(both, IPPROTO_IPV6, IPV6_MTU_DISCOVER),
                         whole ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_OMIT);
        close(both);
    }
}

static void carries_a_batch_there_and_back(void **state) {
    struct pair *pair = *state;
    assert_int_equal(udp_receive(pair->b, pair->in), 0);
    assert_true(add(pair->out, &pair->b_at, "one", 3));
    assert_true(add(pair->out, &pair->b_at, "", 0));
    assert_true(add(pair->out, &pair->b_at, "three", 5));
    struct udp_send_result result = udp_send(pair->a, pair->out);
    assert_int_equal(result.sent, 3);
    assert_int_equal(result.dropped, 0);
    assert_int_equal(udp_batch_count(pair->out), 0);
    receive_all(pair->b, pair, 3);
    struct datagram last = udp_batch_get(pair->all, 2);
    assert_int_equal(last.size, 5);
    assert_memory_equal(last.data, "three", 5);
    assert_true(address_equal(&last.peer, &pair->a_at));
    assert_int_equal(udp_batch_get(pair->all, 1).size, 0);

    assert_true(add(pair->out, &last.peer, "back", 4));
    assert_int_equal(udp_send(pair->b, pair->out).sent, 1);
    assert_int_equal(received(pair->a, pair->in), 1);
    assert_int_equal(udp_batch_get(pair->in, 0).size, 4);
    assert_int_equal(udp_receive(pair->a, pair->in), 0);
    assert_int_equal(udp_batch_count(pair->in), 0);
}

static void refuses_what_is_too_large_or_too_many(void **state) {
    struct pair *pair = *state;
    uint8_t data[UDP_DATAGRAM_MAX + 1] = {0};
    assert_false(add(pair->out, &pair->b_at, data, sizeof data));
    for (int i = 0; i < 8; i++) assert_true(add(pair->out, &pair->b_at, data, UDP_DATAGRAM_MAX));
    assert_true(udp_batch_full(pair->out));
    assert_false(add(pair->out, &pair->b_at, data, 1));
    assert_int_equal(udp_batch_count(pair->out), 8);
    udp_batch_clear(pair->out);
    assert_int_equal(udp_batch_count(pair->out), 0);
    assert_int_equal(udp_send(pair->a, pair->out).sent, 0);
}

static void cuts_and_shows_oversized_datagrams(void **state) {
    struct pair *pair = *state;
    static const uint8_t data[4000] = {1};
    struct sockaddr_storage name;
    socklen_t size = address_to_sockaddr(&pair->b_at, AF_INET, &name);
    static const size_t lengths[][2] = {{2047, 2047}, {2048, 2048}, {2049, 2048}, {sizeof data, UDP_RECEIVE_MAX}};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        assert_int_equal(sendto(pair->a, data, lengths[i][0], 0, (struct sockaddr *)&name, size), lengths[i][0]);
        assert_int_equal(received(pair->b, pair->in), 1);
        assert_int_equal(udp_batch_get(pair->in, 0).size, lengths[i][1]);
    }
}

static void an_added_datagram_reads_back(void **state) {
    struct pair *pair = *state;
    struct datagram in = {.peer = parsed("1.2.3.4:5"), .local = parsed("5.6.7.8:0"), .data = (uint8_t *)"x", .size = 1};
    assert_true(udp_batch_add(pair->out, &in));
    struct datagram out = udp_batch_get(pair->out, 0);
    struct address local = udp_batch_local(pair->out, 0);
    assert_true(address_equal(&out.peer, &in.peer));
    assert_true(address_equal(&local, &in.local));
    assert_int_equal(out.size, 1);
    assert_int_equal(*out.data, 'x');
}

/* It may be sent on another socket than the last one. */
static void an_added_datagram_reads_back_whatever_was_sent_before(void **state) {
    struct pair *pair = *state;
    struct datagram first = {.peer = pair->b_at, .data = (uint8_t *)"x", .size = 1};
    struct datagram in = {.peer = parsed("[2001:db8::1]:5"), .local = parsed("[2001:db8::2]:0")};
    assert_true(udp_batch_add(pair->out, &first));
    assert_int_equal(udp_send(pair->a, pair->out).sent, 1);
    assert_true(udp_batch_add(pair->out, &in));
    struct address peer = udp_batch_peer(pair->out, 0), local = udp_batch_local(pair->out, 0);
    assert_true(address_equal(&peer, &in.peer));
    assert_true(address_equal(&local, &in.local));
    udp_batch_clear(pair->out);
}

static void a_fitted_batch_does_not_ask_for_the_family(void **state) {
    struct pair *pair = *state;
    assert_true(add(pair->out, &pair->b_at, "1", 1));
    udp_batch_fit(pair->out, pair->a);
    asked_for_family = 0;
    assert_int_equal(udp_send(pair->a, pair->out).sent, 1);
    assert_true(add(pair->out, &pair->b_at, "2", 1));
    assert_int_equal(udp_send(pair->a, pair->out).sent, 1);
    assert_int_equal(asked_for_family, 0);
    receive_all(pair->b, pair, 2);
    for (size_t i = 0; i < 2; i++) assert_int_equal(*udp_batch_get(pair->all, i).data, '1' + (int)i);
}

/* Asks a wildcard socket at `target` and answers from what it learnt: the answer must come from `target`. */
static void answer_from_asked_address(struct pair *pair, const char *listen, const char *asker, const char *target) {
    struct address server_at, client_at;
    int server = opened(listen, (struct udp_options){.packet_info = true}, &server_at);
    int client = opened(asker, (struct udp_options){0}, &client_at);
    struct address asked = parsed(target);
    asked.port = server_at.port;
    assert_true(add(pair->out, &asked, "?", 1));
    assert_int_equal(udp_send(client, pair->out).sent, 1);
    assert_int_equal(received(server, pair->in), 1);
    struct datagram question = udp_batch_get(pair->in, 0);
    struct datagram answer = {question.peer, udp_batch_local(pair->in, 0), (const uint8_t *)"!", 1};
    assert_true(address_same_ip(&answer.local, &asked));
    assert_true(udp_batch_add(pair->out, &answer));
    assert_int_equal(udp_send(server, pair->out).sent, 1);
    assert_int_equal(received(client, pair->in), 1);
    question = udp_batch_get(pair->in, 0);
    assert_true(address_equal(&question.peer, &asked));
    close(client);
    close(server);
}

static bool has_ipv6(void) {
    struct why why;
    struct address loopback = parsed("[::1]:0");
    int socket = udp_open(&loopback, &(struct udp_options){0}, &why);
    if (socket >= 0) close(socket);
    return socket >= 0;
}

static void answers_leave_from_the_asked_address(void **state) {
    answer_from_asked_address(*state, "0.0.0.0:0", "127.0.0.1:0", "127.0.0.2:0");
}

static void dual_stack_answers_ipv4_and_ipv6(void **state) {
    if (!has_ipv6()) skip();
    answer_from_asked_address(*state, "[::]:0", "127.0.0.1:0", "127.0.0.2:0");
    answer_from_asked_address(*state, "[::]:0", "[::1]:0", "[::1]:0");
}

static void a_foreign_local_address_is_left_to_the_kernel(void **state) {
    struct pair *pair = *state;
    struct datagram datagram = {pair->b_at, parsed("[2001:db8::1]:0"), (const uint8_t *)"x", 1};
    assert_true(udp_batch_add(pair->out, &datagram));
    assert_int_equal(udp_send(pair->a, pair->out).sent, 1);
    assert_int_equal(received(pair->b, pair->in), 1);
}

static void the_kernel_refusing_one_does_not_stop_the_rest(void **state) {
    struct pair *pair = *state;
    struct address ipv6 = parsed("[2001:db8::1]:5"), broadcast = parsed("255.255.255.255:5");
    assert_true(add(pair->out, &ipv6, "unreachable for an IPv4 socket", 5));
    assert_true(add(pair->out, &pair->b_at, "1", 1));
    assert_true(add(pair->out, &broadcast, "needs SO_BROADCAST", 5));
    assert_true(add(pair->out, &pair->b_at, "2", 1));
    struct udp_send_result result = udp_send(pair->a, pair->out);
    assert_int_equal(result.sent, 2);
    assert_int_equal(result.dropped, 2);
    receive_all(pair->b, pair, 2);
}

static struct udp_send_result send_four(struct pair *pair) {
    for (int i = 0; i < 4; i++) assert_true(add(pair->out, &pair->b_at, &"0123"[i], 1));
    return udp_send(pair->a, pair->out);
}

static void expect_arrived(struct pair *pair, const char *expected) {
    receive_all(pair->b, pair, strlen(expected));
    for (size_t i = 0; expected[i]; i++) assert_int_equal(*udp_batch_get(pair->all, i).data, expected[i]);
}

static void resumes_after_a_short_send(void **state) {
    SCRIPT(-1, EINTR, -2);
    struct udp_send_result result = send_four(*state);
    assert_int_equal(result.sent, 4);
    assert_int_equal(result.dropped, 0);
    expect_arrived(*state, "0123");
}

static void drops_only_the_refused_datagram(void **state) {
    static const int errors[] = {ENOBUFS, EPERM, EMSGSIZE, ENETUNREACH, EINVAL};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        SCRIPT(-2, errors[i]);
        struct udp_send_result result = send_four(*state);
        assert_int_equal(result.sent, 3);
        assert_int_equal(result.dropped, 1);
        assert_int_equal(polls, 0);
        expect_arrived(*state, "013");
    }
}

static void a_full_buffer_is_waited_for_once(void **state) {
    SCRIPT(-1, EAGAIN, -1, EAGAIN);
    struct udp_send_result result = send_four(*state);
    assert_int_equal(result.sent, 2);
    assert_int_equal(result.dropped, 2);
    assert_int_equal(polls, 1);
    expect_arrived(*state, "01");
}

static void a_buffer_that_stays_full_drops_the_rest(void **state) {
    SCRIPT(EAGAIN);
    poll_result = 0;
    struct udp_send_result result = send_four(*state);
    assert_int_equal(result.sent, 0);
    assert_int_equal(result.dropped, 4);
    assert_int_equal(polls, 1);
    assert_int_equal(udp_receive(((struct pair *)*state)->b, ((struct pair *)*state)->in), 0);
}

static void at_once_waits_for_nothing(void **state) {
    struct pair *pair = *state;
    SCRIPT(-1, EAGAIN);
    for (int i = 0; i < 4; i++) assert_true(add(pair->out, &pair->b_at, &"0123"[i], 1));
    struct udp_send_result result = udp_send_at_once(pair->a, pair->out);
    assert_int_equal(result.sent, 1);
    assert_int_equal(result.dropped, 3);
    assert_int_equal(polls, 0);
    expect_arrived(pair, "0");
}

static void receives_no_more_than_wanted(void **state) {
    struct pair *pair = *state;
    for (int i = 0; i < 4; i++) assert_true(add(pair->out, &pair->b_at, &"0123"[i], 1));
    assert_int_equal(udp_send(pair->a, pair->out).sent, 4);
    assert_int_equal(udp_receive_some(pair->b, pair->in, 3), 3);
    assert_int_equal(*udp_batch_get(pair->in, 2).data, '2');
    assert_int_equal(udp_receive_some(pair->b, pair->in, 100), 1);
}

/* What waits counts, and what had no room; what was received counts no more. */
static void tells_how_full_a_socket_is(void **state) {
    struct pair *pair = *state;
    struct address at;
    int small = opened("127.0.0.1:0", (struct udp_options){.receive_buffer = 1}, &at);
    struct udp_memory empty, full;
    unsigned sent = 0, kept = 0;
    assert_true(udp_memory(small, &empty));
    assert_int_equal(empty.used, 0);
    assert_int_equal(empty.drops, 0);
    assert_true(empty.limit > 0);
    for (; sent < 64; sent++) {
        assert_true(add(pair->out, &at, "x", 1));
        assert_int_equal(udp_send(pair->a, pair->out).sent, 1);
    }
    assert_true(udp_memory(small, &full));
    assert_true(full.used > full.limit / 2);
    for (int count; (count = udp_receive(small, pair->in)) > 0;) kept += (unsigned)count;
    assert_int_equal(kept + full.drops, sent);
    assert_true(udp_memory(small, &empty));
    assert_int_equal(empty.used, 0);
    close(small);
    assert_false(udp_memory(-1, &empty));
    assert_int_equal(empty.limit, 0);
}

static void names_the_address_in_use(void **state) {
    struct pair *pair = *state;
    char text[ADDRESS_TEXT_SIZE], expected[200];
    struct why why;
    assert_int_equal(udp_open(&pair->a_at, &(struct udp_options){0}, &why), -EADDRINUSE);
    snprintf(expected, sizeof expected, "cannot listen on UDP %s: Address already in use",
             address_format(&pair->a_at, text));
    assert_string_equal(why.text, expected);
}

static void reuse_port_shares_an_address(void **state) {
    (void)state;
    struct why why;
    struct address at;
    int first = opened("127.0.0.1:0", (struct udp_options){.reuse_port = true}, &at);
    int second = udp_open(&at, &(struct udp_options){.reuse_port = true}, &why);
    assert_true(second >= 0);
    close(second);
    close(first);
}

/* 192.0.2.0/24 is nobody's (RFC 5737). */
static void what_is_not_here_yet_can_be_bound(void **state) {
    (void)state;
    struct why why;
    struct address nobody;
    assert_true(address_parse("192.0.2.77:0", 0, &nobody));
    assert_int_equal(udp_open(&nobody, &(struct udp_options){0}, &why), -EADDRNOTAVAIL);
    int socket = udp_open(&nobody, &(struct udp_options){.not_here_yet = true}, &why);
    assert_true(socket >= 0);
    close(socket);
}

/* Where there is no IPv6, there is nothing to see. */
static void ipv6_alone_leaves_ipv4_to_another(void **state) {
    (void)state;
    struct why why;
    struct address ipv4, ipv6 = {.port = 0};
    int first = udp_open(&ipv6, &(struct udp_options){.ipv6_alone = true}, &why);
    if (first < 0) skip();
    assert_true(udp_bound(first, &ipv6));
    assert_true(address_parse("0.0.0.0", ipv6.port, &ipv4));
    int second = udp_open(&ipv4, &(struct udp_options){0}, &why);
    assert_true(second >= 0);
    close(second);
    close(first);
}

static void a_bad_descriptor_is_a_fault(void **state) {
    struct pair *pair = *state;
    assert_int_equal(udp_receive(-1, pair->in), -EBADF);
    assert_true(add(pair->out, &pair->b_at, "x", 1));
    assert_int_equal(udp_send(-1, pair->out).dropped, 1);
}

#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_PAIR(a_fitted_batch_does_not_ask_for_the_family),
        cmocka_unit_test(whole_datagrams_are_never_cut),
        WITH_PAIR(carries_a_batch_there_and_back),
        WITH_PAIR(refuses_what_is_too_large_or_too_many),
        WITH_PAIR(cuts_and_shows_oversized_datagrams),
        WITH_PAIR(an_added_datagram_reads_back),
        WITH_PAIR(an_added_datagram_reads_back_whatever_was_sent_before),
        WITH_PAIR(answers_leave_from_the_asked_address),
        WITH_PAIR(dual_stack_answers_ipv4_and_ipv6),
        WITH_PAIR(a_foreign_local_address_is_left_to_the_kernel),
        WITH_PAIR(the_kernel_refusing_one_does_not_stop_the_rest),
        WITH_PAIR(resumes_after_a_short_send),
        WITH_PAIR(drops_only_the_refused_datagram),
        WITH_PAIR(a_full_buffer_is_waited_for_once),
        WITH_PAIR(a_buffer_that_stays_full_drops_the_rest),
        WITH_PAIR(at_once_waits_for_nothing),
        WITH_PAIR(receives_no_more_than_wanted),
        WITH_PAIR(tells_how_full_a_socket_is),
        WITH_PAIR(names_the_address_in_use),
        cmocka_unit_test(reuse_port_shares_an_address),
        cmocka_unit_test(what_is_not_here_yet_can_be_bound),
        cmocka_unit_test(ipv6_alone_leaves_ipv4_to_another),
        WITH_PAIR(a_bad_descriptor_is_a_fault),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("udp", tests, NULL, NULL);
}
