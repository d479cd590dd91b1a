#include "client/rendezvous/silence.h"

#include "common/clock.h"

#define DETOUR_MS 250       /* after it was asked for again, before it is asked for elsewhere */
#define DETOUR_EVERY_MS 500 /* at each other door; doubles */
#define DETOUR_DOUBLINGS 3
#define LOOK_MS 4000
#define RENDEZVOUS_SILENT_MS 3000

static uint64_t after(uint64_t time, uint64_t ms) {
    return time == NEVER ? NEVER : time + ms;
}

uint64_t silence_since(const struct presence *presence, const struct doors *doors) {
    return presence->answer_due ? presence->asked + doors_timeout_ms(doors, SILENCE_LEAST_MS) : NEVER;
}

uint64_t silence_detour_at(const struct silence *silence, const struct doors *doors, uint64_t since) {
    return doors->count < 2 ? NEVER : later(after(since, DETOUR_MS), silence->due);
}

void silence_detour(struct silence *silence, struct presence *presence, const struct doors *doors, uint64_t now) {
    for (size_t i = 0; i < doors->count; i++)
        if (i != doors->at) presence_ask_at(presence, doors_address(doors, i), now);
    silence->due = now + ((uint64_t)DETOUR_EVERY_MS << silence->detours);
    if (silence->detours < DETOUR_DOUBLINGS) silence->detours++;
}

uint64_t silence_look_at(const struct doors *doors, uint64_t since) {
    return doors->seeking ? NEVER : after(since, LOOK_MS);
}

uint64_t silence_over_at(const struct doors *doors, uint64_t since) {
    if (!doors->seeking || !doors->first_answer || since == NEVER) return NEVER;
    return later(after(since, LOOK_MS), doors->first_answer + doors_timeout_ms(doors, SILENCE_LEAST_MS));
}

uint64_t silence_told_at(uint64_t since) {
    return after(since, RENDEZVOUS_SILENT_MS);
}
