#include "bench/load/oracle.h"

#include <stdlib.h>
#include <string.h>

enum standing { STANDING_GONE, STANDING_LIVES, STANDING_SILENT };

struct subject {
    uint64_t from_us;  /* its first beat, or when its silence is due to end in LEFT */
    uint64_t limit_us; /* when whoever did not see it yet will not */
    uint16_t waiting;  /* how many watchers have to see it yet; 0: nothing is expected */
    uint16_t witnesses;
    uint16_t watches; /* a bit for each layer that had its whole room told */
    uint16_t lives;   /* by these layers */
    uint8_t standing;
    bool again; /* what is waited for is to see it once more */
    bool wrong; /* counted as announced wrongly */
    bool left;  /* in this row */
};

struct oracle {
    uint32_t rooms, room_size, layers;
    size_t words; /* of a set of positions */
    struct subject *subjects;
    uint64_t *waiting; /* by subject: the watchers that have to see it yet */
    uint64_t *known;   /* by layer and watcher: whom it was told of */
    uint64_t open;     /* subjects of which something is expected */
    struct oracle_verdict verdict;
};

static bool has(const uint64_t *set, uint32_t position) {
    return set[position / 64] >> position % 64 & 1;
}

static void put(uint64_t *set, uint32_t position, bool in) {
    uint64_t bit = (uint64_t)1 << position % 64;
    set[position / 64] = in ? set[position / 64] | bit : set[position / 64] & ~bit;
}

static size_t number_of(const struct oracle *oracle, struct oracle_place place) {
    return (size_t)place.room * oracle->room_size + place.position;
}

static struct oracle_place beside(struct oracle_place place, uint32_t position) {
    return (struct oracle_place){place.room, position, place.layer};
}

static uint16_t bit_of(struct oracle_place place) {
    return (uint16_t)(1u << place.layer);
}

struct oracle *oracle_create(uint32_t rooms, uint32_t room_size) {
    struct oracle *oracle = calloc(1, sizeof *oracle);
    size_t count = (size_t)rooms * room_size + 1;
    if (!oracle) return NULL;
    oracle->rooms = rooms;
    oracle->room_size = room_size;
    oracle->layers = 1;
    oracle->words = ((size_t)room_size + 63) / 64;
    oracle->subjects = calloc(count, sizeof *oracle->subjects);
    oracle->waiting = calloc(count * oracle->words, sizeof *oracle->waiting);
    oracle->known = calloc(count * oracle->words, sizeof *oracle->known);
    if (oracle->subjects && oracle->waiting && oracle->known) return oracle;
    oracle_destroy(oracle);
    return NULL;
}

void oracle_destroy(struct oracle *oracle) {
    if (!oracle) return;
    free(oracle->subjects);
    free(oracle->waiting);
    free(oracle->known);
    free(oracle);
}

bool oracle_grow(struct oracle *oracle, uint32_t layers) {
    size_t count = ((size_t)oracle->rooms * oracle->room_size + 1) * oracle->words;
    if (layers <= oracle->layers) return true;
    uint64_t *known = realloc(oracle->known, count * layers * sizeof *known);
    if (!known) return false;
    memset(known + count * oracle->layers, 0, count * (layers - oracle->layers) * sizeof *known);
    oracle->known = known;
    oracle->layers = layers;
    return true;
}

static uint64_t *waiting_of(struct oracle *oracle, struct oracle_place place) {
    return oracle->waiting + number_of(oracle, place) * oracle->words;
}

static uint64_t *known_of(struct oracle *oracle, struct oracle_place place) {
    size_t count = (size_t)oracle->rooms * oracle->room_size + 1;
    return oracle->known + (place.layer * count + number_of(oracle, place)) * oracle->words;
}

/* Whether any layer of the watcher lists it. */
static bool knows(struct oracle *oracle, struct oracle_place watcher, uint32_t position) {
    for (watcher.layer = 0; watcher.layer < oracle->layers; watcher.layer++)
        if (has(known_of(oracle, watcher), position)) return true;
    return false;
}

static struct subject *subject_of(struct oracle *oracle, struct oracle_place place) {
    return &oracle->subjects[number_of(oracle, place)];
}

static void forget(struct oracle *oracle, struct oracle_place place) {
    struct subject *subject = subject_of(oracle, place);
    oracle->open -= subject->waiting > 0;
    subject->waiting = subject->witnesses = 0;
    memset(waiting_of(oracle, place), 0, oracle->words * sizeof(uint64_t));
}

void oracle_begin(struct oracle *oracle) {
    for (uint32_t room = 0; room < oracle->rooms; room++) {
        for (uint32_t position = 0; position < oracle->room_size; position++) {
            struct oracle_place place = {room, position, 0};
            struct subject *subject = subject_of(oracle, place);
            forget(oracle, place);
            subject->wrong = subject->left = false;
        }
    }
    memset(&oracle->verdict, 0, sizeof oracle->verdict);
    histogram_clear(&oracle->verdict.announce_us);
    histogram_clear(&oracle->verdict.expiry_late_ms);
}

