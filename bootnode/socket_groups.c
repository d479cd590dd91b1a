#include "bootnode/socket_groups.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bootnode/listening.h"
#include "bootnode/steering.h"
#include "common/log.h"
#include "common/udp.h"
#include "common/why.h"

#define AREA "bootnode"
#define JUNK_BUFFER (256 * 1024)

/* Sockets of one user share a port without complaint once they ask to: so somebody who does not ask tries first. An
 * address that this machine does not have yet can be listened on all the same; it may be a typing mistake as well. */
static int try_to_listen(struct listening *item, struct why *why) {
    const struct udp_options options = {.ipv6_alone = item->ipv6_alone};
    char text[ADDRESS_TEXT_SIZE];
    int socket = udp_open(&item->address, &options, why);
    if (socket >= 0) close(socket);
    item->missing = socket == -EADDRNOTAVAIL && !address_is_unspecified(&item->address);
    if (!item->missing) return socket < 0 ? socket : 0;
    log_warning(AREA, "this machine has no address %s now, expected one of its own; it works as soon as it comes",
                address_format(&item->address, text));
    return 0;
}

/* By a socket that somebody handed over. */
static bool is_bound_already(const struct socket_groups *sockets, const struct listening *item) {
    return handed_count(sockets->handed, &item->address, false) > 0 ||
           handed_count(sockets->handed, &item->address, true) > 0;
}

/* Nobody waits for an answer to junk. */
static int buffer_of(const struct bootnode_config *config, enum lane lane) {
    int size = (int)config->receive_buffer;
    return lane == LANE_JUNK && size > JUNK_BUFFER ? JUNK_BUFFER : size;
}

/* Where there is but one address, nobody has to be told to which a datagram came: that costs 4 % of a heartbeat. */
static struct udp_options options_of(const struct socket_groups *sockets, const struct listening *item,
                                     enum lane lane) {
    return (struct udp_options){.reuse_port = true,
                                .packet_info = address_is_unspecified(&item->address),
                                .ipv6_alone = item->ipv6_alone,
                                .not_here_yet = item->missing,
                                .receive_buffer = buffer_of(sockets->config, lane)};
}

/* --- New groups --- */

/* Where `listen` leaves the port to the kernel, the first socket's port is everybody's; `bound` is what came of it. */
static int open_one(struct socket_groups *sockets, size_t listener, const struct handed_place *place,
                    const struct listening *item, struct why *why) {
    const struct udp_options options = options_of(sockets, item, place->lane);
    int socket = udp_open(&sockets->bound[listener], &options, why);
    if (socket < 0) return socket;
    (void)udp_bound(socket, &sockets->bound[listener]);
    sockets->descriptors[listener][place->worker][place->lane] = socket;
    return 0;
}

static int open_lane(struct socket_groups *sockets, size_t listener, enum lane lane, const struct listening *item,
                     struct why *why) {
    int error = 0;
    for (size_t i = 0; i < sockets->worker_count && error == 0; i++)
        error = open_one(sockets, listener, &(struct handed_place){lane, i, sockets->worker_count}, item, why);
    return error;
}

/* For the group that `socket` belongs to; where that does not work, all come by LANE_SESSION. */
static bool steer(struct socket_groups *sockets, int socket) {
    int error = steering_attach(socket, sockets->worker_count, (uint8_t)sockets->config->node_id);
    if (error == 0) return true;
    sockets->steered = false;
    log_warning(AREA, "packets are not steered, so that a flood may cost heartbeats: %s", strerror(-error));
    return false;
}

/* In the order that steering relies on. The program comes before the sockets of the other lanes: without it they must
 * not be there. */
static int open_new(struct socket_groups *sockets, size_t listener, const struct listening *item, struct why *why) {
    int error = open_lane(sockets, listener, LANE_SESSION, item, why);
    if (error != 0 || !steer(sockets, sockets->descriptors[listener][0][LANE_SESSION])) return error;
    for (enum lane lane = LANE_SESSION + 1; lane < LANE_COUNT && error == 0; lane++)
        error = open_lane(sockets, listener, lane, item, why);
    return error;
}

/* --- Groups that were kept for us (handed.h) --- */

