/* All keys of a bootnode: the present one, and those that it had before and still answers to. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bootnode/config.h"
#include "bootnode/node_key.h"
#include "common/attributes.h"
#include "common/why.h"

struct keyring {
    struct node_key present;
    struct node_key previous[NODE_PREVIOUS_KEYS_MAX]; /* the newest first; none of them is the present one */
    size_t previous_count;
};

/* Where the present key lies, by the settings or by default. False with one line in `why`. */
MUST_USE bool keyring_file(const struct bootnode_config *config, char out[static INI_TEXT_SIZE], struct why *why);
/* Opens all of them, makes the present one where it is missing, and tells the log what an operator has to know. False
 * with one line in `why`. The caller wipes it. */
MUST_USE bool keyring_open(const struct bootnode_config *config, struct keyring *out, struct why *why);
void keyring_wipe(struct keyring *ring);
