/* How a gateway is asked to map a UDP port: NAT-PMP, UPnP, or what a test puts in their place. Calls block; they are
 * made by the thread of port_mapping.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/address.h"

struct port_request {
    uint16_t port;     /* ours */
    uint16_t external; /* the gateway's, which we would like to have */
    uint32_t lease_s;  /* for so long */
};

struct port_grant {
    struct address external; /* whatever the gateway says: not yet judged */
    uint32_t lease_s;
};

enum port_answer {
    PORT_GRANTED,
    PORT_TAKEN, /* ask for another external port */
    PORT_FAILED /* refused, or nobody answers */
};

struct port_protocol {
    const char *name;
    void *context;
    enum port_answer (*map)(void *context, const struct port_request *request, struct port_grant *out);
    /* Best effort. */
    void (*unmap)(void *context, uint16_t port, uint16_t external);
};
