/* What all peers of all rooms share: how many unasked packets go out and to whom, how many pairs probe at a time, and
 * how busy the client is with rounds of punching (rush.h). One for a client, the engine's.
 *
 * Invariants: no second sees more than BUDGET_PACKETS unasked packets (PROTOCOL.md §3.2 rule 1), and no moment more
 * than BUDGET_PROBINGS pairs that probe. Of what nobody answers (rule 14), a network (an IPv4 address, or an IPv6 /64)
 * gets BUDGET_NETWORK packets, of them guesses as long as it had BUDGET_GUESSES at most; a host that no bootnode told
 * of BUDGET_NAMED_HOST, all its ports together, and its network BUDGET_NAMED_NETWORK; and a tenth as many each day
 * later; for each sign of life that a peer has paid with a packet, one more. All ports together: to whoever is flooded
 * they are one line, and a list of ports costs nothing to make up. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/peer/rush.h"
#include "client/peer/tally.h"
#include "common/address.h"
#include "common/attributes.h"
#include "common/bucket.h"

#define BUDGET_PACKETS 200
#define BUDGET_PROBINGS 2   /* pairs: their packets share the budget, and they take 512 sockets */
#define BUDGET_NETWORK 5000 /* 500 members' ten packets each */
#define BUDGET_GUESSES 4096 /* both sides of a pair, twice each, mostly */
#define BUDGET_NAMED_HOST 5
#define BUDGET_NAMED_NETWORK 20

/* Why somebody is sent something although nobody has answered there. */
enum budget_kind {
    BUDGET_TOLD,    /* a bootnode saw a member at this host */
    BUDGET_NAMED,   /* a member said so, and nobody else */
    BUDGET_GUESSED, /* one of a told host's ports, guessed; or a told one, from one of many sockets */
};

struct punch_budget {
    struct bucket packets; /* thousandths */
    unsigned probings;
    struct rush rush;
    struct tally networks, named_hosts, named_networks;
};

void budget_init(struct punch_budget *budget, uint64_t now);
/* May one more PROBE, INITIATION or unasked PING go out? 0: yes, counted; else milliseconds until one may. */
uint64_t budget_wait(struct punch_budget *budget, uint64_t now);
/* May one more packet of that kind go to this address, as far as all peers together count? */
bool budget_may(struct punch_budget *budget, enum budget_kind kind, const struct address *to, uint64_t now);
/* The same, and it is counted. */
MUST_USE bool budget_take(struct punch_budget *budget, enum budget_kind kind, const struct address *to, uint64_t now);
/* So many that BUDGET_TOLD and BUDGET_GUESSED took for this address were answered. */
void budget_give_back(struct punch_budget *budget, const struct address *there, unsigned count);
/* The same of BUDGET_NAMED: who was named comes back, and is found there again. */
void budget_give_back_named(struct punch_budget *budget, const struct address *there, unsigned count);
/* One packet more, BUDGET_TOLD, to a network that has had all: whoever it is for has paid with one. */
void budget_allow_one(struct punch_budget *budget, const struct address *to, uint64_t now);
/* May one more pair probe? True: counted, until budget_probe_end. */
MUST_USE bool budget_probe_begin(struct punch_budget *budget);
void budget_probe_end(struct punch_budget *budget);
bool budget_holds(const struct punch_budget *budget);
