/* Directories in which we make files. */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"

/* Makes a directory and every missing one above it, with mode 0700. False with errno. */
MUST_USE bool directory_make(const char *path);
/* The same for all directories above a file. */
MUST_USE bool directory_make_above(const char *file);
/* Writes the directory that a file lies in to the disk, so that the names in it outlive a crash. False with errno. */
MUST_USE bool directory_sync_above(const char *file);
