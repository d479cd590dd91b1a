/* Settings that are read anew while the bootnode serves: whole or not at all.
 *
 * Invariant: a file with any fault changes nothing. Of a file without one, all holds that can change while sessions
 * live; what is read at the start alone (ini_key.restart) stays as it is, and is named. */
#pragma once

#include <stdbool.h>

#include "bootnode/node.h"
#include "bootnode/settings.h"
#include "common/attributes.h"

/* Borrowed; the node has an `access`. */
struct reload {
    struct node *node;
    const struct bootnode_settings *source;
};

/* True: the settings hold now. False: nothing changed. `report` says in lines what was changed, what wants a restart,
 * or each fault with its place, the caller's to free (NULL without memory); the log says the same. The caller is a
 * registered reader of RCU, online, and no two call at the same time, of these two functions; while files are read it
 * is offline, so that nobody's memory waits for them. */
MUST_USE bool reload_run(const struct reload *reload, char **report);
/* The same of the files of networks alone, which the settings in use name. `report`: each fault, and none in the log.
 */
MUST_USE bool reload_run_lists(const struct reload *reload, char **report);
