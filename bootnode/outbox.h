/* Where answers go: datagrams collected per local socket, sent in batches. Tests put their own sink behind it.
 *
 * An endpoint is one of our local addresses together with the listening socket it belongs to. The server-wide table of
 * endpoints only grows (a machine has few addresses), so an index of one byte names one for good; a session keeps the
 * index it was registered at. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/udp.h"

#define ENDPOINTS_MAX 255

struct endpoint {
    struct address local; /* all zero: the kernel chooses */
    uint8_t listener;     /* index of the listen address, below BOOTNODE_LISTENERS_MAX */
};

struct endpoints {
    struct endpoint items[ENDPOINTS_MAX];
    _Atomic uint32_t count;
    pthread_mutex_t growing;
};

void endpoints_init(struct endpoints *endpoints);
void endpoints_destroy(struct endpoints *endpoints);
/* Any thread: finds or adds. When the table is full: an endpoint of that listener without a local address. */
uint8_t endpoints_index(struct endpoints *endpoints, uint8_t listener, const struct address *local);

/* While none is being added: every index below the count names one endpoint, and no two the same; the first are those
 * without a local address. */
bool endpoints_holds(const struct endpoints *endpoints);

struct outbox {
    const struct endpoints *endpoints;
    /* Called for each datagram; copies it. */
    void (*put)(void *context, uint8_t listener, const struct datagram *datagram);
    void *context;
};

void outbox_send(struct outbox *outbox, uint8_t endpoint, const struct address *to, const uint8_t *data, size_t size);
