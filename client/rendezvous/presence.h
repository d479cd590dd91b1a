/* Our presence in a room at one bootnode, a session of the protocol: beats, the membership, our addresses, relaying,
 * leaving. Pure: packets and times in, packets and calls out. What becomes of the session is a return value, for
 * rendezvous.c to act on. PROTOCOL.md §2.
 *
 * What is known of the members outlives the session: the next one goes on from there. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/rendezvous/membership.h"
#include "common/attributes.h"
#include "common/link.h"
#include "common/names.h"
#include "common/noise.h"
#include "common/replay_window.h"
#include "common/wire/bootnode_bodies.h"
#include "common/wire/bootnode_packets.h"

/* The way to the bootnode. */
struct presence_link {
    void *context;
    /* NULL: to where the session is. */
    void (*send)(void *context, const struct address *to, const uint8_t *data, size_t size);
    /* Something authentic came from it, from this address of its; before anyone is told what it says. */
    void (*heard)(void *context, const struct address *from, uint64_t now);
    /* It answered a beat, after so long. */
    void (*measured)(void *context, uint64_t took_ms);
    /* The session moves there: what is sent from now on goes to this address. */
    void (*turned)(void *context, const struct address *to, uint64_t now);
};

#define PRESENCE_ASKED 8 /* beats whose answers are measured */

/* Who is told. All are called from within presence_* calls. */
struct presence_owner {
    void *context;
    /* A member is listed, for the first time or with another record; or no longer: see membership_observer. */
    void (*listed)(void *context, const struct member_record *record, uint64_t now);
    void (*delisted)(void *context, const uint8_t id[static MEMBER_ID_SIZE], enum leave_reason reason, bool resync,
                     uint64_t now);
    void (*complete)(void *context, uint64_t now); /* the list is complete at some version */
    void (*moved)(void *context);                  /* the bootnode hears us from another address than before */
    void (*introduced)(void *context, const struct member_record *record, uint64_t now);
    /* A packet of PROTOCOL.md §3 from a member, through the bootnode. Only its sender proves who that is. */
    void (*relayed)(void *context, const uint8_t id[static MEMBER_ID_SIZE], const uint8_t *packet, size_t size,
                    uint64_t now);
};

struct presence {
    struct presence_link link;
    const struct presence_owner *owner;
    const struct update_body *own; /* our addresses, as they are now */
    uint8_t member_id[MEMBER_ID_SIZE];

    uint64_t id; /* 0: there is none */
    uint8_t reset_token[RESET_TOKEN_SIZE];
    uint8_t beat_key[LINK_TAG_KEY_SIZE], ack_key[LINK_TAG_KEY_SIZE];
    uint8_t seal_key[SUITE_KEY_SIZE], open_key[SUITE_KEY_SIZE];
    uint64_t seal_counter;
    struct replay_window window;

    uint16_t beat_ms;
    uint8_t answer_every;
    uint32_t beat_counter, last_acked;
    uint16_t token;        /* what our beats echo: it came with what we heard last */
    bool echoed;           /* one did, since it came */
    uint64_t token_number; /* of the sealed packet that brought one last: an older one that comes late does not count */
    unsigned beats;        /* since the last that asked for an answer */
    bool answer_due;
    uint64_t asked; /* while an answer is due: since when; in the future while the bootnode restarts */
    uint64_t next_beat, next_repeat;
    uint64_t repeat_ms; /* how long an answer may take: set by the owner of the link */
    struct {
        uint32_t counter; /* 0: none */
        uint64_t at;
    } asks[PRESENCE_ASKED];
    unsigned next_ask;

    struct membership membership;
    bool listed;         /* a whole list of members has come */
    uint64_t parts_due;  /* while parts of one are missing: when they are asked for; NEVER: none are */
    uint64_t update_due; /* NEVER: none is out */
    unsigned update_tries;

    bool relays; /* WELCOME said so */
    /* The bootnode's clock when ours, which never jumps, began: ms since 1970, 0: not told. It outlives the session. */
    uint64_t clock_began_ms;
    bool moving; /* answered a PATH at `moved_at` */
    uint64_t moved_at;
    bool leaving;
    enum leave_reason leave_reason;
    unsigned leave_tries;
    uint64_t leave_due;
    uint64_t wait_ms;             /* of PRESENCE_DRAINING and PRESENCE_RESTARTING */
    struct named_homes elsewhere; /* of PRESENCE_ELSEWHERE */
};

enum presence_news {
    PRESENCE_ON,
    PRESENCE_FOREIGN,    /* the packet is not of this session */
    PRESENCE_RESET,      /* the bootnode does not know it (any more) */
    PRESENCE_DRAINING,   /* the bootnode shuts down: come back in `wait_ms` */
    PRESENCE_RESTARTING, /* it means to be back in `wait_ms`, and is asked from then on */
    PRESENCE_ELSEWHERE,  /* it names other nodes of its cluster as the homes of the room */
    PRESENCE_LEFT,       /* the bootnode knows that we left, or was told often enough */
};

/* `owner` and `own` must outlive it. */
void presence_init(struct presence *presence, const struct presence_link *link, const struct presence_owner *owner,
                   const uint8_t member_id[static MEMBER_ID_SIZE], const struct update_body *own);
void presence_clear(struct presence *presence);

/* Takes over keys and limits from WELCOME. `told`: the revision of our addresses that REGISTER brought. */
void presence_start(struct presence *presence, const struct noise_keys *keys, const struct welcome_body *body,
                    uint32_t told, uint64_t now);
/* Takes over the members from WELCOME, and confirms the session by its first beat. */
void presence_confirm(struct presence *presence, const struct welcome_body *body, struct reader *members, uint64_t now);
/* There is no session now. */
void presence_end(struct presence *presence);

/* What follows needs a session; the last three one that we are not leaving. */
MUST_USE enum presence_news presence_receive(struct presence *presence, const struct address *from,
                                             const uint8_t *packet, size_t size, uint64_t now);
/* PRESENCE_ON or PRESENCE_LEFT. */
MUST_USE enum presence_news presence_tick(struct presence *presence, uint64_t now);
uint64_t presence_due(const struct presence *presence);
/* Our addresses changed: tells the bootnode at that time (UPDATE, repeated until our own record shows it). */
void presence_update(struct presence *presence, uint64_t at);
/* If it is still to be told, now is the time. */
void presence_update_sooner(struct presence *presence, uint64_t now);
/* Asks the bootnode at once whether it still hears us, unless that is being asked. */
void presence_ask(struct presence *presence, uint64_t now);
/* Asks at another address of the bootnode, which will offer to move the session there. */
void presence_ask_at(struct presence *presence, const struct address *to, uint64_t now);
/* This process stood still: nobody had a chance to answer. */
void presence_resumed(struct presence *presence, uint64_t now);
/* LEAVE_SAID or LEAVE_MOVED. PRESENCE_LEFT comes from presence_tick or presence_receive. */
void presence_leave(struct presence *presence, enum leave_reason reason, uint64_t now);
/* Asks that both sides punch again. */
void presence_introduce(struct presence *presence, const uint8_t id[static MEMBER_ID_SIZE]);
/* Has the bootnode pass a packet of RELAY_PACKET_MIN … RELAY_PACKET_MAX bytes on to a member. False when it cannot. */
MUST_USE bool presence_relay(struct presence *presence, const uint8_t id[static MEMBER_ID_SIZE], const uint8_t *packet,
                             size_t size);
