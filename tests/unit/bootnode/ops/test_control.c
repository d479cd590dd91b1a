#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bootnode/guard/access.h"
#include "bootnode/lame_duck.h"
#include "bootnode/ops/control.h"
#include "bootnode/ops/reload.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/rcu.h"
#include "tests/support/folder.h"
#include "tests/support/shard_guest.h"

#define ANSWER_SIZE 65536
#define WAIT_MS 20000 /* at most, for what should come at once */
#define SHORT_MS 200  /* patience, where it is tested */
#define MEMBERS 10
#define STATUS "{\"command\":\"status\"}\n"

static struct bootnode_config config;
static struct node node;
static struct control control;
static char socket_path[FOLDER_PATH_SIZE];
static uint64_t drained_ms;

/* What takes the socket's place in the file system the moment it is there; NULL: nothing. */
static const char *intruder;

/* As the C library has it, with somebody in between who may change the folder. */
int bind(int descriptor, const struct sockaddr *name, socklen_t size) {
    int result = (int)syscall(SYS_bind, descriptor, name, size);
    if (!intruder || result != 0) return result;
    assert_int_equal(unlink(socket_path), 0);
    assert_int_equal(link(intruder, socket_path), 0);
    return 0;
}

static bool reload(void *context, char **report) {
    bool *good = context;
    *report =
        strdup(*good ? "sessions: 5\n" : "bootnode.ini:3: workers = x: expected 1 to 256, or auto\nand another\n");
    return *good;
}

static bool reload_lists(void *context, char **report) {
    (void)context;
    return reload_run_lists(&(struct reload){.node = &node}, report);
}

static void drain(void *context, uint64_t ms) {
    (void)context;
    drained_ms = ms;
}

static bool good_file;
static const struct operations operations = {
    .context = &good_file, .reload = reload, .reload_lists = reload_lists, .drain = drain};

static int set_up(void **state) {
    static const struct node_key key;
    if (folder_make(state) != 0) return -1;
    folder_file(*state, "control", socket_path);
    ini_table_defaults(&bootnode_config_table, &config);
    assert_true(node_init(&node, &config, &key, 1, clock_monotonic_ms()));
    node.access = access_create(NULL, 0);
    assert_non_null(node.access);
    for (unsigned i = 0; i < MEMBERS; i++)
        (void)guest_join(node.shards[0], (struct guest){i / 4, i}, node_time(&node, clock_monotonic_ms()));
    return 0;
}

static int take_down(void **state) {
    rcu_reader_offline();
    control_stop(&control);
    rcu_reader_online();
    node_destroy(&node);
    return folder_remove(state);
}

static void start(uint64_t patience_ms) {
    const struct control_host host = {
        .watched = {.node = &node}, .operations = &operations, .config_file = "bootnode.ini"};
    struct why why = {""};
    control_init(&control);
    if (!control_socket_open(&control.socket, socket_path, NULL, &why)) fail_msg("%s", why.text);
    assert_int_equal(control_start(&control, &host, patience_ms), 0);
}

static int connect_to_it(void) {
    struct why why = {""};
    int descriptor = control_socket_connect(socket_path, &why);
    if (descriptor < 0) fail_msg("%s", why.text);
    return descriptor;
}

