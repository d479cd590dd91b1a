#include "client/engine.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/charter/namesakes.h"
#include "client/charter/room_file.h"
#include "client/invite/invite.h"
#include "client/network/name_lookup.h"
#include "client/network/nat_check.h"
#include "client/room_place.h"
#include "common/clock.h"
#include "common/memory.h"
#include "common/why.h"

/* A room's name, once and for all: events point to it. */
struct room_name {
    struct room_name *next;
    char text[];
};

#define SYNC_EVERY_MS 1000    /* at most: keys that were remembered */
#define NODES_EVERY_MS 600000 /* at most, once their list is full: where nodes were met */

struct engine {
    struct engine_io io;
    struct engine_options options;
    struct bootnode bootnodes[BOOTNODES_MAX];
    struct name_lookup lookups[BOOTNODES_MAX]; /* of those without an address yet, and of those that are lost */
    char nick[TEXT_NICK_MAX + 1];
    bool ending, finished;
    bool stopped; /* by a signal: the status is 0 */
    bool barred;
    bool any_joined, any_company, any_undelivered; /* of all rooms that there were */
    uint8_t proven, barred_bootnodes;              /* sets of bootnodes: which proved their keys; which are given up */
    struct indices indices;
    struct punch_budget budget;
    struct relaying relaying;
    struct unproven unproven;
    struct known_nodes nodes[BOOTNODES_MAX];
    uint64_t nodes_written; /* ms; 0: never */
    struct candidate_list candidates;
    struct nat64 nat64;
    uint64_t synced; /* when the disk had all keys of peers */
    struct nat_check nat;
    struct chatroom_host chatroom_host;
    struct room_name *names;
    struct place_host place_host;
    struct room_place rooms[ENGINE_ROOMS_MAX];
    size_t room_count;
};

static void emit_error(struct engine *engine, const char *text) {
    outside_emit(&engine->io.outside, event_create(EVENT_ERROR, text, strlen(text)));
}

static bool on_trusted(void *context, unsigned index, const uint8_t key[static 32], struct why *why) {
    const struct engine *engine = context;
    return bootnode_trusted(&engine->bootnodes[index], engine->options.known_bootnodes, key, why);
}

static bool on_known(void *context, unsigned index, uint8_t key[static 32]) {
    const struct engine *engine = context;
    return bootnode_known_key(&engine->bootnodes[index], engine->options.known_bootnodes, key);
}

static bool on_succeeded(void *context, unsigned index, const uint8_t key[static 32]) {
    struct engine *engine = context;
    struct why told;
    enum bootnode_succession succession =
        bootnode_succeed(&engine->bootnodes[index], engine->options.known_bootnodes, key, &told);
    if (*told.text) outside_emit(&engine->io.outside, event_create(EVENT_NOTICE, told.text, strlen(told.text)));
    return succession == BOOTNODE_SUCCEEDED;
}

/* Remembered only now: a forged COOKIE must not put a key into the file. */
static void on_proven(void *context, unsigned index, const uint8_t key[static 32]) {
    struct engine *engine = context;
    struct why why;
    engine->proven |= (uint8_t)(1u << index);
    if (!bootnode_remember(&engine->bootnodes[index], engine->options.known_bootnodes, key, &why))
        emit_error(engine, why.text);
}

/* One room's first contact must not cost us those whom we talk to in others; a bootnode without the right key does not
 * keep us from the others; but with none left nothing can be done. */
static bool on_barred(void *context, unsigned index, const char *why) {
    struct engine *engine = context;
    uint8_t bit = (uint8_t)(1u << index);
    if (engine->proven & bit) return false;
    if (!(engine->barred_bootnodes & bit)) emit_error(engine, why);
    engine->barred_bootnodes |= bit;
    if (engine->barred_bootnodes == (1u << engine->options.bootnode_count) - 1) engine->barred = true;
    return true;
}

/* --- Our NAT --- */

static void on_seen(void *context, const struct address *mapped) {
    struct engine *engine = context;
    nat_check_seen(&engine->nat, mapped);
    engine->io.seen(engine->io.outside.context, mapped, NULL);
}

