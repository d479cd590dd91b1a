#include "bootnode/dispatch.h"

#include "bootnode/handlers/heartbeat.h"
#include "bootnode/handlers/hello.h"
#include "bootnode/handlers/membership.h"
#include "bootnode/handlers/path.h"
#include "bootnode/handlers/registration.h"
#include "bootnode/handlers/relay.h"
#include "bootnode/handlers/stun_answer.h"
#include "common/stun.h"

#define SHARD_OFFSET (SESSION_ID_OFFSET + 7)

struct route {
    void (*handle)(struct context *context, const struct packet *packet);
    bool names_session; /* carries a session id, by which the kernel steers it */
};

#define ROUTE_INDEX(type) ((type)-MESSAGE_HELLO)
/* What is missing is sent by bootnodes only. */
static const struct route routes[ROUTE_INDEX(MESSAGE_TYPE_END)] = {
    [ROUTE_INDEX(MESSAGE_HELLO)] = {handle_hello, false},
    [ROUTE_INDEX(MESSAGE_REGISTER)] = {handle_register, false},
    [ROUTE_INDEX(MESSAGE_HEARTBEAT)] = {handle_heartbeat, true},
    [ROUTE_INDEX(MESSAGE_UPDATE)] = {handle_update, true},
    [ROUTE_INDEX(MESSAGE_INTRODUCE)] = {handle_introduce, true},
    [ROUTE_INDEX(MESSAGE_MOVE)] = {handle_move, true},
    [ROUTE_INDEX(MESSAGE_LEAVE)] = {handle_leave, true},
    [ROUTE_INDEX(MESSAGE_RELAY)] = {handle_relay, true},
};
static const struct route stun = {handle_stun, false};

static const struct route *route_of(uint8_t type) {
    if (type < STUN_TYPE_END) return &stun;
    if (type < MESSAGE_HELLO || type >= MESSAGE_TYPE_END) return NULL;
    const struct route *route = &routes[ROUTE_INDEX(type)];
    return route->handle ? route : NULL;
}

bool dispatch_names_session(unsigned type) {
    const struct route *route = route_of((uint8_t)type);
    return route && route->names_session;
}

void dispatch_prefetch(const struct context *context, const uint8_t *data, size_t size) {
    const struct route *route = size > SHARD_OFFSET ? route_of(data[0]) : NULL;
    if (!route || !route->names_session) return;
    struct reader reader = reader_over(data + SESSION_ID_OFFSET, sizeof(uint64_t));
    /* Of the packets that name a session only a heartbeat can do without its keys, when it asks for no answer. */
    bool keys = data[0] != MESSAGE_HEARTBEAT || data[1] != 0;
    node_prefetch_session(context->node, read_u64(&reader), keys);
}

void dispatch(struct context *context, const struct packet *packet) {
    const struct route *route = packet->size > 0 ? route_of(packet->data[0]) : NULL;
    counters_count(context->counters, COUNTER_RECEIVED);
    counters_add(context->counters, COUNTER_RECEIVED_BYTES, packet->size);
    if (packet->size > UDP_DATAGRAM_MAX) {
        counters_count(context->counters, COUNTER_OVERSIZE);
        return;
    }
    if (!route) {
        counters_count(context->counters, COUNTER_UNKNOWN_TYPE);
        return;
    }
    if (route->names_session && packet->size > SHARD_OFFSET && packet->data[SHARD_OFFSET] != context->shard_index)
        counters_count(context->counters, COUNTER_STRAYED);
    route->handle(context, packet);
}
