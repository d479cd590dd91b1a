#include "client/keys/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/text.h"

#define PATH_SIZE 4096
#define SEED_TEXT_SIZE 65 /* 64 digits and a newline */
#define CHATTING "identity"
#define SENDING "identity-send"
#define LOCK_EVERY_MS 50
#define NICK_PART_SIZE (3 * TEXT_NICK_MAX + 1)

void identity_from_seed(const uint8_t seed[static 32], struct identity *out) {
    memcpy(out->seed, seed, sizeof out->seed);
    crypto_sign_seed_keypair(out->public, out->secret, out->seed);
    crypto_sign_ed25519_sk_to_curve25519(out->noise_secret, out->secret);
    crypto_scalarmult_base(out->noise_public, out->noise_secret);
    out->lock = -1;
    out->temporary = false;
}

void identity_close(struct identity *identity) {
    int lock = identity->lock;

    sodium_memzero(identity, sizeof *identity);
    identity->lock = -1;
    if (lock >= 0) close(lock);
}

bool identity_matches(const uint8_t identity_public[static 32], const uint8_t noise_public[static 32]) {
    uint8_t converted[32];

    return crypto_sign_ed25519_pk_to_curve25519(converted, identity_public) == 0 &&
           sodium_memcmp(converted, noise_public, sizeof converted) == 0;
}

struct opening {
    const char *directory;
    char *why;
    size_t why_size;
};

__attribute__((format(printf, 2, 3))) static bool fail(const struct opening *opening, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(opening->why, opening->why_size, format, arguments);
    va_end(arguments);
    return false;
}

static bool write_all(int file, const char *data, size_t size) {
    while (size > 0) {
        ssize_t written = write(file, data, size);

        if (written < 0 && errno != EINTR) return false;
        if (written < 0) continue;
        data += written;
        size -= (size_t)written;
    }
    return true;
}

static bool write_seed(int file) {
    char text[SEED_TEXT_SIZE];
    uint8_t seed[32];
    bool written;

    randombytes_buf(seed, sizeof seed);
    sodium_bin2hex(text, sizeof text, seed, sizeof seed);
    text[SEED_TEXT_SIZE - 1] = '\n';
    written = write_all(file, text, sizeof text) && fsync(file) == 0;
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(text, sizeof text);
    return written;
}

static bool sync_directory(const char *directory) {
    int file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = file >= 0 && fsync(file) == 0;

    if (file >= 0) close(file);
    return synced;
}

/* link(2), other than rename(2), never takes the place of a file that somebody else made meanwhile. */
static bool make_file(const struct opening *opening, const char *path) {
    char temporary[PATH_SIZE];
    bool made;
    int file;

    if (snprintf(temporary, sizeof temporary, "%s/.identity.XXXXXX", opening->directory) >= (int)sizeof temporary)
        return fail(opening, "%s: the path is too long", opening->directory);
    file = mkostemp(temporary, O_CLOEXEC);
    if (file < 0) return fail(opening, "%s: cannot make it: %s", path, strerror(errno));
    made = write_seed(file) && (link(temporary, path) == 0 || errno == EEXIST) && sync_directory(opening->directory);
    if (!made) fail(opening, "%s: cannot make it: %s", path, strerror(errno));
    unlink(temporary);
    close(file);
    return made;
}

/* The name is found by people, so letters stay; what a file name cannot hold is written as %XX. */
static void file_part(const char *nick, char out[static NICK_PART_SIZE]) {
    size_t at = 0;

    for (; *nick && at + 3 < NICK_PART_SIZE; nick++) {
        bool plain = (unsigned char)*nick > ' ' && !strchr("/%\x7f", *nick);

        at += (size_t)snprintf(out + at, NICK_PART_SIZE - at, plain ? "%c" : "%%%02X", (unsigned char)*nick);
    }
    out[at] = '\0';
}

static bool identity_path(const struct opening *opening, const char *name, const char *nick,
                          char out[static PATH_SIZE]) {
    char part[NICK_PART_SIZE] = "";

    file_part(nick, part);
    if (snprintf(out, PATH_SIZE, "%s/%s%s%s", opening->directory, name, *nick ? "." : "", part) < PATH_SIZE)
        return true;
    return fail(opening, "%s: the path is too long", opening->directory);
}

static bool check_file(const struct opening *opening, const char *path, int file) {
    struct stat status;

    if (fstat(file, &status) != 0) return fail(opening, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode)) return fail(opening, "%s: expected a regular file", path);
    if ((status.st_mode & 077) == 0) return true;
    return fail(opening, "%s: mode %04o lets others read the key, expected 0600: chmod 600 %s", path,
                status.st_mode & 07777u, path);
}