/* Where to, the check finds out. */
static void on_moved(void *context) {
    struct engine *engine = context;
    nat_check_moved(&engine->nat);
}

static void nat_tell_servers(struct engine *engine) {
    struct address servers[BOOTNODES_MAX * (BOOTNODE_ADDRESSES + KNOWN_NODES_MAX)];
    size_t count = 0;
    for (size_t i = 0; i < engine->options.bootnode_count; i++)
        for (size_t j = 0; j < engine->bootnodes[i].address_count; j++)
            servers[count++] = engine->bootnodes[i].addresses[j];
    for (size_t i = 0; i < engine->options.bootnode_count; i++)
        for (size_t j = 0; j < engine->nodes[i].count; j++) servers[count++] = engine->nodes[i].list[j];
    nat_check_set_servers(&engine->nat, servers, count);
}

static void nat_tick(struct engine *engine, uint64_t now) {
    struct address to;
    uint8_t packet[STUN_REQUEST_MAX];
    size_t size;
    while ((size = nat_check_tick(&engine->nat, now, &to, packet)) > 0)
        engine->io.outside.send(engine->io.outside.context, PATH_SOCKET_MAIN, &to, packet, size);
    engine->chatroom_host.mapping = engine->nat.mapping;
}

/* --- Nodes of clusters --- */

/* Without the key anybody could answer who has such an address by now. */
static void nodes_init(struct engine *engine) {
    uint8_t key[32];
    for (size_t i = 0; i < engine->options.bootnode_count; i++)
        if (bootnode_known_key(&engine->bootnodes[i], engine->options.known_bootnodes, key))
            known_nodes_read(engine->options.known_bootnodes->log.path, engine->bootnodes[i].name, &engine->nodes[i]);
}

/* Whether it is kept for the next run is of little weight: nobody is told where it cannot be. */
static void on_met(void *context, unsigned index, const uint8_t key[static 32], const struct address *node,
                   uint64_t now) {
    struct engine *engine = context;
    struct known_nodes *nodes = &engine->nodes[index];
    bool full = nodes->count == KNOWN_NODES_MAX;
    if (!known_nodes_met(nodes, node)) return;
    nat_tell_servers(engine);
    if (full && engine->nodes_written && now - engine->nodes_written < NODES_EVERY_MS) return;
    engine->nodes_written = now;
    (void)known_nodes_write(engine->options.known_bootnodes->log.path, engine->bootnodes[index].name, key, nodes);
}

/* --- Names --- */

static bool is_unresolved(const struct engine *engine, unsigned bootnode) {
    return engine->bootnodes[bootnode].address_count == 0;
}

static void names_init(struct engine *engine, uint64_t now) {
    for (unsigned i = 0; i < BOOTNODES_MAX; i++) {
        name_lookup_settle(&engine->lookups[i]);
        if (i < engine->options.bootnode_count && is_unresolved(engine, i)) name_lookup_want(&engine->lookups[i], now);
    }
}

static bool is_lost(const struct engine *engine, unsigned bootnode, uint64_t now) {
    for (size_t i = 0; i < engine->room_count; i++)
        if (chatroom_misses_bootnode(engine->rooms[i].chatroom, bootnode, now)) return true;
    return false;
}

static enum name_state name_state(const struct engine *engine, unsigned bootnode, uint64_t now) {
    if (bootnode_is_numeric(&engine->bootnodes[bootnode])) return NAME_KNOWN;
    if (is_unresolved(engine, bootnode)) return NAME_UNRESOLVED;
    return is_lost(engine, bootnode, now) ? NAME_LOST : NAME_KNOWN;
}

static void look_up_names(struct engine *engine, uint64_t now) {
    for (unsigned i = 0; i < engine->options.bootnode_count; i++)
        if (name_lookup_tick(&engine->lookups[i], name_state(engine, i, now), now))
            engine->io.resolve(engine->io.outside.context, i);
}

static void look_up_again(struct engine *engine, uint64_t now) {
    for (unsigned i = 0; i < engine->options.bootnode_count; i++)
        if (!bootnode_is_numeric(&engine->bootnodes[i])) name_lookup_refresh(&engine->lookups[i], now);
}

