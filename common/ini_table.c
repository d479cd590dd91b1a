#include "common/ini_table.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/similar.h"
#include "common/text.h"
#include "common/why.h"

#define WHY_SIZE 512
#define SHOWN_MOST 200  /* bytes of a value that is complained about */
#define LINE_MOST 65536 /* bytes of a line, its comment included: /dev/zero has an endless one */
#define BOM "\xef\xbb\xbf"

struct loading {
    const struct ini_table *table;
    const char *file;
    char shown_file[3 * PATH_MAX]; /* the same, safe to print */
    void *target;
    FILE *problems;
    FILE *stream;
    char line[LINE_MOST + 1];
    char *value; /* in `line`: that of the key that inih reads now */
    unsigned line_number;
    unsigned *seen; /* per key: the line that gave it, or 0 */
    size_t problem_count;
    bool skips_section; /* unknown, and said so */
};

/* --- The table --- */

static const struct ini_key *find_key(const struct ini_table *table, const char *section, const char *name) {
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->keys[i].section, section) == 0 && strcmp(table->keys[i].name, name) == 0)
            return &table->keys[i];
    return NULL;
}

/* The first key of a section stands for it. */
static const struct ini_key *find_section(const struct ini_table *table, const char *section) {
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->keys[i].section, section) == 0) return &table->keys[i];
    return NULL;
}

static void explain_unknown_section(const struct ini_table *table, struct why *why) {
    const char *separator = "";
    why_fail(why, "unknown section, expected ");
    for (size_t i = 0; i < table->count; i++) {
        if (find_section(table, table->keys[i].section) != &table->keys[i]) continue;
        why_add(why, "%s[%s]", separator, table->keys[i].section);
        separator = " or ";
    }
}

static void explain_unknown_key(const struct ini_table *table, const char *section, const char *name, struct why *why) {
    struct similar near = similar_to(name);
    const char *separator = "";
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->keys[i].section, section) == 0) similar_offer(&near, table->keys[i].name);
    why_fail(why, near.count > 0 ? "unknown key, did you mean " : "unknown key, expected one of ");
    similar_list(&near, "", " or ", why->text, sizeof why->text);
    if (near.count > 0) why_add(why, "?");
    for (size_t i = 0; i < table->count && near.count == 0; i++) {
        if (strcmp(table->keys[i].section, section) != 0) continue;
        why_add(why, "%s%s", separator, table->keys[i].name);
        separator = ", ";
    }
}

void ini_table_defaults(const struct ini_table *table, void *target) {
    struct why why;
    memset(target, 0, table->target_size);
    for (size_t i = 0; i < table->count; i++) {
        const struct ini_key *key = &table->keys[i];
        if (!key->fallback || ini_value_set(key, key->fallback, NULL, target, &why)) continue;
        fprintf(stderr, "default of %s = %s: %s\n", key->name, key->fallback, why.text);
        abort();
    }
}

bool ini_table_set(const struct ini_table *table, const char *section, const char *name, const char *value,
                   void *target, struct why *why) {
    const struct ini_key *key = find_key(table, section, name);
    if (key) return ini_value_set(key, value, NULL, target, why);
    if (find_section(table, section))
        explain_unknown_key(table, section, name, why);
    else
        explain_unknown_section(table, why);
    return false;
}

bool ini_table_equal(const struct ini_table *table, size_t row, const void *target, const void *other) {
    return ini_value_equal(&table->keys[row], target, other);
}

static void print_key(const struct ini_key *key, const void *target, FILE *out) {
    char value[INI_LINE_SIZE];
    size_t lines = ini_value_lines(key, target);
    if (lines == 0) fprintf(out, ";%s =\n", key->name);
    for (size_t i = 0; i < lines; i++)
        fprintf(out, ini_value_format(key, target, i, value) ? "%s = %s\n" : "# no file can say %s = %s\n", key->name,
                value);
}

void ini_table_print(const struct ini_table *table, const void *target, FILE *out) {
    const char *section = NULL;
    for (size_t i = 0; i < table->count; i++) {
        const struct ini_key *key = &table->keys[i];
        if (!section || strcmp(section, key->section) != 0) fprintf(out, "[%s]\n", key->section);
        section = key->section;
        print_key(key, target, out);
    }
}

/* --- A file --- */

__attribute__((format(printf, 2, 3))) static void report(struct loading *loading, const char *format, ...) {
    char text[2 * WHY_SIZE], safe[2 * WHY_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)text_filter(text, strlen(text), false, safe, sizeof safe);
    fprintf(loading->problems, "%s:%u: %s\n", loading->shown_file, loading->line_number, safe);
    loading->problem_count++;
}

/* inih calls no handler for a section without keys, so sections are looked at here. */
static bool check_section(struct loading *loading, const char *line) {
    char section[64];
    struct why why;
    size_t length = strcspn(line + 1, "]");
    const char *after = line + 1 + length;
    if (*after == ']') after++;
    while (isspace((unsigned char)*after)) after++;
    snprintf(section, sizeof section, "%.*s", (int)length, line + 1);
    loading->skips_section = true;
    if (line[1 + length] != ']' || (*after != '\0' && !strchr(";#", *after))) {
        report(loading, "%s: expected [section] alone", line);
    } else if (!find_section(loading->table, section)) {
        explain_unknown_section(loading->table, &why);
        report(loading, "[%s]: %s", section, why.text);
    } else {
        loading->skips_section = false;
    }
    return !loading->skips_section;
}

