#include "bootnode/ctl/tables.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define COLUMNS_MAX 16
#define GAP 2
#define WIDTH_MAX 120 /* of a table; one that is wider goes on below, each row under its first value */

/* --- Values --- */

static bool ends_with(const char *name, const char *end) {
    size_t size = strlen(name), end_size = strlen(end);
    return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

/* "3d 4h", "4h 5m", "5m 6s", "6s": two units are enough. */
static char *time_text(json_int_t seconds) {
    static const struct {
        char name;
        json_int_t seconds;
    } units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
    char *text = NULL;
    size_t i = 0;
    while (i < 3 && seconds < units[i].seconds) i++;
    json_int_t whole = seconds / units[i].seconds, rest = seconds % units[i].seconds;
    if (i == 3 || rest / units[i + 1].seconds == 0)
        return asprintf(&text, "%" JSON_INTEGER_FORMAT "%c", whole, units[i].name) < 0 ? NULL : text;
    return asprintf(&text, "%" JSON_INTEGER_FORMAT "%c %" JSON_INTEGER_FORMAT "%c", whole, units[i].name,
                    rest / units[i + 1].seconds, units[i + 1].name) < 0
               ? NULL
               : text;
}

static char *bytes_text(json_int_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double shown = (double)bytes;
    size_t i = 0;
    char *text = NULL;
    for (; shown >= 1024 && i < sizeof units / sizeof *units - 1; i++) shown /= 1024;
    return asprintf(&text, "%.*f %s", i > 0, shown, units[i]) < 0 ? NULL : text;
}

__attribute__((format(printf, 1, 2))) static char *text_of(const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    return size < 0 ? NULL : text;
}

static char *string_text(const char *text) {
    size_t size = strlen(text), capacity = TEXT_GROWTH * size + 1;
    char *shown = malloc(capacity);
    if (shown) shown[text_filter(text, size, false, shown, capacity)] = '\0';
    return shown;
}

char *tables_value(const char *name, const json_t *value) {
    const char *unit = ends_with(name, "_percent") ? " %" : ends_with(name, "_seconds") ? "s" : "";
    if (json_is_integer(value) && ends_with(name, "_seconds")) return time_text(json_integer_value(value));
    if (json_is_integer(value) && ends_with(name, "_bytes")) return bytes_text(json_integer_value(value));
    if (!value) return string_text("-");
    switch (json_typeof(value)) {
    case JSON_STRING: return string_text(json_string_value(value));
    case JSON_INTEGER: return text_of("%" JSON_INTEGER_FORMAT "%s", json_integer_value(value), unit);
    case JSON_REAL: return text_of("%.1f%s", json_real_value(value), unit);
    case JSON_TRUE: return string_text("yes");
    case JSON_FALSE: return string_text("no");
    default: return string_text("-");
    }
}

/* Bytes of the name without its unit. */
static size_t name_size(const char *name) {
    static const char *const units[] = {"_seconds", "_bytes", "_percent"};
    size_t size = strlen(name);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (ends_with(name, units[i])) size -= strlen(units[i]);
    return size;
}

/* That, with words instead of underscores; at the right of so many columns where `width` is negative. */
static void print_name(const char *name, bool upper, int width, FILE *out) {
    int size = (int)name_size(name);
    int before = width < 0 ? -width - size : 0, after = width > 0 ? width - size : 0;
    fprintf(out, "%*s", before, "");
    for (int i = 0; i < size; i++) {
        char letter = name[i] == '_' ? ' ' : name[i];
        fputc(upper && letter >= 'a' && letter <= 'z' ? letter - 'a' + 'A' : letter, out);
    }
    fprintf(out, "%*s", after > 0 ? after : 0, "");
}

/* --- Tables --- */

struct column {
    const char *name;
    size_t width;
    bool is_number;
};

static size_t columns_of(const json_t *rows, struct column out[static COLUMNS_MAX]) {
    size_t count = 0, i;
    const json_t *row;
    const char *name;
    json_t *value;
    json_array_foreach(rows, i, row) {
        json_object_foreach((json_t *)row, name, value) {
            size_t at = 0;
            while (at < count && strcmp(out[at].name, name) != 0) at++;
            if (at == COLUMNS_MAX) continue;
            if (at == count) out[count++] = (struct column){.name = name, .width = name_size(name), .is_number = true};
            char *text = tables_value(name, value);
            if (text && strlen(text) > out[at].width) out[at].width = strlen(text);
            out[at].is_number &= json_is_number(value);
            free(text);
        }
    }
    return count;
}

/* A word beside a number ("none") stands where numbers do. */
static void print_row(const json_t *row, const struct column *columns, size_t count, FILE *out) {
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(row, columns[i].name);
        char *text = value ? tables_value(columns[i].name, value) : NULL;
        int width = i + 1 < count || columns[i].is_number ? (int)columns[i].width : 0;
        fprintf(out, columns[i].is_number ? "%*s%*s" : "%-*s%*s", width, text ? text : "", i + 1 < count ? GAP : 0, "");
        free(text);
    }
    fputc('\n', out);
}

