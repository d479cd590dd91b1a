#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "bootnode/ops/http.h"
#include "common/clock.h"
#include "common/rcu.h"

#define ANSWER_SIZE 65536
#define WAIT_MS 20000 /* at most, for what should come at once */
#define SHORT_MS 200  /* patience with slow clients, where it is tested */
#define DRIP_MS 10

static struct bootnode_config config;
static struct node node;
static struct process_view process = {.statm = -1};
static const struct watched watched = {.node = &node, .process = &process};
static struct http http;

static int make_node(void **state) {
    (void)state;
    static const struct node_key key;
    ini_table_defaults(&bootnode_config_table, &config);
    assert_true(node_init(&node, &config, &key, 1, clock_monotonic_ms()));
    return 0;
}

static int destroy_node(void **state) {
    (void)state;
    http_stop(&http);
    node_destroy(&node);
    return 0;
}

static void start(uint64_t patience_ms) {
    struct address loopback;
    struct why why = {""};
    http = (struct http){.daemon = NULL};
    assert_true(address_parse("127.0.0.1:0", 0, &loopback));
    if (http_open(&http, &loopback, patience_ms, &why) != 0) fail_msg("%s", why.text);
    assert_int_equal(http_start(&http, &watched), 0);
    assert_int_not_equal(http.bound.port, 0);
}

/* From 127.0.0.`source`. */
static int connect_from(uint8_t source) {
    const struct address from = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, source}};
    struct sockaddr_storage name;
    socklen_t size = address_to_sockaddr(&from, AF_INET, &name);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(descriptor >= 0);
    assert_int_equal(bind(descriptor, (const struct sockaddr *)&name, size), 0);
    size = address_to_sockaddr(&http.bound, AF_INET, &name);
    assert_int_equal(connect(descriptor, (const struct sockaddr *)&name, size), 0);
    return descriptor;
}

static int connect_to_it(void) {
    return connect_from(1);
}

