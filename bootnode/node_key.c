#include "bootnode/node_key.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/directory.h"
#include "common/home.h"

#define KDF_CONTEXT "gcnode01"

enum { SUBKEY_RESET = 1, SUBKEY_NOISE = 2 };

void node_key_derive(const uint8_t seed[static SEED_SIZE], struct node_key *out) {
    memcpy(out->seed, seed, SEED_SIZE);
    crypto_kdf_derive_from_key(out->reset_key, sizeof out->reset_key, SUBKEY_RESET, KDF_CONTEXT, seed);
    crypto_kdf_derive_from_key(out->secret, sizeof out->secret, SUBKEY_NOISE, KDF_CONTEXT, seed);
    crypto_scalarmult_curve25519_base(out->public, out->secret);
}

void node_key_wipe(struct node_key *key) {
    sodium_memzero(key, sizeof *key);
}

static bool say(const struct seed_trouble *trouble, const char *file, struct why *why) {
    switch (trouble->fault) {
    case SEED_UNREADABLE: return why_fail(why, "key file %s: %s", file, strerror(errno));
    case SEED_LINK: return why_fail(why, "key file %s: is a symbolic link", file);
    case SEED_IRREGULAR: return why_fail(why, "key file %s: expected a regular file", file);
    case SEED_FOREIGN:
        return why_fail(why, "key file %s: belongs to user %u, expected %u", file, (unsigned)trouble->status.st_uid,
                        (unsigned)geteuid());
    case SEED_OPEN:
        return why_fail(why, "key file %s: mode %04o lets others in, expected 0600", file,
                        (unsigned)(trouble->status.st_mode & 07777));
    case SEED_MALFORMED: break;
    }
    return why_fail(why, "key file %s: malformed, expected 64 hex digits and a newline", file);
}

static bool load(int descriptor, const char *file, struct node_key *out, struct why *why) {
    uint8_t seed[SEED_SIZE];
    struct seed_trouble trouble;
    bool loaded = seed_file_read(descriptor, seed, &trouble);
    if (loaded)
        node_key_derive(seed, out);
    else
        (void)say(&trouble, file, why);
    sodium_memzero(seed, sizeof seed);
    close(descriptor);
    return loaded;
}

static bool create(const char *file, struct why *why) {
    uint8_t seed[SEED_SIZE];
    randombytes_buf(seed, sizeof seed);
    bool made = directory_make_above(file) && seed_file_make(file, seed);
    sodium_memzero(seed, sizeof seed);
    return made || why_fail(why, "key file %s: cannot be created: %s", file, strerror(errno));
}

bool node_key_open(const char *file, struct node_key *out, struct why *why) {
    struct seed_trouble trouble;
    int descriptor = seed_file_open(file, &trouble);
    if (descriptor < 0 && trouble.fault == SEED_UNREADABLE && errno == ENOENT) {
        if (!create(file, why)) return false;
        descriptor = seed_file_open(file, &trouble);
    }
    return descriptor >= 0 ? load(descriptor, file, out, why) : say(&trouble, file, why);
}

static bool join(char *out, size_t size, const char *folder, size_t folder_size, struct why *why) {
    int length = snprintf(out, size, "%.*s/bootnode.key", (int)folder_size, folder);
    return (length > 0 && (size_t)length < size) || why_fail(why, "key_file: the default path is too long");
}

bool node_key_default_file(char *out, size_t size, struct why *why) {
    const char *state = getenv("STATE_DIRECTORY");
    char folder[PATH_MAX];
    /* systemd joins several with colons. */
    if (state && *state) return join(out, size, state, strcspn(state, ":"), why);
    if (home_place("XDG_STATE_HOME", ".local/state", folder, sizeof folder))
        return join(out, size, folder, strlen(folder), why);
    return why_fail(why, "key_file: no default without $STATE_DIRECTORY, $XDG_STATE_HOME or a home directory; "
                         "name one");
}
