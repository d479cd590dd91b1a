/* What the mode identity shows: our key, and which others there are. */
#pragma once

#include "client/keys/identity_file.h"

/* Our key file, which is open, and the directory it lies in. */
void show_to_people(const char *path, const struct identity_file *file, const char *directory);
void show_to_programs(const char *path, const struct identity_file *file, const char *directory);
