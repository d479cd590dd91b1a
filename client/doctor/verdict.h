/* What the findings mean to somebody who wants to chat: the kind of NAT, one sentence, an exit status. Tables. */
#pragma once

#include <stdbool.h>

#include "client/doctor/examination.h"
#include "client/doctor/homes_examination.h"

/* Other numbers than the client's own, but for the first three. */
#define DOCTOR_STATUS_DIRECT 0 /* direct with everyone, most likely */
#define DOCTOR_STATUS_FAILED 1 /* the machine: no socket, no name server that knows a bootnode */
#define DOCTOR_STATUS_USAGE 2
#define DOCTOR_STATUS_HELPED 5  /* some only by probing or through a relay */
#define DOCTOR_STATUS_UNSURE 6  /* cannot tell */
#define DOCTOR_STATUS_BLOCKED 7 /* no bootnode answers, or no home in its cluster */

/* As people know them; the last ones are what can be told when not everything can. */
enum nat_kind_named {
    KIND_OPEN,
    KIND_FULL_CONE,
    KIND_RESTRICTED,
    KIND_PORT_RESTRICTED,
    KIND_SYMMETRIC,
    KIND_FIREWALL_ADDRESS, /* a public address behind a filter */
    KIND_FIREWALL_PORT,
    KIND_CONE_OPEN,        /* full-cone or restricted */
    KIND_OPEN_OR_FIREWALL, /* a public address, and a filter by address or none */
    KIND_CONE_FILTERED,    /* restricted or port-restricted */
    KIND_CONE,             /* any of the three cones */
    KIND_PUBLIC,           /* a public address; the filter is not known */
    KIND_HIDDEN,           /* what the bootnode sees is none of us */
    KIND_UNKNOWN,
    KIND_BLOCKED,
    KIND_COUNT
};

struct verdict {
    const char *kind; /* "port-restricted" */
    const char *sentence;
    int status;
};

/* The bootnode sees us at a private address that is neither ours nor our network's, where no NAT of ours can have given
 * it: a proxy in front of the bootnode hides its clients, as docker's userland-proxy does. */
bool verdict_is_hidden(const struct findings *findings);
enum nat_kind_named verdict_kind(const struct findings *findings);
/* `mapped_port`: the router opens a port when asked to. */
struct verdict verdict_of(enum nat_kind_named kind, bool mapped_port);
/* What it means where a bootnode is a cluster; NULL: it is none. */
const char *verdict_of_homes(enum homes_kind kind);
const char *behaviour_name(enum behaviour behaviour);
