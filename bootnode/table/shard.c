#include "bootnode/table/shard.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "common/clock.h"
#include "common/holds.h"
#include "common/thread.h"

#define ROOM_BUCKETS 256
#define CHECK_PERIOD 256

static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8, "size of the hash key");

static uint64_t hash_of(const uint8_t key[static 16], const void *data, size_t size) {
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, data, size, key);
    return hash;
}

uint8_t shard_of_room(const uint8_t hash_key[static 16], const uint8_t tag[static ROOM_TAG_SIZE], size_t count) {
    return (uint8_t)((hash_of(hash_key, tag, ROOM_TAG_SIZE) & 0xff) % count);
}

/* The one whose owner this thread is. */
static _Thread_local const struct shard *owned;

void shard_own(const struct shard *shard) {
    owned = shard;
}

void shard_lock(struct shard *shard) {
    pthread_mutex_lock(&shard->turn);
    pthread_mutex_lock(&shard->mutex);
    pthread_mutex_unlock(&shard->turn);
}

bool shard_lock_until(struct shard *shard, const struct timespec *deadline) {
    if (!thread_lock_until(&shard->turn, deadline)) return false;
    bool locked = thread_lock_until(&shard->mutex, deadline);
    pthread_mutex_unlock(&shard->turn);
    return locked;
}

void shard_unlock(struct shard *shard) {
    uint64_t next = wheel_next(&shard->announce);
    bool ring = next < atomic_load_explicit(&shard->bell_at, memory_order_relaxed);
    if (ring) atomic_store_explicit(&shard->bell_at, next, memory_order_relaxed);
    HOLDS_NOW_AND_THEN(shard->unchecked, CHECK_PERIOD + shard->slabs.live, shard_holds(shard));
    pthread_mutex_unlock(&shard->mutex);
    /* Fails only where the bell has been ringing for 2^64 changes. */
    if (ring && owned != shard && shard->bell >= 0) (void)eventfd_write(shard->bell, 1);
}

uint64_t shard_unlock_as_owner(struct shard *shard) {
    uint64_t next = wheel_next(&shard->announce);
    atomic_store_explicit(&shard->bell_at, next, memory_order_relaxed);
    pthread_mutex_unlock(&shard->mutex);
    return next;
}

/* --- Rooms --- */

static int tag_matches(struct cds_lfht_node *node, const void *tag) {
    return memcmp(caa_container_of(node, struct room, node)->tag, tag, ROOM_TAG_SIZE) == 0;
}

/* The lowest byte chose the shard, so it says nothing within one. */
static unsigned long table_hash(const struct shard *shard, const uint8_t tag[static ROOM_TAG_SIZE]) {
    return (unsigned long)(hash_of(shard->hash_key, tag, ROOM_TAG_SIZE) >> 8);
}

struct room *shard_room(const struct shard *shard, const uint8_t tag[static ROOM_TAG_SIZE]) {
    struct cds_lfht_iter iter;
    cds_lfht_lookup(shard->rooms, table_hash(shard, tag), tag_matches, tag, &iter);
    struct cds_lfht_node *node = cds_lfht_iter_get_node(&iter);
    return node ? caa_container_of(node, struct room, node) : NULL;
}

struct room *shard_room_or_new(struct shard *shard, const uint8_t tag[static ROOM_TAG_SIZE]) {
    struct room *room = shard_room(shard, tag);
    if (room) return room;
    room = room_create(tag, &shard->tokens);
    if (!room) return NULL;
    cds_lfht_node_init(&room->node);
    cds_lfht_add(shard->rooms, table_hash(shard, tag), &room->node);
    shard->counters.rooms++;
    return room;
}

static void reclaim_room(struct rcu_head *head) {
    room_destroy(caa_container_of(head, struct room, reclaim));
}

