#include "bench/load/interrupt.h"

#include <signal.h>
#include <stdatomic.h>

/* The signal. Of the handler, and of all threads. */
static atomic_int caught;

static void note(int number) {
    caught = number;
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
}

/* No SA_RESTART: the signal ends a wait, too. The other one then ends the program as well: who sends INT and TERM is in
 * earnest. */
void interrupt_catch(void) {
    const struct sigaction action = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool interrupted(void) {
    return caught != 0;
}

int interrupt_status(void) {
    return caught != 0 ? 128 + caught : 0;
}
