/* What commands do with the screen: the command_host of curses. */
#pragma once

#include "client/curses/curses_parts.h"

void curses_host_init(struct curses *curses);