/* A name of a key or a section is looked at by inih, so it must fit in what that reads at once. */
static bool fits_inih(struct loading *loading, const char *line, size_t size, int limit) {
    if (size < (size_t)limit) return true;
    report(loading, "%.40s…: a name of %zu bytes, expected at most %d", line, size, limit - 1);
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
static bool check_line(struct loading *loading, char *line, int limit) {
    struct why why;
    if (*line == '\0' || *line == ';' || *line == '#') return false;
    if (*line == '[') return fits_inih(loading, line, strlen(line), limit) && check_section(loading, line);
    if (loading->skips_section) return false;
    size_t name = strcspn(line, "=:;");
    if (name == 0 || line[name] != '=') {
        report(loading, "%.*s: expected key = value, [section], or a comment after # or ;", SHOWN_MOST, line);
        return false;
    }
    loading->value = ini_quotes_take(line + name + 1 + skip_white(line + name + 1), &why);
    if (!loading->value) report(loading, "%.*s: %s", SHOWN_MOST, line, why.text);
    line[name] = '\0';
    return loading->value && fits_inih(loading, line, name + 1, limit);
}

/* The next line with its newline, and its size; 0: there is none, or it is too long, and so what follows is lost, too.
 */
static size_t take_line(struct loading *loading) {
    size_t size = 0;
    int byte = 0;
    while (size < LINE_MOST && byte != '\n' && (byte = getc(loading->stream)) != EOF)
        loading->line[size++] = (char)byte;
    loading->line[size] = '\0';
    loading->line_number += size > 0;
    if (size < LINE_MOST || byte == '\n') return size;
    report(loading, "a line of %d bytes or more, expected less", LINE_MOST);
    return 0;
}

/* inih's reader, as fgets(3). Each line goes on without its indentation, so that none continues the one before. */
static char *read_line(char *out, int limit, void *user) {
    struct loading *loading = user;
    size_t length = take_line(loading);
    char *line = loading->line;
    *out = '\0';
    if (length == 0) return NULL;
    if (strlen(line) != length) {
        report(loading, "a zero byte, expected text");
        return out;
    }
    if (loading->line_number == 1 && strncmp(line, BOM, strlen(BOM)) == 0) line += strlen(BOM);
    line += skip_white(line);
    trim_end(line);
    if (check_line(loading, line, limit)) snprintf(out, (size_t)limit, "%s%s", line, *line == '[' ? "" : "=");
    return out;
}

static const char *folder_of(const char *file, char out[static INI_TEXT_SIZE]) {
    const char *slash = strrchr(file, '/');
    if (!slash) return NULL;
    snprintf(out, INI_TEXT_SIZE, "%.*s", slash == file ? 1 : (int)(slash - file), file);
    return out;
}

/* False with `why`. The first line that gives a key counts, and further ones of a list. */
static bool take_key(struct loading *loading, const char *section, const char *name, struct why *why) {
    char folder[INI_TEXT_SIZE];
    const struct ini_key *key = find_key(loading->table, section, name);
    if (*section == '\0') {
        return why_fail(why, "expected a [section] first");
    }
    if (!key) {
        explain_unknown_key(loading->table, section, name, why);
        return false;
    }
    unsigned *seen = &loading->seen[key - loading->table->keys];
    if (*seen != 0 && ini_value_adds_up(key))
        return ini_value_add(key, loading->value, folder_of(loading->file, folder), loading->target, why);
    if (*seen != 0) {
        return why_fail(why, "given already in line %u, expected once", *seen);
    }
    *seen = loading->line_number;
    return ini_value_set(key, loading->value, folder_of(loading->file, folder), loading->target, why);
}

static int handle_key(void *user, const char *section, const char *name, const char *nothing) {
    struct loading *loading = user;
    struct why why;
    (void)nothing;
    if (!take_key(loading, section, name, &why))
        report(loading, "%s = %.*s: %s", name, SHOWN_MOST, loading->value, why.text);
    return 1;
}

static void load_stream(struct loading *loading) {
    int result = ini_parse_stream(read_line, loading, handle_key, loading);
    if (ferror(loading->stream)) {
        fprintf(loading->problems, "%s: %s\n", loading->shown_file, strerror(errno));
        loading->problem_count++;
    } else if (result != 0 && loading->problem_count == 0) {
        loading->line_number = result > 0 ? (unsigned)result : loading->line_number;
        report(loading, "not understood, expected key = value");
    }
}

size_t ini_table_load(const struct ini_table *table, const char *file, void *target, FILE *problems) {
    struct loading loading = {.table = table, .file = file, .target = target, .problems = problems};
    (void)text_filter(file, strlen(file), false, loading.shown_file, sizeof loading.shown_file);
    loading.stream = fopen(file, "re");
    loading.seen = calloc(table->count, sizeof *loading.seen);
    if (loading.stream && loading.seen) {
        load_stream(&loading);
    } else {
        fprintf(problems, "%s: %s\n", loading.shown_file, strerror(errno));
        loading.problem_count++;
    }
    free(loading.seen);
    if (loading.stream) fclose(loading.stream);
    return loading.problem_count;
}
