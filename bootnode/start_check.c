#include "bootnode/start_check.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bootnode/cluster/board_files.h"
#include "bootnode/control_place.h"
#include "bootnode/key_check.h"
#include "bootnode/rehearsal.h"

/* --- Its files --- */

/* Who reads them is whoever starts it, as here. */
static void check_lists(struct faults *faults, const char *key, const struct ini_path_list *list) {
    if (!faults_known(faults, key)) return;
    for (size_t i = 0; i < list->count; i++) {
        struct stat status;
        if (stat(list->items[i], &status) != 0 || access(list->items[i], R_OK) != 0)
            faults_add(faults, key, i, "%s", strerror(errno));
        else if (!S_ISREG(status.st_mode))
            faults_add(faults, key, i, "expected a file");
    }
}

/* Of the board. What is secret is closed to others. */
static void check_board_files(struct faults *faults) {
    const struct cluster_config *cluster = &faults->config->cluster;
    const struct {
        const char *key, *file;
        bool secret;
    } files[] = {{"nats_ca", cluster->nats_ca, false},
                 {"nats_cert", cluster->nats_cert, false},
                 {"nats_key", cluster->nats_key, true},
                 {"nats_credentials", cluster->nats_credentials, true}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!faults_given(faults, files[i].key) || *files[i].file == '\0') continue;
        const struct why why = board_files_judge(files[i].file, files[i].secret);
        if (*why.text) faults_add(faults, files[i].key, 0, "%s", why.text);
    }
}

/* Leaves the folder of a whole path; always true. */
static bool go_up(char *path) {
    char *slash = strrchr(path, '/');
    if (slash) slash[slash == path] = '\0';
    return true;
}

/* Where a path is named there must be a socket; elsewhere it may be missing. */
static void check_control(struct faults *faults) {
    char path[CONTROL_PATH_SIZE];
    struct stat status;
    if (!faults_known(faults, "control") || control_place_of(faults->config->control, path) != CONTROL_THERE) return;
    if (lstat(path, &status) == 0) {
        if (!S_ISSOCK(status.st_mode)) faults_add(faults, "control", 0, "there is something that is no socket");
    } else if (errno != ENOENT || !go_up(path) || stat(path, &status) != 0) {
        faults_add(faults, "control", 0, "%s", strerror(errno));
    }
}

/* Where it is missing it is made, with the folders above it. What whoever checks may not see is not judged. */
static void check_state_file(struct faults *faults) {
    const char *file = faults->config->cluster.state_file;
    char path[INI_TEXT_SIZE];
    struct stat status;
    if (!faults_known(faults, "state_file") || *file == '\0') return;
    memcpy(path, file, sizeof path);
    int found = stat(path, &status);
    if (found == 0 && !S_ISREG(status.st_mode)) faults_add(faults, "state_file", 0, "expected a regular file");
    if (found == 0) return;
    while (found != 0 && errno == ENOENT && strchr(path, '/') && strcmp(path, "/") != 0 && go_up(path))
        found = stat(path, &status);
    if ((found == 0 && !S_ISDIR(status.st_mode)) || (found != 0 && errno != ENOENT && errno != EACCES))
        faults_add(faults, "state_file", 0, "%s", strerror(found == 0 ? ENOTDIR : errno));
}

/* --- Its addresses --- */

static bool is_broadcast(const struct ifaddrs *interfaces, const struct address *address) {
    for (; interfaces; interfaces = interfaces->ifa_next) {
        struct address broadcast;
        if (!(interfaces->ifa_flags & IFF_BROADCAST) || !interfaces->ifa_broadaddr) continue;
        if (!address_from_sockaddr(interfaces->ifa_broadaddr, &broadcast)) continue;
        if (address_same_ip(&broadcast, address)) return true;
    }
    return false;
}

/* An interface with one address alone (a /32) may say that it is its own broadcast address. */
static bool is_own(const struct ifaddrs *interfaces, const struct address *address) {
    for (; interfaces; interfaces = interfaces->ifa_next) {
        struct address own;
        if (interfaces->ifa_addr && address_from_sockaddr(interfaces->ifa_addr, &own) && address_same_ip(&own, address))
            return true;
    }
    return false;
}

static void check_broadcast(struct faults *faults, const struct ifaddrs *interfaces, const char *key,
                            const struct ini_address_list *list) {
    if (!faults_known(faults, key)) return;
    for (size_t i = 0; i < list->count; i++)
        if (is_broadcast(interfaces, &list->items[i]) && !is_own(interfaces, &list->items[i]))
            faults_add(faults, key, i, "a network's broadcast address, expected one of this machine's own");
}

static void check_addresses(struct faults *faults) {
    struct ifaddrs *interfaces;
    if (getifaddrs(&interfaces) != 0) return;
    check_broadcast(faults, interfaces, "listen", &faults->config->listen);
    check_broadcast(faults, interfaces, "stun_alternate", &faults->config->stun_alternate);
    check_broadcast(faults, interfaces, "metrics", &faults->config->metrics);
    freeifaddrs(interfaces);
}

void start_check(struct faults *faults, FILE *notes) {
    key_check(faults, notes);
    check_lists(faults, "deny_file", &faults->config->deny_file);
    check_lists(faults, "allow_file", &faults->config->allow_file);
    check_board_files(faults);
    check_control(faults);
    check_state_file(faults);
    check_addresses(faults);
    rehearsal_listen(faults, notes);
    rehearsal_metrics(faults);
}
