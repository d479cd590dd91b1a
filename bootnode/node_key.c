#include "bootnode/node_key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/home.h"

#define SEED_SIZE 32
#define TEXT_SIZE (2 * SEED_SIZE + 1) /* hex digits and the newline */
#define KDF_CONTEXT "gcnode01"

enum { SUBKEY_RESET = 1, SUBKEY_NOISE = 2 };

/* Always false. */
#define refuse(why, why_size, ...) ((void)snprintf((why), (why_size), __VA_ARGS__), false)

void node_key_derive(const uint8_t seed[static SEED_SIZE], struct node_key *out) {
    memcpy(out->seed, seed, SEED_SIZE);
    crypto_kdf_derive_from_key(out->reset_key, sizeof out->reset_key, SUBKEY_RESET, KDF_CONTEXT, seed);
    crypto_kdf_derive_from_key(out->secret, sizeof out->secret, SUBKEY_NOISE, KDF_CONTEXT, seed);
    crypto_scalarmult_curve25519_base(out->public, out->secret);
}

void node_key_wipe(struct node_key *key) {
    sodium_memzero(key, sizeof *key);
}

static bool check_owner(int descriptor, const char *file, char *why, size_t why_size) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) return refuse(why, why_size, "key file %s: %s", file, strerror(errno));
    if (!S_ISREG(status.st_mode)) return refuse(why, why_size, "key file %s: expected a regular file", file);
    if (status.st_uid != geteuid())
        return refuse(why, why_size, "key file %s: belongs to user %u, expected %u", file, (unsigned)status.st_uid,
                      (unsigned)geteuid());
    if (status.st_mode & 077)
        return refuse(why, why_size, "key file %s: mode %04o lets others in, expected 0600", file,
                      (unsigned)(status.st_mode & 07777));
    return true;
}

static bool read_seed(int descriptor, const char *file, uint8_t seed[static SEED_SIZE], char *why, size_t why_size) {
    char text[TEXT_SIZE + 1];
    ssize_t size = read(descriptor, text, sizeof text);
    size_t seed_size = 0;
    if (size < 0) return refuse(why, why_size, "key file %s: %s", file, strerror(errno));
    bool good = size == TEXT_SIZE && text[TEXT_SIZE - 1] == '\n' &&
                sodium_hex2bin(seed, SEED_SIZE, text, TEXT_SIZE - 1, NULL, &seed_size, NULL) == 0 &&
                seed_size == SEED_SIZE;
    sodium_memzero(text, sizeof text);
    return good || refuse(why, why_size, "key file %s: malformed, expected 64 hex digits and a newline", file);
}

/* -ENOENT is no complaint: then a key is made. */
static int load(const char *file, struct node_key *out, char *why, size_t why_size) {
    uint8_t seed[SEED_SIZE];
    int result = -EINVAL, descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) {
        result = -errno;
        (void)refuse(why, why_size, "key file %s: %s", file, result == -ELOOP ? "is a symbolic link" : strerror(errno));
        return result;
    }
    if (check_owner(descriptor, file, why, why_size) && read_seed(descriptor, file, seed, why, why_size)) {
        node_key_derive(seed, out);
        result = 0;
    }
    sodium_memzero(seed, sizeof seed);
    close(descriptor);
    return result;
}

static bool write_seed(int descriptor, const uint8_t seed[static SEED_SIZE]) {
    char text[TEXT_SIZE + 1];
    sodium_bin2hex(text, sizeof text, seed, SEED_SIZE);
    text[TEXT_SIZE - 1] = '\n';
    bool written = write(descriptor, text, TEXT_SIZE) == TEXT_SIZE && fsync(descriptor) == 0;
    sodium_memzero(text, sizeof text);
    return written;
}

/* Makes every missing folder above `file`. */
static bool make_folders(const char *file) {
    char path[PATH_MAX];
    size_t size = strlen(file) + 1;
    if (size > sizeof path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(path, file, size);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) return false;
        *slash = '/';
    }
    return true;
}

/* The folder, so that the new name outlives a crash, too. */
static bool sync_folder(const char *file) {
    char path[PATH_MAX];
    const char *slash = strrchr(file, '/');
    int length = slash == NULL ? 1 : slash == file ? 1 : (int)(slash - file);
    snprintf(path, sizeof path, "%.*s", length, slash ? file : ".");
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return false;
    bool synced = fsync(descriptor) == 0;
    close(descriptor);
    return synced;
}

/* A whole key or none: written under another name, synced, then linked, which never replaces what is there. */
static bool store(const char *file, const uint8_t seed[static SEED_SIZE]) {
    char temporary[PATH_MAX];
    int error = 0;
    /* Random: in a container every start has the same process id, and a file left by a crash would be in the way. */
    if (snprintf(temporary, sizeof temporary, "%s.%08x.new", file, randombytes_random()) >= (int)sizeof temporary) {
        errno = ENAMETOOLONG;
        return false;
    }
    int descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return false;
    if (!write_seed(descriptor, seed) || link(temporary, file) != 0) error = errno;
    close(descriptor);
    unlink(temporary);
    errno = error;
    return error == 0 && sync_folder(file);
}

static bool create(const char *file, char *why, size_t why_size) {
    uint8_t seed[SEED_SIZE];
    randombytes_buf(seed, sizeof seed);
    bool stored = make_folders(file) && store(file, seed);
    sodium_memzero(seed, sizeof seed);
    /* Another process may have been faster: its key counts. */
    return stored || errno == EEXIST ||
           refuse(why, why_size, "key file %s: cannot be created: %s", file, strerror(errno));
}

bool node_key_open(const char *file, struct node_key *out, char *why, size_t why_size) {
    int result = load(file, out, why, why_size);
    if (result == -ENOENT && create(file, why, why_size)) result = load(file, out, why, why_size);
    return result == 0;
}

static bool join(char *out, size_t size, const char *folder, size_t folder_size, char *why, size_t why_size) {
    int length = snprintf(out, size, "%.*s/bootnode.key", (int)folder_size, folder);
    return (length > 0 && (size_t)length < size) || refuse(why, why_size, "key_file: the default path is too long");
}

bool node_key_default_file(char *out, size_t size, char *why, size_t why_size) {
    const char *state = getenv("STATE_DIRECTORY");
    char folder[PATH_MAX];
    /* systemd joins several with colons. */
    if (state && *state) return join(out, size, state, strcspn(state, ":"), why, why_size);
    if (home_place("XDG_STATE_HOME", ".local/state", folder, sizeof folder))
        return join(out, size, folder, strlen(folder), why, why_size);
    return refuse(why, why_size,
                  "key_file: no default without $STATE_DIRECTORY, $XDG_STATE_HOME or a home directory; "
                  "name one");
}
