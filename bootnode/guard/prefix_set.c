#include "bootnode/guard/prefix_set.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bootnode/guard/prefix_sketch.h"
#include "common/holds.h"

#define HUGE_PAGE (UINT32_C(2) << 20)
#define NODES_AT_FIRST 64
#define BRANCH_MAX 24U
#define NOTHING UINT32_MAX
#define CHECK_BITS 16U
#define FEW_MAX 4U
#define FEW_BITS 4U

/* An address, or the first one of a network, its first bit on top: one of IPv4 has the upper 32 alone. */
struct key {
    uint64_t high, low;
};

/* What a node is, by its `branch`: 1 to BRANCH_MAX is a branch; above, so many are few. */
enum { NODE_ONE = 0, NODE_FEW = 0x80 };

/* - A branch: that many bits, behind `bits` that are skipped, choose one of the nodes from `target` on.
 * - One network at most: `target`, or NOTHING. `check` has the `bits` of it that follow, at most CHECK_BITS.
 * - Few, as many as `branch` is more than NODE_FEW: the networks from `target` on. `bits` are skipped; then the bit v
 * of `check` is set where one of them has an address in which FEW_BITS of the value v follow. Skipped bits were not
 * looked at, so where `unsure` is set the network itself is compared, as few are always. */
struct node {
    uint32_t target;
    uint16_t check;
    uint8_t branch;
    uint8_t bits : 7, unsure : 1;
};
static_assert(sizeof(struct node) == 8, "eight to a cache line");

enum family { IPV6, IPV4, FAMILIES };

struct prefix_set {
    struct prefix_sketch sketches[FAMILIES];
    struct node roots[FAMILIES];
    struct node *nodes;
    struct prefix_entry *entries;
    size_t count, node_count, node_capacity;
};

/* --- Keys --- */

static inline struct key key_of_ipv6(const uint8_t ip[static 16]) {
    struct key key;
    memcpy(&key.high, ip, sizeof key.high);
    memcpy(&key.low, ip + sizeof key.high, sizeof key.low);
    return (struct key){be64toh(key.high), be64toh(key.low)};
}

static inline struct key key_of_ipv4(const uint8_t ip[static 16]) {
    return (struct key){.high = key_of_ipv6(ip).low << 32};
}

static bool is_ipv4(const struct prefix_entry *entry) {
    return prefix_is_ipv4(&entry->prefix);
}

static struct key key_of(const struct prefix_entry *entry) {
    return is_ipv4(entry) ? key_of_ipv4(entry->prefix.ip) : key_of_ipv6(entry->prefix.ip);
}

/* The bits by which it is told from others of its family. */
static unsigned length_of(const struct prefix_entry *entry) {
    return is_ipv4(entry) ? entry->prefix.bits - (unsigned)PREFIX_IPV4_BITS : entry->prefix.bits;
}

/* What follows the first `at` bits; zeros follow the last one. `wide`: there may be more than 64. */
static inline uint64_t bits_behind(struct key key, unsigned at, bool wide) {
    if (!wide) return at < 64 ? key.high << at : 0;
    if (at < 64) return key.high << at | key.low >> 1 >> (63 - at);
    return at < 128 ? key.low << (at - 64) : 0;
}

/* The first `count` of 64 bits; 0, where there are none. */
static inline uint32_t first_of(uint64_t bits, unsigned count) {
    return (uint32_t)(bits >> 32 >> (32 - count));
}

/* How many leading bits are the same; 128: all. */
static inline unsigned common_bits(struct key a, struct key b) {
    if (a.high != b.high) return (unsigned)__builtin_clzll(a.high ^ b.high);
    return a.low != b.low ? 64 + (unsigned)__builtin_clzll(a.low ^ b.low) : 128;
}

/* --- The list --- */

static int compare(const void *left, const void *right) {
    const struct prefix_entry *a = left, *b = right;
    int family = (int)is_ipv4(a) - (int)is_ipv4(b);
    if (family != 0) return family;
    int ip = memcmp(a->prefix.ip, b->prefix.ip, sizeof a->prefix.ip);
    if (ip != 0) return ip;
    if (a->prefix.bits != b->prefix.bits) return (int)a->prefix.bits - (int)b->prefix.bits;
    return (a->origin > b->origin) - (a->origin < b->origin);
}

static bool is_within(const struct prefix_entry *wide, const struct prefix_entry *entry) {
    return is_ipv4(wide) == is_ipv4(entry) && length_of(wide) <= length_of(entry) &&
           common_bits(key_of(wide), key_of(entry)) >= length_of(wide);
}

