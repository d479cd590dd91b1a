#include "client/doctor/homes_examination.h"

#include <string.h>

#include "common/clock.h"

#define EVERY_MS 20 /* no burst */
#define ENTRY_TRIES 4

/* --- Whom to ask --- */

static const struct address *way_to(const struct homes_examination *examination, const struct address *address) {
    return address_is_ipv4(address) ? &examination->ways.ipv4 : &examination->ways.ipv6;
}

void homes_examination_start(struct homes_examination *examination, const char *name, const struct address *entries,
                             size_t count, uint16_t bucket, const struct homes_ways *ways, uint64_t now) {
    *examination = (struct homes_examination){.name = name, .bucket = bucket, .ways = *ways, .entry_count = count};
    doors_init(&examination->doors);
    (void)doors_set(&examination->doors, entries, count, false, now);
    for (size_t i = 0; i < count; i++) {
        examination->entries[i].to = entries[i];
        if (way_to(examination, &entries[i])->port != 0)
            greeting_start(&examination->entries[i], &entries[i], bucket, ENTRY_TRIES, now + i * EVERY_MS);
    }
}

/* HOMES_ANSWERS: it is worth a try. */
static enum homes_health fitness(const struct homes_examination *examination, const struct address *address) {
    const struct address *own = way_to(examination, address);
    if (!homing_admits(&examination->doors, address) || address_equal(address, own)) return HOMES_UNFIT;
    return own->port == 0 ? HOMES_HAVE_NO_WAY : HOMES_ANSWERS;
}

static bool has_place(const struct homes_node *node, const struct address *address) {
    for (size_t i = 0; i < node->place_count; i++)
        if (address_equal(&node->places[i].greeting.to, address)) return true;
    return false;
}

static void add_place(struct homes_examination *examination, struct homes_node *node, const struct address *address,
                      uint64_t now) {
    if (node->place_count == HOMES_PLACES || has_place(node, address)) return;
    struct homes_place *place = &node->places[node->place_count++];
    *place = (struct homes_place){.greeting = {.to = *address}, .asked = fitness(examination, address)};
    if (place->asked == HOMES_ANSWERS)
        greeting_start(&place->greeting, address, examination->bucket, GREETING_TRIES, now);
}

/* NULL: there are too many, or it is too far away. */
static struct homes_node *find_or_add(struct homes_examination *examination, uint8_t id, unsigned depth,
                                      const uint8_t key[static 32]) {
    for (size_t i = 0; i < examination->node_count; i++)
        if (examination->nodes[i].node == id) return &examination->nodes[i];
    if (examination->node_count == HOMES_NODES || depth > HOMING_REDIRECTS) return NULL;
    struct homes_node *node = &examination->nodes[examination->node_count++];
    *node = (struct homes_node){.node = id, .depth = (uint8_t)depth};
    memcpy(node->key, key, sizeof node->key);
    return node;
}

/* `depth`: redirects to who says so. */
static void take_names(struct homes_examination *examination, const struct cookie_message *cookie, unsigned depth,
                       uint64_t now) {
    const struct named_homes *named = &cookie->homes;
    for (unsigned i = 0; named->replicas > 0 && i < named->count; i++) {
        const struct home *home = &named->list[i];
        struct homes_node *node = find_or_add(examination, home->node, depth + 1, cookie->bootnode_public);
        if (!node) continue;
        node->home |= i < named->replicas;
        for (unsigned j = 0; j < home->address_count; j++) add_place(examination, node, &home->addresses[j], now);
    }
}

/* --- Asking --- */

size_t homes_examination_tick(struct homes_examination *examination, uint64_t now, struct address *to,
                              uint8_t out[static HELLO_SIZE]) {
    for (size_t i = 0; i < examination->entry_count; i++) {
        size_t size = greeting_tick(&examination->entries[i], now, out);
        *to = examination->entries[i].to;
        if (size > 0) return size;
    }
    for (size_t i = 0; i < examination->node_count; i++) {
        struct homes_node *node = &examination->nodes[i];
        for (size_t j = 0; j < node->place_count; j++) {
            size_t size = greeting_tick(&node->places[j].greeting, now, out);
            *to = node->places[j].greeting.to;
            if (size > 0) return size;
        }
    }
    return 0;
}

uint64_t homes_examination_due(const struct homes_examination *examination) {
    uint64_t due = NEVER;
    for (size_t i = 0; i < examination->entry_count; i++) due = earlier(due, greeting_due(&examination->entries[i]));
    for (size_t i = 0; i < examination->node_count; i++)
        for (size_t j = 0; j < examination->nodes[i].place_count; j++)
            due = earlier(due, greeting_due(&examination->nodes[i].places[j].greeting));
    return due;
}

/* The word of who has another key counts for nothing; but it may have the one that is looked for, too. */
static void judge(struct homes_examination *examination, const struct homes_node *node, struct greeting *greeting,
                  uint64_t now) {
    if (greeting_shows(greeting, node->key))
        take_names(examination, &greeting->cookie, node->depth, now);
    else if (greeting->state == GREETING_ANSWERED && !greeting->hello.asks)
        greeting_ask_key(greeting, node->key, now);
}