static void print_columns(const struct column *columns, size_t count, const json_t *rows, FILE *out) {
    const json_t *row;
    size_t i;
    for (size_t at = 0; at < count; at++) {
        bool last = at + 1 == count;
        int width = (int)columns[at].width;
        print_name(columns[at].name, true, columns[at].is_number ? -width : last ? 0 : width, out);
        if (!last) fprintf(out, "%*s", GAP, "");
    }
    fputc('\n', out);
    json_array_foreach(rows, i, row) print_row(row, columns, count, out);
}

/* Of those from `from` on, how many stand beside the first one: at least one. */
static size_t columns_that_fit(const struct column *columns, size_t count, size_t from) {
    size_t width = columns[0].width, to = from;
    do width += GAP + columns[to++].width;
    while (to < count && width + GAP + columns[to].width <= WIDTH_MAX);
    return to - from;
}

static void print_in_parts(const struct column *columns, size_t count, const json_t *rows, FILE *out) {
    struct column part[COLUMNS_MAX] = {columns[0]};
    for (size_t from = 1, size; from < count; from += size) {
        size = columns_that_fit(columns, count, from);
        memcpy(&part[1], &columns[from], size * sizeof *part);
        if (from > 1) fputc('\n', out);
        print_columns(part, 1 + size, rows, out);
    }
}

static void print_table(const char *name, const json_t *rows, bool *first, FILE *out) {
    struct column columns[COLUMNS_MAX];
    const size_t count = columns_of(rows, columns);
    if (!*first) fputc('\n', out);
    *first = false;
    if (count > 1) print_in_parts(columns, count, rows, out);
    if (count == 1) print_columns(columns, count, rows, out);
    if (count > 0) return;
    fputs("no ", out);
    print_name(name, false, 0, out);
    fputc('\n', out);
}

static bool is_words(const char *name, const json_t *value) {
    return json_is_string(json_array_get(value, 0)) && strcmp(name, "lines") != 0;
}

static bool is_list(const char *name, const json_t *value) {
    return json_is_array(value) && !is_words(name, value);
}

/* What stands alone, or words of one line. */
static void print_value(const char *name, const json_t *value, FILE *out) {
    const size_t count = json_is_array(value) ? json_array_size(value) : 1;
    for (size_t i = 0; i < count; i++) {
        char *text = tables_value(name, json_is_array(value) ? json_array_get(value, i) : value);
        fprintf(out, "%s%s", i > 0 ? ", " : "", text ? text : "");
        free(text);
    }
    fputc('\n', out);
}

static void print_lines(const json_t *lines, FILE *out) {
    const json_t *line;
    size_t i;
    json_array_foreach(lines, i, line) {
        char *text = tables_value("", line);
        fprintf(out, "%s\n", text ? text : "");
        free(text);
    }
}

static size_t widest_name(const json_t *object) {
    const char *name;
    json_t *value;
    size_t width = 0;
    json_object_foreach((json_t *)object, name, value) {
        if (!is_list(name, value) && name_size(name) > width) width = name_size(name);
    }
    return width;
}

void tables_print(const json_t *object, FILE *out) {
    const int width = (int)widest_name(object);
    const char *name;
    json_t *value;
    bool first = true;
    json_object_foreach((json_t *)object, name, value) {
        if (is_list(name, value)) continue;
        print_name(name, false, width + GAP, out);
        print_value(name, value, out);
        first = false;
    }
    json_object_foreach((json_t *)object, name, value) {
        if (!is_list(name, value)) continue;
        if (strcmp(name, "lines") == 0)
            print_lines(value, out);
        else
            print_table(name, value, &first, out);
    }
}
