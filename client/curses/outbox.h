/* What was typed before it may be said: messages that wait for credit (ui.h). Pure, bounded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "client/events.h"
#include "common/attributes.h"

#define OUTBOX_MESSAGES 512
#define OUTBOX_BYTES (1024 * 1024)

struct outbox {
    struct input *items[OUTBOX_MESSAGES]; /* a ring */
    size_t first, count, bytes;
};

/* Takes the input. False when it is full: the caller still owns it. */
MUST_USE bool outbox_put(struct outbox *outbox, struct input *input);
MUST_USE struct input *outbox_take(struct outbox *outbox); /* NULL: empty */
void outbox_clear(struct outbox *outbox);
