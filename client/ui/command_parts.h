/* What the files of the commands share: how a command finds whom it is about and says what is wrong. See commands.h;
 * arguments.h for how it reads its arguments. */
#pragma once

#include "client/ui/arguments.h"
#include "client/ui/commands.h"

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
/* Says it to one member alone, named as arguments_peer takes names; or says why not. */
void command_private(const struct command_host *host, const struct command *self, const struct conversation *room,
                     const char *name, const char *literal, const char *text, size_t size);
/* By arguments_peer. */
struct member *command_peer(const struct command_host *host, const struct command *self, const struct roster *roster,
                            const char *name, const char *literal);

void command_join(const struct command_host *host, const struct command *self, char *arguments);
void command_part(const struct command_host *host, const struct command *self, char *arguments);
void command_nick(const struct command_host *host, const struct command *self, char *arguments);
void command_me(const struct command_host *host, const struct command *self, char *arguments);
void command_msg(const struct command_host *host, const struct command *self, char *arguments);
void command_who(const struct command_host *host, const struct command *self, char *arguments);
void command_info(const struct command_host *host, const struct command *self, char *arguments);
void command_ignore(const struct command_host *host, const struct command *self, char *arguments);
void command_log(const struct command_host *host, const struct command *self, char *arguments);
void command_set(const struct command_host *host, const struct command *self, char *arguments);
