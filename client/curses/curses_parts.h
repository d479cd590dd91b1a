/* What the screen consists of, and what all of its files do with it. On this stand curses_events.c, what the engine
 * tells; curses_search.c and curses_input.c, what the user types; curses_host.c, what commands do; and on all of them
 * curses.c, the loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/curses/completion.h"
#include "client/curses/editor.h"
#include "client/curses/entered.h"
#include "client/curses/screen.h"
#include "client/curses/terminal.h"
#include "client/ui/commands.h"
#include "client/ui/ui.h"

#define PASTE_LINES_UNASKED 5

enum input_mode {
    MODE_EDIT,
    MODE_SEARCH,  /* Ctrl-R: keys are the words looked for */
    MODE_CONFIRM, /* y or n: send so many lines? */
};

struct paste {
    bool active, too_long;
    size_t size;
    char text[MESSAGE_TEXT_MAX];
};

struct search {
    char words[256];
    size_t size, found; /* found: entered_search's place */
    bool any;           /* something was found */
    char *typed;        /* what stood in the line before */
    size_t cursor;
};

struct curses {
    struct ui *ui;
    struct terminal *terminal;
    struct canvas canvas;
    struct models models;
    struct window *home; /* shown where there is no room */
    struct command_host host;

    struct editor editor;
    size_t editor_scroll;
    struct entered entered;
    struct completion completion;
    enum input_mode mode;
    struct search search;
    struct paste paste;
    char prompt[512];                      /* empty: room and nick */
    char looked_for[MESSAGE_TEXT_MAX + 1]; /* by /find, in any room; empty: nothing yet */
    bool placed;                           /* the command that runs chose what is looked at */

    bool focused, focus_known; /* by the terminal's reports */
    bool rich;                 /* the terminal: rich_terminal.h */
    bool dirty;                /* the screen is behind */
    bool leaving;              /* INPUT_END was told */
    bool gone;                 /* the terminal */
    bool stopping;             /* INPUT_STOP, too */
    bool told_of_mouse;        /* how to select with it */
    bool warned_unsent;        /* of what a /quit would lose */
    bool finished;
    int status;
    uint64_t background;  /* ms: since when another job has the terminal, and we do not touch it; 0: it is ours */
    uint64_t interrupted; /* ms: the last Ctrl-C on an empty line; 0: none */
    uint64_t rung;        /* ms: the last bell */
    char last_error[512];
    struct opening {
        enum line_kind kind;
        char text[UI_WARNING_SIZE];
    } opening[2 + UI_WARNINGS]; /* said in the first room: before there is one, nobody would see it for long */
    size_t openings;
    char title[256];

    int signals;     /* signalfd: SIGWINCH, SIGTSTP, SIGCONT */
    int log_ends[2]; /* a pipe: log lines become lines of the screen; -1: standard error is not the terminal */
};

/* The window that is looked at: of the current room, or where there is none. */
struct window *curses_window(const struct curses *curses);
/* As screen.c wants it. */
struct screen_view curses_view(struct curses *curses);
/* The most colours that the settings allow. */
enum palette_depth curses_depth(const struct client_config *settings);

/* The terminal has the colours of the settings from now on. */
void curses_paint(struct curses *curses);

/* A line of our own in the window that is looked at. */
void curses_say(struct curses *curses, enum line_kind kind, const char *text);
/* A text as a QR code in that window, or why it is none. */
void curses_show_code(struct curses *curses, struct window *window, const char *text);
/* To the engine, which takes it. */
void curses_tell(struct curses *curses, struct input *input);
/* Says it when there is credit. False when too much waits already: the caller still owns the input. */
bool curses_say_in(struct curses *curses, struct conversation *conversation, struct input *input);
/* Sends what waited for credit. */
void curses_drain(struct curses *curses, struct conversation *conversation);
/* The first one leaves once everything was delivered; who asks again is in a hurry. */
void curses_quit(struct curses *curses);

/* The line is to be edited again. Cancelling a search brings back what was typed before. */
void curses_end_confirm(struct curses *curses);
void curses_end_search(struct curses *curses);
void curses_cancel_search(struct curses *curses);

/* Around a change of the room that is looked at: its unfinished line goes away and comes back with it. */
void curses_leave_window(struct curses *curses);
void curses_enter_window(struct curses *curses);

/* Gives the terminal to the shell and stops; `whole_job`: with all that was started with us. */
void curses_suspend(struct curses *curses, bool whole_job);
/* The terminal is ours again, as far as the shell lends it. */
void curses_come_back(struct curses *curses);
