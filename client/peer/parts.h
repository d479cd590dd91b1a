/* A peer, and what it is told by: what the files of this folder share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/bootnodes.h"
#include "client/keys/key_sets.h"
#include "client/outside.h"
#include "client/peer/answers.h"
#include "client/peer/budget.h"
#include "client/peer/cookies.h"
#include "client/peer/credit.h"
#include "client/peer/delivery.h"
#include "client/peer/delivery_receiver.h"
#include "client/peer/handshake.h"
#include "client/peer/indices.h"
#include "client/peer/path.h"
#include "client/peer/path_log.h"
#include "client/peer/path_mtu.h"
#include "client/peer/probing.h"
#include "client/peer/proof.h"
#include "client/peer/punch.h"
#include "client/peer/transport.h"
#include "client/peer/trials.h"

/* Handshakes of ours to answer, by what is known of who begins them. Each kind has its own place and its own share of
 * work, so that a flood of one keeps nobody out who can show more (PROTOCOL.md §3.2 rule 3). */
enum {
    PEER_PENDING_BOUND,          /* made with the keys of the session that is renewed */
    PEER_PENDING_KNOWN,          /* from where the peer is known to be, it seems */
    PEER_PENDING_STRANGE,        /* from elsewhere, it seems */
    PEER_PENDING_PROVEN,         /* a cookie came back from where the peer is known to be, */
    PEER_PENDING_PROVEN_STRANGE, /* or from elsewhere or a relay: one of so many places, by where */
    PEER_STRANGERS = 4,
    PEER_PENDING = PEER_PENDING_PROVEN_STRANGE + PEER_STRANGERS
};

#define UNSAID_MS 30000      /* so long everybody takes at most to register again with a bootnode that began anew; */
#define HOMES_UNSAID_MS 8000 /* and in a cluster with the homes that are left, or the new ones, */
#define HOMES_SETTLED_MS                                                                                               \
    15000 /* after the first of those: a client asks each third beat, every 12 s, whether its homes still answer */
#define PEER_RELAYS 6 /* tried at once: some members, and bootnodes */
#define PEER_CHECKS 16
#define PEER_DEMOTE_MS 3000 /* a path that does not answer for so long is dead; sending_excess_ms comes to that */

struct peer;

/* What all peers of a room share, and whom they tell. Calls come from within peer_* calls; only `absent` and `said_bye`
 * may lead to peer_destroy, and only after that call has returned. */
struct peer_host {
    void *context;
    const struct outside *outside;
    const struct room_keys *room;   /* what is stable of its keys, */
    const struct key_sets *sets;    /* and the sets of them, which may change: see peer_forget_set */
    uint32_t listing[KEY_SETS_MAX]; /* for each key set the sessions that are under it, as a set */
    const struct identity *identity;
    struct indices *indices;
    struct punch_budget *budget;
    uint8_t own_id[MEMBER_ID_SIZE];
    uint8_t own_mask;
    uint64_t run;               /* of this client in this room */
    const char *nick;           /* as it is now */
    uint32_t *streams, *epochs; /* never counted back */

    uint32_t reachable;    /* set of sessions whose list counts (room/sessions.h); peer_weigh after a change of these */
    uint32_t clustered;    /* those of clusters, their names' included */
    uint64_t settled;      /* since when a home that answers has listed us, in each of these; NEVER: in one none does */
    struct peer **touched; /* those to whom something was done: peer_take_touched; NULL: nobody asks */

    const bool *relaying_allowed;    /* may packets of ours be relayed, do we relay others'? */
    const enum nat_mapping *mapping; /* of our NAT, as far as we know */

