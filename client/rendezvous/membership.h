/* One bootnode's view of a room: who is listed, and at which version. Pure.
 *
 * Invariant: `version` names exactly the list in `records`. A delta applies only at its `from`; a full list replaces
 * everything when its parts, all of one version, cover every id; until then the old list stands (PROTOCOL.md §2.3 rule
 * 6). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/wire/bootnode_bodies.h"

#define MEMBERSHIP_MAX 4096 /* far above any room limit; bounds what a bootnode can make us hold */
#define MEMBERSHIP_PARTS 256

struct membership_list {
    struct member_record *records; /* sorted by id */
    size_t count, capacity;
};

struct membership {
    struct room_version version;
    struct membership_list list;
    struct { /* a full list on its way */
        struct room_version version;
        struct membership_list list;
        struct {
            uint8_t low[MEMBER_ID_SIZE], high[MEMBER_ID_SIZE];
        } parts[MEMBERSHIP_PARTS];
        size_t part_count;
    } arriving;
};

/* Who is told what changed. `resync`: the list is without that member, and it did not leave: it is known elsewhere.
 * `change` is joined (also for a member that a full list shows as new) or updated (also for one that a full list shows
 * again). */
struct membership_observer {
    void *context;
    void (*listed)(void *context, const struct member_record *record, enum change change);
    void (*delisted)(void *context, const uint8_t id[static MEMBER_ID_SIZE], enum leave_reason reason, bool resync);
};

enum membership_result {
    MEMBERSHIP_APPLIED, /* the version moved */
    MEMBERSHIP_KNOWN,   /* nothing new */
    MEMBERSHIP_PARTIAL, /* more parts are needed */
    MEMBERSHIP_GAP,     /* does not fit: ask again with our version */
    MEMBERSHIP_MALFORMED,
};

void membership_init(struct membership *membership);
void membership_clear(struct membership *membership);
/* The body of a CHANGES packet. */
MUST_USE enum membership_result membership_apply(struct membership *membership, const uint8_t *body, size_t size,
                                                 const struct membership_observer *observer);
/* The records of a complete WELCOME: a full list in one part. False when malformed; nothing changed then. */
MUST_USE bool membership_welcome(struct membership *membership, struct room_version version, struct reader *records,
                                 const struct membership_observer *observer);
const struct member_record *membership_find(const struct membership *membership,
                                            const uint8_t id[static MEMBER_ID_SIZE]);
