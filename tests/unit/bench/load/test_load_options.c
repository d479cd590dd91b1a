#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/load/load_options.h"
#include "bench/load/sources.h"
#include "common/why.h"

#define WORDS_MAX 32

static struct load_options options;
static char said[1000];

/* Parses the words of `line`, which the options point into, and keeps what was said on standard error. */
static int parse(const char *line) {
    static char copy[1000];
    char *words[WORDS_MAX] = {(char *)(uintptr_t) "gochat-load"}, *rest = copy;
    int count = 1;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word; count < WORDS_MAX && (word = strtok_r(NULL, " ", &rest));) words[count++] = word;
    FILE *kept = tmpfile();
    int standard_error = dup(STDERR_FILENO);
    assert_non_null(kept);
    dup2(fileno(kept), STDERR_FILENO);
    int status = load_options_parse(&options, count, words);
    fflush(stderr);
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    rewind(kept);
    said[fread(said, 1, sizeof said - 1, kept)] = '\0';
    fclose(kept);
    return status;
}

static void has_address(const struct address *address, const char *text) {
    char printed[ADDRESS_TEXT_SIZE];
    assert_string_equal(address_format(address, printed), text);
}

static void defaults_are_as_documented(void **state) {
    (void)state;
    assert_int_equal(parse("--bootnode 127.0.0.1:9595"), 0);
    assert_true(options.has_bootnode);
    assert_int_equal(options.metrics_count, 0);
    assert_int_equal(options.sessions, 1000);
    assert_int_equal(options.room_size, 64);
    assert_int_equal(options.watched_rooms, 100);
    assert_int_equal(options.sources_bits, 0);
    assert_int_equal(options.threads, 1);
    assert_false(options.apart);
    assert_int_equal(options.row.traffic, TRAFFIC_BEATS);
    assert_int_equal(options.row.pace, PACE_INTERVAL);
    assert_true(options.row.interval_s == 4 && options.row.duration_s == 10);
    assert_int_equal(options.row.answers, ANSWERS_RARE);
    assert_string_equal(options.row.name, "beats");
    has_address(&options.row.target, "127.0.0.1:9595");
}

static void every_flag_arrives(void **state) {
    (void)state;
    assert_int_equal(
        parse("--bootnode [::1]:1 --sessions=5000 --room-size 8 --watch 3 --threads 3 --sources 127.3.4.5/16 "
              "--apart --metrics=127.0.0.1:80,127.0.0.2:81 --name x --rate 2.5 --duration=0.5 --answers every --churn "
              "1.5 "
              "--silent 50 --rebind --pid 77 --json -"),
        0);
    assert_int_equal(options.sessions, 5000);
    assert_int_equal(options.room_size, 8);
    assert_int_equal(options.watched_rooms, 3);
    assert_int_equal(options.threads, 3);
    has_address(&options.sources, "127.3.0.0:0");
    assert_int_equal(options.sources_bits, 16);
    assert_true(options.apart);
    assert_int_equal(options.metrics_count, 2);
    has_address(&options.metrics[0], "127.0.0.1:80");
    has_address(&options.metrics[1], "127.0.0.2:81");
    assert_string_equal(options.row.name, "x");
    assert_int_equal(options.row.pace, PACE_RATE);
    assert_true(options.row.rate == 2.5 && options.row.duration_s == 0.5);
    assert_int_equal(options.row.answers, ANSWERS_EVERY);
    assert_true(options.row.churn_percent == 1.5 && options.row.silent_percent == 50);
    assert_true(options.row.rebind);
    assert_int_equal(options.row.pid, 77);
    assert_string_equal(options.row.json, "-");
}

