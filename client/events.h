/* What the client's threads say to each other. Each object is owned by whoever took it from its queue.
 *
 *     receive thread ──received──▶ crypto thread ──event──▶ UI thread
 *                    ◀──empty────                ◀──input── */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/names.h"
#include "common/queue.h"
#include "common/text.h"
#include "common/udp.h"

/* A datagram; made once, goes round between receiver and engine, so receiving allocates nothing and memory is bounded.
 */
struct received {
    struct queue_node node; /* first */
    struct address from;
    size_t size;
    uint8_t data[UDP_DATAGRAM_MAX];
};

enum event_type {
    EVENT_REGISTERED,     /* room, bootnode, mapped */
    EVENT_PEER_JOINED,    /* room, peer */
    EVENT_PEER_CONNECTED, /* room, peer, nick, relayed, address, rtt_ms, cipher, fingerprint */
    EVENT_MESSAGE,        /* room, peer, nick, id, text, sent_ms */
    EVENT_DELIVERED,      /* room, peer, id */
    EVENT_SENT,           /* room, id, text */
    EVENT_PEER_PATH,      /* room, peer, relayed, address */
    EVENT_PEER_LEFT,      /* room, peer, nick, said_bye */
    EVENT_BOOTNODE_LOST,  /* room, bootnode, text */
    EVENT_BOOTNODE_BACK,  /* room, bootnode */
    EVENT_ERROR,          /* text */
    EVENT_CREDIT,         /* credit: so many more input lines may be read; never shown */
    EVENT_FINISHED,       /* status: end the UI; never shown */
    EVENT_TYPES,
};

struct event {
    struct queue_node node; /* first */
    enum event_type type;
    const char *room; /* lives as long as the client */
    uint8_t peer[MEMBER_ID_SIZE];
    char nick[TEXT_NICK_MAX + 1]; /* empty: unknown yet */
    struct address bootnode, mapped, address;
    bool relayed, said_bye;
    double rtt_ms;
    const char *cipher; /* static text */
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    char id[40];
    uint64_t sent_ms;
    unsigned credit;
    int status;
    size_t text_size;
    char text[]; /* zero-terminated; from peers: valid UTF-8, not yet filtered for a terminal */
};

/* Zeroed but for the text, which is copied (NULL: empty). Aborts without memory. */
struct event *event_create(enum event_type type, const char *text, size_t text_size);
void event_destroy(struct event *event);

enum input_type { INPUT_LINE, INPUT_END, INPUT_STOP /* a signal: leave now */ };
struct input {
    struct queue_node node; /* first */
    enum input_type type;
    size_t size;
    char text[]; /* zero-terminated */
};
struct input *input_create(enum input_type type, const char *text, size_t size);
void input_destroy(struct input *input);
