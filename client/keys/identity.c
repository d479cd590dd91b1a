#include "client/keys/identity.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/seed_file.h"

#define LOCK_EVERY_MS 50

void identity_from_seed(const uint8_t seed[static 32], struct identity *out) {
    memcpy(out->seed, seed, sizeof out->seed);
    crypto_sign_seed_keypair(out->public, out->secret, out->seed);
    crypto_sign_ed25519_sk_to_curve25519(out->noise_secret, out->secret);
    crypto_scalarmult_base(out->noise_public, out->noise_secret);
    out->lock = -1;
    out->temporary = out->sealed = false;
}

void identity_unseal(struct identity *identity, const uint8_t seed[static 32]) {
    int lock = identity->lock;
    identity_from_seed(seed, identity);
    identity->lock = lock;
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

static void make_temporary(struct identity *out) {
    uint8_t seed[32];
    randombytes_buf(seed, sizeof seed);
    identity_from_seed(seed, out);
    sodium_memzero(seed, sizeof seed);
    out->temporary = true;
}

static bool make_file(const char *path, struct why *why) {
    uint8_t seed[SEED_SIZE];
    randombytes_buf(seed, sizeof seed);
    bool made = seed_file_make(path, seed);
    sodium_memzero(seed, sizeof seed);
    return made || why_fail(why, "%s: cannot make it: %s", path, strerror(errno));
}

/* Of a sealed one we know whose it is, and no more. */
static void take(struct identity_file *file, struct identity *out) {
    if (!file->sealed) {
        identity_from_seed(file->seed, out);
    } else {
        memset(out, 0, sizeof *out);
        out->sealed = true;
        out->box = file->box;
        memcpy(out->public, file->public, sizeof out->public);
    }
    out->lock = file->descriptor;
    file->descriptor = -1; /* stays open, and held */
}

/* OPENED: `out` is filled in. MISSING: only where none was to be made. */
static enum identity_file_outcome open_held(const char *path, bool make, struct identity *out, struct why *why) {
    struct identity_file file;
    enum identity_file_outcome outcome = identity_file_open(path, true, &file, why);
    if (outcome == IDENTITY_FILE_MISSING && make && !make_file(path, why)) {
        make_temporary(out);
        return IDENTITY_FILE_OPENED;
    }
    if (outcome == IDENTITY_FILE_MISSING && make) {
        outcome = identity_file_open(path, true, &file, why);
        if (outcome == IDENTITY_FILE_MISSING) why_fail(why, "%s: was taken away as soon as it was made", path);
    }
    if (outcome == IDENTITY_FILE_OPENED) take(&file, out);
    identity_file_close(&file);
    return outcome;
}

bool identity_open(const char *directory, const char *nick, struct identity *out, struct why *why) {
    char common[IDENTITY_PATH_SIZE], own[IDENTITY_PATH_SIZE];
    enum identity_file_outcome outcome = IDENTITY_FILE_MISSING;
    if (!identity_file_path(directory, IDENTITY_CHATTING, "", common, why) ||
        !identity_file_path(directory, IDENTITY_CHATTING, nick, own, why))
        return false;
    if (*nick) outcome = open_held(own, false, out, why);
    if (outcome == IDENTITY_FILE_MISSING) {
        outcome = open_held(common, true, out, why);
        if (outcome == IDENTITY_FILE_IN_USE && *nick) outcome = open_held(own, true, out, why);
    }
    if (outcome == IDENTITY_FILE_IN_USE)
        why_fail(why, "%s: in use by another client, expected another nick or data directory", own);
    return outcome == IDENTITY_FILE_OPENED;
}

bool identity_open_sender(const char *directory, const char *nick, unsigned wait_s, struct identity *out,
                          struct why *why) {
    const struct timespec pause = {.tv_nsec = LOCK_EVERY_MS * 1000000L};
    enum identity_file_outcome outcome;
    char path[IDENTITY_PATH_SIZE];
    if (!identity_file_path(directory, IDENTITY_SENDING, nick, path, why)) return false;
    outcome = open_held(path, true, out, why);
    for (unsigned i = 0; outcome == IDENTITY_FILE_IN_USE && i < wait_s * 1000 / LOCK_EVERY_MS; i++) {
        nanosleep(&pause, NULL); /* flock(2) knows no timeout */
        outcome = open_held(path, true, out, why);
    }
    return outcome == IDENTITY_FILE_OPENED;
}
