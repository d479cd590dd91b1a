/* A secret seed in a file of its own: 64 hex digits and a newline. It belongs to us, nobody else may open it (0600),
 * and it is no symbolic link, which would let others say what is read. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/attributes.h"

#define SEED_SIZE 32

/* What is wrong with it. Its user words it for people, with the file's name. */
enum seed_fault {
    SEED_UNREADABLE, /* errno says why */
    SEED_LINK,       /* a symbolic link */
    SEED_IRREGULAR,  /* a directory, a pipe, a device */
    SEED_FOREIGN,    /* `status.st_uid` is not us */
    SEED_OPEN,       /* `status.st_mode` lets others in */
    SEED_MALFORMED,
};

struct seed_trouble {
    enum seed_fault fault;
    struct stat status; /* of SEED_FOREIGN and SEED_OPEN */
};

/* Opens it and looks whether it is ours alone. The caller's descriptor, which a lock may be put on; or negative: with
 * `trouble`, and errno if SEED_UNREADABLE. */
MUST_USE int seed_file_open(const char *path, struct seed_trouble *trouble);
/* False: with `trouble`, likewise. The caller wipes the seed. */
MUST_USE bool seed_file_read(int descriptor, uint8_t seed[static SEED_SIZE], struct seed_trouble *trouble);
/* Makes the file whole or not at all, unless somebody else made one meanwhile: then that one counts. False with errno:
 * there may be none. */
MUST_USE bool seed_file_make(const char *path, const uint8_t seed[static SEED_SIZE]);
