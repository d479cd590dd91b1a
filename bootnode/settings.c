#include "bootnode/settings.h"

#include <limits.h>

#include "common/flags.h"
#include "common/home.h"
#include "common/why.h"

static size_t complain(const char *flag, const char *value, const char *why, FILE *problems) {
    char line[3 * sizeof(struct why)];
    flag_explain(flag, value, why, line, sizeof line);
    fprintf(problems, "gochat: %s\n", line);
    return 1;
}

static size_t read_file(const char *named, struct bootnode_config *out, FILE *problems) {
    char file[PATH_MAX];
    if (!named) return 0;
    if (*named && home_expand(named, file, sizeof file))
        return ini_table_load(&bootnode_config_table, file, out, problems);
    return complain("--config", named, "expected a file", problems);
}

static size_t read_listen(const char *value, struct bootnode_config *out, FILE *problems) {
    struct why why;
    if (!value || ini_table_set(&bootnode_config_table, BOOTNODE_SECTION, "listen", value, out, &why)) return 0;
    return complain("--listen", value, why.text, problems);
}

size_t bootnode_settings_read(const struct bootnode_settings *from, struct bootnode_config *out, FILE *problems) {
    char text[ADDRESS_TEXT_SIZE];
    ini_table_defaults(&bootnode_config_table, out);
    size_t count = read_file(from->file, out, problems) + read_listen(from->listen, out, problems);
    if (count > 0 || bootnode_config_fits(out)) return count;
    fprintf(problems,
            "gochat: %s: stun_alternate = %s: expected another address and another port than those listened on\n",
            from->file, address_format(&out->stun_alternate.items[0], text));
    return 1;
}
