#include "client/curses/curses_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

#define BELL_EVERY_MS 1000 /* a peer may say our nick a thousand times a second */

/* --- Attention --- */

static void ring(struct curses *curses, const struct conversation *conversation, const struct event *event,
                 const struct member *author) {
    uint64_t now = clock_boot_ms();
    bool looked_at =
        conversation == conversations_current(&curses->models.conversations) && curses->focus_known && curses->focused;
    if (curses->rung && now - curses->rung < BELL_EVERY_MS) return;
    curses->rung = now;
    bool rings = curses->ui->settings->bell;
    if (curses->ui->settings->notify && !looked_at) {
        char text[512];
        snprintf(text, sizeof text, "%s in %.100s: %.200s", author ? author->label : "?", conversation->title,
                 event->text);
        if (!terminal_notify(curses->terminal, text)) rings = true;
    }
    if (rings) terminal_bell(curses->terminal);
}

static void count_unread(struct curses *curses, struct conversation *conversation, enum attention attention,
                         uint64_t line) {
    struct window *window = window_of(conversation);
    bool current = conversation == conversations_current(&curses->models.conversations);
    if (current && window->follows && (curses->focused || !curses->focus_known)) return;
    if (window->marker == WINDOW_NONE) window->marker = line;
    if (current) return;
    window->unread++;
    window->mentions += attention == ATTENTION_MENTION;
}

/* --- The transcript --- */

static void on_old_line(void *context, const char *text, size_t size) {
    window_say(context, LINE_OLD, text, size, clock_wall_ms());
}

static void keep(struct curses *curses, const struct event *event, const char *label) {
    struct why why;
    if (event->room && !transcripts_append(&curses->models.transcripts, event, label, clock_wall_ms(), &why))
        curses_say(curses, LINE_ERROR, why.text);
}

/* --- Rooms --- */

/* What is typed before the first room is there is meant for it. */
static void joined(struct curses *curses, const struct event *event) {
    struct taken taken;
    bool first = !conversations_current(&curses->models.conversations);
    if (!first) curses_leave_window(curses);
    models_take(&curses->models, event, &taken);
    if (taken.conversation && !taken.conversation->view) {
        struct window *window = taken.conversation->view = window_create();
        transcripts_last(&curses->models.transcripts, event->room, on_old_line, window);
    }
    if (!first) curses_enter_window(curses);
    for (size_t i = 0; i < curses->openings; i++) curses_say(curses, curses->opening[i].kind, curses->opening[i].text);
    curses->openings = 0;
}

static void parted(struct curses *curses, struct conversation *conversation) {
    bool current = conversation == conversations_current(&curses->models.conversations);
    size_t unsaid = window_of(conversation)->outbox.count;
    char text[512], title[sizeof conversation->title];
    snprintf(title, sizeof title, "%s", conversation->title);
    if (current) curses_leave_window(curses);
    window_destroy(conversation->view);
    conversations_remove(&curses->models.conversations, conversation);
    if (current) curses_enter_window(curses);
    if (unsaid == 0) return;
    snprintf(text, sizeof text, "never sent to %.300s: %zu message%s", title, unsaid, unsaid == 1 ? "" : "s");
    curses_say(curses, LINE_ERROR, text);
}

/* --- All of them --- */

static void show(struct curses *curses, const struct taken *taken, const struct event *event) {
    struct conversation *conversation = taken->conversation;
    struct window *window = conversation ? window_of(conversation) : curses_window(curses);
    if (event->type == EVENT_ERROR) snprintf(curses->last_error, sizeof curses->last_error, "%s", event->text);
    uint64_t end = event->late ? WINDOW_NONE : scrollback_end(&window->scrollback); /* "new" is not where it stands */
    enum attention attention =
        window_take(window, &curses->models.conversations, conversation, event, taken->author, clock_wall_ms());
    keep(curses, event, taken->label);
    if (event->type == EVENT_INVITE) curses_show_code(curses, window, event->text);
    if (!conversation || attention < ATTENTION_MESSAGE) return;
    count_unread(curses, conversation, attention, end);
    if (attention == ATTENTION_MENTION) ring(curses, conversation, event, taken->author);
}

void curses_events_take(struct curses *curses, struct event *event) {
    struct taken taken;
    curses->dirty = true;
    if (event->type == EVENT_FINISHED) {
        curses->finished = true;
        curses->status = event->status;
        return;
    }
    if (event->type == EVENT_JOINED) {
        joined(curses, event);
        return;
    }
    models_take(&curses->models, event, &taken);
    if (!taken.heard) return;
    if (event->type == EVENT_CREDIT && taken.conversation)
        curses_drain(curses, taken.conversation);
    else if (event->room == NULL || taken.conversation)
        show(curses, &taken, event);
    if (event->type == EVENT_PARTED && taken.conversation) parted(curses, taken.conversation);
}
