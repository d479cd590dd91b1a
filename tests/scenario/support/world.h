/* People with real engines, a bootnode without threads (rendezvous_net.h), and the internet between them, on a time of
 * their own: no sockets, no sleeping. What happens in one run happens in every run with the same seed (WORLD_SEED in
 * the environment, else 1). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/engine.h"
#include "tests/scenario/support/nat.h"
#include "tests/scenario/support/rendezvous_net.h"

#define WORLD_PEOPLE 64
#define WORLD_DELAY_MS 20
#define WORLD_BACKLOG 256
#define WORLD_BOOTNODES 12
#define WORLD_NODES_ALL UINT32_MAX
#define PERSON_SOCKETS 1024

struct world;

/* What somebody was told, oldest first. */
struct told {
    struct told *next;
    uint64_t at;
    struct event *event;
};

struct person {
    struct world *world;
    const char *name; /* and nick */
    struct identity identity;
    uint8_t suite_mask;
    const char *room, *secret; /* the first; id, credit and person_say are about this one */
    const uint8_t *pinned_key;
    bool no_relays;
    struct people people;              /* remembered for the person's life, unless a test opens a file */
    struct known_keys known_bootnodes; /* remembers nothing unless a test opens it */
    struct nat nat;                    /* for IPv4 */
    struct nat nat6;                   /* for IPv6, where it has that */
    bool has_ipv6, has_no_ipv4;
    uint16_t sockets[PERSON_SOCKETS]; /* open ones, beside number 0 */
    size_t socket_count, socket_most; /* most: as many as the machine allows; PERSON_SOCKETS unless a test says less */
    uint16_t last_socket;
    struct engine *engine;  /* NULL: not running */
    bool no_history;        /* config: history = off */
    const char *directory;  /* where its private rooms are kept; NULL: nowhere */
    int64_t clock_ahead_ms; /* its clock on the wall is wrong by so much */
    bool asleep;            /* its machine is suspended, */
    uint64_t asleep_since;  /* ms */
    bool stopped;           /* only the process is: its socket takes what comes, as far as there is room */
    struct wire *backlog;
    size_t backlog_count;
    unsigned delay_ms; /* of its own link, each way, beside WORLD_DELAY_MS */
    bool cut;          /* nothing gets through, either way */
    unsigned mtu;      /* larger packets vanish on its link, either way: bytes of IPv4; 0: none do */
    bool busy;         /* nobody reads what it is told */
    uint8_t id[MEMBER_ID_SIZE];
    uint8_t knows;                   /* set of bootnodes: registers with these; 0: with all there are */
    uint8_t unresolved;              /* set of bootnodes of which it knows the name alone */
    unsigned lookups[BOOTNODES_MAX]; /* of bootnodes' names; answered by a test, if at all */
    struct address seen;             /* by the bootnode that told last */
    unsigned credit;
    int status; /* of its end; -1 until then */
    struct told *told, **told_end;
};

/* A packet on the public segment: behind the sender's NAT, before the receiver's. */
struct wire {
    uint64_t arrives, order;
    struct person *sender; /* NULL: the bootnode, or a test */
    struct address from, to;
    size_t size;
    uint8_t data[PACKET_MAX];
};

/* A bootnode, or a node of the cluster. */
struct place {
    struct net *net;
    bool down;   /* also where the world says so of the first */
    bool paused; /* as by SIGSTOP: its socket takes what comes, as far as there is room */
    struct wire *backlog;
    size_t backlog_count;
};

/* Where the name of a cluster leads. */
enum world_entry {
    WORLD_ENTRY_SPREADS, /* to one address, behind which each flow has a node of those that are up */
    WORLD_ENTRY_BLIND,   /* the same, of all nodes */
    WORLD_ENTRY_NAMES,   /* to an address of each node, as many as a name may have */
};

