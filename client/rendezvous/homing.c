#include "client/rendezvous/homing.h"

#include <sodium.h>
#include <string.h>

#include "common/clock.h"
#include "common/holds.h"

#define PORT_LEAST 1024

void homing_init(struct homing *homing) {
    *homing = (struct homing){.alone = NEVER, .ask_due = NEVER};
}

bool homing_holds(const struct homing *homing) {
    if (homing->count > HOMING_MAX) return false;
    for (size_t i = 0; i < homing->count; i++) {
        if (homing_find(homing, homing->list[i].home.node) != i) return false;
        if (homing->list[i].depth > HOMING_REDIRECTS) return false;
    }
    return true;
}

size_t homing_find(const struct homing *homing, uint8_t node) {
    size_t at = 0;
    while (at < homing->count && homing->list[at].home.node != node) at++;
    return at;
}

/* --- Addresses --- */

static bool is_of_entry(const struct doors *entry, enum address_class class) {
    for (size_t i = 0; i < entry->count; i++) {
        enum address_class there = address_classify(doors_address(entry, i));
        if (there == class || (there == ADDRESS_LOOPBACK && class == ADDRESS_PRIVATE)) return true;
    }
    return false;
}

static bool is_port_of_entry(const struct doors *entry, uint16_t port) {
    for (size_t i = 0; i < entry->count; i++)
        if (doors_address(entry, i)->port == port) return true;
    return false;
}

bool homing_admits(const struct doors *entry, const struct address *address) {
    enum address_class class = address_classify(address);
    if (class == ADDRESS_UNUSABLE || address_is_scoped(address)) return false;
    if (address->port < PORT_LEAST && !is_port_of_entry(entry, address->port)) return false;
    return class == ADDRESS_PUBLIC || is_of_entry(entry, class);
}

/* --- Who is there --- */

static bool answers(const struct homing_node *node) {
    return (node->accepted || node->listed) && node->silent == NEVER;
}

static bool is_named(const struct homing *homing, const struct homing_node *node) {
    for (unsigned i = 0; i < homing->named.count && i < homing->named.replicas; i++)
        if (homing->named.list[i].node == node->home.node) return true;
    return false;
}

/* Another one lists us that is a home. */
static bool is_served(const struct homing *homing, const struct homing_node *but) {
    for (size_t i = 0; i < homing->count; i++) {
        const struct homing_node *node = &homing->list[i];
        if (node != but && node->standing == HOMING_WANTED && node->listed && node->silent == NEVER) return true;
    }
    return false;
}

static bool any_answers(const struct homing *homing) {
    for (size_t i = 0; i < homing->count; i++)
        if (homing->list[i].standing != HOMING_FORMER && answers(&homing->list[i])) return true;
    return false;
}

static void add(struct homing *homing, const struct home *home, enum homing_standing standing, uint8_t depth,
                uint64_t now) {
    if (homing->count == HOMING_MAX || home->address_count == 0) return;
    homing->list[homing->count++] = (struct homing_node){.home = *home,
                                                         .standing = standing,
                                                         .since = now,
                                                         .depth = depth,
                                                         .named = now,
                                                         .silent = now,
                                                         .listed_at = NEVER};
}

void homing_forget(struct homing *homing, size_t index) {
    const struct homing_node node = homing->list[index];
    memmove(&homing->list[index], &homing->list[index + 1], (--homing->count - index) * sizeof *homing->list);
    if (node.readdressed && node.standing == HOMING_WANTED)
        add(homing, &node.other, HOMING_WANTED, node.depth, node.named);
    HOLDS(homing_holds(homing));
}

/* --- What is told --- */

static void note_asked(struct homing *homing, uint64_t now) {
    bool alone = homing->alone != NEVER;
    homing->ask_due = now + (alone ? HOMING_ALONE_MS + randombytes_uniform(HOMING_ALONE_MS) : HOMING_ASK_MS);
}

static bool names_itself(const struct named_homes *named, int from) {
    for (unsigned i = 0; i < named->count && i < named->replicas; i++)
        if (named->list[i].node == from) return named->node == from;
    return false;
}

static void stand(struct homing_node *node, enum homing_standing standing, uint64_t now) {
    if (node->standing != standing) node->since = now;
    node->standing = standing;
}