static void other_traffic_needs_no_bootnode(void **state) {
    (void)state;
    assert_int_equal(parse("--to 127.0.0.1:7 --raw 40 --echoed"), 0);
    assert_int_equal(options.row.traffic, TRAFFIC_RAW);
    assert_int_equal(options.row.raw_size, 40);
    assert_true(options.row.echoed);
    assert_int_equal(options.row.pace, PACE_MAX);
    assert_int_equal(options.sessions, 0);
    assert_int_equal(parse("--to 127.0.0.1:7 --dns a.example --rate 5"), 0);
    assert_int_equal(options.row.traffic, TRAFFIC_DNS);
    assert_string_equal(options.row.dns_name, "a.example");
    assert_int_equal(options.row.pace, PACE_RATE);
    assert_int_equal(parse("--to 127.0.0.1:7 --tracker"), 0);
    assert_int_equal(options.row.traffic, TRAFFIC_TRACKER);
    assert_int_equal(parse("--to 127.0.0.1:7 --stun"), 0);
    assert_int_equal(options.row.traffic, TRAFFIC_STUN);
    assert_string_equal(options.row.name, "stun");
}

static void floods_are_rows(void **state) {
    (void)state;
    assert_int_equal(parse("--to 127.0.0.1:7 --hello"), 0);
    assert_int_equal(options.row.traffic, TRAFFIC_HELLO);
    assert_string_equal(options.row.name, "hello");
    assert_false(load_options_of_fleet(&options.row));
    assert_int_equal(parse("--to 127.0.0.1:7 --register --stock 9 --forged"), 0);
    assert_int_equal(options.row.traffic, TRAFFIC_REGISTER);
    assert_int_equal(options.row.stock, 9);
    assert_true(options.row.forged);
    assert_int_equal(parse("--to 127.0.0.1:7 --junk aimed"), 0);
    assert_int_equal(options.row.traffic, TRAFFIC_JUNK);
    assert_int_equal(options.row.junk, JUNK_AIMED);
    assert_int_equal(parse("--bootnode 127.0.0.1:9 --relay"), 0);
    assert_int_equal(options.row.traffic, TRAFFIC_RELAY);
    assert_int_equal(options.row.pace, PACE_MAX);
    assert_true(load_options_of_fleet(&options.row));
}

