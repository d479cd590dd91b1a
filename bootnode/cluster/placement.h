/* Which nodes of a view a bucket belongs to: weighted rendezvous hashing. For each node there is a number, its score,
 * made of the bucket, the node's id and its weight alone; the nodes rank by their scores. PROTOCOL.md §2.6 has the rule
 * for every bit.
 *
 *     h = SipHash-2-4(id (u8) ‖ bucket (u32), key), a little-endian u64
 *     score = weight / -log2(h / 2^64); the higher is the better one, of two equal ones that of the lower id
 *
 * Sources: Thaler and Ravishankar, Using name-based mappings to increase hit rates, IEEE/ACM Transactions on Networking
 * 6 (1998), the highest random weight; Schindelhauer and Schomaker, Weighted distributed hash tables, SPAA 2005, the
 * logarithmic method, by which a node comes first with the probability of its part of all weights.
 *
 * All arithmetic is of integers, so each machine and each compiler comes to the same order.
 *
 * Invariant: who ranks before whom depends on these two nodes, their weights and the bucket, and on no other node. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLACEMENT_KEY_SIZE 16
#define PLACEMENT_RANKS_MAX 4
#define PLACEMENT_WEIGHT_MAX 1000
#define PLACEMENT_LOG_BITS 57 /* of a logarithm, behind the point */

struct placement_node {
    uint8_t id;
    uint16_t weight; /* 1 … PLACEMENT_WEIGHT_MAX */
};

/* weight / log. */
struct placement_score {
    uint64_t log; /* placement_log of the hash */
    struct placement_node node;
};

/* From the cluster's name: BLAKE2b-128(name, key = "gochat placement"). */
void placement_key(const char *cluster, uint8_t out[static PLACEMENT_KEY_SIZE]);
/* -log2(hash / 2^64) in units of 2^-PLACEMENT_LOG_BITS, by repeated squaring (Knuth, The Art of Computer Programming 1,
 * §1.2.2). Never below what it is exactly, and less than 1 1/32 units above; so never 0. A hash of 0 is taken for 1. */
uint64_t placement_log(uint64_t hash);
/* Is that of `a` the higher score? One of two different nodes has it. */
bool placement_is_better(const struct placement_score *a, const struct placement_score *b);
/* The best of these nodes, in their order; how many: `most`, or all where there are fewer. The nodes have different
 * ids. `most` is at most PLACEMENT_RANKS_MAX. */
unsigned placement_rank(const uint8_t key[static PLACEMENT_KEY_SIZE], uint32_t bucket,
                        const struct placement_node *nodes, size_t count, unsigned most, uint8_t *ids);
