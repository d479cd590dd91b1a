#include "bootnode/announce.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/pace.h"
#include "bootnode/table/room_changes.h"
#include "common/holds.h"

#define BODY_MAX (UDP_DATAGRAM_MAX - SEALED_OVERHEAD)
#define REPEATED_BODY_MAX (CHANGES_REPEATED_MAX - SEALED_OVERHEAD)
/* Members and rooms looked at in one call; most are up to date and cost a cache line, 0.2 µs at worst. Heartbeats wait
 * behind it, so a datagram counts as what it costs to write, seal and send: 1.5 to 6 µs by its size. */
#define LOOKS_MAX 192
#define DATAGRAM_LOOKS 8
#define BYTES_PER_LOOK 32
/* How many members ahead their hot lines are fetched into the cache. */
#define LOOKS_AHEAD 6

/* A list that is longer than one call sends begins anew when the room changes before the next call. It would never end
 * in a room that changes all the time, so the longest list must fit one call. */
#define RECORDS_PER_DATAGRAM ((REPEATED_BODY_MAX - CHANGES_HEADER_FULL_SIZE) / (1 + MEMBER_RECORD_MAX))
static_assert(PACE_LEAST_MS == ROOM_QUIET_MS, "where there is little to announce, rooms are quiet after this");
static_assert(ROOM_MEMBERS_MAX <= ANNOUNCE_BATCH * RECORDS_PER_DATAGRAM, "the longest full list fits a batch");

/* Whom a walk over the members of a room serves, besides those that asked and may be answered. */
enum pass_kind {
    PASS_ALL,    /* everyone who was not told yet */
    PASS_BEHIND, /* everyone who did not say that it has the version */
    PASS_ASKING, /* none but those that asked */
};

/* The walk under way. It keeps the tag of its room and the id of the next member, and no pointers: both may be gone by
 * the next call. */
struct pass {
    bool active;
    enum pass_kind kind;
    bool listened, behind;       /* a member met so far listens; one who listens lacks something */
    bool again;                  /* the room was told a short while before: a longer pause would have saved this */
    struct room_version version; /* the room's version when this pass began */
    uint8_t room_tag[ROOM_TAG_SIZE];
    uint8_t next_id[MEMBER_ID_SIZE];
    uint64_t telling;             /* the session that got only a part of what it needs, 0: none */
    bool repeats;                 /* it was told of this before */
    struct changes_cursor cursor; /* how far that one came */
};

struct item {
    struct session *session;
    uint64_t session_id;
    uint16_t token;
    size_t size;
    uint8_t body[BODY_MAX];
};

struct announcer {
    struct pace pace;
    struct pass pass;
    unsigned looks;                     /* in this call */
    uint64_t looks_so_far, looks_again; /* since announce_spent: all, and those of passes `again` */
    size_t count;
    struct item items[ANNOUNCE_BATCH];
    uint64_t unchecked; /* calls since it was looked whether all holds; sanitized builds alone */
};

/* When an announcement is repeated to members that are behind, in ms after it. At 30 % loss each way an attempt and its
 * acknowledgement fail every second time. With repeats at 250 ms and 1 s alone, 9 of 60 rooms of 20 members needed more
 * than two beats to agree; with these, none did. */
static const uint64_t repeat_after[] = {250, 1000, 2000, 3000, 4000, 5000, 6000, 7000};
#define REPEATS (sizeof repeat_after / sizeof *repeat_after)

struct announcer *announcer_create(void) {
    return calloc(1, sizeof(struct announcer));
}

void announcer_destroy(struct announcer *announcer) {
    free(announcer);
}

static uint64_t repeat_at(const struct shard *shard, const struct room *room) {
    return room->announced_ms + repeat_after[room->repeats] + (shard->pause_ms - PACE_LEAST_MS);
}

static enum pass_kind choose_pass(const struct shard *shard, struct room *room, uint64_t now) {
    if (room->version.count != room->announced_count && room_announce_at(room, shard->pause_ms, now) == WHEEL_AT_ONCE) {
        room->announced_ms = now;
        room->announced_count = room->version.count;
        room->repeats = 0;
        return PASS_ALL;
    }
    if (room->repeats < REPEATS && now >= repeat_at(shard, room)) {
        room->repeats++;
        return PASS_BEHIND;
    }
    return PASS_ASKING;
}

static void plan_next_pass(struct shard *shard, struct room *room, uint64_t now) {
    if (room->version.count != room->announced_count)
        shard_plan_announce(shard, room, room_announce_at(room, shard->pause_ms, now));
    else if (room->repeats < REPEATS)
        shard_plan_announce(shard, room, repeat_at(shard, room));
}

static struct room *begin_pass(struct announcer *announcer, struct shard *shard, uint64_t now) {
    struct wheel_node *due = wheel_pop_due(&shard->announce, now);
    if (!due) return NULL;
    struct room *room = caa_container_of(due, struct room, announce);
    bool recent = now < room->announced_ms + PACE_MOST_MS;
    announcer->pass = (struct pass){.active = true, .kind = choose_pass(shard, room, now), .version = room->version};
    announcer->pass.again = recent && announcer->pass.kind == PASS_ALL;
    memcpy(announcer->pass.room_tag, room->tag, ROOM_TAG_SIZE);
    announcer->looks++;
    return room;
}

