/* The files of networks that are kept out, and of those that never are: read whole, and then held to whole. access.h
 * has the rules, prefix_list.h the form. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "bootnode/guard/access_rules.h"
#include "common/attributes.h"
#include "common/ini_key.h"

/* Borrowed. */
struct access_files {
    const struct ini_path_list *allow, *deny;
};

struct access_lists; /* what was read; holds once it is adopted */

/* Reads all files, which takes about a second for a million networks, and no lock. NULL: a line for each fault is in
 * `problems`. The caller's to adopt or to discard. */
MUST_USE struct access_lists *access_read(const struct access *access, const struct access_files *files,
                                          FILE *problems);
/* From now on these hold in place of those before; they are the access's. Cannot fail. */
void access_adopt(struct access *access, struct access_lists *lists);
/* NULL: nothing. */
void access_discard(struct access_lists *lists);
/* Reads and adopts. False: nothing changed, and `problems` says why. */
MUST_USE bool access_reload(struct access *access, const struct access_files *files, FILE *problems);
