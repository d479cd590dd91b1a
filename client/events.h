/* What the client's threads say to each other. Each object is owned by whoever took it from its queue.
 *
 *     receive thread ──received──▶ crypto thread ──event──▶ UI thread
 *                    ◀──empty────                ◀──input── */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/bootnodes.h"
#include "client/message/message.h"
#include "common/address.h"
#include "common/attributes.h"
#include "common/names.h"
#include "common/queue.h"
#include "common/text.h"

enum peer_standing { STANDING_CONNECTING /* or lost, and tried again */, STANDING_CONNECTED, STANDING_BLOCKED };

enum event_type {
    EVENT_JOINED,         /* room, secret: it is ours from now on; first event of a room */
    EVENT_REGISTERED,     /* room, bootnode, bootnode_name, mapped, mapped_other (port 0: not known); of a cluster, a
                             home: has_node, node_id, rtt_ms */
    EVENT_PEER_JOINED,    /* room, peer */
    EVENT_PEER_CONNECTED, /* room, peer, nick, relayed, address, rtt_ms, cipher, role, fingerprint, safety */
    EVENT_MESSAGE,        /* room, peer, nick, id, text, sent_ms, said_ms, kind, history, late, fingerprint */
    EVENT_LOST,           /* room, peer, nick, fingerprint, lost, misdated: so many messages of theirs cannot be had any
                             more, or were not taken since the times that they bear do not fit */
    EVENT_DELIVERED,      /* room, peer, id */
    EVENT_UNDELIVERED,    /* room, peer, id: it left, or was given up, before it acknowledged our message */
    EVENT_SENT,           /* room, id, text, kind, recipients, fingerprint (ours); private: peer, nick */
    EVENT_PEER_PATH,      /* room, peer, relayed, address */
    EVENT_PEER_STATUS, /* room, peer, nick, standing, relayed, address, rtt_ms: once a second at most, when one of them
                          changed; never shown as a line */
    EVENT_PEER_NICK,   /* room, peer, nick; text: the one before */
    EVENT_PATH_NOTE,   /* room, peer, nick, ago_ms, rtt_ms (0: none), text: a step on the way to the peer; asked for */
    EVENT_PEER_LEFT,   /* room, peer, nick, said_bye */
    EVENT_BOOTNODE_LOST, /* room, bootnode, bootnode_name, text */
    EVENT_BOOTNODE_BACK, /* room, bootnode, bootnode_name */
    EVENT_HOME_LEFT, /* room, bootnode, bootnode_name, has_node, node_id: a home of before, where we have no place any
                        more; never shown as a line */
    EVENT_NICK,      /* nick: ours from now on, in all rooms */
    EVENT_DECIDED, /* room, reason ("removed", "member", "op", "banned", "rule" or "topic"), was: the fingerprint of who
                      decided; of a person: peer, nick, fingerprint; text: the topic, or the rule */
    EVENT_REFUSED, /* room, reason ("removed", "outdated", "used", "over", "unlisted"): we are not let in; was: the
                      fingerprint of who decided that, as far as it is told */
    EVENT_PARTED,  /* room: we have left it; last event of a room */
    EVENT_INVITE,  /* room, text: the string by which others join (invite.h), a secret; asked for */
    EVENT_ERROR,   /* room or NULL, text; EVENT_KEY_CHANGED: peer, reason, was */
    EVENT_CREDIT,  /* room, credit: so many more messages may be said there; never shown */
    EVENT_FINISHED, /* status: end the UI; never shown */
    /* Answers to commands, made by the UI itself: */
    EVENT_NOTICE, /* room or NULL, text; also what a room tells that is no fault */
    EVENT_CODE,   /* room, text: to be shown as a QR code, where there is a terminal */
    EVENT_MEMBER, /* room, peer, nick, standing, relayed, address, rtt_ms, cipher, role, fingerprint, safety, waiting,
                   * ignored
                   */
    EVENT_TYPES,
    EVENT_NONE, /* none of them: nothing is awaited */
};

#define EVENT_REF_SIZE 128
/* Why an EVENT_ERROR is told, where programs need to know. */
#define EVENT_KEY_CHANGED "key-changed" /* a verified one's nick has come with another key */

