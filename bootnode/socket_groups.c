#include "bootnode/socket_groups.h"

#include <errno.h>
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

/* Nobody waits for an answer to junk. */
static int buffer_of(const struct bootnode_config *config, enum lane lane) {
    int size = (int)config->receive_buffer;
    return lane == LANE_JUNK && size > JUNK_BUFFER ? JUNK_BUFFER : size;
}

/* Where `listen` leaves the port to the kernel, the first socket's port is everybody's; `bound` is what came of it. */
static int open_lane(struct socket_groups *sockets, size_t listener, enum lane lane, const struct listening *item,
                     struct why *why) {
    /* Where there is but one address, nobody has to be told to which a datagram came: that costs 4 % of a heartbeat. */
    const struct udp_options options = {.reuse_port = true,
                                        .packet_info = address_is_unspecified(&item->address),
                                        .ipv6_alone = item->ipv6_alone,
                                        .not_here_yet = item->missing,
                                        .receive_buffer = buffer_of(sockets->config, lane)};
    for (size_t i = 0; i < sockets->worker_count; i++) {
        int socket = udp_open(&sockets->bound[listener], &options, why);
        if (socket < 0) return socket;
        (void)udp_bound(socket, &sockets->bound[listener]);
        sockets->descriptors[listener][i][lane] = socket;
    }
    return 0;
}

/* In the order that steering relies on. The program comes before the sockets of the other lanes: without it they must
 * not be there. */
static int open_group(struct socket_groups *sockets, const struct listening *item, struct why *why) {
    size_t listener = sockets->bound_count++;
    sockets->bound[listener] = item->address;
    int error = open_lane(sockets, listener, LANE_SESSION, item, why);
    if (error != 0) return error;
    int steered = steering_attach(sockets->descriptors[listener][0][LANE_SESSION], sockets->worker_count,
                                  (uint8_t)sockets->config->node_id);
    if (steered != 0) {
        sockets->steered = false;
        log_warning(AREA, "packets are not steered, so that a flood may cost heartbeats: %s", strerror(-steered));
        return 0;
    }
    for (enum lane lane = LANE_SESSION + 1; lane < LANE_COUNT && error == 0; lane++)
        error = open_lane(sockets, listener, lane, item, why);
    return error;
}

/* The listener of what is bound already, or a new one. */
static int open_corner(struct socket_groups *sockets, unsigned corner, struct why *why) {
    struct stun_alternate *stun = &sockets->stun;
    struct listening wanted = {.address = stun_alternate_bound(stun, corner)};
    size_t found = 0;
    while (found < sockets->bound_count && !address_equal(&sockets->bound[found], &wanted.address)) found++;
    stun->listeners[corner] = (uint8_t)found;
    if (found < sockets->bound_count) return 0;
    int error = try_to_listen(&wanted, why);
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
static bool try_all(const struct ini_address_list *list, struct listening *items, size_t *count) {
    size_t kept = 0;
    struct why why;
    for (size_t i = 0; i < *count; i++) {
        struct listening item = items[i];
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

bool socket_groups_open(struct socket_groups *sockets, const struct bootnode_config *config, size_t worker_count) {
    const struct ini_address_list *list = &config->listen;
    struct listening items[INI_ADDRESS_LIST_MAX];
    struct why why;
    size_t count = listening_plan(list, items);
    *sockets = (struct socket_groups){.config = config, .worker_count = worker_count, .steered = true};
    memset(sockets->descriptors, -1, sizeof sockets->descriptors);
    if (!try_all(list, items, &count)) return false;
    for (size_t i = 0; i < count; i++) {
        if (open_group(sockets, &items[i], &why) != 0) {
            log_error(AREA, "%s", why.text);
            return false;
        }
    }
    sockets->listening_count = count;
    return open_stun_alternate(sockets);
}

void socket_groups_take(struct socket_groups *sockets, size_t listener, size_t worker, int out[static LANE_COUNT]) {
    int *lanes = sockets->descriptors[listener][worker];
    memcpy(out, lanes, LANE_COUNT * sizeof *out);
    memset(lanes, -1, LANE_COUNT * sizeof *lanes);
}

void socket_groups_close(struct socket_groups *sockets) {
    int left[LANE_COUNT];
    for (size_t i = 0; i < sockets->bound_count; i++) {
        for (size_t j = 0; j < sockets->worker_count; j++) {
            socket_groups_take(sockets, i, j, left);
            for (enum lane lane = 0; lane < LANE_COUNT; lane++)
                if (left[lane] >= 0) close(left[lane]);
        }
    }
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
