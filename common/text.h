/* Text from people: what may be sent, and what may reach a terminal, a log or a window title (utf8proc, libunistring).
 *
 * Two things are kept apart. What somebody sends is theirs: text_outgoing changes nothing in it but control characters
 * and what is no UTF-8, and on the way nothing is changed at all, since signatures cover it. What is shown is ours:
 * text_filter. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Longest nick in bytes, without the final zero. */
#define TEXT_NICK_MAX 32
/* A byte of input may become so many of output, in text_outgoing and in text_filter. */
#define TEXT_GROWTH 3

/* True for valid UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). */
bool text_is_utf8(const char *text, size_t size);

/* For sending. Copies `size` bytes of `text` into `out` (zero-terminated, at most `capacity` with the zero), replacing
 * with U+FFFD each byte that belongs to no character, C0 (but '\n' and '\t'), DEL and C1. Each character by itself, so
 * that a text may be cleaned in pieces. Cuts at a character boundary. Returns the bytes written without the zero. */
size_t text_outgoing(const char *text, size_t size, char *out, size_t capacity);

/* For showing. Copies as text_outgoing does, replacing with U+FFFD each invalid byte and each character that could move
 * the cursor, hide or reorder text: C0 (but '\n' and '\t' where `multiline`), DEL, C1, U+2028/9, bidi controls, what
 * Unicode calls default-ignorable or a non-character, a combining mark with no base before it in its line; after 8
 * combining marks on one base, more are dropped. Of the invisible these stay, where they belong:
 *
 *   ZWNJ, ZWJ      by RFC 5892 A.1 and A.2; beside a letter of a cursive script; ZWJ before a virama (Bengali) and
 *                  between two pictographs. Never two in a row.
 *   soft hyphen    between two letters
 *   a variation    U+FE0E and U+FE0F after what can be an emoji, others after a letter or symbol; one each
 *   tags           in a well-formed flag of a subdivision (UTS 51: U+1F3F4, 3 to 7 tags, U+E007F)
 *
 * Private use and what is not assigned (yet) stays: how many columns it has, columns.h finds out. Cuts between
 * characters, and leaves none of those open. Filtering twice gives the same. Returns the bytes written without the
 * zero. */
size_t text_filter(const char *text, size_t size, bool multiline, char *out, size_t capacity);

/* How many bytes of a name (not a nick; room_name.h) may stand so: what text_filter lets through, but ZWNJ and ZWJ by
 * RFC 5892 alone and between pictographs, no soft hyphen, no variation but the emoji and text style, and nothing
 * without a glyph. `size`, if all. */
size_t text_name_span(const char *text, size_t size);

/* Makes a nick: NFKC, filtered, white space trimmed and folded to one space, at most TEXT_NICK_MAX bytes, without ':'
 * and '#' and not beginning with '*', '/', '!', '?' or '[' (they become '_'). Stricter than text_filter, since nicks
 * are told apart by the eye: ZWNJ and ZWJ by RFC 5892 alone (as PRECIS has it, RFC 8264 §9.7: a Persian name needs them
 * and they show there) and between pictographs; not at the end; no soft hyphen; no part of a Hangul syllable without
 * its beginning; no variation (emoji and text style, which keyboards add unasked, are left out without a word); nothing
 * without a glyph, private or not assigned. False when nothing is left, it is too long or something had to be replaced;
 * `out` then holds the best effort (may be empty). A nick that came out of it stays as it is. */
bool text_nick(const char *text, size_t size, char out[static TEXT_NICK_MAX + 1]);

/* For comparing without regard to case and to how it was typed: NFKC_Casefold (Unicode 3.13, D146), which folds fully
 * (ß is ss) and leaves out what is invisible. malloc'd; never NULL: what is no UTF-8 is compared as it is. */
char *text_fold(const char *text);
