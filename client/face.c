#include "client/face.h"

#include <signal.h>

#include "client/curses/curses.h"
#include "client/ui/line_ui.h"
#include "client/ui/send.h"

static int (*const run_of[])(struct ui *ui) = {
    [UI_PLAIN] = line_ui_run,
    [UI_JSON] = line_ui_run,
    [UI_CURSES] = curses_run,
    [UI_SEND] = send_run,
};

/* In the background, whoever touches the terminal is to be stopped by these until fg. A thread that blocks them
 * (thread.c blocks all) would take the terminal away from the shell, and reads an error from it. */
static void stop_in_background(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTTIN);
    sigaddset(&set, SIGTTOU);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int face_run(struct ui *ui) {
    stop_in_background();
    return run_of[ui->kind](ui);
}
