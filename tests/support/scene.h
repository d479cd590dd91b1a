/* A screen, what is on it, and what it looks like: of bob, who is in the room "tea", at three minutes past noon. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/curses/canvas.h"
#include "client/curses/editor.h"
#include "client/curses/screen_view.h"
#include "client/curses/window.h"

#define SCENE_NOON 1795435200000ull /* 2026-11-23 12:00 UTC */

struct scene {
    struct conversations conversations;
    struct conversation *room; /* the last one joined, */
    struct window *window;     /* and its window */
    struct client_config settings;
    struct editor editor;
    size_t editor_scroll;
    struct canvas canvas;
    struct screen_view view;
};

/* As cmocka has them: `*state` is the scene. */
int scene_set_up(void **state);
int scene_tear_down(void **state);

struct window *scene_join(struct scene *scene, const char *room);
/* Members of tea, whose id and fingerprint that number makes. */
void scene_connect(struct scene *scene, int number, const char *nick, bool relayed, double rtt_ms);
void scene_stands(struct scene *scene, int number, enum event_type type, enum peer_standing standing);
/* Lines of two minutes past noon; their numbers. */
uint64_t scene_add(struct scene *scene, struct line_header header, const char *author, const char *text);
uint64_t scene_say(struct scene *scene, const char *author, const char *text);
/* "line 0" and further ones of a#0000. */
void scene_fill(struct scene *scene, unsigned count);
/* Three rooms, members who are reached in several ways, and a line of each kind. */
void scene_furnish(struct scene *scene);

void scene_size(struct scene *scene, unsigned rows, unsigned columns);
void scene_draw(struct scene *scene);
void scene_expect_row(const struct scene *scene, unsigned row, const char *text);
/* All rows. */
void scene_expect(const struct scene *scene, const char *const rows[]);
/* The row that begins with, or has, this text; fails where there is none. */
unsigned scene_row_with(const struct scene *scene, const char *text);
const struct cell *scene_cell(const struct scene *scene, unsigned row, unsigned column);
/* Where a character of one column stands in a row, and its style. */
unsigned scene_column_of(const struct scene *scene, unsigned row, uint32_t character);
struct style scene_style_of(const struct scene *scene, unsigned row, uint32_t character);
