#include "client/ui/settings_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/memory.h"
#include "common/whole_file.h"

#define BLANKS " \t"
#define PATH_SIZE 4200

/* --- One line --- */

static const char *skip_blanks(const char *at) {
    return at + strspn(at, BLANKS);
}

static bool is_section(const char *line, const char *name) {
    size_t size = strlen(name);
    line = skip_blanks(line);
    return line[0] == '[' && strncmp(line + 1, name, size) == 0 && line[1 + size] == ']';
}

static bool begins_section(const char *line) {
    return *skip_blanks(line) == '[';
}

/* Where the value of this key begins; NULL: the line is not its. */
static const char *value_of(const char *line, const char *name) {
    size_t size = strlen(name);
    line = skip_blanks(line);
    if (strncmp(line, name, size) != 0) return NULL;
    line = skip_blanks(line + size);
    return *line == '=' ? skip_blanks(line + 1) : NULL;
}

/* Where it ends: before the blanks and the comment behind it, as ini_quotes.h has values. */
static const char *value_end(const char *value) {
    const char *end = value + strcspn(value, "\n"), *closing = NULL;
    if (*value == '"' || *value == '\'') closing = memchr(value + 1, *value, (size_t)(end - value - 1));
    if (closing) return closing + 1;
    for (const char *at = value; at < end; at++)
        if (strchr(BLANKS, *at) && (at[1] == '#' || at[1] == ';')) end = at;
    while (end > value && strchr(BLANKS "\r", end[-1])) end--;
    return end;
}

/* --- The text --- */

static const char *next_line(const char *line) {
    const char *end = strchr(line, '\n');
    return end ? end + 1 : line + strlen(line);
}

/* The row whose line this is and which has changed, or the table's count. */
static size_t changed_row(const char *line, const bool changed[]) {
    size_t row = 0;
    while (row < client_config_table.count && (!changed[row] || !value_of(line, client_config_table.keys[row].name)))
        row++;
    return row;
}

/* Behind which what is new goes: the section's last key, or its head. NULL: there is no such section. */
static const char *last_of_section(const char *text, const bool changed[], bool missing[]) {
    const char *last = NULL;
    bool within = false;
    memcpy(missing, changed, client_config_table.count * sizeof *missing);
    for (const char *line = text; *line; line = next_line(line)) {
        if (begins_section(line)) within = is_section(line, CLIENT_CONFIG_SECTION);
        if (!within || !*skip_blanks(line) || strchr("#;\r\n", *skip_blanks(line))) continue;
        last = line;
        size_t row = changed_row(line, changed);
        if (row < client_config_table.count) missing[row] = false;
    }
    return last;
}

static void format(const struct client_config *now, size_t row, char out[static INI_LINE_SIZE]) {
    if (!ini_value_format(&client_config_table.keys[row], now, 0, out))
        abort(); /* switches and choices: any file can */
}

static void put_line(FILE *out, const char *line, const struct client_config *now, size_t row) {
    const char *after = next_line(line);
    char value[INI_LINE_SIZE];
    if (row < client_config_table.count) {
        const char *begin = value_of(line, client_config_table.keys[row].name);
        format(now, row, value);
        fprintf(out, "%.*s%s", (int)(begin - line), line, value);
        line = value_end(begin);
    }
    fprintf(out, "%.*s", (int)(after - line), line);
}

static void put_missing(FILE *out, const struct client_config *now, const bool missing[]) {
    char value[INI_LINE_SIZE];
    for (size_t row = 0; row < client_config_table.count; row++) {
        if (!missing[row]) continue;
        format(now, row, value);
        fprintf(out, "%s = %s\n", client_config_table.keys[row].name, value);
    }
}

static bool ends_a_line(const char *text) {
    return !*text || text[strlen(text) - 1] == '\n';
}

char *settings_file_edit(const char *text, const struct client_config *now, const bool changed[]) {
    bool *missing = allocate_zeroed(client_config_table.count, sizeof *missing), within = false;
    const char *last = last_of_section(text, changed, missing);
    char *edited;
    size_t size;
    FILE *out = open_memstream(&edited, &size);
    if (!out) abort();
    for (const char *line = text; *line; line = next_line(line)) {
        if (begins_section(line)) within = is_section(line, CLIENT_CONFIG_SECTION);
        put_line(out, line, now, within ? changed_row(line, changed) : client_config_table.count);
        if (line != last) continue;
        if (!ends_a_line(line)) fputc('\n', out);
        put_missing(out, now, missing);
    }
    if (!last) {
        fprintf(out, "%s%s[" CLIENT_CONFIG_SECTION "]\n", ends_a_line(text) ? "" : "\n", *text ? "\n" : "");
        put_missing(out, now, missing);
    }
    if (fclose(out) != 0) abort();
    free(missing);
    return edited;
}

