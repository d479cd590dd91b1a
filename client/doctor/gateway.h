/* Does the router open ports when it is asked? Asked is only for its own address, so nothing is opened. The helper
 * process does it, and a thread waits for that, while other things are found out. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

#include "client/helper/helper.h"
#include "common/thread.h"

struct gateway_findings {
    bool asked;
    bool natpmp, upnp;       /* who answered */
    struct in_addr external; /* the router's own address, where one did */
};

struct gateway {
    struct thread thread;
    struct helper *helper;
    struct gateway_findings findings;
};

/* Once; it stays in place until gateway_finish, which waits for the answer: 3 s, or a little longer. */
void gateway_start(struct gateway *gateway, struct helper *helper);
void gateway_finish(struct gateway *gateway);
