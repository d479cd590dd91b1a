#include "client/curses/outbox.h"

bool outbox_put(struct outbox *outbox, struct input *input) {
    if (outbox->count == OUTBOX_MESSAGES || outbox->bytes + input->size > OUTBOX_BYTES) return false;
    outbox->items[(outbox->first + outbox->count++) % OUTBOX_MESSAGES] = input;
    outbox->bytes += input->size;
    return true;
}

struct input *outbox_take(struct outbox *outbox) {
    if (outbox->count == 0) return NULL;
    struct input *input = outbox->items[outbox->first];
    outbox->first = (outbox->first + 1) % OUTBOX_MESSAGES;
    outbox->count--;
    outbox->bytes -= input->size;
    return input;
}

void outbox_clear(struct outbox *outbox) {
    for (struct input *input; (input = outbox_take(outbox));) input_destroy(input);
}
