/* What begins with '/': one table makes the commands, their completion, /help and the usage that a wrong call is told.
 *
 *   /join ROOM [SECRET-FILE]   /part [ROOM]         /nick NAME        /me TEXT       /msg PEER TEXT
 *   /who                       /info [PEER]         /ignore [PEER]    /find [TEXT]   /clear
 *   /log [on|off]              /set [KEY [VALUE]]   /help [COMMAND]   /quit
 *
 * A line is a command where its first word is '/' and letters alone, or the whole name of a command with punctuation
 * behind it that is no '/' ("/msg:bob hi" is wrong, and not for all to read). Other text that begins with '/', a path
 * or a comment, is said; "//…" is text that begins with '/' in any case. Blanks are those of blanks.h. Names of
 * commands may be shortened while they stay unambiguous. /join of a room where we are goes there. /who shows an
 * EVENT_MEMBER for each member, /info PEER one with all there is, /info about the room, the bootnode and how far our
 * last message got. /ignore PEER hides and shows again what that key says, in all rooms and after a restart; alone it
 * lists them. /find and /clear need a screen and say so where there is none. What has blanks in it, a room or a nick,
 * is written "in quotes". */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "client/config.h"
#include "client/ui/conversations.h"
#include "client/ui/ignores.h"
#include "client/ui/transcripts.h"

/* What commands act on, lent by the UI. */
struct command_host {
    void *context;
    struct conversations *conversations;
    struct ignores *ignores;
    struct transcripts *transcripts;
    struct client_config *settings;
    const char *ref;                                  /* of what runs, for the events that answer it; NULL: none */
    const char *place;                                /* before what is wrong, "line 3: "; NULL: nothing */
    void (*tell)(void *context, struct input *input); /* to the engine; takes it, and counts credit */
    void (*show)(void *context, const struct event *event); /* a NOTICE, ERROR or MEMBER */
    void (*go)(void *context, struct conversation *to);     /* make it the current one */
    void (*find)(void *context, const char *text);          /* NULL: no screen. Empty: further up */
    void (*clear)(void *context);                           /* NULL: no screen */
    void (*settings_changed)(void *context);                /* NULL: nobody cares */
    void (*keys_help)(void *context);                       /* shows what each key does; NULL: no screen */
    void (*quit)(void *context);
};

enum command_completion {
    COMPLETE_NOTHING,
    COMPLETE_PEER,
    COMPLETE_ROOM,
    COMPLETE_SETTING, /* a key for which client_config_is_setting holds */
    COMPLETE_COMMAND,
};

struct command {
    const char *name;                  /* without '/' */
    const char *arguments;             /* as usage shows them: "ROOM [SECRET-FILE]" */
    const char *help;                  /* one line */
    enum command_completion completes; /* its first argument */
    bool ahead;                        /* needs neither members nor credit: goes before both */
    void (*run)(const struct command_host *host, const struct command *self, char *arguments);
};

const struct command *commands_table(size_t *count);
/* Is it a command, so not to be sent? */
bool command_is(const char *line);
/* Of a line that is none: the text to be sent, without the first '/' of "//…". */
const char *command_text(const char *line);
/* Need it not wait for the room's members and credit? (Else nobody could leave a room that never gives them.) */
bool command_goes_ahead(const char *line);
/* Runs a line for which command_is holds. What is wrong with it is shown as an ERROR that says what was expected. */
void command_run(const struct command_host *host, const char *line);
