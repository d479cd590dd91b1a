#include "client/curses/curses_parts.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/curses/screen.h"
#include "client/invite/qr.h"
#include "common/clock.h"

/* --- What is looked at --- */

struct window *curses_window(const struct curses *curses) {
    struct conversation *conversation = conversations_current(&curses->models.conversations);
    return conversation && conversation->view ? window_of(conversation) : curses->home;
}

struct screen_view curses_view(struct curses *curses) {
    return (struct screen_view){.conversations = &curses->models.conversations,
                                .home = curses->home,
                                .settings = curses->ui->settings,
                                .editor = &curses->editor,
                                .editor_scroll = &curses->editor_scroll,
                                .prompt = curses->prompt[0] ? curses->prompt : NULL,
                                .wall_ms = clock_wall_ms(),
                                .rich = curses->rich};
}

enum palette_depth curses_depth(const struct client_config *settings) {
    static const enum palette_depth depths[] = {[COLOURS_AUTO] = PALETTE_TRUE,
                                                [COLOURS_NONE] = PALETTE_NONE,
                                                [COLOURS_8] = PALETTE_8,
                                                [COLOURS_256] = PALETTE_256,
                                                [COLOURS_TRUE] = PALETTE_TRUE};
    const char *no_color = getenv("NO_COLOR"); /* no-color.org: what is set here beats it */
    if (settings->colours == COLOURS_AUTO && no_color && no_color[0]) return PALETTE_NONE;
    return depths[settings->colours];
}

void curses_paint(struct curses *curses) {
    const struct client_config *settings = curses->ui->settings;
    terminal_paint(curses->terminal, &(struct palette){(enum palette_theme)settings->theme, settings->own_colours});
    terminal_limit(curses->terminal, curses_depth(settings));
}

/* --- Saying --- */

void curses_say(struct curses *curses, enum line_kind kind, const char *text) {
    window_say(curses_window(curses), kind, text, strlen(text), clock_wall_ms());
    curses->dirty = true;
}

/* The screen is UTF-8 in any case (columns_init). */
void curses_show_code(struct curses *curses, struct window *window, const char *text) {
    struct screen_view view = curses_view(curses);
    struct rect pane = screen_pane(&curses->canvas, &view);
    struct qr_place place = {.columns = pane.columns,
                             .rows = pane.rows,
                             .utf8 = true,
                             .inverted = terminal_depth(curses->terminal) == PALETTE_NONE};
    struct why why;
    char *picture = qr_picture(text, &place, &why);
    if (picture)
        window_code(window, picture);
    else
        window_say(window, LINE_NOTICE, why.text, strlen(why.text), clock_wall_ms());
    free(picture);
    curses->dirty = true;
}

/* The queue has no limit: credit bounds what is in it. */
void curses_tell(struct curses *curses, struct input *input) {
    if (!queue_push(curses->ui->inputs, &input->node)) abort();
}

bool curses_say_in(struct curses *curses, struct conversation *conversation, struct input *input) {
    struct window *window = window_of(conversation);
    if (conversation->credit == 0 || window->outbox.count > 0) return outbox_put(&window->outbox, input);
    conversation->credit--;
    curses_tell(curses, input);
    return true;
}

void curses_drain(struct curses *curses, struct conversation *conversation) {
    struct window *window = window_of(conversation);
    struct input *input;
    while (conversation->credit > 0 && (input = outbox_take(&window->outbox))) {
        conversation->credit--;
        curses_tell(curses, input);
    }
    if (window->outbox.count == 0) curses->warned_unsent = false; /* Later text has not been warned about yet. */
}

static size_t unsaid(const struct curses *curses) {
    size_t count = 0;
    for (size_t i = 0; i < curses->models.conversations.count; i++)
        count += window_of(curses->models.conversations.list[i])->outbox.count;
    return count;
}

/* The first /quit leaves once everything was delivered; who says it again is in a hurry. */
void curses_quit(struct curses *curses) {
    size_t waiting = unsaid(curses);
    curses->dirty = true;
    if (curses->leaving || (waiting > 0 && curses->warned_unsent)) {
        if (!curses->stopping) curses_tell(curses, input_create(INPUT_STOP, NULL, NULL, 0));
        curses->leaving = curses->stopping = true;
    } else if (waiting > 0) {
        char text[128];
        curses->warned_unsent = true;
        snprintf(text, sizeof text, "not sent yet: %zu message%s; /quit again leaves without", waiting,
                 waiting == 1 ? "" : "s");
        curses_say(curses, LINE_ERROR, text);
    } else {
        curses->leaving = true;
        curses_tell(curses, input_create(INPUT_END, NULL, NULL, 0));
        snprintf(curses->prompt, sizeof curses->prompt, "leaving once all is delivered; Ctrl-C: at once ");
    }
}

/* --- Questions, and what is searched for --- */

void curses_end_confirm(struct curses *curses) {
    curses->mode = MODE_EDIT;
    curses->prompt[0] = '\0';
}

void curses_end_search(struct curses *curses) {
    curses->mode = MODE_EDIT;
    curses->prompt[0] = '\0';
    free(curses->search.typed);
    curses->search.typed = NULL;
}

void curses_cancel_search(struct curses *curses) {
    const struct search *search = &curses->search;
    editor_set(&curses->editor, search->typed, strlen(search->typed), search->cursor);
    curses_end_search(curses);
}

/* --- Another room --- */

void curses_leave_window(struct curses *curses) {
    struct window *window = curses_window(curses);
    completion_end(&curses->completion);
    entered_end_walk(&curses->entered);
    if (curses->mode == MODE_CONFIRM) curses_end_confirm(curses);
    if (curses->mode == MODE_SEARCH) curses_cancel_search(curses);
    window_seen(window);
    free(window->draft);
    window->draft = curses->editor.size > 0 ? strdup(curses->editor.text) : NULL;
    window->draft_cursor = curses->editor.cursor;
    editor_reset(&curses->editor);
}

void curses_enter_window(struct curses *curses) {
    struct window *window = curses_window(curses);
    window->unread = window->mentions = 0;
    if (window->draft) editor_set(&curses->editor, window->draft, strlen(window->draft), window->draft_cursor);
    curses->editor_scroll = 0;
    curses->dirty = true;
}

/* --- The terminal --- */

/* Who is continued in the background (bg, or kill %1 of what was stopped) would be stopped again for touching the
 * terminal. So we do not, for as long as a signal that came meanwhile takes to end us. */
void curses_come_back(struct curses *curses) {
    curses->background = 0;
    if (terminal_is_foreground(curses->terminal)) {
        terminal_return(curses->terminal);
        curses->dirty = true;
        return;
    }
    terminal_leave(curses->terminal); /* nobody asked us before we were stopped: SIGSTOP */
    curses->background = clock_boot_ms();
}

/* SIGTSTP is blocked so that the terminal can be given back first. Let through, it stops the process, or, where there
 * is no shell that could continue it (an orphaned process group), the kernel drops it. */
void curses_suspend(struct curses *curses, bool whole_job) {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    terminal_leave(curses->terminal);
    kill(whole_job ? 0 : getpid(), SIGTSTP);
    pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    curses_come_back(curses);
}
