/* The control socket's place in the file system: made, found, and removed.
 *
 * A UNIX socket and not an abstract one, which has no owner and no mode. Rules:
 * 1. From its first moment it is mode 0600, and its owner's is who the bootnode is: nobody else comes in but root.
 * 2. What lies there is replaced only where it is a socket at which nobody listens any more, as a crash leaves it.
 * 3. It is removed at the end, unless another one lies there by then. Where the bootnode may not (root's folder, and it
 *    became somebody else), it stays behind, and the next start replaces it by rule 2. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "bootnode/control_place.h"
#include "common/attributes.h"
#include "common/sandbox/privileges.h"
#include "common/why.h"

struct control_socket {
    int descriptor; /* listens, non-blocking; -1: none */
    char path[CONTROL_PATH_SIZE];
    struct stat made; /* to know it again */
};

/* Listens. Its folder is there, but for the last one of "auto", which is made. `owner`: who the bootnode is about to
 * become, or NULL. Before other threads start: it changes the umask for a moment. False with one line in `why` that
 * names the path. */
MUST_USE bool control_socket_open(struct control_socket *socket, const char *path, const struct privileges_user *owner,
                                  struct why *why);
/* The folder that it lies in. */
void control_socket_folder(const struct control_socket *socket, char out[static CONTROL_PATH_SIZE]);
/* Closes and removes it; nothing where it was not opened. */
void control_socket_close(struct control_socket *socket);
/* A connection to it, blocking; -1 with one line in `why`. */
MUST_USE int control_socket_connect(const char *path, struct why *why);
