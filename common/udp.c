#include "common/udp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/why.h"

#define SEND_WAIT_MS 5
/* Pending errors swallowed by one udp_receive; each read takes one, so this many in a row means a flood of them. */
#define RECEIVE_ERRORS_MAX 16

/* What a datagram needs beside its bytes. Added ones are kept in the form of the socket that the last batch went to:
 * a batch that keeps to one socket is never converted. */
struct slot {
    struct sockaddr_in6 name;
    struct iovec vector;
    alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct udp_batch {
    size_t capacity;
    size_t count;
    size_t used; /* slots that must be made ready before the next receive */
    int family;  /* of what is added */
    bool fitted; /* to all sockets that it will go to */
    struct mmsghdr *messages;
    struct slot *slots;
    uint8_t *buffers;
};

struct udp_batch *udp_batch_create(size_t capacity) {
    struct udp_batch *batch = calloc(1, sizeof *batch);
    if (!batch) return NULL;
    batch->capacity = batch->used = capacity;
    batch->family = AF_INET6;
    batch->messages = calloc(capacity, sizeof *batch->messages);
    batch->slots = calloc(capacity, sizeof *batch->slots);
    batch->buffers = aligned_alloc(UDP_RECEIVE_MAX, capacity * UDP_RECEIVE_MAX);
    if (!batch->messages || !batch->slots || !batch->buffers) {
        udp_batch_destroy(batch);
        return NULL;
    }
    for (size_t i = 0; i < capacity; i++) {
        struct slot *slot = &batch->slots[i];
        slot->vector.iov_base = batch->buffers + i * UDP_RECEIVE_MAX;
        batch->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &slot->name, .msg_iov = &slot->vector, .msg_iovlen = 1, .msg_control = slot->control};
    }
    return batch;
}

void udp_batch_destroy(struct udp_batch *batch) {
    if (!batch) return;
    free(batch->buffers);
    free(batch->slots);
    free(batch->messages);
    free(batch);
}

size_t udp_batch_count(const struct udp_batch *batch) {
    return batch->count;
}

bool udp_batch_full(const struct udp_batch *batch) {
    return batch->count == batch->capacity;
}

void udp_batch_clear(struct udp_batch *batch) {
    batch->count = 0;
}

const uint8_t *udp_batch_data(const struct udp_batch *batch, size_t index, size_t *size) {
    *size = batch->messages[index].msg_len;
    return batch->slots[index].vector.iov_base;
}

struct address udp_batch_peer(const struct udp_batch *batch, size_t index) {
    struct address peer = {.port = 0};
    (void)address_from_sockaddr((const struct sockaddr *)&batch->slots[index].name, &peer);
    return peer;
}

struct datagram udp_batch_get(const struct udp_batch *batch, size_t index) {
    struct datagram datagram = {.peer = udp_batch_peer(batch, index)};
    datagram.data = udp_batch_data(batch, index, &datagram.size);
    return datagram;
}

static bool local_from_cmsg(const struct cmsghdr *cmsg, struct address *out) {
    if (cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo info;
        memcpy(&info, CMSG_DATA(cmsg), sizeof info);
        memcpy(out->ip, &info.ipi6_addr, sizeof out->ip);
        *out = address_scoped(*out, info.ipi6_ifindex);
        return true;
    }
    if (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(cmsg), sizeof info);
        const struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = info.ipi_spec_dst};
        return address_from_sockaddr((const struct sockaddr *)&name, out);
    }
    return false;
}

struct address udp_batch_local(const struct udp_batch *batch, size_t index) {
    struct msghdr *header = &batch->messages[index].msg_hdr;
    struct address local = {.port = 0};
    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(header); cmsg; cmsg = CMSG_NXTHDR(header, cmsg))
        if (local_from_cmsg(cmsg, &local)) break;
    return local;
}

static void set_control(struct msghdr *header, int level, int type, const void *data, size_t size) {
    header->msg_controllen = CMSG_SPACE(size);
    memset(header->msg_control, 0, header->msg_controllen);
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(header);
    cmsg->cmsg_level = level;
    cmsg->cmsg_type = type;
    cmsg->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(cmsg), data, size);
}

