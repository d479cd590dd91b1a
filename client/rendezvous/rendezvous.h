/* A session with one bootnode for one room: find it, register, beat, keep the membership, leave. Pure: packets and
 * times in, packets and calls out. PROTOCOL.md §2.
 *
 *     HELLO ──COOKIE──▶ WAITING ──spread──▶ REGISTERING ──WELCOME──▶ ACTIVE ──▶ LEAVING ──▶ ENDED
 *       ▲                                       │ no answer             │ RESET, lost, draining
 *       └───────────────────────────────────────┴───────────────────────┘             wrong key ──▶ BARRED
 *
 * A bootnode that is a cluster names the nodes that are the homes of the room (homing.h): then it is a SIGNPOST,
 * without a session, and each of those has a rendezvous of its own.
 *
 * Every step survives loss: HELLO and REGISTER are repeated, each REGISTER as a new handshake of which the last four
 * can still be answered. While there is no session, peers keep talking: nothing here touches them.
 *
 * A bootnode's name may stand for several addresses, its doors (doors.h). While the one in use is silent, the session
 * is asked for at the others, and moves to the first that answers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/bootnodes.h"
#include "client/keys/identity.h"
#include "client/rendezvous/asking.h"
#include "client/rendezvous/doors.h"
#include "client/rendezvous/presence.h"
#include "client/rendezvous/registering.h"
#include "client/rendezvous/silence.h"
#include "common/attributes.h"
#include "common/names.h"
#include "common/noise.h"
#include "common/why.h"
#include "common/wire/bootnode_packets.h"

enum rendezvous_state {
    RENDEZVOUS_HELLO,    /* looking for the bootnode */
    RENDEZVOUS_SIGNPOST, /* it named nodes of its cluster, and is to have no session: asked when the owner wants */
    RENDEZVOUS_WAITING,  /* has a cookie, or was told to come back: waits */
    RENDEZVOUS_REGISTERING,
    RENDEZVOUS_ACTIVE,
    RENDEZVOUS_LEAVING,
    RENDEZVOUS_ENDED,
    RENDEZVOUS_BARRED, /* at first contact: the bootnode's key is not the one we know; nothing more is sent */
};

enum rendezvous_place {
    RENDEZVOUS_HERE,      /* a session is to be here */
    RENDEZVOUS_ELSEWHERE, /* none is */
};

enum rendezvous_succession {
    RENDEZVOUS_FOLLOWS, /* it is the bootnode's key from now on */
    RENDEZVOUS_STAYS,   /* the session is good, the key stays */
    RENDEZVOUS_LEAVES,  /* it may have no session by that key: refused or barred, with one line in `why` */
};

/* Who is told. All are called from within rendezvous_* calls. */
struct rendezvous_owner {
    void *context;
    void (*send)(void *context, const struct address *to, const uint8_t *data, size_t size);
    struct presence_owner presence;                  /* what the session tells, with a context of its own */
    void (*registered)(void *context, uint64_t now); /* at `mapped`, and, as far as is known, at `own.proof` */
    void (*seen)(void *context, const struct address *mapped); /* at an address of the other family, maybe a new one */
    void (*lost)(void *context, const char *why, uint64_t now);
    void (*back)(void *context, uint64_t now);
    void (*refused)(void *context, const char *why); /* said once per reason; it keeps trying */
    /* Said once, too: it has more to do than it can, and is asked again after `wait_ms`. That is no fault. */
    void (*busy)(void *context, uint64_t wait_ms);
    /* It is in a cluster, and names nodes: in COOKIE (then where it has the right key), or in a session. */
    enum rendezvous_place (*named)(void *context, const struct named_homes *homes, uint64_t now);
    /* It named them in a session, so it has the key: called before `named`. */
    void (*vouched)(void *context, const struct named_homes *homes, uint64_t now);
    /* May HELLO go there? Then it counts as one. */
    bool (*may_greet)(void *context, const struct address *to, uint64_t now);
    /* COOKIE came from there, with the right key, as anybody on the way can have it. */
    void (*answered)(void *context, const struct address *from);
    /* May this be the bootnode's key? False, with one line in `why`: barred, or, after a session, refused. Not proven
     * yet: that is `registered`. */
    bool (*trusted)(void *context, const uint8_t key[static 32], struct why *why);
    bool (*barred)(void *context, const char *why); /* at first contact. True: for good; false: goes on trying */
    /* The key that the bootnode is known by; false: none. */
    bool (*known)(void *context, uint8_t key[static 32]);
    /* The bootnode proved that it has that key, and says that this one took its place. */
    enum rendezvous_succession (*succeeded)(void *context, const uint8_t key[static 32], struct why *why);
};

struct rendezvous {
    struct rendezvous_owner owner;
    struct update_body own; /* our addresses, and the proof of the one of the other family */
    bool proof_aged;        /* it was told when it may have proven nothing any more */

