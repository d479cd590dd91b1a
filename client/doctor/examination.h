/* What is found out about the network in one family of addresses, by asking one bootnode, its other address if it has
 * one, and a second bootnode if there is one (RFC 5780 §4). Pure: times and packets in, packets and findings out.
 *
 * A bootnode behind a 1:1 NAT tells a second address that is private, so cannot be asked here. Then its second port at
 * the address that answers tells what hangs on ports, and an answer that gets in from elsewhere shows the public form
 * of the second address, which is asked from then on.
 *
 * Two sockets ask. What the first one sends to (everything) tells how the NAT maps; the second one sends to the
 * bootnode alone, so that whoever else reaches it shows how the NAT filters. Each question is a probe, planned as soon
 * as those it builds upon are answered; all that can go on at the same time does. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/network/stun_query.h"
#include "common/attributes.h"

#define EXAMINATION_SERVERS 8
#define EXAMINATION_PINGS 5
#define EXAMINATION_PING_EVERY_MS 100
#define EXAMINATION_PING_WAIT_MS 1500
#define EXAMINATION_SOCKETS 2 /* 0 maps, 1 filters */

/* RFC 4787 §4.1 and §5, as far as it could be told. */
enum behaviour {
    BEHAVIOUR_UNKNOWN,
    BEHAVIOUR_INDEPENDENT,
    BEHAVIOUR_ADDRESS,          /* address-dependent */
    BEHAVIOUR_ADDRESS_AND_PORT, /* address and port-dependent */
    BEHAVIOUR_DEPENDENT,        /* one of the last two */
    BEHAVIOUR_NOT_PORT,         /* endpoint-independent, or address-dependent */
};
enum answer { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };

struct findings {
    bool present;          /* the bootnode has an address of this family, and so do we */
    bool named;            /* the bootnode has one, be it that we do not; told by the caller, as is */
    bool near;             /* whether `mapped` is on a network of ours */
    struct address server; /* that was asked; */
    unsigned asked, answered;
    uint64_t rtt_best_ms, rtt_worst_ms;
    bool other_address;       /* it has another address, */
    struct address hidden;    /* or tells one that cannot be asked from here; port 0: it does not */
    struct address local;     /* of the first socket; port 0: not known */
    struct address mapped;    /* as the bootnode sees it; port 0: it does not */
    enum answer translated;   /* is there a NAT? */
    enum behaviour mapping;   /* independent, too, where nothing is translated */
    enum behaviour filtering; /* by a NAT or a firewall */
    enum answer hairpinning;  /* unknown, too, where nothing is translated */
    bool clock_known;         /* of the bootnode, against ours: */
    int64_t clock_offset_ms;  /* above 0: ours is slow */
    uint64_t clock_error_ms;  /* at most so much either way */
};

enum probe {
    PROBE_PING,
    PROBE_SECOND_SOCKET = PROBE_PING + EXAMINATION_PINGS,
    PROBE_OTHER_PORT,
    PROBE_OTHER_ADDRESS,
    PROBE_OTHER_BOTH,
    PROBE_SECOND_SERVER,
    PROBE_FILTER_BOTH,
    PROBE_FILTER_PORT,
    PROBE_FILTER_SECOND_SERVER,
    PROBE_HAIRPIN_THERE,
    PROBE_HAIRPIN_BACK,
    PROBE_COUNT
};

struct probing {
    struct stun_query query;
    bool skipped;
    bool looped;       /* our own packet came back */
    uint16_t heard_on; /* the socket that the answer came to */
    uint64_t wall_ms;  /* when it did */
};

struct examination {
    struct address servers[EXAMINATION_SERVERS];
    size_t server_count, next;     /* those before `next` are or were `server` */
    bool again;                    /* nobody answered: all are asked for a second time */
    struct address server, second; /* port 0: none */
    struct address local;
    bool present;
    struct probing probes[PROBE_COUNT];
};

/* Asks the first server, or, when it is silent, the next, all of them twice; what comes behind and has another IP
 * serves as the second one. All are of one family. `local`: what our first socket is bound to on the way there (port 0:
 * not known). */
void examination_start(struct examination *examination, const struct address *servers, size_t count,
                       const struct address *local, uint64_t now);
/* The size of the next packet to send now, from which socket and where to; 0: nothing more for now. */
MUST_USE size_t examination_tick(struct examination *examination, uint64_t now, uint16_t *socket, struct address *to,
                                 uint8_t out[static STUN_REQUEST_MAX]);
/* NEVER: nothing is left to find out. */
uint64_t examination_due(const struct examination *examination);
/* True when the packet belonged to it. `wall_ms`: our clock now. */
bool examination_receive(struct examination *examination, uint16_t socket, const struct address *from,
                         const uint8_t *data, size_t size, uint64_t now, uint64_t wall_ms);
/* What was found out so far. */
void examination_findings(const struct examination *examination, struct findings *out);
/* The second socket's mapping; false when the bootnode did not tell. */
bool examination_second_mapping(const struct examination *examination, struct address *out);