/* Every watcher but the member itself; of a leaving, only those that know it. */
static void expect(struct oracle *oracle, struct oracle_place member, bool leaving) {
    struct subject *subject = subject_of(oracle, member);
    uint64_t *waiting = waiting_of(oracle, member);
    forget(oracle, member);
    subject->again = false;
    for (uint32_t position = 0; position < oracle->room_size; position++) {
        struct oracle_place watcher = beside(member, position);
        if (position == member.position || !subject_of(oracle, watcher)->watches) continue;
        if (leaving && !knows(oracle, watcher, member.position)) continue;
        put(waiting, position, true);
        subject->waiting++;
    }
    oracle->open += subject->waiting > 0;
}

/* One watcher less has to see it. With the last one an expiry is decided: seen, or, when all watchers went before,
 * nothing that could be expected. */
static void stop_waiting(struct oracle *oracle, struct oracle_place member, uint32_t watcher, bool saw) {
    struct subject *subject = subject_of(oracle, member);
    put(waiting_of(oracle, member), watcher, false);
    subject->witnesses = (uint16_t)(subject->witnesses + saw);
    if (--subject->waiting > 0) return;
    oracle->open--;
    if (subject->standing != STANDING_SILENT) return;
    if (subject->witnesses > 0)
        oracle->verdict.expired_seen++;
    else
        oracle->verdict.expired_expected--;
}

/* It was seen, and is not any more, though nobody said that it left. */
static void expect_again(struct oracle *oracle, struct oracle_place member, uint32_t watcher, uint64_t now_us) {
    struct subject *subject = subject_of(oracle, member);
    if (has(waiting_of(oracle, member), watcher)) return;
    put(waiting_of(oracle, member), watcher, true);
    oracle->open += subject->waiting++ == 0;
    subject->again = true;
    if (subject->limit_us < now_us + ORACLE_AGAIN_LIMIT_US) subject->limit_us = now_us + ORACLE_AGAIN_LIMIT_US;
}

/* No layer of the watcher lists it any more, and none of them says why. */
static void lose_sight(struct oracle *oracle, struct oracle_place watcher, uint32_t position, uint64_t now_us) {
    struct oracle_place member = beside(watcher, position);
    enum standing standing = subject_of(oracle, member)->standing;
    if (standing == STANDING_LIVES) expect_again(oracle, member, watcher.position, now_us);
    if (standing == STANDING_SILENT && has(waiting_of(oracle, member), watcher.position))
        stop_waiting(oracle, member, watcher.position, false);
}

static void stop_watching(struct oracle *oracle, struct oracle_place watcher) {
    for (uint32_t position = 0; position < oracle->room_size; position++) {
        struct oracle_place member = beside(watcher, position);
        if (has(waiting_of(oracle, member), watcher.position)) stop_waiting(oracle, member, watcher.position, false);
    }
}

static void know_nobody(struct oracle *oracle, struct oracle_place watcher) {
    for (watcher.layer = 0; watcher.layer < oracle->layers; watcher.layer++)
        memset(known_of(oracle, watcher), 0, oracle->words * sizeof(uint64_t));
    stop_watching(oracle, watcher);
}

static void withdraw_all(struct oracle *oracle, struct oracle_place watcher) {
    subject_of(oracle, watcher)->watches = subject_of(oracle, watcher)->lives = 0;
    know_nobody(oracle, watcher);
}

void oracle_withdraw(struct oracle *oracle, struct oracle_place watcher, uint64_t now_us) {
    struct subject *subject = subject_of(oracle, watcher);
    uint64_t *known = known_of(oracle, watcher);
    subject->lives &= (uint16_t)~bit_of(watcher);
    subject->watches &= (uint16_t)~bit_of(watcher);
    if (subject->watches == 0) {
        know_nobody(oracle, watcher);
        return;
    }
    for (uint32_t position = 0; position < oracle->room_size; position++) {
        if (!has(known, position)) continue;
        put(known, position, false);
        if (!knows(oracle, watcher, position)) lose_sight(oracle, watcher, position, now_us);
    }
}

void oracle_joins(struct oracle *oracle, struct oracle_place member, uint64_t first_beat_us) {
    struct subject *subject = subject_of(oracle, member);
    bool lived = subject->standing == STANDING_LIVES && (subject->lives & ~bit_of(member)) != 0;
    subject->lives |= bit_of(member);
    if (lived) return;
    subject->standing = STANDING_LIVES;
    subject->wrong = false;
    subject->from_us = first_beat_us;
    subject->limit_us = first_beat_us + ORACLE_JOIN_LIMIT_US;
    expect(oracle, member, false);
}

