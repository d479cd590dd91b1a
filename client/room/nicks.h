/* Whose nick is whose: a nick belongs to the first key that used it in this room (known_peers), and nobody else is
 * called so here. */
#pragma once

#include "client/message/message.h"
#include "client/room/authors.h"
#include "client/room/host.h"
#include "client/room/room_events.h"

struct nicks {
    const struct chatroom_host *host;
    const struct room_self *self;
    const struct room_events *events;
    struct authors *authors; /* who may take another nick, and how often */
};

/* First contact. False, and told: the nick is another key's. */
bool nicks_identified(const struct nicks *nicks, const struct peer *peer, uint64_t now);
/* The peer wants another nick, made by text_nick. Tells whether it has it. */
void nicks_renamed(const struct nicks *nicks, struct peer *peer, const char *nick, uint64_t now);
/* What somebody was called who said so itself, in a message that others pass on: empty when that is another's nick. */
void nicks_claimed(const struct nicks *nicks, const struct chat_message *chat, char out[static TEXT_NICK_MAX + 1]);
/* May we be called so here? Otherwise tells why not. */
bool nicks_free(const struct nicks *nicks, const char *nick);
