/* What stands behind the = of a configuration file: quotes around a value, and a comment behind it.
 *
 * A # or ; begins a comment behind white space; at the start of a value only where white space follows it, too, since a
 * room may be called #tea. A value in "double" or 'single' quotes loses them, and keeps all that is between, which
 * cannot have the same quotes in it. What ini_quotes_put writes, ini_quotes_take reads as the same text. */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/ini_key.h"
#include "common/why.h"

#define INI_LINE_SIZE (2 * INI_TEXT_SIZE)

/* Cuts the value out of `text`, which has no white space at its ends. NULL with `why`, and nothing changed, where
 * quotes have no pair or something stands behind them. */
MUST_USE char *ini_quotes_take(char *text, struct why *why);
/* Writes `text`, of less than INI_TEXT_SIZE, with quotes where it needs them. False where it has both kinds. */
MUST_USE bool ini_quotes_put(const char *text, char out[static INI_LINE_SIZE]);
