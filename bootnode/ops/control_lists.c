#include "bootnode/ops/control_lists.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/ops/prefix_tally.h"

#define SIZE_CLASSES 11 /* of rooms: 1, 2, 3 to 4, …, 513 and more */

/* The networks that limits know (source_prefix.h), and those by which all sessions are told. */
#define IPV4_BITS(bits) (PREFIX_IPV4_BITS + (bits))
#define WHOLE_IPV6_BITS 56
#define WHOLE_IPV4_BITS IPV4_BITS(24)
#define SOURCE_IPV6_BITS 64
#define SOURCE_IPV4_BITS IPV4_BITS(32)

static double percent(uint64_t part, uint64_t whole) {
    return whole > 0 ? (double)part * 100 / (double)whole : 0;
}

static json_t *text_of_prefix(const struct prefix *prefix) {
    char text[PREFIX_TEXT_SIZE];
    return json_string(prefix_format(prefix, text));
}

/* --- Sessions --- */

struct sessions {
    const struct control_request *request;
    const struct prefix *within; /* NULL: all */
    uint8_t ipv6_bits, ipv4_bits;
    struct prefix_tally tally;
    uint64_t members, provisional;
    json_t *list; /* the first of those in `within` */
    bool failed;
};

uint8_t control_lists_part_bits(const struct prefix *whole, bool ipv4) {
    static const uint8_t ipv6_steps[] = {48, 56, 64, 128}, ipv4_steps[] = {IPV4_BITS(24), IPV4_BITS(32)};
    const uint8_t *steps = ipv4 ? ipv4_steps : ipv6_steps;
    while (*steps < PREFIX_BITS_MAX && *steps <= whole->bits) steps++;
    return *steps;
}

static json_t *describe(const struct session_seen *seen) {
    char id[17], address[ADDRESS_TEXT_SIZE];
    snprintf(id, sizeof id, "%016" PRIx64, seen->id);
    return json_pack("{s:s, s:s, s:s, s:f}", "session", id, "address", address_format(&seen->address, address), "state",
                     seen->is_member ? "member" : "registered", "silent_seconds", (double)seen->silent_ms / 1000);
}

static void see_session(void *context, const struct session_seen *seen) {
    struct sessions *sessions = context;
    if (sessions->failed || (sessions->within && !prefix_covers(sessions->within, &seen->address))) return;
    uint8_t bits = address_is_ipv4(&seen->address) ? sessions->ipv4_bits : sessions->ipv6_bits;
    const struct prefix network = prefix_of(&seen->address, bits);
    if (seen->is_member)
        sessions->members++;
    else
        sessions->provisional++;
    sessions->failed = !prefix_tally_note(&sessions->tally, &network);
    if (sessions->within && json_array_size(sessions->list) < sessions->request->limit)
        sessions->failed |= json_array_append_new(sessions->list, describe(seen)) != 0;
}

/* `cap`, unless 0: how many one may have. */
static json_t *networks_of(struct sessions *sessions, const char *name, uint64_t cap) {
    size_t count, limit = sessions->request->limit;
    const struct prefix_count *counted = prefix_tally_sort(&sessions->tally, &count);
    uint64_t all = cap ? cap : sessions->members + sessions->provisional;
    json_t *array = json_array();
    for (size_t i = 0; i < count && i < limit; i++) {
        json_t *row = json_pack("{s:o, s:I, s:f}", name, text_of_prefix(&counted[i].prefix), "sessions",
                                (json_int_t)counted[i].count, cap ? "of_cap_percent" : "share_percent",
                                percent(counted[i].count, all));
        if (json_array_append_new(array, row) != 0) sessions->failed = true;
    }
    return array;
}

static bool walk_sessions(const struct control_walk *walk, struct sessions *sessions) {
    sessions->within = sessions->request->fields & CONTROL_HAS_PREFIX ? &sessions->request->prefix : NULL;
    return prefix_tally_init(&sessions->tally, CONTROL_NETWORKS_MAX) &&
           session_walk(walk->node, walk->now, &walk->rest, see_session, sessions) && !sessions->failed;
}

json_t *control_lists_sessions(const struct control_walk *walk, const struct control_request *request) {
    const bool part = request->fields & CONTROL_HAS_PREFIX;
    struct sessions sessions = {.request = request,
                                .ipv6_bits = part ? control_lists_part_bits(&request->prefix, false) : WHOLE_IPV6_BITS,
                                .ipv4_bits = part ? control_lists_part_bits(&request->prefix, true) : WHOLE_IPV4_BITS,
                                .list = json_array()};
    json_t *result = NULL;
    if (sessions.list && walk_sessions(walk, &sessions)) {
        json_t *networks = networks_of(&sessions, "network", 0);
        result = json_pack("{s:I, s:I, s:I, s:o}", "members", (json_int_t)sessions.members, "registered",
                           (json_int_t)sessions.provisional, "count_missed", (json_int_t)sessions.tally.missed,
                           "networks", networks);
        if (result && part) sessions.failed |= json_object_set(result, "sessions", sessions.list) != 0;
    }
    prefix_tally_clear(&sessions.tally);
    json_decref(sessions.list);
    return result;
}