static int adopt_kept(struct socket_groups *sockets, size_t listener, const struct listening *item) {
    int error = 0;
    for (size_t i = 0; i < sockets->worker_count; i++) {
        for (enum lane lane = 0; lane < LANE_COUNT && error == 0; lane++) {
            const struct handed_place place = {lane, i, sockets->worker_count};
            const struct udp_options options = options_of(sockets, item, lane);
            int socket = handed_take_place(sockets->handed, &item->address, &place);
            sockets->descriptors[listener][i][lane] = socket;
            error = udp_adopt(socket, &options);
        }
    }
    if (error == 0) (void)steer(sockets, sockets->descriptors[listener][0][LANE_SESSION]);
    return error;
}

/* Those that were kept do not make a group for our workers: it has to be made anew, and meanwhile nobody shall be
 * refused. So one of them stays, the only one of its group, until the new ones are there. When it is closed, the kernel
 * moves the last socket of the group to its place, which is the first (reuseport_detach_sock in
 * net/core/sock_reuseport.c): therefore what belongs to the first place is opened last. */
static int open_in_place_of(struct socket_groups *sockets, size_t listener, int guard, const struct listening *item,
                            struct why *why) {
    const size_t workers = sockets->worker_count;
    const size_t count = steer(sockets, guard) ? workers * LANE_COUNT : workers;
    int error = 0;
    for (size_t i = 1; i <= count && error == 0; i++) {
        const size_t index = i % count;
        const struct handed_place place = {(enum lane)(index / workers), index % workers, workers};
        error = open_one(sockets, listener, &place, item, why);
    }
    close(guard);
    return error;
}

static void close_group(struct socket_groups *sockets, size_t listener) {
    int left[LANE_COUNT];
    for (size_t i = 0; i < sockets->worker_count; i++) {
        socket_groups_take(sockets, listener, i, left);
        for (enum lane lane = 0; lane < LANE_COUNT; lane++)
            if (left[lane] >= 0) close(left[lane]);
    }
}

/* Another user's group is none that we may join. */
static int replace_kept(struct socket_groups *sockets, size_t listener, const struct listening *item, struct why *why) {
    char text[ADDRESS_TEXT_SIZE];
    size_t count = handed_count(sockets->handed, &item->address, true);
    int guard = handed_take(sockets->handed, &item->address, true), other;
    log_info(AREA, "%zu sockets that were kept for %s do not suit %zu workers: what waited in them is lost", count,
             address_format(&item->address, text), sockets->worker_count);
    while ((other = handed_take(sockets->handed, &item->address, true)) >= 0) close(other);
    if (open_in_place_of(sockets, listener, guard, item, why) == 0) return 0;
    close_group(sockets, listener);
    return open_new(sockets, listener, item, why);
}

/* --- Sockets that the service manager bound (handed.h) --- */

/* As many as a group has: they are one, in the order in which they came. */
static int adopt_group(struct socket_groups *sockets, size_t listener, const struct listening *item) {
    int error = 0;
    for (size_t i = 0; i < sockets->worker_count * LANE_COUNT && error == 0; i++) {
        const enum lane lane = (enum lane)(i / sockets->worker_count);
        const struct udp_options options = options_of(sockets, item, lane);
        int socket = handed_take(sockets->handed, &item->address, false);
        sockets->descriptors[listener][i % sockets->worker_count][lane] = socket;
        error = udp_adopt(socket, &options);
    }
    if (error == 0) (void)steer(sockets, sockets->descriptors[listener][0][LANE_SESSION]);
    return error;
}

/* Fewer than there are workers: these share them, and whoever has time takes what comes. */
static int adopt_shared(struct socket_groups *sockets, size_t listener, const struct listening *item, size_t count) {
    const struct udp_options options = options_of(sockets, item, LANE_SESSION);
    int error = 0;
    for (size_t i = 0; i < sockets->worker_count && error == 0; i++) {
        int *out = &sockets->descriptors[listener][i][LANE_SESSION];
        *out = i < count ? handed_take(sockets->handed, &item->address, false)
                         : fcntl(sockets->descriptors[listener][i % count][LANE_SESSION], F_DUPFD_CLOEXEC, 0);
        error = *out < 0 ? -errno : udp_adopt(*out, &options);
    }
    sockets->steered = false;
    return error;
}

