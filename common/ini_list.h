/* Lists in a configuration file: items separated by commas, in one line or several. `field` is a struct
 * ini_address_list or ini_path_list, as the key says. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/ini_key.h"
#include "common/ini_quotes.h"
#include "common/why.h"

size_t ini_list_max(const struct ini_key *key);
size_t ini_list_count(const struct ini_key *key, const void *field);
/* False with "expected …" in `why`, which names the item that is wrong where there are several, and nothing changed. */
MUST_USE bool ini_list_set(const struct ini_key *key, const char *value, const char *folder, void *field,
                           struct why *why);
/* The same for a further line; its items go behind those that are there. */
MUST_USE bool ini_list_add(const struct ini_key *key, const char *value, const char *folder, void *field,
                           struct why *why);
/* One item as a file has it. False where no file can. */
MUST_USE bool ini_list_format(const struct ini_key *key, const void *field, size_t index,
                              char out[static INI_LINE_SIZE]);
