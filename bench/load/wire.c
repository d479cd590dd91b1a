#include "bench/load/wire.h"

#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/load/sources.h"
#include "common/udp.h"
#include "common/why.h"
#include "common/wire/bootnode_packets.h"
#include "common/wire/packet.h"

#define RECEIVE_BATCH 64
#define READY_MAX 64
#define SEND_WAIT_MS 10
/* Each datagram sent may bring one back, and a send or receive reports one at a time. */
#define ERRORS_MAX ((size_t)2 * WIRE_BURST)
#define SEGMENTED_MAX 65000 /* the largest that one segmented send takes is 65,507 */
/* All sockets together may hold 8 MiB, but each a whole window of answers to one burst, with room for announcements. */
#define RECEIVE_BUFFERS 8388608
#define RECEIVE_BUFFER_MIN 524288
#define FILES_BESIDE 64

/* Packed one behind the other, as a segmented send wants them. Only sockets that have something to send hold one. */
struct burst {
    struct burst *next; /* in the list of free ones */
    size_t count, size;
    bool equal; /* all of one size */
    struct mmsghdr messages[WIRE_BURST];
    struct iovec vectors[WIRE_BURST];
    uint8_t data[WIRE_BURST * PACKET_MAX];
};

struct wire_socket {
    int descriptor;
    struct burst *burst;
};

struct receive_buffers {
    struct mmsghdr messages[RECEIVE_BATCH];
    struct iovec vectors[RECEIVE_BATCH];
    uint8_t data[RECEIVE_BATCH][UDP_RECEIVE_MAX];
};

struct wire {
    struct wire_options options;
    struct address *targets;
    size_t target_count;
    int epoll;
    struct wire_counts counts;
    struct wire_socket *sockets;
    struct burst *idle;
    struct receive_buffers receive;
};

