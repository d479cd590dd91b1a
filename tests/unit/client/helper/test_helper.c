/* The client's end of the helper process: a real one that works and one that dies, and one that is somebody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/helper/helper.h"
#include "common/log.h"

static int told[2]; /* the log */

/* How many lines were logged since. */
static unsigned lines(void) {
    char text[4096];
    unsigned count = 0;
    ssize_t size = read(told[0], text, sizeof text);
    for (ssize_t i = 0; i < size; i++) count += text[i] == '\n';
    return count;
}

static size_t resolve(struct helper *helper, const char *name, struct address out[static BOOTNODE_ADDRESSES],
                      struct why *why) {
    return helper_resolve(helper, name, 0, AF_UNSPEC, out, BOOTNODE_ADDRESSES, why);
}

/* --- A real one --- */

static struct helper helper;

static int start(void **state) {
    (void)state;
    return helper_start(&helper, 0, NULL);
}

static int end(void **state) {
    (void)state;
    helper_end(&helper);
    helper_end(&helper);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    close(helper.socket);
    (void)lines();
    return 0;
}

static void it_does_what_address_resolve_does(void **state) {
    static const char *const names[] = {"127.0.0.1:5", "[2001:db8::1]:7"};
    struct address found[BOOTNODE_ADDRESSES], expected;
    struct why why;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(resolve(&helper, names[i], found, &why), 1);
        assert_true(address_parse(names[i], 0, &expected));
        assert_true(address_equal(&found[0], &expected));
    }
    assert_int_equal(helper_resolve(&helper, "127.0.0.1", 9, AF_INET, found, 1, &why), 1);
    assert_int_equal(found[0].port, 9);
    assert_int_equal(helper_resolve(&helper, "127.0.0.1", 9, AF_INET6, found, 1, &why), 0);
    assert_true(strlen(why.text) > 0);
    assert_int_equal(resolve(&helper, "no port", found, &why), 0);
    assert_non_null(strstr(why.text, "HOST:PORT"));
    assert_int_equal(resolve(&helper, "a..b:5", found, &why), 0);
    assert_false(helper_check(&helper));
    assert_int_equal(lines(), 0);
}

static void its_end_is_told_once(void **state) {
    struct address found[BOOTNODE_ADDRESSES];
    struct in_addr external;
    struct why why;
    (void)state;
    assert_int_equal(kill(helper.process, SIGKILL), 0);
    struct pollfd gone = {.fd = helper.socket};
    assert_int_equal(poll(&gone, 1, -1), 1);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(resolve(&helper, "127.0.0.1:5", found, &why), 0);
        assert_string_equal(why.text, "the helper process does not answer");
    }
    struct port_protocol protocol = helper_protocol(&helper, HELPER_UPNP);
    struct port_grant grant;
    assert_int_equal(protocol.map(protocol.context, &(struct port_request){.port = 1}, &grant), PORT_FAILED);
    protocol.unmap(protocol.context, 1, 1);
    assert_false(helper_external(&helper, HELPER_NATPMP, &external));
    assert_true(helper_check(&helper));
    assert_int_equal(lines(), 1);
}

static void who_asks_after_the_end_is_refused_and_nothing_is_told(void **state) {
    struct address found[BOOTNODE_ADDRESSES];
    struct why why;
    (void)state;
    helper_end(&helper);
    assert_int_equal(resolve(&helper, "127.0.0.1:5", found, &why), 0);
    assert_int_equal(lines(), 0);
}

/* --- Somebody else's --- */

struct other {
    struct helper helper;
    int socket; /* its end */
    const uint8_t *says;
    size_t size;
    bool gives; /* a descriptor, too */
    pthread_t thread;
};

static void send_with(int to, const void *data, size_t size, const int *descriptor) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof *descriptor)];
    } control = {.space = {0}};
    struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor) {
        control.header = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof *descriptor), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), descriptor, sizeof *descriptor);
        message.msg_control = &control;
        message.msg_controllen = sizeof control.space;
    }
    assert_true(sendmsg(to, &message, MSG_NOSIGNAL) >= 0);
}

