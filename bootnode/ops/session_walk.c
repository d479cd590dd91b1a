#include "bootnode/ops/session_walk.h"

#include <string.h>

/* Finds the next batch of a shard from `*slot` on, inside a read-side section. */
static size_t find_batch(const struct shard *shard, uint32_t *slot, struct session *out[static SESSION_WALK_BATCH]) {
    size_t count = 0;
    while (count < SESSION_WALK_BATCH && (out[count] = slabs_next(&shard->slabs, slot))) count++;
    return count;
}

/* Between two batches nothing that was found is kept. */
static bool go_on(const struct session_walk_rest *rest) {
    rcu_reader_quiescent();
    return rest->rest(rest->context);
}

/* It may have been freed since it was found, and its slot be somebody else's: what is read is of somebody who was
 * there.
 */
static bool look_at(const struct shard *shard, const struct session *session, uint64_t clock,
                    struct session_seen *out) {
    enum session_state state = session_state(session);
    uint32_t heard = atomic_load_explicit(&session->heard_ms, memory_order_relaxed);
    *out = (struct session_seen){.id = slabs_id(&shard->slabs, session),
                                 .address = session_address(session),
                                 .silent_ms = session_elapsed(clock, heard),
                                 .is_member = state == SESSION_CONFIRMED};
    return state != SESSION_FREE;
}

bool session_walk(const struct node *node, uint64_t now, const struct session_walk_rest *rest,
                  void (*see)(void *context, const struct session_seen *seen), void *context) {
    for (size_t i = 0; i < node->shard_count; i++) {
        const struct shard *shard = node->shards[i];
        const uint64_t clock = shard_clock(shard, now);
        struct session *found[SESSION_WALK_BATCH];
        uint32_t slot = 0;
        for (size_t count; (count = find_batch(shard, &slot, found)) > 0;) {
            struct session_seen seen;
            for (size_t j = 0; j < count; j++)
                if (look_at(shard, found[j], clock, &seen)) see(context, &seen);
            if (!go_on(rest)) return false;
        }
    }
    return true;
}

/* Under the mutex. A slot that changed its owner since is looked at as what it is now. */
static bool look_at_room(const struct session *session, struct room_seen *out) {
    if (session_state(session) != SESSION_CONFIRMED || room_members(session->room)[0] != session) return false;
    memcpy(out->tag, session->room->tag, sizeof out->tag);
    out->members = session->room->member_count;
    return true;
}

bool session_walk_rooms(const struct node *node, const struct session_walk_rest *rest,
                        void (*see)(void *context, const struct room_seen *seen), void *context) {
    for (size_t i = 0; i < node->shard_count; i++) {
        struct shard *shard = node->shards[i];
        struct session *found[SESSION_WALK_BATCH];
        struct room_seen rooms[SESSION_WALK_BATCH];
        uint32_t slot = 0;
        for (size_t count; (count = find_batch(shard, &slot, found)) > 0;) {
            size_t rooms_found = 0;
            shard_lock(shard);
            for (size_t j = 0; j < count; j++) rooms_found += look_at_room(found[j], &rooms[rooms_found]);
            shard_unlock(shard);
            for (size_t j = 0; j < rooms_found; j++) see(context, &rooms[j]);
            if (!go_on(rest)) return false;
        }
    }
    return true;
}
