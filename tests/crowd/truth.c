#include "tests/crowd/truth.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"

const char *const truth_fault_names[TRUTH_FAULTS] = {
    [TRUTH_WRONG_LEFT] = "wrong-left",
    [TRUTH_STRANGER] = "stranger",
    [TRUTH_LATE] = "late",
    [TRUTH_LOST] = "lost",
    [TRUTH_DOUBLED] = "doubled",
    [TRUTH_MISSING] = "missing",
    [TRUTH_GHOST] = "ghost",
    [TRUTH_UNCONNECTED] = "unconnected",
};

/* A member on somebody's list. */
struct sight {
    uint32_t number;
    uint64_t connected; /* when; 0: it is not */
    bool complained;
};

/* Whom a newcomer is to see. 0: it does not yet. */
struct awaited {
    uint32_t number;
    uint64_t seen, connected;
};

struct member {
    uint8_t id[MEMBER_ID_SIZE];
    unsigned room;
    bool alive;
    enum truth_end end;
    uint64_t started, ended;
    struct sight sights[TRUTH_ROOM_MAX];
    size_t sight_count;
    struct awaited *awaited; /* NULL: all seen, or not judged */
    size_t awaited_count;
    bool saw_all, late;
};

struct room {
    uint32_t *ever;
    size_t ever_count;
    uint32_t alive[TRUTH_ROOM_MAX];
    size_t alive_count;
};

struct message {
    uint32_t author;
    uint64_t at;
    size_t count;
    uint32_t recipients[TRUTH_ROOM_MAX];
    bool heard[TRUTH_ROOM_MAX];
};

struct truth {
    struct truth_bounds bounds;
    struct room *rooms;
    unsigned room_count;
    struct member **members;
    size_t member_count, alive;
    struct message *messages;
    size_t message_count, message_oldest; /* those before it are judged */
    bool outage;
    uint64_t outage_began, outage_ended; /* of the last one; 0: there was none */
    struct truth_tally tally;
    struct truth_complaint complaints[TRUTH_COMPLAINTS_MAX];
    size_t complaint_count;
};

/* Lists grow whenever their count is one less than a power of two. */
static bool is_full(size_t count) {
    return (count & (count + 1)) == 0;
}

static void complain(struct truth *truth, enum truth_fault fault, uint32_t observer, uint32_t about, uint64_t now) {
    if (truth->complaint_count == TRUTH_COMPLAINTS_MAX) return;
    const struct member *other = about == TRUTH_NOBODY ? NULL : truth->members[about];
    truth->complaints[truth->complaint_count++] = (struct truth_complaint){.fault = fault,
                                                                           .at = now,
                                                                           .observer = observer,
                                                                           .about = about,
                                                                           .since = !other         ? now
                                                                                    : other->alive ? other->started
                                                                                                   : other->ended};
}

static void complain_at_once(struct truth *truth, enum truth_fault fault, uint32_t observer, uint32_t about,
                             uint64_t now) {
    truth->tally.faults[fault]++;
    complain(truth, fault, observer, about, now);
}

struct truth *truth_create(const struct truth_bounds *bounds, unsigned rooms) {
    struct truth *truth = allocate_zeroed(1, sizeof *truth);
    truth->bounds = *bounds;
    truth->rooms = allocate_zeroed(rooms, sizeof *truth->rooms);
    truth->room_count = rooms;
    return truth;
}

void truth_destroy(struct truth *truth) {
    for (size_t i = 0; i < truth->member_count; i++) {
        free(truth->members[i]->awaited);
        free(truth->members[i]);
    }
    for (unsigned i = 0; i < truth->room_count; i++) free(truth->rooms[i].ever);
    free(truth->members);
    free(truth->rooms);
    free(truth->messages);
    free(truth->tally.seen_ms);
    free(truth->tally.connected_ms);
    free(truth);
}

/* --- What is so --- */

/* Is what happened then, or is so since then, not to be judged now, because nobody could be told of it? */
static bool excused(const struct truth *truth, uint64_t since, uint64_t longer, uint64_t now) {
    if (!truth->outage_began) return false;
    bool lasts = truth->outage || now < truth->outage_ended + truth->bounds.recovery_ms + longer;
    return lasts && since + truth->bounds.settled_ms + longer >= truth->outage_began;
}

