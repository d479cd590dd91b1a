#include "bootnode/table/shard_members.h"

#include <string.h>

#include "bootnode/table/room_changes.h"
#include "common/log.h"

bool shard_accept_sealed(struct shard *shard, uint64_t id, uint64_t counter) {
    shard_lock(shard);
    struct session *session = shard_session(shard, id);
    bool accepted = session && counter > session->open_counter;
    if (accepted) session->open_counter = counter;
    shard_unlock(shard);
    return accepted;
}

/* A full source is closed to those that move, too: else two sources could fill the table through one another. */
static bool move_locked(struct shard *shard, struct session *session, const struct address *address, uint8_t endpoint,
                        uint64_t now) {
    struct address former = session_address(session);
    if (!source_count_has_place(shard->limits.sources, address, &former)) {
        shard_limited(shard, SHARD_LIMIT_SOURCE);
        return false;
    }
    source_count_add(shard->limits.sources, address);
    source_count_remove(shard->limits.sources, &former);
    session_set_address(session, address, endpoint);
    session_sign(session, 0, SESSION_ASTRAY | SESSION_DEAF);
    atomic_store_explicit(&session->heard_ms, (uint32_t)shard_clock(shard, now), memory_order_relaxed);
    if (address_equal(&former, address)) return true;
    shard->counters.moved++;
    if (session_state(session) != SESSION_CONFIRMED) return true;
    room_updated(session->room, session);
    shard_room_changed(shard, session->room, now);
    return true;
}

bool shard_move(struct shard *shard, uint64_t id, const struct address *address, uint8_t endpoint, uint64_t now) {
    shard_lock(shard);
    struct session *session = shard_session(shard, id);
    bool moved = session && move_locked(shard, session, address, endpoint, now);
    shard_unlock(shard);
    return moved;
}

/* Who does not hear could else have the whole room look for it, at ever new addresses. */
static bool may_update(const struct session *session) {
    if (session_has_sign(session, SESSION_ASTRAY | SESSION_DEAF)) return false;
    return session_state(session) != SESSION_CONFIRMED || session_has_credit(session, SESSION_UNECHOED_MAX);
}

static bool update_locked(struct shard *shard, struct session *session, const struct update_body *update,
                          uint64_t now) {
    struct candidate_list candidates;
    if (!may_update(session)) return false;
    candidates_list(&update->candidates, update->has_proof ? &update->proof.address : NULL, &candidates);
    if (update->revision <= session->revision || !candidates_pack(&session->candidates, &candidates)) return true;
    session->revision = update->revision;
    if (session_state(session) != SESSION_CONFIRMED) return true;
    session_charge(session, atomic_load_explicit(&session->token, memory_order_relaxed), SESSION_UPDATE_COST);
    room_updated(session->room, session);
    shard_room_changed(shard, session->room, now);
    return true;
}

bool shard_update(struct shard *shard, uint64_t id, const struct update_body *update, uint64_t now) {
    shard_lock(shard);
    struct session *session = shard_session(shard, id);
    bool accepted = session && update_locked(shard, session, update, now);
    shard_unlock(shard);
    return accepted;
}

bool shard_leave(struct shard *shard, uint64_t id, enum leave_reason reason, uint64_t now) {
    shard_lock(shard);
    struct session *session = shard_session(shard, id);
    bool member = session && session_state(session) == SESSION_CONFIRMED;
    if (member) {
        shard_remove_member(shard, session, reason, now);
        shard->counters.left++;
    } else if (session) {
        shard_remove_provisional(shard, session);
    }
    shard_unlock(shard);
    static struct log_limit limit;
    if (member)
        log_limited(&limit, SHARD_LOG_LINES, LOG_LEVEL_DEBUG, "bootnode", "left session %08x, as its client said",
                    session_short_name(id));
    return session != NULL;
}

/* A client that says the same again is stuck: what was sent is lost. Another one is on its way, and what was sent last
 * may still cross with its beat. */
static void plan_answer(struct shard *shard, struct session *session, struct room_version has, uint64_t now) {
    uint32_t count = has.epoch == session->room->version.epoch ? has.count : 0;
    bool stuck = count == session->asked_count;
    uint32_t elapsed = session_elapsed(now, stuck ? session->answered_ms : session->pushed_ms);
    uint32_t wait = elapsed < SHARD_ANSWER_MS ? SHARD_ANSWER_MS - elapsed : 0;
    atomic_store_explicit(&session->acked_count, count, memory_order_relaxed);
    session->asked_count = count;
    session->answer_ms = (uint32_t)now + wait;
    session->wants_changes = true;
    shard_plan_announce(shard, session->room, wait ? now + wait : WHEEL_AT_ONCE);
}

void shard_client_behind(struct shard *shard, uint64_t id, struct room_version has, uint64_t now) {
    shard_lock(shard);
    struct session *session = shard_member(shard, id);
    if (session && !room_version_equal(has, session->room->version)) plan_answer(shard, session, has, now);
    shard_unlock(shard);
}

/* Who does not hear is told nothing, and nobody is told where it is. What others ask for takes three quarters of what
 * a token pays for, so that a crowd that asks leaves a member its UPDATE. */
static bool may_be_introduced(const struct session *session, bool asks, uint64_t clock) {
    return session_hears(session, clock) &&
           session_has_credit(session, asks ? SESSION_UNECHOED_MAX : SESSION_UNECHOED_MAX / 4 * 3);
}

static uint16_t charge_introduction(struct shard *shard, struct session *session, const struct member_record *record) {
    uint16_t token = session_next_token(session, &shard->tokens);
    session_charge(session, token, SEALED_OVERHEAD + member_record_size(record));
    return token;
}

static void fill_introduction(struct shard *shard, struct session *requester, struct session *target,
                              struct introduction *out) {
    const struct viewer requesting = viewer_of(requester, shard->limits.outside),
                        wanted = viewer_of(target, shard->limits.outside);
    out->target_id = slabs_id(&shard->slabs, target);
    room_record(target, &requesting, &out->for_requester);
    room_record(requester, &wanted, &out->for_target);
    out->target_token = charge_introduction(shard, target, &out->for_target);
    out->requester_token = charge_introduction(shard, requester, &out->for_requester);
}

bool shard_introduce(struct shard *shard, uint64_t id, const uint8_t target[static MEMBER_ID_SIZE], uint64_t now,
                     struct introduction *out) {
    shard_lock(shard);
    struct session *requester = shard_member(shard, id);
    struct session *other = requester ? room_find(requester->room, target) : NULL;
    uint64_t clock = shard_clock(shard, now);
    bool found = other && other != requester && may_be_introduced(requester, true, clock) &&
                 may_be_introduced(other, false, clock);
    if (found) fill_introduction(shard, requester, other, out);
    shard_unlock(shard);
    return found;
}

bool shard_relay_target(struct shard *shard, uint64_t id, const uint8_t target[static MEMBER_ID_SIZE], uint64_t now,
                        struct relay_target *out) {
    shard_lock(shard);
    const struct session *sender = shard_member(shard, id);
    struct session *other = sender ? room_find(sender->room, target) : NULL;
    bool found = other && other != sender && session_listens(other, shard_clock(shard, now));
    if (found) {
        *out = (struct relay_target){.session = other, .session_id = slabs_id(&shard->slabs, other)};
        memcpy(out->sender, sender->member_id, sizeof out->sender);
    }
    shard_unlock(shard);
    return found;
}