static bool contains(const struct address *addresses, size_t count, const struct address *address) {
    for (size_t i = 0; i < count; i++)
        if (address_equal(&addresses[i], address)) return true;
    return false;
}

/* What a name server made of an IPv4 address for our NAT64 is that IPv4 address. */
static void take_addresses(const struct engine *engine, const struct address *addresses, size_t count,
                           struct bootnode *out) {
    struct address taken[BOOTNODE_ADDRESSES] = {0};
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        taken[kept] = nat64_inward(&engine->nat64, &addresses[i]);
        if (!contains(taken, kept, &taken[kept])) kept++;
    }
    memcpy(out->addresses, taken, kept * sizeof *taken);
    out->address_count = kept;
}

void engine_resolved(struct engine *engine, unsigned bootnode, const struct address *addresses, size_t count,
                     uint64_t now) {
    name_lookup_settle(&engine->lookups[bootnode]);
    take_addresses(engine, addresses, count, &engine->bootnodes[bootnode]);
    nat_tell_servers(engine);
    for (size_t i = 0; i < engine->room_count; i++) chatroom_bootnode_moved(engine->rooms[i].chatroom, bootnode, now);
}

void engine_unresolved(struct engine *engine, unsigned bootnode, const char *why, uint64_t now) {
    if (engine->lookups[bootnode].due == NEVER) return; /* found by another look-up meanwhile */
    name_lookup_failed(&engine->lookups[bootnode], now);
    if (!is_unresolved(engine, bootnode)) return; /* what it stood for may answer all the same */
    for (size_t i = 0; i < engine->room_count; i++)
        chatroom_bootnode_unresolved(engine->rooms[i].chatroom, bootnode, why, now);
}

enum nat_mapping engine_nat_mapping(const struct engine *engine) {
    return engine->nat.mapping;
}

struct engine *engine_create(const struct engine_options *options, const struct engine_io *io, uint64_t now) {
    struct engine *engine = allocate_zeroed(1, sizeof *engine);
    engine->io = *io;
    engine->options = *options;
    memcpy(engine->bootnodes, options->bootnodes, options->bootnode_count * sizeof *engine->bootnodes);
    engine->options.bootnodes = engine->bootnodes;
    names_init(engine, now);
    budget_init(&engine->budget, now);
    relaying_init(&engine->relaying, now);
    nodes_init(engine);
    nat_check_init(&engine->nat);
    nat_tell_servers(engine);
    snprintf(engine->nick, sizeof engine->nick, "%s", options->nick);
    engine->chatroom_host = (struct chatroom_host){.context = engine,
                                                   .outside = &engine->io.outside,
                                                   .identity = options->identity,
                                                   .indices = &engine->indices,
                                                   .budget = &engine->budget,
                                                   .relaying = &engine->relaying,
                                                   .unproven = &engine->unproven,
                                                   .bootnodes = engine->bootnodes,
                                                   .bootnode_count = options->bootnode_count,
                                                   .nodes = engine->nodes,
                                                   .people = options->people,
                                                   .nick = engine->nick,
                                                   .suite_mask = options->suite_mask,
                                                   .history = options->history,
                                                   .relays = options->relays,
                                                   .trusted = on_trusted,
                                                   .barred = on_barred,
                                                   .known = on_known,
                                                   .succeeded = on_succeeded,
                                                   .proven = on_proven,
                                                   .met = on_met,
                                                   .seen = on_seen,
                                                   .moved = on_moved};
    engine->place_host = (struct place_host){.chatroom = &engine->chatroom_host,
                                             .directory = options->directory ? options->directory : "",
                                             .known_keys = options->known_bootnodes};
    return engine;
}

void engine_destroy(struct engine *engine) {
    if (!engine) return;
    for (size_t i = 0; i < engine->room_count; i++) place_clear(&engine->rooms[i], 0);
    for (struct room_name *name = engine->names, *next; name; name = next) {
        next = name->next;
        free(name);
    }
    sodium_memzero(engine, sizeof *engine);
    free(engine);
}

/* --- Rooms --- */

