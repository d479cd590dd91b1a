/* Ctrl-R: looks for an entered line by what stands in it. */
#pragma once

#include "client/curses/curses_parts.h"

void curses_search_begin(struct curses *curses);
/* False: the key ended the search, and means what it always does. */
bool curses_search_key(struct curses *curses, uint32_t key);
