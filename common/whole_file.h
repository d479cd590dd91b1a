/* A file that is written whole or not at all: whoever reads it, and whoever comes after a power cut, finds what was
 * there before or what is there now. And read whole. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/attributes.h"

/* Puts a file of these bytes, ours and of this mode, in the place of the one at `path`, or where there was none:
 * written under a name of its own beside it, synced, renamed, and the folder synced. False with errno: unless that is
 * the folder's, all is as it was. */
MUST_USE bool whole_file_replace(const char *path, const void *data, size_t size, mode_t mode);
/* Makes such a file, mode 0600, where there is none. False with errno, which is EEXIST where there is something. */
MUST_USE bool whole_file_make(const char *path, const void *data, size_t size);
/* Reads to the end, or until `capacity` is full: a pipe gives it in pieces. Returns how much; negative with errno. */
MUST_USE ssize_t whole_file_read(int descriptor, void *out, size_t capacity);