static void complaints_name_flag_value_and_expectation(void **state) {
    (void)state;
    static const struct {
        const char *line, *flag, *value, *expected;
    } wrong[] = {
        {"", "--bootnode", "missing", "expected HOST or HOST:PORT"},
        {"--bootnode", "--bootnode", "", "expected a value"},
        {"--bootnode 127.0.0.1:", "--bootnode", "'127.0.0.1:'", ""},
        {"--bootnode 127.0.0.1:1 --to 127.0.0.1", "--to", "'127.0.0.1'", "expected HOST:PORT"},
        {"--bootnode 127.0.0.1:1 --json ~nobody-has-this-name/x", "--json", "'~nobody", "expected a path"},
        {"--bootnode 127.0.0.1:1 --sessions many", "--sessions", "'many'", "expected a number"},
        {"--bootnode 127.0.0.1:1 --sessions -1", "--sessions", "'-1'", "expected a number"},
        {"--bootnode 127.0.0.1:1 --room-size 0", "--room-size", "'0'", "from 1 to"},
        {"--bootnode 127.0.0.1:1 --rate 0", "--rate", "'0'", "expected a number from"},
        {"--bootnode 127.0.0.1:1 --rate nan", "--rate", "'nan'", "expected a number from"},
        {"--bootnode 127.0.0.1:1 --duration 5s", "--duration", "'5s'", "seconds"},
        {"--bootnode 127.0.0.1:1 --silent 101", "--silent", "'101'", "0 to 100"},
        {"--bootnode 127.0.0.1:1 --answers some", "--answers", "'some'", "rare or every"},
        {"--bootnode 127.0.0.1:1 --sources 127.0.0.1", "--sources", "'127.0.0.1'", "expected a network"},
        {"--bootnode 127.0.0.1:1 --max=7", "--max", "'7'", "without a value"},
        {"--bootnode 127.0.0.1:1 --to 127.0.0.1:2", "--to", "'127.0.0.1:2'", "bootnode"},
        {"--bootnode 127.0.0.1:1 --sessions 0", "--sessions", "'0'", "heartbeats"},
        {"--to 127.0.0.1:1 --raw 11", "--raw", "'11'", "12 to 1200"},
        {"--to 127.0.0.1:1 --raw 1201", "--raw", "'1201'", "12 to 1200"},
        {"--to 127.0.0.1:1 --idle", "--bootnode", "missing", ""},
        {"--to 127.0.0.1:1 --relay", "--bootnode", "missing", "RELAY"},
        {"--to 127.0.0.1:1 --junk all", "--junk", "'all'", "bytes, beats or aimed"},
        {"--to 127.0.0.1:1 --register --stock 0", "--stock", "'0'", "from 1 to 1048576"},
        {"--fast", "--fast", "no such flag", "--help"},
        {"--room_size 3", "--room_size", "no such flag", "did you mean --room-size?"},
        {"--r 3", "--r: ", "may be short for", "--room-size or --rows"},
        {"fast", "'fast'", "expected flags", "--help"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(parse(wrong[i].line), 2);
        bool told = strstr(said, wrong[i].flag) && strstr(said, wrong[i].value) && strstr(said, wrong[i].expected);
        bool one_line = strchr(said, '\n') == said + strlen(said) - 1;
        if (!told || !one_line) fail_msg("%s: said %s", wrong[i].line, said);
    }
}

/* In both orders where it is two flags: the line names both. */
static void contradictions_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *line, *one, *other;
    } wrong[] = {
        {"--bootnode 127.0.0.1:1 --rate 10 --interval 4", "--rate", "--interval"},
        {"--bootnode 127.0.0.1:1 --max --rate 10", "--max", "--rate"},
        {"--bootnode 127.0.0.1:1 --interval 4 --max", "--max", "--interval"},
        {"--to 127.0.0.1:1 --stun --raw 40", "--stun", "--raw"},
        {"--to 127.0.0.1:1 --dns a.example --tracker", "--dns", "--tracker"},
        {"--bootnode 127.0.0.1:1 --idle --stun", "--idle", "--stun"},
        {"--bootnode 127.0.0.1:1 --echoed", "--echoed", "--raw"},
        {"--to 127.0.0.1:1 --stun --echoed", "--echoed", "--stun"},
        {"--bootnode 127.0.0.1:1 --stun --silent 50", "--silent '50'", "--stun"},
        {"--bootnode 127.0.0.1:1 --stun --churn 1", "--churn '1'", "--stun"},
        {"--bootnode 127.0.0.1:1 --raw 40 --rebind", "--rebind", "--raw"},
        {"--bootnode 127.0.0.1:1 --stun --interval 4", "--interval '4'", "--stun"},
        {"--bootnode 127.0.0.1:1 --stun --answers every", "--answers 'every'", "heartbeats"},
        {"--bootnode 127.0.0.1:1 --idle --rate 5", "--rate '5'", "--idle"},
        {"--bootnode 127.0.0.1:1 --idle --max", "--max", "--idle"},
        {"--bootnode 127.0.0.1:1 --idle --interval 3", "--interval '3'", "--idle"},
        {"--bootnode 127.0.0.1:1 --bootnode 127.0.0.1:2", "--bootnode '127.0.0.1:2'", "'127.0.0.1:1'"},
        {"--bootnode 127.0.0.1:1 --rate 5 --rate 6", "--rate '6'", "'5'"},
        {"--bootnode 127.0.0.1:1 --find-rate 1 --rate 6", "--rate '6'", "--find-rate"},
        {"--bootnode 127.0.0.1:1 --find-rate 1 --max", "--max", "--find-rate"},
        {"--bootnode 127.0.0.1:1 --find-rate 1 --interval 4", "--interval '4'", "--find-rate"},
        {"--bootnode 127.0.0.1:1 --find-rate 1 --silent 5", "--silent '5'", "--find-rate"},
        {"--bootnode 127.0.0.1:1 --find-rate 1 --idle", "--find-rate '1'", "--idle"},
        {"--to 127.0.0.1:1 --find-rate 1 --junk bytes", "--find-rate '1'", "--junk"},
        {"--to 127.0.0.1:1 --find-rate 1 --raw 40", "--find-rate", "--echoed"},
        {"--bootnode 127.0.0.1:1 --json x --progress-json x", "--json 'x'", "--progress-json"},
        {"--bootnode 127.0.0.1:1 --progress 1 --progress 2", "--progress '2'", "'1'"},
        {"--to 127.0.0.1:1 --raw 40 --raw 41", "--raw '41'", "'40'"},
        {"--to 127.0.0.1:1 --stun --sessions 5", "--sessions", "--bootnode"},
        {"--to 127.0.0.1:1 --stun --room-size 5", "--room-size '5'", "--bootnode"},
        {"--to 127.0.0.1:1 --stun --watch 5", "--watch '5'", "--bootnode"},
        {"--to 127.0.0.1:1 --stun --metrics 127.0.0.1:2", "--metrics '127.0.0.1:2'", "--bootnode"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char turned[200] = "", copy[200], *words[16], *rest = copy;
        size_t count = 0;
        snprintf(copy, sizeof copy, "%s", wrong[i].line);
        while ((words[count] = strtok_r(NULL, " ", &rest))) count++;
        for (size_t end = count; end > 0;) {
            size_t first = end - 1;
            while (first > 0 && strncmp(words[first], "--", 2) != 0) first--;
            for (size_t word = first; word < end; word++) {
                strcat(turned, words[word]);
                strcat(turned, " ");
            }
            end = first;
        }
        assert_int_equal(parse(wrong[i].line), 2);
        if (!strstr(said, wrong[i].one) || !strstr(said, wrong[i].other)) fail_msg("%s: said %s", wrong[i].line, said);
        if (strchr(said, '\n') != said + strlen(said) - 1) fail_msg("%s: not one line", wrong[i].line);
        if (parse(turned) != 2) fail_msg("taken: %s", turned);
    }
}

