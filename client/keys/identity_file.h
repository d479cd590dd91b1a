/* A file that has a seed, as it is or behind a passphrase: where it lies, whether it is as it should be, who uses it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/keys/sealed_seed.h"
#include "common/attributes.h"
#include "common/seed_file.h"
#include "common/why.h"

#define IDENTITY_PATH_SIZE 4096
#define IDENTITY_CHATTING "identity"
#define IDENTITY_SENDING "identity-send"

struct identity_file {
    int descriptor; /* -1: not open */
    bool sealed;
    uint8_t seed[SEED_SIZE]; /* of one that is not */
    struct sealed_seed box;  /* of one that is */
    uint8_t public[32];      /* of both */
};

enum identity_file_outcome {
    IDENTITY_FILE_OPENED,
    IDENTITY_FILE_MISSING,
    IDENTITY_FILE_IN_USE,
    IDENTITY_FILE_DAMAGED, /* it is where and whose it should be, but no key can be read: open all the same */
    IDENTITY_FILE_FAILED,
};

/* The file of that nick in the directory: NAME.NICK, or NAME where it is empty. False with `why`: too long. */
MUST_USE bool identity_file_path(const char *directory, const char *name, const char *nick,
                                 char out[static IDENTITY_PATH_SIZE], struct why *why);
/* Opens and reads it. `hold`: keeps others from using it (flock) while it is open. All but OPENED and MISSING with
 * `why`, which names the file. Whatever comes of it, identity_file_close is due. */
MUST_USE enum identity_file_outcome identity_file_open(const char *path, bool hold, struct identity_file *out,
                                                       struct why *why);
/* Wipes, and lets others use it. */
void identity_file_close(struct identity_file *file);
