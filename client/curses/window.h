/* How a room is shown, and how its events become lines: what is said, who comes and goes, how far own messages got.
 * What came late is marked "(late)" and stands where it belongs by the time it was said (late.h). Pure. Hangs on
 * conversation.view; screen.c draws it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/curses/outbox.h"
#include "client/curses/scrollback.h"
#include "client/ui/conversations.h"

#define WINDOW_SPOKE 64
#define WINDOW_LINE_MAX 4096 /* bytes; a longer text becomes several lines: what a frame costs must have a bound */

struct window {
    struct scrollback scrollback;
    bool follows;    /* the newest line is at the bottom; else: */
    uint64_t bottom; /* number of the line at the bottom, */
    size_t below;    /* and how many of its rows lie below the pane */
    uint64_t page;   /* or this line is at the top, at any size, until one scrolls; WINDOW_NONE */
    uint64_t news;   /* what came since it does not follow begins with this line; WINDOW_NONE: nothing */
    uint64_t marker; /* what is new begins with this line; WINDOW_NONE: nothing */
    uint64_t coming; /* this line says who comes and goes, and grows while it is the last; WINDOW_NONE: none does */
    uint64_t late;   /* this line says that something came late further up; WINDOW_NONE: none does */
    unsigned unread, mentions;
    unsigned names;                              /* columns of the widest label that spoke */
    uint64_t found;                              /* line that /find found; WINDOW_NONE: none */
    char *words;                                 /* what it looked for; NULL */
    uint8_t spoke[WINDOW_SPOKE][MEMBER_ID_SIZE]; /* the last to speak first */
    size_t spoke_count;
    char *draft; /* of the input line while another room is shown; NULL */
    size_t draft_cursor;
    struct outbox outbox;
    uint64_t day; /* of the last line: year, month and day as one number; 0: none yet */
};

#define WINDOW_NONE UINT64_MAX

struct window *window_create(void); /* aborts without memory */
void window_destroy(struct window *window);
/* Does nothing point behind the last line, and to a page or news only where the window does not follow? */
bool window_holds(const struct window *window);
static inline struct window *window_of(const struct conversation *conversation) {
    return conversation->view;
}

/* What a line is to the reader. */
enum attention { ATTENTION_NONE, ATTENTION_LINE, ATTENTION_MESSAGE, ATTENTION_MENTION };

/* Shows an event that was applied to the conversations already. `author`: who it is about, as the roster had them
 * before (a leaving member) or has them now; NULL. Events that only change what stands there (DELIVERED) count none. */
enum attention window_take(struct window *window, const struct conversations *conversations,
                           struct conversation *conversation, const struct event *event, const struct member *author,
                           uint64_t wall_ms);
/* A line of our own making: help, log, the transcript. */
void window_say(struct window *window, enum line_kind kind, const char *text, size_t size, uint64_t wall_ms);
/* Rows of a QR code, each with a newline behind it. */
void window_code(struct window *window, const char *picture);
/* What was folded of it was shown: its line says so. */
void window_unfolded(struct window *window, struct flood *flood);
/* From here on it is new: what was there has been seen. */
void window_seen(struct window *window);
/* The newest line is at the bottom again, whatever was looked at. */
void window_follow(struct window *window);
/* From this line on there is a page, to be read from its top: where it is longer than the pane (pane.c sees that). */
void window_page(struct window *window, uint64_t line);
/* Looks for words in the lines before number `before`. False: not there (any more). */
bool window_find(struct window *window, const char *words, uint64_t before);
