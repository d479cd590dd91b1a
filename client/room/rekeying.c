#include "client/room/rekeying.h"

#include "common/clock.h"
#include "common/holds.h"

static void drop(struct assembly *parts, size_t number, uint64_t now) {
    meeting_drop_set(&parts->meeting, number, now);
    for (size_t i = 0; i < parts->members.count; i++) peer_forget_set(parts->members.list[i]->peer, number, now);
    key_sets_drop(&parts->self.sets, number);
    HOLDS(assembly_holds(parts));
}

bool rekeying_add(struct assembly *parts, const struct key_set *set, enum key_set_role role, uint64_t now) {
    size_t number, surplus = KEY_SETS_NONE;
    /* Nobody would hear whoever comes by the new invite: that is worse than that who was away longest needs one. */
    if (role == KEY_SET_DOOR) surplus = key_sets_surplus_by_door(&parts->self.sets, set->tag);
    if (surplus != KEY_SETS_NONE) drop(parts, surplus, now);
    if (!key_sets_add(&parts->self.sets, set, role, &number)) return false;
    members_know_set(&parts->members, number);
    meeting_want_set(&parts->meeting, number, NEVER, now);
    HOLDS(assembly_holds(parts));
    return true;
}

void rekeying_rekey(struct assembly *parts, const struct key_set *set, bool keep, uint64_t now) {
    struct key_sets *sets = &parts->self.sets;
    const size_t former = key_sets_current(sets), surplus = key_sets_surplus(sets, set->tag);
    if (surplus != KEY_SETS_NONE) drop(parts, surplus, now);
    const size_t number = key_sets_rekey(sets, set);
    if (number == former) return;
    members_know_set(&parts->members, number);
    meeting_want_set(&parts->meeting, number, NEVER, now);
    meeting_want_set(&parts->meeting, former, keep ? NEVER : now + REKEYING_MOVE_MS, now);
    HOLDS(assembly_holds(parts));
}

void rekeying_keep(struct assembly *parts, const uint8_t tag[static ROOM_TAG_SIZE], bool keep, uint64_t now) {
    const size_t number = key_sets_find(&parts->self.sets, tag);
    if (number == KEY_SETS_NONE || number == key_sets_current(&parts->self.sets)) return;
    meeting_want_set(&parts->meeting, number, keep ? NEVER : now, now);
}

void rekeying_drop(struct assembly *parts, const uint8_t tag[static ROOM_TAG_SIZE], uint64_t now) {
    const size_t number = key_sets_find(&parts->self.sets, tag);
    if (number != KEY_SETS_NONE && number != key_sets_current(&parts->self.sets)) drop(parts, number, now);
}
