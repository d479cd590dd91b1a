#include "client/keys/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/room_name.h"
#include "common/whole_file.h"
#include "common/why.h"

#define OTHERS 077u

/* Does the file lie below that directory, by their real paths? */
static bool lies_below(const char *file, const char *directory) {
    char *real = realpath(file, NULL), *above = directory && *directory ? realpath(directory, NULL) : NULL;
    size_t size = above ? strlen(above) : 0;
    bool below = real && size > 1 && strncmp(real, above, size) == 0 && real[size] == '/';
    free(real);
    free(above);
    return below;
}

/* With an access control list, the group's bits are the most that any user or group named there may do: acl(5). A file
 * without a name (a here-document, memfd_create(2)) cannot be opened by others, nor can a device keep a secret. */
static bool is_private(const struct stat *status) {
    bool named = S_ISREG(status->st_mode) || S_ISFIFO(status->st_mode);
    return !named || status->st_nlink == 0 || (status->st_mode & OTHERS) == 0;
}

static bool check_mode(int descriptor, const char *file, const char *credentials, struct why *why) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        return why_fail(why, "%s", strerror(errno));
    }
    if (is_private(&status) || lies_below(file, credentials)) return true;
    return why_fail(why, "mode %04o lets others have the secret, expected 0600: chmod 600 %s", status.st_mode & 07777u,
                    file);
}

static bool read_secret(int descriptor, uint8_t secret[static ROOM_SECRET_MAX], size_t *size, struct why *why) {
    uint8_t read[ROOM_SECRET_MAX + 1];
    ssize_t length = whole_file_read(descriptor, read, sizeof read);
    bool too_long = length > ROOM_SECRET_MAX;
    if (length < 0) {
        return why_fail(why, "%s", strerror(errno));
    }
    while (length > 0 && (read[length - 1] == '\n' || read[length - 1] == '\r')) length--;
    *size = too_long ? 0 : room_secret_unify((char *)read, (size_t)length, ROOM_SECRET_MAX);
    memcpy(secret, read, *size);
    sodium_memzero(read, sizeof read);
    if (*size > 0) return true;
    return why_fail(why, "expected 1 to %d bytes", ROOM_SECRET_MAX);
}

bool secret_file_read(const char *file, const char *credentials, uint8_t secret[static ROOM_SECRET_MAX], size_t *size,
                      struct why *why) {
    int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0) {
        return why_fail(why, "%s", strerror(errno));
    }
    bool done = check_mode(descriptor, file, credentials, why) && read_secret(descriptor, secret, size, why);
    close(descriptor);
    return done;
}
