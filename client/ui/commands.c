#include "client/ui/commands.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "client/ui/blanks.h"
#include "client/ui/command_answers.h"
#include "client/ui/command_order.h"
#include "client/ui/command_talk.h"
#include "client/ui/command_trust.h"
#include "common/memory.h"
#include "common/similar.h"

#define NAME_MOST 16 /* bytes; no command has a longer one */
#define LIST_SIZE 256

/* --- The commands that are about commands, or a line long --- */

static void run_find(const struct command_host *host, const struct command *self, char *arguments) {
    if (host->find)
        host->find(host->context, arguments);
    else
        command_fail(host, self, "expected a screen (--ui curses)");
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the shape of command.run */
static void run_clear(const struct command_host *host, const struct command *self, char *arguments) {
    (void)arguments;
    if (host->clear)
        host->clear(host->context);
    else
        command_fail(host, self, "expected a screen (--ui curses)");
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the shape of command.run */
static void run_quit(const struct command_host *host, const struct command *self, char *arguments) {
    (void)self;
    (void)arguments;
    host->quit(host->context);
}

static void run_help(const struct command_host *host, const struct command *self, char *arguments);

static const struct command table[] = {
    {"join", "ROOM [SECRET-FILE] | INVITE", "joins a room, or goes to it", COMPLETE_ROOM, true, talk_join},
    {"part", "[ROOM]", "leaves a room, once what was said there has arrived", COMPLETE_ROOM, true, talk_part},
    {"nick", "NAME", "changes the name that others see", COMPLETE_NOTHING, true, talk_nick},
    {"me", "TEXT", "says what you do", COMPLETE_NOTHING, false, talk_me},
    {"msg", "PEER TEXT", "says it to one member alone", COMPLETE_PEER, false, talk_msg},
    {"who", "", "shows who is here, and how they are reached", COMPLETE_NOTHING, false, answer_who},
    {"info", "[PEER]", "shows all about a member, or about the room and the bootnode", COMPLETE_PEER, false,
     answer_info},
    {"invite", "[once] [for TIME]", "shows the string, and its QR code, by which others join this room",
     COMPLETE_NOTHING, true, order_invite},
    {"topic", "TEXT", "says what a private room is about; -: nothing", COMPLETE_NOTHING, true, order_topic},
    {"kick", "PEER", "removes a member from a private room, which gets a new secret", COMPLETE_PEER, false, order_kick},
    {"ban", "PEER", "the same, and invites do not let it in again", COMPLETE_PEER, false, order_ban},
    {"unban", "DIGITS", "lets somebody in again, by the beginning of the fingerprint", COMPLETE_NOTHING, true,
     order_unban},
    {"op", "PEER", "lets a member of a private room decide who belongs to it", COMPLETE_PEER, false, order_op},
    {"deop", "PEER", "takes that back", COMPLETE_PEER, false, order_deop},
    {"lock", "on|off", "only who is on a private room's list is let in, or whoever has its secret", COMPLETE_NOTHING,
     true, order_lock},
    {"ignore", "[PEER]", "hides what somebody says, or shows it again; alone: lists whom", COMPLETE_PEER, false,
     answer_ignore},
    {"unfold", "PEER", "shows what was folded of one who said too much, and folds nothing for 10 minutes",
     COMPLETE_PEER, false, answer_unfold},
    {"verify", "PEER [yes]", "shows the number to compare with a member; yes: it was the same", COMPLETE_PEER, false,
     trust_verify},
    {"unverify", "PEER", "takes that back", COMPLETE_PEER, false, trust_unverify},
    {"trust", "PEER", "says that a member has the nick by right, with a new key", COMPLETE_PEER, false, trust_peer},
    {"find", "[TEXT]", "looks for text further up; alone: for the same once more", COMPLETE_NOTHING, true, run_find},
    {"clear", "", "clears the room's lines from the screen", COMPLETE_NOTHING, true, run_clear},
    {"log", "[on|off]", "keeps a transcript of the room, or not; alone: says where", COMPLETE_NOTHING, true,
     answer_log},
    {"set", "[KEY [VALUE]|--save]", "changes a setting; alone: shows them; --save: keeps them in the file of settings",
     COMPLETE_SETTING, true, answer_set},
    {"help", "[COMMAND]", "explains commands", COMPLETE_COMMAND, true, run_help},
    {"quit", "", "leaves, once everything has arrived", COMPLETE_NOTHING, true, run_quit},
};

#define COUNT (sizeof table / sizeof *table)

const struct command *commands_table(size_t *count) {
    *count = COUNT;
    return table;
}

/* --- Which one is meant --- */

static bool is_short_for(const char *name, const struct command *command, size_t length) {
    return length > 0 && strncmp(name, command->name, length) == 0;
}

/* Letters of any script: a command that was typed on another keyboard layout is still not to be said to all. */
static size_t letters_span(const char *text) {
    size_t at = 0;
    for (;;) {
        utf8proc_int32_t character;
        utf8proc_ssize_t length =
            utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)strnlen(text + at, 4), &character);
        utf8proc_category_t category = length > 0 ? utf8proc_category(character) : UTF8PROC_CATEGORY_CN;
        if (category < UTF8PROC_CATEGORY_LU || category > UTF8PROC_CATEGORY_ME) return at;
        at += (size_t)length;
    }
}

