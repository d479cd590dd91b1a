#include "bootnode/table/shard_join.h"

#include <string.h>

#include "bootnode/table/room_changes.h"
#include "common/log.h"

static struct cds_hlist_head *provisionals_of(struct shard *shard, const struct register_body *body) {
    return shard_provisionals(shard, body->room_tag, body->member_id);
}

static bool is_of_same_member(const struct session *session, const struct register_body *body) {
    return memcmp(session->member_id, body->member_id, MEMBER_ID_SIZE) == 0 &&
           memcmp(session->room_tag, body->room_tag, ROOM_TAG_SIZE) == 0;
}

/* Makes room for one more provisional session of this member. False when this very attempt waits already: a copy of its
 * REGISTER, which must not push it out. */
static bool make_place(struct shard *shard, const struct registration *registration) {
    struct session *oldest = NULL;
    struct cds_hlist_node *node;
    unsigned count = 0;
    cds_hlist_for_each(node, provisionals_of(shard, registration->body)) {
        struct session *session = cds_hlist_entry(node, struct session, provisional);
        if (!is_of_same_member(session, registration->body)) continue;
        if (session->attempt == registration->attempt) return false;
        oldest = session;
        count++;
    }
    if (count < SHARD_PROVISIONAL_PER_MEMBER) return true;
    shard_remove_provisional(shard, oldest);
    shard->counters.provisional_dropped++;
    return true;
}

/* What stands against this member's joining the room from there. `gives_way`, unless NULL, has to leave before. Who is
 * in it already takes the own place. */
static enum shard_limit ask_room(const struct shard *shard, const struct room *room,
                                 const uint8_t member_id[static MEMBER_ID_SIZE], const struct address *address,
                                 struct session **gives_way) {
    *gives_way = NULL;
    if (room_find(room, member_id)) return SHARD_LIMIT_NONE;
    enum room_answer answer = room_places_ask(&shard->limits.places, room, address, gives_way);
    if (answer == ROOM_HAS_PLACE || answer == ROOM_HAS_PLACE_OF) return SHARD_LIMIT_NONE;
    return answer == ROOM_SOURCE_HAS_SHARE ? SHARD_LIMIT_ROOM_SHARE : SHARD_LIMIT_ROOM_MEMBERS;
}

/* Counts it, too. */
static enum refusal refuse(struct shard *shard, enum shard_limit limit) {
    static const enum refusal refusals[SHARD_LIMIT_COUNT] = {
        [SHARD_LIMIT_ROOM_MEMBERS] = REFUSAL_ROOM_FULL, [SHARD_LIMIT_ROOM_SHARE] = REFUSAL_SOURCE_LIMIT,
        [SHARD_LIMIT_SOURCE] = REFUSAL_SOURCE_LIMIT,    [SHARD_LIMIT_SESSIONS] = REFUSAL_BOOTNODE_FULL,
        [SHARD_LIMIT_MEMORY] = REFUSAL_BOOTNODE_FULL,
    };
    shard_limited(shard, limit);
    return refusals[limit];
}

static void fill(struct session *session, const struct registration *registration, uint64_t heard) {
    const struct register_body *body = registration->body;
    link_tag_key(registration->secret, LINK_TO_BOOTNODE, session->beat_key);
    link_tag_key(registration->secret, LINK_TO_CLIENT, session->ack_key);
    memcpy(session->secret, registration->secret, sizeof session->secret);
    memcpy(session->room_tag, body->room_tag, sizeof session->room_tag);
    memcpy(session->member_id, body->member_id, sizeof session->member_id);
    session->suite_mask = body->suite_mask;
    if (registration->by_previous_key) session_sign(session, SESSION_BY_PREVIOUS_KEY, 0);
    if (registration->lent) session_sign(session, SESSION_LENT, 0);
    session->revision = body->revision;
    session->attempt = registration->attempt;
    session_set_address(session, &registration->address, registration->endpoint);
    atomic_store_explicit(&session->heard_ms, (uint32_t)heard, memory_order_relaxed);
    atomic_store_explicit(&session->acked_count, registration->homes_known, memory_order_relaxed);
}

static uint64_t live_sessions(const struct shard *shard) {
    if (shard->limits.live) return atomic_load_explicit(shard->limits.live, memory_order_relaxed);
    return shard->counters.sessions + shard->counters.provisional;
}

