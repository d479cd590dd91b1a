/* The one executable: --mode chooses the program, which then reads all arguments itself. */
#include <stdio.h>
#include <string.h>

#include "bootnode/main.h"
#include "client/doctor/main.h"
#include "client/main.h"
#include "common/output.h"

#define GOCHAT_VERSION "0.1"
#define EXIT_USAGE 2

static const struct mode {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage;
} modes[] = {
    {"bootnode", bootnode_main, "[--listen ADDR:PORT] [--config FILE] [--check-config]"},
    {"client", client_main,
     "--bootnode HOST:PORT --room NAME [--port N] [--nick NAME]\n"
     "                            [--ui curses|plain|json] [--secret-file FILE] [--config FILE] [--data-dir DIR]"},
    {"send", client_main,
     "--bootnode HOST:PORT --room NAME [--nick NAME] [--timeout SECONDS]\n"
     "                            [--secret-file FILE] [--config FILE] [--data-dir DIR] [TEXT...]"},
    {"doctor", doctor_main, "--bootnode HOST:PORT [--bootnode HOST:PORT] [--json] [--lifetime] [--port N]"},
};

#define MODE_COUNT (sizeof(modes) / sizeof(modes[0]))

static int print_help(void) {
    puts("GoChat: group chat from terminal to terminal, introduced by a bootnode\n");
    for (size_t i = 0; i < MODE_COUNT; i++) printf("  gochat --mode %-8s %s\n", modes[i].name, modes[i].usage);
    puts("  gochat --version | --help");
    return 0;
}

static int print_version(void) {
    puts("gochat " GOCHAT_VERSION);
    return 0;
}

static int run_mode(const char *name, int argc, char **argv) {
    for (size_t i = 0; i < MODE_COUNT; i++) {
        if (strcmp(name, modes[i].name) == 0) return modes[i].run(argc, argv);
    }
    fprintf(stderr, "gochat: --mode '%s': expected bootnode, client, send or doctor\n", name);
    return EXIT_USAGE;
}

/* The value of `--flag VALUE` or `--flag=VALUE`, "" where the value is missing, NULL where the flag is not `flag`. */
static const char *value_of(const char *flag, const char *argument, const char *next) {
    size_t length = strlen(flag);

    if (strncmp(argument, flag, length) != 0) return NULL;
    if (argument[length] == '=') return argument + length + 1;
    if (argument[length] != '\0') return NULL;
    return next ? next : "";
}

static int run(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const char *mode = value_of("--mode", argv[i], argv[i + 1]);

        if (mode) return run_mode(mode, argc, argv);
        if (strcmp(argv[i], "--help") == 0) return print_help();
        if (strcmp(argv[i], "--version") == 0) return print_version();
    }
    fputs("gochat: --mode: missing, expected bootnode, client, send or doctor (see gochat --help)\n", stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv) {
    output_open();
    return output_close("gochat", run(argc, argv));
}
