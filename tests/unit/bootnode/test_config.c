#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sched.h>

#include "bootnode/config.h"
#include "common/log.h"
#include "common/units.h"
#include "common/why.h"
#include "common/wire/bootnode_packets.h"

#define SAMPLE "conf/bootnode.ini"
#define BENCH "conf/bench.ini"

static const struct ini_key *key_at(size_t index) {
    return &bootnode_config_table.keys[index];
}

static void test_defaults(void **state) {
    struct bootnode_config config;
    struct address everywhere;
    (void)state;
    ini_table_defaults(&bootnode_config_table, &config);
    assert_true(address_parse("[::]:9595", 0, &everywhere));
    assert_int_equal(config.listen.count, 1);
    assert_true(address_equal(&config.listen.items[0], &everywhere));
    assert_int_equal(config.workers, 0);
    assert_string_equal(config.key_file, "");
    assert_int_equal(config.room_members, 128);
    assert_int_equal(config.sessions, 1000000);
    assert_int_equal(config.sessions_per_source, 512);
    assert_int_equal(config.log_level, LOG_LEVEL_INFO);
    assert_true(config.limit_loopback);
    assert_false(config.pin_workers);
    assert_int_equal(config.metrics.count, 0);
    assert_int_equal(config.relay, RELAY_AUTO);
}

static void test_sample_changes_nothing(void **state) {
    struct bootnode_config defaults, loaded;
    (void)state;
    ini_table_defaults(&bootnode_config_table, &defaults);
    ini_table_defaults(&bootnode_config_table, &loaded);
    assert_int_equal(ini_table_load(&bootnode_config_table, SAMPLE, &loaded, stderr), 0);
    assert_memory_equal(&defaults, &loaded, sizeof defaults);
}

/* "name = value" or ";name = value" of a line; NULL for others. The value is cut out of `line`. */
static char *split_line(char *line, char **value) {
    char *name = line + (*line == ';'), *equals = strstr(name, " = ");
    if (*name < 'a' || *name > 'z' || !equals) return NULL;
    *equals = '\0';
    *value = equals + 3;
    (*value)[strcspn(*value, "\n")] = '\0';
    return name;
}

/* The sample names every key once, in the table's order, with the text of its default; keys without one are commented
 * out. */
static void test_sample_lists_every_key(void **state) {
    char line[512], *name, *value;
    size_t index = 0;
    FILE *stream = fopen(SAMPLE, "r");
    (void)state;
    assert_non_null(stream);
    bool seen[64] = {false};
    while (fgets(line, sizeof line, stream)) {
        bool commented = *line == ';';
        name = split_line(line, &value);
        if (!name) continue;
        size_t found = 0;
        while (found < bootnode_config_table.count && strcmp(key_at(found)->name, name) != 0) found++;
        assert_true(found < bootnode_config_table.count);
        assert_false(seen[found]);
        seen[found] = true;
        assert_int_equal(commented, key_at(found)->fallback == NULL);
        if (!commented) assert_string_equal(value, key_at(found)->fallback);
        index++;
    }
    fclose(stream);
    assert_int_equal(index, bootnode_config_table.count);
}

/* The comment above a key ends with whether a reload changes it, which is [restart] where only the start does. */
static void test_sample_tells_what_a_reload_changes(void **state) {
    char line[512], comment[8192] = "", *name, *value;
    FILE *stream = fopen(SAMPLE, "r");
    (void)state;
    assert_non_null(stream);
    while (fgets(line, sizeof line, stream)) {
        if (*line == '#') snprintf(comment + strlen(comment), sizeof comment - strlen(comment), "%s", line);
        name = split_line(line, &value);
        if (*line == '\n') *comment = '\0';
        if (!name) continue;
        size_t row = ini_table_row(&bootnode_config_table, BOOTNODE_SECTION, name);
        if (row == bootnode_config_table.count) row = ini_table_row(&bootnode_config_table, CLUSTER_SECTION, name);
        bool restart = strstr(comment, "[restart]"), reload = strstr(comment, "[reload]");
        if (restart != key_at(row)->restart || reload == restart) fail_msg("%s: [restart] or [reload]?", name);
        *comment = '\0';
    }
    fclose(stream);
}

