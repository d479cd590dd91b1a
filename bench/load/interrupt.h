/* SIGINT and SIGTERM end the row and the run, which still reports what it has; a second one ends the program. */
#pragma once

#include <stdbool.h>

void interrupt_catch(void);
bool interrupted(void);
