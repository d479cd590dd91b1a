#include "bootnode/main.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "bootnode/config.h"
#include "bootnode/guard/key.h"
#include "bootnode/server.h"
#include "common/dumps.h"
#include "common/log.h"

#define EXIT_USAGE 2
#define WHY_SIZE 512

/* Above what getopt_long says itself. */
enum flag { OPTION_MODE = 256, OPTION_LISTEN, OPTION_CONFIG, OPTION_CHECK_CONFIG, OPTION_HELP };

static const struct option options[] = {
    {"mode", required_argument, NULL, OPTION_MODE},     {"listen", required_argument, NULL, OPTION_LISTEN},
    {"config", required_argument, NULL, OPTION_CONFIG}, {"check-config", no_argument, NULL, OPTION_CHECK_CONFIG},
    {"help", no_argument, NULL, OPTION_HELP},           {NULL, 0, NULL, 0},
};

static const char usage[] =
    "gochat --mode bootnode [--listen ADDR:PORT] [--config FILE] [--check-config]\n\n"
    "  --listen ADDR:PORT  where to listen on UDP; several with commas; default [::]:9595, all addresses\n"
    "  --config FILE       settings; conf/bootnode.ini explains them\n"
    "  --check-config      says what is wrong with the settings, and does not start\n";

struct arguments {
    const char *listen, *config;
    bool check_config, help;
};

static bool refuse_option(char *const *argv, int given, int failed) {
    const char *shown = argv[given];
    fprintf(stderr, "gochat: %s: %s (see gochat --mode bootnode --help)\n", shown,
            failed == ':' ? "expected a value" : "expected --listen, --config or --check-config");
    return false;
}

static bool parse_arguments(int argc, char **argv, struct arguments *out) {
    opterr = 0;
    optind = 1;
    for (;;) {
        int given = optind;
        int option = getopt_long(argc, argv, "-:", options, NULL);
        switch (option) {
        case -1: return optind >= argc || refuse_option(argv, optind, '?');
        case OPTION_MODE: break;
        case OPTION_LISTEN: out->listen = optarg; break;
        case OPTION_CONFIG: out->config = optarg; break;
        case OPTION_CHECK_CONFIG: out->check_config = true; break;
        case OPTION_HELP: out->help = true; break;
        default: return refuse_option(argv, given, option);
        }
    }
}

static bool load_config(const struct arguments *arguments, struct bootnode_config *config) {
    char why[WHY_SIZE];
    ini_table_defaults(&bootnode_config_table, config);
    if (arguments->config && ini_table_load(&bootnode_config_table, arguments->config, config, stderr) > 0)
        return false;
    if (arguments->listen && !ini_table_set(&bootnode_config_table, BOOTNODE_SECTION, "listen", arguments->listen,
                                            config, why, sizeof why)) {
        fprintf(stderr, "gochat: --listen '%s': %s\n", arguments->listen, why);
        return false;
    }
    if (bootnode_config_fits(config)) return true;
    address_format(&config->stun_alternate.items[0], why);
    fprintf(stderr,
            "gochat: %s: stun_alternate = %s: expected another address and another port than those listened on\n",
            arguments->config, why);
    return false;
}

int bootnode_main(int argc, char **argv) {
    struct arguments arguments = {.listen = NULL};
    static struct bootnode_config config;
    if (!parse_arguments(argc, argv, &arguments)) return EXIT_USAGE;
    if (arguments.help) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (!load_config(&arguments, &config)) return EXIT_USAGE;
    if (arguments.check_config) {
        printf("%s: ok\n", arguments.config ? arguments.config : "defaults");
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
