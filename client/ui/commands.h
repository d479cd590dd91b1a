/* What begins with '/': one table makes the commands, their completion, /help and the usage that a wrong call is told.
 *
 *   /join ROOM [SECRET-FILE]   /part [ROOM]         /nick NAME        /me TEXT       /msg PEER TEXT
 *   /who                       /info [PEER]         /ignore [PEER]    /find [TEXT]   /clear
 *   /verify PEER [yes]         /unverify PEER       /trust PEER       /log [on|off]  /set [KEY [VALUE]]
 *   /help [COMMAND]            /invite             /quit
 *
 * A line is a command where its first word is '/' and letters alone, or the whole name of a command with punctuation
 * behind it that is no '/' ("/msg:bob hi" is wrong, and not for all to read). Other text that begins with '/', a path
 * or a comment, is said; "//…" is text that begins with '/' in any case. Blanks are those of blanks.h. Names of
 * commands may be shortened while they stay unambiguous. /join of a room where we are goes there; an
 * invite to a bootnode of ours does instead of ROOM. /who shows an
 * EVENT_MEMBER for each member, /info PEER one with all there is, /info about the room, the bootnode and how far our
 * last message got. /ignore PEER hides and shows again what that key says, in all rooms and after a restart; alone it
 * lists them. /verify PEER shows the safety number, and /verify PEER yes remembers that it was compared, which
 * /unverify takes back; /trust PEER gives a new key the place of an old one. /find and /clear need a screen and say so
 * where there is none. What has blanks in it, a room or a nick, is written "in quotes". */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "client/ui/command.h"

const struct command *commands_table(size_t *count);
/* Is it a command, so not to be sent? */
bool commands_is(const char *line);
/* Of a line that is none: the text to be sent, without the first '/' of "//…". */
const char *commands_text(const char *line);
/* Need it not wait for the room's members and credit? (Else nobody could leave a room that never gives them.) */
bool commands_goes_ahead(const char *line);
/* Runs a line for which commands_is holds. What is wrong with it is shown as an ERROR that says what was expected. */
void commands_run(const struct command_host *host, const char *line);
