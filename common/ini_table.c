#include "common/ini_table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/ini_include.h"
#include "common/ini_lines.h"
#include "common/ini_path.h"
#include "common/ini_shown.h"
#include "common/similar.h"
#include "common/text.h"

#define INCLUDE "include" /* a key of any section, and before one */
#define DEPTH_MOST 8      /* files within each other */

struct visit;

struct loading {
    const struct ini_table *table;
    void *target;
    struct ini_origins *origins;
    FILE *problems;
    size_t problem_count;
    size_t visits;             /* files that were read, one that is read again included */
    const struct visit *visit; /* the file that is read now */
};

/* A file, and those in whose midst it is read. */
struct visit {
    const struct visit *outer;
    const char *file;
    const char *folder;
    const char *section; /* that the file begins in, "" for none */
    unsigned depth;
    dev_t device; /* together with the inode: which file it is */
    ino_t inode;
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

static const struct ini_section *find_free_section(const struct ini_table *table, const char *section) {
    for (size_t i = 0; i < table->section_count; i++)
        if (strcmp(table->sections[i].name, section) == 0) return &table->sections[i];
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
    for (size_t i = 0; i < table->section_count; i++) why_add(why, " or [%s]", table->sections[i].name);
}

static void explain_unknown_key(const struct ini_table *table, const char *section, const char *name, struct why *why) {
    struct similar near = similar_to(name);
    const char *separator = "";
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->keys[i].section, section) == 0) similar_offer(&near, table->keys[i].name);
    similar_offer(&near, INCLUDE);
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

void ini_table_copy(const struct ini_table *table, size_t row, const void *from, void *to) {
    ini_value_copy(&table->keys[row], from, to);
}

static void print_key(const struct ini_key *key, const void *target, const struct ini_row_origins *row, FILE *out) {
    char value[INI_LINE_SIZE], origin[INI_ORIGIN_SIZE];
    size_t lines = ini_value_lines(key, target);
    if (lines == 0) fprintf(out, ";%s =", key->name);
    for (size_t i = 0; i < lines || i == 0; i++) {
        bool said = lines == 0 || ini_value_format(key, target, i, value);
        if (lines > 0) fprintf(out, said ? "%s = %s" : "# no file can say %s = %s", key->name, value);
        if (row) fprintf(out, "  # %s", ini_origin_say(lines > 0 ? &row->items[i] : &row->first, origin));
        putc('\n', out);
    }
}

void ini_table_print(const struct ini_table *table, const void *target, const struct ini_origins *origins, FILE *out) {
    const char *section = NULL;
    for (size_t i = 0; i < table->count; i++) {
        const struct ini_key *key = &table->keys[i];
        if (!section || strcmp(section, key->section) != 0) fprintf(out, "[%s]\n", key->section);
        section = key->section;
        print_key(key, target, origins ? &origins->rows[i] : NULL, out);
    }
}

size_t ini_table_row(const struct ini_table *table, const char *section, const char *name) {
    const struct ini_key *key = find_key(table, section, name);
    return key ? (size_t)(key - table->keys) : table->count;
}

/* --- A file --- */

__attribute__((format(printf, 3, 4))) static void report(struct loading *loading, unsigned line, const char *format,
                                                         ...) {
    char text[2 * sizeof(struct why)], safe[2 * sizeof(struct why)], where[INI_ORIGIN_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)text_filter(text, strlen(text), false, safe, sizeof safe);
    fprintf(loading->problems, "%s: %s\n", ini_origin_say(&(struct ini_origin){loading->visit->file, line}, where),
            safe);
    loading->problem_count++;
}

static void take_fault(void *context, unsigned line, const char *text) {
    report(context, line, "%s", text);
}

static bool take_section(void *context, unsigned line, const char *name) {
    struct loading *loading = context;
    struct why why;
    if (find_section(loading->table, name) || find_free_section(loading->table, name)) return true;
    explain_unknown_section(loading->table, &why);
    report(loading, line, "[%s]: %s", name, why.text);
    return false;
}

/* Each item is from the line that added it. */
static void note_items(struct loading *loading, size_t row, size_t before, struct ini_origin origin) {
    size_t lines = ini_value_lines(&loading->table->keys[row], loading->target);
    for (size_t i = before; i < (lines > 0 ? lines : 1) && i < INI_LIST_MAX; i++)
        loading->origins->rows[row].items[i] = origin;
}

static bool complain_twice(const struct loading *loading, const struct ini_origin *before, struct why *why) {
    char where[INI_ORIGIN_SIZE];
    if (strcmp(before->source, loading->visit->file) == 0)
        return why_fail(why, "given already in line %u, expected once", before->line);
    return why_fail(why, "given already in %s, expected once", ini_origin_say(before, where));
}

/* False with `why`. The first line that gives a key counts, and further ones of a list. */
static bool take_key(struct loading *loading, size_t row, unsigned line, const char *value, struct why *why) {
    const struct ini_key *key = &loading->table->keys[row];
    struct ini_row_origins *origins = &loading->origins->rows[row];
    const struct ini_origin here = {loading->visit->file, line};
    bool more = origins->first.source != NULL;
    if (more && !ini_value_adds_up(key)) return complain_twice(loading, &origins->first, why);
    if (!more) origins->first = here;
    size_t before = more ? ini_value_lines(key, loading->target) : 0;
    bool taken = more ? ini_value_add(key, value, loading->visit->folder, loading->target, why)
                      : ini_value_set(key, value, loading->visit->folder, loading->target, why);
    if (taken) note_items(loading, row, before, here);
    origins->refused = origins->refused || !taken;
    return taken;
}

