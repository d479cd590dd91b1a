#include "bootnode/outbox.h"

#include <stdatomic.h>
#include <string.h>

#include "bootnode/config.h"
#include "common/holds.h"

/* The first endpoints have no local address, one for each listener that a configuration can name: what is left when
 * the table is full, and what sockets use that do not learn the local address. */

void endpoints_init(struct endpoints *endpoints) {
    memset(endpoints->items, 0, sizeof endpoints->items);
    for (uint8_t i = 0; i < BOOTNODE_LISTENERS_MAX; i++) endpoints->items[i].listener = i;
    atomic_store_explicit(&endpoints->count, BOOTNODE_LISTENERS_MAX, memory_order_relaxed);
    pthread_mutex_init(&endpoints->growing, NULL);
}

void endpoints_destroy(struct endpoints *endpoints) {
    pthread_mutex_destroy(&endpoints->growing);
}

/* The index, or `count` when it is not there. */
static uint32_t find(const struct endpoints *endpoints, uint32_t from, uint32_t count, uint8_t listener,
                     const struct address *local) {
    while (from < count &&
           (endpoints->items[from].listener != listener || !address_same_ip(&endpoints->items[from].local, local)))
        from++;
    return from;
}

static uint8_t add(struct endpoints *endpoints, uint32_t seen, uint8_t listener, const struct address *local) {
    pthread_mutex_lock(&endpoints->growing);
    uint32_t count = atomic_load_explicit(&endpoints->count, memory_order_relaxed);
    uint32_t index = find(endpoints, seen, count, listener, local);
    if (index == count && count == ENDPOINTS_MAX) {
        index = listener;
    } else if (index == count) {
        endpoints->items[count] = (struct endpoint){.listener = listener};
        memcpy(endpoints->items[count].local.ip, local->ip, sizeof local->ip);
        atomic_store_explicit(&endpoints->count, count + 1, memory_order_release);
        HOLDS(endpoints_holds(endpoints));
    }
    pthread_mutex_unlock(&endpoints->growing);
    return (uint8_t)index;
}

bool endpoints_holds(const struct endpoints *endpoints) {
    uint32_t count = atomic_load_explicit(&endpoints->count, memory_order_relaxed);
    if (count < BOOTNODE_LISTENERS_MAX || count > ENDPOINTS_MAX) return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct endpoint *item = &endpoints->items[i];
        if (find(endpoints, 0, count, item->listener, &item->local) != i) return false;
        if (i < BOOTNODE_LISTENERS_MAX && item->listener != i) return false;
    }
    return true;
}

uint8_t endpoints_index(struct endpoints *endpoints, uint8_t listener, const struct address *local) {
    uint32_t count = atomic_load_explicit(&endpoints->count, memory_order_acquire);
    uint32_t index = find(endpoints, 0, count, listener, local);
    return index < count ? (uint8_t)index : add(endpoints, count, listener, local);
}

void outbox_send(struct outbox *outbox, uint8_t endpoint, const struct address *to, const uint8_t *data, size_t size) {
    const struct endpoint *from = &outbox->endpoints->items[endpoint];
    const struct datagram datagram = {.peer = *to, .local = from->local, .data = data, .size = size};
    outbox->put(outbox->context, from->listener, &datagram);
}
