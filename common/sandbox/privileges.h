/* Who a process is, and what it may do beyond what its files let it: Linux's users and capabilities. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/attributes.h"
#include "common/why.h"

struct privileges_user {
    uid_t user;
    gid_t group;
};

/* "gochat" or "gochat:group", names or numbers; without a group the user's own. False with what is unknown in `why`. */
MUST_USE bool privileges_find(const char *text, struct privileges_user *out, struct why *why);
/* Becomes that user for good, with that group alone. Somebody who is that user already keeps what they are; somebody
 * else must be root. Before other threads start. False with one line in `why`. */
MUST_USE bool privileges_become(const struct privileges_user *user, struct why *why);
/* No new ones (PR_SET_NO_NEW_PRIVS), and every capability dropped from all five sets. Before other threads start: the
 * kernel keeps them by thread. False with one line in `why`. */
MUST_USE bool privileges_drop(struct why *why);