static bool take_include(struct loading *loading, const char *section, const char *value, struct why *why);

static void handle_key(void *context, unsigned line, const char *section, const char *name, const char *value) {
    struct loading *loading = context;
    char shown[INI_SHOWN_MOST + 1];
    struct why why;
    bool taken = false;
    if (*section == '\0') section = loading->visit->section;
    size_t row = ini_table_row(loading->table, section, name);
    if (strcmp(name, INCLUDE) == 0)
        taken = take_include(loading, section, value, &why);
    else if (*section == '\0')
        why_fail(&why, "expected a [section] first");
    else if (find_free_section(loading->table, section))
        taken = find_free_section(loading->table, section)->take(name, value, loading->target, &why);
    else if (row == loading->table->count)
        explain_unknown_key(loading->table, section, name, &why);
    else
        taken = take_key(loading, row, line, value, &why);
    if (!taken) report(loading, line, "%s = %s: %s", name, ini_shown(value, shown), why.text);
}

static void load_stream(struct loading *loading, FILE *stream) {
    static const struct ini_lines_host host = {take_section, handle_key, take_fault};
    if (!ini_lines_read(stream, &host, loading)) report(loading, 0, "%s", strerror(errno));
}

/* "a → b → a", of the files that are read within each other. */
static bool complain_loop(const struct visit *visit, const char *file, struct why *why) {
    const struct visit *files[DEPTH_MOST + 1];
    size_t count = 0;
    for (; visit; visit = visit->outer) files[count++] = visit;
    why_fail(why, "expected no file within itself: ");
    while (count > 0) why_add(why, "%s → ", files[--count]->file);
    why_add(why, "%s", file);
    return false;
}

static bool is_open(const struct visit *visit, const struct stat *status) {
    for (; visit; visit = visit->outer)
        if (visit->device == status->st_dev && visit->inode == status->st_ino) return true;
    return false;
}

static bool visit_stream(struct loading *loading, FILE *stream, const char *file, const char *section,
                         struct why *why) {
    const struct visit *outer = loading->visit;
    struct stat status;
    if (fstat(fileno(stream), &status) != 0) return why_fail(why, "%s", strerror(errno));
    if (is_open(outer, &status)) return complain_loop(outer, file, why);
    const char *kept = ini_origins_add_file(loading->origins, file);
    char *folder = ini_include_folder(file);
    bool fits =
        kept && ++loading->visits <= INI_FILES_MAX && ini_origins_add_folder(loading->origins, folder ? folder : ".");
    if (!fits) why_fail(why, "expected at most %d files in all", INI_FILES_MAX);
    const struct visit visit = {outer,         kept,         folder, section, outer ? outer->depth + 1 : 1,
                                status.st_dev, status.st_ino};
    loading->visit = &visit;
    if (fits) load_stream(loading, stream);
    loading->visit = outer;
    free(folder);
    return fits;
}

static bool visit_file(struct loading *loading, const char *file, const char *section, struct why *why) {
    FILE *stream = fopen(file, "re");
    if (!stream) return why_fail(why, "%s: %s", file, strerror(errno));
    bool visited = visit_stream(loading, stream, file, section, why);
    fclose(stream);
    return visited;
}

/* What the file says counts as if it stood here, and it begins in the section that it stands in. */
static bool take_include(struct loading *loading, const char *section, const char *value, struct why *why) {
    char path[INI_TEXT_SIZE];
    struct ini_included included;
    if (*value == '\0') return why_fail(why, "expected a file, or a name with *");
    if (loading->visit->depth == DEPTH_MOST)
        return why_fail(why, "expected at most %d files within each other", DEPTH_MOST);
    if (!ini_path_find(value, loading->visit->folder, path, why)) return false;
    bool fits = ini_include_find(path, &included, why);
    char *folder = ini_include_folder(path);
    if (fits && !ini_origins_add_folder(loading->origins, folder ? folder : "."))
        fits = why_fail(why, "expected at most %d folders", INI_FILES_MAX);
    for (size_t i = 0; i < included.count && fits; i++) fits = visit_file(loading, included.files[i], section, why);
    free(folder);
    ini_include_free(&included);
    return fits;
}

size_t ini_table_read(const struct ini_table *table, const char *file, void *target, struct ini_origins *origins,
                      FILE *problems) {
    struct loading loading = {.table = table, .target = target, .origins = origins, .problems = problems};
    char shown[INI_ORIGIN_SIZE];
    FILE *stream = fopen(file, "re");
    struct why why;
    if (stream && visit_stream(&loading, stream, file, "", &why)) {
        fclose(stream);
        return loading.problem_count;
    }
    fprintf(problems, "%s: %s\n", ini_origin_say(&(struct ini_origin){file, 0}, shown),
            stream ? why.text : strerror(errno));
    if (stream) fclose(stream);
    return loading.problem_count + 1;
}

size_t ini_table_load(const struct ini_table *table, const char *file, void *target, FILE *problems) {
    struct ini_origins origins;
    ini_origins_make(&origins, table->count);
    size_t count = ini_table_read(table, file, target, &origins, problems);
    ini_origins_free(&origins);
    return count;
}
