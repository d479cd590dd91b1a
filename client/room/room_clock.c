#include "client/room/room_clock.h"

/* What others told is kept as their time when our clock that never jumps began; so ours may be set meanwhile. */

static bool agree(uint64_t a, uint64_t b) {
    return (a > b ? a - b : b - a) <= CLOCKS_APART_MS;
}

static uint64_t own_ms(const struct room_clock *clock) {
    return clock->outside->wall_ms(clock->outside->context);
}

/* 0: none told its time, or they differ. */
static uint64_t bootnodes_began(const struct room_clock *clock) {
    uint64_t first = 0;
    for (size_t i = 0; i < clock->sessions->end; i++) {
        uint64_t began = clock->sessions->list[i].presence.clock_began_ms;
        if (began == 0 || !sessions_is_entry(clock->sessions, i)) continue;
        if (first == 0) first = began;
        if (!agree(first, began)) return 0;
    }
    return first;
}

static bool most_members_agree(const struct members *members, uint64_t began) {
    size_t told = 0, agreeing = 0;
    for (size_t i = 0; i < members->count; i++) {
        const struct member *member = members->list[i];
        uint64_t its = member->peer->clock_began_ms;
        if (!member->peer->connected || its == 0) continue;
        told++;
        agreeing += agree(began, its);
    }
    return agreeing > told / 2;
}

uint64_t room_clock_ms(const struct room_clock *clock, uint64_t now) {
    uint64_t own = own_ms(clock), began = bootnodes_began(clock);
    if (began == 0 || agree(own, began + now)) return own;
    return most_members_agree(clock->members, began) ? began + now : own;
}

static bool fits(uint64_t time_ms, uint64_t now_ms) {
    if (time_ms > now_ms) return time_ms - now_ms <= CLOCKS_APART_MS;
    return now_ms - time_ms <= BACKLOG_AGE_MS + CLOCKS_APART_MS;
}

bool room_clock_is_recent(const struct room_clock *clock, uint64_t time_ms, uint64_t author, uint64_t now) {
    return fits(time_ms, room_clock_ms(clock, now)) || (author != 0 && fits(time_ms, author + now));
}