static void say(int descriptor, const char *text) {
    assert_int_equal(send(descriptor, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Everything up to the end of the connection. */
static void hear(int descriptor, char answer[static ANSWER_SIZE]) {
    size_t size = 0;
    for (;;) {
        struct pollfd wanted = {.fd = descriptor, .events = POLLIN};
        assert_int_equal(poll(&wanted, 1, WAIT_MS), 1);
        ssize_t count = recv(descriptor, answer + size, ANSWER_SIZE - 1 - size, 0);
        assert_true(count >= 0 || errno == ECONNRESET);
        if (count <= 0) break;
        size += (size_t)count;
    }
    answer[size] = '\0';
    close(descriptor);
}

static const char *ask(const char *request) {
    static char answer[ANSWER_SIZE];
    int descriptor = connect_to_it();
    say(descriptor, request);
    hear(descriptor, answer);
    return answer;
}

static const char *get(const char *path) {
    char request[100];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    return ask(request);
}

static void assert_status(const char *answer, const char *status) {
    char line[100];
    snprintf(line, sizeof line, "HTTP/1.1 %s\r\n", status);
    if (strncmp(answer, line, strlen(line)) != 0) fail_msg("expected %s, got\n%s", status, answer);
}

static const char *body(const char *answer) {
    const char *end = strstr(answer, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

static void metrics_are_served(void **state) {
    (void)state;
    start(HTTP_PATIENCE_MS);
    const char *answer = get("/metrics");
    assert_status(answer, "200 OK");
    assert_non_null(strstr(answer, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_non_null(strstr(body(answer), "\ngochat_sessions 0\n"));
}

static void head_is_get_without_the_page(void **state) {
    (void)state;
    start(HTTP_PATIENCE_MS);
    const char *answer = ask("HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_status(answer, "200 OK");
    assert_non_null(strstr(answer, "\r\nContent-Length: 3\r\n"));
    assert_string_equal(body(answer), "");
}

static void health_turns_when_draining(void **state) {
    (void)state;
    start(HTTP_PATIENCE_MS);
    const char *answer = get("/health");
    assert_status(answer, "200 OK");
    assert_string_equal(body(answer), "ok\n");
    atomic_store(&node.fate, NODE_RESTARTS);
    answer = get("/health");
    assert_status(answer, "503 Service Unavailable");
    assert_string_equal(body(answer), "draining\n");
}

/* Newcomers are better off elsewhere; whoever is here is not. */
static void who_is_full_is_healthy_and_not_ready(void **state) {
    (void)state;
    config.sessions = 3;
    start(HTTP_PATIENCE_MS);
    atomic_store(&node.live_sessions, 2);
    assert_status(get("/ready"), "200 OK");
    atomic_store(&node.live_sessions, 3);
    const char *answer = get("/health");
    assert_status(answer, "200 OK");
    assert_string_equal(body(answer), "full\nfull: 3 of 3 sessions (setting sessions)\n");
    answer = get("/ready");
    assert_status(answer, "503 Service Unavailable");
    assert_string_equal(body(answer), "full\nfull: 3 of 3 sessions (setting sessions)\n");
    atomic_store(&node.live_sessions, 0);
    assert_status(get("/ready"), "200 OK");
    atomic_store(&node.fate, NODE_ENDS);
    assert_status(get("/ready"), "503 Service Unavailable");
}

/* A worker hangs and keeps its shard: all pages come, with what is known. */
static void a_shard_that_is_kept_keeps_no_page(void **state) {
    (void)state;
    start(HTTP_PATIENCE_MS);
    shard_lock(node.shards[0]);
    const char *answer = get("/metrics");
    assert_status(answer, "200 OK");
    assert_non_null(strstr(body(answer), "\ngochat_shards_unseen 1\n"));
    assert_status(get("/health"), "200 OK");
    shard_unlock(node.shards[0]);
    assert_non_null(strstr(get("/metrics"), "\ngochat_shards_unseen 0\n"));
}

static void other_pages_are_not_found(void **state) {
    (void)state;
    start(HTTP_PATIENCE_MS);
    static const char *const paths[] = {"//", "/metric", "/metrics/", "/health/../metrics", "/Metrics"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) assert_status(get(paths[i]), "404 Not Found");
    assert_status(get("/metrics?x=y"), "200 OK");
}

static void other_methods_are_not_allowed(void **state) {
    (void)state;
    start(HTTP_PATIENCE_MS);
    const char *answer = ask("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi");
    assert_status(answer, "405 Method Not Allowed");
    assert_non_null(strstr(answer, "\r\nAllow: GET, HEAD\r\n"));
    assert_status(ask("DELETE /health HTTP/1.1\r\nHost: localhost\r\n\r\n"), "405 Method Not Allowed");
}

static void garbage_gets_no_page(void **state) {
    (void)state;
    start(HTTP_PATIENCE_MS);
    static const char *const requests[] = {"\x16\x03\x01 TLS?\r\n\r\n", "GET\r\n\r\n", "\r\n\r\n\r\n?\r\n\r\n",
                                           "GET /metrics HTTP/9.9\r\n\r\n"};
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) assert_null(strstr(ask(requests[i]), "gochat_"));
    assert_status(get("/health"), "200 OK");
}

static void a_header_has_its_limit(void **state) {
    (void)state;
    static char answer[ANSWER_SIZE];
    char line[1024];
    start(HTTP_PATIENCE_MS);
    int descriptor = connect_to_it();
    say(descriptor, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: ");
    memset(line, 'x', sizeof line);
    for (int i = 0; i < 1000; i++)
        if (send(descriptor, line, sizeof line, MSG_NOSIGNAL) < 0) break;
    hear(descriptor, answer);
    assert_null(strstr(answer, "gochat_"));
}

/* A byte now and then, for as long as somebody listens. */
static void who_drips_is_cut_off(void **state) {
    (void)state;
    start(SHORT_MS);
    uint64_t began = clock_monotonic_ms();
    int descriptor = connect_to_it();
    struct pollfd closed = {.fd = descriptor, .events = POLLIN};
    say(descriptor, "GET /");
    do
        if (send(descriptor, "x", 1, MSG_NOSIGNAL) < 0) break;
    while (poll(&closed, 1, DRIP_MS) == 0 && clock_monotonic_ms() < began + WAIT_MS);
    assert_in_range(clock_monotonic_ms() - began, SHORT_MS, WAIT_MS - 1);
    close(descriptor);
}

static void the_idle_make_room_for_others(void **state) {
    (void)state;
    int idle[VISITORS_MAX + 20];
    start(SHORT_MS);
    for (size_t i = 0; i < sizeof idle / sizeof *idle; i++)
        idle[i] = connect_from((uint8_t)(2 + i / VISITORS_PER_SOURCE));
    assert_status(get("/health"), "200 OK");
    for (size_t i = 0; i < sizeof idle / sizeof *idle; i++) close(idle[i]);
    assert_status(get("/health"), "200 OK");
}

static bool is_closed(int descriptor) {
    struct pollfd wanted = {.fd = descriptor, .events = POLLIN};
    char byte;
    assert_int_equal(poll(&wanted, 1, WAIT_MS), 1);
    return recv(descriptor, &byte, 1, 0) <= 0;
}

/* Their patience is longer than the test waits, so that it is not what ends them. */
static void one_source_has_a_few_places(void **state) {
    (void)state;
    int held[VISITORS_PER_SOURCE + 300];
    size_t last = sizeof held / sizeof *held - VISITORS_PER_SOURCE;
    start(2 * WAIT_MS);
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        held[i] = connect_from(1);
        say(held[i], "GET /met");
    }
    for (size_t i = 0; i < last; i++) assert_true(is_closed(held[i]));
    struct pollfd kept = {.fd = held[last], .events = POLLIN};
    assert_int_equal(poll(&kept, 1, 0), 0);
    assert_status(get("/health"), "200 OK");
    assert_status(get("/metrics"), "200 OK");
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) close(held[i]);
}

/* More than find a place, again and again; who comes behind them is served as soon as they have gone. */
static void a_crowd_makes_room_for_who_asks(void **state) {
    (void)state;
    int held[2 * VISITORS_MAX];
    start(2 * WAIT_MS);
    for (int round = 0; round < 10; round++) {
        for (size_t i = 0; i < sizeof held / sizeof *held; i++) held[i] = connect_from(1);
        assert_status(get("/health"), "200 OK");
        for (size_t i = 0; i < sizeof held / sizeof *held; i++) close(held[i]);
    }
}

/* Each asks for more than his window takes, and reads nothing. */
static void the_deaf_make_room_for_others(void **state) {
    (void)state;
    int held[VISITORS_MAX], window = 1;
    start(2 * WAIT_MS);
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        held[i] = connect_from(1);
        assert_int_equal(setsockopt(held[i], SOL_SOCKET, SO_RCVBUF, &window, sizeof window), 0);
        say(held[i], "GET /metrics HTTP/1.1\r\n\r\n");
    }
    assert_status(get("/health"), "200 OK");
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) close(held[i]);
}

static void who_asks_another_host_gets_no_page(void **state) {
    (void)state;
    start(HTTP_PATIENCE_MS);
    assert_status(ask("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "421 Misdirected Request");
    assert_status(ask("GET /health HTTP/1.1\r\nHost: localhost.evil.example:80\r\n\r\n"), "421 Misdirected Request");
    assert_status(ask("GET /health HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n"), "200 OK");
    strcpy(config.metrics_host, "node.example");
    assert_status(ask("GET /health HTTP/1.1\r\nHost: node.example:80\r\n\r\n"), "200 OK");
}

static void it_stops_while_somebody_is_connected(void **state) {
    (void)state;
    char byte;
    start(HTTP_PATIENCE_MS);
    int descriptor = connect_to_it();
    say(descriptor, "GET /hea");
    http_stop(&http);
    assert_true(recv(descriptor, &byte, 1, 0) <= 0);
    close(descriptor);
    http_stop(&http);
}

static void a_taken_address_is_named(void **state) {
    (void)state;
    struct http second = {.daemon = NULL};
    char text[ADDRESS_TEXT_SIZE];
    struct why why;
    start(HTTP_PATIENCE_MS);
    assert_int_equal(http_open(&second, &http.bound, HTTP_PATIENCE_MS, &why), -EADDRINUSE);
    assert_non_null(strstr(why.text, address_format(&http.bound, text)));
    http_stop(&second);
}

#define http_test(function) cmocka_unit_test_setup_teardown(function, make_node, destroy_node)

int main(void) {
    const struct CMUnitTest tests[] = {
        http_test(metrics_are_served),
        http_test(head_is_get_without_the_page),
        http_test(health_turns_when_draining),
        http_test(who_is_full_is_healthy_and_not_ready),
        http_test(a_shard_that_is_kept_keeps_no_page),
        http_test(other_pages_are_not_found),
        http_test(other_methods_are_not_allowed),
        http_test(garbage_gets_no_page),
        http_test(a_header_has_its_limit),
        http_test(who_drips_is_cut_off),
        http_test(the_idle_make_room_for_others),
        http_test(one_source_has_a_few_places),
        http_test(a_crowd_makes_room_for_who_asks),
        http_test(the_deaf_make_room_for_others),
        http_test(who_asks_another_host_gets_no_page),
        http_test(it_stops_while_somebody_is_connected),
        http_test(a_taken_address_is_named),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    rcu_reader_register();
    /* It never ends, and would take over the stack of an http thread that did, which valgrind takes for a leak. */
    rcu_start_reclaimer();
    int failed = cmocka_run_group_tests_name("http", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
