#include "client/peer/touch.h"

void touch_peer(struct peer *peer) {
    if (peer->is_touched || !peer->host->touched) return;
    peer->is_touched = true;
    peer->next_touched = *peer->host->touched;
    *peer->host->touched = peer;
}
