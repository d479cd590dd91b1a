/* The rooms as a UI knows them: one conversation per room that we joined, with who is there and what is under way.
 * Pure; fed with the engine's events. Commands (commands.h) act on it, and each UI shows it in its own way. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/engine.h"
#include "client/events.h"
#include "client/ui/comings.h"
#include "client/ui/deliveries.h"
#include "client/ui/flood.h"
#include "client/ui/roster.h"

#define TOPIC_SIZE (3 * 400 + 1) /* of the longest that a room can have (PROTOCOL.md §3.7) */

enum bootnode_standing { BOOTNODE_SEARCHING, BOOTNODE_REGISTERED, BOOTNODE_LOST };

struct bootnode_seen {
    const char *name; /* as the event has it */
    bool has_node;    /* it is a home in the cluster of that name: */
    uint8_t node_id;
    double rtt_ms; /* when it registered us */
    enum bootnode_standing standing;
    struct address address, mapped;
};

struct conversation {
    char name[ROOM_NAME_MAX + 1];
    char title[3 * ROOM_NAME_MAX + 1]; /* the name, filtered for a terminal */
    struct roster roster;
    struct deliveries deliveries;
    struct bootnode_seen
        bootnodes[BOOTNODE_SESSIONS]; /* that were registered with, or lost, so far; homes that we left are not */
    size_t bootnode_count;
    enum bootnode_standing bootnode_standing; /* of the best of them, */
    struct address bootnode, mapped;          /* which is this one */
    unsigned credit;
    bool listed; /* there was credit, which comes once all who were here before us are told */
    struct comings comings;
    struct floods floods;
    bool secret;            /* only who has its secret gets in */
    char topic[TOPIC_SIZE]; /* of a private room, filtered for a terminal; empty: none */
    bool parting; /* INPUT_PART was told: nothing more can be said there, and joining it again is no mere switch */
    void *view;   /* the UI's, and freed by it before the conversation goes */
};

struct conversations {
    struct conversation *list[ENGINE_ROOMS_MAX]; /* in the order they were joined */
    size_t count, current;                       /* current is of no meaning while count is 0 */
    char nick[TEXT_NICK_MAX + 1];
    char label[ROSTER_LABEL_SIZE]; /* ours */
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    const struct client_config *settings; /* of the UI; NULL: those that nobody changed */
};

/* Are all of them homes in one cluster? */
bool conversation_is_clustered(const struct conversation *conversation);
/* How many of its bootnodes stand so. */
size_t conversation_bootnodes(const struct conversation *conversation, enum bootnode_standing standing);

/* JOINS_… of the settings. */
int conversations_joins(const struct conversations *conversations);
/* FLOOD_… of the settings. */
int conversations_flood(const struct conversations *conversations);

/* How we are shown in this room; NULL: in none. */
void conversations_own_label(const struct conversations *conversations, const struct conversation *conversation,
                             char out[static ROSTER_LABEL_SIZE]);
void conversations_init(struct conversations *conversations, const char *nick, const char *fingerprint);
void conversations_clear(struct conversations *conversations);
/* Is each room there once, one of them the current one, and all that is in them as their headers say? */
bool conversations_holds(const struct conversations *conversations);
/* Applies an event. JOINED makes its room the current one. Returns the room's conversation, NULL for events without
 * room or of an unknown one. PARTED changes nothing here: once it was shown, conversations_remove is due. */
struct conversation *conversations_apply(struct conversations *conversations, const struct event *event);
void conversations_remove(struct conversations *conversations, struct conversation *gone);
struct conversation *conversations_current(const struct conversations *conversations);                /* NULL: none */
struct conversation *conversations_find(const struct conversations *conversations, const char *name); /* exactly */
/* However the name was typed (room_name.h). */
struct conversation *conversations_typed(const struct conversations *conversations, const char *name);
/* The same, else the only one whose title begins so. */
struct conversation *conversations_named(const struct conversations *conversations, const char *name);
