/* The rows around the pane: title, status, input. Pure. */
#pragma once

#include "client/curses/canvas.h"
#include "client/curses/screen_layout.h"
#include "client/curses/screen_view.h"

/* A room with a secret has a lock before its name: 🔒 where the terminal is `rich` (rich_terminal.h), else "[secret]".
 */
void bars_draw_title(struct canvas *canvas, struct rect rect, const struct conversation *conversation, bool rich);
void bars_draw_status(struct canvas *canvas, struct rect rect, const struct screen_view *view,
                      const struct window *window);
/* Sets the cursor. */
void bars_draw_input(struct canvas *canvas, struct rect rect, const struct screen_view *view);
