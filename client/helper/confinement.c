#include "client/helper/confinement.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/sandbox/sandbox.h"

#define ROUTES "/proc/self/net" /* which libnatpmp reads */

static bool shut_off(void) {
    struct places *places = places_create();
    if (!places) return false;
    apart_add_resolver(places);
    places_add(places, ROUTES, strlen(ROUTES), LANDLOCK_READS);
    const struct sandbox sandbox = {.calls = SYSCALLS_READS | SYSCALLS_SOCKETS | SYSCALLS_STREAMS | SYSCALLS_LIBRARIES,
                                    .places = places->items,
                                    .place_count = places->count};
    bool entered = sandbox_enter(&sandbox);
    places_free(places);
    return entered;
}

void confinement_enter(int socket, int argc, char **argv) {
    apart_leave(socket, "gochat-helper", false, argc, argv);
    if (!shut_off()) _exit(1);
}
