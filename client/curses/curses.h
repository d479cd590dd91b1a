/* The UI on a terminal: events and keys in, the screen out. See ui.h. */
#pragma once

#include "client/ui/ui.h"

int curses_run(struct ui *ui);
