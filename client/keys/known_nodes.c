#include "client/keys/known_nodes.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/keys/known_line.h"
#include "client/keys/line_log.h"

bool known_nodes_met(struct known_nodes *nodes, const struct address *address) {
    size_t at = 0;
    while (at < nodes->count && !address_equal(&nodes->list[at], address)) at++;
    bool is_new = at == nodes->count;
    if (is_new && nodes->count < KNOWN_NODES_MAX) nodes->count++;
    if (at == KNOWN_NODES_MAX) at--;
    memmove(&nodes->list[1], &nodes->list[0], at * sizeof nodes->list[0]);
    nodes->list[0] = *address;
    return is_new;
}

/* --- Reading --- */

struct reading {
    const char *name;
    struct known_nodes *nodes; /* of that name */
    size_t others;             /* lines of nodes of other names */
};

static void on_forget(void *context) {
    struct reading *reading = context;
    reading->nodes->count = 0;
    reading->others = 0;
}

static void on_take(void *context, char *text, size_t size, unsigned number) {
    struct reading *reading = context;
    struct known_line line;
    (void)number;
    if (known_line_parse(text, size, &line) != KNOWN_LINE_NODES) return;
    if (strcmp(line.name, reading->name) == 0)
        reading->nodes->count = known_line_nodes(&line, reading->nodes->list);
    else
        reading->others++;
}

static struct line_log_reader reader_of(struct reading *reading) {
    return (struct line_log_reader){.context = reading, .forget = on_forget, .take = on_take};
}

/* As it is there now. False: there is none. */
static bool is_file(const char *file, struct line_log *log) {
    *log = (struct line_log){.unread = false};
    return *file && snprintf(log->path, sizeof log->path, "%s", file) < (int)sizeof log->path &&
           access(file, F_OK) == 0;
}

void known_nodes_read(const char *file, const char *name, struct known_nodes *out) {
    struct reading reading = {.name = name, .nodes = out};
    const struct line_log_reader reader = reader_of(&reading);
    struct line_log log;
    out->count = 0;
    if (is_file(file, &log)) (void)line_log_refresh(&log, &reader);
}

/* --- Writing --- */

struct writing {
    FILE *out;
    const char *name;
    const uint8_t *key;
    const struct known_nodes *nodes;
    size_t too_many; /* lines of nodes of other names, the oldest first */
};

/* Lines of anything else stay. */
static bool on_line(void *context, const char *text, size_t size) {
    struct writing *writing = context;
    char copy[KNOWN_LINE_SIZE];
    struct known_line line;
    bool of_nodes =
        size < sizeof copy && memcpy(copy, text, size + 1) && known_line_parse(copy, size, &line) == KNOWN_LINE_NODES;
    if (of_nodes && strcmp(line.name, writing->name) == 0) return true;
    if (!of_nodes || writing->too_many == 0) return fwrite(text, 1, size, writing->out) == size;
    writing->too_many--;
    return true;
}

static bool on_write(void *context, FILE *out, FILE *in) {
    struct writing *writing = context;
    char line[KNOWN_LINE_SIZE];
    const struct known_nodes *nodes = writing->nodes;
    size_t size = known_line_format_nodes(writing->name, writing->key, nodes->list, nodes->count, line);
    writing->out = out;
    return line_log_each(in, on_line, writing) && fwrite(line, 1, size, out) == size;
}

bool known_nodes_write(const char *file, const char *name, const uint8_t key[static 32],
                       const struct known_nodes *nodes) {
    struct known_nodes before;
    struct reading reading = {.name = name, .nodes = &before};
    struct writing writing = {.name = name, .key = key, .nodes = nodes};
    const struct line_log_reader reader = reader_of(&reading);
    struct line_log log;
    int locked = is_file(file, &log) ? line_log_lock(&log, &reader) : -1;
    if (locked < 0) return false;
    if (reading.others >= KNOWN_NODES_NAMES) writing.too_many = reading.others - KNOWN_NODES_NAMES + 1;
    bool written = line_log_replace(&log, locked, on_write, &writing);
    close(locked);
    return written;
}
