#include "common/home.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/memo.h"

#define ENTRY_SIZE 16384 /* of a line of the password database: far more than sysconf(_SC_GETPW_R_SIZE_MAX) says */

static bool fits(int length, size_t size) {
    return length >= 0 && (size_t)length < size;
}

static bool ask_for_directory(const char *name, char *out, size_t size) {
    struct passwd entry, *found = NULL;
    char buffer[ENTRY_SIZE];
    if (name)
        (void)getpwnam_r(name, &entry, buffer, sizeof buffer, &found);
    else
        (void)getpwuid_r(getuid(), &entry, buffer, sizeof buffer, &found);
    return found && *found->pw_dir == '/' && fits(snprintf(out, size, "%s", found->pw_dir), size);
}

/* NULL: ourselves. */
static bool directory_of(const char *name, char *out, size_t size) {
    const char *asked = name ? name : "";
    if (memo_sealed()) return memo_find(MEMO_HOME, asked, out, size);
    if (!ask_for_directory(name, out, size)) return false;
    memo_keep(MEMO_HOME, asked, out, strlen(out) + 1);
    return true;
}

bool home_directory(char *out, size_t size) {
    const char *home = getenv("HOME");
    return home && *home == '/' ? fits(snprintf(out, size, "%s", home), size) : directory_of(NULL, out, size);
}

bool home_expand(const char *path, char *out, size_t size) {
    char name[256];
    size_t length = strcspn(path, "/");
    if (*path != '~') return fits(snprintf(out, size, "%s", path), size);
    if (length > sizeof name) return false;
    memcpy(name, path + 1, length - 1);
    name[length - 1] = '\0';
    if (!(*name ? directory_of(name, out, size) : home_directory(out, size))) return false;
    size_t used = strlen(out);
    return fits(snprintf(out + used, size - used, "%s", path + length), size - used);
}

bool home_place(const char *variable, const char *below, char *out, size_t size) {
    const char *given = getenv(variable);
    if (given && *given == '/') return fits(snprintf(out, size, "%s/gochat", given), size);
    if (!home_directory(out, size)) return false;
    size_t used = strlen(out);
    return fits(snprintf(out + used, size - used, "/%s/gochat", below), size - used);
}