struct world {
    struct net *net;                      /* the first bootnode */
    struct place places[WORLD_BOOTNODES]; /* of all bootnodes, that one first */
    size_t place_count;
    bool clustered; /* they are nodes of one cluster (world_cluster.h), and people know its name alone */
    enum world_entry entry;
    bool two_names; /* it has another one, which leads to the first node */
    size_t others;  /* the bootnodes from this number on are none of its nodes, but one of its own or a cluster, by the
                       name and at the address of the first of them; 0: there are none */
    uint64_t entry_seed; /* which flow has which node, for short */
    uint64_t now;        /* ms */
    uint64_t stepped;    /* of the bootnodes */
    struct person people[WORLD_PEOPLE];
    size_t people_count;
    struct wire **air; /* a heap by time of arrival */
    size_t air_count, air_capacity;
    struct person *acting;                    /* whose engine is at work; NULL: nobody's, but maybe a bootnode */
    uint64_t sent;                            /* packets so far */
    unsigned loss_percent, duplicate_percent; /* of every packet, each way */
    unsigned jitter_ms;                       /* so much later at most: packets overtake each other */
    bool bootnode_down;                       /* the first */
    bool dual; /* bootnodes have an address of each family, and people know both, IPv6 first */
    /* A test's own hand in the network: sees each packet as it is sent and may change it; false loses it. */
    bool (*tamper)(struct world *world, struct wire *wire);
    void *tampering;
};

/* cmocka's setup and teardown: *state is the world. */
int world_setup(void **state);
int world_teardown(void **state);

/* Somebody who runs nothing yet. The identity is the name's. */
struct person *world_person(struct world *world, const char *name, enum nat_kind nat);
/* In no room yet, */
void person_create(struct person *person);
/* and in one. */
void person_start(struct person *person, const char *room);
void person_start_secret(struct person *person, const char *room, const char *secret);
void person_start_keys(struct person *person, const char *room, const struct room_keys *keys);
/* In a private room called "tea", which becomes the engine's. */
void person_enter(struct person *person, struct private_room *room);
/* As kill -9 does. What it was told stays. */
void person_kill(struct person *person);
/* Its machine is suspended, and runs again: it knows how long it was away. */
void person_sleep(struct person *person);
void person_stop(struct person *person); /* as SIGSTOP does */
void person_wake(struct person *person);
void person_say(struct person *person, const char *text);
void person_forget(struct person *person); /* what it was told */
/* Further rooms, all open ones. */
void person_join(struct person *person, const char *room);
void person_part(struct person *person, const char *room);
/* `to` of a private message; else NULL. */
void person_say_in(struct person *person, const char *room, enum chat_kind kind, const struct person *to,
                   const char *text);
void person_nick(struct person *person, const char *nick);
void person_mark(struct person *person, const struct person *about, enum person_mark mark);

/* To what happens next, but at most to `until`. */
void world_step(struct world *world, uint64_t until);
void world_run(struct world *world, uint64_t ms);
struct address world_bootnode(void);
struct address world_bootnode_ipv6_at(size_t number);
/* Gives somebody IPv6, too; people behind a firewall are like those behind a NAT that keeps the port. */
void person_has_ipv6(struct person *person, enum nat_kind firewall);
/* A further bootnode, of which people know who start from now on. Before time passes. Its number is 1, 2 … */
struct net *world_add_bootnode(struct world *world);
void world_add_net(struct world *world, struct net *net); /* the same, of one that is the world's from now on */
struct address world_bootnode_at(size_t number);
/* A bootnode that was paused goes on, with what came meanwhile. */
void world_resume(struct world *world, size_t number);
struct net *world_net(const struct world *world, size_t number);
/* Where people enter a cluster that has one address. */
struct address world_entry(void);
/* A packet from anywhere to anywhere, at once, past the sender's NAT but not past the receiver's. */
void world_inject(struct world *world, const struct address *from, const struct address *to, const uint8_t *data,
                  size_t size);

/* How often was it told this (about that member; NULL: any)? */
unsigned person_count(const struct person *person, enum event_type type, const struct person *about);
/* The last such event; NULL when there is none. */
const struct event *person_last(const struct person *person, enum event_type type, const struct person *about);
/* The same for one room. */
unsigned person_count_in(const struct person *person, const char *room, enum event_type type,
                         const struct person *about);
const struct event *person_last_in(const struct person *person, const char *room, enum event_type type,
                                   const struct person *about);
/* Connected, and not left since. */
bool person_sees(const struct person *person, const struct person *other);
/* How often was this message shown? */
unsigned person_heard(const struct person *person, const struct person *author, const char *text);
bool everyone_connected(const struct world *world);

/* Lets time pass until it is so, and fails the test when it is not within `ms`. */
#define world_wait(world, ms, condition)                                                                               \
    do {                                                                                                               \
        uint64_t until_ = (world)->now + (ms);                                                                         \
        while (!(condition) && (world)->now < until_) world_step((world), until_);                                     \
        if (!(condition)) fail_msg("after %u ms it is still not so: %s", (unsigned)(ms), #condition);                  \
    } while (0)
