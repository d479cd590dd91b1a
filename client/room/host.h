/* What the parts of a room are given: by the engine what all rooms share, and who we are in this one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/bootnodes.h"
#include "client/keys/key_sets.h"
#include "client/keys/known_nodes.h"
#include "client/keys/people.h"
#include "client/network/candidates.h"
#include "client/outside.h"
#include "client/peer/peer.h"
#include "client/rendezvous/unproven.h"
#include "client/room/relaying.h"
#include "common/why.h"

/* What rooms share, given by the engine. */
struct chatroom_host {
    void *context; /* of the functions */
    const struct outside *outside;
    const struct identity *identity;
    struct indices *indices;
    struct punch_budget *budget;
    struct relaying *relaying;
    struct unproven *unproven;        /* addresses of nodes */
    const struct bootnode *bootnodes; /* 1 … BOOTNODES_MAX; their addresses may change */
    size_t bootnode_count;
    const struct known_nodes *nodes; /* of each bootnode, where it is a cluster: where nodes of it were met */
    struct people *people;
    const char *nick; /* as it is now */
    uint8_t suite_mask;
    bool history;             /* keep, pass on and ask for what was said */
    bool relays;              /* may others relay for us, do we for them? */
    enum nat_mapping mapping; /* of our NAT, as far as we know */
    struct own_links links;   /* on which link-local addresses may be reached */
    /* See rendezvous_owner; `bootnode` is the index of the one that it is about. */
    bool (*trusted)(void *context, unsigned bootnode, const uint8_t key[static 32], struct why *why);
    bool (*barred)(void *context, unsigned bootnode, const char *why);
    bool (*known)(void *context, unsigned bootnode, uint8_t key[static 32]);
    /* True: it is the bootnode's key from now on. */
    bool (*succeeded)(void *context, unsigned bootnode, const uint8_t key[static 32]);
    /* The bootnode proved that it has this key. */
    void (*proven)(void *context, unsigned bootnode, const uint8_t key[static 32]);
    /* A node of this bootnode, which is a cluster, proved that it has its key. */
    void (*met)(void *context, unsigned bootnode, const uint8_t key[static 32], const struct address *node,
                uint64_t now);
    /* A bootnode registered us, and sees us at this address. */
    void (*seen)(void *context, const struct address *mapped);
    /* A bootnode hears us from another address than before. */
    void (*moved)(void *context);
};

/* How somebody came. */
struct gate_visit {
    uint8_t identity[32];
    enum key_set_role role;     /* of the key set of its session; KEY_SET_UNUSED: that was dropped */
    uint8_t tag[ROOM_TAG_SIZE]; /* of that set */
};

/* The owner of a room with a charter. Calls come from within those of the room, and lead to none of gate's or the
 * room's, but for `met`, `dropped` and `told`, which may. `id`: of the member. */
struct gatekeeper {
    void *context;
    /* Is whoever is listed under the present key set taken for a member until it has proven who it is? Not by a
     * newcomer who does not know yet who belongs here. May be asked at any time. */
    bool (*presumes)(void *context);
    bool (*admits)(void *context, const uint8_t id[static MEMBER_ID_SIZE], const struct gate_visit *visit);
    /* Is whoever has this key let in under any key set? The function may be NULL. */
    bool (*belongs)(void *context, const uint8_t identity[static 32]);
    /* A session with it has begun, or it began anew; it was decided whether it is let in. */
    void (*met)(void *context, const uint8_t id[static MEMBER_ID_SIZE], bool admitted, uint64_t now);
    /* What waited for it was dropped, messages of the charter too, and it is still let in. The function may be NULL. */
    void (*dropped)(void *context, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now);
    /* How it stands, for people to see; static text: "owner", "op", or NULL. The function may be NULL. */
    const char *(*role)(void *context, const uint8_t id[static MEMBER_ID_SIZE]);
    /* It has left; it comes again as somebody who was never seen. */
    void (*left)(void *context, const uint8_t id[static MEMBER_ID_SIZE]);
    /* It sent a message of the charter. */
    void (*told)(void *context, const uint8_t id[static MEMBER_ID_SIZE], const uint8_t *message, size_t size,
                 uint64_t now);
};

/* We, in this room. */
struct room_self {
    struct room_keys keys;
    struct key_sets sets;
    uint64_t run;
    uint8_t id[MEMBER_ID_SIZE]; /* at every bootnode */
};
