#include "common/installed.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Cuts the last part of the path off; "/gochat" leaves "", which is the root. False where there is none. */
static bool go_up(char *path) {
    char *slash = strrchr(path, '/');
    if (!slash) return false;
    *slash = '\0';
    return true;
}

static bool is_at(const char *folder, const char *place, const char *name, char *out, size_t size) {
    int length = snprintf(out, size, "%s/%s/%s", folder, place, name);
    return length > 0 && (size_t)length < size && access(out, F_OK) == 0;
}

bool installed_find(const char *program, const char *name, char *out, size_t size) {
    char folder[PATH_MAX];
    size_t length = strlen(program);
    if (length >= sizeof folder) return false;
    memcpy(folder, program, length + 1);
    for (int floor = 0; floor < INSTALLED_FLOORS && go_up(folder); floor++)
        if (is_at(folder, "share/gochat", name, out, size) || is_at(folder, "conf", name, out, size)) return true;
    return false;
}

const char *installed_or(const char *name, const char *manual, char *out, size_t size) {
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    if (!installed_find(program, name, out, size)) snprintf(out, size, "%s", manual);
    return out;
}
