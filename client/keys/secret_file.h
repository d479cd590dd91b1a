/* The file that holds a room's secret: its bytes, without newlines at its end, and where it is text unified
 * (room_secret_unify), so that one typed on two systems is the same. It may be a pipe, as a shell makes for <(command).
 *
 * A file that others can open is refused; but for a credential of systemd, whose manager sees to who can, whatever the
 * mode says (systemd.exec(5), "Credentials": the directory in $CREDENTIALS_DIRECTORY). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/names.h"
#include "common/why.h"

/* Reads 1 to ROOM_SECRET_MAX bytes; the caller wipes them. False with one line in `why`, without the file's name.
 * `credentials`: $CREDENTIALS_DIRECTORY, or NULL. */
MUST_USE bool secret_file_read(const char *file, const char *credentials, uint8_t secret[static ROOM_SECRET_MAX],
                               size_t *size, struct why *why);
