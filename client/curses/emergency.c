#include "client/curses/emergency.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "client/curses/tty.h"

#define STACK_SIZE (64 * 1024) /* a stack that overflowed cannot run its own handler */

static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT};
#define FATALS (sizeof fatal / sizeof *fatal)

/* Written before `armed` is set, with release; read after it was taken, with acquire: any thread may crash. */
static struct {
    _Atomic bool armed;
    int descriptor;
    struct termios settings;
    char bytes[EMERGENCY_BYTES];
    size_t size;
} ready;

static bool watching;
static struct sigaction before[FATALS];
static stack_t stack_before;
static char stack[STACK_SIZE];

void emergency_arm(int descriptor, const struct termios *settings, const char *bytes, size_t size) {
    emergency_disarm();
    ready.descriptor = descriptor;
    ready.settings = *settings;
    ready.size = size < sizeof ready.bytes ? size : sizeof ready.bytes;
    memcpy(ready.bytes, bytes, ready.size);
    atomic_store_explicit(&ready.armed, true, memory_order_release);
}

void emergency_disarm(void) {
    atomic_store_explicit(&ready.armed, false, memory_order_relaxed);
}

void emergency_restore(void) {
    if (!atomic_exchange_explicit(&ready.armed, false, memory_order_acquire)) return;
    tty_write_last(ready.descriptor, ready.bytes, ready.size);
    if (tty_is_foreground(ready.descriptor)) tcsetattr(ready.descriptor, TCSANOW, &ready.settings);
}

/* What comes next is what would have come without us: the default action, or a sanitizer's report. A fault happens
 * again when its instruction does; what somebody sent has to be sent again. */
static void on_fatal(int number, siginfo_t *info, void *context) {
    (void)context;
    emergency_restore();
    for (size_t i = 0; i < FATALS; i++)
        if (fatal[i] == number) sigaction(number, &before[i], NULL);
    bool fault = info->si_code > 0 && number != SIGABRT && number != SIGQUIT;
    if (!fault) raise(number);
}

void emergency_watch(void) {
    if (watching) return;
    watching = true;
    struct sigaction action = {.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    sigfillset(&action.sa_mask);
    if (sigaltstack(NULL, &stack_before) == 0 && (stack_before.ss_flags & SS_DISABLE)) sigaltstack(&own, NULL);
    for (size_t i = 0; i < FATALS; i++) sigaction(fatal[i], &action, &before[i]);
}

void emergency_unwatch(void) {
    watching = false;
    for (size_t i = 0; i < FATALS; i++) sigaction(fatal[i], &before[i], NULL);
    if (stack_before.ss_flags & SS_DISABLE) sigaltstack(&stack_before, NULL);
}
