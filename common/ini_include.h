/* Which files `include = NAME` means. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/ini_origins.h"
#include "common/why.h"

struct ini_included {
    char *files[INI_FILES_MAX];
    size_t count;
};

/* The file of that path; or, where its name has one of * ? [ in it, those of the folder that match, in the order of
 * their bytes, as fnmatch(3) has it: none is none, and one that begins with a dot is only meant by a dot. Its folder
 * may have no such marks. False with one line in `why` for a path that names nothing that could be read: no regular
 * file, no folder. ini_include_free is due either way. */
MUST_USE bool ini_include_find(const char *path, struct ini_included *out, struct why *why);
void ini_include_free(struct ini_included *included);
/* The folder that holds `file`, malloc'd; NULL: it names none, and lies in the working directory. */
char *ini_include_folder(const char *file);
