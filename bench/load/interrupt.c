#include "bench/load/interrupt.h"

#include <signal.h>

static volatile sig_atomic_t caught;

static void note(int number) {
    (void)number;
    caught = 1;
}

/* No SA_RESTART: the signal ends a wait, too. */
void interrupt_catch(void) {
    const struct sigaction action = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool interrupted(void) {
    return caught;
}