/* NULL without memory. */
static struct session *add_provisional(struct shard *shard, const struct registration *registration, uint64_t now) {
    struct session *session = slabs_allocate(&shard->slabs);
    if (!session) return NULL;
    const struct register_body *body = registration->body;
    struct candidate_list candidates;
    candidates_list(&body->candidates, body->has_proof ? &body->proof.address : NULL, &candidates);
    if (!candidates_pack(&session->candidates, &candidates)) {
        slabs_free(&shard->slabs, session);
        return NULL;
    }
    uint64_t heard = shard_clock(shard, now);
    fill(session, registration, heard);
    source_count_add(shard->limits.sources, &registration->address);
    cds_hlist_add_head(&session->provisional, provisionals_of(shard, body));
    wheel_add(&shard->expiry, &session->wheel, heard + SHARD_PROVISIONAL_MS);
    if (shard->limits.live) atomic_fetch_add_explicit(shard->limits.live, 1, memory_order_relaxed);
    shard->counters.provisional++;
    shard->counters.registered++;
    return session;
}

static bool source_has_place(const struct shard *shard, const struct room *room,
                             const struct registration *registration) {
    const struct session *predecessor = room ? room_find(room, registration->body->member_id) : NULL;
    struct address former;
    if (predecessor) former = session_address(predecessor);
    return source_count_has_place(shard->limits.sources, &registration->address, predecessor ? &former : NULL);
}

/* Somebody may have stolen a key that was replaced: with it a member key can be proven that was only seen. So who came
 * with the present one is not displaced by who comes with such a one. */
static bool is_held_by_newer_key(const struct room *room, const uint8_t member_id[static MEMBER_ID_SIZE],
                                 bool by_previous_key) {
    const struct session *holder = by_previous_key && room ? room_find(room, member_id) : NULL;
    return holder && !session_has_sign(holder, SESSION_BY_PREVIOUS_KEY);
}

static enum registering refused(struct shard *shard, enum shard_limit limit, struct registered *out) {
    *out = (struct registered){.refusal = refuse(shard, limit), .limit = limit};
    return REGISTERING_REFUSED;
}

static enum registering register_locked(struct shard *shard, const struct registration *registration, uint64_t now,
                                        struct registered *out, struct writer *members) {
    const struct register_body *body = registration->body;
    const struct room *room = shard_room(shard, body->room_tag);
    struct session *gives_way; /* once the newcomer is confirmed */
    enum shard_limit limit = SHARD_LIMIT_NONE;
    if (kicked_has(&shard->kicked, body->room_tag, body->member_id, now)) return REGISTERING_KNOWN;
    if (is_held_by_newer_key(room, body->member_id, registration->by_previous_key)) return REGISTERING_KNOWN;
    if (room) limit = ask_room(shard, room, body->member_id, &registration->address, &gives_way);
    if (limit != SHARD_LIMIT_NONE) return refused(shard, limit, out);
    if (!make_place(shard, registration)) return REGISTERING_KNOWN;
    if (!source_has_place(shard, room, registration)) return refused(shard, SHARD_LIMIT_SOURCE, out);
    if (live_sessions(shard) >= shard->limits.sessions) return refused(shard, SHARD_LIMIT_SESSIONS, out);
    struct session *session = add_provisional(shard, registration, now);
    if (!session) return refused(shard, SHARD_LIMIT_MEMORY, out);
    *out = (struct registered){.complete = true};
    if (room) {
        out->version = room->version;
        const struct viewer viewer = viewer_of(session, shard->limits.outside);
        out->complete = room_write_welcome(room, body->member_id, &viewer, members);
        uint64_t told = (uint64_t)room->version.epoch << 32 | room->version.count;
        if (out->complete) atomic_store_explicit(&session->room_version, told, memory_order_relaxed);
    }
    out->token = session_renew_token(session, &shard->tokens);
    out->session_id = slabs_publish(&shard->slabs, session, SESSION_PROVISIONAL);
    return REGISTERED;
}

enum registering shard_register(struct shard *shard, const struct registration *registration, uint64_t now,
                                struct registered *out, struct writer *members) {
    shard_lock(shard);
    enum registering result = register_locked(shard, registration, now, out, members);
    shard_unlock(shard);
    return result;
}

/* The session is in its room: what else changes when it becomes a member. `welcomed` is the version that WELCOME told.
 */
