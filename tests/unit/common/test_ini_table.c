#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "common/ini_table.h"
#include "common/why.h"

struct settings {
    char name[INI_TEXT_SIZE];
    char key_file[INI_TEXT_SIZE];
    long long workers;
    long long port;
    bool relay;
    int ui;
    struct ini_address_list listen, peers;
    struct ini_path_list lists;
    long long size, drain;
};

static const char *const uis[] = {"curses", "plain", "json", NULL};
#define FIELD(field) .offset = offsetof(struct settings, field)

static const struct ini_key keys[] = {
    {.section = "node", .name = "name", .type = INI_TEXT, FIELD(name), .min = 1, .max = 8, .fallback = "none"},
    {.section = "node", .name = "key_file", .type = INI_PATH, FIELD(key_file), .min = 1},
    {.section = "node",
     .name = "workers",
     .type = INI_AUTO_INTEGER,
     FIELD(workers),
     .min = 1,
     .max = 256,
     .fallback = "auto"},
    {.section = "node", .name = "port", .type = INI_INTEGER, FIELD(port), .min = -5, .max = 65535, .fallback = "9595"},
    {.section = "node",
     .name = "listen",
     .type = INI_ADDRESS_LIST,
     FIELD(listen),
     .min = 1,
     .max = 2,
     .fallback = "[::]:9595"},
    {.section = "node", .name = "peers", .type = INI_ADDRESS_LIST, FIELD(peers), .max = 3, .port = 9595},
    {.section = "node", .name = "lists", .type = INI_PATH_LIST, FIELD(lists), .max = 3},
    {.section = "node",
     .name = "size",
     .type = INI_INTEGER,
     .unit = "B",
     .bare = true,
     FIELD(size),
     .min = 0,
     .max = 1 << 20,
     .fallback = "4KiB"},
    {.section = "node",
     .name = "drain",
     .type = INI_AUTO_INTEGER,
     .unit = "s",
     FIELD(drain),
     .min = 1,
     .max = 3600,
     .fallback = "auto"},
    {.section = "look", .name = "relay", .type = INI_BOOLEAN, FIELD(relay), .fallback = "yes"},
    {.section = "look", .name = "ui", .type = INI_CHOICE, FIELD(ui), .choices = uis, .fallback = "plain"},
};
static const struct ini_table table = {
    .keys = keys, .count = sizeof keys / sizeof *keys, .target_size = sizeof(struct settings)};

static struct settings settings;
static char path[] = "/tmp/gochat-ini-XXXXXX";
static char problems[8000]; /* with "FILE:" cut from each line */

/* Loads `size` bytes as a file over the defaults. */
static size_t load_bytes(const char *content, size_t size) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, size, file), size);
    fclose(file);
    char *printed = NULL;
    size_t printed_size = 0;
    FILE *out = open_memstream(&printed, &printed_size);
    assert_non_null(out);
    ini_table_defaults(&table, &settings);
    size_t count = ini_table_load(&table, path, &settings, out);
    fclose(out);
    size_t at = 0;
    *problems = '\0';
    for (char *line = strtok(printed, "\n"); line; line = strtok(NULL, "\n")) {
        assert_memory_equal(line, path, strlen(path));
        at += (size_t)snprintf(problems + at, sizeof problems - at, "%s\n", line + strlen(path) + 1);
    }
    free(printed);
    return count;
}

static size_t load(const char *content) {
    return load_bytes(content, strlen(content));
}

static void assert_refused(const char *content, const char *problem) {
    size_t count = load(content);
    assert_string_equal(problems, problem);
    assert_int_equal(count, 1);
}

static void assert_accepted(const char *content) {
    if (load(content) != 0) fail_msg("%s", problems);
}

static void defaults_fill_the_struct(void **state) {
    (void)state;
    memset(&settings, 0xff, sizeof settings);
    ini_table_defaults(&table, &settings);
    assert_string_equal(settings.name, "none");
    assert_string_equal(settings.key_file, "");
    assert_int_equal(settings.workers, 0);
    assert_int_equal(settings.port, 9595);
    assert_true(settings.relay);
    assert_int_equal(settings.ui, 1);
    assert_int_equal(settings.listen.count, 1);
    assert_int_equal(settings.listen.items[0].port, 9595);
}

