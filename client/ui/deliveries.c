#include "client/ui/deliveries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/holds.h"
#include "common/memory.h"

/* Nobody is waited for any more. */
static void forget(struct delivery *delivery, const struct roster *roster) {
    for (size_t i = 0; roster && i < delivery->open_count; i++) {
        struct member *member = roster_find(roster, delivery->open[i]);
        if (member && member->waiting > 0) member->waiting--;
    }
    free(delivery->open);
    delivery->open = NULL;
    delivery->open_count = 0;
}

void deliveries_clear(struct deliveries *deliveries) {
    for (size_t i = 0; i < deliveries->count; i++)
        forget(&deliveries->items[(deliveries->first + i) % DELIVERIES_MAX], NULL);
    deliveries->first = deliveries->count = 0;
}

static bool delivery_holds(const struct delivery *delivery) {
    unsigned answered = delivery->delivered + delivery->undelivered;
    if (answered > delivery->recipients || delivery->open_count > delivery->recipients - answered) return false;
    return (delivery->open != NULL) == (answered < delivery->recipients);
}

bool deliveries_holds(const struct deliveries *deliveries) {
    if (deliveries->first >= DELIVERIES_MAX || deliveries->count > DELIVERIES_MAX) return false;
    for (size_t i = 0; i < deliveries->count; i++)
        if (!delivery_holds(&deliveries->items[(deliveries->first + i) % DELIVERIES_MAX])) return false;
    return true;
}

static struct delivery *next_place(struct deliveries *deliveries, const struct roster *roster) {
    if (deliveries->count < DELIVERIES_MAX)
        return &deliveries->items[(deliveries->first + deliveries->count++) % DELIVERIES_MAX];
    struct delivery *oldest = &deliveries->items[deliveries->first];
    deliveries->first = (deliveries->first + 1) % DELIVERIES_MAX;
    forget(oldest, roster);
    return oldest;
}

static bool waits_for(const struct event *event, const struct member *member) {
    if (event->kind == CHAT_PRIVATE) return memcmp(event->peer, member->id, MEMBER_ID_SIZE) == 0;
    return member->standing != STANDING_BLOCKED;
}

struct delivery *deliveries_sent(struct deliveries *deliveries, const struct event *event, struct roster *roster) {
    struct delivery *delivery = next_place(deliveries, roster);
    *delivery = (struct delivery){.recipients = event->recipients};
    snprintf(delivery->id, sizeof delivery->id, "%s", event->id);
    if (event->recipients == 0) return delivery;
    delivery->open = allocate_zeroed(event->recipients, sizeof *delivery->open);
    for (size_t i = 0; i < roster->count && delivery->open_count < event->recipients; i++) {
        struct member *member = &roster->members[i];
        if (!waits_for(event, member)) continue;
        memcpy(delivery->open[delivery->open_count++], member->id, MEMBER_ID_SIZE);
        member->waiting++;
    }
    return delivery;
}

/* From the newest: that is what is answered most. */
struct delivery *deliveries_find(struct deliveries *deliveries, const char *id) {
    for (size_t i = deliveries->count; i-- > 0;) {
        struct delivery *delivery = &deliveries->items[(deliveries->first + i) % DELIVERIES_MAX];
        if (strcmp(delivery->id, id) == 0) return delivery;
    }
    return NULL;
}

/* False: the peer is not among those who were open. */
static bool strike(struct delivery *delivery, const uint8_t *peer, struct roster *roster) {
    for (size_t i = 0; i < delivery->open_count; i++) {
        if (memcmp(delivery->open[i], peer, MEMBER_ID_SIZE) != 0) continue;
        memcpy(delivery->open[i], delivery->open[--delivery->open_count], MEMBER_ID_SIZE);
        struct member *member = roster_find(roster, peer);
        if (member && member->waiting > 0) member->waiting--;
        return true;
    }
    return false;
}

struct delivery *deliveries_answered(struct deliveries *deliveries, const struct event *event, struct roster *roster) {
    struct delivery *delivery = deliveries_find(deliveries, event->id);
    if (!delivery) return NULL;
    unsigned answered = delivery->delivered + delivery->undelivered;
    bool unknown_left = answered + delivery->open_count < delivery->recipients;
    if (!strike(delivery, event->peer, roster) && !unknown_left) return delivery;
    if (event->type == EVENT_DELIVERED)
        delivery->delivered++;
    else
        delivery->undelivered++;
    if (answered + 1 >= delivery->recipients) forget(delivery, roster);
    HOLDS(delivery_holds(delivery));
    return delivery;
}

const struct delivery *deliveries_last(const struct deliveries *deliveries) {
    if (deliveries->count == 0) return NULL;
    return &deliveries->items[(deliveries->first + deliveries->count - 1) % DELIVERIES_MAX];
}