static void become_member(struct shard *shard, struct session *session, struct room *room, uint64_t welcomed,
                          uint64_t now) {
    uint64_t heard = shard_clock(shard, now);
    uint32_t known = welcomed >> 32 == room->version.epoch ? (uint32_t)welcomed : 0;
    cds_hlist_del(&session->provisional);
    /* Takes the place of what only a provisional session has. */
    session->room = room;
    session->told_count = known;
    session->asked_count = 0;
    session->joined_count = room->version.count;
    session->pushed_ms = session->answered_ms = (uint32_t)now - SHARD_ANSWER_MS;
    session->answer_ms = 0;
    session->wants_changes = session->awaits_homes = false;
    session->unechoed = 0;
    session->pushed_token = 0;
    session->homes_known = (uint16_t)atomic_load_explicit(&session->acked_count, memory_order_relaxed);
    atomic_store_explicit(&session->acked_count, known, memory_order_relaxed);
    atomic_store_explicit(&session->heard_ms, (uint32_t)heard, memory_order_relaxed);
    wheel_remove(&shard->expiry, &session->wheel);
    wheel_add(&shard->expiry, &session->wheel, heard + shard->limits.expiry_ms);
    shard->counters.provisional--;
    shard->counters.sessions++;
    shard->counters.confirmed++;
    slabs_publish(&shard->slabs, session, SESSION_CONFIRMED);
    shard_room_changed(shard, room, now);
}

/* Its client is not told of it, and its peers go on talking; its next beat gets RESET, as the dead have it. */
static void crowd_out(struct shard *shard, struct session *gives_way, uint64_t now) {
    static struct log_limit limit;
    if (log_enabled(LOG_LEVEL_DEBUG))
        log_limited(&limit, SHARD_LOG_LINES, LOG_LEVEL_DEBUG, "bootnode",
                    "left session %08x, crowded out: its source has most places of a full room",
                    session_short_name(slabs_id(&shard->slabs, gives_way)));
    shard->counters.crowded_out++;
    shard_remove_member(shard, gives_way, LEAVE_SILENT, now);
}

static void remove_replaced(struct shard *shard, struct session *session, struct session *replaced) {
    static struct log_limit limit;
    if (log_enabled(LOG_LEVEL_DEBUG))
        log_limited(&limit, SHARD_LOG_LINES, LOG_LEVEL_DEBUG, "bootnode", "left session %08x, replaced by session %08x",
                    session_short_name(slabs_id(&shard->slabs, replaced)),
                    session_short_name(slabs_id(&shard->slabs, session)));
    session->joined_count = replaced->joined_count;
    shard->counters.sessions--;
    shard->counters.replaced++;
    shard_end_session(shard, replaced);
}

/* It could only be a thief's, or of a client that knows no newer key than before: its beats get RESET. */
static enum registering end_held(struct shard *shard, struct session *session, enum refusal *refusal) {
    *refusal = REFUSAL_SOURCE_LIMIT;
    shard_remove_provisional(shard, session);
    return REGISTERING_REFUSED;
}

static enum registering confirm_locked(struct shard *shard, struct session *session, uint64_t now,
                                       enum refusal *refusal) {
    uint64_t welcomed = atomic_load_explicit(&session->room_version, memory_order_relaxed);
    struct room *room = shard_room_or_new(shard, session->room_tag);
    struct session *replaced = NULL, *gives_way = NULL;
    struct address address = session_address(session);
    enum shard_limit limit = SHARD_LIMIT_MEMORY;
    bool held =
        room && is_held_by_newer_key(room, session->member_id, session_has_sign(session, SESSION_BY_PREVIOUS_KEY));
    if (held) return end_held(shard, session, refusal);
    if (room) limit = ask_room(shard, room, session->member_id, &address, &gives_way);
    if (limit == SHARD_LIMIT_NONE && gives_way) crowd_out(shard, gives_way, now);
    if (limit == SHARD_LIMIT_NONE && !room_join(room, session, &replaced)) limit = SHARD_LIMIT_MEMORY;
    if (limit != SHARD_LIMIT_NONE) {
        *refusal = refuse(shard, limit);
        shard_remove_provisional(shard, session);
        if (room) shard_remove_if_empty(shard, room);
        return REGISTERING_REFUSED;
    }
    become_member(shard, session, room, welcomed, now);
    if (replaced) remove_replaced(shard, session, replaced);
    return REGISTERED;
}

enum registering shard_confirm(struct shard *shard, uint64_t id, uint64_t now, enum refusal *refusal) {
    shard_lock(shard);
    struct session *session = shard_session(shard, id);
    bool provisional = session && session_state(session) == SESSION_PROVISIONAL &&
                       !kicked_has(&shard->kicked, session->room_tag, session->member_id, now);
    enum registering result = provisional ? confirm_locked(shard, session, now, refusal) : REGISTERING_KNOWN;
    shard_unlock(shard);
    static struct log_limit limit;
    if (result == REGISTERED)
        log_limited(&limit, SHARD_LOG_LINES, LOG_LEVEL_DEBUG, "bootnode", "joined session %08x",
                    session_short_name(id));
    return result;
}
