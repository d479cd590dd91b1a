#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/packet_log.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/rcu.h"
#include "tests/support/log_lines.h"

#define NOW 1000

/* Stands before the real clock, so that the test owns the second of which lines are counted. */
static uint64_t now_ms = 50000;

uint64_t clock_monotonic_ms(void) {
    return now_ms;
}

uint64_t clock_monotonic_ns(void) {
    return now_ms * 1000000;
}

uint64_t clock_wall_ms(void) {
    return 0;
}

static struct bootnode_config config;
static struct node node;
static struct worker_counters counters;
static struct context context;
static struct packet_log packet_log;

static void put(void *nothing, uint8_t listener, const struct datagram *datagram) {
    (void)nothing;
    (void)listener;
    (void)datagram;
}

static void set(const char *key, const char *value) {
    struct why why;
    assert_true(ini_table_set(&bootnode_config_table, BOOTNODE_SECTION, key, value, &config, &why));
}

static int begin(void **state) {
    (void)state;
    static const struct node_key key;
    ini_table_defaults(&bootnode_config_table, &config);
    set("rate_hello", "1");
    if (!node_init(&node, &config, &key, 1, NOW)) return -1;
    memset(&counters, 0, sizeof counters);
    context = (struct context){
        .node = &node, .outbox = {.endpoints = &node.endpoints, .put = put}, .counters = &counters, .now = NOW};
    packet_log_init(&packet_log);
    log_set_level(LOG_LEVEL_INFO);
    log_lines_begin();
    now_ms += 10000;
    return 0;
}

static int end(void **state) {
    (void)state;
    log_lines_end();
    packet_log_destroy(&packet_log);
    rcu_drain();
    node_destroy(&node);
    return 0;
}

static void receive_from(const char *from, const void *data, size_t size) {
    struct packet packet = {.data = data, .size = size};
    assert_true(address_parse(from, 0, &packet.from));
    if (packet_log_begin(&packet_log, &context))
        packet_log_dispatch(&packet_log, &context, &packet);
    else
        dispatch(&context, &packet);
}

static void receive_junk(const char *from) {
    receive_from(from, "\x60junk", 5);
}

static void receive_hello(const char *from) {
    static const uint8_t hello[HELLO_SIZE] = {MESSAGE_HELLO, PROTOCOL_VERSION};
    receive_from(from, hello, sizeof hello);
}

static void receive_beat(const char *from) {
    static const uint8_t beat[BEAT_SIZE] = {MESSAGE_HEARTBEAT, [SESSION_ID_OFFSET] = 0x1f,
                                            [SESSION_ID_OFFSET + 1] = 0x2e, [SESSION_ID_OFFSET + 7] = 0};
    receive_from(from, beat, sizeof beat);
}

static void nobody_asked(void **state) {
    (void)state;
    receive_junk("192.0.2.1:5");
    receive_hello("192.0.2.1:5");
    assert_null(log_lines_next());
    assert_int_equal(counters_read(&counters, COUNTER_UNKNOWN_TYPE), 1);
}

static void debug_tells_reasons_but_no_addresses(void **state) {
    (void)state;
    log_set_level(LOG_LEVEL_DEBUG);
    receive_hello("192.0.2.1:5"); /* ordinary */
    assert_null(log_lines_next());
    receive_junk("192.0.2.1:5");
    assert_string_equal(log_lines_next(), "debug: packet: something, 5 bytes: unknown_type");
    receive_beat("192.0.2.1:5");
    assert_string_equal(log_lines_next(), "debug: packet: HEARTBEAT of session 1f2e0000, 40 bytes: reset");
    set("log_addresses", "on");
    receive_junk("[2001:db8::1]:7");
    assert_string_equal(log_lines_next(), "debug: packet: something, 5 bytes from [2001:db8::1]:7: unknown_type");
    assert_null(log_lines_next());
}