bool homes_examination_receive(struct homes_examination *examination, const struct address *from, const uint8_t *data,
                               size_t size, uint64_t now) {
    for (size_t i = 0; i < examination->entry_count; i++) {
        struct greeting *entry = &examination->entries[i];
        if (!greeting_receive(entry, from, data, size, now)) continue;
        if (entry->state == GREETING_ANSWERED) take_names(examination, &entry->cookie, 0, now);
        return true;
    }
    for (size_t i = 0; i < examination->node_count; i++) {
        struct homes_node *node = &examination->nodes[i];
        for (size_t j = 0; j < node->place_count; j++) {
            if (!greeting_receive(&node->places[j].greeting, from, data, size, now)) continue;
            judge(examination, node, &node->places[j].greeting, now);
            return true;
        }
    }
    return false;
}

/* --- What it means --- */

static bool is_among(const struct named_homes *named, uint8_t node) {
    for (unsigned i = 0; i < named->count && i < named->replicas; i++)
        if (named->list[i].node == node) return true;
    return false;
}

enum homes_health homes_examination_health(const struct homes_node *node, const struct homes_place *place) {
    const struct greeting *greeting = &place->greeting;
    if (place->asked != HOMES_ANSWERS) return place->asked;
    if (!greeting->answered) return greeting->state == GREETING_REFUSED ? HOMES_REFUSES : HOMES_ARE_SILENT;
    if (!greeting_shows(greeting, node->key)) return HOMES_HAS_OTHER_KEY;
    const struct named_homes *named = &greeting->cookie.homes;
    if (named->replicas == 0) return HOMES_IN_NO_CLUSTER;
    if (named->node != node->node) return HOMES_IS_OTHER;
    return node->home && !is_among(named, node->node) ? HOMES_IS_NONE : HOMES_ANSWERS;
}

static enum homes_health health_of(const struct homes_node *node) {
    enum homes_health best = HOMES_UNFIT;
    for (size_t i = 0; i < node->place_count; i++) {
        enum homes_health health = homes_examination_health(node, &node->places[i]);
        if (health < best) best = health;
    }
    return best;
}

static unsigned home_count(const struct named_homes *named) {
    return named->count < named->replicas ? named->count : named->replicas;
}

static bool same_homes(const struct named_homes *a, const struct named_homes *b) {
    if (home_count(a) != home_count(b)) return false;
    for (unsigned i = 0; i < home_count(a); i++)
        if (!is_among(b, a->list[i].node)) return false;
    return true;
}

/* The first entry that names any, by which others are judged; NULL: there is none. */
static const struct greeting *first_entry(const struct homes_examination *examination) {
    for (size_t i = 0; i < examination->entry_count; i++)
        if (examination->entries[i].answered && examination->entries[i].cookie.homes.replicas > 0)
            return &examination->entries[i];
    return NULL;
}

static void compare(const struct greeting *first, const struct greeting *other, struct homes_findings *out) {
    if (!other->answered) return;
    if (!greeting_shows(other, first->cookie.bootnode_public))
        out->same_key = false;
    else
        out->agree &= same_homes(&first->cookie.homes, &other->cookie.homes);
}

static void compare_all(const struct homes_examination *examination, const struct greeting *first,
                        struct homes_findings *out) {
    out->agree = out->same_key = true;
    for (size_t i = 0; i < examination->entry_count; i++) compare(first, &examination->entries[i], out);
    for (size_t i = 0; i < examination->node_count; i++)
        for (size_t j = 0; j < examination->nodes[i].place_count; j++)
            compare(first, &examination->nodes[i].places[j].greeting, out);
}

static enum homes_kind kind_of(const struct homes_findings *findings, bool lends) {
    if (findings->answering == 0) return lends ? HOMES_KIND_LENT : HOMES_KIND_DEAD;
    if (findings->answering == findings->homes) return findings->homes == 1 ? HOMES_KIND_SINGLE : HOMES_KIND_ALL;
    return findings->answering == 1 ? HOMES_KIND_ONE : HOMES_KIND_SOME;
}

void homes_examination_findings(const struct homes_examination *examination, struct homes_findings *out) {
    const struct greeting *first = first_entry(examination);
    bool lends = false;
    *out = (struct homes_findings){.kind = HOMES_KIND_NONE};
    if (!first) return;
    compare_all(examination, first, out);
    for (size_t i = 0; i < examination->node_count; i++) {
        const struct homes_node *node = &examination->nodes[i];
        enum homes_health health = health_of(node);
        if (!node->home) {
            lends |= health == HOMES_ANSWERS;
            continue;
        }
        out->homes += health != HOMES_IS_NONE;
        out->answering += health == HOMES_ANSWERS;
    }
    out->kind = kind_of(out, lends);
}

bool homes_examination_answered(const struct homes_examination *examination) {
    for (size_t i = 0; i < examination->entry_count; i++)
        if (examination->entries[i].answered) return true;
    return false;
}