static void reads_every_type(void **state) {
    (void)state;
    assert_accepted("; all of it\n[node]\nname = n o d e\nkey_file = /etc/key\nworkers=256\nport = -5\n"
                    "listen = 127.0.0.1:1 , [::1]:2\n\n# and\n[look] ; comment\nrelay = Off ; so\nui = json\n");
    assert_string_equal(settings.name, "n o d e");
    assert_string_equal(settings.key_file, "/etc/key");
    assert_int_equal(settings.workers, 256);
    assert_int_equal(settings.port, -5);
    assert_int_equal(settings.listen.count, 2);
    assert_int_equal(settings.listen.items[1].port, 2);
    assert_false(settings.relay);
    assert_int_equal(settings.ui, 2);
}

static void forgives_editors(void **state) {
    (void)state;
    assert_accepted("\xef\xbb\xbf[node]\r\n\tport = 1\r\n   workers = AUTO\r\n\r\n   \t\r\nname = last");
    assert_int_equal(settings.port, 1);
    assert_string_equal(settings.name, "last");
}

static void an_indented_line_continues_nothing(void **state) {
    (void)state;
    assert_accepted("[node]\nname = a\n  port = 7\n");
    assert_string_equal(settings.name, "a");
    assert_int_equal(settings.port, 7);
    assert_refused("[node]\nname = a\n  b\n", "3: b: expected key = value, [section], or a comment after # or ;\n");
}

static void relative_paths_start_at_the_file(void **state) {
    (void)state;
    assert_accepted("[node]\nkey_file = keys/node.key\n");
    assert_string_equal(settings.key_file, "/tmp/keys/node.key");
    struct why why;
    assert_true(ini_table_set(&table, "node", "key_file", "keys/node.key", &settings, &why));
    assert_string_equal(settings.key_file, "keys/node.key");
}

static void says_what_each_type_expects(void **state) {
    (void)state;
    assert_refused("[node]\nname = 123456789\n", "2: name = 123456789: expected text of 1 to 8 bytes\n");
    assert_refused("[node]\nname =\n", "2: name = : expected text of 1 to 8 bytes\n");
    assert_refused("[node]\nkey_file =\n", "2: key_file = : expected a path of 1 to 511 bytes\n");
    assert_refused("[node]\n\nworkers = many\n", "3: workers = many: expected auto or a number from 1 to 256\n");
    assert_refused("[node]\nport = 65536\n", "2: port = 65536: expected a number from -5 to 65535\n");
    assert_refused("[look]\nrelay = maybe\n", "2: relay = maybe: expected on or off\n");
    assert_refused("[look]\nui = gui\n", "2: ui = gui: expected curses, plain or json\n");
    assert_refused("[node]\nlisten = localhost:1\n",
                   "2: listen = localhost:1: expected 1 to 2 times ADDR:PORT, as in 192.0.2.1:9595 or "
                   "[2001:db8::1]:9595, separated by commas\n");
    assert_refused("[node]\nlisten = 192.0.2.1:1, [fe80::1%none0]:1\n",
                   "2: listen = 192.0.2.1:1, [fe80::1%none0]:1: expected 1 to 2 times ADDR:PORT, as in "
                   "192.0.2.1:9595 or [2001:db8::1]:9595, separated by commas; there is no interface none0\n");
}

