#include "client/room/decisions.h"

#include <sodium.h>
#include <stdlib.h>

static enum standing standing_of(const struct council *council, const uint8_t *key) {
    return charter_standing(&council->room->charter, key);
}

/* Of no epoch: the secret stays. */
static void follow(struct council *council, struct statement *list, size_t count, uint64_t now) {
    uint8_t present[PRIVATE_SECRET_SIZE];
    private_room_secret(council->room, present);
    council_follow(council, present, list, count, now);
    sodium_memzero(present, sizeof present);
}

static bool may(const struct council *council, enum statement_kind kind, const uint8_t *subject, enum standing standing,
                struct why *why) {
    if (!council->room->charter.founded) return why_fail(why, "nobody told us yet who belongs to this room");
    if (charter_may(&council->room->charter, council->identity->public, kind, subject, standing)) return true;
    return standing_of(council, council->identity->public) == STANDING_OP
               ? why_fail(why, "that is for the room's owner to decide")
               : why_fail(why, "that is for the room's owner and ops to decide");
}

static bool taken(enum charter_taking taking, struct why *why) {
    if (taking == CHARTER_TAKEN) return true;
    return taking == CHARTER_FULL ? why_fail(why, "the room's list is full (%d)", CHARTER_ENTRIES)
                                  : why_fail(why, "our clock is behind what was said before");
}

static bool state_standing(struct council *council, const uint8_t *key, enum standing standing,
                           struct statement list[static 2], size_t *count, uint64_t now, struct why *why) {
    const uint8_t body = (uint8_t)standing;
    if (!taken(council_state(council, STATEMENT_PERSON, key, &body, 1, now, &list[0]), why)) return false;
    *count = 1;
    if (!standing_is_removed(standing)) return true;
    if (council_state_epoch(council, now, &list[1])) *count = 2;
    return true;
}

/* An op who is dismissed leaves what it said to the owner, who signs it anew. */
static void adopt(struct council *council, const uint8_t *op, uint64_t now) {
    struct statement *list;
    size_t count = charter_adopt(&council->room->charter, council->identity, op, council_wall(council, now), &list);
    for (size_t i = 0; i < count; i += CHARTER_STATEMENTS_MAX)
        follow(council, list + i, count - i < CHARTER_STATEMENTS_MAX ? count - i : CHARTER_STATEMENTS_MAX, now);
    if (list) sodium_memzero(list, count * sizeof *list); /* an epoch's secret may be among them */
    free(list);
}

bool decisions_standing(struct council *council, const uint8_t key[static 32], enum standing standing, uint64_t now,
                        struct why *why) {
    uint8_t before[PRIVATE_SECRET_SIZE];
    struct statement list[2];
    size_t count;
    if (!may(council, STATEMENT_PERSON, key, standing, why)) return false;
    if (standing_of(council, key) == standing) return why_fail(why, "that is so already");
    private_room_secret(council->room, before);
    /* One who is banned did harm: what it said is over, and whom it removed is back. */
    if (standing_of(council, key) == STANDING_OP && standing != STANDING_BANNED) adopt(council, key, now);
    bool said = state_standing(council, key, standing, list, &count, now, why);
    if (said) council_follow(council, before, list, count, now);
    sodium_memzero(list, sizeof list);
    sodium_memzero(before, sizeof before);
    return said;
}

bool decisions_topic(struct council *council, const char *topic, size_t size, uint64_t now, struct why *why) {
    struct statement statement;
    if (!may(council, STATEMENT_TOPIC, NULL, STANDING_MEMBER, why)) return false;
    if (size > STATEMENT_BODY_MAX) return why_fail(why, "a topic has at most %d bytes", STATEMENT_BODY_MAX);
    if (!taken(council_state(council, STATEMENT_TOPIC, NULL, topic, size, now, &statement), why)) return false;
    follow(council, &statement, 1, now);
    return true;
}

bool decisions_rule(struct council *council, enum membership_rule rule, uint64_t now, struct why *why) {
    struct statement statement;
    const uint8_t body = (uint8_t)rule;
    if (!may(council, STATEMENT_RULE, NULL, STANDING_MEMBER, why)) return false;
    if (charter_rule(&council->room->charter) == rule) return why_fail(why, "that is so already");
    if (!taken(council_state(council, STATEMENT_RULE, NULL, &body, 1, now, &statement), why)) return false;
    follow(council, &statement, 1, now);
    return true;
}
