#include "client/keys/identity_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"

#define NICK_PART_SIZE (3 * TEXT_NICK_MAX + 1)
#define REPLACED_AT_MOST 8 /* times between our opening and holding it */

/* --- Where --- */

/* The name is found by people, so letters stay; what a file name cannot hold is written as %XX. */
static void file_part(const char *nick, char out[static NICK_PART_SIZE]) {
    size_t at = 0;
    for (; *nick && at + 3 < NICK_PART_SIZE; nick++) {
        bool plain = (unsigned char)*nick > ' ' && !strchr("/%\x7f", *nick);

        at += (size_t)snprintf(out + at, NICK_PART_SIZE - at, plain ? "%c" : "%%%02X", (unsigned char)*nick);
    }
    out[at] = '\0';
}

bool identity_file_path(const char *directory, const char *name, const char *nick, char out[static IDENTITY_PATH_SIZE],
                        struct why *why) {
    char part[NICK_PART_SIZE] = "";
    file_part(nick, part);
    if (snprintf(out, IDENTITY_PATH_SIZE, "%s/%s%s%s", directory, name, *nick ? "." : "", part) < IDENTITY_PATH_SIZE)
        return true;
    return why_fail(why, "%s: the path is too long", directory);
}

/* After a failed open(2): is it certain that there is such a file? Not where the directory cannot be searched. */
static bool is_there(const char *path, int error) {
    const char *slash = strrchr(path, '/');
    char directory[IDENTITY_PATH_SIZE];
    snprintf(directory, sizeof directory, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    return error != ENOENT && error != ENOTDIR && (error != EACCES || access(directory, X_OK) == 0);
}

/* --- What is in it --- */

static bool complain(const char *path, const struct seed_trouble *trouble, struct why *why) {
    switch (trouble->fault) {
    case SEED_UNREADABLE: break;
    case SEED_LINK:
    case SEED_WAY: return why_fail(why, "%s: is a symbolic link, expected a regular file", path);
    case SEED_IRREGULAR: return why_fail(why, "%s: expected a regular file", path);
    case SEED_FOREIGN:
        return why_fail(why, "%s: belongs to user %u, expected %u", path, trouble->status.st_uid, geteuid());
    case SEED_OPEN:
        return why_fail(why, "%s: mode %04o lets others read the key, expected 0600: chmod 600 %s", path,
                        trouble->status.st_mode & 07777u, path);
    case SEED_MALFORMED:
        return why_fail(why, "%s: line 1: expected 64 hex digits and a newline, and nothing else in the file", path);
    }
    return why_fail(why, "%s: %s", path, strerror(errno));
}

static bool read_sealed(const char *path, const char *text, size_t size, struct identity_file *out, struct why *why) {
    struct why line;
    out->sealed = true;
    if (!sealed_seed_parse(text, size, &out->box, &line)) return why_fail(why, "%s: %s", path, line.text);
    memcpy(out->public, out->box.public, sizeof out->public);
    return true;
}

static bool read_open(const char *path, struct identity_file *out, struct why *why) {
    struct seed_trouble trouble;
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    if (!seed_file_read(out->descriptor, out->seed, &trouble)) return complain(path, &trouble, why);
    crypto_sign_seed_keypair(out->public, secret, out->seed);
    sodium_memzero(secret, sizeof secret);
    return true;
}

static bool read_key(const char *path, struct identity_file *out, struct why *why) {
    char text[SEALED_SEED_TEXT_MAX];
    ssize_t size = pread(out->descriptor, text, sizeof text, 0);
    bool sealed = size > 0 && sealed_seed_is(text, (size_t)size);
    bool done = sealed ? read_sealed(path, text, (size_t)size, out, why) : read_open(path, out, why);
    sodium_memzero(text, sizeof text);
    return done;
}

/* --- Who uses it --- */

static bool same_file(int descriptor, const char *path) {
    struct stat held, there;
    return fstat(descriptor, &held) == 0 && lstat(path, &there) == 0 && held.st_dev == there.st_dev &&
           held.st_ino == there.st_ino;
}

/* What is held must be what stands there: somebody may have put another one in its place since it was opened. */
static enum identity_file_outcome open_once(const char *path, bool hold, struct identity_file *out, struct why *why) {
    const struct seed_policy policy = seed_policy_personal();
    struct seed_trouble trouble;
    out->descriptor = seed_file_open(path, &policy, &trouble);
    if (out->descriptor < 0 && trouble.fault == SEED_UNREADABLE && !is_there(path, errno)) return IDENTITY_FILE_MISSING;
    if (out->descriptor < 0) {
        complain(path, &trouble, why);
        return IDENTITY_FILE_FAILED;
    }
    if (!hold || flock(out->descriptor, LOCK_EX | LOCK_NB) == 0) return IDENTITY_FILE_OPENED;
    bool used = errno == EWOULDBLOCK;
    why_fail(why, "%s: %s", path, used ? "in use by another client" : strerror(errno));
    return used ? IDENTITY_FILE_IN_USE : IDENTITY_FILE_FAILED;
}

enum identity_file_outcome identity_file_open(const char *path, bool hold, struct identity_file *out, struct why *why) {
    memset(out, 0, sizeof *out);
    out->descriptor = -1;
    for (int i = 0; i < REPLACED_AT_MOST; i++) {
        enum identity_file_outcome outcome = open_once(path, hold, out, why);
        if (outcome != IDENTITY_FILE_OPENED) return outcome;
        if (!hold || same_file(out->descriptor, path))
            return read_key(path, out, why) ? IDENTITY_FILE_OPENED : IDENTITY_FILE_DAMAGED;
        identity_file_close(out);
    }
    why_fail(why, "%s: is replaced again and again", path);
    return IDENTITY_FILE_FAILED;
}

void identity_file_close(struct identity_file *file) {
    if (file->descriptor >= 0) close(file->descriptor);
    sodium_memzero(file, sizeof *file);
    file->descriptor = -1;
}