static void refuses_malformed_values(void **state) {
    (void)state;
    static const char *const values[][2] = {
        {"port", "1x"},
        {"port", "0x10"},
        {"port", "+1"},
        {"port", "--1"},
        {"port", ""},
        {"port", "1 2"},
        {"port", "99999999999999999999"},
        {"workers", "0"},
        {"workers", "257"},
        {"listen", ""},
        {"listen", "1.2.3.4:1,"},
        {"listen", ",1.2.3.4:1"},
        {"listen", "1.2.3.4"},
        {"listen", "1.2.3.4:1 1.2.3.4:2"},
        {"listen", "1.2.3.4:1,1.2.3.4:2,1.2.3.4:3"},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct why why = {0};
        ini_table_defaults(&table, &settings);
        const struct settings before = settings;
        if (ini_table_set(&table, "node", values[i][0], values[i][1], &settings, &why))
            fail_msg("%s = '%s' was accepted", values[i][0], values[i][1]);
        assert_memory_equal(why.text, "expected ", 9);
        assert_memory_equal(&settings, &before, sizeof before);
    }
}

static void names_what_is_unknown(void **state) {
    (void)state;
    assert_refused("[node]\ncolour = red\n",
                   "2: colour = red: unknown key, expected one of name, key_file, workers, port, listen, peers, "
                   "lists, size, drain\n");
    assert_refused("[nodes]\nname = a\nanything\n", "1: [nodes]: unknown section, expected [node] or [look]\n");
    assert_refused("[nodes]\n", "1: [nodes]: unknown section, expected [node] or [look]\n");
    assert_refused("[look]\nname = a\n", "2: name = a: unknown key, expected one of relay, ui\n");
    assert_refused("name = a\n", "1: name = a: expected a [section] first\n");
}

static void refuses_malformed_lines(void **state) {
    (void)state;
    assert_refused("[node\nname = a\n", "1: [node: expected [section] alone\n");
    assert_refused("[node] name = a\n", "1: [node] name = a: expected [section] alone\n");
    assert_refused("[node]\nname\n", "2: name: expected key = value, [section], or a comment after # or ;\n");
    assert_refused("[node]\n= a\n", "2: = a: expected key = value, [section], or a comment after # or ;\n");
    assert_refused("[node]\nname: a = b\n",
                   "2: name: a = b: expected key = value, [section], or a comment after # or ;\n");
    assert_refused("[node]\nname ; = b\n",
                   "2: name ; = b: expected key = value, [section], or a comment after # or ;\n");
    assert_int_equal(load_bytes("[node]\nna\0me = a\n", 17), 1);
    assert_string_equal(problems, "2: a zero byte, expected text\n");
}

static void a_key_stands_once(void **state) {
    (void)state;
    assert_refused("[node]\nport = 1\n[look]\n[node]\nport = 2\n",
                   "5: port = 2: given already in line 2, expected once\n");
    assert_int_equal(settings.port, 1);
}

static void numbers_have_units(void **state) {
    (void)state;
    assert_int_equal(load(""), 0);
    assert_int_equal(settings.size, 4096);
    assert_accepted("[node]\nsize = 64 KiB # of it\ndrain = 2min\n");
    assert_int_equal(settings.size, 65536);
    assert_int_equal(settings.drain, 120);
    assert_accepted("[node]\nsize = 77\ndrain = auto\n");
    assert_int_equal(settings.size, 77);
    assert_int_equal(settings.drain, 0);
#define SIZE "expected a size from 0 to 1MiB in B, KiB, MiB, GiB, kB, MB or GB; a number alone is in B"
#define DRAIN "expected auto or a time from 1s to 1h in ms, s, min, h or d"
    assert_refused("[node]\nsize = 2MiB\n", "2: size = 2MiB: " SIZE "\n");
    assert_refused("[node]\nsize = 2Mb\n", "2: size = 2Mb: " SIZE "; Mb is no unit of a size, did you mean MB?\n");
    assert_refused("[node]\nsize = 2s\n", "2: size = 2s: " SIZE "; s is a unit of a time\n");
    assert_refused("[node]\nsize = -1\n", "2: size = -1: " SIZE "; no number\n");
    assert_refused("[node]\ndrain = 5\n", "2: drain = 5: " DRAIN "; a number without its unit\n");
    assert_refused("[node]\ndrain = 1500ms\n", "2: drain = 1500ms: " DRAIN "; no whole number of s\n");
    assert_refused("[node]\ndrain = 2h\n", "2: drain = 2h: " DRAIN "\n");
}

