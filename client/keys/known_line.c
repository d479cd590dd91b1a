#include "client/keys/known_line.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEY_SIZE 32
#define WORD_NODES "nodes "
#define DAY_S 86400
#define DAY_MOST 2932896 /* 9999-12-31 */

static bool parse_number(const char *text, size_t digits, unsigned *out) {
    *out = 0;
    for (size_t i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        *out = *out * 10 + (unsigned)(text[i] - '0');
    }
    return true;
}

bool known_line_parse_day(const char *text, unsigned *out) {
    unsigned year, month, day;
    if (strlen(text) != strlen("2026-11-29")) return false;
    if (!parse_number(text, 4, &year) || text[4] != '-' || !parse_number(text + 5, 2, &month) || text[7] != '-' ||
        !parse_number(text + 8, 2, &day))
        return false;
    struct tm date = {.tm_year = (int)year - 1900, .tm_mon = (int)month - 1, .tm_mday = (int)day};
    time_t seconds = timegm(&date);
    if (seconds < 0) return false;
    *out = (unsigned)(seconds / DAY_S);
    return true;
}

bool known_line_parse_days(const char *text, unsigned *out) {
    return strlen(text) == 4 && parse_number(text, 4, out) && *out > 0;
}

static bool parse_dates(const char *text, struct known_line *out) {
    return strlen(text) == KNOWN_DATES_SIZE && parse_number(text, 4, &out->days) && out->days > 0 && text[4] == ' ' &&
           known_line_parse_day(text + 5, &out->last);
}

static int digit_of(char letter) {
    if (letter >= '0' && letter <= '9') return letter - '0';
    letter |= 0x20;
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* Keys of others are no secret: there are thousands of them to read. */
static bool parse_key(const char *text, size_t size, uint8_t key[static KEY_SIZE]) {
    if (size != 2 * KEY_SIZE) return false;
    for (size_t i = 0; i < KEY_SIZE; i++) {
        int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        key[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* 0: it is no such list. */
static size_t parse_nodes(const char *text, struct address out[static KNOWN_LINE_NODES_MAX]) {
    size_t count = 0;
    for (;;) {
        char address[ADDRESS_TEXT_SIZE];
        size_t size = strcspn(text, ",");
        if (size >= sizeof address || count == KNOWN_LINE_NODES_MAX) return 0;
        memcpy(address, text, size);
        address[size] = '\0';
        if (!address_parse(address, 0, &out[count]) || out[count].port == 0) return 0;
        count++;
        if (text[size] == '\0') return count;
        text += size + 1;
    }
}

size_t known_line_nodes(const struct known_line *line, struct address out[static KNOWN_LINE_NODES_MAX]) {
    return parse_nodes(line->nodes, out);
}

static enum known_line_kind take_nodes(const char *text, struct known_line *out) {
    struct address nodes[KNOWN_LINE_NODES_MAX];
    out->nodes = text;
    return parse_nodes(text, nodes) > 0 ? KNOWN_LINE_NODES : KNOWN_LINE_MALFORMED;
}

enum known_line_kind known_line_parse(char *line, size_t size, struct known_line *out) {
    *out = (struct known_line){.name = line, .days = 1};
    if (size > 0 && line[size - 1] == '\n') line[--size] = '\0';
    if (size == 0 || line[0] == '#') return KNOWN_LINE_EMPTY;
    char *space = strchr(line, ' ');
    if (strlen(line) != size || !space || space == line || space - line > KNOWN_NAME_MAX) return KNOWN_LINE_MALFORMED;
    *space = '\0';
    const char *key = space + 1, *rest = key + strcspn(key, " ");
    if (!parse_key(key, (size_t)(rest - key), out->key)) return KNOWN_LINE_MALFORMED;
    if (*rest == '\0') return KNOWN_LINE_ENTRY;
    out->kept = strcmp(rest + 1, KNOWN_WORD_KEEP) == 0;
    out->replaced = strcmp(rest + 1, KNOWN_WORD_REPLACED) == 0;
    if (out->kept || out->replaced) return KNOWN_LINE_ENTRY;
    if (strncmp(rest + 1, WORD_NODES, strlen(WORD_NODES)) == 0) return take_nodes(rest + 1 + strlen(WORD_NODES), out);
    return parse_dates(rest + 1, out) ? KNOWN_LINE_ENTRY : KNOWN_LINE_MALFORMED;
}

void known_line_format_dates(unsigned days, unsigned last, char out[static KNOWN_DATES_SIZE + 1]) {
    time_t seconds = (time_t)(last < DAY_MOST ? last : DAY_MOST) * DAY_S;
    struct tm date;
    char day[11];
    gmtime_r(&seconds, &date);
    strftime(day, sizeof day, "%Y-%m-%d", &date);
    snprintf(out, KNOWN_DATES_SIZE + 1, "%04u %s", days < KNOWN_DAYS_MOST ? days : KNOWN_DAYS_MOST, day);
}

size_t known_line_format_word(const char *name, const uint8_t key[static KEY_SIZE], const char *word,
                              char out[static KNOWN_LINE_SIZE]) {
    char hex[2 * KEY_SIZE + 1];
    sodium_bin2hex(hex, sizeof hex, key, KEY_SIZE);
    return (size_t)snprintf(out, KNOWN_LINE_SIZE, "%s %s %s\n", name, hex, word);
}

size_t known_line_format(const char *name, const uint8_t key[static KEY_SIZE], unsigned days, unsigned last,
                         char out[static KNOWN_LINE_SIZE]) {
    char hex[2 * KEY_SIZE + 1], dates[KNOWN_DATES_SIZE + 1] = "";
    if (last > 0) known_line_format_dates(days, last, dates);
    sodium_bin2hex(hex, sizeof hex, key, KEY_SIZE);
    return (size_t)snprintf(out, KNOWN_LINE_SIZE, "%s %s%s%s\n", name, hex, last > 0 ? " " : "", dates);
}

size_t known_line_format_nodes(const char *name, const uint8_t key[static KEY_SIZE], const struct address *nodes,
                               size_t count, char out[static KNOWN_LINE_SIZE]) {
    char hex[2 * KEY_SIZE + 1], address[ADDRESS_TEXT_SIZE];
    sodium_bin2hex(hex, sizeof hex, key, KEY_SIZE);
    size_t size = (size_t)snprintf(out, KNOWN_LINE_SIZE, "%s %s %s", name, hex, WORD_NODES);
    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(out + size, KNOWN_LINE_SIZE - size, "%s%s", i > 0 ? "," : "",
                                 address_format(&nodes[i], address));
    out[size++] = '\n';
    out[size] = '\0';
    return size;
}
