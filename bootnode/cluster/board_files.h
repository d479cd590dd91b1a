/* What a node shows NATS servers, and what it knows them by: read once, before the sandbox. */
#pragma once

#include <stdbool.h>

#include "bootnode/config.h"
#include "common/attributes.h"
#include "common/why.h"

#define BOARD_FILE_MAX (1 << 20) /* bytes: a bundle of certificates */

struct board_files {
    char *ca, *cert, *key;    /* PEM, ended by a zero; NULL: not named */
    char user[INI_TEXT_SIZE]; /* of nats_credentials, where that is USER:PASSWORD */
    char password[INI_TEXT_SIZE];
    char *chained; /* the whole path of one that nsc made (.creds), which libnats reads itself at each connection */
};

/* For config->cluster. False with one line in `why`, which begins with the key: a file is not there, or one with a
 * secret lets others in. All is kept until the process ends. */
MUST_USE bool board_files_read(const struct bootnode_config *config, struct board_files *out, struct why *why);
/* What people are to do about such a file, for --check-config and here: "" where it will do. */
struct why board_files_judge(const char *file, bool secret);
