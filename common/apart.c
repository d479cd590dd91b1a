#include "common/apart.h"

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

#include "common/sanitizers.h"

#define STANDARD 3
#ifdef GOCHAT_SANITIZED
#define REPORTS true /* of sanitizers, which are to be seen */
#else
#define REPORTS false
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
static void shut_standard(bool keep_errors) {
    int ends[2];
    if (pipe(ends) != 0) _exit(1);
    for (int i = 0; i < STANDARD - (keep_errors || REPORTS); i++)
        if (dup2(ends[0], i) < 0) _exit(1);
    close(ends[1]);
    if (ends[0] >= STANDARD) close(ends[0]);
}

static void keep_socket(int socket, bool keep_errors) {
    if (socket != APART_SOCKET && dup2(socket, APART_SOCKET) < 0) _exit(1);
    close_from(APART_SOCKET + 1);
    shut_standard(keep_errors);
}

/* They lie one behind the other, and so does what ps(1) shows. */
static void wipe_arguments(const char *name, int argc, char **argv) {
    size_t size = 0;
    for (int i = 0; i < argc; i++)
        if (argv[i] == argv[0] + size) size += strlen(argv[i]) + 1;
    if (size == 0) return;
    explicit_bzero(argv[0], size);
    size_t length = strlen(name);
    memcpy(argv[0], name, size - 1 < length ? size - 1 : length);
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

void apart_leave(int socket, const char *name, bool keep_errors, int argc, char **argv) {
    ignore_signals();
    (void)setsid();
    keep_socket(socket, keep_errors);
    if (chdir("/") != 0) _exit(1);
    (void)prctl(PR_SET_NAME, name, 0, 0, 0);
    wipe_arguments(name, argc, argv);
    wipe_environment();
}

/* --- Names of machines --- */

static void add(struct places *places, const char *path) {
    places_add(places, path, strlen(path), LANDLOCK_READS);
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
void apart_add_resolver(struct places *places) {
    static const char *const fixed[] = {"/etc", "/run/systemd/resolve", "/run/NetworkManager", "/run/resolvconf",
                                        "/run/connman"};
    char resolver[PATH_MAX], libraries[PATH_MAX];
    Dl_info library;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) add(places, fixed[i]);
    if (find_folder("/etc/resolv.conf", resolver)) add(places, resolver);
    if (dladdr((const void *)(uintptr_t)gai_strerror, &library) != 0 && find_folder(library.dli_fname, libraries))
        add(places, libraries);
}
