/* What /set changed, kept in the file of settings: /set --save. Comments, order and what is not ours stay as they are,
 * and the new file, which has to give the very settings when it is read, takes the place of the old one whole. */
#pragma once

#include <stddef.h>

#include "client/config.h"
#include "common/attributes.h"
#include "common/why.h"

#define SETTINGS_FILE_BYTES (256 * 1024) /* a larger one is refused */

/* The text with these rows of client_config_table as `now` has them: where the section [client] has such a line its
 * value is another; else the line comes behind the section's last one. malloc'd; aborts without memory. Pure. */
MUST_USE char *settings_file_edit(const char *text, const struct client_config *now, const bool changed[]);
/* Writes the settings that the file gives otherwise; one that is missing is made (0600). `said`: "clock = seconds",
 * more of them with commas between; empty: nothing to write. False with one line in `why`: all is as it was. */
MUST_USE bool settings_file_save(const char *path, const struct client_config *now, char *said, size_t size,
                                 struct why *why);
