#include "bootnode/main.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/config.h"
#include "bootnode/handed.h"
#include "bootnode/key_command.h"
#include "bootnode/listening.h"
#include "bootnode/server.h"
#include "bootnode/settings.h"
#include "common/dumps.h"
#include "common/log.h"
#include "common/modes.h"
#include "common/why.h"

#define EXIT_USAGE 2

struct arguments {
    const char *listen, *config;
    bool check_config, print_key, help;
};

static void take_flag(struct arguments *out, const char *name, const char *value) {
    if (strcmp(name, "listen") == 0) out->listen = value;
    if (strcmp(name, "config") == 0) out->config = value;
    if (strcmp(name, "check-config") == 0) out->check_config = true;
    if (strcmp(name, "print-key") == 0) out->print_key = true;
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

/* No mistake of the settings: it may come later, as addresses do while a machine starts. */
static void note_missing(const struct bootnode_config *config) {
    char text[ADDRESS_TEXT_SIZE];
    for (size_t i = 0; i < config->listen.count; i++)
        if (!listening_is_here(&config->listen.items[i]) && !address_is_unspecified(&config->listen.items[i]))
            printf("listen = %s: this machine has no such address now\n",
                   address_format(&config->listen.items[i], text));
}

/* Nobody but the log's own thread waits for whoever reads it, not even at the start and at the end. */
static int serve(const struct bootnode_config *config, const struct bootnode_settings *source) {
    struct handed handed;
    handed_open(&handed); /* before any other descriptor could be taken for one of these */
    int status = EXIT_FAILURE, error = log_hold();
    if (error != 0)
        log_error("bootnode", "cannot start the log: %s", strerror(-error));
    else if (sodium_init() < 0)
        log_error("bootnode", "libsodium cannot start");
    else
        status = server_run(config, source, &handed);
    handed_close(&handed);
    log_stop();
    return status;
}

int bootnode_main(int argc, char **argv) {
    struct arguments arguments = {.listen = NULL};
    static struct bootnode_config config;
    if (!parse_arguments(argc, argv, &arguments)) return EXIT_USAGE;
    if (arguments.help) {
        mode_print_help(MODE_BOOTNODE);
        return EXIT_SUCCESS;
    }
    struct bootnode_settings settings = {.file = arguments.config, .listen = arguments.listen};
    if (bootnode_settings_read(&settings, &config, stderr) > 0) return EXIT_USAGE;
    if (arguments.check_config) {
        printf("%s: ok\n", arguments.config ? arguments.config : "defaults");
        note_missing(&config);
        return EXIT_SUCCESS;
    }
    log_set_level((enum log_level)config.log_level);
    log_set_format((enum log_format)config.log_format);
    dumps_forbid();
    if (arguments.print_key) return key_command_print(&config);
    return serve(&config, &settings);
}
