/* What the client and its helper process say to each other: one request, one answer, on a connection of their own.
 *
 * Neither trusts the other. The helper parses what strangers send, and may be theirs by now: so the client takes an
 * answer only if it is the one to that request in each byte, no longer and no larger than this header says, and nothing
 * in it is text that could do more than be read. Whatever else comes is no answer. What an address is good for, the
 * client judges as it judges what a name server or a gateway says. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/helper/protocol.h"
#include "client/keys/bootnodes.h"
#include "common/address.h"
#include "common/attributes.h"
#include "common/ini_table.h"

/* The ways to ask a gateway, in the order in which they are tried. */
enum helper_protocol { HELPER_NATPMP, HELPER_UPNP, HELPER_PROTOCOLS };

enum helper_request_type {
    HELPER_LOOK_UP,  /* name, family, port */
    HELPER_MAP,      /* protocol, port, external, lease_s */
    HELPER_UNMAP,    /* protocol, port, external */
    HELPER_EXTERNAL, /* protocol: which address has the gateway? */
    HELPER_REQUEST_TYPES
};

struct helper_request {
    enum helper_request_type type;
    char name[INI_TEXT_SIZE]; /* HOST or HOST:PORT */
    int family;               /* AF_UNSPEC, AF_INET or AF_INET6 */
    enum helper_protocol protocol;
    uint16_t port;     /* ours; of a name: where it has none */
    uint16_t external; /* the gateway's */
    uint32_t lease_s;
};

#define HELPER_ERROR_SIZE 200

struct helper_answer {
    struct address addresses[BOOTNODE_ADDRESSES]; /* HELPER_LOOK_UP: of the family asked for, and different; no ports */
    size_t count;
    char error[HELPER_ERROR_SIZE]; /* why there are none: printable ASCII */
    enum port_answer port;         /* HELPER_MAP */
    struct port_grant grant;       /* PORT_GRANTED: IPv4, a port that is none of 0 */
    bool found;                    /* HELPER_EXTERNAL */
    struct in_addr external;       /* found */
};

#define HELPER_REQUEST_MAX (12 + INI_TEXT_SIZE)
#define HELPER_ANSWER_MAX (3 + HELPER_ERROR_SIZE)

/* Return the size, 0 where it does not fit. Of an error's text, what is no printable ASCII becomes '?'. */
MUST_USE size_t helper_request_encode(const struct helper_request *request, uint8_t *out, size_t capacity);
MUST_USE size_t helper_answer_encode(const struct helper_request *request, const struct helper_answer *answer,
                                     uint8_t *out, size_t capacity);
/* False for what is none; `out` is zeroed then. */
MUST_USE bool helper_request_decode(const uint8_t *data, size_t size, struct helper_request *out);
MUST_USE bool helper_answer_decode(const struct helper_request *request, const uint8_t *data, size_t size,
                                   struct helper_answer *out);
