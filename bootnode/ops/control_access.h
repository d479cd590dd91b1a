/* What the control socket does with who is let in (guard/access.h): bans, exceptions, lists. Members of the answers:
 * doc/control.md. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "bootnode/clustering.h"
#include "bootnode/guard/access.h"
#include "bootnode/ops/control_request.h"
#include "common/attributes.h"
#include "common/why.h"

/* Where orders are given: at a bootnode that stands alone, or in a cluster, for all of its nodes. */
struct control_orders {
    struct access *access;
    struct clustering *clustering; /* NULL: alone */
};

/* All return a result, or NULL with the reason in `why`; `now` is monotonic, in milliseconds. The caller is a
 * registered reader, online. */

/* ban and allow: from now for the request's time, or for CONTROL_BAN_SECONDS, or forever. */
json_t *control_access_ban(const struct control_orders *orders, const struct control_request *request, uint64_t now,
                           struct why *why);
json_t *control_access_allow(const struct control_orders *orders, const struct control_request *request, uint64_t now,
                             struct why *why);
/* unban and disallow. */
json_t *control_access_lift(const struct control_orders *orders, const struct control_request *request,
                            struct why *why);
/* A network that is kicked is banned for the request's time, or for CONTROL_KICK_SECONDS, unless it is for longer
 * already. In a cluster that is at all nodes. */
json_t *control_access_kick(const struct control_orders *orders, const struct control_request *request, uint64_t now,
                            struct why *why);
/* All orders that last, and what the files have. */
json_t *control_access_orders(const struct control_orders *orders, const struct control_request *request, uint64_t now);
json_t *control_access_sizes(struct access *access);
/* What holds for the address that the request's prefix is, and why. */
json_t *control_access_explain(struct access *access, const struct control_request *request, uint64_t now,
                               struct why *why);
