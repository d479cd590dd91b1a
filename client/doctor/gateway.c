#include "client/doctor/gateway.h"

static void run(void *argument) {
    struct gateway *gateway = argument;
    struct gateway_findings *findings = &gateway->findings;
    struct in_addr external;
    findings->natpmp = helper_external(gateway->helper, HELPER_NATPMP, &findings->external);
    findings->upnp = helper_external(gateway->helper, HELPER_UPNP, &external);
    if (findings->upnp && !findings->natpmp) findings->external = external;
}

void gateway_start(struct gateway *gateway, struct helper *helper) {
    if (gateway->findings.asked) return;
    gateway->helper = helper;
    gateway->findings.asked = thread_start(&gateway->thread, "gateway", false, run, gateway) == 0;
}

void gateway_finish(struct gateway *gateway) {
    thread_join(&gateway->thread);
}