static const char *name_keep(struct engine *engine, const char *text) {
    for (const struct room_name *name = engine->names; name; name = name->next)
        if (strcmp(name->text, text) == 0) return name->text;
    struct room_name *name = allocate(sizeof *name + strlen(text) + 1);
    memcpy(name->text, text, strlen(text) + 1);
    name->next = engine->names;
    engine->names = name;
    return name->text;
}

static struct room_place *room_find(struct engine *engine, const char *name) {
    for (size_t i = 0; i < engine->room_count; i++)
        if (strcmp(chatroom_name(engine->rooms[i].chatroom), name) == 0) return &engine->rooms[i];
    return NULL;
}

static void welcome(struct engine *engine, struct room_place *place, uint64_t now) {
    if (engine->candidates.count) chatroom_set_candidates(place->chatroom, &engine->candidates, now);
    engine->any_joined = true;
}

static void refuse_join(struct engine *engine, const char *name, const char *why) {
    char text[ROOM_NAME_MAX + 256];
    snprintf(text, sizeof text, "cannot join %.*s: %s", ROOM_NAME_MAX, name, why);
    emit_error(engine, text);
    if (!engine->any_joined) engine->barred = true;
}

/* May it be joined, or is it ours already? */
static bool may_join(struct engine *engine, const char *room) {
    const struct room_place *place = room_find(engine, room);
    if (engine->ending || engine->barred || (place && chatroom_state(place->chatroom) == CHATROOM_OPEN)) return false;
    if (place || engine->room_count < ENGINE_ROOMS_MAX) return true;
    refuse_join(engine, room, "more rooms at once are not possible");
    return false;
}

/* `private`: NULL, or becomes the engine's. */
static void join(struct engine *engine, const char *room, const struct room_keys *keys, const struct entrance *entrance,
                 struct private_room *private, uint64_t now) {
    struct room_place *place = room_find(engine, room);
    if (place) {
        place_plan(place, keys, entrance, private);
        return;
    }
    place = &engine->rooms[engine->room_count++];
    place_open(place, &engine->place_host, name_keep(engine, room), keys, entrance, private, now);
    welcome(engine, place, now);
}

void engine_join(struct engine *engine, const char *room, const void *secret, size_t secret_size, uint64_t now) {
    struct room_keys keys;
    if (!may_join(engine, room)) return;
    struct entrance entrance = entrance_of(secret, secret_size, false);
    if (room_keys_derive(room, secret, secret_size, &keys))
        join(engine, room, &keys, &entrance, NULL, now);
    else
        refuse_join(engine, room,
                    "its name or secret is empty or too long, or there is no memory (64 MiB) for the secret");
    sodium_memzero(&keys, sizeof keys);
    sodium_memzero(&entrance, sizeof entrance);
}

void engine_join_passphrase(struct engine *engine, const char *room, const char *passphrase, size_t size,
                            uint64_t now) {
    struct room_keys keys;
    if (!may_join(engine, room)) return;
    const struct entrance entrance = entrance_of(passphrase, size, true);
    if (room_keys_derive_passphrase(room, passphrase, size, &keys))
        join(engine, room, &keys, &entrance, NULL, now);
    else
        refuse_join(engine, room,
                    "its name or passphrase is empty or too long, or there is no memory (256 MiB) for it");
    sodium_memzero(&keys, sizeof keys);
}

void engine_join_keys(struct engine *engine, const char *room, const struct room_keys *keys, uint64_t now) {
    const struct entrance entrance = {.elsewhere = true};
    if (may_join(engine, room)) join(engine, room, keys, &entrance, NULL, now);
}

void engine_enter(struct engine *engine, struct private_room *room, uint64_t now) {
    const struct entrance entrance = {.kind = INVITE_PRIVATE};
    struct room_keys keys;
    chamber_keys(room, &keys);
    if (may_join(engine, room->name))
        join(engine, room->name, &keys, &entrance, room, now);
    else
        private_room_clear(room);
    sodium_memzero(&keys, sizeof keys);
}

struct chamber *engine_chamber(struct engine *engine, const char *room) {
    struct room_place *place = room_find(engine, room);
    return place && chatroom_state(place->chatroom) == CHATROOM_OPEN ? place->chamber : NULL;
}

