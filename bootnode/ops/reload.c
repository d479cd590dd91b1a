#include "bootnode/ops/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/access_settings.h"
#include "common/log.h"
#include "common/rcu.h"

#define AREA "bootnode"

/* What comes of it: the settings that were there and those that will hold, and what is said. */
struct outcome {
    struct bootnode_config former, next;
    char *text;
    size_t size;
    FILE *report; /* writes `text` */
};

static const struct ini_table *const table = &bootnode_config_table;

static struct outcome *make_outcome(struct node *node) {
    struct outcome *outcome = calloc(1, sizeof *outcome);
    if (!outcome) return NULL;
    node_config_copy(node, &outcome->former);
    outcome->report = open_memstream(&outcome->text, &outcome->size);
    if (outcome->report) return outcome;
    free(outcome);
    return NULL;
}

/* Ends the report, which is the caller's then; NULL without memory. */
static char *finish(struct outcome *outcome) {
    bool written = !ferror(outcome->report);
    written &= fclose(outcome->report) == 0;
    char *text = outcome->text;
    if (!written) free(text);
    free(outcome);
    return written ? text : NULL;
}

static bool differs(const struct outcome *outcome, size_t row) {
    return !ini_table_equal(table, row, &outcome->former, &outcome->next);
}

/* Whether the tables are large enough is only known of these two together. */
static bool sizes_tables(const struct ini_key *key) {
    return strcmp(key->name, "sessions") == 0 || strcmp(key->name, "sessions_per_source") == 0;
}

/* What cannot change now stays as it is; returns how many keys that are. */
static size_t keep(const struct node *node, struct outcome *outcome) {
    bool suits = node_suits(node, &outcome->next);
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct ini_key *key = &table->keys[i];
        if (!differs(outcome, i) || !(key->restart || (!suits && sizes_tables(key)))) continue;
        ini_table_copy(table, i, &outcome->former, &outcome->next);
        fprintf(outcome->report, "%s%s", count++ > 0 ? ", " : "only a restart changes ", key->name);
    }
    if (count > 0) fputs("\n", outcome->report);
    return count;
}

static void list_changed(struct outcome *outcome, size_t kept) {
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++)
        if (differs(outcome, i)) fprintf(outcome->report, "%s%s", count++ > 0 ? ", " : "changed ", table->keys[i].name);
    if (count == 0) fputs(kept > 0 ? "nothing else changed" : "nothing changed", outcome->report);
    fputs("\n", outcome->report);
}

/* Also where the files stay the same: what is in them may not. */
static void list_networks(struct outcome *outcome, struct access *access) {
    struct access_sizes sizes;
    access_measure(access, &sizes);
    if (outcome->next.deny_file.count + outcome->next.allow_file.count > 0)
        fprintf(outcome->report, "deny_file has %zu networks, allow_file %zu\n", sizes.denied, sizes.allowed);
}

static bool read_settings(const struct bootnode_settings *source, struct outcome *outcome) {
    if (bootnode_settings_last(source)) return bootnode_settings_read(source, &outcome->next, outcome->report) == 0;
    fprintf(outcome->report, "%s: expected a file, a pipe cannot be read anew\n", source->file);
    return false;
}

static struct access_lists *read_lists(const struct reload *reload, struct outcome *outcome) {
    const struct access_files files = access_settings_files(&outcome->next);
    return access_read(reload->node->access, &files, outcome->report);
}

static bool apply(const struct reload *reload, struct outcome *outcome) {
    rcu_reader_offline();
    bool read = read_settings(reload->source, outcome);
    struct access_lists *lists = read ? read_lists(reload, outcome) : NULL;
    rcu_reader_online();
    if (!lists) return false;
    list_changed(outcome, keep(reload->node, outcome));
    if (!node_reconfigure(reload->node, &outcome->next)) {
        fputs("no memory for that\n", outcome->report);
        access_discard(lists);
        return false;
    }
    access_adopt(reload->node->access, lists);
    list_networks(outcome, reload->node->access);
    log_set_level((enum log_level)outcome->next.log_level);
    log_set_format((enum log_format)outcome->next.log_format);
    return true;
}

/* A line of the log for each line. */
static void log_report(const char *file, bool applied, const char *report) {
    enum log_level level = applied ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR;
    for (const char *line = report; *line;) {
        size_t size = strcspn(line, "\n");
        log_line(level, AREA, "reload: %.*s", (int)size, line);
        line += size + (line[size] == '\n');
    }
    if (applied)
        log_info(AREA, "reloaded %s", file);
    else
        log_error(AREA, "not reloaded, %s is not as it should be: all stays as it was", file);
}

bool reload_run(const struct reload *reload, char **report) {
    const char *file = reload->source->file ? reload->source->file : "the defaults";
    struct outcome *outcome = make_outcome(reload->node);
    bool applied = outcome && apply(reload, outcome);
    *report = outcome ? finish(outcome) : NULL;
    log_report(file, applied, *report ? *report : "no memory for a report\n");
    return applied;
}

bool reload_run_lists(const struct reload *reload, char **report) {
    struct outcome *outcome = make_outcome(reload->node);
    *report = NULL;
    if (!outcome) return false;
    outcome->next = outcome->former;
    rcu_reader_offline();
    struct access_lists *lists = read_lists(reload, outcome);
    rcu_reader_online();
    if (lists) access_adopt(reload->node->access, lists);
    *report = finish(outcome);
    return lists != NULL;
}
