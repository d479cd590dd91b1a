/* Whence each value of a table came: the file and its line, item by item, for those who show a value or complain of it
 * later. Values that nobody gave are defaults. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/ini_key.h"

#define INI_FILES_MAX 64 /* that one configuration may be made of */

struct ini_origin {
    const char *source; /* a file's path, or what else gave the value; NULL: it is the default */
    unsigned line;      /* 0: the source has none */
};

struct ini_row_origins {
    struct ini_origin first;               /* of the key, also where its value was refused */
    struct ini_origin items[INI_LIST_MAX]; /* of a list; of others the first alone */
    bool refused;                          /* the field has another value than its key was given */
};

struct ini_origins {
    struct ini_row_origins *rows; /* as many as the table has keys */
    char *files[INI_FILES_MAX];   /* that were read, as they were named, each once */
    size_t file_count;
    char *folders[INI_FILES_MAX]; /* that files were looked for in, each once */
    size_t folder_count;
};

/* All defaults, for a table of so many keys. */
void ini_origins_make(struct ini_origins *origins, size_t keys);
void ini_origins_free(struct ini_origins *origins);
/* Keeps a copy of the path and returns it; NULL: there are too many. */
MUST_USE const char *ini_origins_add_file(struct ini_origins *origins, const char *file);
/* True also where it is there already. */
MUST_USE bool ini_origins_add_folder(struct ini_origins *origins, const char *folder);

#define INI_ORIGIN_SIZE 1024
/* "default", "FILE:LINE" or the source's name, safe to print. Returns `out`. */
char *ini_origin_say(const struct ini_origin *origin, char out[static INI_ORIGIN_SIZE]);
