/* What the log says of a cluster: lines an operator acts on. There are as many as there are events. */
#pragma once

#include "bootnode/cluster/beacon.h"
#include "bootnode/cluster/view.h"
#include "bootnode/cluster/view_intake.h"

/* All events of the view, which are then told. */
void cluster_log_events(struct view *view);
/* A beacon that was refused, at most some a second; it came under the id, and is NULL where it could not be read. */
void cluster_log_refused(uint8_t id, const struct beacon *beacon, enum beacon_refusal refusal);
