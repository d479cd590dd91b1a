#include "bootnode/start_check.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bootnode/node_key.h"
#include "bootnode/rehearsal.h"
#include "common/sandbox/privileges.h"
#include "common/why.h"

/* --- Who it becomes --- */

static bool find_user(const struct faults *faults, struct privileges_user *out, struct why *why) {
    const char *named = faults->config->user;
    *out = (struct privileges_user){.user = geteuid(), .group = getegid()};
    return *named == '\0' || privileges_find(named, out, why);
}

/* --- Its key --- */

static bool folder_takes_files(const char *folder, struct why *why) {
    struct stat status;
    if (stat(folder, &status) == 0 && !S_ISDIR(status.st_mode)) return why_fail(why, "%s is no folder", folder);
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0 ||
           why_fail(why, "%s: %s", folder, strerror(errno));
}

/* Cuts the last part off. "a" lies in ".", "/a" in "/". */
static void go_up(char *path) {
    char *slash = strrchr(path, '/');
    if (!slash)
        memcpy(path, ".", 2);
    else
        slash[slash == path] = '\0';
}

/* The folders above it are made, so it is the lowest that is there which counts. */
static bool can_be_made(const char *file, struct why *why) {
    char folder[PATH_MAX];
    struct stat status;
    if (lstat(file, &status) == 0) return why_fail(why, "a symbolic link that leads nowhere");
    snprintf(folder, sizeof folder, "%s", file);
    do go_up(folder);
    while (lstat(folder, &status) != 0 && errno == ENOENT);
    struct why reason;
    return folder_takes_files(folder, &reason) || why_fail(why, "cannot be made: %s", reason.text);
}

static bool key_serves(const char *file, struct why *why) {
    const struct seed_policy policy = seed_policy_service();
    struct node_key key;
    struct stat status;
    if (stat(file, &status) != 0)
        return errno == ENOENT ? can_be_made(file, why) : why_fail(why, "%s", strerror(errno));
    bool loaded = node_key_load(file, &policy, &key, why);
    node_key_wipe(&key);
    return loaded;
}

static void tell(int descriptor, const char *text) {
    if (write(descriptor, text, strlen(text)) < 0) abort();
}

static bool is_folder(const char *file) {
    struct stat status;
    return stat(file, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Whether that user can use it, asked as that user: in a process of its own, since nobody comes back to root. */
static bool key_serves_user(const char *file, const struct privileges_user *user, struct why *why) {
    int ends[2], status = 0;
    struct why become;
    if (pipe2(ends, O_CLOEXEC) != 0) return why_fail(why, "%s", strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        bool serves = privileges_become(user, &become) ? key_serves(file, why) : why_fail(why, "%s", become.text);
        if (!serves) tell(ends[1], why->text);
        _exit(serves ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(ends[1]);
    ssize_t length = child > 0 ? read(ends[0], why->text, sizeof why->text - 1) : 0;
    why->text[length > 0 ? length : 0] = '\0';
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child) return why_fail(why, "%s", strerror(errno));
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

static bool find_key(const struct faults *faults, char file[static INI_TEXT_SIZE], struct why *why) {
    snprintf(file, INI_TEXT_SIZE, "%s", faults->config->key_file);
    return *file != '\0' || node_key_default_file(file, INI_TEXT_SIZE, why);
}

/* The file is named once, by its key or, where that has none, by us. */
static void refuse_key(struct faults *faults, const char *file, const char *why) {
    char start[INI_TEXT_SIZE + sizeof "key file : "];
    bool named = *faults->config->key_file != '\0';
    snprintf(start, sizeof start, "key file %s: ", file);
    if (strncmp(why, start, strlen(start)) == 0) why += strlen(start);
    faults_add(faults, "key_file", 0, "%s%s%s", named ? "" : file, named ? "" : ": ", why);
}

static void check_key(struct faults *faults, FILE *notes) {
    char file[INI_TEXT_SIZE];
    struct privileges_user user;
    struct why why;
    if (!faults_known(faults, "key_file")) return;
    if (!find_key(faults, file, &why)) {
        faults_add(faults, "key_file", 0, "%s", why.text);
    } else if (is_folder(file)) {
        refuse_key(faults, file, "a folder, expected a file");
    } else if (!faults_known(faults, "user") || !find_user(faults, &user, &why)) {
        return;
    } else if (geteuid() != 0 && user.user != geteuid()) {
        fprintf(notes, "user = %s: only root becomes another user, so %s has not been looked at\n",
                faults->config->user, file);
    } else if (!key_serves_user(file, &user, &why)) {
        refuse_key(faults, file, why.text);
    }
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
    check_key(faults, notes);
    check_addresses(faults);
    rehearsal_listen(faults, notes);
    rehearsal_metrics(faults);
}