static void say(int descriptor, const char *text) {
    assert_int_equal(send(descriptor, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static bool is_readable(int descriptor) {
    struct pollfd wanted = {.fd = descriptor, .events = POLLIN};
    return poll(&wanted, 1, WAIT_MS) == 1;
}

/* One line, without its newline; "" at the end of the connection. */
static const char *hear(int descriptor) {
    static char line[ANSWER_SIZE];
    size_t size = 0;
    for (;;) {
        assert_true(is_readable(descriptor));
        ssize_t count = recv(descriptor, line + size, 1, 0);
        if (count <= 0 || line[size] == '\n') break;
        assert_true(++size < sizeof line);
    }
    line[size] = '\0';
    return line;
}

/* The answer, which must be this kind of: "ok", "request" or "failed". */
static json_t *ask(const char *request, const char *kind) {
    int descriptor = connect_to_it();
    say(descriptor, request);
    const char *line = hear(descriptor);
    json_t *answer = json_loads(line, 0, NULL);
    if (!answer) fail_msg("%s: '%s'", request, line);
    close(descriptor);
    assert_int_equal(json_integer_value(json_object_get(answer, "version")), CONTROL_VERSION);
    const char *told = json_string_value(json_object_get(answer, "kind"));
    if (strcmp(told ? told : "ok", kind) != 0) fail_msg("%s: expected %s, got %s", request, kind, line);
    return answer;
}

static json_int_t number(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value)) fail_msg("no number %s", name);
    return json_integer_value(value);
}

static void the_status_is_told(void **state) {
    (void)state;
    start(CONTROL_PATIENCE_MS);
    json_t *answer = ask(STATUS, "ok"), *result = json_object_get(answer, "result");
    assert_int_equal(number(result, "sessions"), MEMBERS);
    assert_int_equal(number(result, "rooms"), 3);
    assert_string_equal(json_string_value(json_object_get(result, "health")), "ok");
    assert_string_equal(json_string_value(json_object_get(result, "config_file")), "bootnode.ini");
    json_decref(answer);
}

static void sessions_are_counted_by_network(void **state) {
    (void)state;
    start(CONTROL_PATIENCE_MS);
    json_t *answer = ask("{\"command\":\"sessions\"}\n", "ok"), *result = json_object_get(answer, "result");
    const json_t *networks = json_object_get(result, "networks"), *row = json_array_get(networks, 0);
    assert_int_equal(number(result, "members"), MEMBERS);
    assert_int_equal(json_array_size(networks), 1);
    assert_string_equal(json_string_value(json_object_get(row, "network")), "198.51.100.0/24");
    assert_int_equal(number(row, "sessions"), MEMBERS);
    assert_null(json_object_get(result, "sessions"));
    json_decref(answer);
    answer = ask("{\"command\":\"sessions\",\"prefix\":\"198.51.100.0/24\",\"limit\":3}\n", "ok");
    result = json_object_get(answer, "result");
    row = json_array_get(json_object_get(result, "networks"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "network")), "198.51.100.1/32");
    assert_int_equal(json_array_size(json_object_get(result, "sessions")), 3);
    json_decref(answer);
    answer = ask("{\"command\":\"sessions\",\"prefix\":\"203.0.113.0/24\"}\n", "ok");
    assert_int_equal(number(json_object_get(answer, "result"), "members"), 0);
    json_decref(answer);
}

static void sources_rooms_and_limits_are_told(void **state) {
    (void)state;
    start(CONTROL_PATIENCE_MS);
    json_t *answer = ask("{\"command\":\"top\"}\n", "ok");
    const json_t *row = json_array_get(json_object_get(json_object_get(answer, "result"), "sources"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "source")), "198.51.100.1/32");
    json_decref(answer);
    answer = ask("{\"command\":\"rooms\",\"limit\":2}\n", "ok");
    const json_t *result = json_object_get(answer, "result"), *largest = json_object_get(result, "largest");
    assert_int_equal(number(result, "rooms"), 3);
    assert_int_equal(number(result, "members"), MEMBERS);
    assert_int_equal(json_array_size(largest), 2);
    assert_int_equal(number(json_array_get(largest, 0), "members"), 4);
    assert_int_equal(strlen(json_string_value(json_object_get(json_array_get(largest, 0), "tag"))), 2 * ROOM_TAG_SIZE);
    json_decref(answer);
    answer = ask("{\"command\":\"limits\"}\n", "ok");
    const json_t *limits = json_object_get(json_object_get(answer, "result"), "limits");
    assert_int_equal(number(json_array_get(limits, 0), "used"), MEMBERS);
    assert_int_equal(number(json_array_get(limits, 1), "used"), MEMBERS);
    assert_int_equal(number(json_array_get(limits, 2), "used"), 4);
    json_decref(answer);
}

static void a_reload_tells_what_came_of_it(void **state) {
    (void)state;
    start(CONTROL_PATIENCE_MS);
    good_file = true;
    json_t *answer = ask("{\"command\":\"reload\"}\n", "ok");
    const json_t *report = json_object_get(json_object_get(answer, "result"), "lines");
    assert_string_equal(json_string_value(json_array_get(report, 0)), "sessions: 5");
    json_decref(answer);
    good_file = false;
    answer = ask("{\"command\":\"reload\"}\n", "failed");
    assert_int_equal(json_array_size(json_object_get(answer, "faults")), 2);
    json_decref(answer);
}

