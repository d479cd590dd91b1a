/* Who is called what. A nick belongs to nobody: whoever has one is heard under it, and told apart by the digits of the
 * key. But who shows up under the nick that somebody verified had here is barred until the user trusts them, or until
 * they take another one: PROTOCOL.md §3.3 "A nick message". What is known of people is client/keys/people.h's.
 *
 * Invariants:
 * 1. A member is barred exactly where people_check, asked last, said PEOPLE_TAKEN of its nick: at its first
 *    introduction, when it took another nick, and when a mark was set.
 * 2. NICKS_ALARMS alarms are told at once, then one in NICKS_ALARM_MS; the others are barred without a word. */
#pragma once

#include "client/message/message.h"
#include "client/room/authors.h"
#include "client/room/host.h"
#include "client/room/room_events.h"

#define NICKS_ALARMS 20
#define NICKS_ALARM_MS 20000
#define NICKS_LABEL_SIZE (TEXT_NICK_MAX + 1 + 8 + 1)

struct nicks {
    const struct chatroom_host *host;
    const struct room_self *self;
    const struct room_events *events;
    const struct members *members;
    struct authors *authors; /* who may take another nick, and how often */
    uint64_t alarmed;        /* ms: invariant 2's debt is paid then */
    void *context;
    /* Nothing of it is shown from now on, and nothing said to it; or both are again. Told where that changes. */
    void (*judged)(void *context, struct member *member, bool barred, uint64_t now);
};

/* First contact. */
void nicks_identified(struct nicks *nicks, struct peer *peer, uint64_t now);
/* The peer wants another nick, made by text_nick. Tells it where it has it. */
void nicks_renamed(struct nicks *nicks, struct peer *peer, const char *nick, uint64_t now);
/* What somebody was called who is not here and said so itself, in a message that others pass on: empty when that is a
 * verified one's nick. */
void nicks_claimed(const struct nicks *nicks, const struct chat_message *chat, char out[static TEXT_NICK_MAX + 1]);
/* We are called so from now on: tells who else was. */
void nicks_ours(const struct nicks *nicks, const char *nick);
/* The user says this of somebody who was connected; tells what came of it, once it is so.
 * nicks_look_again is due in all other rooms. */
void nicks_mark(struct nicks *nicks, const struct member *member, enum person_mark mark, uint64_t now);
/* Marks have changed: judges everybody anew, and tells how they stand. */
void nicks_look_again(struct nicks *nicks, uint64_t now);
bool nicks_verified(const struct nicks *nicks, const uint8_t key[static 32]);
/* "sam#0123abcd" */
void nicks_label(const char *nick, const uint8_t key[static 32], char out[static NICKS_LABEL_SIZE]);
