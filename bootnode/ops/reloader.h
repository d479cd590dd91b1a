/* The reload that a signal asks for, in a thread of its own: lists of millions of lines, and files on a disk that
 * hangs, take longer than the main thread may be silent (liveness.h).
 *
 * Invariant: one runs at a time, and each begins after it was asked for. Whoever asks while one runs may have changed
 * what that has read already, so another one follows: a single one for all who asked meanwhile. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "bootnode/ops/operations.h"
#include "common/attributes.h"
#include "common/thread.h"

/* Zeroed, with the first two filled in: both are the owner's. All functions are the owner's thread's, and return at
 * once but for the last. */
struct reloader {
    const struct operations *operations;
    int bell; /* eventfd: rung when one has ended */
    struct thread thread;
    atomic_bool ended;
    bool runs, asked;
};

void reloader_ask(struct reloader *reloader);
/* True: one has begun, as was asked for. */
MUST_USE bool reloader_begins(struct reloader *reloader);
/* True: that one has ended. */
MUST_USE bool reloader_ends(struct reloader *reloader);
/* Waits for the one that runs. The caller, if it uses RCU, is offline. */
void reloader_stop(struct reloader *reloader);