static void a_list_of_paths(void **state) {
    (void)state;
    assert_accepted("[node]\nlists = a, /b ,~/c\n");
    assert_int_equal(settings.lists.count, 3);
    assert_string_equal(settings.lists.items[0], "/tmp/a");
    assert_string_equal(settings.lists.items[1], "/b");
    assert_accepted("[node]\nlists = a\nlists = b\n");
    assert_int_equal(settings.lists.count, 2);
    assert_string_equal(settings.lists.items[1], "/tmp/b");
    assert_accepted("[node]\nlists =\n");
    assert_int_equal(settings.lists.count, 0);
    assert_refused("[node]\nlists = a,b,/tmp/a\n",
                   "2: lists = a,b,/tmp/a: expected 0 to 3 paths, separated by commas; /tmp/a stands there twice\n");
    assert_refused("[node]\nlists = a,,b\n",
                   "2: lists = a,,b: expected 0 to 3 paths, separated by commas; nothing is none\n");
    assert_refused("[node]\nlists = a,b\nlists = c, d\n",
                   "3: lists = c, d: expected 3 paths at most, each once, in all lines of this key; /tmp/d is one too "
                   "many\n");
}

static void a_list_may_go_on_in_further_lines(void **state) {
    (void)state;
    assert_accepted("[node]\npeers = 192.0.2.1\n[look]\n[node]\npeers = 192.0.2.2, 192.0.2.3:7\n");
    assert_int_equal(settings.peers.count, 3);
    assert_int_equal(settings.peers.items[0].port, 9595);
    assert_int_equal(settings.peers.items[2].port, 7);
    /* The first line replaces the default. */
    assert_accepted("[node]\nlisten = 192.0.2.1:1\nlisten = 192.0.2.2:1\n");
    assert_int_equal(settings.listen.count, 2);
    assert_refused(
        "[node]\npeers = 192.0.2.1, 192.0.2.2\npeers = 192.0.2.3, 192.0.2.4\n",
        "3: peers = 192.0.2.3, 192.0.2.4: expected 3 addresses at most, each once, in all lines of this key; "
        "192.0.2.4:9595 is one too many\n");
    assert_refused("[node]\npeers = 192.0.2.1\npeers = 192.0.2.1:9595\n",
                   "3: peers = 192.0.2.1:9595: expected 3 addresses at most, each once, in all lines of this key; "
                   "192.0.2.1:9595 is there already\n");
}

#define PEERS "expected 0 to 3 times ADDR[:PORT], as in 192.0.2.1:9595 or [2001:db8::1]:9595, separated by commas; "

static void the_wrong_one_of_a_list_is_named(void **state) {
    (void)state;
    assert_refused("[node]\npeers = 192.0.2.1, 192.0.2.300 , 192.0.2.3\n",
                   "2: peers = 192.0.2.1, 192.0.2.300 , 192.0.2.3: " PEERS "192.0.2.300 is none\n");
    assert_refused("[node]\npeers = 192.0.2.1, 192.0.2.2, 192.0.2.1\n",
                   "2: peers = 192.0.2.1, 192.0.2.2, 192.0.2.1: " PEERS "192.0.2.1 stands there twice\n");
    assert_refused("[node]\npeers = 192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4\n",
                   "2: peers = 192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4: " PEERS "192.0.2.4 is one too many\n");
    assert_accepted("[node]\npeers = 192.0.2.1:0, 192.0.2.1:0\n"); /* two ports of the kernel's choice */
}

