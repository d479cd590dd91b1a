#include "client/curses/links.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

/* Its size, or 0. */
static size_t scheme_at(const char *text, size_t size) {
    static const char *const schemes[] = {"http://", "https://", "gochat://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t length = strlen(schemes[i]);
        if (size > length && strncasecmp(text, schemes[i], length) == 0) return length;
    }
    return 0;
}

static bool may_have(char byte) {
    return byte > ' ' && byte < 0x7f && !strchr("\"<>\\^`{|}", byte);
}

/* How many brackets more are closed than opened. */
static long surplus(const char *text, size_t size, char opening, char closing) {
    long count = 0;
    for (size_t i = 0; i < size; i++) count += (text[i] == closing) - (text[i] == opening);
    return count;
}

/* What ends a sentence is not the URL's, nor a bracket that it did not open. */
static size_t trim(const char *text, size_t size) {
    long round = surplus(text, size, '(', ')'), square = surplus(text, size, '[', ']');
    for (; size > 0; size--) {
        char last = text[size - 1];
        bool closes = (last == ')' && round-- > 0) || (last == ']' && square-- > 0);
        if (!closes && !strchr(".,;:!?'*_~", last)) break;
    }
    return size;
}

/* Does the text go on with a letter, a mark or a number of another script? */
static bool goes_on(const char *text, size_t size) {
    utf8proc_int32_t code;
    if (size == 0 || (signed char)*text >= 0) return false;
    if (utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &code) <= 0) return true;
    utf8proc_category_t category = utf8proc_category(code);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

bool links_next(const char *text, size_t size, size_t from, struct link *out) {
    for (size_t at = from; at < size; at++) {
        size_t scheme = strchr("hHgG", text[at]) ? scheme_at(text + at, size - at) : 0;
        bool within_word = at > 0 && (isalnum((unsigned char)text[at - 1]) || (signed char)text[at - 1] < 0);
        if (scheme == 0 || within_word) continue;
        size_t stop = at + scheme;
        while (stop < size && may_have(text[stop])) stop++;
        bool whole = !goes_on(text + stop, size - stop);
        size_t end = at + trim(text + at, stop - at);
        if (whole && end > at + scheme && end - at <= LINKS_URL_MAX) {
            *out = (struct link){at, end};
            return true;
        }
        at = stop - 1; /* no part of it is one: nobody has a long text looked through again and again */
    }
    return false;
}
