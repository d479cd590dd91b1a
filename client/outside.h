/* What rooms and peers need of the world outside of them. The crypto thread makes it, or a test; the engine hands it
 * down by pointer, and it outlives them all. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"

struct event;

struct outside {
    void *context;
    /* From the socket of that number (threads/sockets.h); PATH_SOCKET_MAIN is always open. */
    void (*send)(void *context, uint16_t socket, const struct address *to, const uint8_t *data, size_t size);
    /* More sockets, behind mappings of their own: how many of `count` there are now, their numbers in `out`. */
    size_t (*open_sockets)(void *context, size_t count, uint16_t *out);
    void (*close_socket)(void *context, uint16_t socket);
    /* Takes the event. Called by outside_emit alone. */
    void (*emit)(void *context, struct event *event);
    /* So many events wait to be shown that peers shall wait with their messages. */
    bool (*busy)(void *context);
    uint64_t (*wall_ms)(void *context);
    /* Of the input that is being worked off: what is emitted meanwhile answers it (events.h). NULL: none. */
    const char *ref;
};

/* Emits the event, which is no longer the caller's. */
void outside_emit(const struct outside *outside, struct event *event);
