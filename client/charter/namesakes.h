/* The private rooms that are kept under a name: there may be several, since anybody can call a room so. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/charter/private_room.h"
#include "common/attributes.h"
#include "common/why.h"

struct namesakes {
    size_t count;
    uint8_t root[PRIVATE_ROOT_SIZE]; /* of the last one; whoever has it is in, so it is wiped after use */
    char bootnodes[PRIVATE_ROOM_BOOTNODES_SIZE];
};

/* `directory` empty: none is kept. False with one line in `why`: a file is not understood, which may be of one more. */
MUST_USE bool namesakes_find(const char *directory, const char *name, struct namesakes *out, struct why *why);
