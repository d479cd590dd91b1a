#include "client/doctor/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define WHY_SIZE 512

enum flag { FLAG_MODE = 0x100, FLAG_BOOTNODE, FLAG_PORT, FLAG_CONFIG, FLAG_JSON, FLAG_LIFETIME, FLAG_HELP };

static const struct option options[] = {
    {"mode", required_argument, NULL, FLAG_MODE}, {"bootnode", required_argument, NULL, FLAG_BOOTNODE},
    {"port", required_argument, NULL, FLAG_PORT}, {"config", required_argument, NULL, FLAG_CONFIG},
    {"json", no_argument, NULL, FLAG_JSON},       {"lifetime", no_argument, NULL, FLAG_LIFETIME},
    {"help", no_argument, NULL, FLAG_HELP},       {NULL, 0, NULL, 0},
};

static const char usage[] = "gochat --mode doctor --bootnode HOST:PORT [--bootnode HOST:PORT] [FLAG]...\n\n"
                            "  --bootnode HOST:PORT  whom to ask; a second one tells more; up to 4\n"
                            "  --json                one JSON object instead of a page\n"
                            "  --lifetime            how long the NAT keeps a mapping, too: takes up to 10 minutes\n"
                            "  --port N              the local UDP port, 0 for any\n"
                            "  --config FILE         the client's settings, of which bootnode and port count\n";

struct arguments {
    char bootnodes[2 * INI_TEXT_SIZE]; /* with commas between; longer than the setting may be, which then says so */
    const char *port, *config;
    bool help;
};

static bool refuse(const char *what, const char *why) {
    fprintf(stderr, "gochat: %s: %s (see gochat --mode doctor --help)\n", what, why);
    return false;
}

static void add_bootnode(struct arguments *arguments, const char *name) {
    size_t used = strlen(arguments->bootnodes);
    snprintf(arguments->bootnodes + used, sizeof arguments->bootnodes - used, "%s%s", used > 0 ? "," : "", name);
}

static bool parse(int argc, char **argv, struct arguments *arguments, struct doctor_options *out) {
    opterr = 0;
    optind = 0; /* from the beginning, also for a second time: getopt(3), Notes */
    for (;;) {
        int given = optind > 0 ? optind : 1;
        int option = getopt_long(argc, argv, "-:", options, NULL);
        switch (option) {
        case -1: return optind >= argc || refuse(argv[optind], "expected flags only");
        case FLAG_MODE: break;
        case FLAG_BOOTNODE: add_bootnode(arguments, optarg); break;
        case FLAG_PORT: arguments->port = optarg; break;
        case FLAG_CONFIG: arguments->config = optarg; break;
        case FLAG_JSON: out->json = true; break;
        case FLAG_LIFETIME: out->lifetime = true; break;
        case FLAG_HELP: arguments->help = true; break;
        default:
            return refuse(argv[given], option == ':' ? "expected a value"
                                                     : "expected --bootnode, --json, --lifetime, --port or --config");
        }
    }
}

static bool set(struct client_config *config, const char *key, const char *value) {
    char why[WHY_SIZE];
    if (!value || ini_table_set(&client_config_table, "client", key, value, config, why, sizeof why)) return true;
    fprintf(stderr, "gochat: --%s '%s': %s\n", key, value, why);
    return false;
}

enum client_config_result doctor_options_read(int argc, char **argv, struct doctor_options *out) {
    struct arguments arguments = {.help = false};
    memset(out, 0, sizeof *out);
    if (!parse(argc, argv, &arguments, out)) return CLIENT_CONFIG_BAD;
    if (arguments.help) {
        fputs(usage, stdout);
        return CLIENT_CONFIG_DONE;
    }
    ini_table_defaults(&client_config_table, &out->config);
    if (arguments.config && ini_table_load(&client_config_table, arguments.config, &out->config, stderr) > 0)
        return CLIENT_CONFIG_BAD;
    const char *bootnodes = *arguments.bootnodes ? arguments.bootnodes : NULL;
    if (!set(&out->config, "bootnode", bootnodes) || !set(&out->config, "port", arguments.port))
        return CLIENT_CONFIG_BAD;
    if (*out->config.bootnode) return CLIENT_CONFIG_RUN;
    refuse("--bootnode", "missing, expected HOST:PORT");
    return CLIENT_CONFIG_BAD;
}
