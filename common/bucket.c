#include "common/bucket.h"

#include "common/holds.h"

bool bucket_holds(const struct bucket *bucket, const struct bucket_kind *kind) {
    return bucket->tokens <= kind->burst;
}

void bucket_fill(struct bucket *bucket, const struct bucket_kind *kind, uint64_t now) {
    *bucket = (struct bucket){.tokens = kind->burst, .filled = now};
}

uint64_t bucket_level(struct bucket *bucket, const struct bucket_kind *kind, uint64_t now) {
    HOLDS(bucket_holds(bucket, kind));
    uint64_t passed = now - bucket->filled, whole = kind->burst * kind->per_ms / kind->amount + 1;
    uint64_t tokens = bucket->tokens + (passed < whole ? passed : whole) * kind->amount / kind->per_ms;
    bucket->tokens = tokens < kind->burst ? tokens : kind->burst;
    bucket->filled = now;
    return bucket->tokens;
}

bool bucket_take(struct bucket *bucket, const struct bucket_kind *kind, uint64_t price, uint64_t now) {
    if (bucket_level(bucket, kind, now) < price) return false;
    bucket->tokens -= price;
    return true;
}

uint64_t bucket_wait(struct bucket *bucket, const struct bucket_kind *kind, uint64_t price, uint64_t now) {
    uint64_t tokens = bucket_level(bucket, kind, now);
    return tokens >= price ? 0 : (price - tokens) * kind->per_ms / kind->amount + 1;
}
