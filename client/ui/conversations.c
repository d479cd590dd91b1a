#include "client/ui/conversations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/holds.h"
#include "common/memory.h"
#include "common/room_name.h"

static const uint8_t no_id[MEMBER_ID_SIZE];

static void take_nick(struct conversations *conversations, const char *nick) {
    snprintf(conversations->nick, sizeof conversations->nick, "%s", nick);
    roster_label(conversations->nick, conversations->fingerprint, no_id, conversations->label);
    for (size_t i = 0; i < conversations->count; i++)
        roster_set_own(&conversations->list[i]->roster, conversations->nick, conversations->fingerprint);
}

void conversations_own_label(const struct conversations *conversations, const struct conversation *conversation,
                             char out[static ROSTER_LABEL_SIZE]) {
    roster_label_among(conversation ? &conversation->roster : NULL, conversations->nick, conversations->fingerprint,
                       no_id, out);
}

void conversations_init(struct conversations *conversations, const char *nick, const char *fingerprint) {
    memset(conversations, 0, sizeof *conversations);
    snprintf(conversations->fingerprint, sizeof conversations->fingerprint, "%s", fingerprint);
    take_nick(conversations, nick);
}

static void conversation_destroy(struct conversation *conversation) {
    roster_clear(&conversation->roster);
    deliveries_clear(&conversation->deliveries);
    floods_clear(&conversation->floods);
    free(conversation);
}

int conversations_joins(const struct conversations *conversations) {
    return conversations->settings ? conversations->settings->joins : JOINS_AUTO;
}

int conversations_flood(const struct conversations *conversations) {
    return conversations->settings ? conversations->settings->flood : FLOOD_AUTO;
}

void conversations_clear(struct conversations *conversations) {
    for (size_t i = 0; i < conversations->count; i++) conversation_destroy(conversations->list[i]);
    conversations->count = conversations->current = 0;
}

struct conversation *conversations_find(const struct conversations *conversations, const char *name) {
    for (size_t i = 0; i < conversations->count; i++)
        if (strcmp(conversations->list[i]->name, name) == 0) return conversations->list[i];
    return NULL;
}

bool conversations_holds(const struct conversations *conversations) {
    if (conversations->count > ENGINE_ROOMS_MAX) return false;
    if (conversations->count > 0 && conversations->current >= conversations->count) return false;
    for (size_t i = 0; i < conversations->count; i++) {
        const struct conversation *conversation = conversations->list[i];
        if (conversations_find(conversations, conversation->name) != conversation) return false;
        if (conversation->bootnode_count > BOOTNODE_SESSIONS) return false;
        if (!roster_holds(&conversation->roster) || !deliveries_holds(&conversation->deliveries)) return false;
    }
    return true;
}

static struct conversation *joined(struct conversations *conversations, const struct event *event) {
    if (conversations->count == ENGINE_ROOMS_MAX) return NULL;
    struct conversation *conversation = allocate_zeroed(1, sizeof *conversation);
    snprintf(conversation->name, sizeof conversation->name, "%s", event->room);
    text_filter(event->room, strlen(event->room), false, conversation->title, sizeof conversation->title);
    conversation->secret = event->secret;
    roster_set_own(&conversation->roster, conversations->nick, conversations->fingerprint);
    conversations->current = conversations->count;
    conversations->list[conversations->count++] = conversation;
    HOLDS(conversations_holds(conversations));
    return conversation;
}

static bool is_of(const struct bootnode_seen *seen, const struct event *event) {
    return strcmp(seen->name, event->bootnode_name ? event->bootnode_name : "") == 0;
}

/* What had only its name until now is the first home of it that is told. */
static struct bootnode_seen *bootnode_of(struct conversation *conversation, const struct event *event) {
    struct bootnode_seen *nameless = NULL;
    for (size_t i = 0; i < conversation->bootnode_count; i++) {
        struct bootnode_seen *seen = &conversation->bootnodes[i];
        if (!is_of(seen, event)) continue;
        if (seen->has_node == event->has_node && seen->node_id == event->node_id) return seen;
        if (!seen->has_node) nameless = seen;
    }
    if (!nameless && conversation->bootnode_count == BOOTNODE_SESSIONS) return &conversation->bootnodes[0];
    if (!nameless) nameless = &conversation->bootnodes[conversation->bootnode_count++];
    *nameless = (struct bootnode_seen){.name = event->bootnode_name ? event->bootnode_name : "",
                                       .has_node = event->has_node,
                                       .node_id = event->node_id};
    return nameless;
}

/* The room is lost to us only with the last bootnode. */
static void choose_best(struct conversation *conversation) {
    const struct bootnode_seen *best = &conversation->bootnodes[0];
    for (size_t i = 1; i < conversation->bootnode_count; i++)
        if (best->standing == BOOTNODE_LOST) best = &conversation->bootnodes[i];
    conversation->bootnode_standing = best->standing;
    conversation->bootnode = best->address;
    conversation->mapped = best->mapped;
}

/* What is told of a cluster as a whole is so of all its homes. False: none is known. */
static bool homes_stand(struct conversation *conversation, enum bootnode_standing standing, const struct event *event) {
    bool any = false;
    for (size_t i = 0; i < conversation->bootnode_count && !event->has_node; i++) {
        struct bootnode_seen *seen = &conversation->bootnodes[i];
        if (!is_of(seen, event) || !seen->has_node) continue;
        seen->standing = standing;
        any = true;
    }
    return any;
}