static const char *text(const json_t *object, const char *name) {
    const char *value = json_string_value(json_object_get(object, name));
    if (!value) fail_msg("no text %s", name);
    return value;
}

static void bans_last_for_their_time(void **state) {
    (void)state;
    start(CONTROL_PATIENCE_MS);
    json_t *answer = ask("{\"command\":\"ban\",\"prefix\":\"192.0.2.0/24\",\"seconds\":60}\n", "ok");
    assert_in_range(number(json_object_get(answer, "result"), "left_seconds"), 59, 60);
    json_decref(answer);
    json_decref(ask("{\"command\":\"ban\",\"prefix\":\"2001:db8::/48\",\"seconds\":\"forever\"}\n", "ok"));
    json_decref(ask("{\"command\":\"allow\",\"prefix\":\"198.51.100.0/24\"}\n", "ok"));
    answer = ask("{\"command\":\"bans\"}\n", "ok");
    const json_t *bans = json_object_get(json_object_get(answer, "result"), "bans");
    static const char *const expected[][2] = {
        {"192.0.2.0/24", "banned"}, {"2001:db8::/48", "banned"}, {"198.51.100.0/24", "allowed"}};
    assert_int_equal(json_array_size(bans), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(text(json_array_get(bans, i), "prefix"), expected[i][0]);
        assert_string_equal(text(json_array_get(bans, i), "rule"), expected[i][1]);
    }
    assert_string_equal(text(json_array_get(bans, 1), "left_seconds"), "forever");
    json_decref(answer);
    answer = ask("{\"command\":\"why\",\"prefix\":\"192.0.2.9\"}\n", "ok");
    assert_string_equal(text(json_object_get(answer, "result"), "rule"), "banned");
    assert_non_null(strstr(text(json_object_get(answer, "result"), "reason"), "192.0.2.0/24"));
    json_decref(answer);
    json_decref(ask("{\"command\":\"unban\",\"prefix\":\"192.0.2.0/24\"}\n", "ok"));
    json_decref(ask("{\"command\":\"unban\",\"prefix\":\"192.0.2.0/24\"}\n", "failed"));
    json_decref(ask("{\"command\":\"disallow\",\"prefix\":\"198.51.100.0/24\"}\n", "ok"));
    answer = ask("{\"command\":\"deny\"}\n", "ok");
    assert_int_equal(number(json_object_get(answer, "result"), "orders"), 1);
    json_decref(answer);
}

static void lists_are_read_anew(void **state) {
    char path[FOLDER_PATH_SIZE];
    struct why why = {""};
    folder_write(folder_file(*state, "deny.txt", path), "192.0.2.0/24\n", 0600);
    if (!ini_table_set(&bootnode_config_table, BOOTNODE_SECTION, "deny_file", path, &config, &why))
        fail_msg("%s", why.text);
    start(CONTROL_PATIENCE_MS);
    json_t *answer = ask("{\"command\":\"deny\"}\n", "ok");
    assert_int_equal(number(json_object_get(answer, "result"), "denied_networks"), 0);
    json_decref(answer);
    answer = ask("{\"command\":\"deny\",\"reload\":true}\n", "ok");
    assert_int_equal(number(json_object_get(answer, "result"), "denied_networks"), 1);
    json_decref(answer);
    folder_write(path, "203.0.113.0/24\nnonsense\n", 0600);
    answer = ask("{\"command\":\"deny\",\"reload\":true}\n", "failed");
    assert_int_equal(json_array_size(json_object_get(answer, "faults")), 1);
    assert_non_null(strstr(json_string_value(json_array_get(json_object_get(answer, "faults"), 0)), "deny.txt:2: "));
    json_decref(answer);
    answer = ask("{\"command\":\"why\",\"prefix\":\"192.0.2.9\"}\n", "ok");
    assert_string_equal(text(json_object_get(answer, "result"), "rule"), "denied");
    json_decref(answer);
}