    void (*send)(void *context, const struct peer *peer, const struct path *to, const uint8_t *data, size_t size,
                 uint64_t now);
    /* Who may relay to this peer now, best first; at most PEER_RELAYS. */
    size_t (*ways_through)(void *context, const struct peer *peer, struct path out[static PEER_RELAYS]);
    /* The peer asks us to pass a packet on to a member. */
    void (*pass_on)(void *context, struct peer *from, const struct frame_relay *relay, uint64_t now);
    /* Through this peer came a packet of a member. */
    void (*came_through)(void *context, struct peer *through, const struct frame_relay *relay, uint64_t now);
    /* Where we may be reached, for this peer to know. */
    void (*own_candidates)(void *context, const struct peer *peer, struct candidate_list *out);
    /* Those of the other's candidates that we may send to. */
    size_t (*usable)(void *context, const struct candidate_list *candidates,
                     struct address out[static RECORD_CANDIDATES_MAX]);
    /* The first verified introduction. */
    void (*identified)(void *context, struct peer *peer, uint64_t now);
    /* A later introduction has another nick. It is the peer's only once talking_set_nick says so. */
    void (*renamed)(void *context, struct peer *peer, const char *nick, uint64_t now);
    void (*connected)(void *context, struct peer *peer, uint64_t now);
    /* A later introduction says that it has forgotten us, or began a new run. */
    void (*returned)(void *context, struct peer *peer, uint64_t now);
    void (*path_changed)(void *context, struct peer *peer);
    /* The path does not answer: our own network may have changed, too. */
    void (*path_lost)(void *context, struct peer *peer, uint64_t now);
    /* `age`: how long ago it was given to the peer's own end of the stream, in ms, by its word. */
    void (*message)(void *context, struct peer *peer, const uint8_t *message, size_t size, uint64_t age, uint64_t now);
    void (*acknowledged)(void *context, struct peer *peer, uint64_t tag, uint64_t now);
    /* It has sent so many messages lately that no more of it is taken now: what it does not get acknowledged it sends
     * again. */
    bool (*sated)(void *context, const struct peer *peer, uint64_t now);
    void (*said_bye)(void *context, struct peer *peer, uint64_t now);
    /* Not listed by the bootnode and silent end to end for long enough. */
    void (*absent)(void *context, struct peer *peer, uint64_t now);
    /* Ask the bootnode that both sides punch again. */
    void (*introduce)(void *context, struct peer *peer);
};

enum peer_state {
    PEER_LIVE,
    PEER_GONE, /* said bye; a new sign of it revives */
};

/* What a peer has to do if nothing arrives, each at a time of its own. */
enum peer_alarm {
    /* linking.c */
    ALARM_KEYS,         /* a transport is too old */
    ALARM_CONFIRMATION, /* ours was not answered */
    ALARM_RENEWAL,      /* new keys are wanted */
    ALARM_RENEWING,     /* the next packet for them, or the last was in vain */
    /* rounds.c */
    ALARM_ROUND,  /* the next one begins */
    ALARM_PUNCH,  /* a packet to a candidate */
    ALARM_RELAYS, /* who may relay is looked up */
    ALARM_RELAY,  /* a packet through one of them */
    ALARM_TURN,   /* it is over without an answer */
    /* paths.c */
    ALARM_DEMOTE,  /* the path is dead */
    ALARM_SEEK,    /* a better one is sought */
    ALARM_SEEKING, /* a packet for that */
    /* probes.c */
    ALARM_OFFER,   /* whether to offer is looked at */
    ALARM_PROBING, /* a packet, or the next state */
    /* talking.c */
    ALARM_ABSENT, /* silence means absence */
    ALARM_BYE,    /* it is said again, or enough */
    ALARM_PING,
    ALARM_FLUSH, /* something is to be sent */
    /* returning.c */
    ALARM_RETURN, /* it is believed to be here again */
    /* sizing.c */
    ALARM_SIZE, /* a probe of how large packets may be */
    ALARMS_URGENT,
    /* For these nobody needs to wake: they are seen to when the room has something else to do. */
    ALARM_PENDING = ALARMS_URGENT, /* a handshake that we answered is too old */
    ALARM_ROUND_OVER,              /* all was in vain */
    ALARM_SEEK_OVER,
    PEER_ALARMS
};

struct peer {
    const struct peer_host *host;
    void *owner; /* the host's: who this is to it */
    struct peer *next_touched;
    bool is_touched; /* and so among the host's */
    struct handshake_pair pair;
    enum peer_state state;
    uint64_t created;
    uint64_t alarms[PEER_ALARMS]; /* ms; NEVER: there is nothing to do */

    /* The bootnodes' word. */
    uint32_t listed;      /* set of sessions: those that list it, or did before they were lost */
    uint32_t listed_once; /* those that ever listed it */
    uint32_t said;        /* those whose last word, the last one at `said_at`, was that it left */
    uint64_t said_at;
    uint32_t unheeded; /* those that told of it since it was last heard: returning.h */
    bool awaited;      /* it is gone, and it, or we, asked that both meet since */
    bool absent;       /* since `delisted`: no bootnode that can be reached lists it */
    bool said_absent;  /* one of them said that it left, rather than began anew or was lost itself */
    uint64_t delisted;
    struct address seen[BOOTNODE_SESSIONS]; /* where each saw it last */
    uint64_t introduction_asked;            /* ms: when we asked for the last INTRODUCE; 0: its own echo has come */

