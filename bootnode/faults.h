/* What is wrong with a configuration beyond what each key alone can tell: a line each, with whence the value came. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "bootnode/config.h"
#include "common/ini_origins.h"

struct faults {
    const struct bootnode_config *config;
    struct ini_origins *origins; /* for bootnode_config_table */
    FILE *out;
    size_t count; /* lines so far */
};

/* Did somebody give the key a value, one that it takes? */
bool faults_given(const struct faults *faults, const char *key);
/* Is the field what is meant, its default included? A value that was refused has been complained about already. */
bool faults_known(const struct faults *faults, const char *key);
/* The key's value counts as refused from now on, so that nobody complains of it again, nor of what follows from it.
 * "FILE:LINE: KEY = VALUE: …": item `item` of a list, of other keys the value; "default: KEY: …" where the default is
 * nothing that a file says, as for key_file. */
__attribute__((format(printf, 4, 5))) void faults_add(struct faults *faults, const char *key, size_t item,
                                                      const char *format, ...);
/* "KEY = VALUE (FILE:LINE)", to be named in another's line. Returns `out`. */
#define FAULTS_NAME_SIZE (2 * INI_ORIGIN_SIZE)
char *faults_name(const struct faults *faults, const char *key, size_t item, char out[static FAULTS_NAME_SIZE]);