static int adopt_handed(struct socket_groups *sockets, size_t listener, const struct listening *item, size_t count,
                        struct why *why) {
    const size_t workers = sockets->worker_count, whole = workers * LANE_COUNT;
    char text[ADDRESS_TEXT_SIZE];
    int error;
    address_format(&item->address, text);
    sockets->foreign[listener] = true;
    if (count > workers && count != whole) {
        (void)why_fail(why, "%zu sockets were handed over for %s, expected 1 to %zu, or %zu for %zu workers", count,
                       text, workers, whole, workers);
        return -EINVAL;
    }
    if (count == whole) {
        error = adopt_group(sockets, listener, item);
    } else {
        log_info(AREA, "%zu handed over for %s (LISTEN_FDS), shared by %zu workers; %zu of them let packets be steered",
                 count, text, workers, whole);
        error = adopt_shared(sockets, listener, item, count);
    }
    if (error != 0) (void)why_fail(why, "a socket that was handed over for %s: %s", text, strerror(-error));
    return error;
}

/* --- Any group --- */

static int open_group(struct socket_groups *sockets, const struct listening *item, struct why *why) {
    size_t listener = sockets->bound_count++;
    size_t handed = handed_count(sockets->handed, &item->address, false);
    size_t kept = handed_count(sockets->handed, &item->address, true);
    sockets->bound[listener] = item->address;
    if (handed > 0) return adopt_handed(sockets, listener, item, handed, why);
    if (kept == 0) return open_new(sockets, listener, item, why);
    if (!handed_is_whole(sockets->handed, &item->address, sockets->worker_count) ||
        adopt_kept(sockets, listener, item) != 0)
        return replace_kept(sockets, listener, item, why);
    return 0;
}

/* The listener of what is bound already, or a new one. */
static int open_corner(struct socket_groups *sockets, unsigned corner, struct why *why) {
    struct stun_alternate *stun = &sockets->stun;
    struct listening wanted = {.address = stun_alternate_bound(stun, corner)};
    size_t found = 0;
    while (found < sockets->bound_count && !address_equal(&sockets->bound[found], &wanted.address)) found++;
    stun->listeners[corner] = (uint8_t)found;
    if (found < sockets->bound_count) return 0;
    int error = is_bound_already(sockets, &wanted) ? 0 : try_to_listen(&wanted, why);
    return error != 0 ? error : open_group(sockets, &wanted, why);
}

/* True also where nobody wants one. */
static bool open_stun_alternate(struct socket_groups *sockets) {
    const struct ini_address_list *list = &sockets->config->stun_alternate;
    char text[ADDRESS_TEXT_SIZE];
    struct why why;
    if (list->count == 0) return true;
    const struct address *other = &list->items[0];
    address_format(other, text);
    if (!stun_alternate_choose(sockets->bound, sockets->bound_count, other, &sockets->stun)) {
        log_error(AREA, "stun_alternate %s: expected another address and another port than those listened on", text);
        return false;
    }
    if (address_is_unspecified(&sockets->stun.here) && !listening_is_here(other))
        log_warning(AREA, "stun_alternate %s: this machine has no such address now", text);
    int error = 0;
    for (unsigned corner = 1; corner < STUN_CORNERS && error == 0; corner++) error = open_corner(sockets, corner, &why);
    if (error != 0) log_error(AREA, "stun_alternate %s: %s", text, why.text);
    if (error == 0) log_info(AREA, "STUN tells how NATs behave, with %s", text);
    return error == 0;
}

/* Before anything is listened on, lest an address of ours takes the port of [::] or 0.0.0.0 away. False with the reason
 * in the log; what serves nothing is left out. */
static bool try_all(const struct socket_groups *sockets, const struct ini_address_list *list, struct listening *items,
                    size_t *count) {
    size_t kept = 0;
    struct why why;
    for (size_t i = 0; i < *count; i++) {
        struct listening item = items[i];
        if (is_bound_already(sockets, &item)) {
            items[kept++] = item;
            continue;
        }
        int error = try_to_listen(&item, &why);
        bool no_ipv6 = address_is_unspecified(&item.address) && (error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL);
        if (no_ipv6 && !listening_without_ipv6(list, &item)) continue;
        if (no_ipv6) error = try_to_listen(&item, &why);
        if (error != 0) {
            log_error(AREA, "%s", why.text);
            return false;
        }
        items[kept++] = item;
    }
    *count = kept;
    return true;
}

