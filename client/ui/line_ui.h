/* The UIs of lines, plain and json: lines in, a line for each event out. See ui.h. */
#pragma once

#include "client/ui/ui.h"

/* Runs until EVENT_FINISHED; returns its status. */
int line_ui_run(struct ui *ui);