struct chatroom *engine_room(struct engine *engine, const char *room) {
    struct room_place *place = room_find(engine, room);
    return place && chatroom_state(place->chatroom) == CHATROOM_OPEN ? place->chatroom : NULL;
}

void engine_invite(struct engine *engine, const char *room, bool once, uint64_t lasts_ms, uint64_t now) {
    struct room_place *place = room_find(engine, room);
    char text[INVITE_TEXT_SIZE];
    struct why why;
    if (!place) return;
    if (!place_invite(place, &engine->place_host, once, lasts_ms, now, text, &why)) {
        emit_error(engine, why.text);
        return;
    }
    struct event *event = event_create(EVENT_INVITE, text, strlen(text));
    event->room = chatroom_name(place->chatroom);
    outside_emit(&engine->io.outside, event);
    sodium_memzero(text, sizeof text);
}

/* Where its people were met, for a later start. */
static void note_bootnodes(const struct engine *engine, struct private_room *room) {
    size_t used = 0;
    for (size_t i = 0; i < engine->options.bootnode_count && used < sizeof room->bootnodes; i++)
        used += (size_t)snprintf(room->bootnodes + used, sizeof room->bootnodes - used, "%s%s", i > 0 ? "," : "",
                                 engine->bootnodes[i].name);
}

void engine_enter_by(struct engine *engine, const char *room, const uint8_t root[static PRIVATE_ROOT_SIZE],
                     const uint8_t *invite, uint64_t now) {
    struct private_room entered;
    struct why why;
    if (room_file_recall(engine->place_host.directory, room, root, invite, &entered, &why)) {
        note_bootnodes(engine, &entered);
        engine_enter(engine, &entered, now);
    } else {
        private_room_clear(&entered);
        refuse_join(engine, room, why.text);
    }
}

static bool is_met_here(const struct engine *engine, const struct namesakes *namesakes) {
    for (size_t i = 0; i < engine->options.bootnode_count; i++)
        if (invite_host_among(engine->bootnodes[i].name, namesakes->bootnodes)) return true;
    return !*namesakes->bootnodes;
}

void engine_join_by_name(struct engine *engine, const char *room, uint64_t now) {
    struct namesakes namesakes;
    struct why why;
    bool all_read = namesakes_find(engine->place_host.directory, room, &namesakes, &why);
    if (namesakes.count > 1)
        refuse_join(engine, room, "several private rooms of that name are kept: gochat ROOM tells them apart");
    else if (namesakes.count == 1 && !is_met_here(engine, &namesakes))
        refuse_join(engine, room, "that private room is met at another bootnode: gochat ROOM goes there");
    else if (namesakes.count == 1)
        engine_enter_by(engine, room, namesakes.root, NULL, now);
    else if (!all_read)
        refuse_join(engine, room, why.text);
    else
        engine_join(engine, room, NULL, 0, now);
    sodium_memzero(&namesakes, sizeof namesakes);
}

void engine_found(struct engine *engine, const char *room, bool once, uint64_t lasts_ms, uint64_t now) {
    struct private_room founded;
    struct room_place *place = room_find(engine, room);
    if (place) {
        refuse_join(engine, room, "we are in a room of that name");
    } else if (!private_room_make(&founded, room, engine->options.identity)) {
        private_room_clear(&founded);
        refuse_join(engine, room, "its name is empty or too long");
    } else {
        note_bootnodes(engine, &founded);
        engine_enter(engine, &founded, now);
        place = room_find(engine, room);
        if (!place) return;
        place->invite.due = true;
        place->invite.once = once;
        place->invite.lasts_ms = lasts_ms;
    }
}

void engine_decide(struct engine *engine, const struct input *input, uint64_t now) {
    struct chamber *chamber = engine_chamber(engine, input->room);
    struct why why;
    if (!chamber)
        emit_error(engine, "this is no private room: it has no owner who could decide that");
    else if (!chamber_decide(chamber, input->decision, input->peer, input->text, now, &why))
        emit_error(engine, why.text);
}

