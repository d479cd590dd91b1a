/* Questions to whoever sits at the terminal before the client starts, and lines that a script hands over instead. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/why.h"

/* Reads a line without its end, one byte after the other, so that what stands behind it is left for others. False with
 * one line in `why`: it is longer than `size` holds, has a zero in it, or there is none. The caller wipes what is a
 * secret. */
MUST_USE bool ask_read(int descriptor, char *out, size_t size, struct why *why);
/* Is there somebody to be asked? */
bool ask_possible(void);
/* Shows the prompt on standard error and reads the answer from standard input, which is a terminal. `hidden`: what is
 * typed is not shown; the terminal is as it was afterwards, also where a signal ends or stops us meanwhile. */
MUST_USE bool ask(const char *prompt, bool hidden, char *out, size_t size, struct why *why);