void oracle_silent(struct oracle *oracle, struct oracle_place member, uint64_t last_beat_us, uint64_t expiry_us) {
    struct subject *subject = subject_of(oracle, member);
    withdraw_all(oracle, member);
    subject->standing = STANDING_SILENT;
    subject->from_us = last_beat_us + expiry_us;
    subject->limit_us = subject->from_us + ORACLE_EXPIRY_LIMIT_US;
    expect(oracle, member, true);
    oracle->verdict.expired_expected += subject->waiting > 0;
}

void oracle_leaves(struct oracle *oracle, struct oracle_place member) {
    withdraw_all(oracle, member);
    forget(oracle, member);
    subject_of(oracle, member)->standing = STANDING_GONE;
    subject_of(oracle, member)->left = true;
}

void oracle_lapses(struct oracle *oracle, struct oracle_place member, uint64_t now_us) {
    if (subject_of(oracle, member)->lives & ~bit_of(member))
        oracle_withdraw(oracle, member, now_us);
    else
        oracle_leaves(oracle, member);
}

void oracle_sees_present(struct oracle *oracle, struct oracle_place watcher, uint32_t position, uint64_t now_us) {
    struct oracle_place member = beside(watcher, position);
    struct subject *subject = subject_of(oracle, member);
    put(known_of(oracle, watcher), position, true);
    if (subject->standing != STANDING_LIVES || !has(waiting_of(oracle, member), watcher.position)) return;
    if (!subject->again)
        histogram_add(&oracle->verdict.announce_us, now_us > subject->from_us ? now_us - subject->from_us : 0);
    stop_waiting(oracle, member, watcher.position, true);
}

static void count_wrong(struct oracle *oracle, struct subject *subject) {
    oracle->verdict.expired_wrong += !subject->wrong;
    subject->wrong = true;
}

void oracle_sees_left(struct oracle *oracle, struct oracle_place watcher, uint32_t position, bool said,
                      uint64_t now_us) {
    struct oracle_place member = beside(watcher, position);
    struct subject *subject = subject_of(oracle, member);
    put(known_of(oracle, watcher), position, false);
    if (knows(oracle, watcher, position)) return;
    if (subject->standing == STANDING_LIVES && !(said && subject->left)) count_wrong(oracle, subject);
    if (subject->standing != STANDING_SILENT || !has(waiting_of(oracle, member), watcher.position)) return;
    if (said || now_us + ORACLE_EARLY_US < subject->from_us)
        count_wrong(oracle, subject);
    else
        histogram_add(&oracle->verdict.expiry_late_ms,
                      now_us > subject->from_us ? (now_us - subject->from_us) / 1000 : 0);
    stop_waiting(oracle, member, watcher.position, true);
}

void oracle_sees_moved(struct oracle *oracle, struct oracle_place watcher, uint32_t position, uint64_t now_us) {
    if (!has(known_of(oracle, watcher), position)) return;
    put(known_of(oracle, watcher), position, false);
    if (!knows(oracle, watcher, position)) lose_sight(oracle, watcher, position, now_us);
}

void oracle_sees_all(struct oracle *oracle, struct oracle_place watcher, const uint64_t *present, uint64_t now_us) {
    subject_of(oracle, watcher)->watches |= bit_of(watcher);
    for (uint32_t position = 0; position < oracle->room_size; position++) {
        if (position == watcher.position) continue;
        if (has(present, position))
            oracle_sees_present(oracle, watcher, position, now_us);
        else if (has(known_of(oracle, watcher), position))
            /* Why it is gone a list does not say: from who fell silent silence is what was expected. */
            oracle_sees_left(oracle, watcher, position, subject_of(oracle, beside(watcher, position))->left, now_us);
    }
}

size_t oracle_words(const struct oracle *oracle) {
    return oracle->words;
}

void oracle_judge(struct oracle *oracle, uint64_t now_us) {
    if (oracle->open == 0) return;
    for (uint32_t room = 0; room < oracle->rooms; room++) {
        for (uint32_t position = 0; position < oracle->room_size; position++) {
            struct oracle_place place = {room, position, 0};
            struct subject *subject = subject_of(oracle, place);
            if (subject->waiting == 0 || now_us <= subject->limit_us) continue;
            if (subject->standing == STANDING_LIVES) oracle->verdict.join_missing += subject->waiting;
            forget(oracle, place);
        }
    }
}

uint64_t oracle_never_due(const struct oracle *oracle) {
    uint64_t count = 0;
    for (size_t i = 0; oracle->open > 0 && i < (size_t)oracle->rooms * oracle->room_size; i++)
        count += oracle->subjects[i].waiting > 0 && oracle->subjects[i].standing == STANDING_SILENT;
    return count;
}

bool oracle_settled(const struct oracle *oracle) {
    return oracle->open == 0;
}

const struct oracle_verdict *oracle_verdict(const struct oracle *oracle) {
    return &oracle->verdict;
}