static void debug_is_bounded(void **state) {
    (void)state;
    log_set_level(LOG_LEVEL_DEBUG);
    unsigned junk = 0, resets = 0;
    for (int i = 0; i < 1000; i++) receive_junk("192.0.2.1:5");
    receive_beat("192.0.2.1:5"); /* another reason has lines of its own */
    for (const char *line; (line = log_lines_next());) {
        junk += strstr(line, ": unknown_type") != NULL;
        resets += strstr(line, ": reset") != NULL;
    }
    assert_int_equal(junk, PACKET_LOG_DEBUG);
    assert_int_equal(resets, 1);
}

static void a_network_is_followed_whatever_the_level(void **state) {
    (void)state;
    set("trace", "192.0.2.0/24");
    log_set_level(LOG_LEVEL_ERROR);
    receive_hello("192.0.2.1:5");
    assert_string_equal(log_lines_next(), "trace: packet: HELLO, 200 bytes from 192.0.2.1:5: hello");
    for (int i = 0; i < 10; i++) receive_hello("192.0.2.1:5");
    const char *line, *last = NULL;
    while ((line = log_lines_next())) last = strstr(line, "rate_limited");
    assert_non_null(last);
    receive_hello("192.0.3.1:5");
    assert_null(log_lines_next());
}

/* What was asked for a time stands before the settings while it lasts. */
static void tracing_ends_in_time(void **state) {
    (void)state;
    struct prefix prefix;
    struct why why;
    set("trace", "192.0.2.0/24");
    assert_true(prefix_parse("198.51.100.0/24", &prefix, &why));
    assert_true(trace_set(&node.trace, &prefix, NOW + 500));
    receive_junk("192.0.2.1:5");
    assert_null(log_lines_next());
    receive_junk("198.51.100.1:5");
    assert_non_null(log_lines_next());
    context.now = NOW + 500;
    receive_junk("198.51.100.1:5");
    assert_null(log_lines_next());
    receive_junk("192.0.2.1:5");
    assert_string_equal(log_lines_next(), "trace: packet: something, 5 bytes from 192.0.2.1:5: unknown_type");
}

static void tracing_is_bounded(void **state) {
    (void)state;
    set("trace", "0.0.0.0/0");
    unsigned lines = 0;
    for (int i = 0; i < 1000; i++) receive_junk("192.0.2.1:5");
    while (log_lines_next()) lines++;
    assert_int_equal(lines, PACKET_LOG_TRACED);
    now_ms += 1000;
    receive_junk("192.0.2.1:5");
    assert_string_equal(log_lines_next(), "trace: packet: something, 5 bytes from 192.0.2.1:5: unknown_type "
                                          "(800 such lines left out before)");
}

static void who_reaches_limits_is_noted_where_addresses_are_wanted(void **state) {
    (void)state;
    struct offender places[OFFENDERS_PLACES] = {{.count = 0}};
    char text[PREFIX_TEXT_SIZE];
    for (int i = 0; i < 20; i++) receive_hello("192.0.2.1:5");
    offenders_take(&packet_log.offenders, COUNTER_RATE_LIMITED_HELLO, places);
    assert_null(offenders_worst(places));
    set("log_addresses", "on");
    for (int i = 0; i < 5; i++) receive_hello("192.0.2.1:5");
    offenders_take(&packet_log.offenders, COUNTER_RATE_LIMITED_HELLO, places);
    assert_non_null(offenders_worst(places));
    assert_int_equal(offenders_worst(places)->count, 5);
    assert_string_equal(prefix_format(&offenders_worst(places)->source, text), "192.0.2.1/32");
    assert_null(log_lines_next());
}

#define LOGGED(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        LOGGED(nobody_asked),
        LOGGED(debug_tells_reasons_but_no_addresses),
        LOGGED(debug_is_bounded),
        LOGGED(a_network_is_followed_whatever_the_level),
        LOGGED(tracing_ends_in_time),
        LOGGED(tracing_is_bounded),
        LOGGED(who_reaches_limits_is_noted_where_addresses_are_wanted),
    };
    rcu_reader_register();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests_name("packet_log", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
