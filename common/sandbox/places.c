#include "common/sandbox/places.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct places *places_create(void) {
    return calloc(1, sizeof(struct places));
}

void places_free(struct places *places) {
    free(places);
}

void places_add(struct places *places, const char *path, size_t size, unsigned access) {
    size_t index = places->count;
    if (index == PLACES_MOST || size == 0 || size >= PLACE_PATH_SIZE) return;
    memcpy(places->paths[index], path, size);
    places->paths[index][size] = '\0';
    places->items[places->count++] =
        (struct landlock_place){.path = places->paths[index], .descriptor = -1, .access = access};
}

void places_add_descriptor(struct places *places, int descriptor, unsigned access) {
    if (places->count < PLACES_MOST)
        places->items[places->count++] = (struct landlock_place){.descriptor = descriptor, .access = access};
}

static void add_folder(struct places *places, const char *file, unsigned access) {
    const char *slash = strrchr(file, '/');
    if (slash)
        places_add(places, file, slash == file ? 1 : (size_t)(slash - file), access);
    else
        places_add(places, ".", 1, access);
}

void places_add_folder_of(struct places *places, const char *file, unsigned access) {
    char resolved[PATH_MAX];
    if (*file == '\0') return;
    add_folder(places, file, access);
    if (realpath(file, resolved)) add_folder(places, resolved, access);
}
