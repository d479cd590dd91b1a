/* Who is let into a private room: PROTOCOL.md §3.7 rule 5. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/charter/private_room.h"
#include "client/keys/key_sets.h"

enum admission_kind {
    ADMISSION_WAIT, /* there is no charter yet to tell by, or we are not let in ourselves */
    ADMISSION_LET_IN,
    ADMISSION_REFUSE,
};

struct admission {
    enum admission_kind kind;
    enum verdict verdict; /* of ADMISSION_REFUSE */
    bool use_door;        /* the door is to be noted as used by this key before anything is told */
    bool note;            /* we are to say "member" of it: rule 11, or the door's */
};

/* Whoever has this key showed it in a handshake under a set of this role (KEY_SET_UNUSED: none of the room's own);
 * `door` is that of KEY_SET_DOOR, else NULL. `own`: our key. */
struct admission admission_of(const struct private_room *room, const uint8_t own[static 32], enum key_set_role role,
                              const struct private_door *door, const uint8_t key[static 32], uint64_t wall_ms);