static void a_line_is_as_long_as_its_value_may_be(void **state) {
    (void)state;
    char content[2000], expected[600];
    snprintf(content, sizeof content, "[node]\nkey_file = /%0*d\n", 510, 0);
    assert_accepted(content);
    assert_int_equal(strlen(settings.key_file), 511);
    snprintf(content, sizeof content, "[node]\nkey_file = /%0*d\nport = 3\n", 511, 0);
    snprintf(expected, sizeof expected, "2: key_file = /%0*d: expected a path of at most 511 bytes\n", 199, 0);
    assert_refused(content, expected);
    assert_int_equal(settings.port, 3);
    snprintf(content, sizeof content, "[node]\n;%0*d\nname = a ; %0*d\n", 900, 0, 900, 0);
    assert_accepted(content);
}

static void a_name_too_long_is_said_not_split(void **state) {
    (void)state;
    char content[1000];
    snprintf(content, sizeof content, "[node]\n%0*d = 1\nport = 3\n", 300, 0);
    assert_refused(content,
                   "2: 0000000000000000000000000000000000000000…: a name of 302 bytes, expected at most 199\n");
    assert_int_equal(settings.port, 3);
}

static void a_comment_stands_behind_white_space(void **state) {
    static const char *const rows[][2] = {
        {"tea # where", "tea"}, {"tea ; where", "tea"},    {"tea #where", "tea"},
        {"tea\t;where", "tea"}, {"tea   #", "tea"},        {"#tea", "#tea"},
        {";tea", ";tea"},       {"te#a", "te#a"},          {"tea;", "tea;"},
        {"#tea # x", "#tea"},   {"a;b#c ;d # e", "a;b#c"}, {"a = b", "a = b"},
        {"#tea#", "#tea#"},     {"[a] # b", "[a]"},        {"##", "##"},
    };
    char content[100];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(content, sizeof content, "[node]\nname = %s\n", rows[i][0]);
        assert_accepted(content);
        assert_string_equal(settings.name, rows[i][1]);
        snprintf(content, sizeof content, "[node]\nname=%s\n", rows[i][0]);
        assert_accepted(content);
        assert_string_equal(settings.name, rows[i][1]);
    }
    assert_refused("[node]\nname = # a\n", "2: name = : expected text of 1 to 8 bytes\n");
    assert_refused("[node]\nname =;\n", "2: name = : expected text of 1 to 8 bytes\n");
    assert_accepted("[node]\nkey_file = /a b.key # mine\nport = 7 # seven\n[look] # x\nrelay = off # never\n");
    assert_string_equal(settings.key_file, "/a b.key");
    assert_int_equal(settings.port, 7);
    assert_false(settings.relay);
}

static void a_value_loses_its_quotes(void **state) {
    static const char *const rows[][2] = {
        {"\"tea\"", "tea"},         {"'tea'", "tea"},     {"\" tea \"", " tea "},
        {"\"a # b\"", "a # b"},     {"'a ; b'", "a ; b"}, {"\"a\" # b", "a"},
        {"\"a\"\t; 'b'", "a"},      {"'a\"b'", "a\"b"},   {"\"it's\"", "it's"},
        {"say \"a\"", "say \"a\""}, {"it's", "it's"},     {"a\"", "a\""},
        {"\"a\\\"", "a\\"},         {"'~'", "~"},
    };
    char content[100];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(content, sizeof content, "[node]\nname = %s\n", rows[i][0]);
        assert_accepted(content);
        assert_string_equal(settings.name, rows[i][1]);
    }
    assert_accepted(
        "[node]\nport = \"7\"\nlisten = '1.2.3.4:5, [::1]:6' # two\n[look]\nrelay = \"off\"\nui = 'json'\n");
    assert_int_equal(settings.port, 7);
    assert_int_equal(settings.listen.count, 2);
    assert_false(settings.relay);
    assert_int_equal(settings.ui, 2);
    assert_refused("[node]\nname = \"\"\n", "2: name = : expected text of 1 to 8 bytes\n");
}

