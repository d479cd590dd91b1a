#include "bootnode/table/shard.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "common/log.h"

#define ROOM_BUCKETS 256
#define LOG_LINES 20 /* a second */
/* How far ahead of us a time heard may lie without a pause: a worker reads its clock once a batch, and so do we. */
#define HEARD_AHEAD_MS 1000

static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8, "size of the hash key");

static uint64_t hash_of(const uint8_t key[static 16], const void *data, size_t size) {
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, data, size, key);
    return hash;
}

uint8_t shard_of_room(const uint8_t hash_key[static 16], const uint8_t tag[static ROOM_TAG_SIZE], size_t count) {
    return (uint8_t)((hash_of(hash_key, tag, ROOM_TAG_SIZE) & 0xff) % count);
}

void shard_lock(struct shard *shard) {
    pthread_mutex_lock(&shard->turn);
    pthread_mutex_lock(&shard->mutex);
    pthread_mutex_unlock(&shard->turn);
}

/* Rings when the owner would sleep past what was planned meanwhile. */
static void unlock(struct shard *shard) {
    uint64_t next = wheel_next(&shard->announce);
    bool ring = next < atomic_load_explicit(&shard->bell_at, memory_order_relaxed);
    if (ring) atomic_store_explicit(&shard->bell_at, next, memory_order_relaxed);
    pthread_mutex_unlock(&shard->mutex);
    /* Fails only where the bell has been ringing for 2^64 changes. */
    if (ring && shard->bell >= 0) (void)eventfd_write(shard->bell, 1);
}

/* Rooms */

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

static struct room *find_or_make_room(struct shard *shard, const uint8_t tag[static ROOM_TAG_SIZE]) {
    struct room *room = shard_room(shard, tag);
    if (room) return room;
    room = room_create(tag);
    if (!room) return NULL;
    cds_lfht_node_init(&room->node);
    cds_lfht_add(shard->rooms, table_hash(shard, tag), &room->node);
    shard->counters.rooms++;
    return room;
}

static void reclaim_room(struct rcu_head *head) {
    room_destroy(caa_container_of(head, struct room, reclaim));
}

static void remove_if_empty(struct shard *shard, struct room *room) {
    if (room->member_count > 0) return;
    wheel_remove(&shard->announce, &room->announce);
    int gone = cds_lfht_del(shard->rooms, &room->node);
    assert(gone == 0);
    (void)gone;
    shard->counters.rooms--;
    rcu_reclaim(&room->reclaim, reclaim_room);
}

void shard_plan_announce(struct shard *shard, struct room *room, uint64_t deadline) {
    if (wheel_holds(&room->announce) && room->announce.deadline <= deadline) return;
    wheel_remove(&shard->announce, &room->announce);
    wheel_add(&shard->announce, &room->announce, deadline);
}

static void room_changed(struct shard *shard, struct room *room, uint64_t now) {
    shard_plan_announce(shard, room, room_announce_at(room, now));
}

/* Sessions */

static struct session *find(const struct shard *shard, uint64_t id) {
    struct session_name name = session_name_of(id);
    if (name.shard != shard->index || name.node != shard->slabs.node) return NULL;
    return slabs_find(&shard->slabs, name.slot, name.generation);
}

static struct session *find_confirmed(const struct shard *shard, uint64_t id) {
    struct session *session = find(shard, id);
    return session && session_state(session) == SESSION_CONFIRMED ? session : NULL;
}

static void end_session(struct shard *shard, struct session *session) {
    struct address address = session_address(session);
    source_count_remove(shard->limits.sources, &address);
    if (shard->limits.live) atomic_fetch_sub_explicit(shard->limits.live, 1, memory_order_relaxed);
    wheel_remove(&shard->expiry, &session->wheel);
    slabs_free(&shard->slabs, session);
}

static void remove_provisional(struct shard *shard, struct session *session) {
    cds_hlist_del(&session->provisional);
    shard->counters.provisional--;
    end_session(shard, session);
}

static void remove_member(struct shard *shard, struct session *session, enum leave_reason reason, uint64_t now) {
    struct room *room = session->room;
    room_leave(room, session, reason);
    shard->counters.sessions--;
    end_session(shard, session);
    room_changed(shard, room, now);
    remove_if_empty(shard, room);
}