uint32_t truth_starts(struct truth *truth, unsigned room, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now) {
    uint32_t number = (uint32_t)truth->member_count;
    struct member *member = allocate_zeroed(1, sizeof *member);
    struct room *in = &truth->rooms[room];
    if (is_full(truth->member_count))
        truth->members = grow(truth->members, 2 * truth->member_count + 1, sizeof(struct member *));
    truth->members[truth->member_count++] = member;
    memcpy(member->id, id, MEMBER_ID_SIZE);
    member->room = room;
    member->alive = true;
    member->started = now;
    if (in->alive_count == TRUTH_ROOM_MAX) abort();
    member->awaited = allocate_zeroed(in->alive_count + 1, sizeof *member->awaited);
    for (size_t i = 0; i < in->alive_count; i++)
        if (truth->members[in->alive[i]]->started + truth->bounds.settled_ms <= now)
            member->awaited[member->awaited_count++].number = in->alive[i];
    in->alive[in->alive_count++] = number;
    if (is_full(in->ever_count)) in->ever = grow(in->ever, 2 * in->ever_count + 1, sizeof *in->ever);
    in->ever[in->ever_count++] = number;
    truth->alive++;
    return number;
}

static void stop_awaiting(struct member *member) {
    free(member->awaited);
    member->awaited = NULL;
    member->awaited_count = 0;
}

void truth_ends(struct truth *truth, uint32_t number, enum truth_end end, uint64_t now) {
    struct member *member = truth->members[number];
    member->alive = false;
    member->end = end;
    member->ended = now;
    member->sight_count = 0;
    stop_awaiting(member);
    struct room *room = &truth->rooms[member->room];
    for (size_t i = 0; i < room->alive_count; i++)
        if (room->alive[i] == number) room->alive[i] = room->alive[--room->alive_count];
    truth->alive--;
}

static bool settled_at(const struct truth *truth, const struct member *member, uint64_t at) {
    return member->started + truth->bounds.connect_ms <= at;
}

uint32_t truth_says(struct truth *truth, uint32_t author, uint64_t now) {
    const struct member *member = truth->members[author];
    const struct room *room = &truth->rooms[member->room];
    if (is_full(truth->message_count))
        truth->messages = grow(truth->messages, 2 * truth->message_count + 1, sizeof *truth->messages);
    struct message *message = &truth->messages[truth->message_count];
    memset(message, 0, sizeof *message);
    message->author = author;
    message->at = now;
    for (size_t i = 0; i < room->alive_count; i++) {
        const struct member *other = truth->members[room->alive[i]];
        uint64_t younger = later(member->started, other->started);
        if (other == member || !settled_at(truth, member, now) || !settled_at(truth, other, now)) continue;
        if (!excused(truth, younger, 0, now)) message->recipients[message->count++] = room->alive[i];
    }
    truth->tally.said++;
    return (uint32_t)truth->message_count++;
}

void truth_outage(struct truth *truth, bool outage, uint64_t now) {
    if (outage == truth->outage) return;
    truth->outage = outage;
    if (outage)
        truth->outage_began = now;
    else
        truth->outage_ended = now;
}

void truth_begin(struct truth *truth) {
    struct truth_tally *tally = &truth->tally;
    memset(tally->faults, 0, sizeof tally->faults);
    tally->said = tally->seen_count = tally->connected_count = 0;
    tally->differed_at = 0;
}

/* --- What clients tell --- */

static uint32_t find(const struct truth *truth, unsigned room, const uint8_t id[static MEMBER_ID_SIZE]) {
    const struct room *in = &truth->rooms[room];
    for (size_t i = in->ever_count; i-- > 0;)
        if (memcmp(truth->members[in->ever[i]]->id, id, MEMBER_ID_SIZE) == 0) return in->ever[i];
    return TRUTH_NOBODY;
}

static struct sight *sight_of(struct member *observer, uint32_t number) {
    for (size_t i = 0; i < observer->sight_count; i++)
        if (observer->sights[i].number == number) return &observer->sights[i];
    return NULL;
}

/* NULL: the observer is no more, or (complained of) tells of a stranger. */
static struct member *observing(struct truth *truth, uint32_t observer, const uint8_t id[static MEMBER_ID_SIZE],
                                uint32_t *about, uint64_t now) {
    struct member *member = truth->members[observer];
    if (!member->alive) return NULL;
    *about = find(truth, member->room, id);
    if (*about != TRUTH_NOBODY) return member;
    complain_at_once(truth, TRUTH_STRANGER, observer, TRUTH_NOBODY, now);
    return NULL;
}