/* By its own word. True: it takes us. */
static bool judge(struct homing *homing, int from, const struct named_homes *named, bool vouched, uint64_t now) {
    size_t at = from == HOMING_ENTRY ? homing->count : homing_find(homing, (uint8_t)from);
    if (at == homing->count) return false;
    struct homing_node *node = &homing->list[at];
    if (names_itself(named, from))
        stand(node, HOMING_WANTED, now);
    else if (node->standing == HOMING_WANTED && (vouched || node->denied || !node->listed || node->silent != NEVER))
        stand(node, HOMING_FORMER, now);
    node->accepted = node->standing == HOMING_WANTED || (node->standing == HOMING_LENT && named->node == from);
    return node->accepted;
}

static bool has_address(const struct home *home, const struct address *address) {
    for (unsigned i = 0; i < home->address_count; i++)
        if (address_equal(&home->addresses[i], address)) return true;
    return false;
}

/* A node that said of itself that it is none stays so, whatever others say. */
static void want(struct homing *homing, const struct home *home, uint8_t depth, uint64_t now) {
    size_t at = homing_find(homing, home->node);
    if (at == homing->count) {
        if (depth <= HOMING_REDIRECTS) add(homing, home, HOMING_WANTED, depth, now);
        return;
    }
    struct homing_node *node = &homing->list[at];
    node->named = now;
    if (node->standing == HOMING_LENT) stand(node, HOMING_WANTED, now);
    if (!node->begun) {
        node->home = *home;
        return;
    }
    node->readdressed = home->address_count > 0 && !has_address(&node->home, &home->addresses[0]);
    node->other = *home;
}

bool homing_told(struct homing *homing, int from, const struct named_homes *named, bool vouched, uint64_t now) {
    size_t at = from == HOMING_ENTRY ? homing->count : homing_find(homing, (uint8_t)from);
    uint8_t depth = at < homing->count && !homing->list[at].listed ? homing->list[at].depth : 0;
    bool takes = judge(homing, from, named, vouched, now);
    if (at < homing->count) homing->list[at].met = true;
    for (unsigned i = 0; i < named->count && i < named->replicas; i++)
        want(homing, &named->list[i], (uint8_t)(depth + 1), now);
    if (homing->named_at == 0) homing->alone = now;
    if (homing->named_at == 0) note_asked(homing, now);
    homing->named = *named;
    for (size_t i = 0; i < homing->count; i++)
        if (homing->list[i].home.node != from) homing->list[i].denied = !is_named(homing, &homing->list[i]);
    homing->named_at = now;
    HOLDS(homing_holds(homing));
    return takes;
}

void homing_observe(struct homing *homing, size_t index, bool listed, uint64_t silent) {
    struct homing_node *node = &homing->list[index];
    node->listed = listed;
    node->silent = silent;
    if (listed) node->depth = 0;
    node->met |= listed;
}

/* --- What follows --- */

static void look(struct homing *homing, uint64_t now) {
    for (size_t i = 0; i < homing->count; i++) {
        struct homing_node *node = &homing->list[i];
        bool serves = node->standing == HOMING_WANTED && node->listed && node->silent == NEVER;
        if (!serves) node->listed_at = NEVER;
        if (serves && node->listed_at == NEVER) node->listed_at = now;
    }
    if (any_answers(homing)) {
        homing->alone = NEVER;
        homing->lent = 0;
    } else if (homing->alone == NEVER) {
        homing->alone = now;
        homing->ask_due = earlier(homing->ask_due, now + HOMING_ALONE_MS);
    }
}

/* All homes list us, but for those that do not answer at all; or one of them has for long enough. */
static uint64_t moved_at(const struct homing *homing, const struct homing_node *but) {
    uint64_t first = NEVER, last = 0;
    bool all = true;
    for (size_t i = 0; i < homing->count; i++) {
        const struct homing_node *node = &homing->list[i];
        if (node == but || node->standing != HOMING_WANTED) continue;
        all &= node->listed_at != NEVER;
        first = earlier(first, node->listed_at);
        if (node->listed_at != NEVER) last = later(last, node->listed_at);
    }
    if (first == NEVER) return NEVER;
    return all ? last : later(first, but->since) + HOMING_MOVE_MS;
}

static bool is_ranked(const struct homing *homing, const struct homing_node *node) {
    for (unsigned i = 0; i < homing->named.count; i++)
        if (homing->named.list[i].node == node->home.node) return true;
    return false;
}

