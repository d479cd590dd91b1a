/* The UIs of lines, plain and json: lines in, a line for each event out. See ui.h. */
#pragma once

#include "client/ui/ui.h"

/* Runs until EVENT_FINISHED; returns its status. Output that cannot be written is told (output.h); then what lies in
 * the input, or comes within 10 s where it is no terminal and the reader did not go away (EPIPE), is said, and
 * INPUT_END follows. */
int line_ui_run(struct ui *ui);
