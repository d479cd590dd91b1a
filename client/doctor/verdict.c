#include "client/doctor/verdict.h"

#include <stddef.h>

#define EVERYONE "Everyone can reach you directly."
#define BY_PROBING                                                                                                     \
    "Direct with everyone but those behind symmetric NATs; those are reached by probing or through a relay."
#define WHY_SILENT "Where there is no answer, UDP is blocked in between, or no node runs at that address."
#define NAME_ANOTHER "name a second bootnode, or one with a second address (stun_alternate)."

static const struct verdict verdicts[KIND_COUNT] = {
    [KIND_OPEN] = {"open", EVERYONE, DOCTOR_STATUS_DIRECT},
    [KIND_FULL_CONE] = {"full-cone", EVERYONE, DOCTOR_STATUS_DIRECT},
    [KIND_RESTRICTED] = {"restricted", "Direct with everyone, once both sides have been introduced.",
                         DOCTOR_STATUS_DIRECT},
    [KIND_PORT_RESTRICTED] = {"port-restricted", BY_PROBING, DOCTOR_STATUS_HELPED},
    [KIND_SYMMETRIC] = {"symmetric",
                        "Direct with those who are open or behind full-cone or restricted NATs; all others are reached "
                        "by probing or through a relay.",
                        DOCTOR_STATUS_HELPED},
    [KIND_FIREWALL_ADDRESS] = {"firewall", "Direct with everyone, once both sides have been introduced.",
                               DOCTOR_STATUS_DIRECT},
    [KIND_FIREWALL_PORT] = {"firewall", BY_PROBING, DOCTOR_STATUS_HELPED},
    [KIND_CONE_OPEN] = {"full-cone or restricted", "Direct with everyone, once both sides have been introduced.",
                        DOCTOR_STATUS_DIRECT},
    [KIND_OPEN_OR_FIREWALL] = {"open, or a firewall", "Direct with everyone, once both sides have been introduced.",
                               DOCTOR_STATUS_DIRECT},
    [KIND_CONE_FILTERED] = {"restricted or port-restricted",
                            "Direct with everyone but perhaps those behind symmetric NATs, who are reached by probing "
                            "or through a relay otherwise.",
                            DOCTOR_STATUS_HELPED},
    [KIND_CONE] = {"cone",
                   "Direct with nearly everyone. Cannot tell whether with those behind symmetric NATs: " NAME_ANOTHER,
                   DOCTOR_STATUS_UNSURE},
    [KIND_PUBLIC] = {"no NAT", "Direct with nearly everyone. Cannot tell whether a firewall filters: " NAME_ANOTHER,
                     DOCTOR_STATUS_UNSURE},
    [KIND_HIDDEN] = {"hidden by a proxy",
                     "Only through a relay: the bootnode does not see where you are. Whoever runs it can mend "
                     "that: docker with \"userland-proxy\": false, or with the host's network.",
                     DOCTOR_STATUS_HELPED},
    [KIND_UNKNOWN] = {"unknown", "Cannot tell what this NAT does: " NAME_ANOTHER, DOCTOR_STATUS_UNSURE},
    [KIND_BLOCKED] = {"blocked", "No bootnode answers: UDP is blocked here, or none of them runs; GoChat cannot work.",
                      DOCTOR_STATUS_BLOCKED},
};

static enum nat_kind_named public_kind(enum behaviour filtering) {
    static const enum nat_kind_named kinds[] = {
        [BEHAVIOUR_UNKNOWN] = KIND_PUBLIC,           [BEHAVIOUR_INDEPENDENT] = KIND_OPEN,
        [BEHAVIOUR_ADDRESS] = KIND_FIREWALL_ADDRESS, [BEHAVIOUR_ADDRESS_AND_PORT] = KIND_FIREWALL_PORT,
        [BEHAVIOUR_DEPENDENT] = KIND_FIREWALL_PORT,  [BEHAVIOUR_NOT_PORT] = KIND_OPEN_OR_FIREWALL};
    return kinds[filtering];
}

static enum nat_kind_named cone_kind(enum behaviour filtering) {
    static const enum nat_kind_named kinds[] = {[BEHAVIOUR_UNKNOWN] = KIND_CONE,
                                                [BEHAVIOUR_INDEPENDENT] = KIND_FULL_CONE,
                                                [BEHAVIOUR_ADDRESS] = KIND_RESTRICTED,
                                                [BEHAVIOUR_ADDRESS_AND_PORT] = KIND_PORT_RESTRICTED,
                                                [BEHAVIOUR_DEPENDENT] = KIND_CONE_FILTERED,
                                                [BEHAVIOUR_NOT_PORT] = KIND_CONE_OPEN};
    return kinds[filtering];
}

