#include "client/doctor/diagnosis.h"

#include <string.h>

static bool has_prefix(const struct address *address, const uint8_t *prefix, unsigned bits) {
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(address->ip, prefix, whole) != 0) return false;
    return rest == 0 || ((address->ip[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

#define IPV4_BITS(bits) (96 + (bits))

/* 100.64/10 (RFC 6598), as far as one's own machine has it. */
static bool is_shared(const struct address *address) {
    static const uint8_t prefix[16] = {[10] = 0xff, 0xff, 100, 64};
    return address->port != 0 && has_prefix(address, prefix, IPV4_BITS(10));
}

/* 64:ff9b::/96 (RFC 6052), or 192.0.0.0/29 on one's own machine (RFC 7335). */
static bool is_translator(const struct findings *ipv4, const struct findings *ipv6) {
    static const uint8_t well_known[16] = {0x00, 0x64, 0xff, 0x9b}, local[16] = {[10] = 0xff, 0xff, 192, 0, 0};
    return (ipv6->present && has_prefix(&ipv6->server, well_known, 96)) ||
           (ipv4->present && ipv4->local.port != 0 && has_prefix(&ipv4->local, local, IPV4_BITS(29)));
}

static struct address external_of(const struct gateway_findings *gateway) {
    struct address address = {.ip = {[10] = 0xff, [11] = 0xff}, .port = 1};
    memcpy(address.ip + 12, &gateway->external, sizeof gateway->external);
    return address;
}

/* As for the client, one bootnode that works is enough. */
static bool is_homeless(const struct diagnosis *diagnosis) {
    bool dead = false;
    for (size_t i = 0; i < diagnosis->homes_count; i++) {
        struct homes_findings findings;
        if (!homes_examination_answered(&diagnosis->homes[i])) continue;
        homes_examination_findings(&diagnosis->homes[i], &findings);
        if (findings.kind != HOMES_KIND_DEAD) return false;
        dead = true;
    }
    return dead;
}

void diagnosis_conclude(struct diagnosis *diagnosis) {
    const struct findings *ipv4 = &diagnosis->ipv4, *ipv6 = &diagnosis->ipv6;
    diagnosis->kind = verdict_kind(ipv4);
    diagnosis->kind_ipv6 = verdict_kind(ipv6);
    const struct address external = external_of(&diagnosis->gateway);
    bool found = diagnosis->gateway.natpmp || diagnosis->gateway.upnp;
    diagnosis->maps_ports = found && address_same_ip(&external, &ipv4->mapped);
    diagnosis->carrier_grade = is_shared(&ipv4->local) || is_shared(&ipv4->mapped) || (found && is_shared(&external));
    diagnosis->hidden = verdict_is_hidden(ipv4) || verdict_is_hidden(ipv6);
    diagnosis->nat64 = is_translator(ipv4, ipv6);
    /* Nearly everyone has IPv4, and NATs exist there, so IPv4 decides. */
    diagnosis->verdict_ipv4 = verdict_of(diagnosis->kind, diagnosis->maps_ports);
    diagnosis->verdict_ipv6 = verdict_of(diagnosis->kind_ipv6, false);
    diagnosis->verdict = ipv4->answered > 0 ? diagnosis->verdict_ipv4 : diagnosis->verdict_ipv6;
    diagnosis->homeless = is_homeless(diagnosis);
    if (diagnosis->homeless) {
        diagnosis->verdict.sentence = verdict_of_homes(HOMES_KIND_DEAD);
        diagnosis->verdict.status = DOCTOR_STATUS_BLOCKED;
    }
}
