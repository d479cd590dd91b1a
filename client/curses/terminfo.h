/* What is known of a kind of terminal before ncurses drives it. Apart from terminal.c because <term.h> defines names as
 * common as `columns`. */
#pragma once

#include <stdbool.h>

/* Does terminfo know it, and how to move its cursor? Asked first: what newterm refuses it does not free. */
bool terminfo_can_draw(const char *type);
/* Tells ncurses that the terminal in use stays on its last column: the caller makes it so (?7l). */
void terminfo_no_wrapping(void);