/* It has left: makes its place free, or joins again. */
static void room_close(struct engine *engine, struct room_place *place, uint64_t now) {
    const struct chatroom *chatroom = place->chatroom;
    struct event *event = event_create(EVENT_PARTED, NULL, 0);
    const char *name = event->room = chatroom_name(chatroom);
    engine->any_company |= chatroom_outcome(chatroom) != CHATROOM_ALONE;
    engine->any_undelivered |= chatroom_outcome(chatroom) == CHATROOM_UNDELIVERED;
    place_end(place, now);
    outside_emit(&engine->io.outside, event);
    if (place_reopen(place, &engine->place_host, name, now)) {
        welcome(engine, place, now);
        return;
    }
    struct room_place *last = &engine->rooms[--engine->room_count];
    *place = *last;
    sodium_memzero(last, sizeof *last); /* may hold keys */
}

void engine_part(struct engine *engine, const char *room, uint64_t now) {
    struct room_place *place = room_find(engine, room);
    if (!place) return;
    place_forget_plan(place);
    chatroom_part(place->chatroom, now);
}

void engine_answer(struct engine *engine, const char *ref) {
    engine->io.outside.ref = ref;
}

void engine_say(struct engine *engine, const char *room, enum chat_kind kind, const uint8_t *peer, const char *text,
                size_t size, uint64_t now) {
    struct room_place *place = room_find(engine, room);
    char why[ROOM_NAME_MAX + 64];
    if (place && chatroom_state(place->chatroom) == CHATROOM_OPEN) {
        chatroom_say(place->chatroom, kind, peer, text, size, now);
    } else {
        snprintf(why, sizeof why, "we are not in the room %.*s", ROOM_NAME_MAX, room);
        emit_error(engine, why);
    }
}

void engine_nick(struct engine *engine, const char *nick, uint64_t now) {
    char made[TEXT_NICK_MAX + 1], why[128];
    if (!text_nick(nick, strlen(nick), made)) {
        snprintf(why, sizeof why, "%.*s cannot be a nick; %s could", TEXT_NICK_MAX, nick, *made ? made : "a word");
        emit_error(engine, why);
        return;
    }
    bool other = strcmp(made, engine->nick) != 0;
    memcpy(engine->nick, made, sizeof made);
    struct event *event = event_create(EVENT_NICK, NULL, 0);
    memcpy(event->nick, made, sizeof made);
    outside_emit(&engine->io.outside, event);
    for (size_t i = 0; other && i < engine->room_count; i++) chatroom_tell_nick(engine->rooms[i].chatroom, now);
}

void engine_info(struct engine *engine, const char *room, const uint8_t peer[static MEMBER_ID_SIZE], uint64_t now) {
    struct room_place *place = room_find(engine, room);
    if (place) chatroom_tell_timeline(place->chatroom, peer, now);
}

void engine_mark(struct engine *engine, const char *room, const uint8_t peer[static MEMBER_ID_SIZE],
                 enum person_mark mark, uint64_t now) {
    struct room_place *place = room_find(engine, room);
    if (!place) return;
    chatroom_mark(place->chatroom, peer, mark, now);
    for (size_t i = 0; i < engine->room_count; i++) chatroom_look_again(engine->rooms[i].chatroom, now);
}

void engine_set_candidates(struct engine *engine, const struct candidate_list *candidates, uint64_t now) {
    engine->candidates = *candidates;
    nat_check_moved(&engine->nat);
    for (size_t i = 0; i < engine->room_count; i++) chatroom_set_candidates(engine->rooms[i].chatroom, candidates, now);
}

void engine_set_links(struct engine *engine, const struct own_links *links) {
    engine->chatroom_host.links = *links;
}

void engine_network_changed(struct engine *engine, uint64_t now) {
    look_up_again(engine, now);
    nat_check_moved(&engine->nat);
    for (size_t i = 0; i < engine->room_count; i++) chatroom_network_changed(engine->rooms[i].chatroom, now);
}

void engine_translated(struct engine *engine, const struct nat64 *nat64, uint64_t now) {
    engine->nat64 = *nat64;
    for (unsigned i = 0; i < engine->options.bootnode_count; i++) {
        const struct bootnode *bootnode = &engine->bootnodes[i];
        if (bootnode->address_count) engine_resolved(engine, i, bootnode->addresses, bootnode->address_count, now);
    }
    engine_network_changed(engine, now);
}