static void quotes_without_their_pair_are_refused(void **state) {
    (void)state;
    assert_refused("[node]\nname = \"tea\n",
                   "2: name = \"tea: expected a second \" at the end, or other quotes around it all\n");
    assert_refused("[node]\nname = 'tis # x\n",
                   "2: name = 'tis # x: expected a second ' at the end, or other quotes around it all\n");
    assert_refused("[node]\nname = \"\n",
                   "2: name = \": expected a second \" at the end, or other quotes around it all\n");
    assert_refused("[node]\nname = \"a\" b\n",
                   "2: name = \"a\" b: expected nothing but a comment after the second \"\n");
    assert_refused("[node]\nlisten = \"1.2.3.4:5\", \"1.2.3.4:6\"\n",
                   "2: listen = \"1.2.3.4:5\", \"1.2.3.4:6\": expected nothing but a comment after the second \"\n");
    assert_refused("[node]\nname = 'a'# b\n", "2: name = 'a'# b: expected nothing but a comment after the second '\n");
}

static void a_tilde_in_a_path_is_the_home_directory(void **state) {
    struct why why = {0};
    (void)state;
    setenv("HOME", "/home/ada", 1);
    assert_accepted("[node]\nkey_file = ~/node.key # mine\nname = ~/x\n");
    assert_string_equal(settings.key_file, "/home/ada/node.key");
    assert_string_equal(settings.name, "~/x");
    assert_accepted("[node]\nkey_file = \"~/my keys/a\"\n");
    assert_string_equal(settings.key_file, "/home/ada/my keys/a");
    assert_accepted("[node]\nkey_file = ./~/a\n");
    assert_string_equal(settings.key_file, "/tmp/./~/a");
    assert_true(ini_table_set(&table, "node", "key_file", "~", &settings, &why));
    assert_string_equal(settings.key_file, "/home/ada");
    assert_false(ini_table_set(&table, "node", "key_file", "~nobody-has-this-name/x", &settings, &why));
    assert_string_equal(why.text, "expected a known home directory for ~, and a path of at most 511 bytes in all");
    assert_string_equal(settings.key_file, "/home/ada");
}

static void an_address_may_leave_out_a_port_that_is_known(void **state) {
    struct address expected[3];
    (void)state;
    assert_accepted("[node]\npeers = 192.0.2.1, 2001:db8::1 ,[::1]\n");
    assert_true(address_parse("192.0.2.1:9595", 0, &expected[0]));
    assert_true(address_parse("[2001:db8::1]:9595", 0, &expected[1]));
    assert_true(address_parse("[::1]:9595", 0, &expected[2]));
    assert_int_equal(settings.peers.count, 3);
    for (size_t i = 0; i < 3; i++) assert_true(address_equal(&settings.peers.items[i], &expected[i]));
    assert_accepted("[node]\npeers = 192.0.2.1:1\n");
    assert_int_equal(settings.peers.items[0].port, 1);
    assert_refused("[node]\npeers = 192.0.2.1:\n",
                   "2: peers = 192.0.2.1:: expected 0 to 3 times ADDR[:PORT], as in 192.0.2.1:9595 or "
                   "[2001:db8::1]:9595, separated by commas\n");
}

static void suggests_the_key_that_is_meant(void **state) {
    (void)state;
    assert_refused("[node]\nkeyfile = x\n", "2: keyfile = x: unknown key, did you mean key_file?\n");
    assert_refused("[node]\nKey-File = x\n", "2: Key-File = x: unknown key, did you mean key_file?\n");
    assert_refused("[node]\nprt = 1\n", "2: prt = 1: unknown key, did you mean port?\n");
}

static void finds_all_problems_at_once(void **state) {
    (void)state;
    assert_int_equal(
        load("early = 1\n[node]\nport = x\nnoise\nport = 4\nlisten = [::]:1\n[what]\nx = 1\n[look]\nui = 3\n"
             "relay = on\n"),
        6);
    assert_string_equal(problems, "1: early = 1: expected a [section] first\n"
                                  "3: port = x: expected a number from -5 to 65535\n"
                                  "4: noise: expected key = value, [section], or a comment after # or ;\n"
                                  "5: port = 4: given already in line 3, expected once\n"
                                  "7: [what]: unknown section, expected [node] or [look]\n"
                                  "10: ui = 3: expected curses, plain or json\n");
    assert_int_equal(settings.listen.items[0].port, 1);
}

