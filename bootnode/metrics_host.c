#include "bootnode/metrics_host.h"

#include <limits.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/address.h"

#define HTTP_PORT 80

static bool same(const char *name, const char *other, size_t size) {
    return strlen(name) == size && strncasecmp(name, other, size) == 0;
}

static bool is_this_machine(const char *name) {
    char own[HOST_NAME_MAX + 1] = "";
    return gethostname(own, sizeof own - 1) == 0 && own[0] && strcasecmp(name, own) == 0;
}

/* The next item of the list, without blanks around it; `*names` moves behind it. Its length, 0 also for an empty one.
 */
static size_t next_name(const char **names, const char **name) {
    *name = *names + strspn(*names, " \t");
    size_t size = strcspn(*name, ",");
    *names = *name + size + ((*name)[size] == ',');
    while (size > 0 && ((*name)[size - 1] == ' ' || (*name)[size - 1] == '\t')) size--;
    return size;
}

static bool is_listed(const char *host, const char *names) {
    const char *name;
    while (*names) {
        size_t size = next_name(&names, &name);
        if (same(host, name, size)) return true;
    }
    return false;
}

bool metrics_host_is_ours(const char *host, const char *names) {
    char name[NI_MAXHOST];
    struct address numbers;
    uint16_t port;
    if (!host || address_parse(host, HTTP_PORT, &numbers)) return true;
    if (!address_split(host, HTTP_PORT, name, sizeof name, &port)) return false;
    return strcasecmp(name, "localhost") == 0 || is_this_machine(name) || is_listed(name, names);
}

bool metrics_host_list_valid(const char *names) {
    char text[NI_MAXHOST], host[NI_MAXHOST];
    const char *name;
    uint16_t port;
    if (names[strspn(names, " \t")] == '\0') return true;
    do {
        size_t size = next_name(&names, &name);
        if (size == 0 || size >= sizeof text) return false;
        memcpy(text, name, size);
        text[size] = '\0';
        if (strchr(text, ':') || !address_split(text, HTTP_PORT, host, sizeof host, &port)) return false;
    } while (*names);
    return name[strcspn(name, ",")] == '\0';
}
