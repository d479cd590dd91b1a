/* Loaded before the C library (LD_PRELOAD): a resolver in a bad network. "silent.test" is never answered; "late.test"
 * is not known now until there is a file where NAMES_FILE says, and then this machine; others are asked for as usual.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *file;

typedef int resolver(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result);

/* Who looks up names may have wiped its environment by then. */
__attribute__((constructor)) static void read_environment(void) {
    file = getenv("NAMES_FILE");
    if (file) file = strdup(file);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    resolver *next = (resolver *)dlsym(RTLD_NEXT, "getaddrinfo");
    if (node && strcmp(node, "silent.test") == 0)
        for (;;) poll(NULL, 0, -1);
    if (!node || strcmp(node, "late.test") != 0) return next(node, service, hints, result);
    return file && access(file, F_OK) == 0 ? next("127.0.0.1", service, hints, result) : EAI_AGAIN;
}