struct event {
    struct queue_node node; /* first */
    enum event_type type;
    const char
        *room; /* lives as long as the engine, also after the room was left; the same pointer for the same name */
    uint8_t peer[MEMBER_ID_SIZE];
    char nick[TEXT_NICK_MAX + 1]; /* empty: unknown yet */
    const char *bootnode_name;    /* HOST:PORT as configured; lives as long as the engine */
    struct address bootnode, mapped, mapped_other, address;
    bool relayed, said_bye, ignored;
    bool secret;   /* only who has the room's secret gets in */
    bool has_node; /* bootnode: it is this node of a cluster */
    uint8_t node_id;
    char relay[TEXT_NICK_MAX + 1]; /* relayed: the member who passes on; empty: a bootnode */
    enum peer_standing standing;
    enum chat_kind kind;
    double rtt_ms;
    const char *cipher;                      /* static text */
    const char *role;                        /* in a private room: "owner" or "op", static text; NULL: neither */
    char fingerprint[FINGERPRINT_TEXT_SIZE]; /* of the peer, as soon as its key is known; of SENT ours */
    bool verified;                           /* the peer's number was compared */
    const char *reason;                      /* static text; NULL: none */
    char was[FINGERPRINT_TEXT_SIZE];         /* whose nick it was */
    char safety[SAFETY_NUMBER_TEXT_SIZE];    /* the number to compare with this peer */
    char id[40];
    unsigned recipients; /* how many it waits for */
    unsigned waiting;    /* messages of ours that the peer has not acknowledged */
    uint64_t sent_ms;    /* ms since 1970, by the author's clock, which may be wrong; */
    uint64_t said_ms;    /* and by ours: now, less the age that travelled along */
    uint64_t shown_ms;   /* when the event was made, by ours, too */
    uint64_t ago_ms;
    uint64_t lost;
    bool misdated;
    char ref[EVENT_REF_SIZE]; /* of the input that it answers (struct input); empty: none */
    bool history; /* passed on by others; the author may be nobody in the room, and the nick (empty: another's) its own
                     word */
    bool late;    /* what was said well after it was shown before it */
    unsigned credit;
    int status;
    size_t text_size;
    char text[]; /* zero-terminated; from peers: valid UTF-8, not yet filtered for a terminal */
};

/* Zeroed but for the text, which is copied (NULL: empty). Aborts without memory. */
MUST_USE struct event *event_create(enum event_type type, const char *text, size_t text_size);
void event_destroy(struct event *event);
/* An event has what its type says above, and whatever else is zero. A peer comes with its nick and its path, an event
 * about a message with its times. */
bool event_holds(const struct event *event);

enum input_type {
    INPUT_SAY,      /* room, kind (not CHAT_NICK), text; private: peer. Costs one credit of the room. */
    INPUT_JOIN,     /* room; text: its secret, empty: an open room; passphrase: that is what it is; by_name: the private
                       room     of that name that is kept, where there is one. Joining where we are is no error and changes
                       nothing. */
    INPUT_PART,     /* room: leaves once what was said there was delivered, or after 10 s */
    INPUT_NICK,     /* text: a nick as text_nick makes them */
    INPUT_INFO,     /* room, peer: tell its EVENT_PATH_NOTEs */
    INPUT_INVITE,   /* room: tell its EVENT_INVITE; of a private room once: for one; lasts_ms: so long */
    INPUT_FOUND,    /* room: a new private room, which is ours; tells its EVENT_INVITE */
    INPUT_ENTER,    /* room; text: the root of a private room, and behind it nothing, or what an invite has besides */
    INPUT_DECIDE,   /* room, decision, peer; text: the topic, or the beginning of a fingerprint */
    INPUT_MARK,     /* room, peer, mark: what the user says of a member that was connected */
    INPUT_END,      /* leave everything, once delivered */
    INPUT_STOP,     /* a signal: leave now */
    INPUT_RESOLVED, /* bootnode, addresses: one or more that its name stands for */
    INPUT_UNRESOLVED,  /* bootnode; text: why its name could not be resolved now */
    INPUT_PORT_MAPPED, /* addresses: the one at which others reach our port; none: it is not mapped */
};

enum person_mark {
    MARK_VERIFIED,   /* the number was compared */
    MARK_UNVERIFIED, /* that is taken back */
    MARK_TRUSTED,    /* has the place of who had the nick before */
};

/* In a private room. */
enum room_decision {
    DECIDE_REMOVE,
    DECIDE_BAN,
    DECIDE_MEMBER, /* also: an op no more */
    DECIDE_OP,
    DECIDE_READMIT, /* by the beginning of a fingerprint: banned no more */
    DECIDE_TOPIC,
    DECIDE_LISTED, /* only who is on the list is let in */
    DECIDE_SECRET, /* whoever has the secret is */
};

struct input {
    struct queue_node node; /* first */
    enum input_type type;
    enum person_mark mark;
    enum chat_kind kind;
    char room[ROOM_NAME_MAX + 1];
    bool passphrase, by_name;
    enum room_decision decision;
    bool once;
    uint64_t lasts_ms; /* 0: for good */
    uint8_t peer[MEMBER_ID_SIZE];
    unsigned bootnode;
    struct address addresses[BOOTNODE_ADDRESSES];
    size_t address_count;
    char ref[EVENT_REF_SIZE]; /* JSON text by which who asked knows the answer again; comes back in the events */
    size_t size;
    char text[]; /* zero-terminated */
};

/* `room` NULL: empty. Aborts without memory. Destroying wipes the text: it may be a secret. */
MUST_USE struct input *input_create(enum input_type type, const char *room, const char *text, size_t size);
/* INPUT_RESOLVED or INPUT_PORT_MAPPED, with at most BOOTNODE_ADDRESSES. */
MUST_USE struct input *input_of_addresses(enum input_type type, const struct address *addresses, size_t count);
void input_destroy(struct input *input);
