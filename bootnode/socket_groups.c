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

/* The group's sockets in the order of the workers, which steering relies on. Where `listen` leaves the port to the
 * kernel, the first socket's port is everybody's; `bound` is what came of it. */
static int open_group(struct socket_groups *sockets, const struct listening *item, struct why *why) {
    const struct udp_options options = {.reuse_port = true,
                                        .packet_info = true,
                                        .ipv6_alone = item->ipv6_alone,
                                        .not_here_yet = item->missing,
                                        .receive_buffer = (int)sockets->config->receive_buffer};
    size_t listener = sockets->bound_count++;
    struct address *bound = &sockets->bound[listener];
    int socket = -1;
    *bound = item->address;
    for (size_t i = 0; i < sockets->worker_count; i++) {
        socket = udp_open(bound, &options, why);
        if (socket < 0) return socket;
        (void)udp_bound(socket, bound);
        sockets->descriptors[listener][i] = socket;
    }
    int steered = steering_attach(socket, sockets->worker_count);
    if (steered != 0) log_warning(AREA, "packets are not steered to their workers: %s", strerror(-steered));
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
    *sockets = (struct socket_groups){.config = config, .worker_count = worker_count};
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

int socket_groups_take(struct socket_groups *sockets, size_t listener, size_t worker) {
    int taken = sockets->descriptors[listener][worker];
    sockets->descriptors[listener][worker] = -1;
    return taken;
}

void socket_groups_close(struct socket_groups *sockets) {
    for (size_t i = 0; i < sockets->bound_count; i++) {
        for (size_t j = 0; j < sockets->worker_count; j++) {
            int left = socket_groups_take(sockets, i, j);
            if (left >= 0) close(left);
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
