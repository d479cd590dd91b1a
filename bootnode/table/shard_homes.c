#include "bootnode/table/shard_homes.h"

#include <assert.h>
#include <sys/eventfd.h>

#include "common/wire/bootnode_packets.h"

static_assert(SEALED_OVERHEAD + NOTICE_BODY_MAX <= SESSION_UNECHOED_LEAST, "a NOTICE counts as the least");

static uint16_t bucket_of(const struct session *member) {
    return room_bucket(member->room->tag);
}

static bool is_behind(const struct session *member, const uint16_t stamps[static BUCKETS]) {
    return member->homes_known != stamps[bucket_of(member)];
}

/* --- The walk --- */

/* From the walk's position on. A member that the room loses meanwhile moves the others down, and one of them may be
 * passed over: its own slot is still to come, or it knows. */
static void find_in_room(struct shard *shard, const struct room *room, uint16_t stamp, struct shard_homes_walk *walk,
                         uint64_t found[static SHARD_BATCH], size_t *count) {
    while (*count < SHARD_BATCH && walk->position < room->member_count) {
        struct session *member = room_members(room)[walk->position++];
        if (member->awaits_homes || member->homes_known == stamp) continue;
        member->awaits_homes = true;
        found[(*count)++] = slabs_id(&shard->slabs, member);
    }
}

/* False when the batch is full before the room is through. */
static bool look_at(struct shard *shard, uint64_t id, const uint16_t stamps[static BUCKETS],
                    struct shard_homes_walk *walk, uint64_t found[static SHARD_BATCH], size_t *count) {
    const struct session *member = shard_member(shard, id);
    const bool goes_on = walk->position > 0;
    if (!member || !is_behind(member, stamps) || (member->awaits_homes && !goes_on)) {
        walk->position = 0;
        return true;
    }
    find_in_room(shard, member->room, stamps[bucket_of(member)], walk, found, count);
    if (walk->position < member->room->member_count) return false;
    walk->position = 0;
    return true;
}

/* The ids are read without the mutex: who ends meanwhile is not found again. */
bool shard_homes_find(struct shard *shard, const uint16_t stamps[static BUCKETS], struct shard_homes_walk *walk,
                      uint64_t found[static SHARD_BATCH], size_t *count) {
    const uint32_t end = walk->slot + SHARD_HOMES_LOOKS;
    uint64_t ids[SHARD_BATCH];
    uint32_t slots[SHARD_BATCH], next = walk->slot;
    size_t looks = 0, looked = 0;
    const struct session *session;
    while (looks < SHARD_BATCH && (session = slabs_next_below(&shard->slabs, &next, end))) {
        slots[looks] = next - 1;
        ids[looks++] = slabs_id(&shard->slabs, session);
    }
    *count = 0;
    shard_lock(shard);
    while (looked < looks && *count < SHARD_BATCH && look_at(shard, ids[looked], stamps, walk, found, count)) looked++;
    shard_unlock(shard);
    walk->slot = looked < looks ? slots[looked] : next;
    return walk->slot < SLABS_SLOTS_MAX;
}

void shard_homes_note(struct shard *shard, uint64_t id, const uint16_t stamps[static BUCKETS]) {
    shard_lock(shard);
    const struct session *member = shard_member(shard, id);
    const bool late = member && is_behind(member, stamps);
    const uint32_t count = atomic_load_explicit(&shard->moving.late_count, memory_order_relaxed);
    if (late && count < SHARD_BATCH) shard->moving.late[count] = id;
    if (late && count <= SHARD_BATCH) atomic_store_explicit(&shard->moving.late_count, count + 1, memory_order_relaxed);
    shard_unlock(shard);
    if (late && shard->bell >= 0) (void)eventfd_write(shard->bell, 1);
}

bool shard_homes_take(struct shard *shard, uint64_t found[static SHARD_BATCH], size_t *count) {
    shard_lock(shard);
    const uint32_t noted = atomic_load_explicit(&shard->moving.late_count, memory_order_relaxed);
    *count = 0;
    for (uint32_t i = 0; i < noted && i < SHARD_BATCH; i++) {
        struct session *member = shard_member(shard, shard->moving.late[i]);
        if (!member || member->awaits_homes) continue;
        member->awaits_homes = true;
        found[(*count)++] = shard->moving.late[i];
    }
    atomic_store_explicit(&shard->moving.late_count, 0, memory_order_relaxed);
    shard_unlock(shard);
    return noted <= SHARD_BATCH;
}

void shard_homes_forget(struct shard *shard, uint64_t id) {
    shard_lock(shard);
    struct session *member = shard_member(shard, id);
    if (member) member->awaits_homes = false;
    shard_unlock(shard);
}

