#include "client/doctor/gateway.h"

#include "client/ports/natpmp.h"
#include "client/ports/upnp.h"

#define NATPMP_PATIENCE_MS 1000

static void run(void *argument) {
    struct gateway_findings *findings = &((struct gateway *)argument)->findings;
    struct upnp upnp = {.found = false};
    findings->natpmp = natpmp_external(NATPMP_PATIENCE_MS, &findings->external);
    struct in_addr external;
    findings->upnp = upnp_external(&upnp, &external);
    if (findings->upnp && !findings->natpmp) findings->external = external;
    upnp_clear(&upnp);
}

void gateway_start(struct gateway *gateway) {
    if (gateway->findings.asked) return;
    gateway->findings.asked = thread_start(&gateway->thread, "gateway", false, run, gateway) == 0;
}

void gateway_finish(struct gateway *gateway) {
    thread_join(&gateway->thread);
}