void shard_remove_if_empty(struct shard *shard, struct room *room) {
    if (room->member_count > 0) return;
    wheel_remove(&shard->announce, &room->announce);
    int gone = cds_lfht_del(shard->rooms, &room->node);
    assert(gone == 0);
    (void)gone;
    shard->counters.rooms--;
    rcu_reclaim(&room->reclaim, reclaim_room);
}

void shard_plan_announce(struct shard *shard, struct room *room, uint64_t deadline) {
    if (wheel_has(&room->announce) && room->announce.deadline <= deadline) return;
    wheel_remove(&shard->announce, &room->announce);
    wheel_add(&shard->announce, &room->announce, deadline);
}

void shard_room_changed(struct shard *shard, struct room *room, uint64_t now) {
    shard_plan_announce(shard, room, room_announce_at(room, shard->pause_ms, now));
}

/* --- Sessions --- */

struct session *shard_session(const struct shard *shard, uint64_t id) {
    struct session_name name = session_name_of(id);
    if (name.shard != shard->index || name.node != shard->slabs.node) return NULL;
    return slabs_find(&shard->slabs, name.slot, name.generation);
}

struct session *shard_member(const struct shard *shard, uint64_t id) {
    struct session *session = shard_session(shard, id);
    return session && session_state(session) == SESSION_CONFIRMED ? session : NULL;
}

struct cds_hlist_head *shard_provisionals(const struct shard *shard, const uint8_t tag[static ROOM_TAG_SIZE],
                                          const uint8_t member_id[static MEMBER_ID_SIZE]) {
    uint8_t name[ROOM_TAG_SIZE + MEMBER_ID_SIZE];
    struct writer writer = writer_over(name, sizeof name);
    write_bytes(&writer, tag, ROOM_TAG_SIZE);
    write_bytes(&writer, member_id, MEMBER_ID_SIZE);
    return &shard->provisional[hash_of(shard->hash_key, name, sizeof name) % SHARD_PROVISIONAL_BUCKETS];
}

void shard_end_session(struct shard *shard, struct session *session) {
    struct address address = session_address(session);
    source_count_remove(shard->limits.sources, &address);
    if (shard->limits.live) atomic_fetch_sub_explicit(shard->limits.live, 1, memory_order_relaxed);
    wheel_remove(&shard->expiry, &session->wheel);
    slabs_free(&shard->slabs, session);
}

void shard_remove_provisional(struct shard *shard, struct session *session) {
    cds_hlist_del(&session->provisional);
    shard->counters.provisional--;
    shard_end_session(shard, session);
}

void shard_remove_member(struct shard *shard, struct session *session, enum leave_reason reason, uint64_t now) {
    struct room *room = session->room;
    room_leave(room, session, reason);
    shard->counters.sessions--;
    shard_end_session(shard, session);
    shard_room_changed(shard, room, now);
    shard_remove_if_empty(shard, room);
}

void shard_change_limits(struct shard *shard, const struct room_places *places, uint64_t sessions) {
    shard_lock(shard);
    shard->limits.places = *places;
    shard->limits.sessions = sessions;
    shard_unlock(shard);
}

/* --- Life of the shard --- */

bool shard_init(struct shard *shard, uint8_t node, uint8_t index, const struct shard_limits *limits,
                const uint8_t hash_key[static 16], int bell, uint64_t now) {
    *shard =
        (struct shard){.index = index, .limits = *limits, .bell = bell, .bell_at = NEVER, .pause_ms = ROOM_QUIET_MS};
    memcpy(shard->hash_key, hash_key, sizeof shard->hash_key);
    hearing_init(&shard->hearing, now);
    wheel_init(&shard->expiry, now);
    wheel_init(&shard->announce, now);
    pthread_mutex_init(&shard->turn, NULL);
    pthread_mutex_init(&shard->mutex, NULL);
    shard->rooms = cds_lfht_new(ROOM_BUCKETS, ROOM_BUCKETS, 0, CDS_LFHT_AUTO_RESIZE | CDS_LFHT_ACCOUNTING, NULL);
    shard->provisional = calloc(SHARD_PROVISIONAL_BUCKETS, sizeof *shard->provisional);
    if (slabs_init(&shard->slabs, node, index) && shard->rooms && shard->provisional) return true;
    shard_destroy(shard);
    return false;
}