void truth_joined(struct truth *truth, uint32_t observer, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now) {
    uint32_t about;
    struct member *member = observing(truth, observer, id, &about, now);
    if (!member || sight_of(member, about) || member->sight_count == TRUTH_ROOM_MAX) return;
    member->sights[member->sight_count++] = (struct sight){.number = about};
    for (size_t i = 0; i < member->awaited_count; i++)
        if (member->awaited[i].number == about && !member->awaited[i].seen) member->awaited[i].seen = now;
}

void truth_connected(struct truth *truth, uint32_t observer, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now) {
    uint32_t about;
    struct member *member = observing(truth, observer, id, &about, now);
    if (!member) return;
    truth_joined(truth, observer, id, now);
    struct sight *sight = sight_of(member, about);
    if (sight && !sight->connected) sight->connected = now;
    for (size_t i = 0; i < member->awaited_count; i++)
        if (member->awaited[i].number == about && !member->awaited[i].connected) member->awaited[i].connected = now;
}

void truth_left(struct truth *truth, uint32_t observer, const uint8_t id[static MEMBER_ID_SIZE], bool said_bye,
                uint64_t now) {
    uint32_t about;
    struct member *member = observing(truth, observer, id, &about, now);
    if (!member) return;
    const struct member *other = truth->members[about];
    struct sight *sight = sight_of(member, about);
    if (sight) *sight = member->sights[--member->sight_count];
    if (other->alive || (said_bye && other->end == TRUTH_DIED))
        complain_at_once(truth, TRUTH_WRONG_LEFT, observer, about, now);
}

void truth_heard(struct truth *truth, uint32_t observer, const uint8_t id[static MEMBER_ID_SIZE], uint32_t number,
                 uint64_t now) {
    uint32_t about;
    if (!observing(truth, observer, id, &about, now)) return;
    struct message *message = number < truth->message_count ? &truth->messages[number] : NULL;
    if (!message || message->author != about) {
        complain_at_once(truth, TRUTH_STRANGER, observer, about, now);
        return;
    }
    for (size_t i = 0; i < message->count; i++) {
        if (message->recipients[i] != observer) continue;
        if (message->heard[i]) complain_at_once(truth, TRUTH_DOUBLED, observer, about, now);
        message->heard[i] = true;
    }
}

/* --- What comes of it --- */

static void note_time(uint32_t **list, size_t *count, uint64_t ms) {
    if (is_full(*count)) *list = grow(*list, 2 * *count + 1, sizeof **list);
    (*list)[(*count)++] = (uint32_t)ms;
}

static void judge_newcomer(struct truth *truth, uint32_t number, uint64_t now) {
    struct member *member = truth->members[number];
    uint64_t seen = member->started, connected = member->started;
    uint32_t unseen = TRUTH_NOBODY;
    bool all_connected = true;
    if (excused(truth, member->started, 0, now)) {
        stop_awaiting(member);
        return;
    }
    for (size_t i = 0; i < member->awaited_count; i++) {
        const struct awaited *awaited = &member->awaited[i];
        if (!truth->members[awaited->number]->alive) continue;
        if (!awaited->seen) unseen = awaited->number;
        all_connected &= awaited->connected > 0;
        seen = later(seen, awaited->seen);
        connected = later(connected, awaited->connected);
    }
    if (unseen != TRUTH_NOBODY) seen = now;
    if (seen - member->started > truth->bounds.newcomer_ms && !member->late) {
        member->late = true;
        complain_at_once(truth, TRUTH_LATE, number, unseen, now);
    }
    if (unseen == TRUTH_NOBODY && !member->saw_all && seen > member->started) {
        member->saw_all = true;
        note_time(&truth->tally.seen_ms, &truth->tally.seen_count, seen - member->started);
    }
    if (unseen != TRUTH_NOBODY || !all_connected) return;
    if (connected > member->started)
        note_time(&truth->tally.connected_ms, &truth->tally.connected_count, connected - member->started);
    stop_awaiting(member);
}

static void differs(struct truth *truth, enum truth_fault fault, uint32_t observer, uint32_t about, bool tell,
                    uint64_t now) {
    truth->tally.faults[fault]++;
    if (tell) complain(truth, fault, observer, about, now);
}

