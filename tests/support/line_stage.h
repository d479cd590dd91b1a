/* The UI of lines: its loop on a thread, between pipes and queues, of a member called carol. */
#pragma once

#include <pthread.h>

#include "client/config.h"
#include "client/events.h"
#include "client/ui/ui.h"
#include "common/queue.h"

#define LINE_STAGE_KEY "0123456789abcdef0123456789abcdef" /* carol's */
#define LINE_STAGE_PATIENCE_MS 30000                      /* for what a working UI does at once */

struct line_stage {
    struct ui ui;
    struct queue inputs;
    struct client_config settings;
    pthread_t thread;
    int to_input, from_output; /* our ends; -1: closed */
    int status;
};

/* Of those that are started from now on: what is folded waits for a while, and that is for few tests. */
extern int line_stage_joins;

/* `directory` NULL: keeps nothing. */
void line_stage_start(struct line_stage *stage, enum ui_kind kind, const char *directory);
/* In the room "lobby". */
void line_stage_open(struct line_stage *stage, enum ui_kind kind);
/* EVENT_FINISHED comes with that status, */
void line_stage_finish(struct line_stage *stage, int status);
/* the loop has ended with it, and nothing that it told was not looked at; */
void line_stage_end(struct line_stage *stage, int status);
/* and both. */
void line_stage_close(struct line_stage *stage, int status);

void line_stage_push(struct line_stage *stage, struct event *event);
void line_stage_push_of(struct line_stage *stage, const char *room, enum event_type type, const char *text);
void line_stage_give_credit_in(struct line_stage *stage, const char *room, unsigned credit);
void line_stage_give_credit(struct line_stage *stage, unsigned credit);
void line_stage_type(struct line_stage *stage, const char *text);
void line_stage_close_input(struct line_stage *stage);
/* Bytes of what was typed. */
int line_stage_unread(const struct line_stage *stage);

/* The caller's. */
struct input *line_stage_next_input(struct line_stage *stage);
void line_stage_expect_input(struct line_stage *stage, enum input_type type, const char *text);
void line_stage_expect_output(struct line_stage *stage, const char *text);
/* When this has come out, the loop has seen all that was pushed before. */
void line_stage_expect_round(struct line_stage *stage);