/* A member that was passed over will ask with its next beat, because its copy of the version is the room's now. So
 * where no listener is behind, repeats would serve nobody. */
static void end_pass(struct announcer *announcer, struct shard *shard, struct room *room, uint64_t now) {
    struct pass *pass = &announcer->pass;
    pass->active = false;
    if (room_version_equal(room->version, pass->version)) {
        room->deaf = !pass->listened;
        if (!pass->behind && room->version.count == room->announced_count) room->repeats = REPEATS;
    }
    plan_next_pass(shard, room, now);
}

/* How long a member that asked has to wait for its answer. A time that has passed wraps to a large number and means no
 * wait; so does one that was set before the clock fell back. */
static uint32_t wait_for_answer(const struct session *member, uint64_t now) {
    uint32_t wait = member->answer_ms - (uint32_t)now;
    return wait <= SHARD_ANSWER_MS ? wait : 0;
}

static bool is_current(const struct room *room, struct session *member) {
    if (atomic_load_explicit(&member->acked_count, memory_order_relaxed) != room->version.count) return false;
    member->wants_changes = false;
    return true;
}

/* Sets `from` to the count from which this member is to be told. False when it is not to be told now. */
static bool choose_start(enum pass_kind kind, struct shard *shard, struct room *room, struct session *member,
                         uint64_t now, uint32_t *from) {
    bool hears = session_hears(member, shard_clock(shard, now));
    member->wants_changes &= hears;
    *from = atomic_load_explicit(&member->acked_count, memory_order_relaxed);
    if (member->wants_changes && wait_for_answer(member, now) == 0) {
        member->answered_ms = (uint32_t)now;
        member->wants_changes = false;
        return true;
    }
    if (kind == PASS_BEHIND && session_elapsed(now, member->pushed_ms) >= SHARD_ANSWER_MS) return true;
    *from = member->told_count;
    bool tell = kind == PASS_ALL && hears && member->told_count != room->version.count;
    /* What goes out now may be all that the member lacks. If it is not, the member asks again, and counts as stuck. */
    if (tell) member->answer_ms = (uint32_t)now + SHARD_ANSWER_MS;
    if (member->wants_changes) shard_plan_announce(shard, room, now + wait_for_answer(member, now));
    return tell;
}

/* Writes what this member needs. False when the batch was full before the end: the cursor then says how far the telling
 * came. */
static bool tell(struct announcer *announcer, struct shard *shard, struct room *room, struct session *member,
                 uint64_t id, uint64_t now) {
    struct changes_cursor *cursor = &announcer->pass.cursor;
    const size_t capacity = announcer->pass.repeats ? REPEATED_BODY_MAX : BODY_MAX;
    const struct viewer viewer = viewer_of(member, shard->limits.outside);
    member->pushed_ms = (uint32_t)now;
    announcer->pass.telling = id;
    while (announcer->count < ANNOUNCE_BATCH) {
        struct item *item = &announcer->items[announcer->count];
        item->size = room_write_changes(room, &viewer, cursor, item->body, capacity);
        if (item->size == 0) {
            member->told_count = cursor->at.count;
            announcer->pass.telling = 0;
            return true;
        }
        item->session = member;
        item->session_id = id;
        item->token = session_next_token(member, &shard->tokens);
        session_charge(member, item->token, SEALED_OVERHEAD + item->size);
        announcer->count++;
        announcer->looks += DATAGRAM_LOOKS + (unsigned)item->size / BYTES_PER_LOOK;
    }
    return false;
}

/* False when the batch is full and this member needs more. */
static bool serve_member(struct announcer *announcer, struct shard *shard, struct room *room, struct session *member,
                         uint64_t now) {
    struct pass *pass = &announcer->pass;
    if (pass->kind == PASS_ALL) room_copy_version(room, member);
    if (!session_listens(member, shard_clock(shard, now))) return true;
    pass->listened = true;
    if (is_current(room, member)) return true;
    uint64_t id = slabs_id(&shard->slabs, member);
    if (pass->telling != id) {
        if (!session_has_credit(member, SESSION_UNECHOED_MAX)) return true;
        pass->behind = true;
        uint32_t from;
        if (!choose_start(pass->kind, shard, room, member, now, &from)) return true;
        pass->repeats = member->told_count != 0 && member->told_count != from;
        pass->cursor = (struct changes_cursor){0};
        if (from != 0) pass->cursor.at = (struct room_version){room->version.epoch, from};
    }
    room_copy_version(room, member);
    return tell(announcer, shard, room, member, id, now);
}