/* `sockets`: of all wires like this one. Not for two threads at once. */
static void raise_file_limit(size_t sockets) {
    struct rlimit limit;
    rlim_t wanted = 2 * sockets + FILES_BESIDE; /* a rebind has the old ones and the new ones */
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void set_receive_buffer(int descriptor, size_t sockets) {
    int size = (int)(RECEIVE_BUFFERS / sockets);
    if (size < RECEIVE_BUFFER_MIN) size = RECEIVE_BUFFER_MIN;
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

/* Addresses that the machine routes here but has on no interface can be had, too (127/8 always). */
static bool bind_to(int descriptor, int family, const struct address *source) {
    const int one = 1;
    struct sockaddr_storage name;
    socklen_t size = address_to_sockaddr(source, family, &name);
    if (family == AF_INET) (void)setsockopt(descriptor, IPPROTO_IP, IP_FREEBIND, &one, sizeof one);
    if (family == AF_INET6) (void)setsockopt(descriptor, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof one);
    if (size == 0) errno = EAFNOSUPPORT;
    return size > 0 && bind(descriptor, (const struct sockaddr *)&name, size) == 0;
}

static int fail_open(int descriptor, const char *what, const struct address *address, struct why *why) {
    char text[ADDRESS_TEXT_SIZE];
    why_fail(why, "%s %s: %s", what, address_format(address, text), strerror(errno));
    if (descriptor >= 0) close(descriptor);
    return -1;
}

static int open_socket(const struct wire_options *options, const struct address *target, size_t index,
                       struct why *why) {
    int family = address_is_ipv4(target) ? AF_INET : AF_INET6;
    int descriptor = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return fail_open(descriptor, "cannot open a socket for", target, why);
    set_receive_buffer(descriptor, options->all);
    if (options->sources_bits > 0) {
        struct address source =
            sources_pick(&options->sources, options->sources_bits, options->before + index, options->all);
        if (!bind_to(descriptor, family, &source)) return fail_open(descriptor, "cannot send from", &source, why);
    }
    struct sockaddr_storage name;
    socklen_t size = address_to_sockaddr(target, family, &name);
    if (connect(descriptor, (const struct sockaddr *)&name, size) != 0)
        return fail_open(descriptor, "cannot send to", target, why);
    return descriptor;
}

static void close_all(const int *descriptors, size_t count) {
    for (size_t i = 0; i < count; i++) close(descriptors[i]);
}

/* Those from number `first` on; all or none. */
static bool open_some(struct wire *wire, size_t first, size_t count, int *descriptors, struct why *why) {
    size_t each = wire->options.sockets;
    for (size_t i = 0; i < count; i++) {
        const struct address *target = &wire->targets[(first + i) / each];
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = first + i};
        descriptors[i] = open_socket(&wire->options, target, (first + i) % each, why);
        if (descriptors[i] >= 0 && epoll_ctl(wire->epoll, EPOLL_CTL_ADD, descriptors[i], &event) == 0) continue;
        if (descriptors[i] >= 0) (void)fail_open(descriptors[i], "cannot watch a socket for", target, why);
        close_all(descriptors, i);
        return false;
    }
    return true;
}

bool wire_rebind(struct wire *wire, struct why *why) {
    size_t sockets = wire_sockets(wire);
    int *descriptors = calloc(sockets, sizeof *descriptors);
    why_fail(why, "out of memory");
    bool opened = descriptors && open_some(wire, 0, sockets, descriptors, why);
    for (size_t i = 0; opened && i < sockets; i++) {
        if (wire->sockets[i].descriptor >= 0) close(wire->sockets[i].descriptor);
        wire->sockets[i].descriptor = descriptors[i];
    }
    free(descriptors);
    return opened;
}

static bool make_room(struct wire *wire, const struct address *target) {
    size_t sockets = wire_sockets(wire);
    struct address *targets = realloc(wire->targets, (wire->target_count + 1) * sizeof *targets);
    if (targets) wire->targets = targets;
    struct wire_socket *places = realloc(wire->sockets, (sockets + wire->options.sockets) * sizeof *places);
    if (places) wire->sockets = places;
    if (!targets || !places) return false;
    for (size_t i = 0; i < wire->options.sockets; i++) places[sockets + i] = (struct wire_socket){.descriptor = -1};
    targets[wire->target_count] = *target;
    return true;
}

bool wire_add_target(struct wire *wire, const struct address *target, struct why *why) {
    size_t first = wire_sockets(wire), each = wire->options.sockets;
    int *descriptors = calloc(each, sizeof *descriptors);
    why_fail(why, "out of memory");
    raise_file_limit(wire->options.all * (wire->target_count + 1));
    bool opened = descriptors && make_room(wire, target) && open_some(wire, first, each, descriptors, why);
    for (size_t i = 0; opened && i < each; i++) wire->sockets[first + i].descriptor = descriptors[i];
    wire->target_count += opened;
    free(descriptors);
    return opened;
}

static void make_receive_ready(struct receive_buffers *buffers) {
    for (size_t i = 0; i < RECEIVE_BATCH; i++) {
        buffers->vectors[i] = (struct iovec){.iov_base = buffers->data[i], .iov_len = UDP_RECEIVE_MAX};
        buffers->messages[i].msg_hdr = (struct msghdr){.msg_iov = &buffers->vectors[i], .msg_iovlen = 1};
    }
}

struct wire *wire_open(const struct wire_options *options, struct why *why) {
    struct wire *wire = calloc(1, sizeof *wire);
    why_fail(why, "out of memory");
    if (!wire) return NULL;
    wire->options = *options;
    wire->epoll = epoll_create1(EPOLL_CLOEXEC);
    make_receive_ready(&wire->receive);
    if (wire->epoll >= 0 && wire_add_target(wire, &options->target, why)) return wire;
    wire_close(wire);
    return NULL;
}

static void give_back(struct wire *wire, struct wire_socket *socket) {
    if (!socket->burst) return;
    socket->burst->next = wire->idle;
    wire->idle = socket->burst;
    socket->burst = NULL;
}

void wire_close(struct wire *wire) {
    if (!wire) return;
    for (size_t i = 0; i < wire_sockets(wire); i++) {
        give_back(wire, &wire->sockets[i]);
        if (wire->sockets[i].descriptor >= 0) close(wire->sockets[i].descriptor);
    }
    while (wire->idle) {
        struct burst *next = wire->idle->next;
        free(wire->idle);
        wire->idle = next;
    }
    if (wire->epoll >= 0) close(wire->epoll);
    free(wire->sockets);
    free(wire->targets);
    free(wire);
}

size_t wire_sockets(const struct wire *wire) {
    return wire->options.sockets * wire->target_count;
}

struct wire_counts wire_counts(const struct wire *wire) {
    return wire->counts;
}

struct address wire_local(const struct wire *wire, size_t socket) {
    struct address local = {.port = 0};
    (void)udp_bound(wire->sockets[socket].descriptor, &local);
    return local;
}

static struct burst *take_burst(struct wire *wire) {
    struct burst *burst = wire->idle;
    if (burst)
        wire->idle = burst->next;
    else
        burst = calloc(1, sizeof *burst);
    if (burst) burst->count = burst->size = 0;
    return burst;
}

uint8_t *wire_reserve(struct wire *wire, size_t socket) {
    struct wire_socket *to = &wire->sockets[socket];
    if (!to->burst) to->burst = take_burst(wire);
    if (!to->burst || to->burst->count == WIRE_BURST) return NULL;
    return to->burst->data + to->burst->size;
}

void wire_commit(struct wire *wire, size_t socket, size_t size) {
    struct burst *burst = wire->sockets[socket].burst;
    struct iovec *vector = &burst->vectors[burst->count];
    *vector = (struct iovec){.iov_base = burst->data + burst->size, .iov_len = size};
    burst->messages[burst->count].msg_hdr = (struct msghdr){.msg_iov = vector, .msg_iovlen = 1};
    burst->equal = burst->count == 0 || (burst->equal && size == burst->vectors[0].iov_len);
    burst->count++;
    burst->size += size;
}

static size_t send_segmented(int descriptor, const struct burst *burst) {
    alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(uint16_t))] = {0};
    struct iovec vector = {.iov_base = (void *)(uintptr_t)burst->data, .iov_len = burst->size};
    const struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    uint16_t size = (uint16_t)burst->vectors[0].iov_len;
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);
    cmsg->cmsg_level = SOL_UDP;
    cmsg->cmsg_type = UDP_SEGMENT;
    cmsg->cmsg_len = CMSG_LEN(sizeof size);
    memcpy(CMSG_DATA(cmsg), &size, sizeof size);
    return sendmsg(descriptor, &message, MSG_DONTWAIT) >= 0 ? burst->count : 0;
}

