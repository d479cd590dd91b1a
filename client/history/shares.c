#include "client/history/shares.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

static const struct bucket_kind own = {.burst = SHARE_BYTES, .amount = SHARE_BYTES, .per_ms = SHARE_MS};
static const struct bucket_kind together = {.burst = SHARES_BYTES, .amount = SHARES_BYTES, .per_ms = SHARE_MS};

void shares_clear(struct shares *shares) {
    free(shares->list);
    *shares = (struct shares){.list = NULL};
}

uint64_t shares_price(size_t size) {
    return size > PRICE_LEAST ? size : PRICE_LEAST;
}

/* NULL: all that there is room for are in use. */
static struct share *place(struct shares *shares, uint64_t now) {
    for (size_t i = 0; i < shares->count; i++)
        if (bucket_level(&shares->list[i].left, &own, now) == own.burst) return &shares->list[i];
    if (shares->count == SHARES_MOST) return NULL;
    shares->list = grow(shares->list, shares->count + 1, sizeof *shares->list);
    return &shares->list[shares->count++];
}

static struct share *share_of(struct shares *shares, const uint8_t *id, uint64_t now) {
    for (size_t i = 0; i < shares->count; i++)
        if (memcmp(shares->list[i].id, id, MEMBER_ID_SIZE) == 0) return &shares->list[i];
    struct share *share = place(shares, now);
    if (!share) return NULL;
    memcpy(share->id, id, MEMBER_ID_SIZE);
    bucket_fill(&share->left, &own, now);
    return share;
}

bool shares_take(struct shares *shares, const uint8_t id[static MEMBER_ID_SIZE], size_t size, uint64_t now) {
    if (shares->all.filled == 0) bucket_fill(&shares->all, &together, now);
    struct share *share = share_of(shares, id, now);
    if (!share || bucket_level(&shares->all, &together, now) < size) return false;
    return bucket_take(&share->left, &own, shares_price(size), now) && bucket_take(&shares->all, &together, size, now);
}

bool shares_holds(const struct shares *shares) {
    if (shares->count > SHARES_MOST || !bucket_holds(&shares->all, &together)) return false;
    for (size_t i = 0; i < shares->count; i++) {
        if (!bucket_holds(&shares->list[i].left, &own)) return false;
        for (size_t j = 0; j < i; j++)
            if (memcmp(shares->list[i].id, shares->list[j].id, MEMBER_ID_SIZE) == 0) return false;
    }
    return true;
}
