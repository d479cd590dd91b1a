/* How commands take their arguments from a line, and how a name is written so that it comes back as it is. Pure.
 *
 * An argument ends at a blank (blanks.h). One that begins with '"' ends at the next '"' instead, which blanks or
 * nothing must follow; in it \" stands for '"' and \\ for '\', and any other '\' for itself. Quotes and '\' elsewhere
 * are letters as any others. */
#pragma once

#include <stdbool.h>

#include "client/ui/roster.h"
#include "common/attributes.h"

/* Cuts the next argument off, in place. NULL: none is left, or a quote has no end. */
char *arguments_word(char **rest);
/* The whole rest as one argument: without its quotes, if it is quoted as a whole; else as it is, blanks and all. */
char *arguments_whole(char *arguments);
/* Where the argument at the beginning is quoted: as it stands there, quotes and all, malloc'd. NULL: it is not. */
char *arguments_literal(const char *arguments);
/* What stands between quotes, in place: \" becomes '"', \\ becomes '\'. */
void arguments_unescape(char *text);
/* As an argument from which arguments_word and arguments_whole make `name` again; malloc'd. In quotes where they are
 * needed, or where `quotes` asks for them. */
MUST_USE char *arguments_quote(const char *name, bool quotes);

/* Whom an argument means: roster_named, of what was made of it (`name`) and of what arguments_literal says (may be
 * NULL), since "bob" may be how somebody is called. Two different ones are SEVERAL. */
enum roster_match arguments_peer(const struct roster *roster, const char *name, const char *literal,
                                 struct member **out);
