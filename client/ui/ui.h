/* The UI thread behind one small interface: it takes lines or keys from the user to the engine, and shows the engine's
 * events. Nothing else in the client knows which UI runs. UI_SEND is none to look at: it sends what it is given, and
 * ends.
 *
 * Flow: something is said in a room only while there is credit for it (EVENT_CREDIT): not before the first full list
 * of members, and a slow peer makes the sender wait instead of filling memory. The line UIs then read no further than
 * that line, but take a command that needs no members (command_goes_ahead); the screen takes what is typed into an
 * outbox. End of input is INPUT_END, once. EVENT_FINISHED ends ui_run. */
#pragma once

#include <stdbool.h>

#include "client/config.h"
#include "client/events.h"

#define UI_WARNINGS 4
#define UI_WARNING_SIZE 1024

enum ui_kind { UI_PLAIN, UI_JSON, UI_CURSES, UI_SEND };

struct ui {
    struct queue events;  /* to us: struct event */
    struct queue *inputs; /* to the engine: struct input; without limit, because credit is one */
    enum ui_kind kind;
    int input, output;              /* descriptors: 0 and 1, others in tests */
    struct client_config *settings; /* what /set changes; what UI_SEND sends */
    struct input *join;             /* UI_SEND: of the first room, for it to push; others are there already */
    const char *directory;          /* of data: transcripts and the ignored; NULL: keeps nothing (tests) */
    const char *nick;               /* ours at the start */
    const char *fingerprint;        /* of our key */
    /* What the user was told on standard error, which a screen hides: it says them, too. */
    const char (*warnings)[UI_WARNING_SIZE];
    size_t warning_count; /* at most UI_WARNINGS */
};

/* Runs on its own thread until EVENT_FINISHED; returns its status. A terminal that went away becomes INPUT_STOP. Output
 * of the line UIs that cannot be written is told (output.h); then what lies in the input, or comes within 10 s where it
 * is no terminal and the reader did not go away (EPIPE), is said, and INPUT_END follows. */
int ui_run(struct ui *ui);

/* One event as the line that is shown, with its newline; NULL: not shown. malloc'd. Both are pure.
 * JSON: the objects in README.md exactly, keys in that order, one line; what it takes as input is in objects.h. Plain:
 * `nick: text` for messages, each line of a multi-line text prefixed and filtered (text_filter); actions and private
 * messages begin with '*', as no nick does; state changes as "* nick#1a2b is here (direct, 12 ms)" and the like; SENT,
 * DELIVERED and UNDELIVERED are silent. */
char *ui_json_line(const struct event *event);
char *ui_plain_line(const struct event *event);