/* --- The file --- */

/* malloc'd; NULL with `why`. One that is not there is empty. */
static char *read_text(const char *path, mode_t *mode, struct why *why) {
    struct stat status;
    char *text = NULL;
    *mode = 0600;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0 && errno == ENOENT) return copy_text("");
    if (file < 0) {
        why_fail(why, "%s: %s", path, errno == ELOOP ? "is a link, expected the file itself" : strerror(errno));
        return NULL;
    }
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > SETTINGS_FILE_BYTES) {
        why_fail(why, "%s: expected a file of at most %d bytes", path, SETTINGS_FILE_BYTES);
    } else {
        *mode = status.st_mode & 0777;
        text = allocate_zeroed((size_t)status.st_size + 1, 1);
        ssize_t got = whole_file_read(file, text, (size_t)status.st_size);
        if (got != status.st_size || memchr(text, '\0', (size_t)got)) {
            why_fail(why, "%s: cannot be read whole", path);
            free(text);
            text = NULL;
        }
    }
    close(file);
    return text;
}

/* What the file gives; false: it has problems. */
static bool load(const char *path, struct client_config *out) {
    char *problems = NULL;
    size_t size;
    FILE *stream = open_memstream(&problems, &size);
    if (!stream) abort();
    ini_table_defaults(&client_config_table, out);
    size_t count = access(path, F_OK) == 0 ? ini_table_load(&client_config_table, path, out, stream) : 0;
    fclose(stream);
    free(problems);
    return count == 0;
}

/* How many settings differ; which in `changed`. */
static size_t compare(const struct client_config *now, const struct client_config *file, bool changed[]) {
    size_t count = 0;
    for (size_t row = 0; row < client_config_table.count; row++) {
        bool setting = client_config_is_setting(client_config_table.keys[row].name);
        changed[row] = setting && !ini_table_equal(&client_config_table, row, now, file);
        count += changed[row];
    }
    return count;
}

static void list_changed(const struct client_config *now, const bool changed[], char *said, size_t size) {
    char value[INI_LINE_SIZE];
    size_t used = 0;
    for (size_t row = 0; row < client_config_table.count; row++) {
        if (!changed[row] || used >= size) continue;
        format(now, row, value);
        used += (size_t)snprintf(said + used, size - used, "%s%s = %s", used > 0 ? ", " : "",
                                 client_config_table.keys[row].name, value);
    }
}

static bool write_text(int file, const char *text, mode_t mode) {
    size_t size = strlen(text);
    return write(file, text, size) == (ssize_t)size && fchmod(file, mode) == 0 && fsync(file) == 0;
}

/* What was written must give what holds now: a file that it includes may give one of the settings, too. */
static bool gives(const char *path, const struct client_config *now) {
    struct client_config *read = allocate_zeroed(1, sizeof *read);
    bool *changed = allocate_zeroed(client_config_table.count, sizeof *changed);
    bool same = load(path, read) && compare(now, read, changed) == 0;
    free(changed);
    free(read);
    return same;
}

static bool replace(const char *path, const char *text, mode_t mode, const struct client_config *now, struct why *why) {
    char temporary[PATH_SIZE];
    snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    int file = mkostemp(temporary, O_CLOEXEC);
    if (file < 0) return why_fail(why, "%s: %s", path, strerror(errno));
    bool done = write_text(file, text, mode);
    if (!done) why_fail(why, "%s: %s", path, strerror(errno));
    close(file);
    if (done && !gives(temporary, now)) done = why_fail(why, "%s: a file that it includes has one of these, too", path);
    if (done && rename(temporary, path) != 0) done = why_fail(why, "%s: %s", path, strerror(errno));
    if (!done) unlink(temporary);
    return done;
}

bool settings_file_save(const char *path, const struct client_config *now, char *said, size_t size, struct why *why) {
    struct client_config *file = allocate_zeroed(1, sizeof *file);
    bool *changed = allocate_zeroed(client_config_table.count, sizeof *changed), done = false;
    mode_t mode;
    char *edited = NULL, *text = read_text(path, &mode, why);
    *said = '\0';
    if (!text) goto out;
    if (!load(path, file)) {
        why_fail(why, "%s: has faults, which gochat says when it starts", path);
        goto out;
    }
    done = compare(now, file, changed) == 0;
    if (done) goto out;
    list_changed(now, changed, said, size);
    edited = settings_file_edit(text, now, changed);
    done = replace(path, edited, mode, now, why);
out:
    free(edited);
    free(text);
    free(changed);
    free(file);
    return done;
}