static bool read_seed(const struct opening *opening, const char *path, int file, uint8_t seed[static 32]) {
    char text[SEED_TEXT_SIZE + 1];
    ssize_t size = pread(file, text, sizeof text, 0);
    size_t length;
    bool valid = size == SEED_TEXT_SIZE && text[SEED_TEXT_SIZE - 1] == '\n' &&
                 sodium_hex2bin(seed, 32, text, SEED_TEXT_SIZE - 1, NULL, &length, NULL) == 0 && length == 32;

    sodium_memzero(text, sizeof text);
    if (size < 0) return fail(opening, "%s: %s", path, strerror(errno));
    return valid || fail(opening, "%s: expected 64 hex digits and a newline", path);
}

/* After a failed open(2): is it certain that there is such a file? Not where the directory cannot be searched. */
static bool is_there(const struct opening *opening, int error) {
    return error != ENOENT && error != ENOTDIR && (error != EACCES || access(opening->directory, X_OK) == 0);
}

enum outcome { OPENED, FAILED, MISSING, IN_USE, UNMAKEABLE };

/* Opens the file, made if missing and asked for. Negative: MISSING, or FAILED or UNMAKEABLE with `why`. */
static int open_file(const struct opening *opening, const char *path, bool make) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (file < 0 && !is_there(opening, errno)) {
        if (!make) return -MISSING;
        if (!make_file(opening, path)) return -UNMAKEABLE;
        file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    }
    if (file >= 0) return file;
    fail(opening, "%s: %s", path, strerror(errno));
    return -FAILED;
}

static enum outcome open_locked(const struct opening *opening, const char *path, bool make, struct identity *out) {
    int file = open_file(opening, path, make);
    enum outcome outcome = FAILED;
    uint8_t seed[32];

    if (file < 0) return (enum outcome) - file;
    if (!check_file(opening, path, file)) goto close_file;
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        outcome = errno == EWOULDBLOCK ? IN_USE : FAILED;
        fail(opening, "%s: %s", path, errno == EWOULDBLOCK ? "in use by another client" : strerror(errno));
        goto close_file;
    }
    if (!read_seed(opening, path, file, seed)) goto close_file;
    identity_from_seed(seed, out);
    sodium_memzero(seed, sizeof seed);
    out->lock = file;
    return OPENED;

close_file:
    close(file);
    return outcome;
}

static void make_temporary(struct identity *out) {
    uint8_t seed[32];

    randombytes_buf(seed, sizeof seed);
    identity_from_seed(seed, out);
    sodium_memzero(seed, sizeof seed);
    out->temporary = true;
}

static bool conclude(enum outcome outcome, struct identity *out) {
    if (outcome == UNMAKEABLE) make_temporary(out);
    return outcome == OPENED || outcome == UNMAKEABLE;
}

bool identity_open(const char *directory, const char *nick, struct identity *out, char *why, size_t why_size) {
    struct opening opening = {.directory = directory};
    char common[PATH_SIZE], own[PATH_SIZE];
    enum outcome outcome = MISSING;

    opening.why = why;
    opening.why_size = why_size;
    if (!identity_path(&opening, CHATTING, "", common) || !identity_path(&opening, CHATTING, nick, own)) return false;
    if (*nick) outcome = open_locked(&opening, own, false, out);
    if (outcome == MISSING) {
        outcome = open_locked(&opening, common, true, out);
        if (outcome == IN_USE && *nick) outcome = open_locked(&opening, own, true, out);
    }
    if (outcome == IN_USE) fail(&opening, "%s: in use by another client, expected another nick or data directory", own);
    return conclude(outcome, out);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written through `opening` */
bool identity_open_sender(const char *directory, const char *nick, unsigned wait_s, struct identity *out, char *why,
                          size_t why_size) {
    struct opening opening = {.directory = directory, .why = why, .why_size = why_size};
    const struct timespec pause = {.tv_nsec = LOCK_EVERY_MS * 1000000L};
    enum outcome outcome;
    char path[PATH_SIZE];

    if (!identity_path(&opening, SENDING, nick, path)) return false;
    outcome = open_locked(&opening, path, true, out);
    for (unsigned i = 0; outcome == IN_USE && i < wait_s * 1000 / LOCK_EVERY_MS; i++) {
        nanosleep(&pause, NULL); /* flock(2) knows no timeout */
        outcome = open_locked(&opening, path, true, out);
    }
    return conclude(outcome, out);
}
