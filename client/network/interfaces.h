/* This machine's interfaces, their addresses, and which of them lead out, as rtnetlink(7) tells them. */
#pragma once

#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"

#define INTERFACE_NO_ROUTE UINT32_MAX

/* What leads to whom, best first. */
enum interface_reach {
    INTERFACE_OUT,    /* carries a default route */
    INTERFACE_LINK,   /* a network card, or what looks like one: a VLAN, a bond, a container's end of a veth pair */
    INTERFACE_TUNNEL, /* to the members of a VPN */
    INTERFACE_INSIDE, /* a bridge or a dummy, or what is plugged into a bridge: mostly to what is on this machine */
};

struct interface {
    uint32_t index;
    enum interface_reach reach;
    uint32_t metric; /* the least of its default routes; INTERFACE_NO_ROUTE: it has none */
    bool running;    /* up, with a carrier */
    bool loopback;
};

struct interface_address {
    uint32_t interface;     /* its index */
    struct address address; /* port 0, with its scope */
    bool ready;             /* not of those that may be another's still, or soon not ours */
    bool temporary;         /* RFC 8981: preferred to one that tells who we are */
};

struct interfaces {
    struct interface *list; /* in the kernel's order, which has the hardware before what was put upon it */
    size_t count;
    struct interface_address *addresses; /* in the kernel's order */
    size_t address_count;
};

/* Asks the kernel. What it does not tell is missing. */
void interfaces_read(struct interfaces *out);
void interfaces_clear(struct interfaces *interfaces);
/* Takes what one datagram of a dump says: links, then addresses, then routes. Its bytes are the kernel's, but nothing
 * outside of `size` is read. False once the dump is over. */
MUST_USE bool interfaces_learn(struct interfaces *interfaces, const void *messages, size_t size);
/* The interface with this index; NULL: none. */
const struct interface *interfaces_find(const struct interfaces *interfaces, uint32_t index);
/* Does this route lead wherever no other does? Also half of the world, as VPNs have it, in any table of ours. */
bool interfaces_is_default_route(const struct rtmsg *route);
