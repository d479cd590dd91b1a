#include "client/threads/receiver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/log.h"
#include "common/stun.h"
#include "common/wire/bootnode_packets.h"
#include "common/wire/peer_packets.h"

#define BATCH 64
#define READY_MOST 64
#define SIZE_MIN REFUSED_SIZE /* nothing shorter is ours */

static bool may_be_ours(const struct datagram *datagram) {
    if (stun_may_be_response(datagram->data, datagram->size)) return datagram->size <= UDP_DATAGRAM_MAX;
    return datagram->size >= SIZE_MIN && datagram->size <= UDP_DATAGRAM_MAX && datagram->data[0] >= MESSAGE_HELLO &&
           datagram->data[0] < PEER_TYPE_END;
}

static void hand_over(struct receiver *receiver, uint16_t socket, const struct datagram *datagram) {
    struct received *received;
    if (!may_be_ours(datagram)) return;
    received = (struct received *)queue_pop(&receiver->empty);
    if (!received) return;
    received->socket = socket;
    received->from = datagram->peer;
    received->size = datagram->size;
    memcpy(received->data, datagram->data, datagram->size);
    if (!queue_push(receiver->filled, &received->node)) receiver_give_back(receiver, received);
}

/* A socket that fails for good is not listened to any more. */
static void receive(struct receiver *receiver, const struct udp_socket *socket) {
    struct udp_batch *batch = receiver->batch;
    int count = udp_receive(socket->descriptor, batch);
    if (count < 0) {
        log_error("receiver", "cannot receive: %s", strerror(-count));
        sockets_ignore(receiver->sockets, socket);
    }
    for (int i = 0; i < count; i++) {
        struct datagram datagram = udp_batch_get(batch, (size_t)i);

        hand_over(receiver, socket->number, &datagram);
    }
}

static void run(void *argument) {
    struct receiver *receiver = argument;
    const struct udp_socket *ready[READY_MOST];
    size_t count;
    while ((count = sockets_wait(receiver->sockets, ready, READY_MOST)) > 0)
        for (size_t i = 0; i < count; i++) receive(receiver, ready[i]);
}

static void drain(struct queue *queue) {
    while (queue_pop(queue)) {
    }
}

/* The nodes in the queue lie in the pool. */
static void destroy(struct receiver *receiver) {
    drain(&receiver->empty);
    queue_destroy(&receiver->empty);
    udp_batch_destroy(receiver->batch);
    free(receiver->pool);
    if (receiver->stop >= 0) close(receiver->stop);
}

int receiver_start(struct receiver *receiver, struct sockets *sockets, struct queue *filled) {
    int error;
    *receiver = (struct receiver){.sockets = sockets, .stop = -1, .filled = filled};
    error = queue_init(&receiver->empty, 0);
    if (error) return error;
    receiver->pool = calloc(RECEIVER_POOL, sizeof *receiver->pool);
    receiver->batch = udp_batch_create(BATCH);
    receiver->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    error = receiver->pool && receiver->batch ? 0 : -ENOMEM;
    if (!error && (receiver->stop < 0 || !sockets_watch(sockets, receiver->stop))) error = -errno;
    for (size_t i = 0; !error && i < RECEIVER_POOL; i++) receiver_give_back(receiver, &receiver->pool[i]);
    if (!error) error = thread_start(&receiver->thread, "receiver", false, run, receiver);
    if (error) destroy(receiver);
    return error;
}

/* The queue has no limit, because the pool is one. */
void receiver_give_back(struct receiver *receiver, struct received *received) {
    (void)queue_push(&receiver->empty, &received->node);
}

void receiver_stop(struct receiver *receiver) {
    (void)eventfd_write(receiver->stop, 1);
    thread_join(&receiver->thread);
    drain(receiver->filled);
    destroy(receiver);
}
