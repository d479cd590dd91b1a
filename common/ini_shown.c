#include "common/ini_shown.h"

#include <stdio.h>
#include <string.h>

#define SCHEME_END "://"

/* Of several URLs only the last one's place is left: a password may have in it whatever separates them. */
const char *ini_shown(const char *text, char out[static INI_SHOWN_MOST + 1]) {
    const char *end = strstr(text, SCHEME_END), *at = end ? strrchr(end, '@') : NULL;
    if (at)
        snprintf(out, INI_SHOWN_MOST + 1, "%.*s…%s", (int)(end + strlen(SCHEME_END) - text), text, at);
    else
        snprintf(out, INI_SHOWN_MOST + 1, "%s", text);
    return out;
}
