/* Is it known of the terminal that it understands hyperlinks (OSC 8), and draws emoji in two columns? There is no way
 * to ask that an older one would not show as rubbish, so it is taken from what terminals say of themselves in the
 * environment. Pure. */
#pragma once

#include <stdbool.h>

/* `look_up`: as getenv(3). Within screen, or over ssh with no more than a common TERM, it is not known. */
bool rich_terminal(char *(*look_up)(const char *name));