/* In order a network comes before all that lie in it, and these follow at once. */
static size_t leave_out_covered(struct prefix_entry *entries, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !is_within(&entries[kept - 1], &entries[i])) entries[kept++] = entries[i];
    return kept;
}

static size_t count_ipv6(const struct prefix_set *set) {
    size_t count = 0;
    while (count < set->count && !is_ipv4(&set->entries[count])) count++;
    return count;
}

/* --- Making the trie --- */

/* A look-up reads at random, so it pays to have large pages where the kernel gives them. */
static void *allocate_pages(size_t size) {
    if (size < HUGE_PAGE) return malloc(size);
    size = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *pages = aligned_alloc(HUGE_PAGE, size);
    if (pages) (void)madvise(pages, size, MADV_HUGEPAGE);
    return pages;
}

static bool grow(struct prefix_set *set, size_t count) {
    if (set->node_count + count <= set->node_capacity) return true;
    size_t capacity = set->node_capacity > 0 ? set->node_capacity * 2 : NODES_AT_FIRST;
    if (capacity < set->node_count + count) capacity = set->node_count + count;
    struct node *nodes = allocate_pages(capacity * sizeof *nodes);
    if (!nodes) return false;
    if (set->nodes) memcpy(nodes, set->nodes, set->node_count * sizeof *nodes);
    free(set->nodes);
    set->nodes = nodes;
    set->node_capacity = capacity;
    return true;
}

/* The networks below a node, and how many bits of them have been dealt with. */
struct span {
    uint32_t first, count;
    unsigned at;
    bool skipped; /* some of these bits */
};

static struct node make_one(const struct prefix_set *set, const struct span *span) {
    if (span->count == 0) return (struct node){.target = NOTHING};
    const struct prefix_entry *entry = &set->entries[span->first];
    unsigned length = length_of(entry), left = length > span->at ? length - span->at : 0;
    unsigned checked = left < CHECK_BITS ? left : CHECK_BITS;
    return (struct node){.target = span->first,
                         .check = (uint16_t)first_of(bits_behind(key_of(entry), span->at, true), checked),
                         .bits = checked & 0x7fU,
                         .unsure = span->skipped || left > checked};
}

/* All values of the next FEW_BITS that a network has. */
static uint16_t values_of(const struct prefix_entry *entry, unsigned at) {
    unsigned left = length_of(entry) - at, free_bits = left < FEW_BITS ? FEW_BITS - left : 0;
    uint32_t first = first_of(bits_behind(key_of(entry), at, true), FEW_BITS);
    return (uint16_t)(((UINT32_C(1) << (1U << free_bits)) - 1) << first);
}

static struct node make_few(const struct prefix_set *set, const struct span *span, unsigned skip) {
    struct node node = {.target = span->first, .branch = (uint8_t)(NODE_FEW + span->count), .bits = skip & 0x7fU};
    for (uint32_t i = 0; i < span->count; i++) node.check |= values_of(&set->entries[span->first + i], span->at);
    return node;
}

/* The most bits by which half of the places are used. As none of the networks covers another one, neighbours that
 * differ so early have different places. */
static unsigned choose_branch(const struct prefix_set *set, const struct span *span) {
    uint32_t differ[BRANCH_MAX] = {0}, used = 1;
    unsigned branch = 1;
    struct key last = key_of(&set->entries[span->first]);
    for (uint32_t i = 1; i < span->count; i++) {
        struct key key = key_of(&set->entries[span->first + i]);
        unsigned bit = common_bits(last, key) - span->at;
        if (bit < BRANCH_MAX) differ[bit]++;
        last = key;
    }
    for (unsigned bits = 1; bits <= BRANCH_MAX; bits++) {
        used += differ[bits - 1];
        if (used >= UINT32_C(1) << (bits - 1)) branch = bits;
    }
    return branch;
}

static uint32_t place_of(const struct prefix_set *set, uint32_t entry, const struct span *span, unsigned branch) {
    return first_of(bits_behind(key_of(&set->entries[entry]), span->at, true), branch);
}

/* Those that lie in this place, the next ones in order. One that is wider than a place has several, alone. */
static struct span take_place(const struct prefix_set *set, const struct span *span, unsigned branch, uint32_t place,
                              uint32_t *next) {
    struct span taken = {.first = *next, .at = span->at + branch, .skipped = span->skipped};
    while (*next < span->first + span->count && place_of(set, *next, span, branch) == place) {
        taken.count++;
        (*next)++;
    }
    if (taken.count > 0 || *next == span->first) return taken;
    unsigned length = length_of(&set->entries[*next - 1]), wider = length < taken.at ? taken.at - length : 0;
    bool goes_on = place_of(set, *next - 1, span, branch) >> wider == place >> wider;
    return goes_on ? (struct span){*next - 1, 1, taken.at, taken.skipped} : taken;
}

