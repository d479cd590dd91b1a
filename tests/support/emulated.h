/* A pseudo-terminal whose other side is an emulator in this process: for code that wants a descriptor of a terminal. A
 * thread of its own reads what is written, so nobody waits for that; the emulator gets it when the test settles. Fails
 * the test when something is missing. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "tests/support/emulator.h"

struct emulated {
    struct emulator *emulator; /* as of the last emulated_settle */
    int terminal;              /* the program's side */
    int master;                /* -1: hung up */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t came;
    char *bytes; /* read, not shown yet */
    size_t size;
    unsigned asked, settled;
};

struct emulated *emulated_open(unsigned rows, unsigned columns);
void emulated_close(struct emulated *emulated);
/* Everything written so far has been shown. */
void emulated_settle(struct emulated *emulated);
/* The other side goes away; the emulator stays to be looked at. */
void emulated_hang_up(struct emulated *emulated);
/* Keys: they are there to be read when it returns (the terminal is raw). */
void emulated_type(struct emulated *emulated, const void *bytes, size_t size);
/* Both sides; no signal is sent to anybody. */
void emulated_resize(struct emulated *emulated, unsigned rows, unsigned columns);