static void problems_are_safe_to_print(void **state) {
    (void)state;
    assert_refused("[node]\n\x1b[2J\n",
                   "2: \xef\xbf\xbd[2J: expected key = value, [section], or a comment after # or ;\n");
    for (size_t i = 0; i < 4; i++) {
        static const char *const lines[] = {"port = nats://me:word@a", "nats: nats://me:word@a",
                                            "name = \"nats://me:word@a", "peers = 192.0.2.1, nats://me:word@a"};
        char content[100];
        snprintf(content, sizeof content, "[node]\n%s\n", lines[i]);
        assert_int_equal(load(content), 1);
        assert_non_null(strstr(problems, "nats://…@a"));
        assert_null(strstr(problems, "word"));
    }
}

static void a_line_ends(void **state) {
    (void)state;
    static char content[2 * 65536];
    int before = snprintf(content, sizeof content, "[node]\nport = 3\n;");
    memset(content + before, 'x', 65534);
    strcpy(content + before + 65534, "\nname = long\n");
    assert_accepted(content);
    assert_string_equal(settings.name, "long");
    content[before + 65534] = 'x';
    assert_refused(content, "3: a line of 65536 bytes or more, expected less\n");
    assert_int_equal(settings.port, 3);
}

static void an_unreadable_file_is_one_problem(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"/tmp/gochat-no-such-file", "/tmp/gochat-no-such-file: No such file or directory\n"},
        {"/tmp", "/tmp: Is a directory\n"},
        {"/tmp/\x1b[2J/none", "/tmp/\xef\xbf\xbd[2J/none: No such file or directory\n"},
        {"/dev/zero", "/dev/zero:1: a line of 65536 bytes or more, expected less\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char printed[200] = "";
        FILE *out = fmemopen(printed, sizeof printed, "w");
        assert_int_equal(ini_table_load(&table, cases[i][0], &settings, out), 1);
        fclose(out);
        assert_string_equal(printed, cases[i][1]);
    }
}

static void the_command_line_sets_keys(void **state) {
    (void)state;
    struct why why = {0};
    assert_true(ini_table_set(&table, "look", "ui", "curses", &settings, &why));
    assert_int_equal(settings.ui, 0);
    assert_false(ini_table_set(&table, "look", "iu", "curses", &settings, &why));
    assert_string_equal(why.text, "unknown key, did you mean ui?");
    assert_false(ini_table_set(&table, "lock", "ui", "curses", &settings, &why));
    assert_string_equal(why.text, "unknown section, expected [node] or [look]");
}

/* As a file has it: loads what is printed over other values, and compares. */
static void assert_printed_again(const char *content) {
    static struct settings before;
    char *printed = NULL;
    size_t size = 0;
    assert_accepted(content);
    before = settings;
    FILE *out = open_memstream(&printed, &size);
    assert_non_null(out);
    ini_table_print(&table, &settings, NULL, out);
    fclose(out);
    if (load(printed) != 0) fail_msg("%s: %s", printed, problems);
    for (size_t i = 0; i < table.count; i++)
        if (!ini_table_equal(&table, i, &before, &settings)) fail_msg("%s differs in:\n%s", keys[i].name, printed);
    free(printed);
}

static void what_is_printed_gives_the_same_when_it_is_loaded(void **state) {
    (void)state;
    assert_printed_again("[node]\n");
    assert_printed_again(
        "[node]\nname = n o d e\nkey_file = key\nworkers = 256\nport = -5\nlisten = 1.2.3.4:5, [::1]:6\n"
        "peers = 192.0.2.1\npeers = 192.0.2.2:7\nlists = a, /b#c\nlists = d\nsize = 5kB\ndrain = 1.5min\n[look]\nrelay "
        "= off\nui = json\n");
    static const char *const names[] = {"\" a \"", "'#'", "'a # b'", "it's", "'\"a\"'", "\"'a' ;\"", "#a", "\"; a\""};
    char content[100];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(content, sizeof content, "[node]\nname = %s\n", names[i]);
        assert_printed_again(content);
    }
}