/* Goes as deep as addresses have bits, at most. */
static bool make_node(struct prefix_set *set, struct span span, struct node *out) {
    if (span.count <= 1) {
        *out = make_one(set, &span);
        return true;
    }
    unsigned skip =
        common_bits(key_of(&set->entries[span.first]), key_of(&set->entries[span.first + span.count - 1])) - span.at;
    span.at += skip;
    span.skipped |= skip > 0;
    if (span.count <= FEW_MAX) {
        *out = make_few(set, &span, skip);
        return true;
    }
    unsigned branch = choose_branch(set, &span);
    uint32_t places = UINT32_C(1) << branch, next = span.first, first = (uint32_t)set->node_count;
    if (!grow(set, places)) return false;
    set->node_count += places;
    *out = (struct node){.target = first, .branch = (uint8_t)branch, .bits = skip & 0x7fU};
    for (uint32_t place = 0; place < places; place++) {
        struct node node;
        if (!make_node(set, take_place(set, &span, branch, place, &next), &node)) return false;
        set->nodes[first + place] = node;
    }
    return true;
}

static bool make_sketches(struct prefix_set *set) {
    const size_t ipv6 = count_ipv6(set);
    if (!prefix_sketch_init(&set->sketches[IPV6], false, ipv6) ||
        !prefix_sketch_init(&set->sketches[IPV4], true, set->count - ipv6))
        return false;
    for (size_t i = 0; i < set->count; i++)
        prefix_sketch_add(&set->sketches[i < ipv6 ? IPV6 : IPV4], &set->entries[i].prefix);
    return true;
}

static bool make_tries(struct prefix_set *set) {
    uint32_t ipv6 = (uint32_t)count_ipv6(set), ipv4 = (uint32_t)set->count - ipv6;
    return make_node(set, (struct span){.first = 0, .count = ipv6}, &set->roots[IPV6]) &&
           make_node(set, (struct span){.first = ipv6, .count = ipv4}, &set->roots[IPV4]);
}

/* They are copied to where they cost least to look at. */
static bool take_entries(struct prefix_set *set, struct prefix_entry *entries, size_t count) {
    set->entries = allocate_pages((count + 1) * sizeof *entries);
    set->count = set->entries ? count : 0;
    if (set->count > 0) memcpy(set->entries, entries, count * sizeof *entries);
    free(entries);
    return set->entries != NULL;
}

struct prefix_set *prefix_set_create(struct prefix_entry *entries, size_t count) {
    assert(count <= PREFIX_SET_MAX);
    struct prefix_set *set = calloc(1, sizeof *set);
    if (!set) {
        free(entries);
        return NULL;
    }
    if (count > 0) qsort(entries, count, sizeof *entries, compare);
    if (!take_entries(set, entries, leave_out_covered(entries, count)) || !make_sketches(set) || !make_tries(set)) {
        prefix_set_destroy(set);
        return NULL;
    }
    HOLDS(prefix_set_holds(set));
    return set;
}

void prefix_set_destroy(struct prefix_set *set) {
    if (!set) return;
    for (size_t i = 0; i < FAMILIES; i++) prefix_sketch_clear(&set->sketches[i]);
    free(set->nodes);
    free(set->entries);
    free(set);
}

/* --- Asking --- */

static inline bool covers(const struct prefix_entry *entry, struct key key, bool wide) {
    const struct key own = wide ? key_of_ipv6(entry->prefix.ip) : key_of_ipv4(entry->prefix.ip);
    const unsigned length = wide ? entry->prefix.bits : entry->prefix.bits - (unsigned)PREFIX_IPV4_BITS;
    return common_bits(own, key) >= length;
}

static inline const struct prefix_entry *find_one(const struct prefix_set *set, struct node node, uint64_t follows,
                                                  struct key key, bool wide) {
    if (node.target == NOTHING || first_of(follows, node.bits) != node.check) return NULL;
    const struct prefix_entry *entry = &set->entries[node.target];
    return !node.unsure || covers(entry, key, wide) ? entry : NULL;
}

