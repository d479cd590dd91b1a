/* Whether a bootnode is a cluster, and which of the nodes that are homes of a room (PROTOCOL.md §2.6) can be reached
 * from here, found out as a client would: HELLO to each address of the bootnode's name, the entries; to each home that
 * one of them names; and to those that these name in turn, as many redirects away as a client follows. Pure: times and
 * packets in, packets and findings out.
 *
 * Each address of each node is greeted once, GREETING_TRIES times at most, and there are at most HOMES_NODES of them
 * with HOMES_PLACES addresses each: so nodes that name each other end it as any other do, and who lies has no flood
 * sent. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/doctor/greeting.h"
#include "client/rendezvous/doors.h"
#include "client/rendezvous/homing.h"
#include "common/attributes.h"

#define HOMES_NODES HOMING_MAX
#define HOMES_PLACES (2 * HOME_ADDRESSES_MAX) /* of a node: others may name it elsewhere */

/* How it is with one address of a node, or of all of them: the best. */
enum homes_health {
    HOMES_ANSWERS,       /* as that node, and takes the room; or, next in rank, would */
    HOMES_IS_NONE,       /* as that node, which says that it is no home */
    HOMES_REFUSES,       /* for a reason that `greeting` has */
    HOMES_IN_NO_CLUSTER, /* whoever answers there is no node, */
    HOMES_IS_OTHER,      /* or another one, */
    HOMES_HAS_OTHER_KEY, /* or none that clients believe: they know the entry's key */
    HOMES_ARE_SILENT,
    HOMES_HAVE_NO_WAY, /* we have no address of its family */
    HOMES_UNFIT,       /* no client goes to such an address (homing_admits) */
};

struct homes_place {
    struct greeting greeting; /* not used: HOMES_HAVE_NO_WAY or HOMES_UNFIT, which `asked` says */
    enum homes_health asked;  /* HOMES_ANSWERS: it is */
};

struct homes_node {
    uint8_t node;
    uint8_t depth;   /* redirects to it */
    bool home;       /* it was named one; else next in rank */
    uint8_t key[32]; /* of who named it first */
    size_t place_count;
    struct homes_place places[HOMES_PLACES];
};

/* What our side is like: our first socket's address on the way to each family; port 0: there is no way. */
struct homes_ways {
    struct address ipv4, ipv6;
};

struct homes_examination {
    const char *name; /* the bootnode's */
    uint16_t bucket;
    struct homes_ways ways;
    struct doors doors; /* the entries, as homing_admits wants them */
    size_t entry_count, node_count;
    struct greeting entries[BOOTNODE_ADDRESSES]; /* not used: there is no way to it */
    struct homes_node nodes[HOMES_NODES];
};

/* What it comes to. */
enum homes_kind {
    HOMES_KIND_NONE,   /* no cluster */
    HOMES_KIND_ALL,    /* all homes answer, two or more */
    HOMES_KIND_SINGLE, /* the room has one home alone, which answers */
    HOMES_KIND_SOME,   /* two or more answer, not all */
    HOMES_KIND_ONE,    /* one alone does */
    HOMES_KIND_LENT,   /* none does, but one that is next in rank */
    HOMES_KIND_DEAD,   /* none does at all */
    HOMES_KIND_COUNT
};

struct homes_findings {
    enum homes_kind kind;
    unsigned homes, answering; /* a node that says that it is none does not count */
    bool agree;                /* all that answered with the entries' key name the same homes */
    bool same_key;             /* and nobody answered with another one */
};

/* Of one bootnode: `name` outlives it, and there are at most BOOTNODE_ADDRESSES. */
void homes_examination_start(struct homes_examination *examination, const char *name, const struct address *entries,
                             size_t count, uint16_t bucket, const struct homes_ways *ways, uint64_t now);
/* The size of the next packet to send now, and where to; 0: nothing more for now. */
MUST_USE size_t homes_examination_tick(struct homes_examination *examination, uint64_t now, struct address *to,
                                       uint8_t out[static HELLO_SIZE]);
/* NEVER: nothing is left to find out. */
uint64_t homes_examination_due(const struct homes_examination *examination);
/* True when the packet belonged to it. */
MUST_USE bool homes_examination_receive(struct homes_examination *examination, const struct address *from,
                                        const uint8_t *data, size_t size, uint64_t now);
enum homes_health homes_examination_health(const struct homes_node *node, const struct homes_place *place);
void homes_examination_findings(const struct homes_examination *examination, struct homes_findings *out);
/* Did any entry answer HELLO? A STUN server that is no bootnode does not. */
bool homes_examination_answered(const struct homes_examination *examination);
