/* Where the control socket of a bootnode is: the setting `control`, for the bootnode and for who commands it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

#define CONTROL_PATH_SIZE (sizeof((struct sockaddr_un *)NULL)->sun_path)

enum control_place {
    CONTROL_NOWHERE, /* none is wanted, or there is no folder for it */
    CONTROL_SOMEWHERE,
    CONTROL_THERE, /* the setting says where */
};

/* What the setting means for a bootnode: "off", a path, or "auto", which is `control` in $RUNTIME_DIRECTORY, which
 * systemd gives, else in the folder gochat in $XDG_RUNTIME_DIR. */
enum control_place control_place_of(const char *setting, char out[static CONTROL_PATH_SIZE]);
/* Where who commands looks for it: the same, but that "auto" is the one in $XDG_RUNTIME_DIR if that is there, else
 * /run/gochat/control. False for "off". */
bool control_place_look(const char *setting, char out[static CONTROL_PATH_SIZE]);
/* Whether the setting is one of these; what is too long for a socket's name is none. */
bool control_place_is_valid(const char *setting);
/* Whether the last folder of this path is one that "auto" may make: gochat in $XDG_RUNTIME_DIR, which is there as long
 * as somebody is logged in, and nobody else's. */
bool control_place_is_users(const char *path);
