#include "client/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/room_name.h"

bool secret_file_read(const char *file, uint8_t secret[static ROOM_SECRET_MAX], size_t *size, char *why,
                      size_t why_size) {
    int descriptor = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t length = descriptor < 0 ? -1 : read(descriptor, secret, ROOM_SECRET_MAX);
    int error = errno;
    uint8_t more;
    bool too_long = length == ROOM_SECRET_MAX && read(descriptor, &more, 1) > 0;
    if (descriptor >= 0) close(descriptor);
    if (length < 0) {
        snprintf(why, why_size, "%s", strerror(error));
        return false;
    }
    while (length > 0 && (secret[length - 1] == '\n' || secret[length - 1] == '\r')) length--;
    *size = too_long ? 0 : room_secret_unify((char *)secret, (size_t)length, ROOM_SECRET_MAX);
    if (*size > 0) return true;
    snprintf(why, why_size, "expected 1 to %d bytes", ROOM_SECRET_MAX);
    return false;
}
