/* gochat-load: options → run → rows → exit status. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "bench/load/find_rate.h"
#include "bench/load/interrupt.h"
#include "bench/load/load_options.h"
#include "bench/load/merge.h"
#include "bench/load/rows.h"
#include "bench/load/run.h"
#include "common/output.h"
#include "common/why.h"

/* A fleet at rest is seen to so often, one that registers as soon as answers may be there. */
#define KEEP_ALIVE_MS 100
#define KEEP_BUSY_MS 1

static int complain(const char *where, const char *why, int status) {
    if (*why) fprintf(stderr, "gochat-load: %s%s%s\n", where, *where ? ": " : "", why);
    return status;
}

static int run_one(struct run *run, const struct row_options *row) {
    struct why why;
    enum run_status status = row->pace == PACE_FIND ? find_rate(run, row, &why) : run_row(run, row, &why);
    if (status == RUN_USAGE || status == RUN_UNANSWERED) return complain("", why.text, (int)status);
    return (int)status;
}

static int run_line(struct run *run, const struct load_options *options, const struct rows *rows, const char *line) {
    struct row_options row;
    struct why why;
    char where[LOAD_TEXT_SIZE + 16];
    if (load_options_parse_row(options, line, &row, &why)) return run_one(run, &row);
    snprintf(where, sizeof where, "%s:%u", options->rows, rows->number);
    return complain(where, why.text, RUN_USAGE);
}

static int wait_ms(const struct run *run, bool busy) {
    if (!run_has_fleet(run)) return -1;
    return busy ? KEEP_BUSY_MS : KEEP_ALIVE_MS;
}

/* A row that did not agree does not keep the others from being measured; anything worse ends the run. */
static int run_rows(struct run *run, const struct load_options *options) {
    static struct rows rows;
    struct why why;
    const char *line;
    bool busy = false;
    int status = RUN_OK;
    if (!rows_open(&rows, options->rows, &why)) return complain("", why.text, RUN_USAGE);
    while (!interrupted() && status <= RUN_DISAGREED) {
        enum rows_status next = rows_next(&rows, wait_ms(run, busy), &line, &why);
        busy = run_keep_alive(run);
        if (next == ROWS_END) break;
        if (next == ROWS_FAILED) status = complain(options->rows, why.text, RUN_USAGE);
        if (next != ROWS_LINE) continue;
        int of_row = run_line(run, options, &rows, line);
        if (of_row > status) status = of_row;
    }
    rows_close(&rows);
    return status;
}

/* --- Merging --- */

static bool read_result(struct merge *merge, const char *path, struct why *why) {
    bool is_input = strcmp(path, "-") == 0;
    FILE *from = is_input ? stdin : fopen(path, "re");
    if (!from) return why_fail(why, "--merge '%s': %s", path, strerror(errno));
    bool taken = merge_read(merge, from, path, why);
    if (!is_input) (void)fclose(from);
    return taken;
}

static int write_merged(struct merge *merge, const char *path) {
    bool to_file = path[0] != '\0' && strcmp(path, "-") != 0;
    FILE *to = to_file ? fopen(path, "we") : stdout;
    uint64_t disagreements;
    struct why why;
    bool written = to && merge_write(merge, to, path[0] != '\0', &disagreements);
    if (!written) why_fail(&why, "--json '%s': %s", path, strerror(errno));
    if (!written && !to_file) output_failed("gochat-load", errno);
    if (to_file && to) (void)fclose(to);
    if (!written) return to_file ? complain("", why.text, RUN_USAGE) : RUN_USAGE;
    return disagreements > 0 ? RUN_DISAGREED : RUN_OK;
}

static int run_merge(const struct load_options *options) {
    struct merge *merge = merge_create();
    struct why why;
    int status = merge ? RUN_OK : complain("", "out of memory", RUN_USAGE);
    for (size_t i = 0; status == RUN_OK && i < options->file_count; i++)
        if (!read_result(merge, options->files[i], &why)) status = complain("", why.text, RUN_USAGE);
    if (status == RUN_OK) status = write_merged(merge, options->row.json);
    merge_destroy(merge);
    return status;
}

static int run_all(int argc, char **argv) {
    static struct load_options options;
    struct why why;
    int parsed = load_options_parse(&options, argc, argv);
    if (parsed != 0) return parsed == 1 ? 0 : RUN_USAGE;
    if (options.merge) return run_merge(&options);
    if (sodium_init() < 0) return complain("", "libsodium does not start", RUN_DISAGREED);
    interrupt_catch();
    struct run *run = run_open(&options, &why);
    if (!run) return complain("", why.text, RUN_USAGE);
    int status = options.rows[0] != '\0' ? run_rows(run, &options) : run_one(run, &options.row);
    if (!run_close(run, &why)) status = complain("", why.text, RUN_USAGE);
    return interrupted() ? interrupt_status() : status;
}

int main(int argc, char **argv) {
    output_open();
    return output_close("gochat-load", run_all(argc, argv));
}
