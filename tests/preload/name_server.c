/* Loaded before the C library (LD_PRELOAD): a resolver in a bad network. "silent.test" is never answered; "ending.test"
 * ends the process that asks; "late.test" is not known now until there is a file where NAMES_FILE says, and then this
 * machine; "machine.test" is this machine, found as systemd's nss-myhostname finds its own name; others are asked for
 * as usual. */
#include <dlfcn.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *file;

typedef int resolver(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result);

/* Who looks up names may have wiped its environment by then. */
__attribute__((constructor)) static void read_environment(void) {
    file = getenv("NAMES_FILE");
    if (file) file = strdup(file);
}

/* Does the kernel tell about interfaces, with all that sd-netlink wants to be told? */
static int ask_kernel(void) {
    static const int options[] = {NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK, NETLINK_PKTINFO};
    const struct sockaddr_nl any = {.nl_family = AF_NETLINK};
    int on = 1, socket_of_kernel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    int asked = socket_of_kernel < 0 ? -1 : 0;
    for (size_t i = 0; i < sizeof options / sizeof *options && asked == 0; i++)
        asked = setsockopt(socket_of_kernel, SOL_NETLINK, options[i], &on, sizeof on);
    if (asked == 0) asked = bind(socket_of_kernel, (const struct sockaddr *)&any, sizeof any);
    if (socket_of_kernel >= 0) close(socket_of_kernel);
    return asked;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    resolver *next = (resolver *)dlsym(RTLD_NEXT, "getaddrinfo");
    if (node && strcmp(node, "silent.test") == 0)
        for (;;) poll(NULL, 0, -1);
    if (node && strcmp(node, "ending.test") == 0) _exit(EXIT_FAILURE);
    if (node && strcmp(node, "machine.test") == 0)
        return ask_kernel() == 0 ? next("127.0.0.1", service, hints, result) : EAI_FAIL;
    if (!node || strcmp(node, "late.test") != 0) return next(node, service, hints, result);
    return file && access(file, F_OK) == 0 ? next("127.0.0.1", service, hints, result) : EAI_AGAIN;
}
