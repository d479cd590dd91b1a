/* The files that are left to a program in its sandbox: a list of places (landlock.h) that keeps their paths. */
#pragma once

#include <stddef.h>

#include "common/attributes.h"
#include "common/sandbox/landlock.h"

#define PLACES_MOST 64
#define PLACE_PATH_SIZE 4200 /* a folder and a name below it */

struct places {
    struct landlock_place items[PLACES_MOST];
    char paths[PLACES_MOST][PLACE_PATH_SIZE];
    size_t count;
};

/* NULL without memory; places_free is due. It is large: it lives until the sandbox is entered. */
MUST_USE struct places *places_create(void);
void places_free(struct places *places);
/* The first `size` bytes of `path`. One that is too long for us is too long for whoever would open it. */
void places_add(struct places *places, const char *path, size_t size, unsigned access);
/* What is open already. */
void places_add_descriptor(struct places *places, int descriptor, unsigned access);
/* The folder that a file is in, or will be, so that another one may take its place; and where it leads through symbolic
 * links, as of now, that one's folder, too. An empty name is none. */
void places_add_folder_of(struct places *places, const char *file, unsigned access);
