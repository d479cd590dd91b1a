#include "bootnode/node_key.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootnode/key_record.h"
#include "common/directory.h"
#include "common/home.h"

#define KDF_CONTEXT "gcnode01"

enum { SUBKEY_RESET = 1, SUBKEY_NOISE = 2, SUBKEY_COOKIES = 3, SUBKEY_PROBES = 4 };

void node_key_derive(const uint8_t seed[static SEED_SIZE], struct node_key *out) {
    memcpy(out->seed, seed, SEED_SIZE);
    crypto_kdf_derive_from_key(out->reset_key, sizeof out->reset_key, SUBKEY_RESET, KDF_CONTEXT, seed);
    crypto_kdf_derive_from_key(out->secret, sizeof out->secret, SUBKEY_NOISE, KDF_CONTEXT, seed);
    crypto_scalarmult_curve25519_base(out->public, out->secret);
}

void node_key_cookies(const struct node_key *key, uint8_t out[static COOKIE_SHARED_KEY_SIZE]) {
    crypto_kdf_derive_from_key(out, COOKIE_SHARED_KEY_SIZE, SUBKEY_COOKIES, KDF_CONTEXT, key->seed);
}

void node_key_probes(const struct node_key *key, uint8_t out[static PROBE_MARK_KEY_SIZE]) {
    crypto_kdf_derive_from_key(out, PROBE_MARK_KEY_SIZE, SUBKEY_PROBES, KDF_CONTEXT, key->seed);
}

void node_key_wipe(struct node_key *key) {
    sodium_memzero(key, sizeof *key);
}

static bool say_who(const struct seed_trouble *trouble, const struct seed_policy *policy, const char *file,
                    struct why *why) {
    const char *or_root = policy->provided && policy->owner != 0 ? " or root" : "";
    return why_fail(why, "key file %s: belongs to user %u, expected %u%s", file, (unsigned)trouble->status.st_uid,
                    (unsigned)policy->owner, or_root);
}

static bool say_open(const struct seed_trouble *trouble, const char *file, struct why *why) {
    return why_fail(why, "key file %s: mode %04o lets others in, expected 0600, or 0640 for a group of its own", file,
                    (unsigned)(trouble->status.st_mode & 07777));
}

static bool say(const struct seed_trouble *trouble, const struct seed_policy *policy, const char *file,
                struct why *why) {
    switch (trouble->fault) {
    case SEED_UNREADABLE: return why_fail(why, "key file %s: %s", file, strerror(errno));
    case SEED_LINK: return why_fail(why, "key file %s: is a symbolic link", file);
    case SEED_WAY:
        return why_fail(why, "key file %s: is a symbolic link, and others than root and user %u can change %s", file,
                        (unsigned)policy->owner, trouble->way.step);
    case SEED_IRREGULAR: return why_fail(why, "key file %s: expected a regular file", file);
    case SEED_FOREIGN: return say_who(trouble, policy, file, why);
    case SEED_OPEN: return say_open(trouble, file, why);
    case SEED_MALFORMED: break;
    }
    return why_fail(why, "key file %s: malformed, expected 64 hex digits and a newline", file);
}

/* --- Files --- */

static bool read_key(int descriptor, const struct seed_policy *policy, const char *file, struct node_key *out,
                     struct why *why) {
    uint8_t seed[SEED_SIZE];
    struct seed_trouble trouble;
    bool loaded = seed_file_read(descriptor, seed, &trouble);
    if (loaded)
        node_key_derive(seed, out);
    else
        (void)say(&trouble, policy, file, why);
    sodium_memzero(seed, sizeof seed);
    close(descriptor);
    return loaded;
}

bool node_key_load(const char *file, const struct seed_policy *policy, struct node_key *out, struct why *why) {
    struct seed_trouble trouble;
    int descriptor = seed_file_open(file, policy, &trouble);
    return descriptor >= 0 ? read_key(descriptor, policy, file, out, why) : say(&trouble, policy, file, why);
}

static bool create(const char *file, struct why *why) {
    uint8_t seed[SEED_SIZE];
    randombytes_buf(seed, sizeof seed);
    bool made = directory_make_above(file) && seed_file_make(file, seed);
    sodium_memzero(seed, sizeof seed);
    return made || why_fail(why, "key file %s: cannot be created: %s", file, strerror(errno));
}

/* Is there none? A link that leads nowhere is a mistake, not a first start. */
static bool is_missing(const char *file) {
    struct stat status;
    return lstat(file, &status) != 0 && errno == ENOENT;
}

static enum node_key_news compare(const struct node_key *key, bool made, bool recorded, const uint8_t before[32]) {
    if (!recorded) return made ? NODE_KEY_MADE : NODE_KEY_KNOWN;
    if (made) return NODE_KEY_LOST;
    return memcmp(key->public, before, 32) == 0 ? NODE_KEY_KNOWN : NODE_KEY_CHANGED;
}

bool node_key_open(const char *file, struct node_key *out, struct node_key_story *story, struct why *why) {
    const struct seed_policy policy = seed_policy_service();
    bool recorded = key_record_read(file, story->before), made = is_missing(file);
    if (made && !create(file, why)) return false;
    if (!node_key_load(file, &policy, out, why)) return false;
    story->news = compare(out, made, recorded, story->before);
    /* Without it the next start knows less, and works as well. */
    if (!recorded || story->news != NODE_KEY_KNOWN) (void)!key_record_write(file, out->public);
    return true;
}

static bool join(char *out, size_t size, const char *folder, size_t folder_size, struct why *why) {
    int length = snprintf(out, size, "%.*s/bootnode.key", (int)folder_size, folder);
    return (length > 0 && (size_t)length < size) || why_fail(why, "key_file: the default path is too long");
}

/* What a service manager gave us. Nothing is made there. */
static bool is_given(char *out, size_t size) {
    const char *given = getenv("CREDENTIALS_DIRECTORY");
    int length = given && *given ? snprintf(out, size, "%s/bootnode.key", given) : 0;
    return length > 0 && (size_t)length < size && !is_missing(out);
}

bool node_key_default_file(char *out, size_t size, struct why *why) {
    const char *state = getenv("STATE_DIRECTORY");
    char folder[PATH_MAX];
    if (is_given(out, size)) return true;
    /* systemd joins several with colons. */
    if (state && *state) return join(out, size, state, strcspn(state, ":"), why);
    if (home_place("XDG_STATE_HOME", ".local/state", folder, sizeof folder))
        return join(out, size, folder, strlen(folder), why);
    return why_fail(why, "key_file: no default without $STATE_DIRECTORY, $XDG_STATE_HOME or a home directory; "
                         "name one");
}
