/* A real client without an UI: an engine, a UDP socket of its own, an identity and a nick. What it is told goes to the
 * truth (truth.h), which judges it. Driven by crowd.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/engine.h"
#include "client/keys/bootnodes.h"
#include "common/udp.h"
#include "tests/crowd/truth.h"

#define CLIENT_NAME_SIZE 24

/* What all clients of a crowd share. */
struct crowd_world {
    struct truth *truth;
    struct bootnode bootnodes[BOOTNODES_MAX]; /* with all addresses that their names stand for */
    size_t bootnode_count;
    struct address first; /* of the clients' addresses; port 0 */
    unsigned addresses;   /* how many, in 256 networks in turn where there are more than one */
    struct udp_batch *incoming;
    uint64_t random, now;
    uint64_t received, sent;
    bool trace; /* every event as a line on standard error */
};

struct crowd_client {
    struct crowd_world *world;
    struct engine *engine; /* NULL: a free place */
    uint32_t number;       /* the truth's */
    bool leaving;
    int socket;
    struct address address;
    struct identity identity;
    struct people people;
    struct known_keys bootnodes;
    char nick[CLIENT_NAME_SIZE], room[CLIENT_NAME_SIZE];
    unsigned credit;
    unsigned lookups; /* set of bootnodes whose names are to be looked up */
    uint64_t due;
};

uint64_t crowd_random(struct crowd_world *world);
/* In 0 … count - 1. */
unsigned crowd_pick(struct crowd_world *world, unsigned count);

/* A new member of that room. False with a line on standard error: no socket. */
MUST_USE bool client_start(struct crowd_client *client, struct crowd_world *world, unsigned room);
/* Says bye; client_step frees the place once that is done. */
void client_leave(struct crowd_client *client);
/* As kill -9 does. */
void client_kill(struct crowd_client *client);
/* Whatever it is doing. */
void client_abandon(struct crowd_client *client);
/* The next number, if it may say something now. */
void client_say(struct crowd_client *client);
/* Takes what has come, as much as fits into the batch. */
void client_receive(struct crowd_client *client);
/* Names are looked up, timers run. */
void client_step(struct crowd_client *client);
void client_resumed(struct crowd_client *client, uint64_t gap);