static bool is_segmentable(const struct wire *wire, const struct burst *burst) {
    return wire->options.segment && burst->equal && burst->count > 1 && burst->size <= SEGMENTED_MAX;
}

/* How many went out from `from` on; 0 with errno when not even the first. */
static size_t send_some(struct wire *wire, int descriptor, struct burst *burst, size_t from) {
    if (from == 0 && is_segmentable(wire, burst)) {
        size_t sent = send_segmented(descriptor, burst);
        if (sent > 0 || (errno != EIO && errno != EINVAL && errno != EOPNOTSUPP)) return sent;
        wire->options.segment = false;
    }
    int sent = sendmmsg(descriptor, burst->messages + from, (unsigned)(burst->count - from), MSG_DONTWAIT);
    return sent > 0 ? (size_t)sent : 0;
}

/* ICMP's answers to earlier datagrams, which the kernel reports once on the next call. */
static bool is_earlier_error(int error) {
    return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH || error == EHOSTDOWN ||
           error == EPROTO || error == ENOPROTOOPT;
}

static bool wait_writable(int descriptor) {
    struct pollfd wanted = {.fd = descriptor, .events = POLLOUT};
    return poll(&wanted, 1, SEND_WAIT_MS) > 0;
}

/* Whether the error just met lets us try again. */
static bool may_retry(struct wire *wire, int descriptor, size_t *errors, bool *waited) {
    if (errno == EINTR) return true;
    if (is_earlier_error(errno)) {
        wire->counts.refused++;
        return ++*errors < ERRORS_MAX;
    }
    if ((errno != EAGAIN && errno != ENOBUFS) || *waited) return false;
    *waited = true;
    return wait_writable(descriptor);
}

size_t wire_flush(struct wire *wire, size_t socket) {
    struct wire_socket *from = &wire->sockets[socket];
    size_t sent = 0, errors = 0;
    bool waited = false;
    if (!from->burst) return 0;
    while (sent < from->burst->count) {
        size_t count = send_some(wire, from->descriptor, from->burst, sent);
        sent += count;
        if (count == 0 && !may_retry(wire, from->descriptor, &errors, &waited)) break;
    }
    wire->counts.sent += sent;
    wire->counts.failed += from->burst->count - sent;
    give_back(wire, from);
    return sent;
}

typedef void take_datagram(void *context, size_t socket, const uint8_t *data, size_t size);

/* One batch; epoll comes back to a socket that has more. */
static size_t receive_batch(struct wire *wire, size_t socket, size_t limit, take_datagram *take, void *context) {
    struct receive_buffers *buffers = &wire->receive;
    unsigned most = limit < RECEIVE_BATCH ? (unsigned)limit : RECEIVE_BATCH;
    int count = recvmmsg(wire->sockets[socket].descriptor, buffers->messages, most, MSG_DONTWAIT, NULL);
    if (count < 0 && is_earlier_error(errno)) wire->counts.refused++;
    for (int i = 0; i < count; i++) take(context, socket, buffers->data[i], buffers->messages[i].msg_len);
    return count > 0 ? (size_t)count : 0;
}

static int wait_ready(const struct wire *wire, struct epoll_event ready[static READY_MAX], uint64_t timeout_us) {
    const struct timespec timeout = {.tv_sec = (time_t)(timeout_us / 1000000),
                                     .tv_nsec = (long)(timeout_us % 1000000 * 1000)};
    return epoll_pwait2(wire->epoll, ready, READY_MAX, &timeout, NULL);
}

size_t wire_receive(struct wire *wire, uint64_t timeout_us, size_t limit, take_datagram *take, void *context) {
    struct epoll_event ready[READY_MAX];
    size_t total = 0;
    for (bool more = true; more && total < limit; timeout_us = 0) {
        int count = wait_ready(wire, ready, timeout_us);
        more = count == READY_MAX;
        for (int i = 0; i < count && total < limit; i++) {
            size_t taken = receive_batch(wire, (size_t)ready[i].data.u64, limit - total, take, context);
            more = more || taken == RECEIVE_BATCH;
            total += taken;
        }
    }
    return total;
}
