#include "client/doctor/verdict.h"

#include <stddef.h>

#define EVERYONE "Everyone can reach you directly."
#define BY_PROBING                                                                                                     \
    "Direct with everyone but those behind symmetric NATs; those are reached by probing or through a relay."
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
    [KIND_CONE_FILTERED] = {"restricted or port-restricted",
                            "Direct with everyone but perhaps those behind symmetric NATs, who are reached by probing "
                            "or through a relay otherwise.",
                            DOCTOR_STATUS_HELPED},
    [KIND_CONE] = {"cone",
                   "Direct with nearly everyone. Cannot tell whether with those behind symmetric NATs: " NAME_ANOTHER,
                   DOCTOR_STATUS_UNSURE},
    [KIND_PUBLIC] = {"no NAT", "Direct with nearly everyone. Cannot tell whether a firewall filters: " NAME_ANOTHER,
                     DOCTOR_STATUS_UNSURE},
    [KIND_UNKNOWN] = {"unknown", "Cannot tell what this NAT does: " NAME_ANOTHER, DOCTOR_STATUS_UNSURE},
    [KIND_BLOCKED] = {"blocked", "No bootnode answers: UDP is blocked here, or none of them runs; GoChat cannot work.",
                      DOCTOR_STATUS_BLOCKED},
};

static enum nat_kind_named public_kind(enum behaviour filtering) {
    static const enum nat_kind_named kinds[] = {[BEHAVIOUR_UNKNOWN] = KIND_PUBLIC,
                                                [BEHAVIOUR_INDEPENDENT] = KIND_OPEN,
                                                [BEHAVIOUR_ADDRESS] = KIND_FIREWALL_ADDRESS,
                                                [BEHAVIOUR_ADDRESS_AND_PORT] = KIND_FIREWALL_PORT,
                                                [BEHAVIOUR_DEPENDENT] = KIND_FIREWALL_PORT};
    return kinds[filtering];
}

static enum nat_kind_named cone_kind(enum behaviour filtering) {
    static const enum nat_kind_named kinds[] = {[BEHAVIOUR_UNKNOWN] = KIND_CONE,
                                                [BEHAVIOUR_INDEPENDENT] = KIND_FULL_CONE,
                                                [BEHAVIOUR_ADDRESS] = KIND_RESTRICTED,
                                                [BEHAVIOUR_ADDRESS_AND_PORT] = KIND_PORT_RESTRICTED,
                                                [BEHAVIOUR_DEPENDENT] = KIND_CONE_FILTERED};
    return kinds[filtering];
}

enum nat_kind_named verdict_kind(const struct findings *findings) {
    if (findings->answered == 0) return KIND_BLOCKED;
    if (findings->translated == ANSWER_NO) return public_kind(findings->filtering);
    if (findings->mapping == BEHAVIOUR_UNKNOWN) return KIND_UNKNOWN;
    return findings->mapping == BEHAVIOUR_INDEPENDENT ? cone_kind(findings->filtering) : KIND_SYMMETRIC;
}

struct verdict verdict_of(enum nat_kind_named kind, bool mapped_port) {
    struct verdict verdict = verdicts[kind];
    if (!mapped_port || kind == KIND_BLOCKED || verdict.status == DOCTOR_STATUS_DIRECT) return verdict;
    verdict.sentence = "The router opens a port when it is asked to: everyone can reach you directly.";
    verdict.status = DOCTOR_STATUS_DIRECT;
    return verdict;
}

const char *behaviour_name(enum behaviour behaviour) {
    static const char *const names[] = {[BEHAVIOUR_UNKNOWN] = "cannot tell",
                                        [BEHAVIOUR_INDEPENDENT] = "endpoint-independent",
                                        [BEHAVIOUR_ADDRESS] = "address-dependent",
                                        [BEHAVIOUR_ADDRESS_AND_PORT] = "address and port-dependent",
                                        [BEHAVIOUR_DEPENDENT] = "dependent on the address, or address and port"};
    return names[behaviour];
}
