/* Where a bootnode's configuration comes from: the defaults, a file over them, the command line over both. Read once at
 * the start and again at each reload, by the same rules. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "bootnode/config.h"
#include "common/attributes.h"
#include "common/ini_origins.h"

struct bootnode_settings {
    const char *file;   /* --config, where ~ is a home directory; NULL: none */
    const char *listen; /* --listen, which takes the place of the file's; NULL: not given */
};

/* Fills in `out`. Each problem is one line for `problems`, what contradictions.h finds included, and an unknown user;
 * returns how many there were, and with any of them `out` is of no use. */
MUST_USE size_t bootnode_settings_read(const struct bootnode_settings *from, struct bootnode_config *out,
                                       FILE *problems);
/* The same, with whence each value came, and which files and folders were read: `origins`, which the caller made for
 * bootnode_config_table. */
MUST_USE size_t bootnode_settings_trace(const struct bootnode_settings *from, struct bootnode_config *out,
                                        struct ini_origins *origins, FILE *problems);
/* Whether the file can be read once more: not a pipe or a device, which at best has something else to say by then, and
 * may keep whoever opens it waiting for good. True where there is no file, as well: who reads then says what is wrong.
 */
bool bootnode_settings_last(const struct bootnode_settings *from);
/* Which files and folders it comes from now, right or wrong: `origins`, likewise. None where they do not last. */
void bootnode_settings_places(const struct bootnode_settings *from, struct ini_origins *origins);
