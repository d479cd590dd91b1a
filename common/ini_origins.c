#include "common/ini_origins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/text.h"

void ini_origins_make(struct ini_origins *origins, size_t keys) {
    *origins = (struct ini_origins){.rows = allocate_zeroed(keys, sizeof *origins->rows)};
}

static void free_all(char **texts, size_t count) {
    while (count > 0) free(texts[--count]);
}

void ini_origins_free(struct ini_origins *origins) {
    free_all(origins->files, origins->file_count);
    free_all(origins->folders, origins->folder_count);
    free(origins->rows);
    *origins = (struct ini_origins){.rows = NULL};
}

/* The copy that is kept; NULL: there are too many. */
static const char *keep(char **texts, size_t *count, const char *text) {
    for (size_t i = 0; i < *count; i++)
        if (strcmp(texts[i], text) == 0) return texts[i];
    if (*count == INI_FILES_MAX) return NULL;
    return texts[(*count)++] = copy_text(text);
}

const char *ini_origins_add_file(struct ini_origins *origins, const char *file) {
    return keep(origins->files, &origins->file_count, file);
}

bool ini_origins_add_folder(struct ini_origins *origins, const char *folder) {
    return keep(origins->folders, &origins->folder_count, folder) != NULL;
}

char *ini_origin_say(const struct ini_origin *origin, char out[static INI_ORIGIN_SIZE]) {
    char line[16] = "";
    const char *source = origin->source ? origin->source : "default";
    if (origin->line > 0) snprintf(line, sizeof line, ":%u", origin->line);
    size_t length = text_filter(source, strlen(source), false, out, INI_ORIGIN_SIZE - sizeof line);
    snprintf(out + length, INI_ORIGIN_SIZE - length, "%s", line);
    return out;
}
