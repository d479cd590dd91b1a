#include "client/ui/arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ui/blanks.h"
#include "common/memory.h"

/* The quote that ends a quoted argument. NULL: none does. */
static const char *closing_quote(const char *quoted) {
    const char *at = quoted + 1;
    while (*at && *at != '"') at += at[0] == '\\' && (at[1] == '"' || at[1] == '\\') ? 2 : 1;
    return *at && (at[1] == '\0' || blanks_span(at + 1) > 0) ? at : NULL;
}

void arguments_unescape(char *text) {
    char *out = text;
    for (const char *at = text; *at; at++) {
        if (at[0] == '\\' && (at[1] == '"' || at[1] == '\\')) at++;
        *out++ = *at;
    }
    *out = '\0';
}

char *arguments_word(char **rest) {
    char *word = *rest, *end;
    bool quoted = *word == '"';
    if (*word == '\0') return NULL;
    if (quoted && !closing_quote(word)) return NULL;
    end = quoted ? word + (closing_quote(word) - word) : word + blanks_find(word);
    *rest = end + quoted + blanks_span(end + quoted);
    *end = '\0';
    if (!quoted) return word;
    arguments_unescape(word + 1);
    return word + 1;
}

char *arguments_whole(char *arguments) {
    const char *end = *arguments == '"' ? closing_quote(arguments) : NULL;
    if (!end || end[1 + blanks_span(end + 1)] != '\0') return arguments;
    arguments[end - arguments] = '\0';
    arguments_unescape(arguments + 1);
    return arguments + 1;
}

char *arguments_literal(const char *arguments) {
    const char *end = *arguments == '"' ? closing_quote(arguments) : NULL;
    if (!end) return NULL;
    char *literal = copy_start(arguments, (size_t)(end + 1 - arguments));
    return literal;
}

char *arguments_quote(const char *name, bool quotes) {
    bool plain = !quotes && *name && *name != '"' && name[blanks_find(name)] == '\0';
    char *out = allocate(2 * strlen(name) + 3), *at = out;
    if (!plain) *at++ = '"';
    for (; *name; name++) {
        if (!plain && (*name == '"' || *name == '\\')) *at++ = '\\';
        *at++ = *name;
    }
    if (!plain) *at++ = '"';
    *at = '\0';
    return out;
}

enum roster_match arguments_peer(const struct roster *roster, const char *name, const char *literal,
                                 struct member **out) {
    struct member *called = NULL;
    enum roster_match by_name = roster_named(roster, name, out);
    enum roster_match by_literal = literal ? roster_named(roster, literal, &called) : ROSTER_NOBODY;
    if (by_literal == ROSTER_NOBODY) return by_name;
    if (by_name == ROSTER_NOBODY) {
        *out = called;
        return by_literal;
    }
    return by_name == ROSTER_FOUND && by_literal == ROSTER_FOUND && *out == called ? ROSTER_FOUND : ROSTER_SEVERAL;
}
