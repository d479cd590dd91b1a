#include "client/invite/invite_text.h"

#include <string.h>
#include <strings.h>

#include "common/append.h"
#include "common/memory.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* --- What was added --- */

static bool is_invisible(const char *text, size_t *size) {
    static const char *const signs[] = {"\u00a0", "\u00ad", "\u200b", "\u200c", "\u200d", "\u200e",
                                        "\u200f", "\u2028", "\u2029", "\u202f", "\u2060", "\ufeff"};
    *size = 1;
    if ((unsigned char)*text <= ' ' || *text == 0x7f) return true;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        *size = strlen(signs[i]);
        if (strncmp(text, signs[i], *size) == 0) return true;
    }
    return false;
}

/* "> " and "| " where an answer quotes a line; "=" where a mail of quoted-printable breaks one (RFC 2045 §6.7). */
static size_t breaks_line(const char *text) {
    size_t size = strspn(text, "=\r");
    if (text[size] != '\n') return 0;
    return size + strspn(text + size, "\r\n \t>|");
}

/* Letters and digits of a payload, and what stands before it. */
static bool is_inner(char character) {
    return character != '\0' && strchr(LETTERS DIGITS "-_#", character) != NULL;
}

char *invite_text_clean(const char *given) {
    char *clean = allocate(strlen(given) + 1), *at = clean;
    while (*given && !strchr(LETTERS DIGITS, *given)) given++;
    while (*given) {
        size_t size = breaks_line(given);
        if (size == 0 && !is_invisible(given, &size))
            *at++ = *given++;
        else
            given += size;
    }
    while (at > clean && !is_inner(at[-1])) at--;
    *at = '\0';
    return clean;
}

/* --- Percent-encoding --- */

void invite_text_encode(const char *text, const char *plain, char *out, size_t size) {
    for (; *text; text++) {
        bool stays = strchr(LETTERS DIGITS "-._~", *text) || strchr(plain, *text);
        append_text(out, size, stays ? "%c" : "%%%02X", (unsigned char)*text);
    }
}

static int digit_of(char hex) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = hex ? strchr(digits, hex) : NULL;
    return found ? (int)(found - digits) % 16 : -1;
}

bool invite_text_decode(char *text) {
    char *to = text;
    for (const char *at = text; (at = strchr(at, '%')); at++)
        if (digit_of(at[1]) < 0 || digit_of(at[2]) < 0 || strncmp(at, "%00", 3) == 0) return false;
    for (const char *at = text; *at; to++) {
        bool escaped = *at == '%';
        *to = escaped ? (char)(16 * digit_of(at[1]) + digit_of(at[2])) : *at;
        at += escaped ? 3 : 1;
    }
    *to = '\0';
    return true;
}
