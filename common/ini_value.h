/* One setting: what its key takes, from text into a field of the caller's struct and back. Pure, but for paths (home
 * directories) and link-local addresses (interfaces).
 *
 * What ini_value_format writes, ini_value_set takes for the same value again, in a file of any folder. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/ini_key.h"
#include "common/ini_quotes.h"
#include "common/why.h"

/* Takes `value` into `target`'s field. Relative paths start at `folder`; NULL: at the working directory. False with one
 * line in `why`, "expected …", and nothing changed. */
MUST_USE bool ini_value_set(const struct ini_key *key, const char *value, const char *folder, void *target,
                            struct why *why);
/* May a list go on in further lines? Then this adds one's items to those that are there; all or none. */
bool ini_value_adds_up(const struct ini_key *key);
MUST_USE bool ini_value_add(const struct ini_key *key, const char *value, const char *folder, void *target,
                            struct why *why);

bool ini_value_equal(const struct ini_key *key, const void *target, const void *other);
void ini_value_copy(const struct ini_key *key, const void *from, void *to);
/* How many lines of a file say it: one, or one for each item of a list. 0: nothing is there to be said, as with an
 * empty list, or a text without a default that nobody gave. */
size_t ini_value_lines(const struct ini_key *key, const void *target);
/* What stands behind the = in line `index` of those, with quotes where it needs them. False where no file can say it:
 * both kinds of quotes beside what needs some. */
MUST_USE bool ini_value_format(const struct ini_key *key, const void *target, size_t index,
                               char out[static INI_LINE_SIZE]);
