#include "bootnode/key_record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/directory.h"

#define TEXT_SIZE 65 /* hex digits and the newline */

static bool fitted(int size) {
    errno = ENAMETOOLONG;
    return size < PATH_MAX;
}

static bool name_of(const char *key_file, char out[static PATH_MAX]) {
    return fitted(snprintf(out, PATH_MAX, "%s.pub", key_file));
}

/* Beside it, hidden. */
static bool name_template(const char *key_file, char out[static PATH_MAX]) {
    const char *slash = strrchr(key_file, '/'), *name = slash ? slash + 1 : key_file;
    return fitted(snprintf(out, PATH_MAX, "%.*s.%s.pub.XXXXXX", (int)(name - key_file), key_file, name));
}

bool key_record_read(const char *key_file, uint8_t public[static 32]) {
    char path[PATH_MAX], text[TEXT_SIZE + 1];
    size_t size = 0;
    if (!name_of(key_file, path)) return false;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) return false;
    bool whole = read(file, text, sizeof text) == TEXT_SIZE && text[TEXT_SIZE - 1] == '\n';
    close(file);
    return whole && sodium_hex2bin(public, 32, text, TEXT_SIZE - 1, NULL, &size, NULL) == 0 && size == 32;
}

static bool write_text(int file, const uint8_t public[static 32]) {
    char text[TEXT_SIZE + 1];
    sodium_bin2hex(text, sizeof text, public, 32);
    text[TEXT_SIZE - 1] = '\n';
    ssize_t written = write(file, text, TEXT_SIZE);
    if (written >= 0 && written < TEXT_SIZE) errno = ENOSPC;
    return written == TEXT_SIZE && fchmod(file, 0644) == 0 && fsync(file) == 0;
}

bool key_record_write(const char *key_file, const uint8_t public[static 32]) {
    char path[PATH_MAX], temporary[PATH_MAX];
    if (!name_of(key_file, path) || !name_template(key_file, temporary)) return false;
    int file = mkostemp(temporary, O_CLOEXEC);
    if (file < 0) return false;
    bool written = write_text(file, public) && rename(temporary, path) == 0;
    int error = errno;
    close(file);
    if (!written) unlink(temporary);
    errno = error;
    return written && directory_sync_above(path);
}