static void remove_all(struct shard *shard) {
    struct cds_lfht_iter iter;
    struct cds_lfht_node *node; /* cds_lfht_for_each_entry would look for the room of none at the end */
    cds_lfht_for_each(shard->rooms, &iter, node) {
        struct room *room = caa_container_of(node, struct room, node);
        for (uint32_t left = room->member_count; left > 0; left--)
            shard_remove_member(shard, room_members(room)[left - 1], LEAVE_SILENT, 0);
    }
    for (size_t i = 0; i < SHARD_PROVISIONAL_BUCKETS; i++)
        while (shard->provisional[i].next)
            shard_remove_provisional(shard, cds_hlist_entry(shard->provisional[i].next, struct session, provisional));
}

void shard_destroy(struct shard *shard) {
    if (shard->rooms && shard->provisional) remove_all(shard);
    rcu_reader_quiescent();
    rcu_drain();
    /* Destroying waits for a resize under way, which waits for us to be quiescent. */
    rcu_reader_offline();
    if (shard->rooms) cds_lfht_destroy(shard->rooms, NULL);
    rcu_reader_online();
    free(shard->provisional);
    slabs_destroy(&shard->slabs);
    hearing_destroy(&shard->hearing);
    pthread_mutex_destroy(&shard->mutex);
    pthread_mutex_destroy(&shard->turn);
}

/* --- The invariants --- */

static bool session_is_in_place(const struct session *session, enum session_state state) {
    return session_holds(session) && session_state(session) == state && wheel_has(&session->wheel);
}

/* Counts the members of all rooms, and the rooms; false when a room does not hold. */
static bool rooms_hold(const struct shard *shard, uint64_t *members, uint64_t *rooms) {
    struct cds_lfht_iter iter;
    struct cds_lfht_node *node;
    cds_lfht_for_each(shard->rooms, &iter, node) {
        const struct room *room = caa_container_of(node, struct room, node);
        if (room->member_count == 0 || !room_holds(room)) return false;
        for (uint32_t i = 0; i < room->member_count; i++) {
            const struct session *member = room_members(room)[i];
            if (!session_is_in_place(member, SESSION_CONFIRMED) || member->room != room) return false;
        }
        *members += room->member_count;
        *rooms += 1;
    }
    return true;
}

static bool provisionals_hold(const struct shard *shard, uint64_t *count) {
    for (size_t i = 0; i < SHARD_PROVISIONAL_BUCKETS; i++) {
        const struct cds_hlist_head *bucket = &shard->provisional[i];
        for (const struct cds_hlist_node *node = bucket->next; node; node = node->next) {
            const struct session *session = caa_container_of(node, struct session, provisional);
            if (!session_is_in_place(session, SESSION_PROVISIONAL)) return false;
            if (shard_provisionals(shard, session->room_tag, session->member_id) != bucket) return false;
            *count += 1;
        }
    }
    return true;
}

bool shard_holds(const struct shard *shard) {
    const struct shard_counters *counters = &shard->counters;
    uint64_t members = 0, rooms = 0, provisional = 0;
    if (!rooms_hold(shard, &members, &rooms) || !provisionals_hold(shard, &provisional)) return false;
    if (members != counters->sessions || rooms != counters->rooms || provisional != counters->provisional) return false;
    if (shard->slabs.live != members + provisional || shard->expiry.count != members + provisional) return false;
    if (atomic_load_explicit(&shard->bell_at, memory_order_relaxed) > wheel_next(&shard->announce)) return false;
    return shard->announce.count <= rooms && wheel_holds(&shard->expiry) && wheel_holds(&shard->announce) &&
           slabs_holds(&shard->slabs);
}
