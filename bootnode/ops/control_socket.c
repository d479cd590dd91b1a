#include "bootnode/ops/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bootnode/control_place.h"

#define BACKLOG 16
#define MODE_OTHERS 0177 /* all but reading and writing by its owner */

void control_socket_folder(const struct control_socket *socket, char out[static CONTROL_PATH_SIZE]) {
    const char *slash = strrchr(socket->path, '/');
    size_t length = slash == socket->path ? 1 : (size_t)(slash - socket->path);
    snprintf(out, CONTROL_PATH_SIZE, "%.*s", (int)length, socket->path);
}

/* --- Listening --- */

static struct sockaddr_un name_of(const char *path) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    return name;
}

/* What a connection to it says; 0: somebody listens. */
static int ask(const char *path, int flags) {
    const struct sockaddr_un name = name_of(path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (descriptor < 0) return errno;
    int error = connect(descriptor, (const struct sockaddr *)&name, sizeof name) == 0 ? 0 : errno;
    close(descriptor);
    return error;
}

/* Rule 2. A queue that is full (EAGAIN) is somebody's who listens. */
static bool make_way(const char *path, struct why *why) {
    struct stat there;
    if (lstat(path, &there) != 0)
        return errno == ENOENT || why_fail(why, "control socket %s: %s", path, strerror(errno));
    if (!S_ISSOCK(there.st_mode)) return why_fail(why, "control socket %s: there is something that is no socket", path);
    int error = ask(path, SOCK_NONBLOCK);
    if (error == 0 || error == EAGAIN) return why_fail(why, "control socket %s: another bootnode listens there", path);
    if (error != ECONNREFUSED && error != ENOENT) return why_fail(why, "control socket %s: %s", path, strerror(error));
    return unlink(path) == 0 || errno == ENOENT || why_fail(why, "control socket %s: %s", path, strerror(errno));
}

/* Where the folder is that user's already, something else may lie in the socket's place by now. Nothing but a socket
 * that has no other name is given away. */
static bool give(const struct control_socket *socket, const struct privileges_user *owner) {
    struct stat there;
    int file = open(socket->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) return false;
    errno = EPERM;
    bool given = fstat(file, &there) == 0 && S_ISSOCK(there.st_mode) && there.st_nlink == 1 &&
                 fchownat(file, "", owner->user, owner->group, AT_EMPTY_PATH) == 0;
    int error = errno;
    close(file);
    errno = error;
    return given;
}

static bool bind_to(struct control_socket *socket, const struct privileges_user *owner) {
    const struct sockaddr_un name = name_of(socket->path);
    mode_t mask = umask(MODE_OTHERS);
    bool bound = bind(socket->descriptor, (const struct sockaddr *)&name, sizeof name) == 0;
    int error = errno;
    (void)umask(mask);
    errno = error;
    return bound && (!owner || give(socket, owner)) && lstat(socket->path, &socket->made) == 0 &&
           listen(socket->descriptor, BACKLOG) == 0;
}

static bool make_users_folder(const struct control_socket *socket) {
    char folder[CONTROL_PATH_SIZE];
    if (!control_place_is_users(socket->path)) return true;
    control_socket_folder(socket, folder);
    return mkdir(folder, S_IRWXU) == 0 || errno == EEXIST;
}

bool control_socket_open(struct control_socket *out, const char *path, const struct privileges_user *owner,
                         struct why *why) {
    *out = (struct control_socket){.descriptor = -1};
    int size = snprintf(out->path, sizeof out->path, "%s", path);
    if ((size_t)size >= sizeof out->path) return why_fail(why, "control socket %s: its path is too long", path);
    if (!make_users_folder(out)) return why_fail(why, "control socket %s: its folder: %s", path, strerror(errno));
    if (!make_way(path, why)) return false;
    out->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (out->descriptor >= 0 && bind_to(out, owner)) return true;
    why_fail(why, "control socket %s: %s", path, strerror(errno));
    control_socket_close(out);
    return false;
}

void control_socket_close(struct control_socket *socket) {
    struct stat there;
    if (socket->descriptor < 0) return;
    close(socket->descriptor);
    socket->descriptor = -1;
    if (lstat(socket->path, &there) == 0 && there.st_ino == socket->made.st_ino && there.st_dev == socket->made.st_dev)
        (void)unlink(socket->path);
}

/* --- Connecting --- */

int control_socket_connect(const char *path, struct why *why) {
    const struct sockaddr_un name = name_of(path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 && connect(descriptor, (const struct sockaddr *)&name, sizeof name) == 0) return descriptor;
    int error = errno;
    if (descriptor >= 0) close(descriptor);
    why_fail(why, "control socket %s: %s", path, strerror(error));
    if (error == ENOENT || error == ECONNREFUSED) why_add(why, " (does the bootnode run, with its setting control?)");
    if (error == EACCES) why_add(why, ", expected root, or the bootnode's own user");
    return -1;
}
