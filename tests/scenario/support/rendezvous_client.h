/* A client of the bootnode as PROTOCOL.md §2 wants it, written apart from client/: pure, with time and packets handed
 * in. What it learned and how often stands open, for tests to look at. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/link.h"
#include "common/noise.h"
#include "common/replay_window.h"
#include "common/wire/bootnode_bodies.h"
#include "common/wire/bootnode_packets.h"
#include "common/wire/packet.h"
#include "tests/support/room_view.h"

#define CLIENT_ATTEMPTS 3
#define CLIENT_RETRY_MS 500

enum client_state { CLIENT_IDLE, CLIENT_GREETING, CLIENT_REGISTERING, CLIENT_REGISTERED, CLIENT_LEAVING, CLIENT_LEFT };

struct rendezvous_client {
    struct address address; /* where its packets come from */
    void (*send)(void *context, const struct address *from, const uint8_t *packet, size_t size);
    void *context;

    struct register_body identity;
    uint8_t member_secret[MEMBER_KEY_SIZE];
    enum client_state state;
    uint64_t due; /* what the state does next, it does then */
    uint64_t nonce;
    uint8_t asks_for[32]; /* a key, in HELLO; zeros: none */
    bool homes_silent;    /* what HELLO says of the homes */
    struct cookie_message cookie;
    struct {
        uint64_t id;
        struct noise noise;
    } attempts[CLIENT_ATTEMPTS];
    unsigned attempt_count;

    struct welcome_body session; /* its token: the last that came */
    bool echoed;                 /* a beat of ours had it */
    uint8_t secret[LINK_SECRET_SIZE];
    uint32_t beat;        /* counter of the last HEARTBEAT */
    uint32_t answered;    /* highest counter that a BEAT_ACK echoed */
    uint32_t asked_since; /* first beat that asks and was not answered, 0: none */
    uint64_t sealed;      /* counter of the last sealed packet */
    struct replay_window received;
    struct room_view view;

    unsigned welcomes, acks, unheard, paths, resets, notices, introductions, relayed, forged;
    struct { /* the last that was relayed to it */
        uint8_t sender[MEMBER_ID_SIZE], packet[RELAY_PACKET_MAX];
        size_t size;
    } last_relayed;
    enum refusal refused;
    struct notice_body notice; /* the last */
    unsigned moves;            /* of these, those that named other homes */
    enum leave_reason leaves_as;
};

/* `number` makes the member: its key, and so its id. */
void client_init(struct rendezvous_client *client, const char *room, uint32_t number, const struct address *address);
void client_start(struct rendezvous_client *client, uint64_t now);
/* Does what is due. */
void client_step(struct rendezvous_client *client, uint64_t now);
void client_receive(struct rendezvous_client *client, const uint8_t *packet, size_t size, uint64_t now);
void client_leave(struct rendezvous_client *client, uint64_t now);
/* For other homes. */
void client_move_away(struct rendezvous_client *client, uint64_t now);

/* Packets as it would send them next; each returns the size. */
size_t client_hello(struct rendezvous_client *client, uint8_t packet[static PACKET_MAX]);
size_t client_register(struct rendezvous_client *client, uint8_t packet[static PACKET_MAX]);
size_t client_beat(struct rendezvous_client *client, bool ask, uint8_t packet[static PACKET_MAX]);
size_t client_seal(struct rendezvous_client *client, enum message_type type, const void *body, size_t size,
                   uint8_t packet[static PACKET_MAX]);
size_t client_move(struct rendezvous_client *client, const struct cookie *cookie, uint8_t packet[static PACKET_MAX]);
/* To another member, with the key of `client`. */
size_t client_relay(const struct rendezvous_client *client, const struct rendezvous_client *to, const uint8_t *carried,
                    size_t size, uint8_t packet[static PACKET_MAX]);
size_t client_update(struct rendezvous_client *client, const struct candidate_list *candidates,
                     uint8_t packet[static PACKET_MAX]);