/* Numbers that a reader of the sample is told must be those that are enforced. */
static void test_sample_tells_true_ranges(void **state) {
    char *text = NULL, range[64];
    size_t size = 0;
    FILE *stream = fopen(SAMPLE, "r");
    (void)state;
    assert_non_null(stream);
    assert_true(getdelim(&text, &size, '\0', stream) > 0);
    fclose(stream);
    for (size_t i = 0; i < bootnode_config_table.count; i++) {
        const struct ini_key *key = key_at(i);
        if (key->type != INI_INTEGER && key->type != INI_AUTO_INTEGER) continue;
        char min[UNITS_TEXT_SIZE], max[UNITS_TEXT_SIZE];
        snprintf(range, sizeof range, "%lld to %lld", key->min, key->max);
        if (key->unit)
            snprintf(range, sizeof range, "%s to %s", units_format(key->unit, key->min, min),
                     units_format(key->unit, key->max, max));
        if (!strstr(text, range)) fail_msg("%s does not say '%s'", SAMPLE, range);
    }
    free(text);
}

static bool cluster_sets(const char *name, const char *value, struct bootnode_config *config) {
    struct why why;
    ini_table_defaults(&bootnode_config_table, config);
    return ini_table_set(&bootnode_config_table, CLUSTER_SECTION, name, value, config, &why);
}