/* When it is to go; NEVER: not as things are. */
static uint64_t over_at(const struct homing *homing, const struct homing_node *node, uint64_t excess_ms) {
    bool in_doubt = node->readdressed || !is_ranked(homing, node);
    if (node->begun && !node->met && in_doubt && node->silent != NEVER)
        return node->silent + HOMING_FALLBACK_MS + excess_ms;
    if (node->standing != HOMING_WANTED) {
        if (!node->begun || (!node->accepted && !node->listed && node->standing == HOMING_FORMER)) return 0;
        return moved_at(homing, node);
    }
    bool stale = node->readdressed || (!is_named(homing, node) && is_served(homing, node));
    return stale && node->silent != NEVER ? node->silent + HOMING_SILENT_MS : NEVER;
}

/* While there is one that is missed. */
static uint64_t missed_at(const struct homing *homing) {
    uint64_t since = homing->alone;
    for (size_t i = 0; i < homing->count; i++) {
        const struct homing_node *node = &homing->list[i];
        if (node->standing == HOMING_WANTED && node->silent != NEVER)
            since = earlier(since, node->silent + HOMING_SILENT_MS);
        if (node->standing == HOMING_LENT) since = earlier(since, node->named);
    }
    return since;
}

static uint64_t ask_at(const struct homing *homing) {
    uint64_t missed = missed_at(homing);
    return missed == NEVER || homing->named_at == 0 ? NEVER : later(missed, homing->ask_due);
}

/* Another one names others: NOTICE may be lost. */
static uint64_t check_at(const struct homing *homing, const struct homing_node *node) {
    bool doubted = node->standing == HOMING_WANTED && node->listed && node->silent == NEVER && !is_named(homing, node);
    return doubted ? later(homing->named_at, node->check_due) : NEVER;
}

/* Two that name each other's rivals are not to be asked in turn for ever. */
static void note_check(struct homing_node *node, uint64_t now) {
    if (now - node->check_due > (uint64_t)HOMING_CHECK_MS << HOMING_CHECK_DOUBLINGS) node->checks = 0;
    node->check_due = now + ((uint64_t)HOMING_CHECK_MS << node->checks);
    if (node->checks < HOMING_CHECK_DOUBLINGS) node->checks++;
}

static uint64_t fallback_at(const struct homing *homing, uint64_t excess_ms) {
    if (homing->alone == NEVER || homing->named.replicas + homing->lent >= homing->named.count) return NEVER;
    return (homing->lent > 0 ? homing->lent_at : homing->alone) + HOMING_FALLBACK_MS + excess_ms;
}

static void fall_back(struct homing *homing, uint64_t now) {
    const struct home *next = &homing->named.list[homing->named.replicas + homing->lent++];
    homing->lent_at = now;
    if (homing_find(homing, next->node) == homing->count) add(homing, next, HOMING_LENT, 1, now);
}

enum homing_step homing_next(struct homing *homing, uint64_t excess_ms, uint64_t now, size_t *index) {
    look(homing, now);
    if (now >= fallback_at(homing, excess_ms)) fall_back(homing, now);
    for (*index = 0; *index < homing->count; ++*index) {
        struct homing_node *node = &homing->list[*index];
        if (!node->begun && node->standing != HOMING_FORMER) {
            node->begun = true;
            node->silent = now;
            return HOMING_BEGIN;
        }
        if (now >= over_at(homing, node, excess_ms)) return node->listed ? HOMING_LEAVE : HOMING_DROP;
        if (now >= check_at(homing, node)) {
            note_check(node, now);
            return HOMING_CHECK;
        }
    }
    if (now < ask_at(homing)) return HOMING_REST;
    note_asked(homing, now);
    return HOMING_ASK;
}

uint64_t homing_due(const struct homing *homing, uint64_t excess_ms, uint64_t now) {
    uint64_t due = earlier(fallback_at(homing, excess_ms), ask_at(homing));
    for (size_t i = 0; i < homing->count; i++) {
        const struct homing_node *node = &homing->list[i];
        if (!node->begun && node->standing == HOMING_WANTED) return now;
        due = earlier(due, earlier(over_at(homing, node, excess_ms), check_at(homing, node)));
    }
    return due;
}
