#include "client/keys/people_line.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "client/keys/known_line.h"

#define WORDS_MAX 6

static const struct {
    const char *word;
    size_t least, most; /* words on the line */
} kinds[] = {
    [PEOPLE_LINE_MET] = {"met", 4, 6},
    [PEOPLE_LINE_VERIFIED] = {"verified", 3, 3},
    [PEOPLE_LINE_UNVERIFIED] = {"unverified", 3, 3},
    [PEOPLE_LINE_REPLACED] = {"replaced", 4, 4},
    [PEOPLE_LINE_KEEP] = {"keep", 2, 2},
};

/* 0: more words than any line has, or two blanks side by side. */
static size_t split(char *line, char *words[static WORDS_MAX]) {
    size_t count = 0;
    for (char *word; (word = strsep(&line, " "));) {
        if (*word == '\0' || count == WORDS_MAX) return 0;
        words[count++] = word;
    }
    return count;
}

static bool parse_hex(const char *text, uint8_t *out, size_t capacity, size_t *size) {
    const char *end;
    return sodium_hex2bin(out, capacity, text, strlen(text), NULL, size, &end) == 0 && *end == '\0';
}

static bool parse_exactly(const char *text, uint8_t *out, size_t size) {
    size_t found;
    return parse_hex(text, out, size, &found) && found == size;
}

static bool parse_nick(const char *text, char out[static TEXT_NICK_MAX + 1]) {
    char nick[TEXT_NICK_MAX + 1];
    size_t size;
    if (!parse_hex(text, (uint8_t *)nick, TEXT_NICK_MAX, &size) || size == 0) return false;
    nick[size] = '\0';
    return strlen(nick) == size && text_nick(nick, size, out) && strcmp(nick, out) == 0;
}

static bool parse_met(char *const *words, size_t count, struct people_line *out) {
    out->days = 1;
    if (!parse_exactly(words[2], out->room, sizeof out->room) || !parse_nick(words[3], out->nick)) return false;
    return count == 4 ||
           (count == 6 && known_line_parse_days(words[4], &out->days) && known_line_parse_day(words[5], &out->last));
}

static bool parse_kind(char *const *words, size_t count, struct people_line *out) {
    switch (out->kind) {
    case PEOPLE_LINE_MET: return parse_met(words, count, out);
    case PEOPLE_LINE_VERIFIED:
    case PEOPLE_LINE_UNVERIFIED: return known_line_parse_day(words[2], &out->last);
    case PEOPLE_LINE_REPLACED:
        return parse_exactly(words[2], out->new, sizeof out->new) && known_line_parse_day(words[3], &out->last) &&
               memcmp(out->new, out->key, sizeof out->key) != 0;
    case PEOPLE_LINE_KEEP: return true;
    default: return false;
    }
}

void people_line_parse(char *line, size_t size, struct people_line *out) {
    char *words[WORDS_MAX];
    *out = (struct people_line){.kind = PEOPLE_LINE_EMPTY};
    if (size > 0 && line[size - 1] == '\n') line[--size] = '\0';
    if (size == 0 || line[0] == '#') return;
    out->kind = PEOPLE_LINE_MALFORMED;
    size_t count = strlen(line) == size ? split(line, words) : 0;
    if (count < 2 || !parse_exactly(words[0], out->key, sizeof out->key)) return;
    for (enum people_line_kind kind = PEOPLE_LINE_MET; kind <= PEOPLE_LINE_KEEP; kind++)
        if (strcmp(words[1], kinds[kind].word) == 0 && count >= kinds[kind].least && count <= kinds[kind].most)
            out->kind = kind;
    if (!parse_kind(words, count, out)) out->kind = PEOPLE_LINE_MALFORMED;
}

static size_t format_met(const struct people_line *line, char *out, size_t capacity) {
    char room[2 * PEOPLE_ROOM_SIZE + 1], nick[2 * TEXT_NICK_MAX + 1], dates[KNOWN_DATES_SIZE + 1] = "";
    sodium_bin2hex(room, sizeof room, line->room, sizeof line->room);
    sodium_bin2hex(nick, sizeof nick, (const uint8_t *)line->nick, strlen(line->nick));
    if (line->last > 0) known_line_format_dates(line->days, line->last, dates);
    return (size_t)snprintf(out, capacity, " %s %s%s%s", room, nick, *dates ? " " : "", dates);
}

size_t people_line_format(const struct people_line *line, char out[static PEOPLE_LINE_SIZE]) {
    char key[65], new[65], dates[KNOWN_DATES_SIZE + 1];
    sodium_bin2hex(key, sizeof key, line->key, sizeof line->key);
    sodium_bin2hex(new, sizeof new, line->new, sizeof line->new);
    size_t size = (size_t)snprintf(out, PEOPLE_LINE_SIZE, "%s %s", key, kinds[line->kind].word);
    if (line->kind == PEOPLE_LINE_MET) size += format_met(line, out + size, PEOPLE_LINE_SIZE - size);
    if (line->kind == PEOPLE_LINE_REPLACED) size += (size_t)snprintf(out + size, PEOPLE_LINE_SIZE - size, " %s", new);
    if (line->kind != PEOPLE_LINE_MET && line->kind != PEOPLE_LINE_KEEP) {
        known_line_format_dates(1, line->last, dates);
        size += (size_t)snprintf(out + size, PEOPLE_LINE_SIZE - size, " %s", strchr(dates, ' ') + 1);
    }
    out[size++] = '\n';
    out[size] = '\0';
    return size;
}