bool shard_homes_bucket(struct shard *shard, uint64_t id, uint16_t *bucket) {
    shard_lock(shard);
    const struct session *member = shard_member(shard, id);
    if (member) *bucket = bucket_of(member);
    shard_unlock(shard);
    return member != NULL;
}

/* --- One of them --- */

static bool may_send(const struct shard *shard, const struct session *member, uint64_t now) {
    return session_hears(member, shard_clock(shard, now)) && session_has_credit(member, SESSION_UNECHOED_MAX);
}

static void note_sent(struct shard *shard, struct session *member, uint64_t now, struct shard_homes_told *told) {
    told->at = (uint32_t)now;
    told->shared = !session_has_sign(member, SESSION_ECHOED);
    told->token = session_next_token(member, &shard->tokens);
    session_charge(member, told->token, SESSION_UNECHOED_LEAST);
    session_sign(member, 0, SESSION_MISSED);
}

static enum shard_homes_state tell(struct shard *shard, struct session *member, const uint16_t stamps[static BUCKETS],
                                   uint64_t now, struct shard_homes_told *told) {
    if (!is_behind(member, stamps)) {
        member->awaits_homes = false;
        return SHARD_HOMES_GONE;
    }
    if (!may_send(shard, member, now)) return SHARD_HOMES_DEAF;
    member->awaits_homes = false;
    told->bucket = bucket_of(member);
    told->stamp = member->homes_known = stamps[bucket_of(member)];
    note_sent(shard, member, now, told);
    return SHARD_HOMES_SEND;
}

enum shard_homes_state shard_homes_tell(struct shard *shard, uint64_t id, const uint16_t stamps[static BUCKETS],
                                        uint64_t now, struct shard_homes_told *told) {
    told->id = id;
    shard_lock(shard);
    struct session *member = shard_member(shard, id);
    enum shard_homes_state state = member ? tell(shard, member, stamps, now, told) : SHARD_HOMES_GONE;
    shard_unlock(shard);
    return state;
}

/* What was sent beside it with the same token may be all that was heard. */
static bool was_shared(const struct session *member, const struct shard_homes_told *told) {
    const uint32_t since = member->pushed_ms - told->at;
    return told->shared || (member->pushed_token == told->token && since <= INT32_MAX);
}

static bool has_heard(const struct session *member, const struct shard_homes_told *told) {
    const bool echoed = !session_echoes(member, told->token) || session_has_sign(member, SESSION_ECHOED);
    return echoed && !session_has_sign(member, SESSION_MISSED) && !was_shared(member, told);
}

static enum shard_homes_state ask(struct shard *shard, struct session *member, const uint16_t stamps[static BUCKETS],
                                  bool again, uint64_t now, struct shard_homes_told *told) {
    if (member->homes_known != told->stamp) return SHARD_HOMES_GONE;
    if (has_heard(member, told)) return SHARD_HOMES_HEARD;
    if (!again || is_behind(member, stamps) || !may_send(shard, member, now)) return SHARD_HOMES_DEAF;
    note_sent(shard, member, now, told);
    return SHARD_HOMES_SEND;
}

enum shard_homes_state shard_homes_ask(struct shard *shard, const uint16_t stamps[static BUCKETS], bool again,
                                       uint64_t now, struct shard_homes_told *told) {
    shard_lock(shard);
    struct session *member = shard_member(shard, told->id);
    enum shard_homes_state state = member ? ask(shard, member, stamps, again, now, told) : SHARD_HOMES_GONE;
    shard_unlock(shard);
    return state;
}

static bool may_end(const struct session *member, const uint16_t stamps[static BUCKETS],
                    const struct shard_homes_told *told) {
    return member->homes_known == told->stamp && !is_behind(member, stamps) && !session_has_sign(member, SESSION_LENT);
}

bool shard_homes_end(struct shard *shard, const uint16_t stamps[static BUCKETS], const struct shard_homes_told *told,
                     uint64_t now) {
    shard_lock(shard);
    struct session *member = shard_member(shard, told->id);
    bool ends = member && may_end(member, stamps, told);
    if (ends) shard_remove_member(shard, member, LEAVE_MOVED, now);
    shard_unlock(shard);
    return ends;
}

size_t shard_homes_missed(struct shard *shard, const uint16_t stamps[static BUCKETS]) {
    struct cds_lfht_iter iter;
    struct cds_lfht_node *node;
    size_t missed = 0;
    shard_lock(shard);
    cds_lfht_for_each(shard->rooms, &iter, node) {
        const struct room *room = caa_container_of(node, struct room, node);
        for (uint32_t i = 0; i < room->member_count; i++) {
            const struct session *member = room_members(room)[i];
            missed += is_behind(member, stamps) && !member->awaits_homes;
        }
    }
    const uint32_t noted = atomic_load_explicit(&shard->moving.late_count, memory_order_relaxed);
    shard_unlock(shard);
    return missed > noted ? missed - noted : 0;
}
