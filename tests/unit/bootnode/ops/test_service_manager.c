#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bootnode/ops/service_manager.h"
#include "common/clock.h"

#define NOW UINT64_C(1000000)
#define MESSAGE_SIZE 4096

/* A service manager's end: a socket with an abstract name, and what was received last. */
struct stage {
    struct service_manager manager;
    int socket;
    char text[MESSAGE_SIZE];
    int descriptor; /* that came with it; -1: none */
};

static void set_number(const char *name, long long number) {
    char text[32];
    snprintf(text, sizeof text, "%lld", number);
    setenv(name, text, 1);
}

static int set_up(void **state) {
    static struct stage stage;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t size = sizeof name.sun_family;
    char text[sizeof name.sun_path + 1];
    stage = (struct stage){.socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), .descriptor = -1};
    if (stage.socket < 0 || bind(stage.socket, (struct sockaddr *)&name, size) != 0) return -1;
    size = sizeof name;
    getsockname(stage.socket, (struct sockaddr *)&name, &size);
    snprintf(text, sizeof text, "@%.*s", (int)(size - sizeof name.sun_family) - 1, name.sun_path + 1);
    setenv("NOTIFY_SOCKET", text, 1);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    unsetenv("FDSTORE");
    *state = &stage;
    return 0;
}

static int tear_down(void **state) {
    struct stage *stage = *state;
    service_manager_close(&stage->manager);
    if (stage->descriptor >= 0) close(stage->descriptor);
    unsetenv("NOTIFY_SOCKET");
    return close(stage->socket);
}

static int descriptor_of(struct msghdr *message) {
    int descriptor = -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return descriptor;
}

/* The next message; "" where there is none. */
static const char *hear(struct stage *stage) {
    alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    struct iovec vector = {.iov_base = stage->text, .iov_len = sizeof stage->text - 1};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    if (stage->descriptor >= 0) close(stage->descriptor);
    stage->descriptor = -1;
    ssize_t size = recvmsg(stage->socket, &message, MSG_CMSG_CLOEXEC);
    stage->text[size < 0 ? 0 : size] = '\0';
    if (size >= 0) stage->descriptor = descriptor_of(&message);
    return stage->text;
}

static void nobody_there_is_nobody_told(void **state) {
    struct stage *stage = *state;
    unsetenv("NOTIFY_SOCKET");
    service_manager_open(&stage->manager);
    service_manager_ready(&stage->manager, "serves");
    service_manager_alive(&stage->manager, NOW);
    assert_false(service_manager_keep(&stage->manager, "name", 0));
    assert_false(service_manager_may_keep(&stage->manager, 1));
    assert_false(service_manager_wait(&stage->manager));
    assert_true(service_manager_rest_ms(&stage->manager) == NEVER);
    assert_string_equal(hear(stage), "");
}

static void a_name_that_is_none_is_no_reason_to_fail(void **state) {
    struct stage *stage = *state;
    char longest[300];
    memset(longest, 'x', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    const char *const names[] = {"", "/", "@", "relative", "vsock:2:1234", longest};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        service_manager_open(&stage->manager);
        assert_int_equal(stage->manager.socket, -1);
        service_manager_ready(&stage->manager, "serves");
    }
}

/* It is no mistake of ours, and mended from then on. */
static void who_listens_late_is_told_from_then_on(void **state) {
    struct stage *stage = *state;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char folder[] = "/tmp/gochat-notify-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    setenv("NOTIFY_SOCKET", path, 1);
    service_manager_open(&stage->manager);
    assert_true(stage->manager.socket >= 0);
    service_manager_ready(&stage->manager, "serves");
    close(stage->socket);
    stage->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    assert_int_equal(bind(stage->socket, (struct sockaddr *)&name, sizeof name), 0);
    service_manager_status(&stage->manager, "7 sessions");
    assert_string_equal(hear(stage), "STATUS=7 sessions");
    service_manager_alive(&stage->manager, NOW);
    assert_string_equal(hear(stage), "READY=1\nSTATUS=7 sessions");
    service_manager_alive(&stage->manager, NOW + 500);
    assert_string_equal(hear(stage), "");
    unlink(path);
    rmdir(folder);
}

static void it_tells_what_it_does(void **state) {
    struct stage *stage = *state;
    service_manager_open(&stage->manager);
    service_manager_ready(&stage->manager, "serves");
    assert_string_equal(hear(stage), "READY=1\nSTATUS=serves");
    service_manager_reloading(&stage->manager, NOW);
    assert_string_equal(hear(stage), "RELOADING=1\nMONOTONIC_USEC=1000000000\nSTATUS=reading its settings");
    service_manager_ready(&stage->manager, "serves");
    assert_string_equal(hear(stage), "READY=1\nSTATUS=serves");
    service_manager_stopping(&stage->manager, 1500, "leaves");
    assert_string_equal(hear(stage), "STOPPING=1\nEXTEND_TIMEOUT_USEC=1500000\nSTATUS=leaves");
}

static void a_status_is_told_once(void **state) {
    struct stage *stage = *state;
    service_manager_open(&stage->manager);
    service_manager_status(&stage->manager, "7 sessions");
    assert_string_equal(hear(stage), "STATUS=7 sessions");
    service_manager_status(&stage->manager, "7 sessions");
    assert_string_equal(hear(stage), "");
    service_manager_status(&stage->manager, "8 sessions");
    assert_string_equal(hear(stage), "STATUS=8 sessions");
}

