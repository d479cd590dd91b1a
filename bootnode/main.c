#include "bootnode/main.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/access_settings.h"
#include "bootnode/cluster/board.h"
#include "bootnode/config.h"
#include "bootnode/handed.h"
#include "bootnode/key_command.h"
#include "bootnode/server.h"
#include "bootnode/settings.h"
#include "bootnode/start_check.h"
#include "common/clock.h"
#include "common/dumps.h"
#include "common/entropy.h"
#include "common/log.h"
#include "common/modes.h"
#include "common/why.h"

#define EXIT_USAGE 2

struct arguments {
    const char *listen, *config;
    bool check_config, print_config, print_key, rotate_key, help;
};

static void take_argument(void *context, const char *name, const char *value) {
    struct arguments *out = context;
    if (strcmp(name, "listen") == 0) out->listen = value;
    if (strcmp(name, "config") == 0) out->config = value;
    if (strcmp(name, "check-config") == 0) out->check_config = true;
    if (strcmp(name, "print-config") == 0) out->print_config = true;
    if (strcmp(name, "print-key") == 0) out->print_key = true;
    if (strcmp(name, "rotate-key") == 0) out->rotate_key = true;
    if (strcmp(name, "help") == 0) out->help = true;
}

static bool parse_arguments(int argc, char **argv, struct arguments *out) {
    return mode_read(MODE_BOOTNODE, argc, argv, take_argument, out);
}

/* Nobody but the log's own thread waits for whoever reads it, not even at the start and at the end. */
static int serve_logging(const struct bootnode_config *config, const struct bootnode_settings *source,
                         struct handed *handed, struct board *board) {
    int status = EXIT_FAILURE, error = log_hold();
    if (error != 0)
        log_error("bootnode", "cannot start the log: %s", strerror(-error));
    else if (sodium_init() < 0)
        log_error("bootnode", "libsodium cannot start");
    else
        status = server_run(config, source, handed, board);
    return status;
}

/* The process for NATS comes before all that it is to know nothing of: keys, sockets, threads. */
static int serve(const struct bootnode_config *config, const struct bootnode_settings *source, int argc, char **argv) {
    struct handed handed;
    struct board board = {.socket = -1};
    struct why why;
    int status = EXIT_FAILURE;
    handed_open(&handed); /* before any other descriptor could be taken for one of these */
    if (!entropy_await("bootnode")) return EXIT_FAILURE;
    bool in_cluster = cluster_config_on(&config->cluster);
    if (in_cluster && !board_start(&board, config, argc, argv, &why))
        log_error("cluster", "%s", why.text);
    else
        status = serve_logging(config, source, &handed, in_cluster ? &board : NULL);
    board_stop(&board);
    handed_close(&handed);
    log_stop();
    return status;
}

static int print_config(const struct bootnode_config *config, const struct ini_origins *origins) {
    ini_table_print(&bootnode_config_table, config, origins, stdout);
    return EXIT_SUCCESS;
}

static int check_config(struct faults *faults, const char *file) {
    if (sodium_init() < 0) return EXIT_FAILURE;
    start_check(faults, stdout);
    bool readable = faults_known(faults, "deny_file") && faults_known(faults, "allow_file");
    if (readable && !access_settings_check(faults->config, faults->out)) faults->count++;
    if (faults->count > 0) return EXIT_USAGE;
    printf("%s: ok\n", file ? file : "defaults");
    return EXIT_SUCCESS;
}

/* Reads and checks, as far as it is asked to: an exit status, or -1 where the bootnode is to go on. */
static int look_at_config(const struct arguments *arguments, const struct bootnode_settings *settings,
                          struct bootnode_config *config) {
    struct ini_origins origins;
    struct faults faults = {.config = config, .origins = &origins, .out = stderr};
    int status = -1;
    ini_origins_make(&origins, bootnode_config_table.count);
    faults.count = bootnode_settings_trace(settings, config, &origins, stderr);
    if (arguments->check_config) status = check_config(&faults, arguments->config);
    if (faults.count > 0) status = EXIT_USAGE;
    if (status < 0 && arguments->print_config) status = print_config(config, &origins);
    ini_origins_free(&origins);
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
    const struct bootnode_settings settings = {.file = arguments.config, .listen = arguments.listen};
    int status = look_at_config(&arguments, &settings, &config);
    if (status >= 0) return status;
    log_set_level((enum log_level)config.log_level);
    log_set_format((enum log_format)config.log_format);
    dumps_forbid();
    if (arguments.rotate_key) return key_command_rotate(&config, (time_t)(clock_wall_ms() / 1000));
    if (arguments.print_key) return key_command_print(&config);
    return serve(&config, &settings, argc, argv);
}
