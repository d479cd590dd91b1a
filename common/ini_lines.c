#include "common/ini_lines.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/ini_quotes.h"
#include "common/ini_shown.h"
#include "common/why.h"

#define LINE_MOST 65536 /* bytes of a line, its comment included: /dev/zero has an endless one */
#define SECTION_SIZE 64
#define BOM "\xef\xbb\xbf"

struct lines {
    const struct ini_lines_host *host;
    void *context;
    FILE *stream;
    char text[LINE_MOST + 1];
    char *value; /* in `text`: that of the key that inih reads now */
    unsigned number;
    bool skips_section; /* nobody wants it */
    bool faulty;
};

__attribute__((format(printf, 2, 3))) static void report(struct lines *lines, const char *format, ...) {
    char text[sizeof(struct why)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    lines->host->fault(lines->context, lines->number, text);
    lines->faulty = true;
}

/* inih calls no handler for a section without keys, so sections are looked at here. */
static bool check_section(struct lines *lines, const char *line) {
    char section[SECTION_SIZE], shown[INI_SHOWN_MOST + 1];
    size_t length = strcspn(line + 1, "]");
    const char *after = line + 1 + length;
    if (*after == ']') after++;
    while (isspace((unsigned char)*after)) after++;
    snprintf(section, sizeof section, "%.*s", (int)length, line + 1);
    lines->skips_section = true;
    if (line[1 + length] != ']' || (*after != '\0' && !strchr(";#", *after)))
        report(lines, "%s: expected [section] alone", ini_shown(line, shown));
    else
        lines->skips_section = !lines->host->section(lines->context, lines->number, section);
    return !lines->skips_section;
}

/* A name of a key or a section is looked at by inih, so it must fit in what that reads at once. */
static bool fits_inih(struct lines *lines, const char *line, size_t size, int limit) {
    if (size < (size_t)limit) return true;
    report(lines, "%.40s…: a name of %zu bytes, expected at most %d", line, size, limit - 1);
    return false;
}

static size_t skip_white(const char *text) {
    size_t size = 0;
    while (isspace((unsigned char)text[size])) size++;
    return size;
}

static void trim_end(char *text) {
    size_t size = strlen(text);
    while (size > 0 && isspace((unsigned char)text[size - 1])) text[--size] = '\0';
}

/* Whether inih should see this line, which has no white space around it. Of a key it sees the name alone: it would take
 * ':' for '=', end the value at " ;", and knows no quotes. */
static bool check_line(struct lines *lines, char *line, int limit) {
    char shown[INI_SHOWN_MOST + 1];
    struct why why;
    if (*line == '\0' || *line == ';' || *line == '#') return false;
    if (*line == '[') return fits_inih(lines, line, strlen(line), limit) && check_section(lines, line);
    if (lines->skips_section) return false;
    size_t name = strcspn(line, "=:;");
    if (name == 0 || line[name] != '=') {
        report(lines, "%s: expected key = value, [section], or a comment after # or ;", ini_shown(line, shown));
        return false;
    }
    lines->value = ini_quotes_take(line + name + 1 + skip_white(line + name + 1), &why);
    if (!lines->value) report(lines, "%s: %s", ini_shown(line, shown), why.text);
    line[name] = '\0';
    return lines->value && fits_inih(lines, line, name + 1, limit);
}

/* The next line with its newline, and its size; 0: there is none, or it is too long, and so what follows is lost, too.
 */
static size_t take_line(struct lines *lines) {
    size_t size = 0;
    int byte = 0;
    while (size < LINE_MOST && byte != '\n' && (byte = getc(lines->stream)) != EOF) lines->text[size++] = (char)byte;
    lines->text[size] = '\0';
    lines->number += size > 0;
    if (size < LINE_MOST || byte == '\n') return size;
    report(lines, "a line of %d bytes or more, expected less", LINE_MOST);
    return 0;
}

/* inih's reader, as fgets(3). Each line goes on without its indentation, so that none continues the one before. */
static char *read_line(char *out, int limit, void *user) {
    struct lines *lines = user;
    size_t length = take_line(lines);
    char *line = lines->text;
    *out = '\0';
    if (length == 0) return NULL;
    if (strlen(line) != length) {
        report(lines, "a zero byte, expected text");
        return out;
    }
    if (lines->number == 1 && strncmp(line, BOM, strlen(BOM)) == 0) line += strlen(BOM);
    line += skip_white(line);
    trim_end(line);
    if (check_line(lines, line, limit)) snprintf(out, (size_t)limit, "%s%s", line, *line == '[' ? "" : "=");
    return out;
}

static int handle_key(void *user, const char *section, const char *name, const char *nothing) {
    struct lines *lines = user;
    (void)nothing;
    lines->host->key(lines->context, lines->number, section, name, lines->value);
    return 1;
}

bool ini_lines_read(FILE *stream, const struct ini_lines_host *host, void *context) {
    struct lines *lines = calloc(1, sizeof *lines);
    if (!lines) return false;
    lines->host = host;
    lines->context = context;
    lines->stream = stream;
    int result = ini_parse_stream(read_line, lines, handle_key, lines), error = errno;
    bool whole = !ferror(stream);
    if (whole && result != 0 && !lines->faulty) {
        lines->number = result > 0 ? (unsigned)result : lines->number;
        report(lines, "not understood, expected key = value");
    }
    free(lines);
    errno = error;
    return whole;
}
