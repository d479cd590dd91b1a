#include "bootnode/key_command.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bootnode/key_record.h"
#include "bootnode/keyring.h"
#include "bootnode/node_key.h"
#include "bootnode/previous_keys.h"

#define HEX_SIZE 65

static int fail(const struct why *why) {
    fprintf(stderr, "gochat: %s\n", why->text);
    return EXIT_FAILURE;
}

static bool can_start(struct why *why) {
    return sodium_init() >= 0 || why_fail(why, "libsodium cannot start");
}

/* Root reads, and makes anew, what the service's user owns. */
static struct seed_policy policy_for(const char *file) {
    struct seed_policy policy = seed_policy_service();
    struct stat status;
    if (policy.owner == 0 && stat(file, &status) == 0) policy.owner = status.st_uid;
    return policy;
}

static void print_key(const char *before, const struct node_key *key, const char *after) {
    char hex[HEX_SIZE];
    sodium_bin2hex(hex, sizeof hex, key->public, sizeof key->public);
    printf("%s%s%s\n", before, hex, after);
}

/* --- Printing --- */

static bool print_previous(const char *file, struct why *why) {
    const struct seed_policy policy = policy_for(file);
    struct node_key key;
    char after[PATH_MAX + 4];
    if (!node_key_load(file, &policy, &key, why)) return false;
    snprintf(after, sizeof after, " (%s)", file);
    print_key("previous: ", &key, after);
    node_key_wipe(&key);
    return true;
}

int key_command_print(const struct bootnode_config *config) {
    char file[INI_TEXT_SIZE];
    struct previous_keys previous;
    struct node_key key;
    struct why why;
    if (!can_start(&why) || !keyring_file(config, file, &why)) return fail(&why);
    const struct seed_policy policy = policy_for(file);
    if (!node_key_load(file, &policy, &key, &why)) return fail(&why);
    print_key("", &key, "");
    node_key_wipe(&key);
    previous_keys_find(config->previous_keys, file, &previous);
    for (size_t i = 0; i < previous.count; i++)
        if (!print_previous(previous.files[i], &why)) return fail(&why);
    return EXIT_SUCCESS;
}

/* --- Rotating --- */

struct rotation {
    char file[INI_TEXT_SIZE], kept[PATH_MAX];
    struct seed_policy policy;
    struct stat status; /* of the old file */
    bool linked;        /* it has the second name since now */
    struct node_key old, new;
};

static bool complain(const struct rotation *rotation, const char *what, struct why *why) {
    return why_fail(why, "key file %s: %s: %s", rotation->file, what, strerror(errno));
}

static bool is_same(const struct stat *a, const struct stat *b) {
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* What is changed must be a file of its owner's own, not what a link names or somebody provides elsewhere. */
static bool may_change(struct rotation *rotation, int *lock, struct why *why) {
    struct stat there;
    if (lstat(rotation->file, &there) == 0 && S_ISLNK(there.st_mode))
        return why_fail(why, "key file %s: is a symbolic link: the file that it names is to be rotated",
                        rotation->file);
    rotation->policy = policy_for(rotation->file);
    if (!node_key_load(rotation->file, &rotation->policy, &rotation->old, why)) return false;
    struct seed_trouble trouble;
    *lock = seed_file_open(rotation->file, &rotation->policy, &trouble);
    if (*lock < 0) return complain(rotation, "cannot be read", why);
    if (flock(*lock, LOCK_EX | LOCK_NB) != 0) return complain(rotation, "cannot be locked", why);
    errno = EAGAIN;
    if (fstat(*lock, &rotation->status) == 0 && lstat(rotation->file, &there) == 0 &&
        is_same(&there, &rotation->status))
        return true;
    return complain(rotation, "is being changed", why);
}

/* The old file gets a second name, unless one that ended in the middle gave it that already. */
static bool keep_old(struct rotation *rotation, time_t now, struct why *why) {
    for (unsigned nth = 1; previous_keys_name(rotation->file, now, nth, rotation->kept); nth++) {
        struct stat there;
        rotation->linked = link(rotation->file, rotation->kept) == 0;
        if (rotation->linked) return true;
        if (errno != EEXIST) break;
        if (lstat(rotation->kept, &there) == 0 && is_same(&there, &rotation->status)) return true;
    }
    return complain(rotation, "cannot be kept under another name", why);
}

static bool replace(struct rotation *rotation, struct why *why) {
    uint8_t seed[SEED_SIZE];
    randombytes_buf(seed, sizeof seed);
    node_key_derive(seed, &rotation->new);
    bool replaced = seed_file_replace(rotation->file, seed, &rotation->status);
    sodium_memzero(seed, sizeof seed);
    if (replaced) return true;
    (void)complain(rotation, "cannot be replaced", why);
    struct stat there;
    bool stands = lstat(rotation->file, &there) == 0 && is_same(&there, &rotation->status);
    if (rotation->linked && stands) unlink(rotation->kept);
    return false;
}

static void tell(const struct rotation *rotation, const struct bootnode_config *config) {
    print_key("new key: ", &rotation->new, "");
    print_key("old key: ", &rotation->old, "");
    printf("The old one is in %s now. Restart the bootnode, which goes on with it until then. Clients that know it are "
           "led to the new one as long as that file is there; remove it once they had the time to come.\n",
           rotation->kept);
    if (strcmp(config->previous_keys, PREVIOUS_KEYS_AUTO) != 0)
        printf("Before that, put it first in previous_keys, which is %s in the settings.\n", config->previous_keys);
}

int key_command_rotate(const struct bootnode_config *config, time_t now) {
    struct rotation rotation = {.linked = false};
    struct why why;
    int lock = -1;
    if (!can_start(&why) || !keyring_file(config, rotation.file, &why)) return fail(&why);
    bool rotated = may_change(&rotation, &lock, &why) && keep_old(&rotation, now, &why) && replace(&rotation, &why);
    if (lock >= 0) close(lock);
    if (rotated) {
        (void)!key_record_write(rotation.file, rotation.new.public);
        tell(&rotation, config);
    }
    node_key_wipe(&rotation.old);
    node_key_wipe(&rotation.new);
    return rotated ? EXIT_SUCCESS : fail(&why);
}
