#include "client/ask.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* --- A line --- */

/* A signal ends it: who hides what is typed has to hear of that. */
bool ask_read(int descriptor, char *out, size_t size, struct why *why) {
    size_t used = 0;
    *out = '\0';
    for (;;) {
        char byte;
        ssize_t count = read(descriptor, &byte, 1);
        if (count < 0) return why_fail(why, "%s", strerror(errno));
        if (count == 0 && used == 0) return why_fail(why, "expected a line, here is none");
        if (count == 0 || byte == '\n') break;
        if (byte == '\0') return why_fail(why, "expected a line of text, here is a zero byte");
        if (used + 1 == size) return why_fail(why, "expected a line of at most %zu bytes", size - 1);
        out[used++] = byte;
    }
    if (used > 0 && out[used - 1] == '\r') used--;
    out[used] = '\0';
    return true;
}

/* --- At the terminal --- */

static volatile sig_atomic_t caught;

static void on_signal(int signal) {
    caught = signal;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define SIGNALS (sizeof signals / sizeof *signals)

/* What a signal would do to us it does once the terminal shows again what is typed. */
struct hiding {
    struct termios before;
    struct sigaction actions[SIGNALS];
};

static bool hide(struct hiding *hiding) {
    struct sigaction action = {.sa_handler = on_signal}; /* without SA_RESTART: it ends the read */
    if (tcgetattr(STDIN_FILENO, &hiding->before) != 0) return false;
    struct termios hidden = hiding->before;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    hidden.c_lflag |= ECHONL;
    caught = 0;
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], NULL, &hiding->actions[i]);
        if (hiding->actions[i].sa_handler != SIG_IGN) sigaction(signals[i], &action, NULL);
    }
    return tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
}

static void unhide(const struct hiding *hiding) {
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hiding->before);
    for (size_t i = 0; i < SIGNALS; i++) sigaction(signals[i], &hiding->actions[i], NULL);
    if (caught) fputc('\n', stderr);
    if (caught) (void)raise(caught);
}

bool ask_possible(void) {
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static void prompt_with(const char *prompt) {
    fprintf(stderr, "%s", prompt);
    fflush(stderr);
}

/* The prompt comes last: who types as soon as it is there shall neither be seen nor be flushed away. */
static bool ask_hidden(const char *prompt, char *out, size_t size, struct why *why) {
    struct hiding hiding;
    bool again, done;
    do {
        if (!hide(&hiding)) return why_fail(why, "the terminal: %s", strerror(errno));
        prompt_with(prompt);
        done = ask_read(STDIN_FILENO, out, size, why);
        again = caught == SIGTSTP;
        unhide(&hiding);
    } while (again);
    return done;
}

bool ask(const char *prompt, bool hidden, char *out, size_t size, struct why *why) {
    if (hidden) return ask_hidden(prompt, out, size, why);
    prompt_with(prompt);
    return ask_read(STDIN_FILENO, out, size, why);
}
