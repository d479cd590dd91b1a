#include "client/room_place.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/clock.h"
#include "common/memory.h"

/* --- Rooms that come and go there --- */

static void open_chamber(struct room_place *place, const struct place_host *host, struct private_room *private,
                         uint64_t now) {
    place->chamber =
        chamber_create(host->chatroom, place->chatroom, chatroom_name(place->chatroom), host->directory, private, now);
}

void place_open(struct room_place *place, const struct place_host *host, const char *name, const struct room_keys *keys,
                const struct entrance *entrance, struct private_room *private, uint64_t now) {
    memset(place, 0, sizeof *place);
    place->chatroom = chatroom_create(host->chatroom, name, keys, now);
    place->entrance = *entrance;
    if (private) open_chamber(place, host, private, now);
}

void place_forget_plan(struct room_place *place) {
    if (place->next) private_room_clear(place->next);
    free(place->next);
    place->next = NULL;
    place->rejoins = false;
    sodium_memzero(&place->keys, sizeof place->keys);
}

void place_plan(struct room_place *place, const struct room_keys *keys, const struct entrance *entrance,
                struct private_room *private) {
    place_forget_plan(place);
    place->rejoins = true;
    place->keys = *keys;
    place->entrance = *entrance;
    if (!private) return;
    place->next = allocate(sizeof *place->next);
    *place->next = *private;
    sodium_memzero(private, sizeof *private);
}

void place_end(struct room_place *place, uint64_t now) {
    chamber_destroy(place->chamber, now);
    chatroom_destroy(place->chatroom);
    place->chamber = NULL;
    place->chatroom = NULL;
}

bool place_reopen(struct room_place *place, const struct place_host *host, const char *name, uint64_t now) {
    struct room_place before = *place;
    if (!before.rejoins) return false;
    place_open(place, host, name, &before.keys, &before.entrance, before.next, now);
    free(before.next);
    sodium_memzero(&before, sizeof before);
    return true;
}

void place_clear(struct room_place *place, uint64_t now) {
    place_end(place, now);
    place_forget_plan(place);
    sodium_memzero(place, sizeof *place);
}

/* --- Time --- */

void place_tick(struct room_place *place, uint64_t now) {
    if (place->chamber) chamber_tick(place->chamber, now);
    chatroom_tick(place->chatroom, now);
}

uint64_t place_due(struct room_place *place, uint64_t now) {
    uint64_t due = chatroom_due(place->chatroom, now);
    return place->chamber ? earlier(due, chamber_due(place->chamber)) : due;
}

/* --- Invites --- */

/* What one to a private room has: its root; where the secret is not the first one any more that, too; or the token of a
 * door that is opened for it. */
static bool private_entrance(struct chamber *chamber, bool once, uint64_t lasts_ms, uint64_t now, struct entrance *out,
                             struct why *why) {
    const struct private_room *room = chamber_room(chamber);
    const uint8_t *secret = charter_secret(&room->charter);
    bool by_door = once || lasts_ms > 0;
    if (!private_room_is_known(room)) return why_fail(why, "nobody told us yet who belongs to this room");
    *out = (struct entrance){.kind = by_door ? INVITE_DOOR : secret ? INVITE_EPOCH : INVITE_PRIVATE};
    memcpy(out->root, room->charter.root, sizeof out->root);
    if (by_door && !chamber_open_door(chamber, once, lasts_ms, now, out->secret, why)) return false;
    if (!by_door && secret) memcpy(out->secret, secret, PRIVATE_SECRET_SIZE);
    struct writer stamp = writer_over(out->secret + PRIVATE_SECRET_SIZE, sizeof(uint64_t));
    write_u64(&stamp, private_room_stamp(room));
    out->secret_size = by_door || secret ? PRIVATE_INVITE_SIZE : 0;
    return true;
}

static bool find_entrance(struct room_place *place, bool once, uint64_t lasts_ms, uint64_t now, struct entrance *out,
                          struct why *why) {
    if (place->chamber) return private_entrance(place->chamber, once, lasts_ms, now, out, why);
    *out = place->entrance;
    return !(once || lasts_ms > 0) ||
           why_fail(why, "an invite for one, or for a time, is there to a private room alone (--new-room)");
}

bool place_invite(struct room_place *place, const struct place_host *host, bool once, uint64_t lasts_ms, uint64_t now,
                  char out[static INVITE_TEXT_SIZE], struct why *why) {
    struct entrance entrance = {.kind = INVITE_SECRET};
    struct invite invite;
    bool made = find_entrance(place, once, lasts_ms, now, &entrance, why) &&
                entrance_invite(&entrance, chatroom_name(place->chatroom), host->chatroom->bootnodes,
                                host->chatroom->bootnode_count, host->known_keys, &invite, why);
    if (made) invite_format(&invite, out);
    sodium_memzero(&entrance, sizeof entrance);
    sodium_memzero(&invite, sizeof invite);
    return made;
}
