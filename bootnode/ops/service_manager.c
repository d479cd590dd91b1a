#include "bootnode/ops/service_manager.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

#define AREA "bootnode"
#define MESSAGE_SIZE (SERVICE_MANAGER_STATUS_SIZE + 256)

/* --- The environment --- */

static bool is_number(const char *text, uint64_t *out) {
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0;
}

/* A path, or after an @ a name that is in no file system. */
static bool name_of(const char *text, struct sockaddr_un *name, socklen_t *size) {
    const size_t length = strlen(text);
    memset(name, 0, sizeof *name);
    name->sun_family = AF_UNIX;
    if ((*text != '/' && *text != '@') || length < 2 || length >= sizeof name->sun_path) return false;
    memcpy(name->sun_path, text, length);
    if (*text == '@') name->sun_path[0] = '\0';
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (*text == '/'));
    return true;
}

/* Connected where somebody listens by now, since later the sandbox may stand between; else each word has the address.
 */
static int open_socket(struct service_manager *manager, const char *text) {
    if (!name_of(text, &manager->name, &manager->name_size)) return -EINVAL;
    manager->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (manager->socket < 0) return -errno;
    if (connect(manager->socket, (const struct sockaddr *)&manager->name, manager->name_size) != 0) return -errno;
    manager->name_size = 0;
    return 0;
}

/* 0: nobody expects a sign of life of this process. */
static uint64_t read_watchdog_ms(void) {
    const char *interval = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t us, number;
    if (!interval) return 0;
    if (pid && *pid && (!is_number(pid, &number) || number != (uint64_t)getpid())) return 0;
    if (is_number(interval, &us) && us >= 2000) return us / 1000;
    log_warning(AREA, "WATCHDOG_USEC=%s: expected microseconds, 2,000 at least: no sign of life is given", interval);
    return 0;
}

void service_manager_open(struct service_manager *manager) {
    const char *text = getenv("NOTIFY_SOCKET");
    const char *keeps = getenv("FDSTORE");
    *manager = (struct service_manager){.socket = -1, .keeps = UINT64_MAX};
    if (keeps && !is_number(keeps, &manager->keeps)) manager->keeps = UINT64_MAX;
    if (!text || *text == '\0') return;
    int error = open_socket(manager, text);
    if (manager->socket >= 0) manager->watchdog_ms = read_watchdog_ms();
    if (error != 0)
        log_warning(AREA, "NOTIFY_SOCKET=%s: %s: the service manager may not hear of the start", text,
                    strerror(-error));
}

void service_manager_close(struct service_manager *manager) {
    if (manager->socket >= 0) close(manager->socket);
    manager->socket = -1;
}

/* --- Telling --- */

static bool wait_writable(int socket) {
    struct pollfd wanted = {.fd = socket, .events = POLLOUT};
    return poll(&wanted, 1, SERVICE_MANAGER_PATIENCE_MS) > 0;
}

/* `descriptor` goes with it, or none does (-1). */
static bool send_all(const struct service_manager *manager, const char *text, int descriptor) {
    alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof descriptor)] = {0};
    struct iovec vector = {.iov_base = (char *)(uintptr_t)text, .iov_len = strlen(text)};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (manager->name_size > 0) {
        message.msg_name = (void *)(uintptr_t)&manager->name;
        message.msg_namelen = manager->name_size;
    }
    if (descriptor >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    bool waited = false;
    for (;;) {
        if (sendmsg(manager->socket, &message, MSG_NOSIGNAL) >= 0) return true;
        if (errno == EAGAIN && !waited)
            waited = wait_writable(manager->socket);
        else if (errno != EINTR)
            return false;
        else
            continue;
        if (!waited) return false;
    }
}

__attribute__((format(printf, 2, 3))) static bool tell(const struct service_manager *manager, const char *format, ...) {
    char text[MESSAGE_SIZE];
    va_list arguments;
    if (manager->socket < 0) return false;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return send_all(manager, text, -1);
}

/* A line break would begin another word. */
static void set_status(struct service_manager *manager, const char *status) {
    snprintf(manager->status, sizeof manager->status, "%s", status);
    for (char *at = manager->status; *at; at++)
        if (*at == '\n') *at = ' ';
}

static bool tell_ready(const struct service_manager *manager) {
    return tell(manager, "READY=1\nSTATUS=%s", manager->status);
}

void service_manager_ready(struct service_manager *manager, const char *status) {
    set_status(manager, status);
    manager->owes_ready = manager->socket >= 0 && !tell_ready(manager);
    if (manager->owes_ready) log_warning(AREA, "the service manager does not take word that the bootnode serves, yet");
}

void service_manager_reloading(struct service_manager *manager, uint64_t monotonic_ms) {
    set_status(manager, "reading its settings");
    (void)tell(manager, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=%s", monotonic_ms * 1000, manager->status);
}

void service_manager_stopping(struct service_manager *manager, uint64_t most_ms, const char *status) {
    set_status(manager, status);
    (void)tell(manager, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRIu64 "\nSTATUS=%s", most_ms * 1000, manager->status);
}

void service_manager_status(struct service_manager *manager, const char *status) {
    if (strcmp(status, manager->status) == 0) return;
    set_status(manager, status);
    (void)tell(manager, "STATUS=%s", manager->status);
}

uint64_t service_manager_rest_ms(const struct service_manager *manager) {
    return manager->watchdog_ms > 0 ? manager->watchdog_ms / 2 : NEVER;
}

void service_manager_alive(struct service_manager *manager, uint64_t monotonic_ms) {
    if (manager->owes_ready) manager->owes_ready = !tell_ready(manager);
    if (manager->watchdog_ms == 0 || monotonic_ms - manager->told_alive_ms < manager->watchdog_ms / 4) return;
    manager->told_alive_ms = monotonic_ms;
    (void)tell(manager, "WATCHDOG=1");
}

/* --- Keeping --- */

bool service_manager_may_keep(const struct service_manager *manager, size_t count) {
    if (manager->socket < 0) return false;
    if (count <= manager->keeps && count <= SERVICE_MANAGER_KEEP_MOST) return true;
    log_info(AREA,
             "%zu sockets are not kept over a restart: the service manager keeps %" PRIu64
             ", expected FileDescriptorStoreMax=%zu",
             count, earlier(manager->keeps, SERVICE_MANAGER_KEEP_MOST), count);
    return false;
}

/* FDPOLL=0: an error that waits on a socket is no reason to let go of it. */
bool service_manager_keep(struct service_manager *manager, const char *name, int descriptor) {
    char text[MESSAGE_SIZE];
    if (manager->socket < 0) return false;
    snprintf(text, sizeof text, "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
    return send_all(manager, text, descriptor);
}

void service_manager_forget(struct service_manager *manager, const char *name) {
    (void)tell(manager, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}

/* The manager has the only writing end of the pipe, and closes it in its turn. */
bool service_manager_wait(struct service_manager *manager) {
    int ends[2];
    if (manager->socket < 0 || pipe2(ends, O_CLOEXEC) != 0) return false;
    bool sent = send_all(manager, "BARRIER=1", ends[1]);
    close(ends[1]);
    struct pollfd closed = {.fd = ends[0], .events = 0};
    bool done = sent && poll(&closed, 1, SERVICE_MANAGER_BARRIER_MS) > 0;
    close(ends[0]);
    return done;
}
