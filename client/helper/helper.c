#include "client/helper/helper.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/helper/confinement.h"
#include "client/helper/serving.h"
#include "common/log.h"

#define LINK_TYPE (SOCK_SEQPACKET | SOCK_CLOEXEC)

/* --- Its life --- */

static _Noreturn void helper_process_main(int socket, int argc, char **argv) {
    confinement_enter(socket, argc, argv);
    serving_run(CONFINEMENT_SOCKET);
    _exit(0);
}

int helper_start(struct helper *helper, int argc, char **argv) {
    int ends[2];
    *helper = (struct helper){.socket = -1};
    if (socketpair(AF_UNIX, LINK_TYPE, 0, ends) != 0) return -errno;
    pid_t process = fork();
    if (process == 0) helper_process_main(ends[1], argc, argv);
    int error = process < 0 ? -errno : 0;
    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        return error;
    }
    helper->socket = ends[0];
    helper->process = process;
    for (unsigned i = 0; i < HELPER_PROTOCOLS; i++)
        helper->ways[i] = (struct helper_way){.helper = helper, .protocol = (enum helper_protocol)i};
    return 0;
}

/* Until there is something to read, or the other side is gone. */
static bool await(int socket, short events, int wait_ms) {
    struct pollfd wanted = {.fd = socket, .events = events};
    return poll(&wanted, 1, wait_ms) > 0;
}

bool helper_check(struct helper *helper) {
    if (!await(helper->socket, 0, 0)) return false;
    if (!atomic_exchange(&helper->told, true))
        log_error("helper", "the process that looks up names and asks the gateway has ended: "
                            "no name is found and no port is mapped any more");
    return true;
}

/* The socket stays open, and its number ours: a thread that nobody waits for may ask once more, in vain. */
void helper_end(struct helper *helper) {
    if (helper->process <= 0) return;
    atomic_store(&helper->told, true);
    (void)shutdown(helper->socket, SHUT_WR);
    (void)await(helper->socket, 0, HELPER_END_MS);
    /* One that may not be killed, and stays, is nobody's to wait for. */
    int options = kill(helper->process, SIGKILL) == 0 ? 0 : WNOHANG;
    while (waitpid(helper->process, NULL, options) < 0 && errno == EINTR) continue;
    helper->process = 0;
}

/* --- Asking --- */

/* The request, and the connection on which its answer is to come. A helper that reads nothing holds up nobody. */
static bool send_request(const struct helper *helper, const struct helper_request *request, int connection) {
    uint8_t data[HELPER_REQUEST_MAX];
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof connection)];
    } control = {.space = {0}};
    struct iovec part = {.iov_base = data, .iov_len = helper_request_encode(request, data, sizeof data)};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
    control.header =
        (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof connection), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &connection, sizeof connection);
    return part.iov_len > 0 && sendmsg(helper->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

static bool receive_answer(int connection, const struct helper_request *request, int wait_ms,
                           struct helper_answer *out) {
    uint8_t data[HELPER_ANSWER_MAX];
    if (!await(connection, POLLIN, wait_ms)) return false;
    ssize_t size = recv(connection, data, sizeof data, MSG_DONTWAIT | MSG_TRUNC);
    return size > 0 && (size_t)size <= sizeof data && helper_answer_decode(request, data, (size_t)size, out);
}

static bool ask(struct helper *helper, const struct helper_request *request, int wait_ms, struct helper_answer *out) {
    int ends[2];
    if (socketpair(AF_UNIX, LINK_TYPE, 0, ends) != 0) return false;
    bool sent = send_request(helper, request, ends[1]);
    close(ends[1]);
    bool answered = sent && receive_answer(ends[0], request, wait_ms, out);
    close(ends[0]);
    if (!answered) (void)helper_check(helper);
    return answered;
}

size_t helper_resolve(void *context, const char *text, uint16_t default_port, int family, struct address *out,
                      size_t capacity, struct why *why) {
    struct helper_request request = {.type = HELPER_LOOK_UP, .family = family, .port = default_port};
    struct helper_answer answer;
    char host[NI_MAXHOST];
    uint16_t port;
    size_t size = strlen(text);
    if (size >= sizeof request.name || !address_split(text, default_port, host, sizeof host, &port) || port == 0) {
        why_fail(why, "expected HOST:PORT, port 1 to 65535");
        return 0;
    }
    memcpy(request.name, text, size);
    if (!ask(context, &request, HELPER_LOOK_UP_MS, &answer)) {
        why_fail(why, "the helper process does not answer");
        return 0;
    }
    if (answer.count == 0) why_fail(why, "%s", answer.error);
    size_t count = answer.count < capacity ? answer.count : capacity;
    for (size_t i = 0; i < count; i++) {
        out[i] = answer.addresses[i];
        out[i].port = port;
    }
    return count;
}

static enum port_answer map(void *context, const struct port_request *wanted, struct port_grant *out) {
    const struct helper_way *way = context;
    struct helper_request request = {.type = HELPER_MAP,
                                     .protocol = way->protocol,
                                     .port = wanted->port,
                                     .external = wanted->external,
                                     .lease_s = wanted->lease_s};
    struct helper_answer answer;
    if (!ask(way->helper, &request, HELPER_PORT_MS, &answer)) return PORT_FAILED;
    if (answer.port == PORT_GRANTED) *out = answer.grant;
    return answer.port;
}

static void unmap(void *context, uint16_t port, uint16_t external) {
    const struct helper_way *way = context;
    struct helper_request request = {
        .type = HELPER_UNMAP, .protocol = way->protocol, .port = port, .external = external};
    struct helper_answer answer;
    (void)ask(way->helper, &request, HELPER_PORT_MS, &answer);
}

struct port_protocol helper_protocol(struct helper *helper, enum helper_protocol protocol) {
    static const char *const names[] = {[HELPER_NATPMP] = "NAT-PMP", [HELPER_UPNP] = "UPnP"};
    return (struct port_protocol){
        .name = names[protocol], .context = &helper->ways[protocol], .map = map, .unmap = unmap};
}

bool helper_external(struct helper *helper, enum helper_protocol protocol, struct in_addr *out) {
    struct helper_request request = {.type = HELPER_EXTERNAL, .protocol = protocol};
    struct helper_answer answer;
    if (!ask(helper, &request, HELPER_EXTERNAL_MS, &answer) || !answer.found) return false;
    *out = answer.external;
    return true;
}
