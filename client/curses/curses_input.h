/* What the user types, pastes and clicks. */
#pragma once

#include "client/curses/curses_parts.h"

void curses_input_key(struct curses *curses, uint32_t key);
