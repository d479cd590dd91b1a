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

void event_destroy(struct event *event) {
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