/* A kick is short, and shortens nothing. */
static void a_network_is_kicked_for_a_moment(void **state) {
    (void)state;
    start(CONTROL_PATIENCE_MS);
    json_t *brief = ask("{\"command\":\"kick\",\"prefix\":\"203.0.113.0/24\",\"seconds\":0}\n", "ok");
    assert_int_equal(number(json_object_get(brief, "result"), "left_seconds"), 1);
    json_decref(brief);
    json_t *answer = ask("{\"command\":\"kick\",\"prefix\":\"192.0.2.0/24\"}\n", "ok");
    assert_in_range(number(json_object_get(answer, "result"), "left_seconds"), 1, CONTROL_KICK_SECONDS);
    json_decref(answer);
    json_decref(ask("{\"command\":\"ban\",\"prefix\":\"192.0.2.0/24\",\"seconds\":60}\n", "ok"));
    answer = ask("{\"command\":\"kick\",\"prefix\":\"192.0.2.0/24\"}\n", "ok");
    assert_in_range(number(json_object_get(answer, "result"), "left_seconds"), 59, 60);
    json_decref(answer);
}

static void a_session_is_kicked_by_either_name(void **state) {
    (void)state;
    char request[100];
    start(CONTROL_PATIENCE_MS);
    json_t *answer = ask("{\"command\":\"sessions\",\"prefix\":\"198.51.100.1\"}\n", "ok");
    const json_t *sessions = json_object_get(json_object_get(answer, "result"), "sessions");
    snprintf(request, sizeof request, "{\"command\":\"kick\",\"session\":\"%s\"}\n",
             text(json_array_get(sessions, 0), "session"));
    json_decref(ask(request, "ok"));
    json_decref(ask(request, "failed"));
    snprintf(request, sizeof request, "{\"command\":\"kick\",\"session\":\"%.8s\"}\n",
             text(json_array_get(sessions, 1), "session"));
    json_decref(ask(request, "ok"));
    json_decref(answer);
    answer = ask(STATUS, "ok");
    assert_int_equal(number(json_object_get(answer, "result"), "sessions"), MEMBERS - 2);
    json_decref(answer);
}

static void it_is_told_to_end(void **state) {
    (void)state;
    start(CONTROL_PATIENCE_MS);
    json_decref(ask("{\"command\":\"drain\",\"seconds\":3}\n", "ok"));
    assert_int_equal(drained_ms, 3000);
    json_decref(ask("{\"command\":\"drain\"}\n", "ok"));
    assert_true(drained_ms == LAME_DUCK_AUTO);
    json_decref(ask("{\"command\":\"drain\",\"seconds\":\"forever\"}\n", "failed"));
}

static void the_log_tells_more(void **state) {
    (void)state;
    start(CONTROL_PATIENCE_MS);
    json_decref(ask("{\"command\":\"log-level\",\"level\":\"error\"}\n", "ok"));
    assert_false(log_enabled(LOG_LEVEL_WARNING));
    json_decref(ask("{\"command\":\"log-level\",\"level\":\"warning\"}\n", "ok"));
    assert_true(log_enabled(LOG_LEVEL_WARNING));
    assert_false(log_enabled(LOG_LEVEL_INFO));
}

static void packets_are_followed_for_a_time(void **state) {
    (void)state;
    start(CONTROL_PATIENCE_MS);
    json_t *answer = ask("{\"command\":\"trace\",\"prefix\":\"192.0.2.0/24\",\"seconds\":60}\n", "ok");
    assert_int_equal(number(json_object_get(answer, "result"), "left_seconds"), 60);
    json_decref(answer);
    const uint64_t now = node_time(&node, clock_monotonic_ms());
    const struct prefix *traced = trace_now(&node.trace, now);
    char shown[PREFIX_TEXT_SIZE];
    assert_non_null(traced);
    assert_string_equal(prefix_format(traced, shown), "192.0.2.0/24");
    assert_null(trace_now(&node.trace, now + 61000));
    json_decref(ask("{\"command\":\"trace\",\"off\":true}\n", "ok"));
    json_decref(ask("{\"command\":\"cluster\"}\n", "failed")); /* there is none */
    json_decref(ask("{\"command\":\"cluster\",\"forget\":true,\"node\":1}\n", "failed"));
    assert_null(trace_now(&node.trace, now));
}

