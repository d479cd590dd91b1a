#include "client/peer/sizing.h"

#include <sodium.h>

#include "client/peer/linking.h"
#include "client/peer/sending.h"
#include "common/clock.h"

#define PATH_MTU_WAIT_MS 200 /* for an answer: a probe that is only late shall not count as lost */

size_t sizing_room(const struct peer *peer) {
    return peer->mtu.size - PEER_DATA_OVERHEAD;
}

void sizing_path_changed(struct peer *peer) {
    path_mtu_init(&peer->mtu);
}

static uint64_t ask_at(const struct peer *peer) {
    bool talks = peer->state == PEER_LIVE && peer->connected && !peer->bye_tries && peer->current.live;
    return talks && sending_is_proven(peer) && !peer->demoted ? path_mtu_due(&peer->mtu) : NEVER;
}

static void send_probe(struct peer *peer, size_t size, uint64_t now) {
    struct frame frame = {.type = FRAME_PING, .token = peer->mtu.token};
    uint8_t buffer[PEER_FRAMES_OWN_MAX];
    struct writer writer = writer_over(buffer, sizeof buffer);
    frame_write(&writer, &frame);
    write_zeros(&writer, size - PEER_DATA_OVERHEAD - writer.at); /* padding */
    sending_frames(peer, &writer, &peer->path, false, now);
}

/* With a probe that is repeated goes a small PING: its answer tells that the path lives. */
void sizing_tick(struct peer *peer, uint64_t now) {
    uint64_t token, wait = round_trip_timeout_ms(&peer->sender.round_trip);
    if (wait < PATH_MTU_WAIT_MS) wait = PATH_MTU_WAIT_MS;
    if (now < ask_at(peer) || !linking_usable(peer, now)) return;
    size_t before = peer->mtu.tries > 0 ? peer->mtu.probe : 0;
    randombytes_buf(&token, sizeof token);
    size_t size = path_mtu_ask(&peer->mtu, peer->heard_here, token, wait, now);
    if (size == 0) return;
    send_probe(peer, size, now);
    if (size == before && !peer->asked) sending_ping(peer, now);
}

void sizing_wanted(struct peer *peer, uint64_t now) {
    path_mtu_wanted(&peer->mtu, now);
    sizing_tick(peer, now);
}

void sizing_doubt(struct peer *peer, uint64_t now) {
    path_mtu_doubt(&peer->mtu, now);
    sizing_tick(peer, now);
}

bool sizing_pong(struct peer *peer, uint64_t token, const struct path *from, uint64_t now) {
    return peer->has_path && path_equal(from, &peer->path) && path_mtu_answered(&peer->mtu, token, now);
}

void sizing_alarms(const struct peer *peer, uint64_t alarms[static PEER_ALARMS]) {
    alarms[ALARM_SIZE] = ask_at(peer);
}
