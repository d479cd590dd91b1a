/* The heart of the client: rooms, and what they share. Pure: packets, lines and times in; packets and events out. The
 * crypto thread (crypto_thread.h) drives it with real ones, scenarios with fake ones. One owner, no locks.
 *
 * Rooms come and go by engine_join and engine_part; each has its own sessions with the bootnodes, keys and member id,
 * so that nothing which is sent names the same client in two of them. They share one socket: the bootnode, and who
 * listens on the way, sees them come from one address; members of both know the identity. A room is parted once what
 * was said there was delivered, or after 10 s.
 *
 * The end: engine_end_of_input leaves once every message was acknowledged by everyone present, or after 10 s;
 * engine_stop leaves at once, with status 0. The status comes with EVENT_FINISHED: 0, 3 somebody present did not get
 * everything, 4 nobody was present (in any of the rooms there were); or 1, at once, when no bootnode has the key
 * that we know, or the first room could not be joined. gochat(1) has the table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/charter/private_room.h"
#include "client/network/nat64.h"
#include "client/outside.h"
#include "client/room/chamber.h"
#include "client/room/chatroom.h"
#include "common/attributes.h"

#define ENGINE_STATUS_UNDELIVERED 3
#define ENGINE_STATUS_ALONE 4
#define ENGINE_STATUS_BARRED 1
#define ENGINE_ROOMS_MAX 32

struct engine_io {
    struct outside outside;
    /* What follows gets the context of `outside`. */
    /* A bootnode has no address yet, or is lost: what does its name stand for now? Must not block; engine_resolved or
     * engine_unresolved brings the answer. */
    void (*resolve)(void *context, unsigned bootnode);
    /* A server sees us at this address, maybe the same as before. `server`: where it is; NULL: not told. */
    void (*seen)(void *context, const struct address *mapped, const struct address *server);
};

struct engine_options {
    const struct identity *identity; /* these outlive the engine */
    struct people *people;
    struct known_keys *known_bootnodes;
    const char *nick;      /* at the start */
    const char *directory; /* where private rooms are kept; NULL: nowhere */
    uint8_t suite_mask;
    bool history;                     /* see chatroom_host */
    bool relays;                      /* may others relay for us, do we for them? */
    const struct bootnode *bootnodes; /* copied; the names of those without an address are looked up */
    size_t bootnode_count;            /* 1 … BOOTNODES_MAX */
};

struct engine;

/* In no room yet. */
MUST_USE struct engine *engine_create(const struct engine_options *options, const struct engine_io *io, uint64_t now);
void engine_destroy(struct engine *engine);

/* `socket`: where it came in. */
void engine_receive(struct engine *engine, uint16_t socket, const struct address *from, const uint8_t *data,
                    size_t size, uint64_t now);
/* Emits EVENT_JOINED, or EVENT_ERROR when the room's keys cannot be derived (Argon2id takes 64 MiB and a tenth of a
 * second) or there are too many rooms. Where we are already, nothing. Where we are still parting, joins again. */
void engine_join(struct engine *engine, const char *room, const void *secret, size_t secret_size, uint64_t now);
/* The same with a passphrase, which was made to be spoken: Argon2id takes 256 MiB and some seconds. */
void engine_join_passphrase(struct engine *engine, const char *room, const char *passphrase, size_t size, uint64_t now);
/* The same with keys that are there already. */
void engine_join_keys(struct engine *engine, const char *room, const struct room_keys *keys, uint64_t now);
/* A private room by its root and what an invite has besides (PRIVATE_INVITE_SIZE bytes; NULL: nothing), as it is kept,
 * if it is. */
void engine_enter_by(struct engine *engine, const char *room, const uint8_t root[static PRIVATE_ROOT_SIZE],
                     const uint8_t *invite, uint64_t now);
/* The private room of that name that is kept; EVENT_ERROR where there are several. Where there is none, the open one.
 */
