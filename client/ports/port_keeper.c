#include "client/ports/port_keeper.h"

#include <sodium.h>
#include <string.h>

#include "common/log.h"

#define EPHEMERAL_FIRST 49152 /* RFC 6335 §6: ports that nobody has a claim to */
#define EPHEMERAL_COUNT 16384

static const struct address nothing;

void port_keeper_init(struct port_keeper *keeper, const struct port_protocol *protocols, size_t count, uint16_t port) {
    *keeper = (struct port_keeper){.protocols = protocols, .protocol_count = count, .port = port};
}

void port_keeper_again(struct port_keeper *keeper, uint64_t now) {
    uint64_t soonest = keeper->asked ? keeper->asked + PORT_AGAIN_LEAST_MS : now;
    keeper->failures = 0;
    keeper->expires = now;
    keeper->due = soonest > now ? soonest : now;
}

/* Others cannot reach it where the gateway has no public address itself: there is another NAT behind. */
static bool is_useful(const struct port_protocol *protocol, const struct port_grant *grant) {
    char text[ADDRESS_TEXT_SIZE];
    bool useful = address_is_ipv4(&grant->external) && address_classify(&grant->external) == ADDRESS_PUBLIC &&
                  grant->lease_s >= PORT_LEASE_LEAST_S;
    if (!useful)
        log_info("ports", "%s: the gateway maps %s for %u s, which is of no use to us", protocol->name,
                 address_format(&grant->external, text), (unsigned)grant->lease_s);
    return useful;
}

static bool ask(const struct port_keeper *keeper, const struct port_protocol *protocol, struct port_grant *out) {
    struct port_request request = {.port = keeper->port,
                                   .external = keeper->external.port ? keeper->external.port : keeper->port,
                                   .lease_s = PORT_LEASE_S};
    enum port_answer answer = PORT_TAKEN;
    for (unsigned i = 0; i < PORT_NUMBERS_TRIED && answer == PORT_TAKEN; i++) {
        *out = (struct port_grant){.lease_s = 0};
        answer = protocol->map(protocol->context, &request, out);
        if (answer == PORT_TAKEN) request.external = (uint16_t)(EPHEMERAL_FIRST + randombytes_uniform(EPHEMERAL_COUNT));
    }
    if (answer != PORT_GRANTED) return false;
    if (is_useful(protocol, out)) return true;
    protocol->unmap(protocol->context, keeper->port, out->external.port);
    return false;
}

static bool ask_all(struct port_keeper *keeper, struct port_grant *out) {
    for (size_t i = 0; i < keeper->protocol_count; i++) {
        size_t at = (keeper->used + i) % keeper->protocol_count;
        if (!ask(keeper, &keeper->protocols[at], out)) continue;
        keeper->used = at;
        return true;
    }
    return false;
}

static void hold(struct port_keeper *keeper, const struct port_grant *grant, uint64_t now) {
    uint64_t lease = (uint64_t)(grant->lease_s < PORT_LEASE_S ? grant->lease_s : PORT_LEASE_S) * 1000;
    keeper->external = grant->external;
    keeper->expires = now + lease;
    keeper->due = now + lease / 2;
    keeper->failures = 0;
}

static uint64_t backoff(unsigned failures) {
    uint64_t wait = PORT_BACKOFF_FIRST_MS;
    while (--failures > 0 && wait < PORT_BACKOFF_MOST_MS) wait *= 2;
    return wait < PORT_BACKOFF_MOST_MS ? wait : PORT_BACKOFF_MOST_MS;
}

static void go_without(struct port_keeper *keeper, uint64_t now) {
    uint64_t left = keeper->external.port && now < keeper->expires ? keeper->expires - now : 0;
    keeper->failures++;
    if (left > 0) {
        uint64_t wait = left / 2 > PORT_AGAIN_LEAST_MS ? left / 2 : PORT_AGAIN_LEAST_MS;
        keeper->due = now + wait;
        return;
    }
    keeper->external = nothing;
    keeper->due = now + backoff(keeper->failures);
}

bool port_keeper_tick(struct port_keeper *keeper, uint64_t now) {
    if (now < keeper->due) return false;
    struct address before = keeper->external;
    struct port_grant grant;
    keeper->asked = now;
    if (ask_all(keeper, &grant))
        hold(keeper, &grant, now);
    else
        go_without(keeper, now);
    return !address_equal(&before, &keeper->external);
}

void port_keeper_end(struct port_keeper *keeper) {
    const struct port_protocol *protocol = &keeper->protocols[keeper->used];
    if (keeper->external.port == 0) return;
    protocol->unmap(protocol->context, keeper->port, keeper->external.port);
    keeper->external = nothing;
}
