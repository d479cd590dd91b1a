/* What the control socket does with who is let in (guard/access.h): bans, exceptions, lists. Members of the answers:
 * doc/control.md. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "bootnode/guard/access.h"
#include "bootnode/ops/control_request.h"
#include "common/attributes.h"
#include "common/why.h"

/* All return a result, or NULL with the reason in `why`; `now` is monotonic, in milliseconds. The caller is a
 * registered reader, online. */

/* ban and allow: from now for the request's time, or for CONTROL_BAN_SECONDS, or forever. */
json_t *control_access_ban(struct access *access, const struct control_request *request, uint64_t now, struct why *why);
json_t *control_access_allow(struct access *access, const struct control_request *request, uint64_t now,
                             struct why *why);
/* unban and disallow. */
json_t *control_access_lift(struct access *access, const struct control_request *request, struct why *why);
/* A network that is kicked is banned for the request's time, or for CONTROL_KICK_SECONDS, unless it is for longer
 * already. */
json_t *control_access_kick(struct access *access, const struct control_request *request, uint64_t now,
                            struct why *why);
/* All orders that last, and what the files have. */
json_t *control_access_orders(struct access *access, const struct control_request *request, uint64_t now);
json_t *control_access_sizes(struct access *access);
/* What holds for the address that the request's prefix is, and why. */
json_t *control_access_explain(struct access *access, const struct control_request *request, uint64_t now,
                               struct why *why);
