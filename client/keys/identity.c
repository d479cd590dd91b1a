#include "client/keys/identity.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "common/seed_file.h"
#include "common/text.h"
#include "common/why.h"

#define PATH_SIZE 4096
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
    struct why *why;
};

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
    return why_fail(opening->why, "%s: the path is too long", opening->directory);
}

static bool complain(const struct opening *opening, const char *path, const struct seed_trouble *trouble) {
    switch (trouble->fault) {
    case SEED_UNREADABLE: break;
    case SEED_LINK:
    case SEED_WAY: return why_fail(opening->why, "%s: is a symbolic link, expected a regular file", path);
    case SEED_IRREGULAR: return why_fail(opening->why, "%s: expected a regular file", path);
    case SEED_FOREIGN:
        return why_fail(opening->why, "%s: belongs to user %u, expected %u", path, trouble->status.st_uid, geteuid());
    case SEED_OPEN:
        return why_fail(opening->why, "%s: mode %04o lets others read the key, expected 0600: chmod 600 %s", path,
                        trouble->status.st_mode & 07777u, path);
    case SEED_MALFORMED: return why_fail(opening->why, "%s: expected 64 hex digits and a newline", path);
    }
    return why_fail(opening->why, "%s: %s", path, strerror(errno));
}

static bool make_file(const struct opening *opening, const char *path) {
    uint8_t seed[SEED_SIZE];
    randombytes_buf(seed, sizeof seed);
    bool made = seed_file_make(path, seed);
    sodium_memzero(seed, sizeof seed);
    return made || why_fail(opening->why, "%s: cannot make it: %s", path, strerror(errno));
}

/* After a failed open(2): is it certain that there is such a file? Not where the directory cannot be searched. */
static bool is_there(const struct opening *opening, int error) {
    return error != ENOENT && error != ENOTDIR && (error != EACCES || access(opening->directory, X_OK) == 0);
}

enum outcome { OPENED, FAILED, MISSING, IN_USE, UNMAKEABLE };

/* Opens the file, made if missing and asked for. Negative: MISSING, or FAILED or UNMAKEABLE with `why`. */
static int open_file(const struct opening *opening, const char *path, bool make) {
    const struct seed_policy policy = seed_policy_personal();
    struct seed_trouble trouble;
    int file = seed_file_open(path, &policy, &trouble);
    if (file < 0 && trouble.fault == SEED_UNREADABLE && !is_there(opening, errno)) {
        if (!make) return -MISSING;
        if (!make_file(opening, path)) return -UNMAKEABLE;
        file = seed_file_open(path, &policy, &trouble);
    }
    if (file >= 0) return file;
    complain(opening, path, &trouble);
    return -FAILED;
}

static enum outcome open_locked(const struct opening *opening, const char *path, bool make, struct identity *out) {
    int file = open_file(opening, path, make);
    enum outcome outcome = FAILED;
    struct seed_trouble trouble;
    uint8_t seed[SEED_SIZE];
    if (file < 0) return (enum outcome) - file;
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        outcome = errno == EWOULDBLOCK ? IN_USE : FAILED;
        why_fail(opening->why, "%s: %s", path, errno == EWOULDBLOCK ? "in use by another client" : strerror(errno));
        goto close_file;
    }
    if (!seed_file_read(file, seed, &trouble)) {
        complain(opening, path, &trouble);
        goto close_file;
    }
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

bool identity_open(const char *directory, const char *nick, struct identity *out, struct why *why) {
    const struct opening opening = {.directory = directory, .why = why};
    char common[PATH_SIZE], own[PATH_SIZE];
    enum outcome outcome = MISSING;
    if (!identity_path(&opening, CHATTING, "", common) || !identity_path(&opening, CHATTING, nick, own)) return false;
    if (*nick) outcome = open_locked(&opening, own, false, out);
    if (outcome == MISSING) {
        outcome = open_locked(&opening, common, true, out);
        if (outcome == IN_USE && *nick) outcome = open_locked(&opening, own, true, out);
    }
    if (outcome == IN_USE) why_fail(why, "%s: in use by another client, expected another nick or data directory", own);
    return conclude(outcome, out);
}

bool identity_open_sender(const char *directory, const char *nick, unsigned wait_s, struct identity *out,
                          struct why *why) {
    const struct opening opening = {.directory = directory, .why = why};
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
