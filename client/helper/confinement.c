#include "client/helper/confinement.h"

#include <dlfcn.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/sandbox/sandbox.h"
#include "common/sanitizers.h"

#define NAME "gochat-helper"

#ifdef GOCHAT_SANITIZED
#define STANDARD 2 /* reports are to be seen */
#else
#define STANDARD 3
#endif

static void ignore_signals(void) {
    static const int ignored[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU};
    sigset_t none;
    sigemptyset(&none);
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) (void)signal(ignored[i], SIG_IGN);
    (void)signal(SIGALRM, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Old kernels have no close_range(2). */
static void close_from(int first) {
    if (close_range((unsigned)first, ~0U, 0) == 0) return;
    long end = sysconf(_SC_OPEN_MAX);
    for (int i = first; i < end; i++) close(i);
}

/* An end of a pipe that nobody writes into: reading it ends at once, writing to it fails. Libraries print, and a number
 * that is free would be a socket's next. */
static void shut_standard(void) {
    int ends[2];
    if (pipe(ends) != 0) _exit(1);
    for (int i = 0; i < STANDARD; i++)
        if (dup2(ends[0], i) < 0) _exit(1);
    close(ends[1]);
    if (ends[0] >= STANDARD) close(ends[0]);
}

static void keep_socket(int socket) {
    if (socket != CONFINEMENT_SOCKET && dup2(socket, CONFINEMENT_SOCKET) < 0) _exit(1);
    close_from(CONFINEMENT_SOCKET + 1);
    shut_standard();
}

/* They lie one behind the other, and so does what ps(1) shows. */
static void wipe_arguments(int argc, char **argv) {
    size_t size = 0;
    for (int i = 0; i < argc; i++)
        if (argv[i] == argv[0] + size) size += strlen(argv[i]) + 1;
    if (size == 0) return;
    explicit_bzero(argv[0], size);
    memcpy(argv[0], NAME, size - 1 < sizeof NAME ? size - 1 : sizeof NAME);
}

static bool is_of_resolver(const char *variable) {
    static const char *const kept[] = {"LOCALDOMAIN=", "RES_OPTIONS=", "RESOLV_"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (strncmp(variable, kept[i], strlen(kept[i])) == 0) return true;
    return false;
}

static void wipe_environment(void) {
    char **kept = environ;
    for (char **variable = environ; *variable; variable++) {
        if (is_of_resolver(*variable))
            *kept++ = *variable;
        else
            explicit_bzero(*variable, strlen(*variable));
    }
    *kept = NULL;
}

/* --- The sandbox --- */

#define PLACES_MOST 24

struct places {
    struct landlock_place items[PLACES_MOST];
    size_t count;
};

static void add(struct places *places, const char *path) {
    places->items[places->count++] = (struct landlock_place){.path = path, .descriptor = -1, .access = LANDLOCK_READS};
}

/* The folder that a file really lies in; false where there is none. */
static bool find_folder(const char *file, char out[static PATH_MAX]) {
    if (!realpath(file, out)) return false;
    *strrchr(out, '/') = '\0';
    return *out != '\0';
}

/* Folders rather than files, since a rule is about what is there now: whoever changes a file of /etc puts another one
 * in its place, and who manages the network writes the list of name servers when there is one, mostly into a folder of
 * its own, to which resolv.conf is a link or becomes one. */
static bool shut_off(void) {
    static const char *const fixed[] = {
        "/etc", "/run/systemd/resolve", "/run/NetworkManager", "/run/resolvconf", "/run/connman", "/proc/self/net"};
    struct places places = {.count = 0};
    char resolver[PATH_MAX], libraries[PATH_MAX];
    Dl_info library;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) add(&places, fixed[i]);
    if (find_folder("/etc/resolv.conf", resolver)) add(&places, resolver);
    if (dladdr((const void *)(uintptr_t)gai_strerror, &library) != 0 && find_folder(library.dli_fname, libraries))
        add(&places, libraries);
    const struct sandbox sandbox = {.calls = SYSCALLS_READS | SYSCALLS_SOCKETS | SYSCALLS_STREAMS | SYSCALLS_LIBRARIES,
                                    .places = places.items,
                                    .place_count = places.count};
    return sandbox_enter(&sandbox);
}

void confinement_enter(int socket, int argc, char **argv) {
    ignore_signals();
    (void)setsid();
    keep_socket(socket);
    if (chdir("/") != 0) _exit(1);
    (void)prctl(PR_SET_NAME, NAME, 0, 0, 0);
    wipe_arguments(argc, argv);
    wipe_environment();
    if (!shut_off()) _exit(1);
}