static void requests_are_answered_in_their_order(void **state) {
    (void)state;
    start(CONTROL_PATIENCE_MS);
    int descriptor = connect_to_it();
    say(descriptor, STATUS "{\"command\":\"top\"}\nnonsense\n" STATUS "{\"command\":\"ro");
    say(descriptor, "oms\"}");
    shutdown(descriptor, SHUT_WR); /* who says no more has ended the last line */
    static const char *const expected[] = {"\"command\":\"status\"", "\"command\":\"top\"", "\"kind\":\"request\"",
                                           "\"command\":\"status\"", "\"command\":\"rooms\""};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_non_null(strstr(hear(descriptor), expected[i]));
    assert_string_equal(hear(descriptor), "");
    close(descriptor);
}

static void what_is_too_long_is_refused(void **state) {
    (void)state;
    static char text[CONTROL_REQUEST_MAX + 1];
    start(CONTROL_PATIENCE_MS);
    int descriptor = connect_to_it();
    memset(text, ' ', CONTROL_REQUEST_MAX);
    say(descriptor, text);
    assert_non_null(strstr(hear(descriptor), "too long"));
    assert_string_equal(hear(descriptor), "");
    close(descriptor);
    json_decref(ask(STATUS, "ok"));
}

/* As long as a request may be: its newline is its last byte. */
static void what_is_as_long_as_may_be_is_answered(void **state) {
    (void)state;
    static char text[CONTROL_REQUEST_MAX + 1];
    start(CONTROL_PATIENCE_MS);
    int descriptor = connect_to_it();
    snprintf(text, sizeof text, "%*s", CONTROL_REQUEST_MAX, STATUS);
    say(descriptor, text);
    assert_non_null(strstr(hear(descriptor), "\"ok\":true"));
    close(descriptor);
}

static void who_does_not_go_on_is_cut_off(void **state) {
    (void)state;
    start(SHORT_MS);
    uint64_t began = clock_monotonic_ms();
    int descriptor = connect_to_it(), idle = connect_to_it();
    say(descriptor, "{\"comm");
    assert_string_equal(hear(descriptor), "");
    assert_true(clock_monotonic_ms() - began >= SHORT_MS);
    close(descriptor);
    /* Who has said nothing yet is idle, and may be for longer. */
    say(idle, STATUS);
    assert_non_null(strstr(hear(idle), "\"ok\":true"));
    close(idle);
}

