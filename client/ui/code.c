#include "client/ui/code.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/invite/qr.h"

#define BLACK_ON_WHITE "\033[30;47m"
#define AS_BEFORE "\033[0m"
#define USUAL_COLUMNS 80 /* of a terminal that does not say */
#define USUAL_ROWS 24

static bool takes_utf8(void) {
    locale_t here = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (!here) return false;
    bool takes = strcmp(nl_langinfo_l(CODESET, here), "UTF-8") == 0;
    freelocale(here);
    return takes;
}

static bool takes_colours(void) {
    const char *type = getenv("TERM"), *none = getenv("NO_COLOR");
    return type && *type && strcmp(type, "dumb") != 0 && !(none && *none);
}

/* The last row is the cursor's. */
static struct qr_place place_of(int output) {
    struct winsize size;
    struct qr_place place = {
        .columns = USUAL_COLUMNS, .rows = USUAL_ROWS - 1, .utf8 = takes_utf8(), .inverted = !takes_colours()};
    if (ioctl(output, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return place;
    place.columns = size.ws_col;
    place.rows = size.ws_row - 1u;
    return place;
}

/* So that it is dark on light whatever the terminal's own colours are. */
static void colour(char *picture, FILE *out) {
    for (char *line; *picture && (line = strsep(&picture, "\n"));)
        fprintf(out, BLACK_ON_WHITE "%s" AS_BEFORE "\n", line);
}

char *code_lines(const char *text, int output) {
    struct why why;
    char *lines = NULL;
    size_t size;
    if (!isatty(output)) return NULL;
    struct qr_place place = place_of(output);
    char *picture = qr_picture(text, &place, &why);
    FILE *out = open_memstream(&lines, &size);
    if (!out) abort();
    if (!picture)
        fprintf(out, "* %s\n", why.text);
    else if (place.inverted)
        fputs(picture, out);
    else
        colour(picture, out);
    if (fclose(out) != 0) abort();
    free(picture);
    return lines;
}
