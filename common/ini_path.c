#include "common/ini_path.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "common/home.h"

bool ini_path_find(const char *value, const char *folder, char out[static INI_TEXT_SIZE], struct why *why) {
    char home[INI_TEXT_SIZE];
    if (*value == '~' && !home_expand(value, home, sizeof home)) {
        return why_fail(why, "expected a known home directory for ~, and a path of at most %d bytes in all",
                        INI_TEXT_SIZE - 1);
    }
    if (*value == '~') value = home;
    bool stays = *value == '/' || *value == '\0' || !folder;
    int length = snprintf(out, INI_TEXT_SIZE, "%s%s%s", stays ? "" : folder, stays ? "" : "/", value);
    if (length < INI_TEXT_SIZE) return true;
    return why_fail(why, "expected a path of at most %d bytes", INI_TEXT_SIZE - 1);
}

bool ini_path_format(const char *path, char out[static INI_LINE_SIZE]) {
    char folder[PATH_MAX], whole[PATH_MAX + INI_TEXT_SIZE];
    if (*path == '/' || *path == '\0' || !getcwd(folder, sizeof folder)) return ini_quotes_put(path, out);
    int length = snprintf(whole, sizeof whole, "%s/%s", folder, path);
    return length < INI_TEXT_SIZE && ini_quotes_put(whole, out);
}
