/* Which entry of terminfo a terminal is driven by. Over ssh TERM is often one that this machine has never heard of
 * (xterm-kitty, xterm-ghostty, foot); what such a terminal understands is known all the same. Pure but for
 * terminal_type_here. */
#pragma once

#include "common/why.h"
#include <stdbool.h>

/* `term` itself where it is known; else xterm-256color and its like, where the name (xterm-…, …-256color, the names of
 * today's terminals) or COLORTERM say so, screen's own inside of screen and tmux. NULL: none. `known` asks terminfo. */
const char *terminal_type_choose(const char *term, const char *colorterm, bool (*known)(const char *type));
/* From the environment (TERM, COLORTERM; ncurses looks at TERMINFO and TERMINFO_DIRS). NULL: no screen can be drawn,
 * and `why` says it in one line; `why` is also filled where it is another than TERM, and empty where all is as it
 * should. */
const char *terminal_type_here(struct why *why);