/* What people's containers reach the world through: docker's 172.16/12, x.y.0.1; podman's 10.88/15, x.y.z.1; that of
 * slirp4netns. */
static bool is_container_gateway(const struct address *address) {
    const uint8_t *ip = address->ip + 12;
    if (!address_is_ipv4(address)) return false;
    if (ip[0] == 172 && (ip[1] & 0xf0) == 16) return ip[2] == 0 && ip[3] == 1;
    if (ip[0] != 10) return false;
    return ip[1] == 0 ? ip[2] == 2 && (ip[3] == 2 || ip[3] == 100) : (ip[1] & 0xfe) == 88 && ip[3] == 1;
}

/* 100.64/10: a carrier's own bootnode may see that. */
static bool is_shared(const struct address *address) {
    return address_is_ipv4(address) && address->ip[12] == 100 && (address->ip[13] & 0xc0) == 64;
}

bool verdict_is_hidden(const struct findings *findings) {
    const struct address *mapped = &findings->mapped;
    if (findings->answered == 0 || findings->translated == ANSWER_NO || findings->near) return false;
    if (address_classify(mapped) != ADDRESS_PRIVATE || is_shared(mapped)) return false;
    return address_classify(&findings->server) == ADDRESS_PUBLIC || is_container_gateway(mapped);
}

enum nat_kind_named verdict_kind(const struct findings *findings) {
    if (findings->answered == 0) return KIND_BLOCKED;
    if (verdict_is_hidden(findings)) return KIND_HIDDEN;
    if (findings->translated == ANSWER_NO) return public_kind(findings->filtering);
    switch (findings->mapping) {
    case BEHAVIOUR_UNKNOWN: return KIND_UNKNOWN;
    case BEHAVIOUR_INDEPENDENT:
    case BEHAVIOUR_NOT_PORT: return cone_kind(findings->filtering); /* few map by the address alone */
    default: return KIND_SYMMETRIC;
    }
}

struct verdict verdict_of(enum nat_kind_named kind, bool mapped_port) {
    struct verdict verdict = verdicts[kind];
    if (!mapped_port || kind == KIND_BLOCKED || verdict.status == DOCTOR_STATUS_DIRECT) return verdict;
    verdict.sentence = "The router opens a port when it is asked to: everyone can reach you directly.";
    verdict.status = DOCTOR_STATUS_DIRECT;
    return verdict;
}

const char *verdict_of_homes(enum homes_kind kind) {
    static const char *const sentences[HOMES_KIND_COUNT] = {
        [HOMES_KIND_ALL] = "All homes answer. One of them can die, and the room goes on.",
        [HOMES_KIND_SINGLE] = "The room has one home alone, which answers. While it is away, nobody new can be met.",
        [HOMES_KIND_SOME] =
            "Some homes do not answer from here. Others do: one of those can die, and the room goes on.",
        [HOMES_KIND_ONE] =
            "One home alone answers from here. You can chat, but if that one dies as well, nobody new can be met until "
            "another takes its place. " WHY_SILENT,
        [HOMES_KIND_LENT] =
            "No home answers from here, but a node that is next in rank does. It takes you in after some seconds; who "
            "reaches the homes does not meet you there. " WHY_SILENT,
        [HOMES_KIND_DEAD] = "The bootnode answers, but none of the homes that it names: GoChat cannot work with it "
                            "from here. " WHY_SILENT};
    return sentences[kind];
}

const char *behaviour_name(enum behaviour behaviour) {
    static const char *const names[] = {[BEHAVIOUR_UNKNOWN] = "cannot tell",
                                        [BEHAVIOUR_INDEPENDENT] = "endpoint-independent",
                                        [BEHAVIOUR_ADDRESS] = "address-dependent",
                                        [BEHAVIOUR_ADDRESS_AND_PORT] = "address and port-dependent",
                                        [BEHAVIOUR_DEPENDENT] = "dependent on the address, or address and port",
                                        [BEHAVIOUR_NOT_PORT] = "not port-dependent; address-dependent: cannot tell"};
    return names[behaviour];
}
