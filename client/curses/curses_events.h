/* What the engine tells, taken into rooms, windows and transcripts. */
#pragma once

#include "client/curses/curses_parts.h"

void curses_events_take(struct curses *curses, struct event *event);
