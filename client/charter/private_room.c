#include "client/charter/private_room.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

bool private_room_init(struct private_room *room, const char *name, const uint8_t root[static PRIVATE_ROOT_SIZE]) {
    memset(room, 0, sizeof *room);
    if (!private_keys_derive(name, root, &room->keys)) return false;
    snprintf(room->name, sizeof room->name, "%s", name);
    charter_init(&room->charter, root, room->keys.id);
    return true;
}

void private_room_clear(struct private_room *room) {
    charter_clear(&room->charter);
    sodium_memzero(room, sizeof *room);
}

bool private_room_make(struct private_room *room, const char *name, const struct identity *owner) {
    struct founding founding;
    uint8_t root[PRIVATE_ROOT_SIZE];
    memcpy(founding.owner, owner->public, sizeof founding.owner);
    randombytes_buf(founding.nonce, sizeof founding.nonce);
    private_root(founding.owner, founding.nonce, root);
    bool made = private_room_init(room, name, root) && charter_found(&room->charter, &founding);
    sodium_memzero(&founding, sizeof founding);
    sodium_memzero(root, sizeof root);
    return made;
}

uint64_t private_room_stamp(const struct private_room *room) {
    const struct statement *epoch = charter_winner(&room->charter, STATEMENT_EPOCH, NULL);
    return epoch ? epoch->stamp : 0;
}

bool private_room_is_known(const struct private_room *room) {
    return room->charter.founded && private_room_stamp(room) >= room->invite_stamp;
}

void private_room_secret(const struct private_room *room, uint8_t out[static PRIVATE_SECRET_SIZE]) {
    const uint8_t *secret = charter_secret(&room->charter);
    if (room->invited && !private_room_is_known(room)) secret = room->invite;
    if (secret)
        memcpy(out, secret, PRIVATE_SECRET_SIZE);
    else
        private_first_secret(&room->keys, out);
}

void private_room_outdate(struct private_room *room, const uint8_t secret[static PRIVATE_SECRET_SIZE],
                          uint64_t wall_ms) {
    if (room->former_count < KEY_SETS_FORMER) room->former_count++;
    memmove(&room->former[1], &room->former[0], (room->former_count - 1) * sizeof room->former[0]);
    memcpy(room->former[0].secret, secret, PRIVATE_SECRET_SIZE);
    room->former[0].until_ms = wall_ms + PRIVATE_ROOM_FORMER_MS;
}

static bool is_over(uint64_t until_ms, uint64_t wall_ms) {
    return until_ms > 0 && until_ms <= wall_ms;
}

/* So long somebody who comes late hears that it is over, and is not left before a door that nobody opens. */
#define DOOR_TELLS_MS (7 * 86400000ull)

static bool is_forgotten(const struct private_door *door, uint64_t wall_ms) {
    return door->until_ms > 0 && is_over(door->until_ms + DOOR_TELLS_MS, wall_ms);
}

bool private_room_expire(struct private_room *room, uint64_t wall_ms) {
    size_t formers = room->former_count, doors = 0;
    while (room->former_count > 0 && is_over(room->former[room->former_count - 1].until_ms, wall_ms))
        sodium_memzero(&room->former[--room->former_count], sizeof room->former[0]);
    for (size_t i = 0; i < room->door_count; i++)
        if (!is_forgotten(&room->doors[i], wall_ms)) room->doors[doors++] = room->doors[i];
    bool changed = formers != room->former_count || doors != room->door_count;
    sodium_memzero(&room->doors[doors], (room->door_count - doors) * sizeof room->doors[0]);
    room->door_count = doors;
    return changed;
}

/* Of two whose work is done the one that was opened first makes place. */
static void drop_a_done_one(struct private_room *room, uint64_t now) {
    for (size_t i = 0; i < room->door_count; i++) {
        const struct private_door *door = &room->doors[i];
        if (!(door->once && door->used) && !is_over(door->until_ms, now)) continue;
        room->door_count--;
        memmove(&room->doors[i], &room->doors[i + 1], (room->door_count - i) * sizeof room->doors[0]);
        return;
    }
}

struct private_door *private_room_open_door(struct private_room *room, bool once, uint64_t until_ms, uint64_t wall_ms) {
    if (room->door_count == KEY_SETS_DOORS) drop_a_done_one(room, wall_ms);
    if (room->door_count == KEY_SETS_DOORS) return NULL;
    struct private_door *door = &room->doors[room->door_count++];
    memset(door, 0, sizeof *door);
    randombytes_buf(door->token, sizeof door->token);
    door->once = once;
    door->until_ms = until_ms;
    door->made_ms = wall_ms;
    return door;
}

enum verdict private_door_verdict(const struct private_door *door, const uint8_t key[static 32], uint64_t wall_ms) {
    bool came = door->used && memcmp(door->by, key, sizeof door->by) == 0;
    if (is_over(door->until_ms, wall_ms)) return VERDICT_OVER;
    return door->once && door->used && !came ? VERDICT_USED : VERDICTS;
}
