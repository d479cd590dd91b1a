#include "client/curses/late.h"

#include <string.h>
#include <time.h>

uint64_t late_day(uint64_t wall_ms) {
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm local;
    if (!localtime_r(&seconds, &local)) return 0;
    return ((uint64_t)local.tm_year << 16) + (uint64_t)local.tm_yday + 1;
}

void late_day_line(struct scrollback *scrollback, uint64_t wall_ms) {
    time_t seconds = (time_t)(wall_ms / 1000);
    struct line_header header = {.at_ms = wall_ms, .kind = LINE_DAY};
    char text[64];
    struct tm local;
    if (!localtime_r(&seconds, &local)) return;
    size_t size = strftime(text, sizeof text, "%A, %-d %B %Y", &local);
    scrollback_add(scrollback, &header, "", 0, text, size);
}

uint64_t late_day_of(const struct scrollback *scrollback, uint64_t number) {
    while (number-- > scrollback->first) {
        const struct line *line = scrollback_line(scrollback, number);
        if (line->header.kind == LINE_DAY) return line->header.at_ms;
    }
    return 0;
}

/* A piece of a long text, but not its first. */
static bool goes_on(const struct line *line) {
    return line->header.at_ms == 0 && line->author_size == 0;
}

/* May it stand above this line? The transcript's lines have no time of their own; a day line is where its day begins.
 */
static bool goes_above(const struct line *line, uint64_t at_ms, const char *author, size_t author_size) {
    if (line->header.kind == LINE_OLD) return false;
    if (line->header.kind == LINE_DAY) return late_day(line->header.at_ms) > late_day(at_ms);
    if (line->author_size == author_size && author_size > 0 && memcmp(line_author(line), author, author_size) == 0)
        return false;
    return line->header.at_ms > at_ms;
}

uint64_t late_place(const struct scrollback *scrollback, uint64_t at_ms, const char *author, size_t author_size) {
    uint64_t place = scrollback_end(scrollback);
    for (uint64_t number = place; number-- > scrollback->first;) {
        const struct line *line = scrollback_line(scrollback, number);
        if (goes_on(line)) continue;
        if (!goes_above(line, at_ms, author, author_size)) break;
        place = number;
    }
    return place;
}