void engine_join_by_name(struct engine *engine, const char *room, uint64_t now);
/* A new one, whose owner we are; tells its EVENT_INVITE, which is for one (once), or lasts so long. */
void engine_found(struct engine *engine, const char *room, bool once, uint64_t lasts_ms, uint64_t now);
/* See chamber_decide; EVENT_ERROR where it cannot be. */
void engine_decide(struct engine *engine, const struct input *input, uint64_t now);
/* A private room, which becomes the engine's; `room` is empty then. Else as engine_join. */
void engine_enter(struct engine *engine, struct private_room *room, uint64_t now);
/* What it decides with; NULL: we are in no such room, or it is none with an owner. Until time passes. */
struct chamber *engine_chamber(struct engine *engine, const char *room);
/* A room that we are in, for what is done to it alone; NULL: we are not, or are parting. Until time passes. */
struct chatroom *engine_room(struct engine *engine, const char *room);
void engine_part(struct engine *engine, const char *room, uint64_t now);
/* What is emitted until the next call answers an input of this ref (events.h); NULL: none. It is not copied. */
void engine_answer(struct engine *engine, const char *ref);
/* To everyone present in the room, or (CHAT_PRIVATE) to the peer alone. A peer that is not there: EVENT_ERROR, and the
 * credit comes back. A room where we are not, or that we are parting: EVENT_ERROR. */
void engine_say(struct engine *engine, const char *room, enum chat_kind kind, const uint8_t *peer, const char *text,
                size_t size, uint64_t now);
/* Ours from now on: told to everyone present, and in later introductions; EVENT_NICK. EVENT_NOTICE where somebody
 * else was called so in a room. */
void engine_nick(struct engine *engine, const char *nick, uint64_t now);
/* EVENT_PATH_NOTE for each step on the way to this peer, oldest first. */
void engine_info(struct engine *engine, const char *room, const uint8_t peer[static MEMBER_ID_SIZE], uint64_t now);
/* What the user says of a member: chatroom_mark. */
void engine_mark(struct engine *engine, const char *room, const uint8_t peer[static MEMBER_ID_SIZE],
                 enum person_mark mark, uint64_t now);
/* EVENT_INVITE by which others join that room: with its secret, our bootnodes, and the prints of their keys, where
 * those are known by now. EVENT_ERROR where no such string can be made. */
void engine_invite(struct engine *engine, const char *room, bool once, uint64_t lasts_ms, uint64_t now);
void engine_end_of_input(struct engine *engine, uint64_t now);
void engine_stop(struct engine *engine, uint64_t now);
void engine_set_candidates(struct engine *engine, const struct candidate_list *candidates, uint64_t now);
/* On which links others may have link-local addresses; for what bootnodes tell from now on. */
void engine_set_links(struct engine *engine, const struct own_links *links);

/* How our NAT maps, looked at after the first registration and whenever we may be in another network. */
enum nat_mapping engine_nat_mapping(const struct engine *engine);
/* What a bootnode's name stands for now: 1 … BOOTNODE_ADDRESSES addresses. */
void engine_resolved(struct engine *engine, unsigned bootnode, const struct address *addresses, size_t count,
                     uint64_t now);
/* It stands for nothing now; `why` in one line. Tried again for as long as it takes. EVENT_BOOTNODE_LOST tells it, once
 * a room, where no address is known from before. */
void engine_unresolved(struct engine *engine, unsigned bootnode, const char *why, uint64_t now);
/* Addresses or routes of ours changed. */
void engine_network_changed(struct engine *engine, uint64_t now);
/* From now on what is sent and received passes this NAT64, or none: addresses of bootnodes are those behind it. */
void engine_translated(struct engine *engine, const struct nat64 *nat64, uint64_t now);
/* We were not running for `gap` milliseconds (suspended, stopped). Before anything else that happened meanwhile. */
void engine_resumed(struct engine *engine, uint64_t gap, uint64_t now);

void engine_tick(struct engine *engine, uint64_t now);
/* When engine_tick wants to be called; at or before `now`: at once. */
uint64_t engine_due(struct engine *engine, uint64_t now);
/* It has left (or may not stay): nothing more will be sent. EVENT_FINISHED was emitted with the status. */
bool engine_finished(const struct engine *engine);
