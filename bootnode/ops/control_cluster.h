/* What the control socket tells of a cluster, and does with it. Members of the answers: doc/control.md. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "bootnode/clustering.h"
#include "common/attributes.h"
#include "common/why.h"

/* Each returns a result, or NULL with the reason in `why`: there is no cluster, say. The caller is a registered reader
 * of RCU, online. */

/* Its nodes, as this one sees them. */
json_t *control_cluster_status(struct clustering *clustering, struct why *why);
/* That node is gone for good. */
json_t *control_cluster_forget(struct clustering *clustering, uint8_t node, struct why *why);
