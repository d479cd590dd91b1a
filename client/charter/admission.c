#include "client/charter/admission.h"

static struct admission refuse(enum verdict verdict) {
    return (struct admission){.kind = ADMISSION_REFUSE, .verdict = verdict};
}

/* An invite that was made before somebody was removed invites that one no more. */
static bool was_removed_since(const struct private_room *room, const struct private_door *door,
                              const uint8_t key[static 32]) {
    const struct statement *removal = charter_winner(&room->charter, STATEMENT_PERSON, key);
    return removal && removal->stamp >= door->made_ms;
}

/* The door's keeper decides: we. Somebody who was removed comes back where we may say so; who is banned does not. */
static struct admission by_door(const struct private_room *room, bool may, enum standing standing,
                                const struct private_door *door, const uint8_t key[static 32], uint64_t wall_ms) {
    enum verdict verdict = private_door_verdict(door, key, wall_ms);
    if (standing == STANDING_REMOVED && (!may || was_removed_since(room, door, key))) return refuse(VERDICT_REMOVED);
    if (verdict != VERDICTS) return refuse(verdict);
    if (!may && charter_rule(&room->charter) == RULE_LISTED) return refuse(VERDICT_UNLISTED);
    return (struct admission){.kind = ADMISSION_LET_IN, .use_door = true, .note = may};
}

static struct admission by_secret(const struct private_room *room, bool may, enum key_set_role role) {
    /* The set of an invite that we came by, too: its keeper tells. */
    if (role == KEY_SET_UNUSED) return (struct admission){.kind = ADMISSION_WAIT};
    if (role != KEY_SET_CURRENT) return refuse(VERDICT_OUTDATED);
    if (charter_rule(&room->charter) == RULE_LISTED) return refuse(VERDICT_UNLISTED);
    return (struct admission){.kind = ADMISSION_LET_IN, .note = may};
}

struct admission admission_of(const struct private_room *room, const uint8_t own[static 32], enum key_set_role role,
                              const struct private_door *door, const uint8_t key[static 32], uint64_t wall_ms) {
    const struct charter *charter = &room->charter;
    if (!private_room_is_known(room) || standing_is_removed(charter_standing(charter, own)))
        return (struct admission){.kind = ADMISSION_WAIT};
    enum standing standing = charter_standing(charter, key);
    bool may = charter_may(charter, own, STATEMENT_PERSON, key, STANDING_MEMBER);
    switch (standing) {
    case STANDING_OWNER:
    case STANDING_OP:
    case STANDING_MEMBER: return (struct admission){.kind = ADMISSION_LET_IN};
    case STANDING_BANNED: return refuse(VERDICT_REMOVED);
    case STANDING_REMOVED: return door ? by_door(room, may, standing, door, key, wall_ms) : refuse(VERDICT_REMOVED);
    case STANDING_UNKNOWN: break;
    }
    return door ? by_door(room, may, standing, door, key, wall_ms) : by_secret(room, may, role);
}
