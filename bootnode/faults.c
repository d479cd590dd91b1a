#include "bootnode/faults.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "common/why.h"

#define SHOWN_MOST 200 /* bytes of a value that is complained about */

/* Keys are named by our own code alone. */
static size_t row_of(const char *key) {
    size_t row = ini_table_row(&bootnode_config_table, BOOTNODE_SECTION, key);
    if (row == bootnode_config_table.count) row = ini_table_row(&bootnode_config_table, CLUSTER_SECTION, key);
    if (row == bootnode_config_table.count) abort();
    return row;
}

bool faults_given(const struct faults *faults, const char *key) {
    const struct ini_row_origins *origins = &faults->origins->rows[row_of(key)];
    return origins->first.source && !origins->refused;
}

bool faults_known(const struct faults *faults, const char *key) {
    return !faults->origins->rows[row_of(key)].refused;
}

/* Returns whence it came. */
static const struct ini_origin *describe(const struct faults *faults, const char *name, size_t item,
                                         char value[static INI_LINE_SIZE]) {
    size_t row = row_of(name);
    const struct ini_key *key = &bootnode_config_table.keys[row];
    const struct ini_row_origins *origins = &faults->origins->rows[row];
    *value = '\0';
    if (item < ini_value_lines(key, faults->config)) (void)ini_value_format(key, faults->config, item, value);
    return item == 0 && !origins->items[0].source ? &origins->first : &origins->items[item];
}

void faults_add(struct faults *faults, const char *key, size_t item, const char *format, ...) {
    char value[INI_LINE_SIZE], origin[INI_ORIGIN_SIZE];
    char text[sizeof(struct why)], safe[2 * sizeof(struct why) + INI_LINE_SIZE], line[sizeof text + INI_LINE_SIZE];
    const struct ini_origin *from = describe(faults, key, item, value);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(line, sizeof line, "%s%s%.*s: %s", key, *value ? " = " : "", SHOWN_MOST, value, text);
    (void)text_filter(line, strlen(line), false, safe, sizeof safe);
    fprintf(faults->out, "%s: %s\n", ini_origin_say(from, origin), safe);
    faults->count++;
    faults->origins->rows[row_of(key)].refused = true;
}

char *faults_name(const struct faults *faults, const char *key, size_t item, char out[static FAULTS_NAME_SIZE]) {
    char value[INI_LINE_SIZE], origin[INI_ORIGIN_SIZE];
    const struct ini_origin *from = describe(faults, key, item, value);
    snprintf(out, FAULTS_NAME_SIZE, "%s = %.*s (%s)", key, SHOWN_MOST, value, ini_origin_say(from, origin));
    return out;
}