/* A line break in it would be another word to the manager. */
static void a_status_is_one_line(void **state) {
    struct stage *stage = *state;
    service_manager_open(&stage->manager);
    service_manager_status(&stage->manager, "serves\nREADY=1");
    assert_string_equal(hear(stage), "STATUS=serves READY=1");
}

/* Whoever rests for as long as it says, and tells each time, is never late. */
static void signs_of_life_come_in_time(void **state) {
    struct stage *stage = *state;
    set_number("WATCHDOG_USEC", 1000000);
    set_number("WATCHDOG_PID", getpid());
    service_manager_open(&stage->manager);
    const uint64_t rest_ms = service_manager_rest_ms(&stage->manager);
    assert_in_range(rest_ms, 1, 500);
    uint64_t heard = NOW;
    unsigned signs = 0;
    for (uint64_t now = NOW; now < NOW + 60000; now += rest_ms) {
        service_manager_alive(&stage->manager, now);
        if (strcmp(hear(stage), "WATCHDOG=1") != 0) continue;
        assert_in_range(now - heard, 0, 999);
        heard = now;
        signs++;
    }
    assert_in_range(signs, 60, 240);
}

static void another_process_watchdog_is_none_of_ours(void **state) {
    struct stage *stage = *state;
    set_number("WATCHDOG_USEC", 1000000);
    set_number("WATCHDOG_PID", (long long)getpid() + 1);
    service_manager_open(&stage->manager);
    service_manager_alive(&stage->manager, NOW);
    assert_string_equal(hear(stage), "");
    static const char *const intervals[] = {"", "0", "-1", "1999", "1s", "99999999999999999999999"};
    unsetenv("WATCHDOG_PID");
    for (size_t i = 0; i < sizeof intervals / sizeof *intervals; i++) {
        service_manager_close(&stage->manager);
        setenv("WATCHDOG_USEC", intervals[i], 1);
        service_manager_open(&stage->manager);
        service_manager_alive(&stage->manager, NOW);
        assert_string_equal(hear(stage), "");
    }
}

static void a_socket_goes_with_its_name(void **state) {
    struct stage *stage = *state;
    struct stat ours, theirs;
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    service_manager_open(&stage->manager);
    assert_true(service_manager_keep(&stage->manager, "lane.session.0.2", descriptor));
    assert_string_equal(hear(stage), "FDSTORE=1\nFDPOLL=0\nFDNAME=lane.session.0.2");
    assert_int_equal(fstat(descriptor, &ours), 0);
    assert_int_equal(fstat(stage->descriptor, &theirs), 0);
    assert_int_equal(ours.st_ino, theirs.st_ino);
    close(descriptor);
    service_manager_forget(&stage->manager, "lane.session.0.2");
    assert_string_equal(hear(stage), "FDSTOREREMOVE=1\nFDNAME=lane.session.0.2");
    assert_int_equal(stage->descriptor, -1);
}

static void too_many_are_not_kept(void **state) {
    struct stage *stage = *state;
    setenv("FDSTORE", "12", 1);
    service_manager_open(&stage->manager);
    assert_true(service_manager_may_keep(&stage->manager, 12));
    assert_false(service_manager_may_keep(&stage->manager, 13));
    service_manager_close(&stage->manager);
    unsetenv("FDSTORE");
    service_manager_open(&stage->manager);
    assert_true(service_manager_may_keep(&stage->manager, SERVICE_MANAGER_KEEP_MOST));
    assert_false(service_manager_may_keep(&stage->manager, SERVICE_MANAGER_KEEP_MOST + 1));
}

static void *pass_barrier(void *argument) {
    struct stage *stage = argument;
    struct pollfd wanted = {.fd = stage->socket, .events = POLLIN};
    if (poll(&wanted, 1, -1) > 0) hear(stage);
    close(stage->descriptor);
    stage->descriptor = -1;
    return NULL;
}

static void it_waits_until_the_manager_is_through(void **state) {
    struct stage *stage = *state;
    pthread_t thread;
    service_manager_open(&stage->manager);
    assert_int_equal(pthread_create(&thread, NULL, pass_barrier, stage), 0);
    assert_true(service_manager_wait(&stage->manager));
    pthread_join(thread, NULL);
    assert_string_equal(stage->text, "BARRIER=1");
}

/* A manager that takes nothing any more: words are lost, and nobody hangs. */
static void a_manager_that_hangs_holds_nobody_up(void **state) {
    struct stage *stage = *state;
    service_manager_open(&stage->manager);
    int size = 1;
    unsigned kept = 0;
    setsockopt(stage->manager.socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    while (kept < 100000 && service_manager_keep(&stage->manager, "name", stage->socket)) kept++;
    assert_in_range(kept, 1, 99999);
    service_manager_status(&stage->manager, "serves");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(nobody_there_is_nobody_told),
        TEST(a_name_that_is_none_is_no_reason_to_fail),
        TEST(who_listens_late_is_told_from_then_on),
        TEST(it_tells_what_it_does),
        TEST(a_status_is_told_once),
        TEST(a_status_is_one_line),
        TEST(signs_of_life_come_in_time),
        TEST(another_process_watchdog_is_none_of_ours),
        TEST(a_socket_goes_with_its_name),
        TEST(too_many_are_not_kept),
        TEST(it_waits_until_the_manager_is_through),
        TEST(a_manager_that_hangs_holds_nobody_up),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("service_manager", tests, NULL, NULL);
}
