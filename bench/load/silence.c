#include "bench/load/silence.h"

#include "bench/load/beats.h"
#include "bench/load/fleet_parts.h"
#include "bench/load/places.h"

#define LAST_WORD_TRIES 10

static bool chosen(const struct fleet *fleet, uint32_t member) {
    return places_count(fleet, member, MEMBER_SILENT) > 0;
}

static bool lives(const struct fleet *fleet, uint32_t member) {
    return places_all_active(fleet, member);
}

/* At all nodes at once. */
static void turn(struct fleet *fleet, uint32_t member, enum member_state from, enum member_state into) {
    for (uint32_t place = member; place < fleet->places; place += fleet->count)
        if (fleet->members[place].state == from) fleet->members[place].state = (uint8_t)into;
}

static uint64_t living_count(const struct fleet *fleet) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < fleet->count; i++) count += lives(fleet, i);
    return count;
}

/* One of the room's members for which `is` says so, at random; false when there is none. */
static bool pick(struct fleet *fleet, uint32_t room, bool (*is)(const struct fleet *fleet, uint32_t member),
                 uint32_t *out) {
    uint32_t first = room * fleet->room_size, found = 0;
    for (uint32_t i = first; i < fleet->count && i - first < fleet->room_size; i++)
        if (is(fleet, i) && fleet_random(fleet) % ++found == 0) *out = i;
    return found > 0;
}

/* Both living and silent ones, in a watched room that has two. */
static void mix_room(struct fleet *fleet, uint32_t room) {
    uint32_t living, silent, other;
    bool has_living = pick(fleet, room, lives, &living), has_silent = pick(fleet, room, chosen, &silent);
    if (has_living && has_silent) return;
    if (has_silent) turn(fleet, silent, MEMBER_SILENT, MEMBER_ACTIVE);
    if (!has_living) return;
    turn(fleet, living, MEMBER_ACTIVE, MEMBER_SILENT);
    if (!pick(fleet, room, lives, &other)) turn(fleet, living, MEMBER_SILENT, MEMBER_ACTIVE);
}

static uint64_t rounded_part(uint64_t count, double percent) {
    return (uint64_t)((double)count * percent / 100 + 0.5);
}

/* Exactly as many as were asked for, of all fleets together, each as likely as any other; then the watched rooms are
 * seen to. */
void silence_choose(struct fleet *fleet, double percent) {
    uint64_t left = living_count(fleet);
    uint64_t wanted = rounded_part(fleet->before + left, percent) - rounded_part(fleet->before, percent);
    for (uint32_t i = 0; i < fleet->count && left > 0; i++) {
        if (!lives(fleet, i)) continue;
        if (fleet_random(fleet) % left-- >= wanted) continue;
        turn(fleet, i, MEMBER_ACTIVE, MEMBER_SILENT);
        wanted--;
    }
    for (uint32_t i = 0; i < fleet->watched; i++) mix_room(fleet, fleet_watched_room(fleet, i));
}

void silence_say_last(struct fleet *fleet, uint32_t member, uint8_t tries, uint64_t now_us) {
    fleet->members[member].asked = beats_send(fleet, member, true, now_us);
    fleet_plan(fleet, &(struct agenda_entry){.due_us = now_us + REPEAT_US,
                                             .member = member,
                                             .errand = ERRAND_LAST_WORD,
                                             .tries = (uint8_t)(tries + 1)});
}

/* Where it has sessions at several nodes it is gone with the last one that expires. */
static void expect_silence(struct fleet *fleet, uint32_t member, uint64_t now_us) {
    uint32_t rested_ms = UINT32_MAX;
    bool last = true;
    fleet->members[member].flags &= (uint8_t)~MEMBER_LAST_WORD;
    fleet->row.last_words--;
    for (uint32_t place = fleet_member(fleet, member); place < fleet->places; place += fleet->count) {
        uint32_t rested = fleet_ms(now_us) - fleet->beaten_ms[place];
        last = last && !(fleet->members[place].flags & MEMBER_LAST_WORD);
        if (fleet->members[place].state == MEMBER_SILENT && rested < rested_ms) rested_ms = rested;
    }
    uint64_t last_beat_us = (now_us / 1000 - rested_ms) * 1000;
    if (last) oracle_silent(fleet->oracle, fleet_place(fleet, member), last_beat_us, fleet->expiry_ms * UINT64_C(1000));
}

void silence_answered(struct fleet *fleet, uint32_t member, uint32_t counter, uint64_t now_us) {
    if (counter == fleet->members[member].asked) expect_silence(fleet, member, now_us);
}

void silence_errand(struct fleet *fleet, const struct agenda_entry *entry, uint64_t now_us) {
    if (!(fleet->members[entry->member].flags & MEMBER_LAST_WORD)) return;
    if (entry->tries < LAST_WORD_TRIES) {
        silence_say_last(fleet, entry->member, entry->tries, now_us);
        return;
    }
    fleet->misdeeds.unheard++;
    expect_silence(fleet, entry->member, now_us);
}
