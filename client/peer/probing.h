/* Probing for a way between two NATs of which one, the hard side's, gives every flow a port of its own (PROTOCOL.md
 * §3.4 rule 5): that side opens many sockets, the easy side guesses their ports. With s sockets and n guesses among
 * 64,512 ports that succeeds with about 1 - e^(-s·n/64512): with 256 and 1,024 in 98 % of all cases. Pure: times in,
 * places to send to out; probes.c puts it into the peer.
 *
 *     IDLE ──offer──▶ OFFERED ──accepted──▶ RUNNING ──10 s, or found──▶ LINGERING ──4 s──▶ IDLE
 *       └───────────────accept────────────────▲
 *
 * Where nobody knows which side is hard, an attempt in the one roles is followed at once by one in the others: it is
 * the only way to find out.
 *
 * Invariants: at most PROBING_PACKETS packets in PROBING_MS an attempt, no port twice; at most PROBING_ATTEMPTS
 * attempts as either side, PROBING_AGAIN_MS apart, whatever the other side sends. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/peer/path.h"
#include "common/attributes.h"
#include "common/wire/frames.h"

#define PROBING_SOCKETS 256
#define PROBING_SOCKETS_LEAST 16 /* with fewer it is not worth the packets */
#define PROBING_PACKETS 1024
#define PROBING_MS 10000
#define PROBING_LINGER_MS 4000 /* sockets stay open: answers are under way, or the other side began later */
#define PROBING_ATTEMPTS 2
#define PROBING_AGAIN_MS 600000
#define PROBING_RETRY_MS 60000 /* after an offer that nobody accepted */
#define PROBING_PORT_FIRST 1024

/* The ports from PROBING_PORT_FIRST on, each once, in an order that only the key's owner knows. */
struct probing_ports {
    uint8_t key[16]; /* crypto_shorthash_KEYBYTES */
    uint32_t next;
};
void probing_ports_init(struct probing_ports *ports);
/* 0: that was the last one. */
uint16_t probing_ports_next(struct probing_ports *ports);

enum probing_state { PROBING_IDLE, PROBING_OFFERED, PROBING_RUNNING, PROBING_LINGERING };

/* All zero at first. */
struct probing {
    enum probing_state state;
    bool hard;                /* our side */
    unsigned attempts[2];     /* begun as the easy side, and as the hard one */
    uint64_t not_before[2];   /* may begin again as that */
    uint64_t put_off;         /* as either; for who offers */
    bool proven, proven_hard; /* an attempt found a way, with us as that side */
    uint64_t excess;          /* the caller's to set: sending_excess_ms */
    uint32_t number;          /* of the attempt */
    uint64_t since;           /* in this state */
    unsigned offers;
    unsigned probes, packets; /* packets: probes and checks */
    uint64_t token;           /* of all PINGs of the attempt */
    struct address target;    /* easy side: the other's public address, whose port does not count */
    struct probing_ports ports;
    uint16_t sockets[PROBING_SOCKETS]; /* hard side */
    size_t socket_count;
    struct { /* something was heard from there: worth more than guessing */
        struct path path;
        unsigned left;
        uint64_t due;
    } trail;
};

/* Can we be the hard (or easy) side, as far as is known of both NATs? */
bool probing_fits(bool hard, enum nat_mapping own, enum nat_mapping other);
/* When the initiator looks whether to offer the next attempt; NEVER: there were enough. */
uint64_t probing_offer_at(const struct probing *probing);
/* The side that it offers to be. False: probing would be in vain, or it is too early for that side. */
bool probing_choose(const struct probing *probing, enum nat_mapping own, enum nat_mapping other, uint64_t now,
                    bool *hard);
/* The other side's offer may be accepted. One while we are not done yet says that the other side is. */
bool probing_may_begin(const struct probing *probing, bool hard, uint64_t now);

/* The initiator's offer, from IDLE or LINGERING. It is sent again and again until accepted, then given up: */
void probing_offer(struct probing *probing, bool hard, uint32_t number, uint64_t now);
bool probing_offer_next(struct probing *probing, uint64_t now); /* one is to be sent now */
/* An offer is not accepted, or not possible at the moment. None before `wait` milliseconds have passed. */
void probing_put_off(struct probing *probing, uint64_t wait, uint64_t now);
/* Agreed on. The hard side has opened `sockets`. */
void probing_run(struct probing *probing, bool hard, uint32_t number, const struct address *target, uint64_t now);
/* A packet of the pair came in from there: the next packets go there. */
void probing_heard(struct probing *probing, const struct path *from, uint64_t now);
/* A way was found in these roles: the next attempt is made in them. */
void probing_prove(struct probing *probing);
/* Sends no more: found, or the other side says that it is over. */
void probing_settle(struct probing *probing, uint64_t now);
/* At once, whatever the state: sockets are the caller's to close. */
void probing_stop(struct probing *probing);

/* What time does to the state. When it leads to PROBING_IDLE, the caller closes the sockets. */
void probing_tick(struct probing *probing, uint64_t now);
/* The next packet: a PING to `to`, with the attempt's token, or (`is_check`) with one that proves the path. False:
 * nothing now. */
MUST_USE bool probing_next(struct probing *probing, uint64_t now, struct path *to, bool *is_check);
/* When probing_next has something; NEVER: never. */
uint64_t probing_packet_due(const struct probing *probing);
/* When probing_offer_next or probing_tick has something to do. */
uint64_t probing_due(const struct probing *probing);
