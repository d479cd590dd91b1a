#include "client/enclosure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/home.h"
#include "common/log.h"
#include "common/sandbox/sandbox.h"

#define PLACES_MOST 64
#define PATH_SIZE 4200
#define BOTH (LANDLOCK_READS | LANDLOCK_WRITES)

struct enclosure {
    struct landlock_place places[PLACES_MOST];
    char paths[PLACES_MOST][PATH_SIZE];
    size_t count;
};

/* One that is too long for us is too long for whoever would open it. */
static void add(struct enclosure *enclosure, const char *path, size_t size, unsigned access) {
    size_t index = enclosure->count;
    if (index == PLACES_MOST || size == 0 || size >= PATH_SIZE) return;
    memcpy(enclosure->paths[index], path, size);
    enclosure->paths[index][size] = '\0';
    enclosure->places[enclosure->count++] =
        (struct landlock_place){.path = enclosure->paths[index], .descriptor = -1, .access = access};
}

static void add_below(struct enclosure *enclosure, const char *folder, const char *below, unsigned access) {
    char path[PATH_SIZE];
    int size = snprintf(path, sizeof path, "%s%s", folder, below);
    add(enclosure, path, (size_t)size, access);
}

/* What a variable names: folders, with colons between. */
static void add_named(struct enclosure *enclosure, const char *variable) {
    const char *rest = getenv(variable);
    while (rest && *rest) {
        size_t size = strcspn(rest, ":");
        if (*rest == '/') add(enclosure, rest, size, LANDLOCK_READS);
        rest += size + (rest[size] == ':');
    }
}

static void add_system(struct enclosure *enclosure) {
    static const char *const paths[] = {"/etc/localtime", "/usr/share/zoneinfo", "/usr/lib/locale",
                                        "/usr/share/locale"};
    static const char *const variables[] = {"TZ", "TZDIR", "LOCPATH", "CREDENTIALS_DIRECTORY"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        add(enclosure, paths[i], strlen(paths[i]), LANDLOCK_READS);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) add_named(enclosure, variables[i]);
}

/* Everywhere that ncurses looks, as distributions build it. */
static void add_screen(struct enclosure *enclosure) {
    static const char *const paths[] = {"/etc/terminfo",
                                        "/lib/terminfo",
                                        "/usr/lib/terminfo",
                                        "/usr/share/terminfo",
                                        "/usr/local/share/terminfo",
                                        "/usr/share/lib/terminfo",
                                        "/etc/termcap",
                                        "/usr/share/misc/termcap"};
    char home[PATH_SIZE];
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        add(enclosure, paths[i], strlen(paths[i]), LANDLOCK_READS);
    add_named(enclosure, "TERMINFO");
    add_named(enclosure, "TERMINFO_DIRS");
    if (home_directory(home, sizeof home)) add_below(enclosure, home, "/.terminfo", LANDLOCK_READS);
    add(enclosure, "/dev/null", strlen("/dev/null"), BOTH);
    if (enclosure->count < PLACES_MOST)
        enclosure->places[enclosure->count++] =
            (struct landlock_place){.descriptor = STDOUT_FILENO, .access = BOTH | LANDLOCK_DEVICE};
}

static void add_secrets(struct enclosure *enclosure, const char *file) {
    const char *slash = strrchr(file, '/');
    if (*file == '\0') return;
    if (slash)
        add(enclosure, file, slash == file ? 1 : (size_t)(slash - file), LANDLOCK_READS);
    else
        add(enclosure, ".", 1, LANDLOCK_READS);
}

bool enclosure_enter(const struct setup *setup, enum ui_kind kind, const struct helper *helper) {
    struct enclosure *enclosure = calloc(1, sizeof *enclosure); /* many paths */
    struct sandbox sandbox = {.calls = SYSCALLS_READS | SYSCALLS_WRITES | SYSCALLS_SOCKETS | SYSCALLS_ASKS,
                              .child = helper->process,
                              .choice = (enum sandbox_choice)setup->config->sandbox};
    if (!enclosure) {
        log_error("sandbox", "out of memory");
        return false;
    }
    add_below(enclosure, setup->directory, "", BOTH);
    add_below(enclosure, setup->directory, "/known_peers", BOTH);
    add_below(enclosure, setup->directory, "/known_bootnodes", BOTH);
    add_secrets(enclosure, setup->config->secret_file);
    add_system(enclosure);
    if (kind == UI_CURSES) add_screen(enclosure);
    if (kind == UI_CURSES) sandbox.calls |= SYSCALLS_TERMINAL;
    sandbox.places = enclosure->places;
    sandbox.place_count = enclosure->count;
    bool entered = sandbox_enter(&sandbox);
    free(enclosure);
    return entered;
}
