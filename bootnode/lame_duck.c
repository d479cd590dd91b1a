#include "bootnode/lame_duck.h"

#include "common/clock.h"

static uint64_t read_time(const _Atomic uint64_t *time) {
    return atomic_load_explicit(time, memory_order_relaxed);
}

void page_visits_note(struct page_visits *visits, bool health, bool leaves, uint64_t monotonic_ms) {
    atomic_store_explicit(&visits->any_ms, monotonic_ms, memory_order_relaxed);
    if (!health) return;
    atomic_store_explicit(&visits->health_ms, monotonic_ms, memory_order_relaxed);
    if (leaves && read_time(&visits->told_ms) == 0)
        atomic_store_explicit(&visits->told_ms, monotonic_ms, memory_order_relaxed);
}

/* Not longer than that before it began, or after. */
static bool is_recent(const struct lame_duck *duck, uint64_t ms, uint64_t within_ms) {
    return ms != 0 && ms + within_ms >= duck->began_ms;
}

static uint64_t auto_ms(const struct lame_duck *duck, const struct page_visits *visits) {
    const uint64_t told_ms = read_time(&visits->told_ms);
    if (!duck->has_page) return 0;
    const uint64_t health_ms = read_time(&visits->health_ms);
    if (!is_recent(duck, health_ms, LAME_DUCK_ASKED_MS))
        return is_recent(duck, read_time(&visits->any_ms), LAME_DUCK_ASKED_MS) ? 0 : LAME_DUCK_LISTEN_MS;
    if (told_ms == 0) return is_recent(duck, health_ms, LAME_DUCK_MOST_MS) ? LAME_DUCK_MOST_MS : LAME_DUCK_LEAST_MS;
    const uint64_t seen_ms = later(told_ms, duck->began_ms) - duck->began_ms + LAME_DUCK_SEEN_MS;
    return earlier(later(seen_ms, LAME_DUCK_LEAST_MS), LAME_DUCK_MOST_MS);
}

bool lame_duck_moves(bool ends, bool asked, uint64_t chosen_ms) {
    return ends || asked || (chosen_ms != LAME_DUCK_AUTO && chosen_ms >= LAME_DUCK_MOVES_MS);
}

uint64_t lame_duck_end(const struct lame_duck *duck, const struct page_visits *visits) {
    const uint64_t ms = duck->chosen_ms == LAME_DUCK_AUTO ? auto_ms(duck, visits) : duck->chosen_ms;
    return duck->began_ms + (duck->moving ? later(ms, LAME_DUCK_MOVING_MS) : ms);
}