static void compare_living(struct truth *truth, uint32_t number, bool tell, uint64_t now) {
    struct member *member = truth->members[number];
    const struct room *room = &truth->rooms[member->room];
    for (size_t i = 0; i < room->alive_count; i++) {
        uint64_t younger = later(member->started, truth->members[room->alive[i]]->started);
        if (room->alive[i] == number || now < younger + truth->bounds.settled_ms) continue;
        if (excused(truth, younger, 0, now)) continue;
        const struct sight *sight = sight_of(member, room->alive[i]);
        if (!sight)
            differs(truth, TRUTH_MISSING, number, room->alive[i], tell, now);
        else if (!sight->connected && now >= younger + truth->bounds.connect_ms)
            differs(truth, TRUTH_UNCONNECTED, number, room->alive[i], tell, now);
    }
}

static void compare_dead(struct truth *truth, uint32_t number, bool tell, uint64_t now) {
    struct member *member = truth->members[number];
    for (size_t i = 0; i < member->sight_count; i++) {
        const struct member *other = truth->members[member->sights[i].number];
        /* Who comes while somebody goes may not have been there for the bye. */
        bool bade = other->end == TRUTH_SAID_BYE && member->started + truth->bounds.settled_ms <= other->ended;
        bool came_later = other->end == TRUTH_SAID_BYE && member->started > other->ended;
        uint64_t longer = bade || came_later ? truth->bounds.said_bye_ms : truth->bounds.silent_ms;
        if (other->alive || now < other->ended + longer || excused(truth, other->ended, longer, now)) continue;
        differs(truth, TRUTH_GHOST, number, member->sights[i].number, tell, now);
    }
}

static void judge_message(struct truth *truth, const struct message *message, uint64_t now) {
    if (!truth->members[message->author]->alive) return;
    for (size_t i = 0; i < message->count; i++)
        if (!message->heard[i] && truth->members[message->recipients[i]]->alive)
            complain_at_once(truth, TRUTH_LOST, message->recipients[i], message->author, now);
}

static void judge_messages(struct truth *truth, uint64_t now) {
    while (truth->message_oldest < truth->message_count) {
        struct message *message = &truth->messages[truth->message_oldest];
        if (now < message->at + truth->bounds.message_ms) return;
        judge_message(truth, message, now);
        truth->message_oldest++;
    }
}

bool truth_look(struct truth *truth, bool tell, uint64_t now) {
    size_t *faults = truth->tally.faults;
    faults[TRUTH_MISSING] = faults[TRUTH_GHOST] = faults[TRUTH_UNCONNECTED] = 0;
    for (unsigned room = 0; room < truth->room_count; room++) {
        const struct room *in = &truth->rooms[room];
        for (size_t i = 0; i < in->alive_count; i++) {
            if (truth->members[in->alive[i]]->awaited) judge_newcomer(truth, in->alive[i], now);
            compare_living(truth, in->alive[i], tell, now);
            compare_dead(truth, in->alive[i], tell, now);
        }
    }
    judge_messages(truth, now);
    bool equal = !faults[TRUTH_MISSING] && !faults[TRUTH_GHOST] && !faults[TRUTH_UNCONNECTED];
    if (!equal) truth->tally.differed_at = now;
    return equal;
}

bool truth_next_complaint(struct truth *truth, struct truth_complaint *out) {
    if (truth->complaint_count == 0) return false;
    *out = truth->complaints[0];
    memmove(truth->complaints, truth->complaints + 1, --truth->complaint_count * sizeof *truth->complaints);
    return true;
}

static int by_size(const void *a, const void *b) {
    const uint32_t *first = a, *second = b;
    return (*first > *second) - (*first < *second);
}

struct truth_tally truth_tally(struct truth *truth) {
    struct truth_tally *tally = &truth->tally;
    tally->alive = truth->alive;
    if (tally->seen_count) qsort(tally->seen_ms, tally->seen_count, sizeof *tally->seen_ms, by_size);
    if (tally->connected_count)
        qsort(tally->connected_ms, tally->connected_count, sizeof *tally->connected_ms, by_size);
    return *tally;
}

size_t truth_alive(const struct truth *truth) {
    return truth->alive;
}

size_t truth_alive_in(const struct truth *truth, unsigned room) {
    return truth->rooms[room].alive_count;
}
