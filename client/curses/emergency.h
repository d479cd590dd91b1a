/* What gives the terminal back when the program cannot: bytes and settings made ready beforehand, and handlers of the
 * signals of a crash. */
#pragma once

#include <stddef.h>
#include <termios.h>

#define EMERGENCY_BYTES 512

/* SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT and SIGQUIT restore the terminal, then do what they did before. Never waits:
 * of a terminal that does not read, what is queued is dropped first. */
void emergency_watch(void);
void emergency_unwatch(void);
/* From now on the terminal is to be restored: the descriptor stays open until emergency_disarm. Bytes that do not fit
 * are cut. */
void emergency_arm(int descriptor, const struct termios *settings, const char *bytes, size_t size);
void emergency_disarm(void);
/* Does it now, once. Async-signal-safe, from any thread; nothing happens while the terminal is not ours. */
void emergency_restore(void);
