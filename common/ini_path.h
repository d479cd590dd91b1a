/* Paths in a configuration file: ~ is a home directory, and what is relative starts at the file's folder. */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/ini_key.h"
#include "common/ini_quotes.h"
#include "common/why.h"

/* Where `value` leads. `folder` is NULL for what was not in a file: it stays relative. */
MUST_USE bool ini_path_find(const char *value, const char *folder, char out[static INI_TEXT_SIZE], struct why *why);
/* As any file may have it: a relative one with the working directory before it, and quotes where it needs them. False
 * where no file can. */
MUST_USE bool ini_path_format(const char *path, char out[static INI_LINE_SIZE]);
