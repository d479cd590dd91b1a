/* Who is in the room, ourselves first, and how we are connected with each: "● alice#1a2b   12 ms". Pure. */
#pragma once

#include "client/curses/canvas.h"
#include "client/curses/screen_layout.h"
#include "client/ui/conversations.h"

void members_list_draw(struct canvas *canvas, struct rect rect, const struct conversations *conversations,
                       const struct conversation *conversation);
/* "3 members", ourselves among them. */
void members_list_count(const struct conversation *conversation, char out[static 32]);
