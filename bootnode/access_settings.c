#include "bootnode/access_settings.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"

struct access_files access_settings_files(const struct bootnode_config *config) {
    return (struct access_files){.allow = &config->allow_file, .deny = &config->deny_file};
}

struct access *access_settings_create(const struct address *bound, size_t bound_count,
                                      const struct public_addresses *outside) {
    struct address own[BOOTNODE_LISTENERS_MAX + 2 * PUBLIC_ADDRESSES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < bound_count && i < BOOTNODE_LISTENERS_MAX; i++) own[count++] = bound[i];
    for (size_t i = 0; i < outside->count; i++) {
        own[count++] = outside->items[i].local;
        own[count++] = outside->items[i].public;
    }
    return access_create(own, count);
}

static void log_faults(const char *faults) {
    for (const char *line = faults; *line;) {
        size_t size = strcspn(line, "\n");
        log_error("bootnode", "%.*s", (int)size, line);
        line += size + (line[size] == '\n');
    }
}

struct access_lists *access_settings_read(const struct bootnode_config *config, const struct access *access) {
    const struct access_files files = access_settings_files(config);
    char *faults = NULL;
    size_t size = 0;
    FILE *problems = open_memstream(&faults, &size);
    struct access_lists *lists = problems ? access_read(access, &files, problems) : NULL;
    if (problems && fclose(problems) == 0) log_faults(faults);
    free(faults);
    return lists;
}

static void add_places(const struct ini_path_list *files, struct places *places) {
    for (size_t i = 0; i < files->count; i++) places_add_folder_of(places, files->items[i], LANDLOCK_READS);
}

void access_settings_places(const struct bootnode_config *config, struct places *places) {
    add_places(&config->deny_file, places);
    add_places(&config->allow_file, places);
}

/* What does not depend on any address is looked at. */
bool access_settings_check(const struct bootnode_config *config, FILE *problems) {
    const struct access_files files = access_settings_files(config);
    struct access *access = access_create(NULL, 0);
    struct access_lists *lists = access ? access_read(access, &files, problems) : NULL;
    bool read = lists != NULL;
    access_discard(lists);
    access_destroy(access);
    return read;
}