static void a_relative_path_is_printed_whole(void **state) {
    struct why why;
    char line[INI_LINE_SIZE];
    (void)state;
    assert_true(ini_table_set(&table, "node", "key_file", "keys/a", &settings, &why));
    assert_true(ini_value_format(&keys[1], &settings, 0, line));
    assert_int_equal(*line, '/');
    assert_string_equal(strrchr(line, 'k'), "keys/a");
}

static void what_no_file_can_say_is_told(void **state) {
    struct why why;
    char line[INI_LINE_SIZE];
    (void)state;
    assert_true(ini_table_set(&table, "node", "name", "\"' #", &settings, &why));
    assert_false(ini_value_format(&keys[0], &settings, 0, line));
}

static void compares_key_by_key(void **state) {
    struct settings other;
    struct why why;
    (void)state;
    static const char *const values[][3] = {
        {"node", "name", "x"},        {"node", "key_file", "/x"}, {"node", "workers", "3"}, {"node", "port", "7"},
        {"node", "listen", "[::]:7"}, {"node", "peers", "::1"},   {"node", "lists", "/a"},  {"node", "size", "1KiB"},
        {"node", "drain", "1min"},    {"look", "relay", "off"},   {"look", "ui", "json"}};
    assert_int_equal(sizeof values / sizeof *values, table.count);
    for (size_t i = 0; i < table.count; i++) {
        ini_table_defaults(&table, &settings);
        ini_table_defaults(&table, &other);
        assert_true(ini_table_set(&table, values[i][0], values[i][1], values[i][2], &other, &why));
        for (size_t j = 0; j < table.count; j++)
            assert_int_equal(ini_table_equal(&table, j, &settings, &other), i != j);
    }
}

static int make_file(void **state) {
    (void)state;
    int descriptor = mkstemp(path);
    return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_file(void **state) {
    (void)state;
    return unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_fill_the_struct),
        cmocka_unit_test(reads_every_type),
        cmocka_unit_test(forgives_editors),
        cmocka_unit_test(an_indented_line_continues_nothing),
        cmocka_unit_test(relative_paths_start_at_the_file),
        cmocka_unit_test(says_what_each_type_expects),
        cmocka_unit_test(refuses_malformed_values),
        cmocka_unit_test(names_what_is_unknown),
        cmocka_unit_test(refuses_malformed_lines),
        cmocka_unit_test(a_key_stands_once),
        cmocka_unit_test(a_list_may_go_on_in_further_lines),
        cmocka_unit_test(numbers_have_units),
        cmocka_unit_test(a_list_of_paths),
        cmocka_unit_test(the_wrong_one_of_a_list_is_named),
        cmocka_unit_test(a_line_is_as_long_as_its_value_may_be),
        cmocka_unit_test(a_name_too_long_is_said_not_split),
        cmocka_unit_test(a_line_ends),
        cmocka_unit_test(a_comment_stands_behind_white_space),
        cmocka_unit_test(a_value_loses_its_quotes),
        cmocka_unit_test(quotes_without_their_pair_are_refused),
        cmocka_unit_test(a_tilde_in_a_path_is_the_home_directory),
        cmocka_unit_test(an_address_may_leave_out_a_port_that_is_known),
        cmocka_unit_test(suggests_the_key_that_is_meant),
        cmocka_unit_test(finds_all_problems_at_once),
        cmocka_unit_test(problems_are_safe_to_print),
        cmocka_unit_test(an_unreadable_file_is_one_problem),
        cmocka_unit_test(the_command_line_sets_keys),
        cmocka_unit_test(what_is_printed_gives_the_same_when_it_is_loaded),
        cmocka_unit_test(a_relative_path_is_printed_whole),
        cmocka_unit_test(what_no_file_can_say_is_told),
        cmocka_unit_test(compares_key_by_key),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ini_table", tests, make_file, remove_file);
}