    struct doors doors;      /* none: its name did not resolve yet */
    struct address bootnode; /* the door in use, or tried first */
    enum rendezvous_state state;
    uint64_t due;    /* when the state wants to act, unless there is a session; HELLO: when the search begins */
    unsigned tries;  /* of REGISTER */
    uint64_t spread; /* WAITING: when REGISTER may go */
    struct silence silence;
    bool restarts; /* it said so, in this session */
    bool lost;     /* said so */
    bool ever_active;
    uint64_t heard;     /* last authentic packet, or the start; in the future while it restarts */
    uint64_t answered;  /* last COOKIE; 0: none */
    uint64_t sought;    /* the last search began */
    bool homes_silent;  /* HELLO says so; it goes to a node of a cluster that is no home */
    unsigned elsewhere; /* REFUSED so, one after the other */
    int last_refusal;
    uint64_t checked; /* when rendezvous_check last did something */

    struct registering registering;
    struct asking asking; /* until there is a session by another key */
    struct cookie cookie;
    struct address mapped;

    struct presence presence; /* while ACTIVE or LEAVING */
    uint64_t registered;      /* when it began */
    unsigned resets;          /* sessions in a row that were reset soon */
};

/* `room` and `identity` must outlive it. `addresses`: 0 … BOOTNODE_ADDRESSES of the one bootnode; without one it
 * waits for rendezvous_set_addresses. */
void rendezvous_init(struct rendezvous *rendezvous, const struct rendezvous_owner *owner, const struct room_keys *room,
                     const struct identity *identity, uint8_t suite_mask, const struct address *addresses, size_t count,
                     uint64_t now);
void rendezvous_clear(struct rendezvous *rendezvous);
/* Is this packet for us: from the bootnode, and naming our nonce, attempt or session? Then handles it. Many sessions
 * may share a bootnode, and none takes another's packets. */
bool rendezvous_receive(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet, size_t size,
                        uint64_t now);
void rendezvous_tick(struct rendezvous *rendezvous, uint64_t now);
/* When rendezvous_tick wants to be called; NEVER: not again. */
uint64_t rendezvous_due(const struct rendezvous *rendezvous);
/* Our own addresses changed: tells the bootnode (UPDATE, repeated until our own record shows it). */
void rendezvous_set_candidates(struct rendezvous *rendezvous, const struct candidate_list *candidates, uint64_t now);
/* What the bootnode's name stands for now, 1 … BOOTNODE_ADDRESSES. A session keeps the address that it has, and tries
 * new ones only while that one is silent. */
void rendezvous_set_addresses(struct rendezvous *rendezvous, const struct address *addresses, size_t count,
                              uint64_t now);
/* It has no address yet, since its name was not found: told as lost, once. */
void rendezvous_unresolved(struct rendezvous *rendezvous, const char *why, uint64_t now);
/* Asks that both sides punch again. Nothing without a session. */
void rendezvous_introduce(struct rendezvous *rendezvous, const uint8_t id[static MEMBER_ID_SIZE]);
/* Something in the network may have changed: asks the bootnode at once whether it still hears us, at most once a
 * second. Where it refused us or reset the session, its wait stands. */
void rendezvous_check(struct rendezvous *rendezvous, uint64_t now);
/* This process stood still for `gap` ms: that silence is not the bootnode's. Asks it at once. */
void rendezvous_resumed(struct rendezvous *rendezvous, uint64_t gap, uint64_t now);
/* Does it not answer, for longer than it should take? Its name may stand for something else by now. */
bool rendezvous_silent(const struct rendezvous *rendezvous, uint64_t now);
/* Where it sees us at the other family; NULL: not known. */
const struct address *rendezvous_mapped_other(const struct rendezvous *rendezvous);
/* Can packets go through the bootnode now? */
bool rendezvous_can_relay(const struct rendezvous *rendezvous);
/* Has the bootnode pass a packet of RELAY_PACKET_MIN … RELAY_PACKET_MAX bytes on to a member. False when it cannot. */
MUST_USE bool rendezvous_relay(struct rendezvous *rendezvous, const uint8_t id[static MEMBER_ID_SIZE],
                               const uint8_t *packet, size_t size);
/* What it says of a member; NULL: nothing. */
const struct member_record *rendezvous_find(const struct rendezvous *rendezvous,
                                            const uint8_t id[static MEMBER_ID_SIZE]);
/* Did a whole list of members come? */
bool rendezvous_listed(const struct rendezvous *rendezvous);
/* Does its list count: did it come whole, and does the bootnode still answer? */
bool rendezvous_reachable(const struct rendezvous *rendezvous);
/* Since when it does not answer; NEVER: it does, or said when to come again. */
uint64_t rendezvous_silent_since(const struct rendezvous *rendezvous, uint64_t now);
/* Asks with HELLO, whatever the state: a signpost which nodes are the homes now, and a session, too. */
void rendezvous_ask(struct rendezvous *rendezvous, uint64_t now);
/* Leaves for other nodes of the cluster, where we stay a member: as rendezvous_leave. */
void rendezvous_move_away(struct rendezvous *rendezvous, uint64_t now);
/* Leaves gracefully; RENDEZVOUS_ENDED when RESET answered, or after five tries. */
void rendezvous_leave(struct rendezvous *rendezvous, uint64_t now);
