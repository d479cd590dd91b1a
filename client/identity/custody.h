/* What can be done with a key file while no client uses it, and with a backup of it. Each is done whole or not at all:
 * whatever ends us, the file is there, with the key of before or the one of now. Paths are whole; `why` names them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "client/keys/identity_file.h"
#include "common/attributes.h"
#include "common/why.h"

/* Puts the seed behind the passphrase in the file's place, or without one. */
MUST_USE bool custody_lock(const char *path, const uint8_t seed[static SEED_SIZE], const char *passphrase,
                           struct why *why);
MUST_USE bool custody_unlock(const char *path, const uint8_t seed[static SEED_SIZE], struct why *why);

/* Writes a backup, where there is no file yet; who has to be asked for a passphrase hears before whether there is. */
MUST_USE bool custody_is_free(const char *file, struct why *why);
MUST_USE bool custody_backup(const char *file, const uint8_t seed[static SEED_SIZE], const char *passphrase,
                             struct why *why);
MUST_USE bool custody_read_backup(const char *file, struct sealed_seed *out, struct why *why);

/* Makes the key file, where there is none. */
MUST_USE bool custody_restore(const char *path, const uint8_t seed[static SEED_SIZE], struct why *why);
/* Puts it in the place of the one that is there, which stays as `kept`: PATH.replaced-DATE-TIME. */
MUST_USE bool custody_replace(const char *path, const uint8_t seed[static SEED_SIZE], time_t now,
                              char kept[static IDENTITY_PATH_SIZE], struct why *why);

/* The key files of a directory, by name: paths, malloc'd; free each, and the list. NULL with `count` 0: there are none,
 * or it cannot be read. */
char **custody_list(const char *directory, size_t *count);
