/* Which of our messages in a room have arrived with whom. Pure. Remembers the last DELIVERIES_MAX messages; the engine
 * lets no more be under way (CHATROOM_INPUTS). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/events.h"
#include "client/ui/roster.h"

#define DELIVERIES_MAX 1024

struct delivery {
    char id[40];
    uint64_t line; /* the caller's: where it is shown */
    unsigned recipients, delivered, undelivered;
    size_t open_count; /* who has not acknowledged yet: recipients - delivered - undelivered of them, as far as known */
    uint8_t (*open)[MEMBER_ID_SIZE]; /* freed once nobody is open */
};

struct deliveries {
    struct delivery items[DELIVERIES_MAX]; /* a ring */
    size_t first, count;
};

void deliveries_clear(struct deliveries *deliveries);
/* Has no message more answers, and members who are open, than recipients, and is nobody remembered where all did? */
bool deliveries_holds(const struct deliveries *deliveries);
/* EVENT_SENT: the members of the roster that are not blocked (a private message: its peer) are open; each one's
 * `waiting` rises. Returns the new delivery; its `line` is the caller's to set. */
struct delivery *deliveries_sent(struct deliveries *deliveries, const struct event *event, struct roster *roster);
/* EVENT_DELIVERED and EVENT_UNDELIVERED; NULL when the message is not remembered. The member's `waiting` falls. */
struct delivery *deliveries_answered(struct deliveries *deliveries, const struct event *event, struct roster *roster);
/* By a message's id; NULL: not remembered (any more). */
struct delivery *deliveries_find(struct deliveries *deliveries, const char *id);
/* The newest; NULL: none. */
const struct delivery *deliveries_last(const struct deliveries *deliveries);
