/* Text from strangers: what may reach a terminal, a log or a window title (utf8proc). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Longest nick in bytes, without the final zero. */
#define TEXT_NICK_MAX 32

/* True for valid UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). */
bool text_is_utf8(const char *text, size_t size);

/* Copies `size` bytes of `text` into `out` (zero-terminated, at most `capacity` with the zero), replacing with
 * U+FFFD each invalid byte and each character that could move the cursor, hide or reorder text: C0 (but '\n' and
 * '\t' where `multiline`), DEL, C1, U+2028/9, bidi controls, zero-width and other invisible characters (ZWJ stays
 * between two pictographs, an emoji or text style after what can have one), tag characters, unassigned and private use,
 * a combining mark with no base before it in its line; after 8 combining marks on one base, more are dropped. Cuts at a
 * character boundary. Filtering twice gives the same. Returns the bytes written without the zero. */
size_t text_filter(const char *text, size_t size, bool multiline, char *out, size_t capacity);

/* Makes a nick: NFKC, filtered, white space trimmed and folded to one space, at most TEXT_NICK_MAX bytes, without ':'
 * and
 * '#' and not beginning with '*', '/', '!', '?' or '[' (they become '_'). False when nothing is left or something had
 * to be replaced; `out` then holds the best effort (may be empty). */
bool text_nick(const char *text, size_t size, char out[static TEXT_NICK_MAX + 1]);