/* A local address of the other family than the peer's would make the kernel refuse the datagram. */
static void set_local(struct msghdr *header, int family, const struct address *local, const struct address *peer) {
    static const struct address any;
    header->msg_controllen = 0;
    if (address_same_ip(local, &any) || address_is_ipv4(local) != address_is_ipv4(peer)) return;
    if (family == AF_INET6) {
        const struct address plain = address_unscoped(*local);
        struct in6_pktinfo info = {.ipi6_ifindex = address_scope(local)};
        memcpy(&info.ipi6_addr, plain.ip, sizeof plain.ip);
        set_control(header, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    } else {
        struct in_pktinfo info = {.ipi_ifindex = 0};
        memcpy(&info.ipi_spec_dst, local->ip + 12, sizeof info.ipi_spec_dst);
        set_control(header, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
}

static void set_addresses(struct udp_batch *batch, size_t index, const struct address *peer,
                          const struct address *local) {
    struct msghdr *header = &batch->messages[index].msg_hdr;
    struct sockaddr_storage name;
    /* A peer that an AF_INET socket cannot reach keeps its form: the kernel refuses it, so it is counted as dropped. */
    int family = address_is_ipv4(peer) ? batch->family : AF_INET6;
    header->msg_namelen = address_to_sockaddr(peer, family, &name);
    memcpy(&batch->slots[index].name, &name, header->msg_namelen);
    set_local(header, family, local, peer);
}

bool udp_batch_add(struct udp_batch *batch, const struct datagram *datagram) {
    if (udp_batch_full(batch) || datagram->size > UDP_DATAGRAM_MAX) return false;
    size_t index = batch->count++;
    if (batch->used < batch->count) batch->used = batch->count;
    struct slot *slot = &batch->slots[index];
    if (datagram->size > 0) memcpy(slot->vector.iov_base, datagram->data, datagram->size);
    slot->vector.iov_len = datagram->size;
    batch->messages[index].msg_len = (unsigned)datagram->size;
    set_addresses(batch, index, &datagram->peer, &datagram->local);
    return true;
}

static bool set_option(int socket, int level, int option, int value) {
    return setsockopt(socket, level, option, &value, sizeof value) == 0;
}

static void set_buffer(int socket, int force_option, int option, int size) {
    if (size > 0 && !set_option(socket, SOL_SOCKET, force_option, size))
        (void)set_option(socket, SOL_SOCKET, option, size);
}

/* Either way without heed to "fragmentation needed", which anybody may forge. Else no DF: 1,200 bytes pass every IPv6
 * path and nearly every IPv4 one, and where they do not, a fragment is better than nothing. */
static void set_fragmenting(int socket, int family, bool whole) {
    (void)set_option(socket, IPPROTO_IP, IP_MTU_DISCOVER, whole ? IP_PMTUDISC_PROBE : IP_PMTUDISC_OMIT);
    if (family != AF_INET6) return;
    (void)set_option(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, whole ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_OMIT);
}

/* For binding to what may come later. */
static bool allow_missing(int socket, int family) {
    return family == AF_INET6 ? set_option(socket, IPPROTO_IPV6, IPV6_FREEBIND, 1)
                              : set_option(socket, IPPROTO_IP, IP_FREEBIND, 1);
}

static bool set_binding_options(int socket, int family, bool dual_stack, const struct udp_options *options) {
    if (family == AF_INET6 && !set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, !dual_stack)) return false;
    if (options->not_here_yet && !allow_missing(socket, family)) return false;
    return !options->reuse_port || set_option(socket, SOL_SOCKET, SO_REUSEPORT, 1);
}

static bool set_options(int socket, int family, const struct udp_options *options) {
    if (options->packet_info && family == AF_INET6 && !set_option(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1))
        return false;
    if (options->packet_info && family == AF_INET && !set_option(socket, IPPROTO_IP, IP_PKTINFO, 1)) return false;
    set_fragmenting(socket, family, options->whole);
    set_buffer(socket, SO_RCVBUFFORCE, SO_RCVBUF, options->receive_buffer);
    set_buffer(socket, SO_SNDBUFFORCE, SO_SNDBUF, options->send_buffer);
    return true;
}

int udp_open(const struct address *listen, const struct udp_options *options, struct why *why) {
    static const struct address any;
    int family = address_is_ipv4(listen) ? AF_INET : AF_INET6;
    struct sockaddr_storage name;
    socklen_t size = address_to_sockaddr(listen, family, &name);
    int descriptor = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 &&
        set_binding_options(descriptor, family, address_same_ip(listen, &any) && !options->ipv6_alone, options) &&
        set_options(descriptor, family, options) && bind(descriptor, (const struct sockaddr *)&name, size) == 0)
        return descriptor;
    int error = errno;
    char text[ADDRESS_TEXT_SIZE];
    why_fail(why, "cannot listen on UDP %s: %s%s", address_format(listen, text), strerror(error),
             address_is_scoped(listen) && !address_scope(listen) ? " without its interface, as in fe80::1%eth0" : "");
    if (descriptor >= 0) close(descriptor);
    return -error;
}

static int option_of(int socket, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(socket, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

bool udp_is_listening(int socket) {
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    struct address bound;
    return option_of(socket, SO_TYPE) == SOCK_DGRAM && option_of(socket, SO_PROTOCOL) == IPPROTO_UDP &&
           udp_bound(socket, &bound) && bound.port != 0 && getpeername(socket, (struct sockaddr *)&peer, &size) != 0;
}

int udp_adopt(int socket, const struct udp_options *options) {
    int status = fcntl(socket, F_GETFL);
    if (status < 0 || fcntl(socket, F_SETFL, status | O_NONBLOCK) != 0 || fcntl(socket, F_SETFD, FD_CLOEXEC) != 0)
        return -errno;
    return set_options(socket, option_of(socket, SO_DOMAIN), options) ? 0 : -errno;
}

bool udp_bound(int socket, struct address *out) {
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    return getsockname(socket, (struct sockaddr *)&name, &size) == 0 &&
           address_from_sockaddr((const struct sockaddr *)&name, out);
}

static void make_ready(struct udp_batch *batch) {
    for (size_t i = 0; i < batch->used; i++) {
        struct msghdr *header = &batch->messages[i].msg_hdr;
        header->msg_namelen = sizeof batch->slots[i].name;
        header->msg_controllen = sizeof batch->slots[i].control;
        batch->slots[i].vector.iov_len = UDP_RECEIVE_MAX;
    }
}

/* ICMP errors that the kernel reports on the socket instead of a datagram. */
static bool is_earlier_error(int error) {
    return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH || error == EHOSTDOWN ||
           error == ENETDOWN || error == ENOPROTOOPT || error == EPROTO || error == EMSGSIZE || error == EACCES;
}

int udp_receive_some(int socket, struct udp_batch *batch, size_t most) {
    make_ready(batch);
    if (most > batch->capacity) most = batch->capacity;
    batch->count = batch->used = 0;
    for (int errors = 0; errors < RECEIVE_ERRORS_MAX;) {
        int count = recvmmsg(socket, batch->messages, (unsigned)most, MSG_DONTWAIT, NULL);
        if (count >= 0) {
            batch->count = batch->used = (size_t)count;
            return count;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN) return 0;
        if (!is_earlier_error(errno)) return -errno;
        errors++;
    }
    return 0;
}

int udp_receive(int socket, struct udp_batch *batch) {
    return udp_receive_some(socket, batch, batch->capacity);
}

static void fit_to_socket(int socket, struct udp_batch *batch) {
    int family = batch->family;
    socklen_t size = sizeof family;
    (void)getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &size);
    if (family == batch->family) return;
    batch->family = family;
    for (size_t i = 0; i < batch->count; i++) {
        struct address peer = udp_batch_get(batch, i).peer, local = udp_batch_local(batch, i);
        set_addresses(batch, i, &peer, &local);
    }
}

void udp_batch_fit(struct udp_batch *batch, int socket) {
    fit_to_socket(socket, batch);
    batch->fitted = true;
}

static bool wait_writable(int socket) {
    struct pollfd wanted = {.fd = socket, .events = POLLOUT};
    return poll(&wanted, 1, SEND_WAIT_MS) > 0;
}

static struct udp_send_result send_all(int socket, struct udp_batch *batch, bool waited) {
    struct udp_send_result result = {0};
    if (!batch->fitted) fit_to_socket(socket, batch);
    for (size_t at = 0; at < batch->count; at = result.sent + result.dropped) {
        /* A short count hides why the next datagram failed; trying again from there tells. */
        int sent = sendmmsg(socket, batch->messages + at, (unsigned)(batch->count - at), MSG_DONTWAIT);
        if (sent > 0) {
            result.sent += (size_t)sent;
        } else if (errno == EAGAIN) {
            bool try_again = !waited && wait_writable(socket);
            waited = true;
            if (!try_again) result.dropped += batch->count - at;
        } else if (errno != EINTR) {
            result.dropped++;
        }
    }
    udp_batch_clear(batch);
    return result;
}

struct udp_send_result udp_send(int socket, struct udp_batch *batch) {
    return send_all(socket, batch, false);
}

struct udp_send_result udp_send_at_once(int socket, struct udp_batch *batch) {
    return send_all(socket, batch, true);
}

bool udp_memory(int socket, struct udp_memory *out) {
    uint32_t numbers[SK_MEMINFO_VARS] = {0};
    socklen_t size = sizeof numbers;
    bool told = getsockopt(socket, SOL_SOCKET, SO_MEMINFO, numbers, &size) == 0;
    *out = (struct udp_memory){.used = numbers[SK_MEMINFO_RMEM_ALLOC],
                               .limit = numbers[SK_MEMINFO_RCVBUF],
                               .drops = numbers[SK_MEMINFO_DROPS]};
    return told;
}
