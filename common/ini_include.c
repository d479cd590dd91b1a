#include "common/ini_include.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/memory.h"

#define MARKS "*?["

/* /dev/watchdog is not opened to find out what it is. */
static bool is_regular(const char *file, struct why *why) {
    struct stat status;
    if (stat(file, &status) != 0) return why_fail(why, "%s", strerror(errno));
    return S_ISREG(status.st_mode) || why_fail(why, "expected a file");
}

static bool join(const char *folder, const char *name, char out[static PATH_MAX]) {
    return snprintf(out, PATH_MAX, "%s%s%s", folder ? folder : "", folder ? "/" : "", name) < PATH_MAX;
}

static bool add(struct ini_included *out, const char *file, struct why *why) {
    if (out->count == INI_FILES_MAX) return why_fail(why, "more than %d files", INI_FILES_MAX);
    out->files[out->count++] = copy_text(file);
    return true;
}

static bool collect(DIR *opened, const char *folder, const char *pattern, struct ini_included *out, struct why *why) {
    char file[PATH_MAX];
    struct why ignored;
    errno = 0;
    for (struct dirent *entry; (entry = readdir(opened)); errno = 0) {
        if (fnmatch(pattern, entry->d_name, FNM_PERIOD) != 0 || !join(folder, entry->d_name, file)) continue;
        if (is_regular(file, &ignored) && !add(out, file, why)) return false;
    }
    return errno == 0 || why_fail(why, "%s", strerror(errno));
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool find_matching(const char *folder, const char *pattern, struct ini_included *out, struct why *why) {
    DIR *opened = opendir(folder ? folder : ".");
    if (!opened) return why_fail(why, "%s: %s", folder ? folder : ".", strerror(errno));
    bool found = collect(opened, folder, pattern, out, why);
    closedir(opened);
    qsort(out->files, out->count, sizeof *out->files, compare);
    return found;
}

char *ini_include_folder(const char *file) {
    const char *slash = strrchr(file, '/');
    return slash ? copy_start(file, slash == file ? 1 : (size_t)(slash - file)) : NULL;
}

bool ini_include_find(const char *path, struct ini_included *out, struct why *why) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    *out = (struct ini_included){.count = 0};
    if (strpbrk(path, MARKS) && strpbrk(path, MARKS) < name && access(path, F_OK) != 0)
        return why_fail(why, "expected " MARKS " in a file's name alone");
    if (!strpbrk(name, MARKS)) return is_regular(path, why) && add(out, path, why);
    char *folder = ini_include_folder(path);
    bool found = find_matching(folder, name, out, why);
    free(folder);
    return found;
}

void ini_include_free(struct ini_included *included) {
    while (included->count > 0) free(included->files[--included->count]);
}
