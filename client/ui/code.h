/* QR codes among lines of text, on a terminal that no screen is drawn on. */
#pragma once

#include "common/attributes.h"

/* The lines by which `text` is shown there, or the one that says why it is not; malloc'd. NULL where `output` is no
 * terminal: a program that reads the lines has the text itself. */
MUST_USE char *code_lines(const char *text, int output);
