#include "client/curses/entered.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

static char **line_at(struct entered *entered, size_t at) {
    return &entered->lines[(entered->first + at) % ENTERED_LINES];
}

void entered_end_walk(struct entered *entered) {
    free(entered->draft);
    entered->draft = NULL;
    entered->at = entered->count;
}

static void drop_oldest(struct entered *entered) {
    char **oldest = line_at(entered, 0);
    entered->bytes -= strlen(*oldest) + 1;
    free(*oldest);
    *oldest = NULL;
    entered->first = (entered->first + 1) % ENTERED_LINES;
    entered->count--;
}

void entered_clear(struct entered *entered) {
    while (entered->count > 0) drop_oldest(entered);
    entered_end_walk(entered);
}

void entered_add(struct entered *entered, const char *line) {
    size_t bytes = strlen(line) + 1;
    bool again = entered->count > 0 && strcmp(*line_at(entered, entered->count - 1), line) == 0;
    if (*line != '\0' && !again && bytes <= ENTERED_BYTES) {
        while (entered->count == ENTERED_LINES || entered->bytes + bytes > ENTERED_BYTES) drop_oldest(entered);
        *line_at(entered, entered->count++) = copy_text(line);
        entered->bytes += bytes;
    }
    entered_end_walk(entered);
}

const char *entered_older(struct entered *entered, const char *typed) {
    size_t before = entered->at;
    if (before == entered->count && before > 0 && strcmp(*line_at(entered, before - 1), typed) == 0) before--;
    if (before == 0) return NULL;
    if (entered->at == entered->count) {
        free(entered->draft);
        entered->draft = copy_text(typed);
    }
    entered->at = before - 1;
    return *line_at(entered, entered->at);
}

const char *entered_newer(struct entered *entered, const char *typed) {
    (void)typed; /* what was changed in a line of the past is let go, there as here */
    if (entered->at == entered->count) return NULL;
    return ++entered->at == entered->count ? entered->draft : *line_at(entered, entered->at);
}

const char *entered_search(const struct entered *entered, const char *words, size_t from, size_t *found) {
    if (from < entered->count) from++;
    for (size_t at = from; at-- > 0;) {
        const char *line = entered->lines[(entered->first + at) % ENTERED_LINES];
        if (!strstr(line, words)) continue;
        *found = at;
        return line;
    }
    return NULL;
}
