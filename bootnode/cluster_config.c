#include "bootnode/cluster_config.h"

#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/address.h"
#include "common/home.h"

#define SEPARATORS ", \t"
#define PLAIN "nats://"
#define SECRET "tls://"
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

bool cluster_config_name_valid(const char *value) {
    size_t length = strlen(value);
    return length <= CLUSTER_NAME_MAX && strspn(value, NAME_CHARACTERS) == length;
}

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

/* Of one server: "SCHEME://HOST[:PORT]". */
static bool add_server(const char *item, struct cluster_servers *out, struct why *why) {
    char host[NI_MAXHOST];
    uint16_t port;
    bool tls = starts_with(item, SECRET);
    if (!tls && !starts_with(item, PLAIN))
        return why_fail(why, "expected tls://HOST:PORT or nats://HOST:PORT, not %s", item);
    const char *place = item + strlen(tls ? SECRET : PLAIN);
    if (strchr(place, '@')) return why_fail(why, "expected no user in a URL: that is what nats_credentials is for");
    if (!address_split(place, CLUSTER_NATS_PORT, host, sizeof host, &port) || port == 0)
        return why_fail(why, "expected a host and a port in %s", item);
    if (out->count == CLUSTER_SERVERS_MAX) return why_fail(why, "expected %d servers at most", CLUSTER_SERVERS_MAX);
    if (out->count > 0 && out->tls != tls) return why_fail(why, "expected tls:// for all servers, or nats:// for all");
    out->tls = tls;
    const char *format = strchr(host, ':') ? "%s[%s]:%u" : "%s%s:%u";
    int length = snprintf(out->items[out->count++], CLUSTER_SERVER_SIZE, format, tls ? SECRET : PLAIN, host, port);
    return length < CLUSTER_SERVER_SIZE || why_fail(why, "expected a shorter name than %s", host);
}

bool cluster_config_servers(const char *value, struct cluster_servers *out, struct why *why) {
    char item[INI_TEXT_SIZE];
    memset(out, 0, sizeof *out);
    for (value += strspn(value, SEPARATORS); *value; value += strspn(value, SEPARATORS)) {
        size_t length = strcspn(value, SEPARATORS);
        if (length >= sizeof item) return why_fail(why, "expected a shorter URL");
        snprintf(item, sizeof item, "%.*s", (int)length, value);
        if (!add_server(item, out, why)) return false;
        value += length;
    }
    return true;
}

bool cluster_config_nats_valid(const char *value) {
    struct cluster_servers ignored;
    struct why why;
    return cluster_config_servers(value, &ignored, &why);
}

static bool find_default(char out[static INI_TEXT_SIZE]) {
    const char *state = getenv("STATE_DIRECTORY");
    char folder[PATH_MAX];
    int length = -1;
    /* systemd joins several with colons. */
    if (state && *state)
        length = snprintf(out, INI_TEXT_SIZE, "%.*s/cluster.state", (int)strcspn(state, ":"), state);
    else if (home_place("XDG_STATE_HOME", ".local/state", folder, sizeof folder))
        length = snprintf(out, INI_TEXT_SIZE, "%s/cluster.state", folder);
    return length > 0 && length < INI_TEXT_SIZE;
}

bool cluster_config_state_file(const struct cluster_config *config, char out[static INI_TEXT_SIZE]) {
    if (config->state_file[0] == '\0') return find_default(out);
    memcpy(out, config->state_file, INI_TEXT_SIZE);
    return true;
}
