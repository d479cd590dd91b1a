#include "bench/load/traffic_hello.h"

#include <sodium.h>
#include <stdlib.h>

#include "common/wire/bootnode_packets.h"

struct hellos {
    struct traffic traffic;
    uint64_t mask; /* a nonce is the request's number under it: random to all others */
};

/* NOLINTNEXTLINE(readability-non-const-parameter): the shape of traffic.request */
static size_t request(void *context, size_t socket, uint64_t *number, uint64_t now_us, uint8_t *out) {
    (void)socket;
    (void)now_us;
    const struct hellos *hellos = context;
    const struct hello hello = {.version = PROTOCOL_VERSION, .nonce = *number ^ hellos->mask};
    return hello_encode(&hello, out, PACKET_MAX);
}

static uint64_t answer(void *context, size_t socket, const uint8_t *data, size_t size, uint64_t now_us) {
    (void)socket;
    (void)now_us;
    const struct hellos *hellos = context;
    struct cookie_message cookie;
    return cookie_message_decode(data, size, &cookie) ? cookie.nonce ^ hellos->mask : TRAFFIC_NO_ANSWER;
}

struct traffic *traffic_hello(void) {
    struct hellos *hellos = malloc(sizeof *hellos);
    if (!hellos) return NULL;
    hellos->traffic = (struct traffic){.request = request, .answer = answer, .destroy = free, .context = hellos};
    randombytes_buf(&hellos->mask, sizeof hellos->mask);
    return &hellos->traffic;
}