void engine_resumed(struct engine *engine, uint64_t gap, uint64_t now) {
    look_up_again(engine, now);
    nat_check_moved(&engine->nat); /* a router of another network may have given us the same address */
    for (size_t i = 0; i < engine->room_count; i++) chatroom_resumed(engine->rooms[i].chatroom, gap, now);
}

void engine_receive(struct engine *engine, uint16_t socket, const struct address *from, const uint8_t *data,
                    size_t size, uint64_t now) {
    if (stun_may_be_response(data, size)) {
        if (nat_check_receive(&engine->nat, from, data, size, now) && engine->nat.mapped.port)
            engine->io.seen(engine->io.outside.context, &engine->nat.mapped, from);
        return;
    }
    for (size_t i = 0; !engine->finished && i < engine->room_count; i++)
        if (chatroom_receive(engine->rooms[i].chatroom, socket, from, data, size, now)) return;
}

/* --- The end --- */

void engine_end_of_input(struct engine *engine, uint64_t now) {
    engine->ending = true;
    for (size_t i = 0; i < engine->room_count; i++) {
        place_forget_plan(&engine->rooms[i]);
        chatroom_part(engine->rooms[i].chatroom, now);
    }
}

/* Where everything is left already, the status is decided. */
void engine_stop(struct engine *engine, uint64_t now) {
    engine->stopped |= !engine->ending;
    engine->ending = true;
    for (size_t i = 0; i < engine->room_count; i++) {
        struct room_place *place = &engine->rooms[i];
        place_forget_plan(place);
        engine->stopped |= chatroom_state(place->chatroom) < CHATROOM_LEAVING;
        chatroom_leave(place->chatroom, now);
    }
}

static int status(const struct engine *engine) {
    if (engine->barred) return ENGINE_STATUS_BARRED;
    if (engine->stopped) return 0;
    if (engine->any_undelivered) return ENGINE_STATUS_UNDELIVERED;
    return engine->any_company ? 0 : ENGINE_STATUS_ALONE;
}

static bool is_over(const struct engine *engine) {
    return engine->barred || (engine->ending && engine->room_count == 0);
}

/* In a large room keys come by the hundred at once, and a disk may take a while for each. */
static uint64_t sync_at(const struct engine *engine) {
    return engine->options.people->unsynced ? engine->synced + SYNC_EVERY_MS : NEVER;
}

static void sync_keys(struct engine *engine, uint64_t now) {
    struct why why;
    engine->synced = now;
    if (!people_sync(engine->options.people, &why)) emit_error(engine, why.text);
}

static void tick_place(struct engine *engine, struct room_place *place, uint64_t now) {
    place_tick(place, now);
    if (!place->invite.due || !engine->proven) return;
    place->invite.due = false;
    engine_invite(engine, chatroom_name(place->chatroom), place->invite.once, place->invite.lasts_ms, now);
}

void engine_tick(struct engine *engine, uint64_t now) {
    if (engine->finished) return;
    nat_tick(engine, now);
    for (size_t i = 0; i < engine->room_count; i++) tick_place(engine, &engine->rooms[i], now);
    for (size_t i = engine->room_count; i-- > 0;)
        if (chatroom_state(engine->rooms[i].chatroom) == CHATROOM_LEFT) room_close(engine, &engine->rooms[i], now);
    look_up_names(engine, now);
    if (now >= sync_at(engine)) sync_keys(engine, now);
    if (!is_over(engine)) return;
    engine->finished = true;
    struct event *event = event_create(EVENT_FINISHED, NULL, 0);
    event->status = status(engine);
    outside_emit(&engine->io.outside, event);
}

uint64_t engine_due(struct engine *engine, uint64_t now) {
    if (engine->finished) return NEVER;
    if (is_over(engine)) return now;
    uint64_t due = earlier(nat_check_due(&engine->nat), sync_at(engine));
    for (size_t i = 0; i < engine->room_count; i++) due = earlier(due, place_due(&engine->rooms[i], now));
    for (size_t i = 0; i < BOOTNODES_MAX; i++) due = earlier(due, engine->lookups[i].due);
    return due;
}

bool engine_finished(const struct engine *engine) {
    return engine->finished;
}