static void what_does_not_contradict_is_taken(void **state) {
    (void)state;
    static const char *const good[] = {
        "--bootnode 127.0.0.1:1 --idle --silent 100",
        "--bootnode 127.0.0.1:1 --idle --churn 1 --rebind",
        "--bootnode 127.0.0.1:1 --churn 1 --silent 5 --rebind --answers every --rate 5",
        "--bootnode 127.0.0.1:1 --max --max --name a --name a",
        "--bootnode 127.0.0.1:1 --stun --rate 5 --sessions 10 --room-size 2 --watch 1",
        "--to 127.0.0.1:1 --sessions 0 --stun",
        "--to 127.0.0.1:1 --raw 40 --echoed --max",
        "--to 127.0.0.1:1 --echoed --duration 1 --rows -",
        "--bootnode 127.0.0.1:1 --interval 4 --silent 3 --rows -",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (parse(good[i]) != 0) fail_msg("%s: said %s", good[i], said);
}

static void merging_takes_files_alone(void **state) {
    (void)state;
    assert_int_equal(parse("--json - --merge a.json - b.json"), 0);
    assert_true(options.merge);
    assert_int_equal(options.file_count, 3);
    assert_string_equal(options.files[1], "-");
    assert_string_equal(options.row.json, "-");
    assert_int_equal(parse("--merge"), 2);
    assert_non_null(strstr(said, "--merge: expected files"));
    assert_int_equal(parse("a.json --merge"), 2);
    static const char *const others[] = {"--rate 5", "--bootnode 127.0.0.1:1", "--stun", "--progress 1", "--rows -"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char line[100];
        snprintf(line, sizeof line, "--merge a.json %s", others[i]);
        if (parse(line) != 2) fail_msg("taken: %s", line);
        if (!strstr(said, "--merge")) fail_msg("%s: said %s", line, said);
    }
}

/* The row's own flags contradict each other as the command line's do; what the command line says gives way. */
static void rows_contradict_only_themselves(void **state) {
    (void)state;
    struct row_options row;
    struct why why;
    assert_int_equal(parse("--bootnode 127.0.0.1:9 --interval 2 --answers every --churn 3 --rows -"), 0);
    assert_false(load_options_parse_row(&options, "--stun --silent 5", &row, &why));
    assert_non_null(strstr(why.text, "--silent '5'"));
    assert_non_null(strstr(why.text, "--stun"));
    assert_false(load_options_parse_row(&options, "--rate 5 --max", &row, &why));
    assert_non_null(strstr(why.text, "--max"));
    assert_false(load_options_parse_row(&options, "--rate 5 --rate 6", &row, &why));
    assert_true(load_options_parse_row(&options, "", &row, &why));
    assert_int_equal(row.pace, PACE_INTERVAL);
    assert_true(row.interval_s == 2 && row.churn_percent == 3);
    assert_true(load_options_parse_row(&options, "--rate 7", &row, &why));
    assert_int_equal(row.pace, PACE_RATE);
    assert_int_equal(row.answers, ANSWERS_EVERY);
    assert_true(load_options_parse_row(&options, "--stun", &row, &why));
    assert_int_equal(row.pace, PACE_MAX);
    assert_true(row.churn_percent == 0 && row.interval_s == 4);
    assert_int_equal(row.answers, ANSWERS_RARE);
    assert_int_equal(parse("--to 127.0.0.1:9 --stun --rate 3 --rows -"), 0);
    assert_true(load_options_parse_row(&options, "--raw 40 --echoed", &row, &why));
    assert_int_equal(row.traffic, TRAFFIC_RAW);
    assert_int_equal(row.pace, PACE_RATE);
    assert_true(load_options_parse_row(&options, "--max", &row, &why));
    assert_int_equal(row.traffic, TRAFFIC_STUN);
    assert_int_equal(row.pace, PACE_MAX);
}

static void rows_inherit_and_override(void **state) {
    (void)state;
    struct row_options row;
    struct why why;
    assert_int_equal(parse("--bootnode 127.0.0.1:9 --pid 5 --duration 3 --rows -"), 0);
    assert_string_equal(options.rows, "-");
    assert_true(load_options_parse_row(&options, "", &row, &why));
    assert_string_equal(row.name, "beats");
    assert_true(row.duration_s == 3);
    assert_true(load_options_parse_row(&options, " --name one --max\t--answers every # --duration 9\r\n", &row, &why));
    assert_string_equal(row.name, "one");
    assert_int_equal(row.pace, PACE_MAX);
    assert_int_equal(row.pid, 5);
    assert_true(row.duration_s == 3);
    assert_true(load_options_parse_row(&options, "--stun --to 127.0.0.1:33", &row, &why));
    has_address(&row.target, "127.0.0.1:33");
    assert_int_equal(options.row.traffic, TRAFFIC_BEATS);
}

static void rows_complain_too(void **state) {
    (void)state;
    struct row_options row;
    struct why why;
    assert_int_equal(parse("--bootnode 127.0.0.1:9 --rows -"), 0);
    assert_false(load_options_parse_row(&options, "--rate fast", &row, &why));
    assert_non_null(strstr(why.text, "--rate 'fast': expected"));
    assert_false(load_options_parse_row(&options, "--sessions 4", &row, &why));
    assert_non_null(strstr(why.text, "--sessions '4'"));
    assert_non_null(strstr(why.text, "command line"));
    char line[700] = "--name a";
    for (size_t i = 0; i < 63; i++) strcat(line, " --name a");
    assert_true(load_options_parse_row(&options, line, &row, &why));
    strcat(line, " --rebind");
    assert_false(load_options_parse_row(&options, line, &row, &why));
    assert_string_equal(why.text, "expected at most 128 words");
}

static void wrong_networks_are_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",      "10.0.0.0", "10.0.0.0/", "10.0.0.0/0", "10.0.0.0/33", "10.0.0.0/8x", "10.0.0.0:5/8",
        "ten/8", "/8",       "::/129",    "10.0.0.0/-1"};
    struct address base;
    unsigned bits;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (sources_parse(wrong[i], &base, &bits)) fail_msg("taken: %s", wrong[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_as_documented),
        cmocka_unit_test(every_flag_arrives),
        cmocka_unit_test(other_traffic_needs_no_bootnode),
        cmocka_unit_test(floods_are_rows),
        cmocka_unit_test(complaints_name_flag_value_and_expectation),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(what_does_not_contradict_is_taken),
        cmocka_unit_test(merging_takes_files_alone),
        cmocka_unit_test(rows_contradict_only_themselves),
        cmocka_unit_test(rows_inherit_and_override),
        cmocka_unit_test(rows_complain_too),
        cmocka_unit_test(wrong_networks_are_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("load_options", tests, NULL, NULL);
}
