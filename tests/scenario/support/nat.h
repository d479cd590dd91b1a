/* A NAT in front of one host, as RFC 4787 sorts them. Pure; ports are libsodium's random numbers.
 *
 * A host has several sockets, by number; 0 is the one that `outside` is the mapping of. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"

#define NAT_FLOWS 4096

enum nat_kind {
    NAT_NONE,            /* a public address, no filter */
    NAT_FULL_CONE,       /* endpoint-independent mapping and filtering */
    NAT_RESTRICTED,      /* endpoint-independent mapping, address-dependent filtering */
    NAT_PORT_RESTRICTED, /* endpoint-independent mapping, address and port-dependent filtering */
    NAT_SYMMETRIC,       /* address and port-dependent mapping and filtering */
};

struct nat {
    enum nat_kind kind;
    struct address outside; /* the present mapping of a cone's socket 0; the address of a host without NAT */
    uint16_t next_port;
    struct {
        struct address remote;
        uint16_t socket; /* inside */
        uint16_t port;   /* ours, outside */
        uint64_t used;
    } flows[NAT_FLOWS];
    size_t flow_count;
};

void nat_init(struct nat *nat, enum nat_kind kind, const struct address *outside);
/* Forgets every mapping; the next one has another port, as after a new start of the router. */
void nat_rebind(struct nat *nat);
/* Where a packet from `socket` to `to` seems to come from. */
struct address nat_send(struct nat *nat, uint16_t socket, const struct address *to, uint64_t now);
/* Does a packet from `from` to our port `port` get in, and to which socket? */
bool nat_admits(const struct nat *nat, const struct address *from, uint16_t port, uint64_t now, uint16_t *socket);
