/* Peers to whom something was done, so that what they have to do is looked at anew (room/turns.h). */
#pragma once

#include "client/peer/parts.h"

/* Puts it among its host's, once. peer_take_touched takes it out. */
void touch_peer(struct peer *peer);