static void continue_pass(struct announcer *announcer, struct shard *shard, struct room *room, uint64_t now) {
    struct pass *pass = &announcer->pass;
    struct session *const *members = room_members(room);
    for (uint32_t position = room_position(room, pass->next_id); position < room->member_count; position++) {
        if (position + LOOKS_AHEAD < room->member_count) __builtin_prefetch(members[position + LOOKS_AHEAD], 1);
        if (announcer->looks >= LOOKS_MAX || !serve_member(announcer, shard, room, members[position], now)) {
            memcpy(pass->next_id, members[position]->member_id, MEMBER_ID_SIZE);
            return;
        }
        announcer->looks++;
    }
    end_pass(announcer, shard, room, now);
}

/* The room of the pass under way, or of the next one; NULL when there is nothing to do. */
static struct room *next_room(struct announcer *announcer, struct shard *shard, uint64_t now) {
    struct pass *pass = &announcer->pass;
    struct room *room = pass->active ? shard_room(shard, pass->room_tag) : NULL;
    pass->active = room != NULL;
    return room ? room : begin_pass(announcer, shard, now);
}

static void collect(struct announcer *announcer, struct shard *shard, uint64_t now) {
    struct room *room;
    shard->pause_ms = pace_pause(&announcer->pace, now);
    announcer->looks = 0;
    announcer->count = 0;
    while (announcer->count < ANNOUNCE_BATCH && announcer->looks < LOOKS_MAX &&
           (room = next_room(announcer, shard, now))) {
        unsigned before = announcer->looks;
        continue_pass(announcer, shard, room, now);
        if (announcer->pass.again) announcer->looks_again += announcer->looks - before;
    }
    announcer->looks_so_far += announcer->looks;
}

/* Nobody is told a version before its copy has it. */
static bool item_holds(const struct item *item) {
    struct reader reader = reader_over(item->body, item->size);
    struct changes_header header;
    read_changes_header(&reader, &header);
    return !reader.failed && room_copy_holds(item->session, header.to);
}

/* Without the mutex: what is read here is atomic, or constant until the caller is quiescent. */
static void send_item(const struct item *item, const uint8_t key[static SUITE_KEY_SIZE], struct outbox *outbox) {
    HOLDS(item_holds(item));
    struct session *session = item->session;
    struct sealed_header header = {
        .type = MESSAGE_CHANGES,
        .session_id = item->session_id,
        .counter = atomic_fetch_add_explicit(&session->seal_counter, 1, memory_order_relaxed) + 1,
        .token = item->token,
    };
    uint8_t packet[UDP_DATAGRAM_MAX];
    size_t size = link_seal(key, &header, item->body, item->size, packet, sizeof packet);
    struct address to = session_address(session);
    outbox_send(outbox, atomic_load_explicit(&session->endpoint, memory_order_relaxed), &to, packet, size);
}

/* What one member needs lies together: its key is derived once. */
static void send_items(const struct announcer *announcer, struct outbox *outbox) {
    const struct session *session = NULL;
    uint8_t key[SUITE_KEY_SIZE];
    for (size_t i = 0; i < announcer->count; i++) {
        const struct item *item = &announcer->items[i];
        if (item->session != session) link_seal_key(item->session->secret, LINK_TO_CLIENT, key);
        session = item->session;
        send_item(item, key, outbox);
    }
    sodium_memzero(key, sizeof key);
}

static bool is_being_told(const struct announcer *announcer, const struct room *room) {
    return announcer->pass.active && memcmp(announcer->pass.room_tag, room->tag, ROOM_TAG_SIZE) == 0;
}

static bool copies_are_current(const struct room *room) {
    uint64_t version = (uint64_t)room->version.epoch << 32 | room->version.count;
    for (uint32_t i = 0; i < room->member_count; i++)
        if (atomic_load_explicit(&room_members(room)[i]->room_version, memory_order_relaxed) != version) return false;
    return true;
}

bool announcer_holds(const struct announcer *announcer, const struct shard *shard) {
    struct cds_lfht_iter iter;
    struct cds_lfht_node *node;
    cds_lfht_for_each(shard->rooms, &iter, node) {
        const struct room *room = caa_container_of(node, struct room, node);
        if (is_being_told(announcer, room)) continue;
        bool told = room->version.count == room->announced_count;
        if (told ? !copies_are_current(room) : !wheel_has(&room->announce)) return false;
    }
    return announcer->count <= ANNOUNCE_BATCH && (announcer->pass.active || announcer->pass.telling == 0);
}

uint64_t announce_run(struct announcer *announcer, struct shard *shard, struct outbox *outbox, uint64_t now) {
    uint64_t next = atomic_load_explicit(&shard->bell_at, memory_order_relaxed);
    if (!announcer->pass.active && next > now) return next;
    shard_lock(shard);
    collect(announcer, shard, now);
    HOLDS_NOW_AND_THEN(announcer->unchecked, 1 + shard->slabs.live / LOOKS_MAX, announcer_holds(announcer, shard));
    next = shard_unlock_as_owner(shard);
    send_items(announcer, outbox);
    return announcer->pass.active || next < now ? now : next;
}

void announce_spent(struct announcer *announcer, uint64_t spent_ns) {
    if (announcer->looks_so_far == 0) return;
    pace_spent(&announcer->pace, spent_ns * announcer->looks_again / announcer->looks_so_far);
    announcer->looks_so_far = announcer->looks_again = 0;
}
