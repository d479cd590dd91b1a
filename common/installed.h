/* Where the files that came with this program are: sample settings and the like, which help names so that they can be
 * opened. Found from the place of the program alone, so it holds wherever somebody installs or unpacks it, and nothing
 * of the machine on which it was built is in it. Only named, never read: whoever can put a file there can replace us,
 * too. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"

/* The absolute path of the file `name` of conf/: below the nearest folder above the file `program` (absolute; of
 * PREFIX/bin/gochat that is PREFIX, of an own build the folder of the sources) that has it in share/gochat, as
 * installed, or in conf, as the sources have it. INSTALLED_FLOORS folders are tried. False where it is in none of them
 * or does not fit: a machine without the samples. */
#define INSTALLED_FLOORS 3
MUST_USE bool installed_find(const char *program, const char *name, char *out, size_t size);
/* The same for the running program; where it is not found, what `manual` says, as in "gochat(1)". Returns `out`. */
const char *installed_or(const char *name, const char *manual, char *out, size_t size);
