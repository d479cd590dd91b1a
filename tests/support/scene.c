#include "tests/support/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "client/curses/screen.h"

struct window *scene_join(struct scene *scene, const char *room) {
    struct event *event = event_create(EVENT_JOINED, NULL, 0);
    event->room = room;
    struct conversation *conversation = conversations_apply(&scene->conversations, event);
    struct window *window = window_create();
    conversation->view = window;
    event_destroy(event);
    scene->room = conversations_current(&scene->conversations);
    scene->window = window_of(scene->room);
    return window;
}

void scene_connect(struct scene *scene, int number, const char *nick, bool relayed, double rtt_ms) {
    struct event *event = event_create(EVENT_PEER_CONNECTED, NULL, 0);
    event->room = "tea";
    memset(event->peer, number, sizeof event->peer);
    snprintf(event->nick, sizeof event->nick, "%s", nick);
    snprintf(event->fingerprint, sizeof event->fingerprint, "%04x112233445566778899aabbccddee", number);
    event->relayed = relayed;
    event->rtt_ms = rtt_ms;
    event->cipher = "AES-256-GCM";
    conversations_apply(&scene->conversations, event);
    event_destroy(event);
}

void scene_stands(struct scene *scene, int number, enum event_type type, enum peer_standing standing) {
    struct event *event = event_create(type, NULL, 0);
    event->room = "tea";
    memset(event->peer, number, sizeof event->peer);
    event->standing = standing;
    snprintf(event->nick, sizeof event->nick, "carol");
    conversations_apply(&scene->conversations, event);
    event_destroy(event);
}

uint64_t scene_add(struct scene *scene, struct line_header header, const char *author, const char *text) {
    header.at_ms = SCENE_NOON + 120000;
    return scrollback_add(&scene->window->scrollback, &header, author, strlen(author), text, strlen(text));
}

uint64_t scene_say(struct scene *scene, const char *author, const char *text) {
    unsigned columns = columns_of(author, strlen(author));
    if (columns > scene->window->names) scene->window->names = columns; /* as window.c does */
    return scene_add(scene, (struct line_header){.kind = LINE_MESSAGE, .colour = 3}, author, text);
}

void scene_size(struct scene *scene, unsigned rows, unsigned columns) {
    assert_true(canvas_reset(&scene->canvas, rows, columns));
}

void scene_draw(struct scene *scene) {
    scene_size(scene, scene->canvas.rows, scene->canvas.columns);
    screen_draw(&scene->canvas, &scene->view);
}

void scene_expect_row(const struct scene *scene, unsigned row, const char *text) {
    char *shown = canvas_row_text(&scene->canvas, row);
    assert_string_equal(shown, text);
    free(shown);
}

void scene_expect(const struct scene *scene, const char *const rows[]) {
    for (unsigned row = 0; row < scene->canvas.rows; row++) scene_expect_row(scene, row, rows[row]);
}

/* The row that begins with, or has, this text; fails where there is none. */
unsigned scene_row_with(const struct scene *scene, const char *text) {
    for (unsigned row = 0; row < scene->canvas.rows; row++) {
        char *shown = canvas_row_text(&scene->canvas, row);
        bool there = strstr(shown, text) != NULL;
        free(shown);
        if (there) return row;
    }
    fail_msg("no row has \"%s\"", text);
    return 0;
}

const struct cell *scene_cell(const struct scene *scene, unsigned row, unsigned column) {
    return &scene->canvas.cells[(size_t)row * scene->canvas.columns + column];
}

/* Where a character of one column stands in a row. */
unsigned scene_column_of(const struct scene *scene, unsigned row, uint32_t character) {
    for (unsigned column = 0; column < scene->canvas.columns; column++)
        if (scene_cell(scene, row, column)->glyph.base == character) return column;
    fail_msg("U+%04x is not in row %u", (unsigned)character, row);
    return 0;
}

struct style scene_style_of(const struct scene *scene, unsigned row, uint32_t character) {
    return scene_cell(scene, row, scene_column_of(scene, row, character))->style;
}

int scene_set_up(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    if (!scene) return -1;
    *state = scene;
    setenv("TZ", "UTC0", 1);
    tzset();
    if (!columns_init()) return -1;
    conversations_init(&scene->conversations, "bob", "00112233445566778899aabbccddeeff");
    editor_init(&scene->editor);
    scene_join(scene, "tea");
    scene->settings = (struct client_config){.members = MEMBERS_AUTO, .clock = CLOCK_MINUTES};
    scene->view = (struct screen_view){.conversations = &scene->conversations,
                                       .home = scene->window,
                                       .settings = &scene->settings,
                                       .editor = &scene->editor,
                                       .editor_scroll = &scene->editor_scroll,
                                       .wall_ms = SCENE_NOON + 180000};
    return 0;
}

int scene_tear_down(void **state) {
    struct scene *scene = *state;
    for (size_t i = 0; i < scene->conversations.count; i++) window_destroy(scene->conversations.list[i]->view);
    conversations_clear(&scene->conversations);
    editor_destroy(&scene->editor);
    canvas_free(&scene->canvas);
    free(scene);
    return 0;
}

void scene_fill(struct scene *scene, unsigned count) {
    char text[32];
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof text, "line %u", i);
        scene_say(scene, "a#0000", text);
    }
}

void scene_furnish(struct scene *scene) {
    struct line_header own = {.kind = LINE_MESSAGE, .own = true, .recipients = 3};
    scene_join(scene, "work")->unread = 3;
    struct window *home = scene_join(scene, "home");
    home->unread = 2;
    home->mentions = 1;
    scene->conversations.current = 0;
    scene->room = conversations_current(&scene->conversations);
    scene->window = window_of(scene->room);
    scene_connect(scene, 0x1a, "alice", false, 12.3);
    scene_connect(scene, 0x1b, "dave", true, 80);
    scene_stands(scene, 0x1c, EVENT_PEER_JOINED, STANDING_CONNECTING);
    scene_add(scene, (struct line_header){.kind = LINE_DAY}, "", "Monday, 23 November 2026");
    scene_say(scene, "alice#001a", "a text that is wrapped by words, and whose further rows are aligned");
    scene_add(scene, own, "bob#0011", "pending");
    own.delivered = 2;
    scene_add(scene, own, "bob#0011", "part");
    own.delivered = 3;
    scene_add(scene, own, "bob#0011", "all");
    own.delivered = 2;
    own.undelivered = 1;
    scene_add(scene, own, "bob#0011", "lost");
    scene_add(scene, (struct line_header){.kind = LINE_ACTION}, "alice#001a", "waves");
    scene_add(scene, (struct line_header){.kind = LINE_PRIVATE, .mention = true}, "alice#001a → you", "你好世界");
    scene->window->marker =
        scene_add(scene, (struct line_header){.kind = LINE_NOTICE}, "", "dave is here (direct, 12 ms)");
    scene_add(scene, (struct line_header){.kind = LINE_ERROR}, "", "no such room");
    scene_say(scene, "averyveryverylongnick#beef", "two\nlines");
    editor_insert(&scene->editor, "typing", 6);
}
