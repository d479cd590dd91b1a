#include "client/peer/returning.h"

#include "client/peer/linking.h"
#include "client/peer/probes.h"
#include "client/peer/talking.h"
#include "common/clock.h"

#define OLD_NEWS_MS 5000

bool returning_holds(const struct peer *peer) {
    return !(peer->unheeded & ~peer->listed);
}

void returning_revive(struct peer *peer, uint64_t now) {
    linking_forget(peer);
    peer->state = PEER_LIVE;
    peer->connected = peer->has_path = peer->demoted = false;
    probes_forget(peer);
    peer->introduce_self = peer->introduction_open = peer->acknowledge = peer->ask = false;
    peer->heard = peer->sent = now;
    peer->asked = 0;
    peer->rounds = 0;
    peer->bye_tries = 0;
    peer->dismissed = peer->turned_away = peer->awaited = false;
    peer->epoch = ++*peer->host->epochs;
    talking_drop_queue(peer);
    delivery_receiver_clear(&peer->receiver);
    delivery_receiver_init(&peer->receiver);
}

/* A bootnode that heard of it later than others tells of its coming when it has already said bye. */
static bool is_old_news(const struct peer *peer, uint32_t bit, uint64_t now) {
    return !(peer->listed_once & bit) && now - peer->heard < OLD_NEWS_MS;
}

bool returning_listed(struct peer *peer, unsigned session, uint64_t now) {
    const uint32_t bit = UINT32_C(1) << session;
    const bool believed = peer->state == PEER_GONE && !is_old_news(peer, bit, now);
    peer->listed |= bit;
    peer->listed_once |= bit;
    peer->unheeded |= bit;
    return believed;
}

void returning_asked_for(struct peer *peer, unsigned session) {
    peer->awaited |= !peer->turned_away || (peer->unheeded & UINT32_C(1) << session);
}

void returning_call(struct peer *peer) {
    peer->awaited |= peer->turned_away || peer->dismissed;
}

uint64_t returning_at(const struct peer *peer) {
    const bool is_due = peer->state == PEER_GONE && peer->awaited && peer->listed && !peer->bye_tries;
    return is_due ? peer->heard + OLD_NEWS_MS : NEVER;
}

void returning_alarms(const struct peer *peer, uint64_t alarms[static PEER_ALARMS]) {
    alarms[ALARM_RETURN] = returning_at(peer);
}
