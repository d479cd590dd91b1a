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
        conversation == conversations_current(&curses->conversations) && curses->focus_known && curses->focused;

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
    bool current = conversation == conversations_current(&curses->conversations);

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

    if (event->room && !transcripts_append(&curses->transcripts, event, label, clock_wall_ms(), &why))
        curses_say(curses, LINE_ERROR, why.text);
}

/* --- Rooms --- */

/* What is typed before the first room is there is meant for it. */
static void joined(struct curses *curses, struct event *event) {
    bool first = !conversations_current(&curses->conversations);

    if (!first) curses_leave_window(curses);
    struct conversation *conversation = conversations_apply(&curses->conversations, event);

    if (conversation && !conversation->view) {
        struct window *window = conversation->view = window_create();
        transcripts_last(&curses->transcripts, event->room, on_old_line, window);
    }
    if (!first) curses_enter_window(curses);
    for (size_t i = 0; i < curses->openings; i++) curses_say(curses, curses->opening[i].kind, curses->opening[i].text);
    curses->openings = 0;
}

static void parted(struct curses *curses, struct conversation *conversation) {
    bool current = conversation == conversations_current(&curses->conversations);
    size_t unsaid = window_of(conversation)->outbox.count;
    char text[512], title[sizeof conversation->title];

    snprintf(title, sizeof title, "%s", conversation->title);
    if (current) curses_leave_window(curses);
    window_destroy(conversation->view);
    conversations_remove(&curses->conversations, conversation);
    if (current) curses_enter_window(curses);
    if (unsaid == 0) return;
    snprintf(text, sizeof text, "never sent to %.300s: %zu message%s", title, unsaid, unsaid == 1 ? "" : "s");
    curses_say(curses, LINE_ERROR, text);
}

/* --- All of them --- */

static bool is_ignored(const struct curses *curses, const struct event *event, const struct member *member) {
    const char *fingerprint = member ? member->fingerprint : event->history ? event->fingerprint : "";

    return event->type == EVENT_MESSAGE && ignores_has(&curses->ignores, fingerprint);
}

static void show(struct curses *curses, struct conversation *conversation, const struct event *event,
                 const struct member *author) {
    struct window *window = conversation ? window_of(conversation) : curses_window(curses);
    const char *label = event->type == EVENT_SENT ? curses->conversations.label : author ? author->label : "";
    char absent[ROSTER_LABEL_SIZE];

    if (event->type == EVENT_ERROR) snprintf(curses->last_error, sizeof curses->last_error, "%s", event->text);
    uint64_t end = event->late ? WINDOW_NONE : scrollback_end(&window->scrollback); /* "new" is not where it stands */
    enum attention attention =
        window_take(window, &curses->conversations, conversation, event, author, clock_wall_ms());
    if (event->type == EVENT_MESSAGE && !author) {
        roster_label(event->nick, event->fingerprint, event->peer, absent);
        label = absent;
    }
    keep(curses, event, label);
    if (!conversation || attention < ATTENTION_MESSAGE) return;
    count_unread(curses, conversation, attention, end);
    if (attention == ATTENTION_MENTION) ring(curses, conversation, event, author);
}

/* Who leaves is gone from the roster once the event was applied. */
static const struct member *member_before(const struct curses *curses, const struct event *event, struct member *copy) {
    const struct conversation *conversation =
        event->room ? conversations_find(&curses->conversations, event->room) : NULL;
    const struct member *member = conversation ? roster_find(&conversation->roster, event->peer) : NULL;

    if (member) *copy = *member;
    return member ? copy : NULL;
}

void curses_events_take(struct curses *curses, struct event *event) {
    struct member before;
    const struct member *author = member_before(curses, event, &before);

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
    struct conversation *conversation = conversations_apply(&curses->conversations, event);
    if (!author && conversation) author = roster_find(&conversation->roster, event->peer);
    if (event->type == EVENT_PEER_CONNECTED && conversation) author = roster_find(&conversation->roster, event->peer);
    if (is_ignored(curses, event, author) || transcripts_have_shown(&curses->transcripts, event)) return;
    if (event->type == EVENT_CREDIT && conversation)
        curses_drain(curses, conversation);
    else if (event->room == NULL || conversation)
        show(curses, conversation, event, author);
    if (event->type == EVENT_PARTED && conversation) parted(curses, conversation);
}
