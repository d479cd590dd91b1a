#include "client/helper/serving.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/helper/natpmp.h"
#include "client/helper/requests.h"
#include "client/helper/upnp.h"
#include "common/why.h"

#define EXTERNAL_WAIT_MS 1000

struct serving {
    pthread_mutex_t gateway; /* who asks it has this */
    struct upnp upnp;
    struct port_protocol protocols[HELPER_PROTOCOLS];
    _Atomic uint32_t mapped[HELPER_PROTOCOLS]; /* by which of them: our port << 16 | the gateway's; 0: nothing */
    atomic_uint under_way;
};

struct task {
    struct serving *serving;
    int connection;
    struct helper_request request;
};

/* --- What is asked --- */

static void look_up(const struct helper_request *request, struct helper_answer *out) {
    struct why why = {.text = ""};
    out->count =
        address_resolve(request->name, request->port, request->family, out->addresses, BOOTNODE_ADDRESSES, &why);
    if (out->count == 0) snprintf(out->error, sizeof out->error, "%.*s", HELPER_ERROR_SIZE - 1, why.text);
}

static void map(struct serving *serving, const struct helper_request *request, struct helper_answer *out) {
    const struct port_protocol *protocol = &serving->protocols[request->protocol];
    const struct port_request wanted = {
        .port = request->port, .external = request->external, .lease_s = request->lease_s};
    out->port = protocol->map(protocol->context, &wanted, &out->grant);
    uint16_t external = out->grant.external.port;
    if (out->port == PORT_GRANTED && external == 0) out->port = PORT_FAILED;
    if (out->port == PORT_GRANTED)
        atomic_store(&serving->mapped[request->protocol], (uint32_t)request->port << 16 | external);
}

static void unmap(struct serving *serving, enum helper_protocol by, uint16_t port, uint16_t external) {
    const struct port_protocol *protocol = &serving->protocols[by];
    protocol->unmap(protocol->context, port, external);
    atomic_store(&serving->mapped[by], 0);
}

static void find_external(struct serving *serving, enum helper_protocol by, struct helper_answer *out) {
    out->found = by == HELPER_NATPMP ? natpmp_external(EXTERNAL_WAIT_MS, &out->external)
                                     : upnp_external(&serving->upnp, &out->external);
}

static void ask_gateway(struct serving *serving, const struct helper_request *request, struct helper_answer *out) {
    pthread_mutex_lock(&serving->gateway);
    switch (request->type) {
    case HELPER_MAP: map(serving, request, out); break;
    case HELPER_UNMAP: unmap(serving, request->protocol, request->port, request->external); break;
    default: find_external(serving, request->protocol, out);
    }
    pthread_mutex_unlock(&serving->gateway);
}

static void *run(void *argument) {
    struct task *task = argument;
    struct helper_answer answer = {.count = 0};
    uint8_t data[HELPER_ANSWER_MAX];
    if (task->request.type == HELPER_LOOK_UP)
        look_up(&task->request, &answer);
    else
        ask_gateway(task->serving, &task->request, &answer);
    size_t size = helper_answer_encode(&task->request, &answer, data, sizeof data);
    (void)send(task->connection, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(task->connection);
    atomic_fetch_sub(&task->serving->under_way, 1);
    free(task);
    return NULL;
}

/* --- Who asks --- */

/* The descriptor that came along, -1: none. */
static int connection_in(struct msghdr *message) {
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int connection;
    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof connection))
        return -1;
    memcpy(&connection, CMSG_DATA(header), sizeof connection);
    return connection;
}

/* False at the end. A request that is none has no connection. */
static bool receive(int socket, struct helper_request *request, int *connection) {
    uint8_t data[HELPER_REQUEST_MAX];
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof *connection)];
    } control;
    struct iovec part = {.iov_base = data, .iov_len = sizeof data};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
    ssize_t size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    *connection = -1;
    if (size <= 0) return size < 0 && errno == EINTR;
    *connection = connection_in(&message);
    if (*connection >= 0 && ((message.msg_flags & MSG_TRUNC) || !helper_request_decode(data, (size_t)size, request))) {
        close(*connection);
        *connection = -1;
    }
    return true;
}

static bool begin(struct serving *serving, int connection, const struct helper_request *request) {
    pthread_t thread;
    if (atomic_load(&serving->under_way) >= SERVING_AT_ONCE) return false;
    struct task *task = malloc(sizeof *task);
    if (!task) return false;
    *task = (struct task){.serving = serving, .connection = connection, .request = *request};
    atomic_fetch_add(&serving->under_way, 1);
    if (pthread_create(&thread, NULL, run, task) == 0) {
        pthread_detach(thread);
        return true;
    }
    atomic_fetch_sub(&serving->under_way, 1);
    free(task);
    return false;
}

/* Where nothing is mapped, nobody waits for a gateway that is silent. */
static void give_back(struct serving *serving) {
    uint32_t all = 0;
    for (size_t i = 0; i < HELPER_PROTOCOLS; i++) all |= atomic_load(&serving->mapped[i]);
    if (all == 0) return;
    (void)alarm(SERVING_FAREWELL_S);
    pthread_mutex_lock(&serving->gateway);
    for (unsigned i = 0; i < HELPER_PROTOCOLS; i++) {
        uint32_t mapped = atomic_load(&serving->mapped[i]);
        if (mapped) unmap(serving, (enum helper_protocol)i, (uint16_t)(mapped >> 16), (uint16_t)mapped);
    }
}

void serving_run(int socket) {
    static struct serving serving = {.gateway = PTHREAD_MUTEX_INITIALIZER}; /* threads outlive this function */
    struct helper_request request;
    int connection;
    serving.protocols[HELPER_NATPMP] = natpmp_protocol;
    serving.protocols[HELPER_UPNP] = upnp_protocol(&serving.upnp);
    while (receive(socket, &request, &connection))
        if (connection >= 0 && !begin(&serving, connection, &request)) close(connection);
    give_back(&serving);
}