static void explain_unknown(const struct command_host *host, const char *name) {
    struct command unknown = {.name = name};
    char letters[NAME_MOST + 2], list[LIST_SIZE] = "";
    snprintf(letters, sizeof letters, "%.*s", (int)letters_span(name), name); /* "/msg:bob" is near /msg */
    struct similar near = similar_to(letters);
    for (size_t i = 0; i < COUNT; i++) similar_offer(&near, table[i].name);
    if (near.count > 0) {
        similar_list(&near, "/", ", ", list, sizeof list);
        command_fail(host, &unknown, "no such command, expected %s?", list);
    } else {
        command_fail(host, &unknown, "no such command, /help lists them; text that begins with / is written //…");
    }
}

/* By its name or the beginning of it; NULL: none or several. */
static const struct command *find(const char *name, size_t *matches) {
    const struct command *found = NULL;
    size_t length = strlen(name);
    *matches = 0;
    for (size_t i = 0; i < COUNT; i++) {
        if (!is_short_for(name, &table[i], length)) continue;
        if (table[i].name[length] == '\0') return &table[i];
        found = &table[i];
        ++*matches;
    }
    return *matches == 1 ? found : NULL;
}

/* NULL: said why. */
static const struct command *resolve(const struct command_host *host, const char *name) {
    size_t matches;
    const struct command *found = find(name, &matches);
    char list[LIST_SIZE] = "";
    if (found) return found;
    if (matches == 0) {
        explain_unknown(host, name);
        return NULL;
    }
    struct similar longer = similar_to(name);
    for (size_t i = 0; i < COUNT; i++)
        if (is_short_for(name, &table[i], strlen(name))) similar_add(&longer, table[i].name);
    similar_list(&longer, "/", ", ", list, sizeof list);
    command_fail(host, &(struct command){.name = name}, "expected %s", list);
    return NULL;
}

/* --- Help --- */

static void show_help(const struct command_host *host, const struct command *command) {
    char left[64];
    snprintf(left, sizeof left, "/%s%s%s", command->name, *command->arguments ? " " : "", command->arguments);
    command_notice(host, NULL, "%s: %s", left, command->help);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the shape of command.run */
static void run_help(const struct command_host *host, const struct command *self, char *arguments) {
    const char *name = arguments + (*arguments == '/');
    const struct command *command;
    if (strcmp(name, "keys") == 0) {
        if (host->keys_help)
            host->keys_help(host->context);
        else
            command_fail(host, self, "keys: expected a screen (--ui curses)");
    } else if (*name) {
        command = resolve(host, name);
        if (command) show_help(host, command);
    } else {
        for (size_t i = 0; i < COUNT; i++) show_help(host, &table[i]);
        command_notice(host, NULL, "%s: %s", "//TEXT", "says text that begins with /");
        if (host->keys_help) command_notice(host, NULL, "%s: %s", "/help keys", "shows what each key does");
    }
}

/* --- Running --- */

static bool is_name(const char *text, size_t length) {
    for (size_t i = 0; i < COUNT; i++)
        if (strlen(table[i].name) == length && strncmp(table[i].name, text, length) == 0) return true;
    return false;
}

/* Punctuation of sentences, of any script; not what names of files go on with. */
static bool ends_word(char character) {
    return strchr(":,;!?\"'()", character) || (character & 0x80);
}

bool commands_is(const char *line) {
    if (line[0] != '/') return false;
    const char *name = line + 1;
    size_t length = blanks_find(name), letters = letters_span(name);
    if (letters == length) return true;
    return !memchr(name, '/', length) && is_name(name, letters) && ends_word(name[letters]);
}

const char *commands_text(const char *line) {
    return line + (line[0] == '/' && line[1] == '/');
}

bool commands_goes_ahead(const char *line) {
    char name[NAME_MOST + 1];
    size_t length = blanks_find(line + 1), matches;
    const struct command *command;
    if (length >= sizeof name) return true; /* there is none: that is said at once */
    memcpy(name, line + 1, length);
    name[length] = '\0';
    command = find(name, &matches);
    return !command || command->ahead;
}

void commands_run(const struct command_host *host, const char *line) {
    char *copy = copy_text(line + 1), *arguments;
    const struct command *command;
    size_t length;
    copy[blanks_trimmed(copy)] = '\0';
    length = blanks_find(copy);
    arguments = copy + length + blanks_span(copy + length);
    copy[length] = '\0';
    command = resolve(host, copy);
    if (command) {
        bool takes = *command->arguments, demands = takes && *command->arguments != '[';
        if (*arguments ? takes : !demands)
            command->run(host, command, arguments);
        else
            command_usage(host, command);
    }
    free(copy);
}
