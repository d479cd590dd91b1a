#include "tests/scenario/support/nat.h"

#include <sodium.h>
#include <string.h>

#define NAT_MEMORY_MS 30000 /* the shortest that is common (Linux: unreplied UDP) */
#define NAT_PORT_FIRST 1024

void nat_init(struct nat *nat, enum nat_kind kind, const struct address *outside) {
    memset(nat, 0, sizeof *nat);
    nat->kind = kind;
    nat->outside = *outside;
    nat->next_port = (uint16_t)(outside->port + 1);
}

void nat_rebind(struct nat *nat) {
    nat->outside.port = nat->next_port++;
    nat->flow_count = 0;
}

static size_t flow_from(const struct nat *nat, uint16_t socket, const struct address *to) {
    size_t i = 0;
    while (i < nat->flow_count && !(nat->flows[i].socket == socket && address_equal(&nat->flows[i].remote, to))) i++;
    return i;
}

static bool port_is_free(const struct nat *nat, uint16_t port) {
    if (port == nat->outside.port) return false;
    for (size_t i = 0; i < nat->flow_count; i++)
        if (nat->flows[i].port == port) return false;
    return true;
}

/* As Linux does with `random`: of the whole range. */
static uint16_t random_port(const struct nat *nat) {
    uint16_t port;
    do port = (uint16_t)(NAT_PORT_FIRST + randombytes_uniform(UINT16_MAX + 1 - NAT_PORT_FIRST));
    while (!port_is_free(nat, port));
    return port;
}

/* A cone has one mapping a socket. */
static uint16_t port_for(const struct nat *nat, uint16_t socket) {
    if (nat->kind == NAT_SYMMETRIC) return random_port(nat);
    if (socket == 0) return nat->outside.port;
    for (size_t i = 0; i < nat->flow_count; i++)
        if (nat->flows[i].socket == socket) return nat->flows[i].port;
    return random_port(nat);
}

/* A new flow; the one that was not used for longest makes room. */
static size_t flow_add(struct nat *nat, uint16_t socket, const struct address *to) {
    uint16_t port = port_for(nat, socket);
    size_t at = nat->flow_count;
    if (at < NAT_FLOWS) {
        nat->flow_count++;
    } else {
        at = 0;
        for (size_t i = 1; i < NAT_FLOWS; i++)
            if (nat->flows[i].used < nat->flows[at].used) at = i;
    }
    nat->flows[at].remote = *to;
    nat->flows[at].socket = socket;
    nat->flows[at].port = port;
    return at;
}

struct address nat_send(struct nat *nat, uint16_t socket, const struct address *to, uint64_t now) {
    struct address from = nat->outside;
    if (nat->kind == NAT_NONE) {
        from.port = (uint16_t)(from.port + socket);
        return from;
    }
    size_t at = flow_from(nat, socket, to);
    if (at == nat->flow_count) at = flow_add(nat, socket, to);
    nat->flows[at].used = now;
    from.port = nat->flows[at].port;
    return from;
}

static bool flow_admits(const struct nat *nat, size_t at, const struct address *from) {
    switch (nat->kind) {
    case NAT_FULL_CONE: return true;
    case NAT_RESTRICTED: return address_same_ip(&nat->flows[at].remote, from);
    default: return address_equal(&nat->flows[at].remote, from);
    }
}

bool nat_admits(const struct nat *nat, const struct address *from, uint16_t port, uint64_t now, uint16_t *socket) {
    *socket = (uint16_t)(port - nat->outside.port);
    if (nat->kind == NAT_NONE) return true;
    for (size_t i = 0; i < nat->flow_count; i++) {
        *socket = nat->flows[i].socket;
        if (nat->flows[i].port == port && now - nat->flows[i].used < NAT_MEMORY_MS && flow_admits(nat, i, from))
            return true;
    }
    return false;
}
