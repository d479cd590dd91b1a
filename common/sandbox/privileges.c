#include "common/sandbox/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/memo.h"

#define NAME_SIZE 256
#define CAPABILITIES_MOST 64 /* bits in the two words of version 3 */

/* --- Users --- */

static bool is_number(const char *text, unsigned *out) {
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    *out = (unsigned)number;
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && number < (uid_t)-1;
}

/* A number needs no entry in the database where a group stands beside it. */
static bool find_user(const char *name, bool with_group, struct privileges_user *out, struct why *why) {
    unsigned number = 0;
    bool numeric = is_number(name, &number);
    const struct passwd *entry = numeric ? getpwuid(number) : getpwnam(name);
    if (!entry && !(numeric && with_group)) return why_fail(why, "no user %s here", name);
    *out = (struct privileges_user){.user = entry ? entry->pw_uid : number, .group = entry ? entry->pw_gid : 0};
    return true;
}

static bool find_group(const char *name, struct privileges_user *out, struct why *why) {
    const struct group *entry = getgrnam(name);
    unsigned number;
    if (!entry && !is_number(name, &number)) return why_fail(why, "no group %s here", name);
    out->group = entry ? entry->gr_gid : number;
    return true;
}

static bool ask_for(const char *text, struct privileges_user *out, struct why *why) {
    char name[NAME_SIZE];
    const char *colon = strchr(text, ':');
    int length = colon ? (int)(colon - text) : (int)strlen(text);
    if (length == 0 || length >= NAME_SIZE || (colon && !colon[1])) return why_fail(why, "no name");
    snprintf(name, sizeof name, "%.*s", length, text);
    return find_user(name, colon != NULL, out, why) && (!colon || find_group(colon + 1, out, why));
}

bool privileges_find(const char *text, struct privileges_user *out, struct why *why) {
    if (memo_sealed())
        return memo_find(MEMO_USER, text, out, sizeof *out) ||
               why_fail(why, "a new user is only looked up at the start");
    if (!ask_for(text, out, why)) return false;
    memo_keep(MEMO_USER, text, out, sizeof *out);
    return true;
}

/* Nobody goes back: as root none of these fails to be seen here. */
static bool is_for_good(const struct privileges_user *user) {
    return user->user == 0 || (setuid(0) != 0 && seteuid(0) != 0);
}

bool privileges_become(const struct privileges_user *user, struct why *why) {
    if (geteuid() == user->user && getuid() == user->user && (user->user != 0 || getegid() == user->group)) return true;
    if (geteuid() != 0)
        return why_fail(why, "only root becomes another user, and this is user %u", (unsigned)geteuid());
    if (setgroups(1, &user->group) != 0 || setresgid(user->group, user->group, user->group) != 0 ||
        setresuid(user->user, user->user, user->user) != 0)
        return why_fail(why, "%s", strerror(errno));
    return is_for_good(user) || why_fail(why, "there is a way back to root");
}

/* --- Capabilities --- */

/* Only who has CAP_SETPCAP may, and nobody else needs it: without new privileges nothing comes out of the set. */
static void empty_bounds(void) {
    for (unsigned long capability = 0; capability < CAPABILITIES_MOST; capability++)
        if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1) (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

/* In all three sets that a thread has of its own. */
static bool has_any(void) {
    struct __user_cap_header_struct self = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capget, &self, sets) != 0) return true;
    uint32_t all = 0;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        all |= sets[i].effective | sets[i].permitted | sets[i].inheritable;
    return all != 0;
}

/* A service manager may have dropped them, and the call that does it, before. */
bool privileges_drop(struct why *why) {
    struct __user_cap_header_struct self = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return why_fail(why, "no_new_privs: %s", strerror(errno));
    empty_bounds();
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* Linux 4.3; they would go with the others, too */
    return syscall(SYS_capset, &self, none) == 0 || !has_any() || why_fail(why, "capabilities: %s", strerror(errno));
}
