#include "client/helper/upnp.h"

#include <arpa/inet.h>
#include <miniupnpc/upnpcommands.h>
#include <miniupnpc/upnperrors.h>
#include <stdio.h>
#include <string.h>

#include "client/helper/natpmp.h"

#define MULTICAST_TTL 2 /* UPnP Device Architecture 1.1 §1.3.2 */
#define CONNECTED_GATEWAY 1
/* Error codes of WANIPConnection, §2.4.16. */
#define CONFLICT_IN_MAPPING_ENTRY 718
#define ONLY_PERMANENT_LEASES 725

bool upnp_url_is_at(const char *url, const char *address) {
    static const char scheme[] = "http://";
    size_t length = strlen(address);
    if (strncmp(url, scheme, sizeof scheme - 1) != 0 || strncmp(url + sizeof scheme - 1, address, length) != 0)
        return false;
    char next = url[sizeof scheme - 1 + length];
    return next == ':' || next == '/' || next == '\0';
}

/* Those of the list that are at `gateway`; the others are freed. */
static struct UPNPDev *only_at(struct UPNPDev *devices, const char *gateway) {
    struct UPNPDev *kept = NULL, *next;
    for (; devices; devices = next) {
        struct UPNPDev **list = upnp_url_is_at(devices->descURL, gateway) ? &kept : NULL;
        next = devices->pNext;
        devices->pNext = list ? *list : NULL;
        if (list)
            *list = devices;
        else
            freeUPNPDevlist(devices);
    }
    return kept;
}

static bool search(struct upnp *upnp) {
    struct in_addr address;
    char gateway[INET_ADDRSTRLEN];
    int error;
    if (upnp->found) return true;
    if (!natpmp_gateway(&address) || !inet_ntop(AF_INET, &address, gateway, sizeof gateway)) return false;
    struct UPNPDev *devices =
        only_at(upnpDiscover(UPNP_SEARCH_MS, NULL, NULL, UPNP_LOCAL_PORT_ANY, 0, MULTICAST_TTL, &error), gateway);
    if (!devices) return false;
    int kind = UPNP_GetValidIGD(devices, &upnp->urls, &upnp->data, upnp->own, sizeof upnp->own);
    upnp->found = kind == CONNECTED_GATEWAY && upnp_url_is_at(upnp->urls.controlURL, gateway);
    if (kind != 0 && !upnp->found) FreeUPNPUrls(&upnp->urls);
    freeUPNPDevlist(devices);
    return upnp->found;
}

void upnp_clear(struct upnp *upnp) {
    if (upnp->found) FreeUPNPUrls(&upnp->urls);
    upnp->found = false;
}

bool upnp_external(struct upnp *upnp, struct in_addr *out) {
    char text[INET6_ADDRSTRLEN] = "";
    return search(upnp) &&
           UPNP_GetExternalIPAddress(upnp->urls.controlURL, upnp->data.first.servicetype, text) ==
               UPNPCOMMAND_SUCCESS &&
           inet_pton(AF_INET, text, out) == 1;
}

static int add(const struct upnp *upnp, const struct port_request *request, uint32_t lease_s) {
    char port[6], external[6], lease[11];
    snprintf(port, sizeof port, "%u", (unsigned)request->port);
    snprintf(external, sizeof external, "%u", (unsigned)request->external);
    snprintf(lease, sizeof lease, "%u", (unsigned)lease_s);
    return UPNP_AddPortMapping(upnp->urls.controlURL, upnp->data.first.servicetype, external, port, upnp->own, "GoChat",
                               "UDP", NULL, lease);
}

static enum port_answer map(void *context, const struct port_request *request, struct port_grant *out) {
    struct upnp *upnp = context;
    struct sockaddr_in external = {.sin_family = AF_INET, .sin_port = htons(request->external)};
    int result = UPNPCOMMAND_UNKNOWN_ERROR;
    if (upnp_external(upnp, &external.sin_addr)) {
        result = add(upnp, request, request->lease_s);
        if (result == ONLY_PERMANENT_LEASES) result = add(upnp, request, 0);
    }
    if (result == CONFLICT_IN_MAPPING_ENTRY) return PORT_TAKEN;
    if (result != UPNPCOMMAND_SUCCESS) {
        upnp_clear(upnp);
        return PORT_FAILED;
    }
    (void)address_from_sockaddr((const struct sockaddr *)&external, &out->external);
    out->lease_s = request->lease_s;
    return PORT_GRANTED;
}

static void unmap(void *context, uint16_t port, uint16_t external) {
    (void)port;
    const struct upnp *upnp = context;
    char text[6];
    snprintf(text, sizeof text, "%u", (unsigned)external);
    if (upnp->found)
        (void)UPNP_DeletePortMapping(upnp->urls.controlURL, upnp->data.first.servicetype, text, "UDP", NULL);
}

struct port_protocol upnp_protocol(struct upnp *upnp) {
    return (struct port_protocol){.name = "UPnP", .context = upnp, .map = map, .unmap = unmap};
}