static struct cds_hlist_head *provisional_bucket(struct shard *shard, const struct register_body *body) {
    uint8_t name[ROOM_TAG_SIZE + MEMBER_ID_SIZE + OWNER_TOKEN_SIZE];
    struct writer writer = writer_over(name, sizeof name);
    write_bytes(&writer, body->room_tag, ROOM_TAG_SIZE);
    write_bytes(&writer, body->member_id, MEMBER_ID_SIZE);
    write_bytes(&writer, body->owner_token, OWNER_TOKEN_SIZE);
    return &shard->provisional[hash_of(shard->hash_key, name, sizeof name) % SHARD_PROVISIONAL_BUCKETS];
}

/* Who names a member without its owner token has places of his own: he cannot take the member's away. */
static bool is_of_same_owner(const struct session *session, const struct register_body *body) {
    return memcmp(session->member_id, body->member_id, MEMBER_ID_SIZE) == 0 &&
           memcmp(session->room_tag, body->room_tag, ROOM_TAG_SIZE) == 0 &&
           sodium_memcmp(session->owner_token, body->owner_token, OWNER_TOKEN_SIZE) == 0;
}

/* Makes room for one more provisional session of this member. False when this very attempt waits already: a copy of its
 * REGISTER, which must not push it out. */
static bool make_place(struct shard *shard, const struct registration *registration) {
    struct session *oldest = NULL;
    struct cds_hlist_node *node;
    unsigned count = 0;
    cds_hlist_for_each(node, provisional_bucket(shard, registration->body)) {
        struct session *session = cds_hlist_entry(node, struct session, provisional);
        if (!is_of_same_owner(session, registration->body)) continue;
        if (session->attempt == registration->attempt) return false;
        oldest = session;
        count++;
    }
    if (count < SHARD_PROVISIONAL_PER_MEMBER) return true;
    remove_provisional(shard, oldest);
    shard->counters.provisional_dropped++;
    return true;
}

/* Life of the shard */

bool shard_init(struct shard *shard, uint8_t node, uint8_t index, const struct shard_limits *limits,
                const uint8_t hash_key[static 16], int bell, uint64_t now) {
    *shard = (struct shard){.index = index, .limits = *limits, .bell = bell, .bell_at = UINT64_MAX};
    memcpy(shard->hash_key, hash_key, sizeof shard->hash_key);
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
    struct room *room;
    cds_lfht_for_each_entry(shard->rooms, &iter, room, node) {
        for (uint32_t left = room->member_count; left > 0; left--)
            remove_member(shard, room_members(room)[left - 1], LEAVE_SILENT, 0);
    }
    for (size_t i = 0; i < SHARD_PROVISIONAL_BUCKETS; i++)
        while (shard->provisional[i].next)
            remove_provisional(shard, cds_hlist_entry(shard->provisional[i].next, struct session, provisional));
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
    pthread_mutex_destroy(&shard->mutex);
    pthread_mutex_destroy(&shard->turn);
}

/* Registering */

/* 0 when this member may join the room, or the refusal. */
static int refusal_of(const struct shard *shard, const struct room *room,
                      const uint8_t member_id[static MEMBER_ID_SIZE],
                      const uint8_t owner_token[static OWNER_TOKEN_SIZE]) {
    const struct session *predecessor = room_find(room, member_id);
    if (!predecessor) return room->member_count < shard->limits.room_members ? 0 : REFUSAL_ROOM_FULL;
    return sodium_memcmp(predecessor->owner_token, owner_token, OWNER_TOKEN_SIZE) == 0 ? 0 : REFUSAL_OWNER;
}

static void fill(struct session *session, const struct registration *registration, uint64_t now) {
    const struct register_body *body = registration->body;
    link_tag_key(registration->secret, LINK_TO_BOOTNODE, session->beat_key);
    link_tag_key(registration->secret, LINK_TO_CLIENT, session->ack_key);
    memcpy(session->secret, registration->secret, sizeof session->secret);
    memcpy(session->room_tag, body->room_tag, sizeof session->room_tag);
    memcpy(session->member_id, body->member_id, sizeof session->member_id);
    memcpy(session->owner_token, body->owner_token, sizeof session->owner_token);
    session->suite_mask = body->suite_mask;
    session->revision = body->revision;
    session->attempt = registration->attempt;
    session_set_address(session, &registration->address, registration->endpoint);
    atomic_store_explicit(&session->heard_ms, (uint32_t)now, memory_order_relaxed);
}

