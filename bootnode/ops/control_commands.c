#include "bootnode/ops/control_commands.h"

#include <string.h>

#include "common/append.h"

#define USAGE_SIZE 64
#define USAGE_COLUMN 34

/* clang-format off */
const struct control_row control_commands[CONTROL_COMMANDS] = {
    [CONTROL_STATUS] = {.name = "status", .help = "what runs, since when, and how it is"},
    [CONTROL_LIMITS] = {.name = "limits", .help = "the limits in force, and how much of each is used"},
    [CONTROL_SESSIONS] = {.name = "sessions", .takes_limit = true,
        .help = "sessions by network; of one network by its parts, and each of them",
        .arguments = {{"PREFIX", CONTROL_HAS_PREFIX, false}}},
    [CONTROL_TOP] = {.name = "top", .takes_limit = true,
        .help = "the sources (IPv4 /32, IPv6 /64) with most sessions",
        .arguments = {{"PREFIX", CONTROL_HAS_PREFIX, false}}},
    [CONTROL_ROOMS] = {.name = "rooms", .takes_limit = true, .help = "the largest rooms, by their tags"},
    [CONTROL_KICK] = {.name = "kick", .changes = true, .help = "ends sessions, which may not come back for a while (10s)",
        .arguments = {{"PREFIX|SESSION", CONTROL_HAS_PREFIX | CONTROL_HAS_SESSION, true},
                      {"TIME", CONTROL_HAS_SECONDS, false}}},
    [CONTROL_BAN] = {.name = "ban", .changes = true, .help = "keeps a network out, for a time (1h) or forever, and ends its sessions",
        .arguments = {{"PREFIX", CONTROL_HAS_PREFIX, true}, {"TIME", CONTROL_HAS_SECONDS, false}}},
    [CONTROL_UNBAN] = {.name = "unban", .changes = true, .help = "ends a ban",
        .arguments = {{"PREFIX", CONTROL_HAS_PREFIX, true}}},
    [CONTROL_BANS] = {.name = "bans", .takes_limit = true, .help = "the bans, and how long they last"},
    [CONTROL_ALLOW] = {.name = "allow", .changes = true, .help = "lets a network in whatever bans and lists say, for a time or forever",
        .arguments = {{"PREFIX", CONTROL_HAS_PREFIX, true}, {"TIME", CONTROL_HAS_SECONDS, false}}},
    [CONTROL_DISALLOW] = {.name = "disallow", .changes = true, .help = "ends what allow began",
        .arguments = {{"PREFIX", CONTROL_HAS_PREFIX, true}}},
    [CONTROL_WHY] = {.name = "why", .help = "whether an address is let in, and what says so",
        .arguments = {{"ADDRESS", CONTROL_HAS_PREFIX, true}}},
    [CONTROL_DENY] = {.name = "deny", .changes = true, .help = "the lists of deny_file and allow_file; reload reads them anew",
        .arguments = {{"reload", CONTROL_HAS_RELOAD, false}}},
    [CONTROL_DRAIN] = {.name = "drain", .changes = true, .help = "moves rooms to the cluster's other nodes, tells clients what comes, ends",
        .arguments = {{"TIME", CONTROL_HAS_SECONDS, false}}},
    [CONTROL_RELOAD] = {.name = "reload", .changes = true, .help = "applies the settings' file anew, whole or not at all"},
    [CONTROL_LOG_LEVEL] = {.name = "log-level", .changes = true, .help = "what is logged from now on, until a reload",
        .arguments = {{"error|warning|info|debug", CONTROL_HAS_LEVEL, true}}},
    [CONTROL_TRACE] = {.name = "trace", .changes = true, .help = "logs every packet of a network, for a time (5m)",
        .arguments = {{"PREFIX|off", CONTROL_HAS_PREFIX | CONTROL_HAS_OFF, true},
                      {"TIME", CONTROL_HAS_SECONDS, false}}},
    [CONTROL_CLUSTER] = {.name = "cluster", .changes = true, .help = "the nodes of the cluster; forget one that is gone for good",
        .arguments = {{"forget NODE", CONTROL_HAS_FORGET, false}, {NULL, CONTROL_HAS_NODE, false}}},
};
/* clang-format on */

bool control_commands_find(const char *name, enum control_command *out) {
    for (enum control_command command = 0; command < CONTROL_COMMANDS; command++) {
        *out = command;
        if (strcmp(name, control_commands[command].name) == 0) return true;
    }
    return false;
}

void control_commands_usage(enum control_command command, char *out, size_t size) {
    const struct control_row *row = &control_commands[command];
    append_text(out, size, "%s", row->name);
    for (size_t i = 0; i < CONTROL_ARGUMENTS_MAX && row->arguments[i].word; i++)
        append_text(out, size, row->arguments[i].needed ? " %s" : " [%s]", row->arguments[i].word);
}

void control_commands_list(FILE *out) {
    for (enum control_command command = 0; command < CONTROL_COMMANDS; command++) {
        char usage[USAGE_SIZE] = "";
        control_commands_usage(command, usage, sizeof usage);
        fprintf(out, "  %-*s  %s\n", USAGE_COLUMN, usage, control_commands[command].help);
    }
}