    /* Linking. */
    struct punch punch;                  /* to all candidates */
    struct trials trials;                /* what was sent there, and not answered */
    struct path_try relays[PEER_RELAYS]; /* of the present round */
    size_t relay_count;
    uint64_t relays_due;     /* when to look who may relay; NEVER outside of a round */
    struct path_try renewal; /* a bound handshake, on the path alone */
    bool renewing;
    uint64_t punch_blocked;  /* by the rate of all peers, until then */
    uint64_t retry;          /* next round of punching; NEVER: none planned */
    unsigned rounds;         /* in vain, one after the other */
    struct rush_place place; /* among all rounds of this client */
    bool called;             /* its turn has come, and the round is to begin */
    uint64_t turn_over;      /* ms, while it has its turn */
    bool put_off;            /* in this round packets waited, since the other side's come through */
    uint64_t forced;         /* last handshake begun because of a PROBE on a working session */
    uint64_t renewed;        /* last bound handshake begun */
    struct handshake_attempt attempt;
    struct handshake_pending pending[PEER_PENDING];
    struct bucket work[PEER_PENDING]; /* public-key work for INITIATIONs */
    struct cookies cookies;           /* for those that begin them */
    struct transport current, previous, next;
    uint32_t held; /* the key sets that it is known to have: a handshake was made under them, or the host says so */
    uint8_t next_static[32], current_static[32];
    bool static_proven; /* an introduction has proved `current_static`: this member never has another */
    bool next_bound;
    struct path next_path;                   /* where CONFIRMATION goes; the path once it is answered */
    struct path next_beside;                 /* where a copy went that a PROBE drew, */
    bool next_is_beside;                     /* if one did: then the answer proves neither */
    uint64_t next_token;                     /* that CONFIRMATION has, and its answer */
    uint8_t initiation[PEER_HANDSHAKE_SIZE]; /* which RESPONSE answered: there may be another copy */
    uint8_t confirmation[PEER_CONFIRMATION_MAX];
    size_t confirmation_size;
    struct handshake_copies confirmations;
    unsigned confirmation_tries; /* of those, the ones that no PROBE drew */
    uint64_t confirmation_due, confirmation_pause, confirmation_first;
    uint64_t confirmation_over; /* then the handshake is given up */
    bool confirmation_waits;    /* for another RESPONSE: what came does not pay for one more */
    bool answers_confirmation;  /* the introduction, with this token: */
    uint64_t confirmation_token;

    /* Talking. */
    bool connected;
    struct frame_introduction introduction; /* theirs, nick normalised */
    uint64_t clock_began_ms;                /* their clock when ours, which never jumps, began; 0: not told */
    uint32_t epoch;                         /* ours, for them */
    bool introduce_self;                    /* in the next packet */
    bool introduction_open;                 /* sent, but nothing was heard on the current transport since */
    bool acknowledge;
    bool ask;                /* a PING goes along with the next packet */
    bool doubted;            /* the last packet on the path had one */
    struct answers *answers; /* while a packet is taken; else NULL */
    struct bucket answering;
    struct delivery_sender sender;
    struct delivery_receiver receiver;

    /* Path and life. */
    bool has_path, demoted;
    struct path path;
    uint32_t rtt_us;         /* what was last measured, or guessed */
    bool rtt_exact;          /* measured: no other copy of the question can have been answered */
    uint64_t rtt_at_most_ms; /* by the last handshake, all of whose copies are taken into account */
    uint64_t heard, sent;
    uint64_t heard_here;  /* on the path */
    uint64_t asked;       /* first packet on the path that wants an answer since `heard_here`; 0: none */
    uint64_t ping_sent;   /* the last PING on the path, unless it was answered */
    struct proof proof;   /* that the peer receives on the path */
    struct credit credit; /* of addresses without one */
    struct path_check {   /* PINGs elsewhere */
        struct path path;
        uint64_t token, sent; /* sent 0: none */
    } checks[PEER_CHECKS];
    uint64_t checked;    /* the last one that a packet from elsewhere caused */
    struct path_mtu mtu; /* of the path */

    /* Seeking a better path. */
    struct punch seek;
    uint64_t seek_due; /* the next round; NEVER: none */
    unsigned seek_rounds;
    bool seek_answered;            /* by the other side's CANDIDATES, or it began */
    struct candidate_list offered; /* by the other side's CANDIDATES, for this round */
    enum nat_mapping other_mapping;
    struct path_log log;
    uint64_t relayed_since;  /* 0: the path is a direct one */
    struct probing *probing; /* NULL: never yet */

    unsigned bye_tries;
    bool dismissed;   /* we say bye to this one alone: it is gone then, */
    bool turned_away; /* by our wish */
    uint64_t bye_due;
};
