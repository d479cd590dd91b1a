/* A ring of words, as in RFC 6479: the bit of counter c is c + 1 modulo the ring, so that `next` is itself the newest
 * bit and an empty window needs no case of its own. The ring has one word more than the window has bits, so the words
 * that a jump clears never hold a counter that may still arrive. */
#include "common/replay_window.h"

#include <string.h>

#include "common/holds.h"

#define WORD_BITS 64
#define RING_WORDS (REPLAY_WINDOW_BITS / WORD_BITS + 1)
#define COUNTER_LIMIT (UINT64_MAX - (1 << 13) + 1)

void replay_window_init(struct replay_window *window) {
    memset(window, 0, sizeof(*window));
}

static uint64_t bit_of(uint64_t counter) {
    return UINT64_C(1) << ((counter + 1) % WORD_BITS);
}

static uint64_t ring_index(uint64_t word) {
    return word % RING_WORDS;
}

bool replay_window_check(const struct replay_window *window, uint64_t counter) {
    if (counter >= COUNTER_LIMIT) return false;
    if (counter >= window->next) return true;
    if (window->next - 1 - counter > REPLAY_WINDOW_BITS) return false;
    return !(window->seen[ring_index((counter + 1) / WORD_BITS)] & bit_of(counter));
}

static void advance(struct replay_window *window, uint64_t next) {
    uint64_t word = window->next / WORD_BITS;
    uint64_t words = next / WORD_BITS - word;
    for (uint64_t i = 1; i <= words && i <= RING_WORDS; i++) window->seen[ring_index(word + i)] = 0;
    window->next = next;
}

/* In the newest word the bits above the newest one are of counters to come. */
bool replay_window_holds(const struct replay_window *window) {
    uint64_t newest = UINT64_C(1) << (window->next % WORD_BITS);
    uint64_t word = window->seen[ring_index(window->next / WORD_BITS)];
    bool none_above = (word & ~(newest | (newest - 1))) == 0;
    return window->next <= COUNTER_LIMIT && none_above && (window->next == 0 || (word & newest) != 0);
}

bool replay_window_accept(struct replay_window *window, uint64_t counter) {
    if (!replay_window_check(window, counter)) return false;
    if (counter >= window->next) advance(window, counter + 1);
    window->seen[ring_index((counter + 1) / WORD_BITS)] |= bit_of(counter);
    HOLDS(replay_window_holds(window));
    return true;
}
