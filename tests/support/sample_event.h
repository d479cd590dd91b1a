/* An event of alice's in the room "lobby", with every member that the type may need. */
#pragma once

#include "client/events.h"

/* `text` NULL: none. event_destroy it. */
struct event *sample_event(enum event_type type, const char *text);
struct event *sample_event_of_kind(enum event_type type, enum chat_kind kind, const char *text);
