/* A private room's file in the data directory: rooms/ID, ID being the room's id in hex. Lines of text, mode 0600, since
 * there are secrets in it; written whole or not at all.
 *
 *     gochat private room 1
 *     name NAME
 *     root HEX                        32 bytes; the id follows from name and root
 *     bootnodes HOST:PORT,…           where it was met
 *     invite HEX STAMP                32: the secret of the invite that we came by; the stamp of its epoch
 *     founding OWNER NONCE            32 each
 *     statement HEX                   as on the wire
 *     former SECRET UNTIL             32; ms since 1970
 *     door TOKEN UNTIL once|many      32; ms since 1970, 0: for good
 *     door TOKEN UNTIL once KEY       32: who came
 *
 * Several clients with one data directory: of what was said the last one that writes counts, and each takes what it
 * reads by the charter's rules, so that nothing is lost to those who hear it again. Doors nobody would tell anew, so
 * each takes those of the others from the file before it relies on its own, or writes; and holds the lock from before
 * that until it has written, so that an invite for one lets in one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/charter/private_room.h"
#include "common/attributes.h"
#include "common/why.h"

#define ROOM_FILE_FOLDER "rooms"
#define ROOM_FILE_SIZE_MAX (4u * 1024 * 1024)

/* The path of its file. False: too long. */
MUST_USE bool room_file_path(const char *directory, const uint8_t id[static ROOM_ID_SIZE], char *out, size_t size);
/* Adds what the text says to an empty `room`, which private_room_clear is due for either way. False with FILE:LINE in
 * `why`. The text is changed. */
MUST_USE bool room_file_parse(const char *file, char *text, struct private_room *room, struct why *why);
/* malloc'd; its size without the zero. The caller wipes and frees it. */
MUST_USE char *room_file_format(const struct private_room *room, size_t *size);
/* False with one line in `why`: there is none, or it is not understood. */
MUST_USE bool room_file_read(const char *file, struct private_room *room, struct why *why);
/* A room as it is kept, or, where it is not, as it is before anything is known of it. `invite`: what an invite has
 * besides the root (PRIVATE_INVITE_SIZE bytes), which counts until the charter is as late as that; NULL: nothing. False
 * with one line in `why`: the name is empty or too long, or there is a file that is not understood. */
MUST_USE bool room_file_recall(const char *directory, const char *name, const uint8_t root[static PRIVATE_ROOT_SIZE],
                               const uint8_t *invite, struct private_room *room, struct why *why);
/* Waits until no other client looks at doors or writes here; close(2) unlocks. Negative: there is no such folder yet,
 * or it cannot be locked. One process holds one at a time: a second one would wait for the first. */
MUST_USE int room_file_lock(const char *directory);
/* Takes over what the file says of doors: those that others have opened, and who came by ours. */
void room_file_take_doors(const char *directory, struct private_room *room, uint64_t wall_ms);
/* Makes the folder where it is not there. False with one line in `why`. */
MUST_USE bool room_file_write(const char *directory, const struct private_room *room, struct why *why);

/* Calls `found` for each room that is kept, without the statements of its charter, in no order, until it says false.
 * False with one line in `why`: a file is not understood; the others are told of nonetheless. */
bool room_file_each(const char *directory, bool (*found)(void *context, const struct private_room *room), void *context,
                    struct why *why);
