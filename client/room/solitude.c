#include "client/room/solitude.h"

#include "common/clock.h"

void solitude_begin(struct solitude *solitude, uint64_t now) {
    if (solitude->since == 0) solitude->since = now ? now : 1;
}

void solitude_end(struct solitude *solitude) {
    solitude->over = true;
}

uint64_t solitude_due(const struct solitude *solitude, size_t listed) {
    if (solitude->over || solitude->since == 0) return NEVER;
    return solitude->since + (listed == 0 ? SOLITUDE_EMPTY_MS : SOLITUDE_UNPROVEN_MS);
}

enum solitude_news solitude_take(struct solitude *solitude, size_t listed, uint64_t now) {
    if (now < solitude_due(solitude, listed)) return SOLITUDE_NONE;
    solitude->over = true;
    return listed == 0 ? SOLITUDE_EMPTY : SOLITUDE_UNPROVEN;
}
