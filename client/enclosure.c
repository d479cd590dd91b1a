#include "client/enclosure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/home.h"
#include "common/log.h"
#include "common/sandbox/places.h"
#include "common/sandbox/sandbox.h"

#define BOTH (LANDLOCK_READS | LANDLOCK_WRITES)

static void add_below(struct places *places, const char *folder, const char *below, unsigned access) {
    char path[PLACE_PATH_SIZE];
    int size = snprintf(path, sizeof path, "%s%s", folder, below);
    places_add(places, path, (size_t)size, access);
}

/* What a variable names: folders, with colons between. */
static void add_named(struct places *places, const char *variable) {
    const char *rest = getenv(variable);
    while (rest && *rest) {
        size_t size = strcspn(rest, ":");
        if (*rest == '/') places_add(places, rest, size, LANDLOCK_READS);
        rest += size + (rest[size] == ':');
    }
}

/* For /set --save, which writes a file aside and renames it. Only our own folder: where --config names a file, that may
 * be anywhere, as in the home directory. */
static void add_settings(struct places *places, const struct client_config *config, enum ui_kind kind) {
    char folder[PLACE_PATH_SIZE];
    if (!config->file_is_own || (kind != UI_CURSES && kind != UI_PLAIN)) return;
    snprintf(folder, sizeof folder, "%s", config->file);
    *strrchr(folder, '/') = '\0';
    (void)mkdir(folder, 0700); /* where it cannot be made, nothing is saved, and /set says so */
    places_add(places, folder, strlen(folder), BOTH);
}

static void add_system(struct places *places) {
    static const char *const paths[] = {"/etc/localtime", "/usr/share/zoneinfo", "/usr/lib/locale",
                                        "/usr/share/locale"};
    static const char *const variables[] = {"TZ", "TZDIR", "LOCPATH", "CREDENTIALS_DIRECTORY"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        places_add(places, paths[i], strlen(paths[i]), LANDLOCK_READS);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) add_named(places, variables[i]);
}

/* Everywhere that ncurses looks, as distributions build it. */
static void add_screen(struct places *places) {
    static const char *const paths[] = {"/etc/terminfo",
                                        "/lib/terminfo",
                                        "/usr/lib/terminfo",
                                        "/usr/share/terminfo",
                                        "/usr/local/share/terminfo",
                                        "/usr/share/lib/terminfo",
                                        "/etc/termcap",
                                        "/usr/share/misc/termcap"};
    char home[PLACE_PATH_SIZE];
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        places_add(places, paths[i], strlen(paths[i]), LANDLOCK_READS);
    add_named(places, "TERMINFO");
    add_named(places, "TERMINFO_DIRS");
    if (home_directory(home, sizeof home)) add_below(places, home, "/.terminfo", LANDLOCK_READS);
    places_add(places, "/dev/null", strlen("/dev/null"), BOTH);
    places_add_descriptor(places, STDOUT_FILENO, BOTH | LANDLOCK_DEVICE);
}

bool enclosure_enter(const struct setup *setup, enum ui_kind kind, const struct helper *helper) {
    struct places *places = places_create();
    struct sandbox sandbox = {.calls = SYSCALLS_READS | SYSCALLS_WRITES | SYSCALLS_SOCKETS | SYSCALLS_ASKS,
                              .child = helper->process,
                              .choice = (enum sandbox_choice)setup->config->sandbox};
    if (!places) {
        log_error("sandbox", "out of memory");
        return false;
    }
    add_below(places, setup->directory, "", BOTH);
    add_below(places, setup->directory, "/people", BOTH);
    add_below(places, setup->directory, "/known_bootnodes", BOTH);
    places_add_folder_of(places, setup->config->secret_file, LANDLOCK_READS);
    add_settings(places, setup->config, kind);
    add_system(places);
    if (kind == UI_CURSES) add_screen(places);
    if (kind == UI_CURSES) sandbox.calls |= SYSCALLS_TERMINAL;
    sandbox.places = places->items;
    sandbox.place_count = places->count;
    bool entered = sandbox_enter(&sandbox);
    places_free(places);
    return entered;
}
