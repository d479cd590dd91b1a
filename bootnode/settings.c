#include "bootnode/settings.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bootnode/contradictions.h"
#include "common/flags.h"
#include "common/home.h"
#include "common/memory.h"
#include "common/sandbox/privileges.h"
#include "common/why.h"

#define LISTEN_FLAG "--listen"
#define LISTEN_ORIGIN "command line (" LISTEN_FLAG ")"

static size_t complain(const char *flag, const char *value, const char *why, FILE *problems) {
    char line[3 * sizeof(struct why)];
    flag_explain(flag, value, why, line, sizeof line);
    fprintf(problems, "gochat: %s\n", line);
    return 1;
}

static size_t read_file(const char *named, struct bootnode_config *out, struct ini_origins *origins, FILE *problems) {
    char file[PATH_MAX];
    if (!named) return 0;
    if (*named && home_expand(named, file, sizeof file))
        return ini_table_read(&bootnode_config_table, file, out, origins, problems);
    return complain("--config", named, "expected a file", problems);
}

/* What the file says of it counts no more, right or wrong; only that it was wrong has been told. */
static size_t read_listen(const char *value, struct bootnode_config *out, struct ini_origins *origins, FILE *problems) {
    struct ini_row_origins *row = &origins->rows[ini_table_row(&bootnode_config_table, BOOTNODE_SECTION, "listen")];
    struct why why;
    if (!value) return 0;
    *row = (struct ini_row_origins){.first = {.source = LISTEN_ORIGIN}};
    row->refused = !ini_table_set(&bootnode_config_table, BOOTNODE_SECTION, "listen", value, out, &why);
    for (size_t i = 0; i < INI_LIST_MAX; i++) row->items[i] = row->first;
    return row->refused ? complain(LISTEN_FLAG, value, why.text, problems) : 0;
}

/* Its key knows no more than how names look. */
static void check_user(struct faults *faults) {
    struct privileges_user ignored;
    struct why why;
    if (!faults_given(faults, "user") || *faults->config->user == '\0') return;
    if (!privileges_find(faults->config->user, &ignored, &why))
        faults_add(faults, "user", 0, "expected a user of this machine, as in gochat or gochat:gochat; %s", why.text);
}

size_t bootnode_settings_trace(const struct bootnode_settings *from, struct bootnode_config *out,
                               struct ini_origins *origins, FILE *problems) {
    struct faults faults = {.config = out, .origins = origins, .out = problems};
    ini_table_defaults(&bootnode_config_table, out);
    faults.count = read_file(from->file, out, origins, problems) + read_listen(from->listen, out, origins, problems);
    check_user(&faults);
    contradictions_find(&faults);
    return faults.count;
}

size_t bootnode_settings_read(const struct bootnode_settings *from, struct bootnode_config *out, FILE *problems) {
    struct ini_origins origins;
    ini_origins_make(&origins, bootnode_config_table.count);
    size_t count = bootnode_settings_trace(from, out, &origins, problems);
    ini_origins_free(&origins);
    return count;
}

bool bootnode_settings_last(const struct bootnode_settings *from) {
    char file[PATH_MAX];
    struct stat status;
    return !from->file || !home_expand(from->file, file, sizeof file) || stat(file, &status) != 0 ||
           S_ISREG(status.st_mode) || S_ISDIR(status.st_mode);
}

void bootnode_settings_places(const struct bootnode_settings *from, struct ini_origins *origins) {
    if (!bootnode_settings_last(from)) return;
    struct bootnode_config *ignored = allocate(sizeof *ignored);
    char *text = NULL;
    size_t size = 0;
    FILE *problems = open_memstream(&text, &size);
    if (problems) (void)bootnode_settings_trace(from, ignored, origins, problems);
    if (problems) fclose(problems);
    free(text);
    free(ignored);
}
