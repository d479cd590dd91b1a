#include "client/peer/rush.h"

#include <stddef.h>

#include "common/clock.h"
#include "common/holds.h"

bool rush_holds(const struct rush *rush) {
    unsigned waiting = 0;
    bool ordered = true;
    for (const struct rush_place *place = rush->first; place; place = place->next) {
        ordered &= place->state == RUSH_WAITS && !(place->next && place->next->hurried && !place->hurried);
        waiting++;
    }
    return ordered && waiting == rush->waiting && rush->taken <= RUSH_HANDSHAKES;
}

static void append(struct rush *rush, struct rush_place *place) {
    struct rush_place **at = &rush->first;
    while (*at && (!place->hurried || (*at)->hurried)) at = &(*at)->next;
    place->next = *at;
    *at = place;
}

static void take_out(struct rush *rush, struct rush_place *place) {
    struct rush_place **at = &rush->first;
    while (*at != place) at = &(*at)->next;
    *at = place->next;
    place->next = NULL;
}

static unsigned *count_of(struct rush *rush, enum rush_state state) {
    switch (state) {
    case RUSH_WAITS: return &rush->waiting;
    case RUSH_TAKEN: return &rush->taken;
    case RUSH_UNTURNED: return &rush->unturned;
    case RUSH_OUT: break;
    }
    return NULL;
}

static void set_state(struct rush *rush, struct rush_place *place, enum rush_state state) {
    unsigned *before = count_of(rush, place->state), *after = count_of(rush, state);
    if (before) --*before;
    if (after) ++*after;
    place->state = state;
}

void rush_leave(struct rush *rush, struct rush_place *place) {
    if (place->state == RUSH_WAITS) take_out(rush, place);
    set_state(rush, place, RUSH_OUT);
    place->hurried = false;
    HOLDS(rush_holds(rush));
}

bool rush_ask(struct rush *rush, struct rush_place *place) {
    rush_leave(rush, place);
    bool free = rush->taken < RUSH_HANDSHAKES && rush->waiting == 0;
    set_state(rush, place, free ? RUSH_TAKEN : RUSH_WAITS);
    if (!free) append(rush, place);
    HOLDS(rush_holds(rush));
    return free;
}

void rush_hurry(struct rush *rush, struct rush_place *place) {
    if (place->state != RUSH_WAITS || place->hurried) return;
    take_out(rush, place);
    place->hurried = true;
    append(rush, place);
    HOLDS(rush_holds(rush));
}

void rush_go_on(struct rush *rush, struct rush_place *place) {
    if (place->state == RUSH_TAKEN) rush->unanswered++;
    rush_leave(rush, place);
    set_state(rush, place, RUSH_UNTURNED);
}

struct rush_place *rush_call(struct rush *rush) {
    struct rush_place *place = rush->first;
    if (!place || rush->taken >= RUSH_HANDSHAKES) return NULL;
    rush_leave(rush, place);
    set_state(rush, place, RUSH_TAKEN);
    return place;
}

void rush_answered(struct rush *rush, uint64_t ms) {
    round_trip_sample(&rush->answers, ms * 1000);
    rush->unanswered = 0;
}

static unsigned others(const struct rush *rush) {
    unsigned all = rush->waiting + rush->taken + rush->unturned;
    return all > 0 ? all - 1 : 0;
}

unsigned rush_stretch(const struct rush *rush) {
    return 1 + others(rush) / RUSH_HANDSHAKES;
}

static uint64_t timeout_ms(const struct rush *rush) {
    return earlier(round_trip_timeout_ms(&rush->answers), RUSH_ANSWER_MOST_MS);
}

uint64_t rush_turn_ms(const struct rush *rush) {
    if (rush->unanswered >= RUSH_HANDSHAKES) return RUSH_TURN_LEAST_MS;
    return later(timeout_ms(rush), RUSH_TURN_LEAST_MS);
}

uint64_t rush_answer_ms(const struct rush *rush) {
    uint64_t counted = earlier(others(rush), RUSH_HANDSHAKES);
    return rush->answers.measured ? timeout_ms(rush) * counted / RUSH_HANDSHAKES : 0;
}

uint64_t rush_patience_ms(const struct rush *rush) {
    return timeout_ms(rush) * others(rush) / RUSH_HANDSHAKES;
}
