/* The UI thread behind one small interface: it takes lines or keys from the user to the engine, and shows the engine's
 * events. Nothing else in the client knows which UI runs. UI_SEND is none to look at: it sends what it is given, and
 * ends.
 *
 * Flow: something is said in a room only while there is credit for it (EVENT_CREDIT): not before the first full list
 * of members, and a slow peer makes the sender wait instead of filling memory. The line UIs then read no further than
 * that line, but take a command that needs no members (commands_goes_ahead); the screen takes what is typed into an
 * outbox. End of input is INPUT_END, once. EVENT_FINISHED ends the UI; a terminal that went away becomes INPUT_STOP.
 *
 * face.h runs the one that is wanted. Each shows events in its own way: json.h, plain.h, ../curses/window.h. */
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
