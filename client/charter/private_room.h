/* A private room as its member keeps it: what it is called and where its people meet, its charter, the secrets that it
 * had before, and the doors that this client opened in it (invites for one, or for a time). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/charter/charter.h"
#include "client/charter/charter_messages.h"
#include "client/keys/bootnodes.h"
#include "client/keys/key_sets.h"
#include "common/attributes.h"
#include "common/names.h"
#include "common/why.h"

#define PRIVATE_ROOM_BOOTNODES_SIZE 1024
#define PRIVATE_ROOM_FORMER_MS (30 * 86400000ull) /* so long the door of a former secret is kept for who was away */

/* An invite's door: whoever comes by it has its token, and is let in while it is open. */
struct private_door {
    uint8_t token[PRIVATE_SECRET_SIZE];
    uint64_t until_ms; /* ms since 1970; 0: for good */
    uint64_t made_ms;  /* ms since 1970, or before: whoever was removed since then is not let in by it */
    bool once;         /* one person may come */
    bool used;
    uint8_t by[32]; /* who came, if it is used: comes again as it likes */
};

struct private_room {
    char name[ROOM_NAME_MAX + 1];
    char bootnodes[PRIVATE_ROOM_BOOTNODES_SIZE]; /* as in the setting; empty: not known */
    struct room_keys keys;
    struct charter charter;
    struct {
        uint8_t secret[PRIVATE_SECRET_SIZE];
        uint64_t until_ms;     /* ms since 1970 */
    } former[KEY_SETS_FORMER]; /* the newest first */
    size_t former_count;
    struct private_door doors[KEY_SETS_DOORS];
    size_t door_count;
    bool invited; /* it has a secret of its own: an invite's, until the charter is known */
    uint8_t invite[PRIVATE_SECRET_SIZE];
    uint64_t
        invite_stamp; /* of the epoch that there was when it was made: a charter without one as late is an old one */
};

/* Of this name and root, and nothing else. False: the name is empty or too long. */
MUST_USE bool private_room_init(struct private_room *room, const char *name,
                                const uint8_t root[static PRIVATE_ROOT_SIZE]);
/* Wipes and frees. */
void private_room_clear(struct private_room *room);
/* A new one, which this identity owns. */
MUST_USE bool private_room_make(struct private_room *room, const char *name, const struct identity *owner);

/* The stamp of the charter's epoch; 0: there is none. */
uint64_t private_room_stamp(const struct private_room *room);
/* Is its charter known, and as late as our invite? Until then we know of nobody who belongs here. */
bool private_room_is_known(const struct private_room *room);
/* The secret under which members meet now: the charter's; before it is known the invite's, else the first one. */
void private_room_secret(const struct private_room *room, uint8_t out[static PRIVATE_SECRET_SIZE]);
/* Puts a secret that is no longer the present one first among the former ones; the oldest goes. */
void private_room_outdate(struct private_room *room, const uint8_t secret[static PRIVATE_SECRET_SIZE],
                          uint64_t wall_ms);
/* Forgets what is over: former secrets and doors. True: something was. */
bool private_room_expire(struct private_room *room, uint64_t wall_ms);
/* Opens a door with a random token; one that is done with makes place where there is none. NULL: KEY_SETS_DOORS are in
 * use. */
struct private_door *private_room_open_door(struct private_room *room, bool once, uint64_t until_ms, uint64_t wall_ms);
/* May who has this key come by it? VERDICTS: yes. */
enum verdict private_door_verdict(const struct private_door *door, const uint8_t key[static 32], uint64_t wall_ms);
