#include "bootnode/listening.h"

#include <errno.h>
#include <unistd.h>

#include "common/udp.h"

static const struct address ipv6_any, ipv4_any = {.ip = {[10] = 0xff, [11] = 0xff}};

static bool has_ipv4_any(const struct ini_address_list *list, uint16_t port) {
    for (size_t i = 0; i < list->count; i++)
        if (address_same_ip(&list->items[i], &ipv4_any) && list->items[i].port == port) return true;
    return false;
}

size_t listening_plan(const struct ini_address_list *list, struct listening out[static INI_ADDRESS_LIST_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        if (address_same_ip(&list->items[i], &ipv4_any)) out[count++] = (struct listening){.address = list->items[i]};
    for (size_t i = 0; i < list->count; i++) {
        const struct address *address = &list->items[i];
        if (address_same_ip(address, &ipv4_any)) continue;
        bool alone = address_same_ip(address, &ipv6_any) && has_ipv4_any(list, address->port);
        out[count++] = (struct listening){.address = *address, .ipv6_alone = alone};
    }
    return count;
}

bool listening_without_ipv6(const struct ini_address_list *list, struct listening *item) {
    if (has_ipv4_any(list, item->address.port)) return false;
    uint16_t port = item->address.port;
    *item = (struct listening){.address = ipv4_any};
    item->address.port = port;
    return true;
}

bool listening_is_here(const struct address *address) {
    struct address probe = *address;
    struct why why;
    probe.port = 0;
    int socket = udp_open(&probe, &(struct udp_options){.reuse_port = false}, &why);
    if (socket >= 0) close(socket);
    return socket != -EADDRNOTAVAIL;
}
