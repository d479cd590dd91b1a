/* The one executable: --mode chooses the program, which then reads all arguments itself. Without it there is a chat. */
#include <limits.h>
#include <stdio.h>

#include "bootnode/ctl/main.h"
#include "bootnode/main.h"
#include "client/ask.h"
#include "client/config.h"
#include "client/doctor/main.h"
#include "client/identity/main.h"
#include "client/main.h"
#include "common/modes.h"
#include "common/output.h"
#include "common/version.h"
#include "common/why.h"

#define EXIT_USAGE 2
#define WHY_SIZE 512

static int (*const programs[MODES])(int argc, char **argv) = {
    [MODE_CLIENT] = client_main, [MODE_SEND] = client_main,   [MODE_BOOTNODE] = bootnode_main,
    [MODE_CTL] = ctl_main,       [MODE_DOCTOR] = doctor_main, [MODE_IDENTITY] = identity_main,
};

static int print_help(void) {
    modes_print_help();
    return 0;
}

static int print_version(void) {
    puts("gochat " GOCHAT_VERSION);
    return 0;
}

/* Nothing was asked for, so nothing was done: a script hears about that. */
static int print_start(void) {
    modes_print_start();
    return EXIT_USAGE;
}

static int run(int argc, char **argv) {
    struct mode_choice choice;
    struct why why;
    char file[PATH_MAX];
    if (!mode_choose(argc, argv, &choice, &why)) {
        fprintf(stderr, "gochat: %s\n", why.text);
        return EXIT_USAGE;
    }
    if (choice.version) return print_version();
    if (choice.help && !choice.named) return print_help();
    if (argc <= 1 && !client_config_own_file(file, sizeof file) && !ask_possible()) return print_start();
    return programs[choice.mode](argc, argv);
}

int main(int argc, char **argv) {
    output_open();
    return output_close("gochat", run(argc, argv));
}
