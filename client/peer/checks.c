#include "client/peer/checks.h"

#include <sodium.h>

#define CHECK_LIFE_MS 3000 /* then the next PING has a token of its own */

/* The place of this path's last check, else of the oldest one. */
static struct path_check *check_place(struct peer *peer, const struct path *path) {
    struct path_check *oldest = &peer->checks[0];
    for (size_t i = 0; i < PEER_CHECKS; i++) {
        if (peer->checks[i].sent && path_equal(&peer->checks[i].path, path)) return &peer->checks[i];
        if (peer->checks[i].sent < oldest->sent) oldest = &peer->checks[i];
    }
    return oldest;
}

/* Repeated PINGs to a path carry the token of the first, so a late answer counts as well; its round trip is then too
 * long, never too short. */
void checks_ping(struct peer *peer, const struct path *path, enum sending_grounds grounds, uint64_t now) {
    struct path_check *place = check_place(peer, path);
    if (!place->sent || !path_equal(&place->path, path) ||
        now - place->sent >= CHECK_LIFE_MS + sending_excess_ms(peer)) {
        *place = (struct path_check){.path = *path, .sent = now};
        randombytes_buf(&place->token, sizeof place->token);
    }
    struct frame frame = {.type = FRAME_PING, .token = place->token};
    if (grounds == SENDING_CANDIDATE)
        sending_frame_to_candidate(peer, &frame, path, now);
    else
        sending_frame(peer, &frame, path, false, now);
}
