#include "bench/load/window.h"

static uint32_t part_of(uint32_t whole, struct share share) {
    uint64_t part = share_of(whole, share);
    return part > WINDOW_PART_LEAST ? (uint32_t)part : WINDOW_PART_LEAST;
}

void window_open(struct window *window, struct share share) {
    *window = (struct window){.size = part_of(WINDOW_FIRST, share), .most = part_of(WINDOW_MOST, share)};
    window->least = part_of(WINDOW_LEAST, share);
    window->slow_from = window->most;
}

void window_open_fixed(struct window *window, uint32_t size, struct share share) {
    uint32_t part = (uint32_t)share_of(size, share);
    if (part == 0) part = 1;
    *window = (struct window){.size = part, .least = part, .most = part, .slow_from = part};
}

bool window_has_place(const struct window *window, uint32_t in_flight) {
    return in_flight < window->size;
}

void window_gained(struct window *window) {
    uint32_t needed = window->size < window->slow_from ? 1 : window->size;
    if (window->size == window->most || ++window->gained < needed) return;
    window->size++;
    window->gained = 0;
}

void window_lost(struct window *window, uint64_t now_us) {
    if (window->shrunk_us != 0 && now_us - window->shrunk_us < WINDOW_ROUND_US) return;
    window->shrunk_us = now_us;
    window->size = window->size / 2 > window->least ? window->size / 2 : window->least;
    window->slow_from = window->size;
    window->gained = 0;
}