/* The kernel gives no more than net.core.rmem_max to who has no CAP_NET_ADMIN, and does not say so. */
static void warn_of_small_buffers(const struct socket_groups *sockets) {
    uint32_t wanted = (uint32_t)sockets->config->receive_buffer;
    struct udp_memory memory;
    if (wanted == 0 || sockets->bound_count == 0) return;
    if (!udp_memory(sockets->descriptors[0][0][LANE_SESSION], &memory) || memory.limit / 2 >= wanted) return;
    log_warning(
        AREA,
        "receive_buffer = %u: the kernel gives %u bytes to each socket; expected net.core.rmem_max (sysctl) to be "
        "%u at least, or CAP_NET_ADMIN at the start",
        wanted, memory.limit / 2, wanted);
}

/* The addresses of the service manager's own sockets, each once; none: what `listen` says. False: too many. */
static bool list_handed(const struct handed *handed, struct ini_address_list *out) {
    out->count = 0;
    for (size_t i = 0; i < handed->count; i++) {
        size_t known = 0;
        if (handed->items[i].kept) continue;
        while (known < out->count && !address_equal(&out->items[known], &handed->items[i].bound)) known++;
        if (known == INI_ADDRESS_LIST_MAX) return false;
        out->items[known] = handed->items[i].bound;
        if (known == out->count) out->count++;
    }
    return true;
}

bool socket_groups_open(struct socket_groups *sockets, const struct bootnode_config *config, size_t worker_count,
                        struct handed *handed) {
    struct ini_address_list list;
    struct listening items[INI_ADDRESS_LIST_MAX];
    struct why why;
    *sockets =
        (struct socket_groups){.config = config, .worker_count = worker_count, .handed = handed, .steered = true};
    memset(sockets->descriptors, -1, sizeof sockets->descriptors);
    if (!list_handed(handed, &list)) {
        log_error(AREA, "LISTEN_FDS: expected sockets of %d addresses at most", INI_ADDRESS_LIST_MAX);
        return false;
    }
    if (list.count == 0) list = config->listen;
    size_t count = listening_plan(&list, items);
    if (!try_all(sockets, &list, items, &count)) return false;
    for (size_t i = 0; i < count; i++) {
        if (open_group(sockets, &items[i], &why) != 0) {
            log_error(AREA, "%s", why.text);
            return false;
        }
    }
    sockets->listening_count = count;
    warn_of_small_buffers(sockets);
    return open_stun_alternate(sockets);
}

void socket_groups_take(struct socket_groups *sockets, size_t listener, size_t worker, int out[static LANE_COUNT]) {
    int *lanes = sockets->descriptors[listener][worker];
    memcpy(out, lanes, LANE_COUNT * sizeof *out);
    memset(lanes, -1, LANE_COUNT * sizeof *lanes);
}

void socket_groups_close(struct socket_groups *sockets) {
    for (size_t i = 0; i < sockets->bound_count; i++) close_group(sockets, i);
}

void socket_groups_name(const struct socket_groups *sockets, char *out, size_t size) {
    char text[ADDRESS_TEXT_SIZE];
    size_t used = 0;
    *out = '\0';
    for (size_t i = 0; i < sockets->listening_count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "",
                                 address_format(&sockets->bound[i], text));
}

void socket_groups_warn_of_alternate(const struct socket_groups *sockets, const struct public_addresses *outside) {
    char text[ADDRESS_TEXT_SIZE];
    if (sockets->config->stun_alternate.count == 0) return;
    const struct address *other = &sockets->config->stun_alternate.items[0];
    const struct address outer = public_address_of_local(outside, other);
    if (address_classify(&outer) != ADDRESS_PRIVATE) return;
    log_warning(AREA, "stun_alternate %s is private, expected its public one in public_address if clients are outside",
                address_format(other, text));
}
