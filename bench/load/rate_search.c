#include "bench/load/rate_search.h"

void rate_search_begin(struct rate_search *search, double first, double least, double most) {
    *search = (struct rate_search){.rate = first, .least = least, .most = most};
}

static bool is_narrow(const struct rate_search *search) {
    if (search->fails == 0) return search->holds >= search->most;
    if (search->holds == 0) return search->fails <= search->least;
    return search->fails <= search->holds * (1 + SEARCH_PRECISION);
}

static double next_rate(const struct rate_search *search) {
    if (search->fails == 0) return 2 * search->holds < search->most ? 2 * search->holds : search->most;
    if (search->holds == 0) return search->fails / 2 > search->least ? search->fails / 2 : search->least;
    return (search->holds + search->fails) / 2;
}

static void note_held(struct rate_search *search) {
    search->holds = search->rate;
    if (search->last_look) search->fails = 0;
}

bool rate_search_note(struct rate_search *search, enum step_verdict verdict) {
    bool was_last_look = search->last_look;
    search->steps++;
    if (verdict != STEP_HELD && !search->again && !was_last_look) {
        search->again = true;
        return search->steps < SEARCH_STEPS_MAX;
    }
    if (verdict == STEP_HELD) {
        note_held(search);
    } else {
        search->fails = search->rate;
        search->limit = verdict;
    }
    search->again = search->last_look = false;
    if (search->steps >= SEARCH_STEPS_MAX) return false;
    if (!is_narrow(search)) {
        search->rate = next_rate(search);
        return true;
    }
    if (search->fails == 0) {
        search->limit = STEP_HELD;
        return false;
    }
    search->rate = search->fails;
    search->last_look = !was_last_look;
    return search->last_look;
}