static uint64_t live_sessions(const struct shard *shard) {
    if (shard->limits.live) return atomic_load_explicit(shard->limits.live, memory_order_relaxed);
    return shard->counters.sessions + shard->counters.provisional;
}

static struct session *add_provisional(struct shard *shard, const struct registration *registration, uint64_t now) {
    if (live_sessions(shard) >= shard->limits.sessions) return NULL;
    struct session *session = slabs_allocate(&shard->slabs);
    if (!session) return NULL;
    if (!candidates_pack(&session->candidates, &registration->body->candidates)) {
        slabs_free(&shard->slabs, session);
        return NULL;
    }
    fill(session, registration, now);
    source_count_add(shard->limits.sources, &registration->address);
    cds_hlist_add_head(&session->provisional, provisional_bucket(shard, registration->body));
    wheel_add(&shard->expiry, &session->wheel, now + SHARD_PROVISIONAL_MS);
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

static int register_locked(struct shard *shard, const struct registration *registration, uint64_t now,
                           struct registered *out, struct writer *members) {
    const struct register_body *body = registration->body;
    const struct room *room = shard_room(shard, body->room_tag);
    int refusal = room ? refusal_of(shard, room, body->member_id, body->owner_token) : 0;
    if (refusal) return refusal;
    if (!make_place(shard, registration)) return -EALREADY;
    if (!source_has_place(shard, room, registration)) return REFUSAL_SOURCE_LIMIT;
    struct session *session = add_provisional(shard, registration, now);
    if (!session) return REFUSAL_BOOTNODE_FULL;
    *out = (struct registered){.complete = true};
    if (room) {
        out->version = room->version;
        out->complete = room_write_welcome(room, body->member_id, &registration->address, members);
        uint64_t told = (uint64_t)room->version.epoch << 32 | room->version.count;
        if (out->complete) atomic_store_explicit(&session->room_version, told, memory_order_relaxed);
    }
    out->session_id = slabs_publish(&shard->slabs, session, SESSION_PROVISIONAL);
    return 0;
}

int shard_register(struct shard *shard, const struct registration *registration, uint64_t now, struct registered *out,
                   struct writer *members) {
    shard_lock(shard);
    int refusal = register_locked(shard, registration, now, out, members);
    unlock(shard);
    return refusal;
}

/* The session is in its room: what else changes when it becomes a member. `welcomed` is the version that WELCOME told.
 */
static void become_member(struct shard *shard, struct session *session, struct room *room, uint64_t welcomed,
                          uint64_t now) {
    uint32_t known = welcomed >> 32 == room->version.epoch ? (uint32_t)welcomed : 0;
    cds_hlist_del(&session->provisional);
    /* Takes the place of what only a provisional session has. */
    session->room = room;
    session->told_count = known;
    session->asked_count = 0;
    session->pushed_ms = session->answered_ms = (uint32_t)now - SHARD_ANSWER_MS;
    session->answer_ms = 0;
    session->wants_changes = false;
    atomic_store_explicit(&session->acked_count, known, memory_order_relaxed);
    atomic_store_explicit(&session->heard_ms, (uint32_t)now, memory_order_relaxed);
    wheel_remove(&shard->expiry, &session->wheel);
    wheel_add(&shard->expiry, &session->wheel, now + shard->limits.expiry_ms);
    shard->counters.provisional--;
    shard->counters.sessions++;
    shard->counters.confirmed++;
    slabs_publish(&shard->slabs, session, SESSION_CONFIRMED);
    room_changed(shard, room, now);
}

static void remove_replaced(struct shard *shard, struct session *replaced) {
    shard->counters.sessions--;
    shard->counters.replaced++;
    end_session(shard, replaced);
}

static int confirm_locked(struct shard *shard, struct session *session, uint64_t now) {
    struct room *room = find_or_make_room(shard, session->room_tag);
    struct session *replaced = NULL;
    uint64_t welcomed = atomic_load_explicit(&session->room_version, memory_order_relaxed);
    int refusal = room ? refusal_of(shard, room, session->member_id, session->owner_token) : REFUSAL_BOOTNODE_FULL;
    if (!refusal && !room_join(room, session, &replaced)) refusal = REFUSAL_BOOTNODE_FULL;
    if (refusal) {
        remove_provisional(shard, session);
        if (room) remove_if_empty(shard, room);
        return refusal;
    }
    become_member(shard, session, room, welcomed, now);
    if (replaced) remove_replaced(shard, replaced);
    return 0;
}

/* The first half of an id names a session to a reader of the log; it opens nothing. */
static unsigned short_name(uint64_t id) {
    return (unsigned)(id >> 32);
}

int shard_confirm(struct shard *shard, uint64_t id, uint64_t now) {
    shard_lock(shard);
    struct session *session = find(shard, id);
    bool provisional = session && session_state(session) == SESSION_PROVISIONAL;
    int refusal = provisional ? confirm_locked(shard, session, now) : 0;
    unlock(shard);
    static struct log_limit limit;
    if (provisional && !refusal)
        log_limited(&limit, LOG_LINES, LOG_LEVEL_INFO, "bootnode", "joined session %08x", short_name(id));
    return refusal;
}

/* Changes to a session */

bool shard_accept_sealed(struct shard *shard, uint64_t id, uint64_t counter) {
    shard_lock(shard);
    struct session *session = find(shard, id);
    bool accepted = session && counter > session->open_counter;
    if (accepted) session->open_counter = counter;
    unlock(shard);
    return accepted;
}

/* A full source is closed to those that move, too: else two sources could fill the table through one another. */
static bool move_locked(struct shard *shard, struct session *session, const struct address *address, uint8_t endpoint,
                        uint64_t now) {
    struct address former = session_address(session);
    if (!source_count_has_place(shard->limits.sources, address, &former)) return false;
    source_count_add(shard->limits.sources, address);
    source_count_remove(shard->limits.sources, &former);
    session_set_address(session, address, endpoint);
    atomic_store_explicit(&session->astray, false, memory_order_relaxed);
    if (address_equal(&former, address)) return true;
    shard->counters.moved++;
    if (session_state(session) != SESSION_CONFIRMED) return true;
    room_updated(session->room, session);
    room_changed(shard, session->room, now);
    return true;
}

bool shard_move(struct shard *shard, uint64_t id, const struct address *address, uint8_t endpoint, uint64_t now) {
    shard_lock(shard);
    struct session *session = find(shard, id);
    bool moved = session && move_locked(shard, session, address, endpoint, now);
    unlock(shard);
    return moved;
}

static void update_locked(struct shard *shard, struct session *session, const struct update_body *update,
                          uint64_t now) {
    if (update->revision <= session->revision || !candidates_pack(&session->candidates, &update->candidates)) return;
    session->revision = update->revision;
    if (session_state(session) != SESSION_CONFIRMED) return;
    room_updated(session->room, session);
    room_changed(shard, session->room, now);
}

bool shard_update(struct shard *shard, uint64_t id, const struct update_body *update, uint64_t now) {
    shard_lock(shard);
    struct session *session = find(shard, id);
    if (session) update_locked(shard, session, update, now);
    unlock(shard);
    return session != NULL;
}

bool shard_leave(struct shard *shard, uint64_t id, uint64_t now) {
    shard_lock(shard);
    struct session *session = find(shard, id);
    bool member = session && session_state(session) == SESSION_CONFIRMED;
    if (member) {
        remove_member(shard, session, LEAVE_SAID, now);
        shard->counters.left++;
    } else if (session) {
        remove_provisional(shard, session);
    }
    unlock(shard);
    static struct log_limit limit;
    if (member) log_limited(&limit, LOG_LINES, LOG_LEVEL_INFO, "bootnode", "left session %08x", short_name(id));
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
    struct session *session = find_confirmed(shard, id);
    if (session && !room_version_equal(has, session->room->version)) plan_answer(shard, session, has, now);
    unlock(shard);
}

static void fill_introduction(const struct shard *shard, const struct session *requester, const struct session *target,
                              struct introduction *out) {
    struct address requester_address = session_address(requester);
    struct address target_address = session_address(target);
    out->target_id = slabs_id(&shard->slabs, target);
    room_record(target, &requester_address, &out->for_requester);
    room_record(requester, &target_address, &out->for_target);
}

bool shard_introduce(struct shard *shard, uint64_t id, const uint8_t target[static MEMBER_ID_SIZE],
                     struct introduction *out) {
    shard_lock(shard);
    const struct session *requester = find_confirmed(shard, id);
    const struct session *other = requester ? room_find(requester->room, target) : NULL;
    bool found = other && other != requester;
    if (found) fill_introduction(shard, requester, other, out);
    unlock(shard);
    return found;
}

bool shard_relay_target(struct shard *shard, uint64_t id, const uint8_t target[static MEMBER_ID_SIZE], uint64_t now,
                        struct relay_target *out) {
    shard_lock(shard);
    const struct session *sender = find_confirmed(shard, id);
    struct session *other = sender ? room_find(sender->room, target) : NULL;
    bool found = other && other != sender && session_listens(other, now);
    if (found) {
        *out = (struct relay_target){.session = other, .session_id = slabs_id(&shard->slabs, other)};
        memcpy(out->sender, sender->member_id, sizeof out->sender);
    }
    unlock(shard);
    return found;
}

/* Expiring */

struct expired {
    uint64_t id;
    uint32_t silent_ms;
};

/* How long a member was silent. A time far ahead was noted while a pause was not yet known: it is fresh, and starts
 * anew. */
static uint32_t silence_of(struct session *session, uint64_t now) {
    uint32_t heard = atomic_load_explicit(&session->heard_ms, memory_order_relaxed);
    uint32_t ahead = heard - (uint32_t)now;
    if (ahead > HEARD_AHEAD_MS && ahead <= INT32_MAX)
        atomic_compare_exchange_strong_explicit(&session->heard_ms, &heard, (uint32_t)now, memory_order_relaxed,
                                                memory_order_relaxed);
    return session_elapsed(now, heard);
}

/* True when it was a member who fell silent. */
static bool expire_session(struct shard *shard, struct session *session, uint64_t now, struct expired *out) {
    if (session_state(session) == SESSION_PROVISIONAL) {
        remove_provisional(shard, session);
        return false;
    }
    uint32_t silent = silence_of(session, now);
    if (silent < shard->limits.expiry_ms) {
        wheel_add(&shard->expiry, &session->wheel, now + shard->limits.expiry_ms - silent);
        return false;
    }
    *out = (struct expired){.id = slabs_id(&shard->slabs, session), .silent_ms = silent};
    remove_member(shard, session, LEAVE_SILENT, now);
    shard->counters.expired++;
    lateness_note(&shard->counters.lateness, silent - shard->limits.expiry_ms);
    return true;
}

/* Ahead of need, since it takes long; who registers then finds it. */
static void add_slab(struct shard *shard) {
    struct slab *slab = slabs_prepare();
    if (!slab) return;
    shard_lock(shard);
    (void)slabs_add(&shard->slabs, slab);
    unlock(shard);
}

bool shard_expire(struct shard *shard, uint64_t now) {
    struct expired expired[SHARD_BATCH];
    size_t count = 0, looks = 0;
    struct wheel_node *due;
    shard_lock(shard);
    while (looks < SHARD_BATCH && (due = wheel_pop_due(&shard->expiry, now))) {
        count += expire_session(shard, caa_container_of(due, struct session, wheel), now, &expired[count]);
        looks++;
    }
    bool more = slabs_collect(&shard->slabs) || looks == SHARD_BATCH;
    bool is_short = slabs_are_short(&shard->slabs);
    unlock(shard);
    if (is_short) add_slab(shard);
    static struct log_limit limit;
    for (size_t i = 0; i < count; i++)
        log_limited(&limit, LOG_LINES, LOG_LEVEL_INFO, "bootnode", "expired session %08x silent %u.%02u s",
                    short_name(expired[i].id), expired[i].silent_ms / 1000, expired[i].silent_ms % 1000 / 10);
    return more;
}