static void stands(struct conversation *conversation, enum bootnode_standing standing, const struct event *event) {
    if (!homes_stand(conversation, standing, event)) {
        struct bootnode_seen *bootnode = bootnode_of(conversation, event);
        bootnode->standing = standing;
        bootnode->address = event->bootnode;
        if (event->type == EVENT_REGISTERED) bootnode->mapped = event->mapped;
        bootnode->rtt_ms = event->rtt_ms;
    }
    choose_best(conversation);
}

static void home_left(struct conversation *conversation, const struct event *event) {
    for (size_t i = 0; i < conversation->bootnode_count; i++) {
        const struct bootnode_seen *seen = &conversation->bootnodes[i];
        if (!is_of(seen, event) || !seen->has_node || seen->node_id != event->node_id) continue;
        conversation->bootnode_count--;
        memmove(&conversation->bootnodes[i], &conversation->bootnodes[i + 1],
                (conversation->bootnode_count - i) * sizeof *seen);
        break;
    }
    if (conversation->bootnode_count > 0) choose_best(conversation);
}

bool conversation_is_clustered(const struct conversation *conversation) {
    for (size_t i = 0; i < conversation->bootnode_count; i++) {
        const struct bootnode_seen *seen = &conversation->bootnodes[i];
        if (!seen->has_node || strcmp(seen->name, conversation->bootnodes[0].name) != 0) return false;
    }
    return conversation->bootnode_count > 0;
}

size_t conversation_bootnodes(const struct conversation *conversation, enum bootnode_standing standing) {
    size_t count = 0;
    for (size_t i = 0; i < conversation->bootnode_count; i++) count += conversation->bootnodes[i].standing == standing;
    return count;
}

static void arrived(struct conversation *conversation, const struct event *event) {
    struct member *member = roster_apply(&conversation->roster, event);
    if (member && !conversation->listed) member->found = true;
}

/* Nobody says anything of the owner, so of whom something is said is an op, or neither. */
static void decided(struct conversation *conversation, const struct event *event) {
    if (strcmp(event->reason, "topic") == 0)
        text_filter(event->text, event->text_size, false, conversation->topic, sizeof conversation->topic);
    else if (*event->fingerprint)
        roster_apply(&conversation->roster, event);
}

static void apply(struct conversation *conversation, const struct event *event) {
    switch (event->type) {
    case EVENT_REGISTERED:
    case EVENT_BOOTNODE_BACK: stands(conversation, BOOTNODE_REGISTERED, event); break;
    case EVENT_HOME_LEFT: home_left(conversation, event); break;
    case EVENT_BOOTNODE_LOST: stands(conversation, BOOTNODE_LOST, event); break;
    case EVENT_CREDIT:
        conversation->credit += event->credit;
        conversation->listed = true;
        break;
    case EVENT_SENT: deliveries_sent(&conversation->deliveries, event, &conversation->roster); break;
    case EVENT_DELIVERED:
    case EVENT_UNDELIVERED: deliveries_answered(&conversation->deliveries, event, &conversation->roster); break;
    case EVENT_PEER_JOINED: arrived(conversation, event); break;
    case EVENT_DECIDED: decided(conversation, event); break;
    case EVENT_PEER_CONNECTED:
    case EVENT_PEER_PATH:
    case EVENT_PEER_STATUS:
    case EVENT_PEER_NICK:
    case EVENT_PEER_LEFT: roster_apply(&conversation->roster, event); break;
    default: break;
    }
}

struct conversation *conversations_apply(struct conversations *conversations, const struct event *event) {
    if (event->type == EVENT_NICK) take_nick(conversations, event->nick);
    if (!event->room) return NULL;
    struct conversation *conversation = conversations_find(conversations, event->room);
    if (!conversation && event->type == EVENT_JOINED) return joined(conversations, event);
    if (conversation) apply(conversation, event);
    return conversation;
}

void conversations_remove(struct conversations *conversations, struct conversation *gone) {
    size_t at = 0;
    while (at < conversations->count && conversations->list[at] != gone) at++;
    if (at == conversations->count) return;
    conversations->count--;
    memmove(&conversations->list[at], &conversations->list[at + 1],
            (conversations->count - at) * sizeof(struct conversation *));
    if (conversations->current > at || (conversations->current == conversations->count && at > 0))
        conversations->current--;
    conversation_destroy(gone);
    HOLDS(conversations_holds(conversations));
}

struct conversation *conversations_current(const struct conversations *conversations) {
    return conversations->count > 0 ? conversations->list[conversations->current] : NULL;
}

struct conversation *conversations_typed(const struct conversations *conversations, const char *name) {
    char room[ROOM_NAME_MAX + 1];
    struct why ignored;
    bool parsed = room_name_parse(name, strlen(name), room, &ignored);
    return conversations_find(conversations, parsed ? room : name);
}

struct conversation *conversations_named(const struct conversations *conversations, const char *name) {
    struct conversation *found = conversations_typed(conversations, name);
    if (found || !name[0]) return found;
    for (size_t i = 0; i < conversations->count; i++) {
        if (strncmp(conversations->list[i]->title, name, strlen(name)) != 0) continue;
        if (found) return NULL;
        found = conversations->list[i];
    }
    return found;
}
