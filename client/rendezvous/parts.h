/* A rendezvous, and what it is told by: what the files of this folder share. */
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
    /* It is in a cluster, and names nodes: in COOKIE (then where it has the right key), or, `vouched`, in a session,
     * so that it has the key. */
    enum rendezvous_place (*named)(void *context, const struct named_homes *homes, bool vouched, uint64_t now);
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
