/* What an operator can have a running bootnode do: each command's name, arguments and help stand once, and drive the
 * command line (gochat --mode ctl), its help, what the control socket takes, and completion. doc/control.md describes
 * requests and answers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum control_command {
    CONTROL_STATUS,
    CONTROL_LIMITS,
    CONTROL_SESSIONS,
    CONTROL_TOP,
    CONTROL_ROOMS,
    CONTROL_KICK,
    CONTROL_BAN,
    CONTROL_UNBAN,
    CONTROL_BANS,
    CONTROL_ALLOW,
    CONTROL_DISALLOW,
    CONTROL_WHY,
    CONTROL_DENY,
    CONTROL_DRAIN,
    CONTROL_RELOAD,
    CONTROL_LOG_LEVEL,
    CONTROL_TRACE,
    CONTROL_CLUSTER,
    CONTROL_COMMANDS,
};

/* What a request may have besides its command, a bit each. The names in JSON are those of control_request.c. */
enum control_field {
    CONTROL_HAS_PREFIX = 1 << 0,
    CONTROL_HAS_SESSION = 1 << 1,
    CONTROL_HAS_SECONDS = 1 << 2,
    CONTROL_HAS_LEVEL = 1 << 3,
    CONTROL_HAS_LIMIT = 1 << 4,
    CONTROL_HAS_RELOAD = 1 << 5,
    CONTROL_HAS_OFF = 1 << 6,
    CONTROL_HAS_FORGET = 1 << 7,
    CONTROL_HAS_NODE = 1 << 8,
};

#define CONTROL_ARGUMENTS_MAX 2

/* One word behind the command. */
struct control_argument {
    const char *word; /* as help has it, "PREFIX|SESSION"; NULL: no such argument */
    unsigned fields;  /* of which it is one */
    bool needed;
};

struct control_row {
    const char *name, *help;
    struct control_argument arguments[CONTROL_ARGUMENTS_MAX];
    bool takes_limit;
    bool changes; /* something, so that the log tells of it */
};

extern const struct control_row control_commands[CONTROL_COMMANDS];

/* The command of this name; false where there is none. */
bool control_commands_find(const char *name, enum control_command *out);
/* "kick PREFIX|SESSION [TIME]" behind what `out` has. */
void control_commands_usage(enum control_command command, char *out, size_t size);
/* All of them, a line each: "  kick PREFIX|SESSION [TIME]  help". */
void control_commands_list(FILE *out);