json_t *control_lists_top(const struct control_walk *walk, const struct control_request *request) {
    const uint64_t cap = (uint64_t)node_config(walk->node)->sessions_per_source;
    struct sessions sessions = {
        .request = request, .ipv6_bits = SOURCE_IPV6_BITS, .ipv4_bits = SOURCE_IPV4_BITS, .list = json_array()};
    json_t *result = NULL;
    if (sessions.list && walk_sessions(walk, &sessions)) {
        json_t *sources = networks_of(&sessions, "source", cap);
        result = json_pack("{s:I, s:I, s:I, s:o}", "sources_seen", (json_int_t)sessions.tally.used, "cap",
                           (json_int_t)cap, "count_missed", (json_int_t)sessions.tally.missed, "sources", sources);
    }
    prefix_tally_clear(&sessions.tally);
    json_decref(sessions.list);
    return result;
}

/* --- Rooms --- */

struct rooms {
    struct room_seen *largest; /* a heap, the smallest first */
    size_t count, limit;
    uint64_t rooms, members;
    uint64_t classes[SIZE_CLASSES];
};

static void swap(struct room_seen *a, struct room_seen *b) {
    struct room_seen kept = *a;
    *a = *b;
    *b = kept;
}

static void sift_up(struct room_seen *heap, size_t at) {
    for (; at > 0 && heap[at].members < heap[(at - 1) / 2].members; at = (at - 1) / 2)
        swap(&heap[at], &heap[(at - 1) / 2]);
}

static void sift_down(struct room_seen *heap, size_t count) {
    for (size_t at = 0, child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && heap[child + 1].members < heap[child].members) child++;
        if (heap[at].members <= heap[child].members) break;
        swap(&heap[at], &heap[child]);
    }
}

/* 1, 2, 3 to 4, 5 to 8, and so on. */
static size_t class_of(uint32_t members) {
    size_t class = 0;
    while (class < SIZE_CLASSES - 1 && members > UINT32_C(1) << class) class ++;
    return class;
}

static void see_room(void *context, const struct room_seen *seen) {
    struct rooms *rooms = context;
    rooms->rooms++;
    rooms->members += seen->members;
    rooms->classes[class_of(seen->members)]++;
    if (rooms->count < rooms->limit) {
        rooms->largest[rooms->count++] = *seen;
        sift_up(rooms->largest, rooms->count - 1);
    } else if (seen->members > rooms->largest[0].members) {
        rooms->largest[0] = *seen;
        sift_down(rooms->largest, rooms->count);
    }
}

static int larger_first(const void *left, const void *right) {
    const struct room_seen *a = left, *b = right;
    if (a->members != b->members) return a->members < b->members ? 1 : -1;
    return memcmp(a->tag, b->tag, sizeof a->tag);
}

static json_t *largest_of(struct rooms *rooms) {
    json_t *array = json_array();
    qsort(rooms->largest, rooms->count, sizeof *rooms->largest, larger_first);
    for (size_t i = 0; array && i < rooms->count; i++) {
        char tag[2 * ROOM_TAG_SIZE + 1];
        sodium_bin2hex(tag, sizeof tag, rooms->largest[i].tag, ROOM_TAG_SIZE);
        json_t *row = json_pack("{s:s, s:I}", "tag", tag, "members", (json_int_t)rooms->largest[i].members);
        (void)json_array_append_new(array, row);
    }
    return array;
}

static json_t *classes_of(const struct rooms *rooms) {
    json_t *array = json_array();
    for (size_t i = 0; array && i < SIZE_CLASSES; i++) {
        if (rooms->classes[i] == 0) continue;
        json_t *row = json_pack("{s:I, s:I, s:I}", "from_members", (json_int_t)(i ? (1 << (i - 1)) + 1 : 1),
                                "to_members", (json_int_t)1 << i, "rooms", (json_int_t)rooms->classes[i]);
        (void)json_array_append_new(array, row);
    }
    return array;
}

static bool walk_rooms(const struct control_walk *walk, size_t limit, struct rooms *rooms) {
    *rooms = (struct rooms){.limit = limit, .largest = calloc(limit, sizeof *rooms->largest)};
    return rooms->largest && session_walk_rooms(walk->node, &walk->rest, see_room, rooms);
}

json_t *control_lists_rooms(const struct control_walk *walk, const struct control_request *request) {
    struct rooms rooms;
    json_t *result = NULL;
    if (walk_rooms(walk, request->limit, &rooms))
        result = json_pack("{s:I, s:I, s:o, s:o}", "rooms", (json_int_t)rooms.rooms, "members",
                           (json_int_t)rooms.members, "sizes", classes_of(&rooms), "largest", largest_of(&rooms));
    free(rooms.largest);
    return result;
}

bool control_lists_peaks(const struct control_walk *walk, uint32_t *source, uint32_t *room) {
    static const struct control_request one = {.limit = 1};
    struct sessions sessions = {.request = &one, .ipv6_bits = SOURCE_IPV6_BITS, .ipv4_bits = SOURCE_IPV4_BITS};
    struct rooms rooms = {.largest = NULL};
    size_t count = 0;
    bool walked = walk_sessions(walk, &sessions) && walk_rooms(walk, 1, &rooms);
    if (walked) {
        const struct prefix_count *counted = prefix_tally_sort(&sessions.tally, &count);
        *source = count > 0 ? counted[0].count : 0;
        *room = rooms.count > 0 ? rooms.largest[0].members : 0;
    }
    prefix_tally_clear(&sessions.tally);
    free(rooms.largest);
    return walked;
}
