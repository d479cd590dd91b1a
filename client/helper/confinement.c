#include "client/helper/confinement.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

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

void confinement_enter(int socket, int argc, char **argv) {
    ignore_signals();
    (void)setsid();
    keep_socket(socket);
    if (chdir("/") != 0) _exit(1);
    (void)prctl(PR_SET_NAME, NAME, 0, 0, 0);
    wipe_arguments(argc, argv);
    wipe_environment();
}
