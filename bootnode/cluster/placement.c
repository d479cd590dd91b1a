#include "bootnode/cluster/placement.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static_assert(PLACEMENT_KEY_SIZE == crypto_shorthash_KEYBYTES, "key size");

void placement_key(const char *cluster, uint8_t out[static PLACEMENT_KEY_SIZE]) {
    static const char domain[] = "gochat placement";
    crypto_generichash(out, PLACEMENT_KEY_SIZE, (const uint8_t *)cluster, strlen(cluster), (const uint8_t *)domain,
                       sizeof domain - 1);
}

/* A number between 1 and 2 with 63 bits behind the point is squared; where that is 2 or more, the next bit of its
 * logarithm is 1, and it is halved. What a square loses weighs half as much with each bit that came before. */
uint64_t placement_log(uint64_t hash) {
    if (hash == 0) hash = 1;
    int shift = __builtin_clzll(hash);
    uint64_t log = (uint64_t)(63 - shift);
    uint64_t number = hash << shift;
    for (unsigned i = 0; i < PLACEMENT_LOG_BITS; i++) {
        unsigned __int128 square = (unsigned __int128)number * number;
        bool bit = square >> 127;
        number = (uint64_t)(square >> (bit ? 64 : 63));
        log = log << 1 | bit;
    }
    return (UINT64_C(64) << PLACEMENT_LOG_BITS) - log;
}

static uint64_t hash_of(const uint8_t key[static PLACEMENT_KEY_SIZE], uint32_t bucket, uint8_t id) {
    const uint8_t message[5] = {id, (uint8_t)(bucket >> 24), (uint8_t)(bucket >> 16), (uint8_t)(bucket >> 8),
                                (uint8_t)bucket};
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, message, sizeof message, key);
    uint64_t value = 0;
    for (unsigned i = sizeof hash; i > 0; i--) value = value << 8 | hash[i - 1];
    return value;
}

bool placement_is_better(const struct placement_score *a, const struct placement_score *b) {
    unsigned __int128 own = (unsigned __int128)a->node.weight * b->log;
    unsigned __int128 other = (unsigned __int128)b->node.weight * a->log;
    return own != other ? own > other : a->node.id < b->node.id;
}

/* -log2(u) is more than 1 - u. This costs little, and nearly always says that a logarithm is not worth its price. */
static bool has_no_chance(uint64_t hash, uint16_t weight, const struct placement_score *last) {
    struct placement_score at_best = {.log = (UINT64_MAX - hash) >> (64 - PLACEMENT_LOG_BITS),
                                      .node = {.id = 0, .weight = weight}};
    return placement_is_better(last, &at_best);
}

unsigned placement_rank(const uint8_t key[static PLACEMENT_KEY_SIZE], uint32_t bucket,
                        const struct placement_node *nodes, size_t count, unsigned most, uint8_t *ids) {
    struct placement_score best[PLACEMENT_RANKS_MAX] = {0};
    unsigned ranked = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = hash_of(key, bucket, nodes[i].id);
        if (ranked == most && has_no_chance(hash, nodes[i].weight, &best[most - 1])) continue;
        struct placement_score score = {.log = placement_log(hash), .node = nodes[i]};
        if (ranked == most && !placement_is_better(&score, &best[most - 1])) continue;
        unsigned at = ranked < most ? ranked++ : most - 1;
        for (; at > 0 && placement_is_better(&score, &best[at - 1]); at--) best[at] = best[at - 1];
        best[at] = score;
    }
    for (unsigned i = 0; i < ranked; i++) ids[i] = best[i].node.id;
    return ranked;
}
