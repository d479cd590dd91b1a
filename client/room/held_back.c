#include "client/room/held_back.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

struct held_back_one {
    struct held_back_one *next;
    struct event *event;
    int64_t time;
};

static size_t size_of(const struct event *event) {
    return sizeof(struct held_back_one) + sizeof *event + event->text_size;
}

static struct event *take(struct held_back *held_back, struct held_back_one **at, int64_t *time) {
    struct held_back_one *one = *at;
    struct event *event = one->event;
    *at = one->next;
    if (held_back->end == &one->next) held_back->end = at;
    held_back->bytes -= size_of(event);
    *time = one->time;
    free(one);
    return event;
}

void held_back_add(struct held_back *held_back, struct event *event, int64_t time) {
    struct held_back_one *one = allocate_zeroed(1, sizeof *one);
    int64_t ignored;
    one->event = event;
    one->time = time;
    if (!held_back->first) held_back->end = &held_back->first;
    *held_back->end = one;
    held_back->end = &one->next;
    held_back->bytes += size_of(event);
    while (held_back->bytes > HELD_BACK_BYTES) event_destroy(take(held_back, &held_back->first, &ignored));
}

struct event *held_back_take(struct held_back *held_back, const uint8_t peer[static MEMBER_ID_SIZE], int64_t *time) {
    struct held_back_one **at = &held_back->first;
    while (*at && memcmp((*at)->event->peer, peer, MEMBER_ID_SIZE) != 0) at = &(*at)->next;
    return *at ? take(held_back, at, time) : NULL;
}

void held_back_clear(struct held_back *held_back) {
    int64_t ignored;
    while (held_back->first) event_destroy(take(held_back, &held_back->first, &ignored));
    *held_back = (struct held_back){.first = NULL};
}
