#include "client/room/turns.h"

#include <stddef.h>

#include "client/room/status.h"
#include "common/clock.h"
#include "common/holds.h"

static uint64_t status_of(const struct member *member, bool tells) {
    return tells ? status_due(member) : NEVER;
}

static uint64_t due_of(const struct member *member, bool tells) {
    return earlier(peer_due(member->peer), status_of(member, tells));
}

static uint64_t ready_of(const struct member *member, bool tells) {
    return earlier(peer_ready(member->peer), status_of(member, tells));
}

static void look_at(struct members *members, struct member *member, bool tells) {
    members->ready[member->place] = ready_of(member, tells);
    deadlines_set(&members->wakes, &member->wake, due_of(member, tells));
}

void turns_settle(struct members *members, bool tells) {
    for (const struct peer *peer; (peer = peer_take_touched(&members->touched));) look_at(members, peer->owner, tells);
}

static struct member *member_of(struct deadline *wake) {
    return (struct member *)((char *)wake - offsetof(struct member, wake));
}

/* What was told of a member after a packet of its is looked at here, as soon as that would have been due. */
uint64_t turns_due(struct members *members, bool tells, uint64_t now) {
    struct deadline *first;
    turns_settle(members, tells);
    while ((first = deadlines_first(&members->wakes)) && first->at <= now) {
        look_at(members, member_of(first), tells);
        if (first->at <= now) break;
    }
    HOLDS(turns_holds(members, tells, now));
    return first ? first->at : NEVER;
}

bool turns_holds(const struct members *members, bool tells, uint64_t now) {
    uint64_t due = NEVER;
    if (members->wakes.count != members->count || !deadlines_holds(&members->wakes)) return false;
    for (size_t i = 0; i < members->count; i++) {
        const struct member *member = members->list[i];
        due = earlier(due, due_of(member, tells));
        if (members->ready[i] > now && ready_of(member, tells) <= now) return false;
    }
    const struct deadline *first = deadlines_first(&members->wakes);
    return first ? first->at == due || (first->at <= now && due <= now) : due == NEVER;
}
