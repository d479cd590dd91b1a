#include "bootnode/table/shard_kick.h"

static void kick_locked(struct shard *shard, struct session *session, uint64_t until, uint64_t now) {
    bool is_member = session_state(session) == SESSION_CONFIRMED;
    kicked_note(&shard->kicked, is_member ? session->room->tag : session->room_tag, session->member_id, until);
    shard->counters.kicked++;
    if (is_member)
        shard_remove_member(shard, session, LEAVE_SAID, now);
    else
        shard_remove_provisional(shard, session);
}

bool shard_kick(struct shard *shard, uint64_t id, uint64_t until, uint64_t now) {
    shard_lock(shard);
    struct session *session = shard_session(shard, id);
    if (session) kick_locked(shard, session, until, now);
    shard_unlock(shard);
    return session != NULL;
}
