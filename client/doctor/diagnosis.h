/* What the doctor concludes of what was found: what kind of NAT there is, what stands before it, what can be reached.
 */
#pragma once

#include <stdbool.h>

#include "client/doctor/examination.h"
#include "client/doctor/gateway.h"
#include "client/doctor/homes_examination.h"
#include "client/doctor/lifetime.h"
#include "client/doctor/verdict.h"
#include "common/wire/bootnode_bodies.h"

struct diagnosis {
    const char *bootnodes; /* as the user named them */
    struct findings ipv4, ipv6;
    const struct lifetime *lifetime; /* NULL: nobody asked */
    struct gateway_findings gateway;
    struct candidate_list offered;         /* addresses of our interfaces that members are told */
    const struct homes_examination *homes; /* of each bootnode; */
    size_t homes_count;
    bool bucket_is_drawn; /* at random, which they all were asked for; else a room's */
    /* Concluded: */
    enum nat_kind_named kind, kind_ipv6; /* each of its family alone */
    bool maps_ports;                     /* the router does, and its address is the one that the world sees */
    bool hidden;                         /* a proxy in front of the bootnode hides its clients, in either family */
    bool carrier_grade;                  /* a carrier's NAT is in between */
    bool nat64;                          /* IPv4 is reached by translation from IPv6 */
    bool homeless;                       /* those that answer are clusters of which no home does */
    struct verdict verdict, verdict_ipv4, verdict_ipv6; /* of all, and of each family alone */
};

/* From the findings to the rest. */
void diagnosis_conclude(struct diagnosis *diagnosis);
