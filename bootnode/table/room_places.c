#include "bootnode/table/room_places.h"

#include <stdlib.h>
#include <string.h>

#include "bootnode/guard/source_prefix.h"

#define UNIT 6 /* the weight of a member in the narrowest prefix: to be halved, and divided by three */

struct seat {
    struct address address;
    struct session *session;
};

struct room_places room_places_of(uint32_t members, uint32_t percent, bool limit_loopback) {
    uint32_t share = members * percent / 100;
    if (share < ROOM_PLACES_SHARE_MIN) share = ROOM_PLACES_SHARE_MIN;
    return (struct room_places){
        .members = members, .per_source = percent < 100 ? share : 0, .limit_loopback = limit_loopback};
}

static bool is_limited(const struct room_places *places, const struct address *address) {
    return places->per_source > 0 && (places->limit_loopback || address_classify(address) != ADDRESS_LOOPBACK);
}

/* How many members come from the prefixes of the newcomer, narrowest first. */
static void count_beside(const struct room *room, const struct address *newcomer, uint32_t out[SOURCE_PREFIXES_MAX]) {
    const struct source_prefixes *prefixes = source_prefixes_of(newcomer);
    memset(out, 0, SOURCE_PREFIXES_MAX * sizeof *out);
    for (uint32_t i = 0; i < room->member_count; i++) {
        struct address address = session_address(room_members(room)[i]);
        for (size_t level = 0; level < prefixes->count; level++)
            out[level] += source_prefix_covers(&prefixes->items[level], newcomer, &address);
    }
}

static uint32_t weight(uint32_t count, size_t level) {
    return count * UNIT / (uint32_t)(level + 1);
}

static uint32_t heaviest_with_one_more(const uint32_t counts[SOURCE_PREFIXES_MAX]) {
    uint32_t most = 0;
    for (size_t level = 0; level < SOURCE_PREFIXES_MAX; level++)
        if (weight(counts[level] + 1, level) > most) most = weight(counts[level] + 1, level);
    return most;
}

/* --- Of a full room --- */

static int compare_seats(const void *a, const void *b) {
    const struct seat *one = a, *other = b;
    return memcmp(one->address.ip, other->address.ip, sizeof one->address.ip);
}

/* Those that are limited, sorted by address, so that each prefix is a row of neighbours. */
static size_t seat_members(const struct room_places *places, const struct room *room, struct seat *seats) {
    size_t count = 0;
    for (uint32_t i = 0; i < room->member_count; i++) {
        struct session *session = room_members(room)[i];
        struct address address = session_address(session);
        if (is_limited(places, &address)) seats[count++] = (struct seat){address, session};
    }
    qsort(seats, count, sizeof *seats, compare_seats);
    return count;
}

/* How many of the row are, from its first one on, in one prefix of this length; 0: the family has no such length. */
static size_t neighbours(const struct seat *row, size_t count, size_t level) {
    const struct source_prefixes *prefixes = source_prefixes_of(&row->address);
    size_t same = 0;
    if (level >= prefixes->count) return 0;
    while (same < count && source_prefix_covers(&prefixes->items[level], &row->address, &row[same].address)) same++;
    return same;
}

/* Who has been there for the fewest changes of the room. */
static struct session *newest(const struct room *room, const struct seat *row, size_t count) {
    struct session *found = row->session;
    for (size_t i = 1; i < count; i++)
        if (room->version.count - row[i].session->joined_count < room->version.count - found->joined_count)
            found = row[i].session;
    return found;
}

/* The newest of the prefix that weighs most; NULL where none weighs more than `least`. */
static struct session *find_heaviest(const struct room *room, const struct seat *seats, size_t count, uint32_t least) {
    struct session *found = NULL;
    for (size_t level = 0; level < SOURCE_PREFIXES_MAX; level++)
        for (size_t i = 0, row; i < count; i += row ? row : 1) {
            row = neighbours(seats + i, count - i, level);
            if (weight((uint32_t)row, level) <= least) continue;
            least = weight((uint32_t)row, level);
            found = newest(room, seats + i, row);
        }
    return found;
}

static enum room_answer ask_full(const struct room_places *places, const struct room *room,
                                 const uint32_t counts[SOURCE_PREFIXES_MAX], struct session **gives_way) {
    struct seat seats[ROOM_MEMBERS_MAX];
    if (room->member_count > ROOM_MEMBERS_MAX) return ROOM_IS_FULL;
    size_t count = seat_members(places, room, seats);
    *gives_way = find_heaviest(room, seats, count, heaviest_with_one_more(counts));
    return *gives_way ? ROOM_HAS_PLACE_OF : ROOM_IS_FULL;
}

enum room_answer room_places_ask(const struct room_places *places, const struct room *room,
                                 const struct address *newcomer, struct session **gives_way) {
    uint32_t counts[SOURCE_PREFIXES_MAX];
    bool full = room->member_count >= places->members;
    *gives_way = NULL;
    if (!full && (uint64_t)room->member_count * 4 < (uint64_t)places->members * 3) return ROOM_HAS_PLACE;
    if (!is_limited(places, newcomer)) return full ? ROOM_IS_FULL : ROOM_HAS_PLACE;
    count_beside(room, newcomer, counts);
    if (full) return ask_full(places, room, counts, gives_way);
    return counts[0] >= places->per_source ? ROOM_SOURCE_HAS_SHARE : ROOM_HAS_PLACE;
}