static void *be_other(void *argument) {
    const struct other *other = argument;
    uint8_t data[HELPER_REQUEST_MAX];
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = data, .iov_len = sizeof data};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
    int connection;
    assert_true(recvmsg(other->socket, &message, MSG_CMSG_CLOEXEC) > 0);
    memcpy(&connection, CMSG_DATA(&control.header), sizeof connection);
    if (other->size > 0) send_with(connection, other->says, other->size, other->gives ? &other->socket : NULL);
    close(connection);
    return NULL;
}

static void become_other(struct other *other) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    *other = (struct other){.helper = {.socket = ends[0]}, .socket = ends[1]};
}

static void clear(struct other *other) {
    close(other->helper.socket);
    if (other->socket >= 0) close(other->socket);
}

static size_t resolve_by_other(struct other *other, const uint8_t *says, size_t size,
                               struct address out[static BOOTNODE_ADDRESSES]) {
    struct why why;
    other->says = says;
    other->size = size;
    assert_int_equal(pthread_create(&other->thread, NULL, be_other, other), 0);
    size_t count = resolve(&other->helper, "chat.example:9000", out, &why);
    pthread_join(other->thread, NULL);
    return count;
}

static unsigned descriptors(void) {
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;
    assert_non_null(folder);
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

#define IPV4(last) 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, last

/* The port is the one of the name, whatever comes. */
static void what_it_says_is_an_answer_or_nothing(void **state) {
    static const uint8_t good[] = {HELPER_LOOK_UP, 2, IPV4(1), IPV4(2)};
    static const uint8_t bad[][40] = {
        {HELPER_MAP, 2, IPV4(1), IPV4(2)},
        {HELPER_LOOK_UP, 3, IPV4(1), IPV4(2)},
        {HELPER_LOOK_UP, 1, IPV4(1), IPV4(2)},
        {HELPER_LOOK_UP, 2, IPV4(1), IPV4(1)},
        {HELPER_LOOK_UP, 0, 255},
    };
    static const uint8_t huge[1 << 16] = {HELPER_LOOK_UP, 0, 1, 'x'};
    struct address found[BOOTNODE_ADDRESSES];
    struct other other;
    (void)state;
    become_other(&other);
    unsigned before = descriptors();
    for (unsigned i = 0; i < 2; i++) {
        other.gives = i > 0; /* what comes along is not taken */
        assert_int_equal(resolve_by_other(&other, good, sizeof good, found), 2);
        assert_int_equal(found[0].port, 9000);
        assert_int_equal(found[1].port, 9000);
        assert_int_equal(found[1].ip[15], 2);
    }
    other.gives = false;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(resolve_by_other(&other, bad[i], sizeof good, found), 0);
    for (size_t size = 0; size < sizeof good; size++) assert_int_equal(resolve_by_other(&other, good, size, found), 0);
    assert_int_equal(resolve_by_other(&other, huge, sizeof huge, found), 0);
    assert_int_equal(descriptors(), before);
    assert_int_equal(lines(), 0); /* it is there */
    clear(&other);
}

/* Whoever asks would wait for minutes; but what is not taken is refused at once. */
static void one_that_reads_nothing_holds_up_nobody(void **state) {
    static const uint8_t filling[1024];
    struct address found[BOOTNODE_ADDRESSES];
    struct other other;
    struct why why;
    (void)state;
    become_other(&other);
    while (send(other.helper.socket, filling, sizeof filling, MSG_DONTWAIT) > 0) continue;
    assert_int_equal(resolve(&other.helper, "chat.example:9000", found, &why), 0);
    assert_int_equal(lines(), 0);
    close(other.socket);
    other.socket = -1;
    assert_int_equal(resolve(&other.helper, "chat.example:9000", found, &why), 0);
    assert_int_equal(lines(), 1);
    clear(&other);
}

static int watch_log(void **state) {
    (void)state;
    if (pipe2(told, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
    log_set_descriptor(told[1]);
    return 0;
}

static int leave_log(void **state) {
    (void)state;
    log_set_descriptor(-1);
    close(told[0]);
    close(told[1]);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_does_what_address_resolve_does, start, end),
        cmocka_unit_test_setup_teardown(its_end_is_told_once, start, end),
        cmocka_unit_test_setup_teardown(who_asks_after_the_end_is_refused_and_nothing_is_told, start, end),
        cmocka_unit_test(what_it_says_is_an_answer_or_nothing),
        cmocka_unit_test(one_that_reads_nothing_holds_up_nobody),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("helper", tests, watch_log, leave_log);
}
