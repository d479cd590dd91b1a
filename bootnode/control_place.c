#include "bootnode/control_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/home.h"

#define NAME "/control"
#define OWN_FOLDER "/gochat"
#define OF_SYSTEM "/run/gochat" NAME

static bool put(char out[static CONTROL_PATH_SIZE], const char *folder, size_t length, const char *rest) {
    int size = snprintf(out, CONTROL_PATH_SIZE, "%.*s%s", (int)length, folder, rest);
    return size > 0 && (size_t)size < CONTROL_PATH_SIZE && out[0] == '/';
}

/* systemd gives several, separated by colons, where a service asks for several. */
static bool in_runtime_directory(char out[static CONTROL_PATH_SIZE]) {
    const char *folder = getenv("RUNTIME_DIRECTORY");
    return folder && put(out, folder, strcspn(folder, ":"), NAME);
}

static bool in_user_directory(char out[static CONTROL_PATH_SIZE]) {
    const char *folder = getenv("XDG_RUNTIME_DIR");
    return folder && put(out, folder, strlen(folder), OWN_FOLDER NAME);
}

static bool is_named(const char *setting, char out[static CONTROL_PATH_SIZE]) {
    return (*setting == '/' || *setting == '~') && home_expand(setting, out, CONTROL_PATH_SIZE) && out[0] == '/';
}

enum control_place control_place_of(const char *setting, char out[static CONTROL_PATH_SIZE]) {
    if (strcmp(setting, "auto") == 0)
        return in_runtime_directory(out) || in_user_directory(out) ? CONTROL_SOMEWHERE : CONTROL_NOWHERE;
    return is_named(setting, out) ? CONTROL_THERE : CONTROL_NOWHERE;
}

bool control_place_look(const char *setting, char out[static CONTROL_PATH_SIZE]) {
    if (strcmp(setting, "auto") != 0) return is_named(setting, out);
    return (in_user_directory(out) && access(out, F_OK) == 0) || put(out, "", 0, OF_SYSTEM);
}

bool control_place_is_valid(const char *setting) {
    char ignored[CONTROL_PATH_SIZE];
    return strcmp(setting, "auto") == 0 || strcmp(setting, "off") == 0 || is_named(setting, ignored);
}

bool control_place_is_users(const char *path) {
    char own[CONTROL_PATH_SIZE];
    return in_user_directory(own) && strcmp(own, path) == 0;
}