static void test_cluster(void **state) {
    struct bootnode_config config;
    struct cluster_servers servers;
    struct why why;
    (void)state;
    ini_table_defaults(&bootnode_config_table, &config);
    assert_false(cluster_config_on(&config.cluster));
    assert_int_equal(config.cluster.replicas, 2);
    assert_int_equal(config.cluster.weight, 100);
    assert_true(cluster_sets("name", "a-Town_9", &config) && cluster_config_on(&config.cluster));
    assert_false(cluster_sets("name", "a.b", &config));
    assert_false(cluster_sets("name", ">", &config));
    assert_false(cluster_sets("name", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &config));
    assert_true(cluster_sets("addresses", "192.0.2.1, [2001:db8::1]:7", &config));
    assert_int_equal(config.cluster.addresses.items[0].port, BOOTNODE_PORT);
    assert_true(cluster_config_servers("tls://a.example.org, tls://192.0.2.1:7 tls://[2001:db8::1]", &servers, &why));
    assert_int_equal(servers.count, 3);
    assert_true(servers.tls);
    assert_string_equal(servers.items[0], "tls://a.example.org:4222");
    assert_string_equal(servers.items[1], "tls://192.0.2.1:7");
    assert_string_equal(servers.items[2], "tls://[2001:db8::1]:4222");
    static const char *const refused[] = {"127.0.0.1:4222",    "http://a",           "nats://",   "nats://a@b",
                                          "nats://a, tls://b", "nats://127.0.0.1:0", "nats://a b"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_false(cluster_config_servers(refused[i], &servers, &why));
    assert_true(cluster_config_servers("", &servers, &why) && servers.count == 0);
    assert_false(cluster_sets(
        "nats", "nats://a,nats://b,nats://c,nats://d,nats://e,nats://f,nats://g,nats://h,nats://i", &config));
}

static bool sets(const char *name, const char *value) {
    struct bootnode_config config;
    struct why why;
    ini_table_defaults(&bootnode_config_table, &config);
    return ini_table_set(&bootnode_config_table, BOOTNODE_SECTION, name, value, &config, &why);
}

static void test_bounds(void **state) {
    (void)state;
    assert_true(sets("workers", "1"));
    assert_true(sets("workers", "256"));
    assert_true(sets("workers", "auto"));
    assert_false(sets("workers", "0"));
    assert_false(sets("workers", "257"));
    assert_true(sets("node_id", "255"));
    assert_false(sets("node_id", "256"));
    /* With the spread on top, no more than what clients wait. */
    assert_true(sets("restart_ms", "50000"));
    assert_false(sets("restart_ms", "50001"));
    assert_false(sets("room_members", "1"));
    assert_false(sets("room_members", "513"));
    assert_false(sets("sessions", "0"));
    assert_true(sets("sessions_per_source", "0"));
    assert_false(sets("sessions_per_source", "1073741825"));
    assert_false(sets("log_level", "loud"));
    assert_false(sets("listen", ""));
    assert_false(sets("listen", "300.1.2.3:9595"));
    assert_false(sets("listen", "127.0.0.1:"));
    assert_true(sets("listen", "127.0.0.1"));
    assert_true(sets("listen", "::, 127.0.0.1"));
    assert_false(sets("metrics", "127.0.0.1"));
    assert_false(sets("stun_alternate", "192.0.2.2"));
    assert_true(sets("listen", "127.0.0.1:0, [::1]:1"));
    assert_true(sets("rate_hello", "0"));
    assert_false(sets("rate_hello", "10001"));
    assert_true(sets("relay", "auto"));
    assert_true(sets("relay", "never"));
    assert_false(sets("relay", "always"));
    assert_false(sets("relay", ""));
    assert_true(sets("relay_rate", "0"));
    assert_true(sets("relay_source_rate", "1"));
    assert_true(sets("relay_total_rate", "100000000"));
    assert_false(sets("relay_total_rate", "100000001"));
    assert_false(sets("relay_rate", "-1"));
    assert_true(sets("relay_rate", "1Mbit/s"));
    assert_false(sets("relay_rate", "1Mbit"));
    assert_true(sets("receive_buffer", "64KiB"));
    assert_false(sets("receive_buffer", "2GiB"));
    assert_true(sets("restart_ms", "50s"));
    assert_false(sets("restart_ms", "1min"));
    assert_true(sets("rate_hello", "10000/s"));
    assert_false(sets("sessions", "1k"));
    assert_true(sets("metrics", ""));
    assert_true(sets("metrics", "[::1]:0"));
    assert_false(sets("metrics", "127.0.0.1"));
    assert_false(sets("metrics", "localhost:9596"));
    assert_false(sets("metrics", "127.0.0.1:1, 127.0.0.1:2"));
}

/* Load tests measure what runs in production, but for what keeps one source address from having it all. */
static void test_bench_differs_in_load_alone(void **state) {
    struct bootnode_config expected, bench;
    struct why why;
    (void)state;
    static const char *const settings[][2] = {{"listen", "127.0.0.1:9595"}, {"workers", "1"},
                                              {"sessions", "1100000"},      {"sessions_per_source", "0"},
                                              {"room_source_share", "100"}, {"rate_hello", "0"},
                                              {"rate_register", "0"},       {"rate_stun", "0"},
                                              {"rate_reset", "0"},          {"rate_update", "0"},
                                              {"rate_introduce", "0"},      {"rate_move", "0"},
                                              {"limit_loopback", "off"},    {"metrics", "127.0.0.1:9596"}};
    ini_table_defaults(&bootnode_config_table, &expected);
    ini_table_defaults(&bootnode_config_table, &bench);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        assert_true(
            ini_table_set(&bootnode_config_table, BOOTNODE_SECTION, settings[i][0], settings[i][1], &expected, &why));
    assert_int_equal(ini_table_load(&bootnode_config_table, BENCH, &bench, stderr), 0);
    assert_memory_equal(&expected, &bench, sizeof expected);
}

static void test_rates(void **state) {
    struct bootnode_config config;
    struct rate rates[RATE_KIND_COUNT];
    (void)state;
    ini_table_defaults(&bootnode_config_table, &config);
    bootnode_config_rates(&config, rates);
    for (size_t i = RATE_UPDATE; i <= RATE_MOVE; i++) {
        assert_int_equal(rates[i].per_second, 2);
        assert_int_equal(rates[i].burst, 8);
    }
    /* An office of 200 behind one address, each with a retry. */
    assert_true(rates[RATE_HELLO].burst >= 400 && rates[RATE_REGISTER].burst >= 400);
    /* What holds under load holds also where nothing was to be limited. */
    config.rate_register = 0;
    bootnode_config_rates(&config, rates);
    assert_int_equal(rates[RATE_REGISTER_BUSY].per_second, BUSY_REGISTERS);
    assert_int_equal(rates[RATE_RESET_BUSY].per_second, BUSY_RESETS);
    assert_int_equal(rates[RATE_PROBE].per_second, NODES_PROBES);
    assert_int_equal(rates[RATE_REFUSAL].per_second, BUSY_REFUSALS);
    assert_int_equal(rates[RATE_REFUSAL_TOTAL].burst, BUSY_REFUSALS_TOTAL);
    config.rate_stun = 7;
    bootnode_config_rates(&config, rates);
    assert_int_equal(rates[RATE_STUN].per_second, 7);
    assert_int_equal(rates[RATE_STUN].burst, 70);
}

/* A second's worth at once, and always a packet: else a low limit would let nothing pass, whatever is waited. */
static void test_rates_in_bytes(void **state) {
    struct bootnode_config config;
    struct rate rates[RATE_KIND_COUNT];
    (void)state;
    ini_table_defaults(&bootnode_config_table, &config);
    bootnode_config_rates(&config, rates);
    static const struct rate expected[] = {
        {65536, 65536}, {524288, 524288}, {4 * 65536, 4 * 65536}, {12500000, 12500000}};
    for (size_t i = RATE_RELAY; i <= RATE_RELAY_TOTAL; i++) {
        assert_int_equal(rates[i].per_second, expected[i - RATE_RELAY].per_second);
        assert_int_equal(rates[i].burst, expected[i - RATE_RELAY].burst);
    }
    config.relay_rate = config.relay_source_rate = config.relay_total_rate = 100;
    bootnode_config_rates(&config, rates);
    for (size_t i = RATE_RELAY; i <= RATE_RELAY_TOTAL; i++) assert_int_equal(rates[i].burst, 1200);
    config.relay_rate = config.relay_source_rate = config.relay_total_rate = 0;
    bootnode_config_rates(&config, rates);
    for (size_t i = RATE_RELAY; i <= RATE_RELAY_TOTAL; i++) assert_int_equal(rates[i].per_second, 0);
    config.relay_rate = config.relay_source_rate = config.relay_total_rate = RATE_BYTES_MAX;
    bootnode_config_rates(&config, rates);
    assert_int_equal(rates[RATE_RELAYED].per_second, 4LL * RATE_BYTES_MAX);
}

static void test_workers(void **state) {
    struct bootnode_config config;
    cpu_set_t all, one;
    (void)state;
    ini_table_defaults(&bootnode_config_table, &config);
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    assert_int_equal(bootnode_config_workers(&config), CPU_COUNT(&all));
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &all)) CPU_SET(i, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(bootnode_config_workers(&config), 1);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    config.workers = 7;
    assert_int_equal(bootnode_config_workers(&config), 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_sample_changes_nothing),
        cmocka_unit_test(test_sample_lists_every_key),
        cmocka_unit_test(test_sample_tells_what_a_reload_changes),
        cmocka_unit_test(test_sample_tells_true_ranges),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_cluster),
        cmocka_unit_test(test_bench_differs_in_load_alone),
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_rates_in_bytes),
        cmocka_unit_test(test_workers),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("bootnode_config", tests, NULL, NULL);
}
