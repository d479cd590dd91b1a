#include "client/helper/natpmp.h"

#include <natpmp.h>
#include <poll.h>

#include "common/clock.h"

#define UNMAP_WAIT_MS 250

/* The library repeats the request when it is asked for the answer too early. */
static bool await(natpmp_t *natpmp, uint16_t type, unsigned wait_ms, natpmpresp_t *out) {
    uint64_t now = clock_monotonic_ms(), end = now + wait_ms;
    for (int result = NATPMP_TRYAGAIN; result == NATPMP_TRYAGAIN && now < end; now = clock_monotonic_ms()) {
        struct timeval repeat;
        if (getnatpmprequesttimeout(natpmp, &repeat) < 0) return false;
        uint64_t repeat_ms = (uint64_t)repeat.tv_sec * 1000 + (uint64_t)repeat.tv_usec / 1000 + 1;
        struct pollfd wanted = {.fd = natpmp->s, .events = POLLIN};
        poll(&wanted, 1, (int)(repeat_ms < end - now ? repeat_ms : end - now));
        result = readnatpmpresponseorretry(natpmp, out);
        if (result == 0) return out->type == type;
    }
    return false;
}

/* Each question has a socket of its own, so a late answer is never taken for that to another one. */
bool natpmp_external(unsigned wait_ms, struct in_addr *out) {
    natpmp_t natpmp;
    natpmpresp_t answer;
    if (initnatpmp(&natpmp, 0, 0) != 0) return false;
    bool told =
        sendpublicaddressrequest(&natpmp) >= 0 && await(&natpmp, NATPMP_RESPTYPE_PUBLICADDRESS, wait_ms, &answer);
    if (told) *out = answer.pnu.publicaddress.addr;
    closenatpmp(&natpmp);
    return told;
}

static bool change(const struct port_request *request, unsigned wait_ms, natpmpresp_t *answer) {
    natpmp_t natpmp;
    if (initnatpmp(&natpmp, 0, 0) != 0) return false;
    bool done = sendnewportmappingrequest(&natpmp, NATPMP_PROTOCOL_UDP, request->port, request->external,
                                          request->lease_s) >= 0 &&
                await(&natpmp, NATPMP_RESPTYPE_UDPPORTMAPPING, wait_ms, answer) &&
                answer->pnu.newportmapping.privateport == request->port;
    closenatpmp(&natpmp);
    return done;
}

/* A gateway whose port is taken grants another one by itself (RFC 6886 §3.3). */
static enum port_answer map(void *context, const struct port_request *request, struct port_grant *out) {
    (void)context;
    natpmpresp_t answer;
    struct sockaddr_in external = {.sin_family = AF_INET};
    if (!natpmp_external(NATPMP_WAIT_MS, &external.sin_addr) || !change(request, NATPMP_WAIT_MS, &answer))
        return PORT_FAILED;
    external.sin_port = htons(answer.pnu.newportmapping.mappedpublicport);
    (void)address_from_sockaddr((const struct sockaddr *)&external, &out->external);
    out->lease_s = answer.pnu.newportmapping.lifetime;
    return PORT_GRANTED;
}

static void unmap(void *context, uint16_t port, uint16_t external) {
    (void)context;
    (void)external; /* RFC 6886 §3.4: the internal port names it */
    natpmpresp_t answer;
    (void)change(&(struct port_request){.port = port}, UNMAP_WAIT_MS, &answer);
}

const struct port_protocol natpmp_protocol = {.name = "NAT-PMP", .map = map, .unmap = unmap};

bool natpmp_gateway(struct in_addr *out) {
    natpmp_t natpmp;
    if (initnatpmp(&natpmp, 0, 0) != 0) return false;
    out->s_addr = natpmp.gateway;
    closenatpmp(&natpmp);
    return true;
}
