/* Who is kept out (guard/access.h), as far as the settings have it: deny_file and allow_file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "bootnode/config.h"
#include "bootnode/guard/access.h"
#include "bootnode/guard/access_lists.h"
#include "bootnode/public_address.h"
#include "common/attributes.h"
#include "common/sandbox/places.h"

/* The files that are named; borrowed from `config`. */
struct access_files access_settings_files(const struct bootnode_config *config);
/* Nobody is kept out yet. One's own addresses are those that are listened on and those by which the Internet knows
 * them. NULL without memory. */
MUST_USE struct access *access_settings_create(const struct address *bound, size_t bound_count,
                                               const struct public_addresses *outside);
/* Reads the files. NULL: each fault stands in the log. */
MUST_USE struct access_lists *access_settings_read(const struct bootnode_config *config, const struct access *access);
/* Where they are, and others that may take their place, so that they can be read anew. */
void access_settings_places(const struct bootnode_config *config, struct places *places);
/* Whether the files could be read now; a line for each fault goes to `problems`. */
MUST_USE bool access_settings_check(const struct bootnode_config *config, FILE *problems);
