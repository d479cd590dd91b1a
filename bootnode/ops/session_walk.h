/* Looks at every session of a bootnode while it serves, for an operator.
 *
 * Nobody waits for it: it reads under RCU alone, SESSION_WALK_BATCH sessions at a time; where it needs what belongs to
 * the shard's mutex (a room), it takes that for one batch, as everybody does, and lets whoever waits go first. Between
 * batches it is quiescent, and rests as its host says. A session that is there all the while is seen once; one that
 * comes or goes meanwhile may be seen or not. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/node.h"
#include "common/address.h"

#define SESSION_WALK_BATCH 64

struct session_seen {
    uint64_t id;
    struct address address;
    uint32_t silent_ms;
    bool is_member; /* else it has registered and not beaten yet */
};

struct room_seen {
    uint8_t tag[ROOM_TAG_SIZE];
    uint32_t members;
};

/* Called between two batches; the thread is online. False: it is time to end. */
struct session_walk_rest {
    bool (*rest)(void *context);
    void *context;
};

/* Both from a registered reader that is online, at `now` of the server clock. False: `rest` ended it. */
bool session_walk(const struct node *node, uint64_t now, const struct session_walk_rest *rest,
                  void (*see)(void *context, const struct session_seen *seen), void *context);
/* The rooms that their first member was found in; one whose first member leaves meanwhile may be missed, or come twice.
 */
bool session_walk_rooms(const struct node *node, const struct session_walk_rest *rest,
                        void (*see)(void *context, const struct room_seen *seen), void *context);
