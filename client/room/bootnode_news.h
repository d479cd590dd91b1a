/* What people are told of a room's bootnodes: as the sessions under the present key set find them. Where we are under
 * another set, too, to be registered is no news, and to lose one of both. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "client/room/host.h"
#include "client/room/room_events.h"
#include "client/room/sessions.h"
#include "client/room/signpost.h"

struct bootnode_news {
    const struct chatroom_host *host;
    const struct room_events *events;
    const struct sessions *sessions;
    const struct signposts *signposts;
    uint32_t lost; /* the bootnodes that were told as lost: a set of indices */
};

/* The session with that number is registered; */
void bootnode_news_registered(const struct bootnode_news *news, size_t number);
/* it is not to be reached, which is not told of one of a cluster alone, */
void bootnode_news_lost(struct bootnode_news *news, size_t number, const char *why);
/* or is again. */
void bootnode_news_back(struct bootnode_news *news, size_t number);
/* It does not take us, and is asked again; not told where another node does. */
void bootnode_news_refused(const struct bootnode_news *news, size_t number, const char *why);
void bootnode_news_busy(const struct bootnode_news *news, size_t number, uint64_t wait_ms);
