#include "client/events.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

struct event *event_create(enum event_type type, const char *text, size_t text_size) {
    struct event *event;

    if (!text) text_size = 0;
    event = allocate_zeroed(1, sizeof *event + text_size + 1);
    event->type = type;
    event->text_size = text_size;
    if (text_size > 0) memcpy(event->text, text, text_size);
    return event;
}

/* --- What each type has --- */

enum part {
    PEER = 1 << 0, /* with its nick and its path */
    BOOTNODE = 1 << 1,
    MAPPED = 1 << 2,
    STANDING = 1 << 3,
    RTT = 1 << 4,
    KEYS = 1 << 5, /* cipher, fingerprint, safety number */
    FINGERPRINT = 1 << 6,
    ID = 1 << 7,
    KIND = 1 << 8,
    TIMES = 1 << 9,
    HISTORY = 1 << 10,
    LOST = 1 << 11,
    RECIPIENTS = 1 << 12,
    WAITING = 1 << 13, /* what only the UI knows of a member */
    AGO = 1 << 14,
    SAID_BYE = 1 << 15,
    NICK = 1 << 16,
    CREDIT = 1 << 17,
    STATUS = 1 << 18,
    TEXT = 1 << 19,
    NODE = 1 << 20,
    SECRET = 1 << 21,
    REASON = 1 << 22,
};

static const unsigned parts_of[EVENT_TYPES] = {
    [EVENT_JOINED] = SECRET,
    [EVENT_REGISTERED] = BOOTNODE | MAPPED | NODE | RTT,
    [EVENT_PEER_JOINED] = PEER,
    [EVENT_PEER_CONNECTED] = PEER | STANDING | RTT | KEYS,
    [EVENT_MESSAGE] = PEER | ID | KIND | TIMES | HISTORY | FINGERPRINT | TEXT,
    [EVENT_LOST] = PEER | TIMES | HISTORY | FINGERPRINT | LOST,
    [EVENT_DELIVERED] = PEER | ID,
    [EVENT_UNDELIVERED] = PEER | ID,
    [EVENT_SENT] = PEER | ID | KIND | TIMES | RECIPIENTS | FINGERPRINT | TEXT,
    [EVENT_PEER_PATH] = PEER,
    [EVENT_PEER_STATUS] = PEER | STANDING | RTT,
    [EVENT_PEER_NICK] = PEER | TEXT,
    [EVENT_PATH_NOTE] = PEER | AGO | RTT | TEXT,
    [EVENT_PEER_LEFT] = PEER | SAID_BYE,
    [EVENT_BOOTNODE_LOST] = BOOTNODE | TEXT,
    [EVENT_BOOTNODE_BACK] = BOOTNODE,
    [EVENT_HOME_LEFT] = BOOTNODE | NODE,
    [EVENT_NICK] = NICK,
    [EVENT_DECIDED] = PEER | REASON | TEXT,
    [EVENT_REFUSED] = REASON,
    [EVENT_PARTED] = 0,
    [EVENT_ERROR] = PEER | REASON | TEXT,
    [EVENT_INVITE] = TEXT,
    [EVENT_CODE] = TEXT,
    [EVENT_CREDIT] = CREDIT,
    [EVENT_FINISHED] = STATUS,
    [EVENT_NOTICE] = TEXT,
    [EVENT_MEMBER] = PEER | STANDING | RTT | KEYS | WAITING,
};

#define MEMBER(parts, name)                                                                                            \
    { (parts), offsetof(struct event, name), sizeof((struct event *)NULL)->name }
static const struct {
    unsigned parts; /* any of which has it */
    size_t at, size;
} members[] = {
    MEMBER(PEER, peer),
    MEMBER(PEER | NICK, nick),
    MEMBER(PEER, relayed),
    MEMBER(PEER, relay),
    MEMBER(PEER, address),
    MEMBER(BOOTNODE, bootnode),
    MEMBER(BOOTNODE, bootnode_name),
    MEMBER(SECRET, secret),
    MEMBER(NODE, has_node),
    MEMBER(NODE, node_id),
    MEMBER(MAPPED, mapped),
    MEMBER(MAPPED, mapped_other),
    MEMBER(STANDING, standing),
    MEMBER(RTT, rtt_ms),
    MEMBER(KEYS, cipher),
    MEMBER(KEYS, role),
    MEMBER(KEYS, safety),
    MEMBER(PEER | KEYS | FINGERPRINT, fingerprint),
    MEMBER(PEER, verified),
    MEMBER(REASON, reason),
    MEMBER(REASON, was),
    MEMBER(ID, id),
    MEMBER(KIND, kind),
    MEMBER(TIMES, sent_ms),
    MEMBER(TIMES, said_ms),
    MEMBER(TIMES, shown_ms),
    MEMBER(HISTORY, history),
    MEMBER(HISTORY, late),
    MEMBER(LOST, lost),
    MEMBER(LOST, misdated),
    MEMBER(RECIPIENTS, recipients),
    MEMBER(WAITING, waiting),
    MEMBER(WAITING, ignored),
    MEMBER(AGO, ago_ms),
    MEMBER(SAID_BYE, said_bye),
    MEMBER(CREDIT, credit),
    MEMBER(STATUS, status),
    MEMBER(TEXT, text_size),
};

bool event_holds(const struct event *event) {
    if (event->type >= EVENT_TYPES || event->text[event->text_size] != '\0') return false;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        bool has = parts_of[event->type] & members[i].parts;
        if (!has && !sodium_is_zero((const uint8_t *)event + members[i].at, members[i].size)) return false;
    }
    return true;
}

/* An invite is a secret, and so may be what is said. */
void event_destroy(struct event *event) {
    if (event) sodium_memzero(event->text, event->text_size);
    free(event);
}

struct input *input_create(enum input_type type, const char *room, const char *text, size_t size) {
    struct input *input;

    if (!text) size = 0;
    input = allocate_zeroed(1, sizeof *input + size + 1);
    input->type = type;
    if (room) snprintf(input->room, sizeof input->room, "%s", room);
    input->size = size;
    if (size > 0) memcpy(input->text, text, size);
    return input;
}

struct input *input_of_addresses(enum input_type type, const struct address *addresses, size_t count) {
    struct input *input = input_create(type, NULL, NULL, 0);
    input->address_count = count < BOOTNODE_ADDRESSES ? count : BOOTNODE_ADDRESSES;
    memcpy(input->addresses, addresses, input->address_count * sizeof *addresses);
    return input;
}

void input_destroy(struct input *input) {
    if (input) sodium_memzero(input->text, input->size);
    free(input);
}
