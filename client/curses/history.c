#include "client/curses/history.h"

#include <stdlib.h>
#include <string.h>

static char **line_at(struct history *history, size_t at) {
    return &history->lines[(history->first + at) % HISTORY_LINES];
}

static char *copy_of(const char *line) {
    char *copy = strdup(line);
    if (!copy) abort();
    return copy;
}

void history_end_walk(struct history *history) {
    free(history->draft);
    history->draft = NULL;
    history->at = history->count;
}

static void drop_oldest(struct history *history) {
    char **oldest = line_at(history, 0);
    history->bytes -= strlen(*oldest) + 1;
    free(*oldest);
    *oldest = NULL;
    history->first = (history->first + 1) % HISTORY_LINES;
    history->count--;
}

void history_clear(struct history *history) {
    while (history->count > 0) drop_oldest(history);
    history_end_walk(history);
}

void history_add(struct history *history, const char *line) {
    size_t bytes = strlen(line) + 1;
    bool again = history->count > 0 && strcmp(*line_at(history, history->count - 1), line) == 0;
    if (*line != '\0' && !again && bytes <= HISTORY_BYTES) {
        while (history->count == HISTORY_LINES || history->bytes + bytes > HISTORY_BYTES) drop_oldest(history);
        *line_at(history, history->count++) = copy_of(line);
        history->bytes += bytes;
    }
    history_end_walk(history);
}

const char *history_older(struct history *history, const char *typed) {
    size_t before = history->at;
    if (before == history->count && before > 0 && strcmp(*line_at(history, before - 1), typed) == 0) before--;
    if (before == 0) return NULL;
    if (history->at == history->count) {
        free(history->draft);
        history->draft = copy_of(typed);
    }
    history->at = before - 1;
    return *line_at(history, history->at);
}

const char *history_newer(struct history *history, const char *typed) {
    (void)typed; /* what was changed in a line of the past is let go, there as here */
    if (history->at == history->count) return NULL;
    return ++history->at == history->count ? history->draft : *line_at(history, history->at);
}

const char *history_search(const struct history *history, const char *words, size_t from, size_t *found) {
    if (from < history->count) from++;
    for (size_t at = from; at-- > 0;) {
        const char *line = history->lines[(history->first + at) % HISTORY_LINES];
        if (!strstr(line, words)) continue;
        *found = at;
        return line;
    }
    return NULL;
}
