#include "common/ini_quotes.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define WHITE " \t\n\v\f\r"

static void trim_end(char *text) {
    size_t size = strlen(text);
    while (size > 0 && isspace((unsigned char)text[size - 1])) text[--size] = '\0';
}

/* A # or ; behind white space begins one. What the value itself begins with only does where white space follows, too: a
 * room may be called #tea. */
static bool begins_comment(const char *value, const char *at) {
    if (*at != '#' && *at != ';') return false;
    if (at == value) return at[1] == '\0' || isspace((unsigned char)at[1]);
    return isspace((unsigned char)at[-1]);
}

static char *cut_comment(char *value) {
    char *at = value;
    while (*at && !begins_comment(value, at)) at++;
    *at = '\0';
    trim_end(value);
    return value;
}

char *ini_quotes_take(char *value, struct why *why) {
    char quote = *value, *close;
    if (quote != '"' && quote != '\'') return cut_comment(value);
    if (!(close = strchr(value + 1, quote))) {
        why_fail(why, "expected a second %c at the end, or other quotes around it all", quote);
        return NULL;
    }
    const char *after = close + 1 + strspn(close + 1, WHITE);
    if (*after != '\0' && !begins_comment(value, after)) {
        why_fail(why, "expected nothing but a comment after the second %c", quote);
        return NULL;
    }
    *close = '\0';
    return value + 1;
}

/* What a file has as it is: not a quote, a comment or white space that is lost on the way. */
static bool stands_alone(const char *text) {
    size_t length = strlen(text);
    if (length == 0) return true;
    if (*text == '"' || *text == '\'' || isspace((unsigned char)*text) || isspace((unsigned char)text[length - 1]))
        return false;
    if ((*text == '#' || *text == ';') && (length == 1 || isspace((unsigned char)text[1]))) return false;
    for (const char *at = text; *at; at++)
        if (isspace((unsigned char)at[0]) && (at[1] == '#' || at[1] == ';')) return false;
    return true;
}

bool ini_quotes_put(const char *text, char out[static INI_LINE_SIZE]) {
    const char *quote = stands_alone(text) ? "" : !strchr(text, '"') ? "\"" : "'";
    snprintf(out, INI_LINE_SIZE, "%s%s%s", quote, text, quote);
    return *quote == '\0' || !strchr(text, *quote);
}
