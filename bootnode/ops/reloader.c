#include "bootnode/ops/reloader.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "common/log.h"

#define AREA "bootnode"

static void end(struct reloader *reloader) {
    atomic_store(&reloader->ended, true);
    (void)eventfd_write(reloader->bell, 1);
}

/* What becomes of it stands in the log. */
static void run(void *argument) {
    struct reloader *reloader = argument;
    char *report;
    (void)reloader->operations->reload(reloader->operations->context, &report);
    free(report);
    end(reloader);
}

void reloader_ask(struct reloader *reloader) {
    reloader->asked = true;
}

/* One that cannot be started has ended as well: a service manager waits for that. */
bool reloader_begins(struct reloader *reloader) {
    if (reloader->runs || !reloader->asked) return false;
    reloader->asked = false;
    reloader->runs = true;
    atomic_store(&reloader->ended, false);
    const int error = thread_start(&reloader->thread, "reload", true, run, reloader);
    if (error == 0) return true;
    log_error(AREA, "not reloaded, cannot start a thread: %s: all stays as it was", strerror(-error));
    end(reloader);
    return true;
}

bool reloader_ends(struct reloader *reloader) {
    if (!reloader->runs || !atomic_load(&reloader->ended)) return false;
    thread_join(&reloader->thread);
    reloader->runs = false;
    return true;
}

void reloader_stop(struct reloader *reloader) {
    thread_join(&reloader->thread);
    reloader->runs = reloader->asked = false;
}
