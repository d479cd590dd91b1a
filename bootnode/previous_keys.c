#include "bootnode/previous_keys.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DATE "dddd-dd-dd"
#define SEPARATORS ", \t"

static bool fits(const char *text, const char *pattern) {
    for (; *pattern; text++, pattern++)
        if (*pattern == 'd' ? *text < '0' || *text > '9' : *text != *pattern) return false;
    return *text == '\0';
}

/* NAME.DATE or NAME.DATE-N. */
static bool is_previous(const char *entry, const char *name) {
    size_t size = strlen(name);
    return strncmp(entry, name, size) == 0 && (fits(entry + size, "." DATE) || fits(entry + size, "." DATE "-d"));
}

/* Names sort as their dates do. */
static void insert(struct previous_keys *keys, const char *path) {
    size_t at = keys->count;
    while (at > 0 && strcmp(keys->files[at - 1], path) < 0) at--;
    if (keys->count == PREVIOUS_KEYS_MAX) keys->left_out++;
    if (at == PREVIOUS_KEYS_MAX) return;
    if (keys->count < PREVIOUS_KEYS_MAX) keys->count++;
    memmove(keys->files[at + 1], keys->files[at], (keys->count - at - 1) * sizeof *keys->files);
    snprintf(keys->files[at], sizeof keys->files[at], "%s", path);
}

/* What stands before the file's name, the slash with it. */
static int folder_size_of(const char *key_file) {
    const char *slash = strrchr(key_file, '/');
    return slash ? (int)(slash + 1 - key_file) : 0;
}

static void find_beside(const char *key_file, struct previous_keys *out) {
    int folder_size = folder_size_of(key_file);
    const char *name = key_file + folder_size;
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%.*s.", folder_size, key_file) >= (int)sizeof path) return;
    DIR *folder = opendir(path);
    if (!folder) return;
    for (const struct dirent *entry; (entry = readdir(folder));)
        if (is_previous(entry->d_name, name) &&
            snprintf(path, sizeof path, "%.*s%s", folder_size, key_file, entry->d_name) < (int)sizeof path)
            insert(out, path);
    closedir(folder);
}

/* The next file of a list; false at its end. */
static bool next_item(const char **list, const char **item, int *size) {
    *list += strspn(*list, SEPARATORS);
    *item = *list;
    *size = (int)strcspn(*list, SEPARATORS);
    *list += *size;
    return *size > 0;
}

bool previous_keys_valid(const char *setting) {
    const char *item;
    size_t count = 0;
    for (int size; next_item(&setting, &item, &size);) count++;
    return count > 0 && count <= PREVIOUS_KEYS_MAX;
}

void previous_keys_find(const char *setting, const char *key_file, struct previous_keys *out) {
    const char *item;
    memset(out, 0, sizeof *out);
    if (strcmp(setting, PREVIOUS_KEYS_NONE) == 0) return;
    if (strcmp(setting, PREVIOUS_KEYS_AUTO) == 0) {
        find_beside(key_file, out);
        return;
    }
    for (int size; out->count < PREVIOUS_KEYS_MAX && next_item(&setting, &item, &size); out->count++)
        snprintf(out->files[out->count], sizeof *out->files, "%.*s%.*s",
                 memchr(item, '/', (size_t)size) ? 0 : folder_size_of(key_file), key_file, size, item);
}

bool previous_keys_name(const char *key_file, time_t now, unsigned nth, char out[static PATH_MAX]) {
    struct tm day;
    char date[sizeof DATE], number[8] = "";
    errno = EEXIST;
    if (nth > PREVIOUS_KEYS_DAY_MAX || !gmtime_r(&now, &day)) return false;
    if (strftime(date, sizeof date, "%Y-%m-%d", &day) == 0) return false;
    if (nth > 1) snprintf(number, sizeof number, "-%u", nth);
    errno = ENAMETOOLONG;
    return snprintf(out, PATH_MAX, "%s.%s%s", key_file, date, number) < PATH_MAX;
}
