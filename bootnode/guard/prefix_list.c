#include "bootnode/guard/prefix_list.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"

#define CAPACITY_AT_FIRST 64
#define LINE_ENDLESS 65536 /* bytes: nobody reads on, since there may be no end to it */
#define BOM "\xef\xbb\xbf"
static_assert(PREFIX_LIST_LINE_MAX == 1024, "as it is told");
static_assert(PREFIX_LIST_LINES == 16777216, "as it is told");

struct reading {
    struct prefix_list *list;
    FILE *in, *problems;
    const char *file; /* safe to print */
    unsigned index;
    uint32_t line_number;
    size_t faults;
    char line[PREFIX_LIST_LINE_MAX];
    size_t length; /* of the line, without its newline; more than fits: it was cut */
};

bool prefix_list_add(struct prefix_list *list, const struct prefix *prefix, uint32_t origin) {
    if (list->count == PREFIX_SET_MAX) return false;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? 2 * list->capacity : CAPACITY_AT_FIRST;
        struct prefix_entry *entries = realloc(list->entries, capacity * sizeof *entries);
        if (!entries) return false;
        list->entries = entries;
        list->capacity = capacity;
    }
    list->entries[list->count++] = (struct prefix_entry){.prefix = *prefix, .origin = origin};
    return true;
}

void prefix_list_clear(struct prefix_list *list) {
    free(list->entries);
    *list = (struct prefix_list){.entries = NULL};
}

/* What is wrong with the present line; `text`: with what in it, NULL: nothing to be shown. */
static void complain(struct reading *reading, const char *text, const char *why) {
    char safe[TEXT_GROWTH * PREFIX_TEXT_SIZE + 1] = "";
    if (reading->faults++ >= PREFIX_LIST_FAULTS_SHOWN) return;
    if (text) (void)text_filter(text, strnlen(text, PREFIX_TEXT_SIZE), false, safe, sizeof safe);
    fprintf(reading->problems, "%s:%lu: %s%s%s\n", reading->file, (unsigned long)reading->line_number, safe,
            text ? ": " : "", why);
}

/* False at the end. */
static bool read_line(struct reading *reading) {
    int byte = 0;
    reading->length = 0;
    while (reading->length < LINE_ENDLESS && (byte = getc_unlocked(reading->in)) != EOF && byte != '\n') {
        if (reading->length < sizeof reading->line) reading->line[reading->length] = (char)byte;
        reading->length++;
    }
    reading->line_number++;
    return byte != EOF || reading->length > 0;
}

static bool begins_comment(const char *text, const char *at) {
    return (*at == '#' || *at == ';') && (at == text || isspace((unsigned char)at[-1]));
}

/* What is left of the line without white space and comment, zero-terminated. */
static char *trim(struct reading *reading) {
    char *text = reading->line, *end = text + reading->length;
    if (reading->line_number == 1 && reading->length >= 3 && memcmp(text, BOM, 3) == 0) text += 3;
    for (char *at = text; at < end; at++)
        if (begins_comment(text, at)) end = at;
    while (end > text && isspace((unsigned char)end[-1])) end--;
    while (text < end && isspace((unsigned char)*text)) text++;
    *end = '\0';
    reading->length = (size_t)(end - text);
    return text;
}

static void take_line(struct reading *reading) {
    struct prefix prefix;
    struct why why;
    if (reading->length >= sizeof reading->line) {
        complain(reading, NULL, "expected a line of less than 1024 bytes");
        return;
    }
    const char *text = trim(reading);
    if (reading->length == 0) return;
    if (strlen(text) != reading->length)
        complain(reading, text, "has a zero byte behind it");
    else if (!prefix_parse(text, &prefix, &why))
        complain(reading, text, why.text);
    else if (!prefix_list_add(reading->list, &prefix, prefix_list_origin(reading->index, reading->line_number)))
        complain(reading, text,
                 reading->list->count == PREFIX_SET_MAX ? "is one too many, expected at most 16777216"
                                                        : "no memory for so many");
}

/* Nothing that could keep us waiting is opened; NULL with errno. */
static FILE *open_regular(const char *file) {
    struct stat status;
    int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0) return NULL;
    bool regular = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
    FILE *stream = regular ? fdopen(descriptor, "r") : NULL;
    if (stream) return stream;
    if (!regular) errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
    int error = errno;
    close(descriptor);
    errno = error;
    return NULL;
}

static void read_lines(struct reading *reading) {
    bool ends = true;
    while (ends && reading->line_number < PREFIX_LIST_LINES - 1 && read_line(reading)) {
        ends = reading->length < LINE_ENDLESS;
        take_line(reading);
    }
    if (ferror(reading->in)) {
        fprintf(reading->problems, "%s: %s\n", reading->file, strerror(errno));
        reading->faults++;
    } else if (ends && !feof(reading->in) && getc_unlocked(reading->in) != EOF) {
        reading->line_number++;
        complain(reading, NULL, "expected less than 16777216 lines");
    }
    if (reading->faults > PREFIX_LIST_FAULTS_SHOWN)
        fprintf(reading->problems, "%s: %zu more lines are no networks\n", reading->file,
                reading->faults - PREFIX_LIST_FAULTS_SHOWN);
}

size_t prefix_list_read(struct prefix_list *list, const char *file, unsigned index, FILE *problems) {
    char safe[TEXT_GROWTH * PREFIX_LIST_LINE_MAX];
    struct reading reading = {.list = list, .problems = problems, .file = safe, .index = index};
    (void)text_filter(file, strlen(file), false, safe, sizeof safe);
    reading.in = open_regular(file);
    if (reading.in) {
        read_lines(&reading);
        fclose(reading.in);
    } else {
        fprintf(problems, "%s: %s\n", safe, errno == EINVAL ? "is no regular file" : strerror(errno));
        reading.faults++;
    }
    return reading.faults;
}