static inline const struct prefix_entry *find_few(const struct prefix_set *set, struct node node, uint64_t follows,
                                                  struct key key, bool wide) {
    const struct prefix_entry *entry = &set->entries[node.target];
    if (!(node.check >> first_of(follows, FEW_BITS) & 1)) return NULL;
    for (unsigned left = node.branch - (unsigned)NODE_FEW; left > 0; left--, entry++)
        if (covers(entry, key, wide)) return entry;
    return NULL;
}

static inline bool is_branch(const struct node *node) {
    return node->branch != NODE_ONE && node->branch < NODE_FEW;
}

static inline const struct prefix_entry *find(const struct prefix_set *set, struct node node, struct key key,
                                              bool wide) {
    unsigned at = 0;
    while (is_branch(&node)) {
        const uint32_t place = first_of(bits_behind(key, at + node.bits, wide), node.branch);
        at += node.bits + (unsigned)node.branch;
        node = set->nodes[node.target + place];
    }
    if (node.branch == NODE_ONE) return find_one(set, node, bits_behind(key, at, wide), key, wide);
    return find_few(set, node, bits_behind(key, at + node.bits, wide), key, wide);
}

static inline bool may_have(const struct prefix_set *set, enum family family, struct key key) {
    return prefix_sketch_may_have(&set->sketches[family], (uint32_t)(key.high >> 32));
}

const struct prefix_entry *prefix_set_find(const struct prefix_set *set, const struct address *address) {
    if (!set) return NULL;
    if (address_is_ipv4(address)) {
        const struct key key = key_of_ipv4(address->ip);
        return may_have(set, IPV4, key) ? find(set, set->roots[IPV4], key, false) : NULL;
    }
    const struct address plain = address_unscoped(*address);
    const struct key key = key_of_ipv6(plain.ip);
    return may_have(set, IPV6, key) ? find(set, set->roots[IPV6], key, true) : NULL;
}

size_t prefix_set_count(const struct prefix_set *set) {
    return set ? set->count : 0;
}

const struct prefix_entry *prefix_set_entries(const struct prefix_set *set) {
    return set ? set->entries : NULL;
}

/* The first key behind a network; all zero behind the last one of its family. */
static struct key key_behind(const struct prefix_entry *entry) {
    struct key key = key_of(entry);
    unsigned length = length_of(entry);
    if (length > 64) {
        key.low += UINT64_C(1) << (128 - length);
        key.high += key.low == 0;
    } else {
        key.high += length > 0 ? UINT64_C(1) << (64 - length) : 0;
    }
    return key;
}

bool prefix_set_has_all(const struct prefix_set *set, bool ipv4) {
    struct key next = {0, 0};
    bool any = false;
    for (size_t i = 0; i < prefix_set_count(set); i++) {
        const struct prefix_entry *entry = &set->entries[i];
        if (is_ipv4(entry) != ipv4) continue;
        if (common_bits(key_of(entry), next) != PREFIX_BITS_MAX) return false;
        next = key_behind(entry);
        any = true;
    }
    return any && next.high == 0 && next.low == 0;
}

size_t prefix_set_bytes(const struct prefix_set *set) {
    if (!set) return 0;
    return sizeof *set + set->count * sizeof *set->entries + set->node_count * sizeof *set->nodes +
           prefix_sketch_bytes(&set->sketches[IPV6]) + prefix_sketch_bytes(&set->sketches[IPV4]);
}

/* --- The invariants --- */

/* Some of IPv6 have an IPv4 address at an end, or an interface's number, and these are not theirs. */
static bool is_found_at(const struct prefix_set *set, const struct prefix_entry *entry, const struct address *address) {
    return !prefix_covers(&entry->prefix, address) || prefix_set_find(set, address) == entry;
}

static bool is_found(const struct prefix_set *set, const struct prefix_entry *entry) {
    struct address first = {.port = 0}, last;
    memcpy(first.ip, entry->prefix.ip, sizeof first.ip);
    last = first;
    for (unsigned bit = entry->prefix.bits; bit < PREFIX_BITS_MAX; bit++)
        last.ip[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
    return is_found_at(set, entry, &first) && is_found_at(set, entry, &last);
}

bool prefix_set_holds(const struct prefix_set *set) {
    for (size_t i = 0; i < prefix_set_count(set); i++) {
        const struct prefix_entry *entry = &set->entries[i];
        if (!prefix_holds(&entry->prefix) || !is_found(set, entry)) return false;
        if (i > 0 && (compare(entry - 1, entry) >= 0 || is_within(entry - 1, entry))) return false;
    }
    return !set || set->node_count <= set->count * PREFIX_SET_NODES;
}
