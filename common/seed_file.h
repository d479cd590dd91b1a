/* A secret seed in a file of its own: 64 hex digits and a newline. Whose file may be, and who may read it, is its
 * user's policy; whatever that is, nobody but root and the owner may be able to change the file, or to say which one is
 * read. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/attributes.h"
#include "common/trusted_path.h"

#define SEED_SIZE 32

struct seed_policy {
    uid_t owner;   /* whose it is */
    bool provided; /* or root's, who provides it (a credential of systemd, a secret of a container): see below */
};

/* A person's key: ours, open to nobody else (0600), and no symbolic link. */
struct seed_policy seed_policy_personal(void);
/* A service's key, which somebody else may provide:
 * 1. It is ours or root's.
 * 2. Its group may read it (0440, 0640; with an access control list that is its mask), since who gave it one meant
 *    that. Nobody but its owner may write it.
 * 3. All may read it only where it is root's and lies on a file system that is mounted read-only: so a container gets
 *    its secrets, and can do nothing about their mode.
 * 4. It may be a symbolic link where every step of the way is root's and ours alone to change (trusted_path.h). Where
 *    the path itself names the file, the folders above it are not looked at, as before there were links. */
struct seed_policy seed_policy_service(void);

/* What is wrong with it. Its user words it for people, with the file's name. */
enum seed_fault {
    SEED_UNREADABLE, /* errno says why */
    SEED_LINK,       /* a symbolic link, where none may be */
    SEED_WAY,        /* a symbolic link, and others can change a step of the way: `way.step` */
    SEED_IRREGULAR,  /* a directory, a pipe, a device */
    SEED_FOREIGN,    /* `status.st_uid` is not us, nor, where that will do, root */
    SEED_OPEN,       /* `status.st_mode` lets others in */
    SEED_MALFORMED,
};

struct seed_trouble {
    enum seed_fault fault;
    struct stat status; /* of SEED_FOREIGN and SEED_OPEN */
    struct trusted_path_fault way;
};

/* Opens it and looks whether it is as the policy has it. The caller's descriptor, which a lock may be put on; or
 * negative: with `trouble`, and errno if SEED_UNREADABLE. */
MUST_USE int seed_file_open(const char *path, const struct seed_policy *policy, struct seed_trouble *trouble);
/* False: with `trouble`, likewise. The caller wipes the seed. */
MUST_USE bool seed_file_read(int descriptor, uint8_t seed[static SEED_SIZE], struct seed_trouble *trouble);
/* Makes the file whole or not at all, unless somebody else made one meanwhile: then that one counts. False with errno:
 * there may be none. */
MUST_USE bool seed_file_make(const char *path, const uint8_t seed[static SEED_SIZE]);
/* Puts another seed in its place, whole or not at all, with the owner and the mode of `like`. False with errno: unless
 * that is the folder's, which may not be on the disk yet, it is as it was. */
MUST_USE bool seed_file_replace(const char *path, const uint8_t seed[static SEED_SIZE], const struct stat *like);
