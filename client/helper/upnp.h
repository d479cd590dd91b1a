/* UPnP Internet gateways, by miniupnpc. Only our default gateway is spoken to, whoever else in the network answers the
 * search or is named in an answer. What was found is kept until something fails. */
#pragma once

#include <miniupnpc/miniupnpc.h>

#include "client/helper/protocol.h"
#include "common/attributes.h"

#define UPNP_SEARCH_MS 1000

struct upnp {
    bool found;
    struct UPNPUrls urls; /* while found */
    struct IGDdatas data;
    char own[INET6_ADDRSTRLEN]; /* our address towards it */
};

/* `upnp` is the context: zeroed at first, and given up by upnp_clear. */
struct port_protocol upnp_protocol(struct upnp *upnp);
void upnp_clear(struct upnp *upnp);
/* The gateway's own address, which it is asked for; false when there is no such gateway. */
MUST_USE bool upnp_external(struct upnp *upnp, struct in_addr *out);

/* Is this the URL of something at that very address? */
bool upnp_url_is_at(const char *url, const char *address);