/* Asks and never takes an answer, until the kernel's buffers are full. */
static int become_stuck(void) {
    int descriptor = connect_to_it();
    while (send(descriptor, STATUS, strlen(STATUS), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) continue;
    assert_int_equal(errno, EAGAIN);
    return descriptor;
}

static void who_is_stuck_stops_nobody(void **state) {
    (void)state;
    start(CONTROL_PATIENCE_MS);
    int stuck[4];
    for (size_t i = 0; i < 4; i++) stuck[i] = become_stuck();
    for (int i = 0; i < 20; i++) json_decref(ask(STATUS, "ok"));
    for (size_t i = 0; i < 4; i++) close(stuck[i]);
}

static void who_is_idle_makes_room(void **state) {
    (void)state;
    start(CONTROL_PATIENCE_MS);
    int idle[2 * CONTROL_CONNECTIONS_MAX];
    for (size_t i = 0; i < 2 * CONTROL_CONNECTIONS_MAX; i++) {
        idle[i] = connect_to_it();
        say(idle[i], STATUS); /* answered: it has a place */
        assert_non_null(strstr(hear(idle[i]), "\"ok\":true"));
    }
    json_decref(ask(STATUS, "ok"));
    assert_string_equal(hear(idle[0]), ""); /* the one that was idle longest */
    say(idle[2 * CONTROL_CONNECTIONS_MAX - 1], STATUS);
    assert_non_null(strstr(hear(idle[2 * CONTROL_CONNECTIONS_MAX - 1]), "\"ok\":true"));
    for (size_t i = 0; i < 2 * CONTROL_CONNECTIONS_MAX; i++) close(idle[i]);
}

/* --- The file --- */

static void nobody_else_may_connect(void **state) {
    (void)state;
    struct stat there;
    start(CONTROL_PATIENCE_MS);
    assert_int_equal(lstat(socket_path, &there), 0);
    assert_true(S_ISSOCK(there.st_mode));
    assert_int_equal(there.st_mode & 07777, 0600);
}

static void it_is_removed_at_the_end(void **state) {
    (void)state;
    start(CONTROL_PATIENCE_MS);
    rcu_reader_offline();
    control_stop(&control);
    rcu_reader_online();
    assert_int_equal(access(socket_path, F_OK), -1);
}

static void what_a_crash_left_is_replaced(void **state) {
    (void)state;
    struct control_socket left;
    struct why why = {""};
    assert_true(control_socket_open(&left, socket_path, NULL, &why));
    close(left.descriptor);
    start(CONTROL_PATIENCE_MS);
    json_decref(ask(STATUS, "ok"));
}

static void what_lives_is_not_replaced(void **state) {
    (void)state;
    struct control_socket second;
    struct why why;
    start(CONTROL_PATIENCE_MS);
    assert_false(control_socket_open(&second, socket_path, NULL, &why));
    assert_non_null(strstr(why.text, "another bootnode"));
    control_socket_close(&second);
    json_decref(ask(STATUS, "ok"));
}

static void what_is_no_socket_is_not_replaced(void **state) {
    struct control_socket socket;
    struct why why;
    char path[FOLDER_PATH_SIZE];
    control_init(&control);
    folder_write(folder_file(*state, "notes", path), "dear diary", 0600);
    assert_false(control_socket_open(&socket, path, NULL, &why));
    assert_non_null(strstr(why.text, "no socket"));
    assert_false(control_socket_open(&socket, folder_file(*state, "nowhere/control", path), NULL, &why));
    assert_non_null(strstr(why.text, "No such file"));
}

static void what_was_put_in_its_place_stays(void **state) {
    (void)state;
    start(CONTROL_PATIENCE_MS);
    assert_int_equal(unlink(socket_path), 0);
    folder_write(socket_path, "somebody else's", 0600);
    rcu_reader_offline();
    control_stop(&control);
    rcu_reader_online();
    assert_int_equal(access(socket_path, F_OK), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, take_down)

/* The user that the bootnode becomes may have that folder, and a link of it to a file of root's. */
static void nothing_else_is_given_away(void **state) {
    const struct privileges_user owner = {.user = geteuid(), .group = getegid()};
    char path[FOLDER_PATH_SIZE];
    struct why why = {""};
    folder_write(folder_file(*state, "secret", path), "root's", 0600);
    control_init(&control);
    intruder = path;
    bool opened = control_socket_open(&control.socket, socket_path, &owner, &why);
    intruder = NULL;
    assert_false(opened);
    assert_non_null(strstr(why.text, strerror(EPERM)));
    assert_int_equal(unlink(socket_path), 0);
    if (!control_socket_open(&control.socket, socket_path, &owner, &why)) fail_msg("%s", why.text);
    control_socket_close(&control.socket);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_status_is_told),
        TEST(sessions_are_counted_by_network),
        TEST(sources_rooms_and_limits_are_told),
        TEST(a_reload_tells_what_came_of_it),
        TEST(bans_last_for_their_time),
        TEST(lists_are_read_anew),
        TEST(nothing_else_is_given_away),
        TEST(a_network_is_kicked_for_a_moment),
        TEST(a_session_is_kicked_by_either_name),
        TEST(it_is_told_to_end),
        TEST(the_log_tells_more),
        TEST(packets_are_followed_for_a_time),
        TEST(requests_are_answered_in_their_order),
        TEST(what_is_too_long_is_refused),
        TEST(what_is_as_long_as_may_be_is_answered),
        TEST(who_does_not_go_on_is_cut_off),
        TEST(who_is_stuck_stops_nobody),
        TEST(who_is_idle_makes_room),
        TEST(nobody_else_may_connect),
        TEST(it_is_removed_at_the_end),
        TEST(what_a_crash_left_is_replaced),
        TEST(what_lives_is_not_replaced),
        TEST(what_is_no_socket_is_not_replaced),
        TEST(what_was_put_in_its_place_stays),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_WARNING);
    rcu_reader_register();
    /* It never ends, and would take over the stack of a thread that did, which valgrind takes for a leak. */
    rcu_start_reclaimer();
    int failed = cmocka_run_group_tests_name("control", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
