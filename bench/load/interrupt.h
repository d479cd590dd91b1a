/* SIGINT and SIGTERM end the row and the run, which still reports what it has; a second one ends the program at once.
 */
#pragma once

#include <stdbool.h>

void interrupt_catch(void);
bool interrupted(void);
/* The exit status that says so, 128 and the signal's number, as shells have it; 0 without one. Any thread. */
int interrupt_status(void);
