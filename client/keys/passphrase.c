#include "client/keys/passphrase.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <zxcvbn.h>

#include "client/keys/words.h"
#include "common/append.h"
#include "common/text.h"

/* --- As it is heard --- */

static bool is_control(const char *text) {
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f) return true;
    return false;
}

/* Blanks of any script: the folding has made most of them U+0020. */
static bool is_blank(const char *text, size_t size, size_t *length) {
    utf8proc_int32_t character;
    utf8proc_ssize_t count = utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &character);
    *length = count > 0 ? (size_t)count : 1;
    return *text == '\t' || (count > 0 && utf8proc_category(character) == UTF8PROC_CATEGORY_ZS);
}

/* More than PASSPHRASE_MAX: too many. */
static size_t join_words(const char *text, char out[static PASSPHRASE_MAX + 1]) {
    size_t size = strlen(text), written = 0, length;
    bool blank = false;
    for (size_t at = 0; at < size; at += length) {
        bool blank_before = blank && written > 0;
        blank = is_blank(text + at, size - at, &length);
        if (blank) continue;
        if (written + blank_before + length > PASSPHRASE_MAX) return PASSPHRASE_MAX + 1;
        if (blank_before) out[written++] = ' ';
        memcpy(out + written, text + at, length);
        written += length;
    }
    return written;
}

bool passphrase_unify(const char *typed, char out[static PASSPHRASE_MAX + 1], struct why *why) {
    *out = '\0';
    if (!text_is_utf8(typed, strlen(typed)) || is_control(typed))
        return why_fail(why, "expected a passphrase of text: UTF-8 without control characters");
    if (strlen(typed) > PASSPHRASE_MAX)
        return why_fail(why, "expected a passphrase of at most %d bytes", PASSPHRASE_MAX);
    char *folded = text_fold(typed);
    size_t size = join_words(folded, out);
    sodium_memzero(folded, strlen(folded));
    free(folded);
    if (size > 0 && size <= PASSPHRASE_MAX) {
        out[size] = '\0';
        return true;
    }
    sodium_memzero(out, PASSPHRASE_MAX + 1);
    return why_fail(why, "expected a passphrase of 1 to %d bytes", PASSPHRASE_MAX);
}

/* --- How strong --- */

double passphrase_bits(const char *passphrase) {
    return ZxcvbnMatch(passphrase, NULL, NULL);
}

#define MACHINES 1000.0
#define GUESSES_A_SECOND 2.0 /* of one: 256 MiB and half a second each */

void passphrase_judge(double bits, char *out, size_t size) {
    static const struct {
        double seconds;
        const char *name;
    } spans[] = {{86400 * 365.25, "years"}, {86400, "days"}, {3600, "hours"}, {60, "minutes"}};
    double seconds = 1 / (MACHINES * GUESSES_A_SECOND);
    for (int doublings = (int)(bits + 0.5) - 1; doublings > 0; doublings--) seconds *= 2; /* half of them, on average */
    snprintf(out, size, "about %.0f bits: a thousand machines guess it ", bits);
    if (seconds > 1e9 * spans[0].seconds) {
        append_text(out, size, "never");
        return;
    }
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        if (seconds < 2 * spans[i].seconds) continue;
        append_text(out, size, "within %.0f %s", seconds / spans[i].seconds, spans[i].name);
        return;
    }
    append_text(out, size, "at once");
}

/* --- By chance --- */

void passphrase_propose(char out[static PASSPHRASE_MAX + 1]) {
    *out = '\0';
    for (int i = 0; i < PASSPHRASE_WORDS; i++) {
        const char *word;
        size_t size = words_at(randombytes_uniform(WORDS_COUNT), &word);
        append_text(out, PASSPHRASE_MAX + 1, "%s%.*s", i > 0 ? " " : "", (int)size, word);
    }
}
