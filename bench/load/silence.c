/* Sessions that fall silent for a row: chosen at random, but so that every watched room keeps somebody to see it and,
 * where it has two, loses somebody. From the beginning of the row they send nothing. Those that are watched beat once
 * more just before, and that beat is answered: else nobody would know what the bootnode heard last. */
#include "bench/load/fleet_parts.h"
#include "bench/load/load_now.h"

#define LAST_WORD_TRIES 10
#define LAST_WORD_WINDOW 1024
#define WAIT_US 1000
#define LATE_MOST_US 250000 /* the bootnode promises to find them by then */

static bool chosen(const struct fleet *fleet, uint32_t member) {
    return fleet->members[member].state == MEMBER_SILENT;
}

static bool lives(const struct fleet *fleet, uint32_t member) {
    return fleet->members[member].state == MEMBER_ACTIVE;
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
    if (has_silent) fleet->members[silent].state = MEMBER_ACTIVE;
    if (!has_living) return;
    fleet->members[living].state = MEMBER_SILENT;
    if (!pick(fleet, room, lives, &other)) fleet->members[living].state = MEMBER_ACTIVE;
}

/* Exactly as many as were asked for, each as likely as any other; then the watched rooms are seen to. */
void silence_choose(struct fleet *fleet, double percent) {
    uint64_t left = living_count(fleet), wanted = (uint64_t)((double)left * percent / 100 + 0.5);
    for (uint32_t i = 0; i < fleet->count && left > 0; i++) {
        if (!lives(fleet, i)) continue;
        if (fleet_random(fleet) % left-- >= wanted) continue;
        fleet->members[i].state = MEMBER_SILENT;
        wanted--;
    }
    for (uint32_t i = 0; i < fleet->watched; i++) mix_room(fleet, fleet_watched_room(fleet, i));
}

static void say_last(struct fleet *fleet, uint32_t member, uint8_t tries, uint64_t now_us) {
    fleet->members[member].asked = beat_send(fleet, member, true, now_us);
    fleet_plan(fleet, &(struct agenda_entry){.due_us = now_us + REPEAT_US,
                                             .member = member,
                                             .errand = ERRAND_LAST_WORD,
                                             .tries = (uint8_t)(tries + 1)});
}

static void expect_silence(struct fleet *fleet, uint32_t member, uint64_t now_us) {
    uint64_t rested_ms = fleet_ms(now_us) - fleet->beaten_ms[member];
    uint64_t last_beat_us = (now_us / 1000 - rested_ms) * 1000;
    fleet->members[member].flags &= (uint8_t)~MEMBER_LAST_WORD;
    fleet->row.last_words--;
    oracle_silent(fleet->oracle, fleet_place(fleet, member), last_beat_us, fleet->expiry_ms * UINT64_C(1000));
}

void silence_answered(struct fleet *fleet, uint32_t member, uint32_t counter, uint64_t now_us) {
    if (counter == fleet->members[member].asked) expect_silence(fleet, member, now_us);
}

void silence_errand(struct fleet *fleet, const struct agenda_entry *entry, uint64_t now_us) {
    if (!(fleet->members[entry->member].flags & MEMBER_LAST_WORD)) return;
    if (entry->tries < LAST_WORD_TRIES) {
        say_last(fleet, entry->member, entry->tries, now_us);
        return;
    }
    fleet->misdeeds.unheard++;
    expect_silence(fleet, entry->member, now_us);
}

static void note_expiring(struct fleet *fleet) {
    uint64_t now_us = load_now_us();
    uint32_t longest = 0, shortest = UINT32_MAX;
    for (uint32_t i = 0; i < fleet->count; i++) {
        uint32_t rested_ms = fleet_ms(now_us) - fleet->beaten_ms[i];
        if (!chosen(fleet, i)) continue;
        if (rested_ms > longest) longest = rested_ms;
        if (rested_ms < shortest) shortest = rested_ms;
    }
    if (shortest == UINT32_MAX) return;
    uint64_t expiry_us = now_us + fleet->expiry_ms * UINT64_C(1000);
    fleet->row.expiring_from_us = expiry_us - longest * UINT64_C(1000);
    fleet->row.expiring_until_us = expiry_us - shortest * UINT64_C(1000) + LATE_MOST_US;
}

void fleet_expiring(const struct fleet *fleet, uint64_t *from_us, uint64_t *until_us) {
    *from_us = fleet->row.expiring_from_us;
    *until_us = fleet->row.expiring_until_us;
}

void silence_fall(struct fleet *fleet) {
    for (uint32_t i = 0; i < fleet->count && !fleet_must_stop(fleet); i++) {
        struct member *member = &fleet->members[i];
        if (member->state != MEMBER_SILENT) continue;
        fleet->counts.fell_silent++;
        if (!(member->flags & MEMBER_WATCHED)) continue;
        member->flags |= MEMBER_LAST_WORD;
        fleet->row.last_words++;
        say_last(fleet, i, 0, load_now_us());
        while (fleet->row.last_words >= LAST_WORD_WINDOW && !fleet_must_stop(fleet)) fleet_drive(fleet, WAIT_US);
    }
    while (fleet->row.last_words > 0 && !fleet_must_stop(fleet)) fleet_drive(fleet, WAIT_US);
    note_expiring(fleet);
}
