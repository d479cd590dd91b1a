#include "bootnode/main.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/config.h"
#include "bootnode/listening.h"
#include "bootnode/node_key.h"
#include "bootnode/server.h"
#include "common/dumps.h"
#include "common/home.h"
#include "common/log.h"
#include "common/modes.h"
#include "common/why.h"

#define EXIT_USAGE 2

struct arguments {
    const char *listen, *config;
    bool check_config, help;
};

static void take_flag(struct arguments *out, const char *name, const char *value) {
    if (strcmp(name, "listen") == 0) out->listen = value;
    if (strcmp(name, "config") == 0) out->config = value;
    if (strcmp(name, "check-config") == 0) out->check_config = true;
    if (strcmp(name, "help") == 0) out->help = true;
}

static bool parse_arguments(int argc, char **argv, struct arguments *out) {
    struct flag_reader reader = mode_reader(MODE_BOOTNODE, argc, argv);
    const struct flag *flag;
    const char *value;
    struct why why;
    bool good = true;
    for (enum flag_item item; (item = flag_next(&reader, &flag, &value, &why)) != FLAG_END;) {
        if (item == FLAG_GIVEN) take_flag(out, flag->name, value);
        if (item != FLAG_WRONG) continue;
        fprintf(stderr, "gochat: %s\n", why.text);
        good = false;
    }
    return good;
}

static bool complain(const char *flag, const char *value, const char *why) {
    char line[3 * sizeof(struct why)];
    flag_explain(flag, value, why, line, sizeof line);
    fprintf(stderr, "gochat: %s\n", line);
    return false;
}

static bool load_file(const char *named, struct bootnode_config *config) {
    char file[PATH_MAX];
    if (*named && home_expand(named, file, sizeof file))
        return ini_table_load(&bootnode_config_table, file, config, stderr) == 0;
    return complain("--config", named, "expected a file");
}

static bool load_config(const struct arguments *arguments, struct bootnode_config *config) {
    struct why why;
    ini_table_defaults(&bootnode_config_table, config);
    if (arguments->config && !load_file(arguments->config, config)) return false;
    if (arguments->listen &&
        !ini_table_set(&bootnode_config_table, BOOTNODE_SECTION, "listen", arguments->listen, config, &why))
        return complain("--listen", arguments->listen, why.text);
    if (bootnode_config_fits(config)) return true;
    char text[ADDRESS_TEXT_SIZE];
    fprintf(stderr,
            "gochat: %s: stun_alternate = %s: expected another address and another port than those listened on\n",
            arguments->config, address_format(&config->stun_alternate.items[0], text));
    return false;
}

/* No mistake of the settings: it may come later, as addresses do while a machine starts. */
static void note_missing(const struct bootnode_config *config) {
    char text[ADDRESS_TEXT_SIZE];
    for (size_t i = 0; i < config->listen.count; i++)
        if (!listening_is_here(&config->listen.items[i]) && !address_is_unspecified(&config->listen.items[i]))
            printf("listen = %s: this machine has no such address now\n",
                   address_format(&config->listen.items[i], text));
}

int bootnode_main(int argc, char **argv) {
    struct arguments arguments = {.listen = NULL};
    static struct bootnode_config config;
    if (!parse_arguments(argc, argv, &arguments)) return EXIT_USAGE;
    if (arguments.help) {
        mode_print_help(MODE_BOOTNODE);
        return EXIT_SUCCESS;
    }
    if (!load_config(&arguments, &config)) return EXIT_USAGE;
    if (arguments.check_config) {
        printf("%s: ok\n", arguments.config ? arguments.config : "defaults");
        note_missing(&config);
        return EXIT_SUCCESS;
    }
    log_set_level((enum log_level)config.log_level);
    dumps_forbid();
    if (sodium_init() < 0) {
        log_error("bootnode", "libsodium cannot start");
        return EXIT_FAILURE;
    }
    return server_run(&config);
}
