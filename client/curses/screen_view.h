/* What there is to see, for those who draw it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/config.h"
#include "client/curses/editor.h"
#include "client/curses/window.h"
#include "client/ui/conversations.h"

struct screen_view {
    const struct conversations *conversations; /* .view: struct window; may have none: then `home` is shown */
    struct window *home;                       /* notices before the first room and after the last */
    const struct client_config *settings;
    const struct editor *editor;
    size_t *editor_scroll;
    const char *prompt; /* in place of room and nick: "(search) …", "send 12 lines? (y/n)"; NULL */
    uint64_t wall_ms;
    bool rich; /* rich_terminal.h */
};
