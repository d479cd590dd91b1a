/* What a command is and what it acts on; how it finds whom it is about, and says what is wrong. The table of them all
 * is commands.h's, and arguments.h says how they read their arguments. */
#pragma once

#include <stdbool.h>

#include "client/config.h"
#include "client/ui/models.h"

/* What commands act on, lent by the UI. */
struct command_host {
    void *context;
    struct models *models;
    struct client_config *settings;
    const char *ref;                                  /* of what runs, for the events that answer it; NULL: none */
    const char *place;                                /* before what is wrong, "line 3: "; NULL: nothing */
    void (*tell)(void *context, struct input *input); /* to the engine; takes it, and counts credit */
    void (*show)(void *context, const struct event *event); /* a NOTICE, ERROR or MEMBER */
    void (*go)(void *context, struct conversation *to);     /* make it the current one */
    void (*find)(void *context, const char *text);          /* NULL: no screen. Empty: further up */
    void (*clear)(void *context);                           /* NULL: no screen */
    void (*unfolded)(void *context, struct flood *flood);   /* all of it was shown; NULL: it has no line that changes */
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

/* To the engine, which takes it. */
void command_tell(const struct command_host *host, struct input *input);
/* An event that answers the command; text NULL: none. event_destroy it. */
struct event *command_event(const struct command_host *host, enum event_type type, const char *text);
/* An ERROR, "/NAME: …"; `self` NULL: the host's place says whose it is. */
__attribute__((format(printf, 3, 4))) void command_fail(const struct command_host *host, const struct command *self,
                                                        const char *format, ...);
/* "/join: expected /join ROOM [SECRET-FILE]" */
void command_usage(const struct command_host *host, const struct command *self);
/* `room` NULL: about none in particular. */
__attribute__((format(printf, 3, 4))) void command_notice(const struct command_host *host,
                                                          const struct conversation *room, const char *format, ...);

/* NULL: said why. */
struct conversation *command_room(const struct command_host *host, const struct command *self);
/* The current room, if something can still be said there. */
struct conversation *command_talk(const struct command_host *host, const struct command *self);
/* By arguments_peer. */
struct member *command_peer(const struct command_host *host, const struct command *self, const struct roster *roster,
                            const char *name, const char *literal);
