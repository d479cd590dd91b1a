/* The helper process: all of the outside that is spoken by libraries and parsed by them, in a process that has nothing
 * to lose. It looks up names (getaddrinfo(3)) and asks the gateway (libnatpmp, miniupnpc with its XML).
 *
 * - It is forked before anything else is done, so nothing of settings, keys or secrets was ever in its memory; command
 *   line and environment are wiped there. It has one descriptor, the socket to us, and a session of its own.
 * - It ends when we do, however we end: it sees the end of the socket, gives back what it has mapped, and is gone
 *   within a second.
 * - If it ends before us, that is told once, and there is no other one: what is asked of it fails from then on.
 * - Each request waits for its own answer, at most as long as stands here; none of them waits for another. */
#pragma once

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "client/helper/protocol.h"
#include "client/helper/requests.h"
#include "common/address.h"
#include "common/attributes.h"
#include "common/why.h"

/* Who does not answer by then is given up; all are far more than it takes. */
#define HELPER_LOOK_UP_MS 300000 /* resolv.conf(5) lets three servers be asked twice for 30 s each */
#define HELPER_PORT_MS 60000
#define HELPER_EXTERNAL_MS 15000
#define HELPER_END_MS 300 /* at our end, for giving back what is mapped; then it is killed */

struct helper {
    int socket; /* -1: never started */
    pid_t process;
    atomic_bool told; /* that it has ended, or it is to end */
    struct helper_way {
        struct helper *helper;
        enum helper_protocol protocol;
    } ways[HELPER_PROTOCOLS]; /* the contexts of helper_protocol */
};

/* Forks, so no thread may run yet. `helper` stays in place until the process ends: threads that nobody waits for ask
 * it. `argv` is main's. Returns 0 or a negative errno. */
MUST_USE int helper_start(struct helper *helper, int argc, char **argv);
/* Ends it and reaps it. Nothing for one that was not started. */
void helper_end(struct helper *helper);
/* Tells that it has ended, if it has, and nobody was told: one line in the log. True if it has. */
bool helper_check(struct helper *helper);

/* As address_resolve, whose work it does there; `helper` is a struct helper. */
MUST_USE size_t helper_resolve(void *helper, const char *text, uint16_t default_port, int family, struct address *out,
                               size_t capacity, struct why *why);
/* That way to have ports mapped. */
struct port_protocol helper_protocol(struct helper *helper, enum helper_protocol protocol);
/* The gateway's own address, which it is asked for; false when it does not tell. */
MUST_USE bool helper_external(struct helper *helper, enum helper_protocol protocol, struct in_addr *out);
