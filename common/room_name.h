/* A room's name as people write it → the bytes that name it everywhere: in keys, events and look-ups (names.h). Two who
 * type the same word meet, whatever their keyboards and systems make of it.
 *
 * The mapping is that of the PRECIS profile OpaqueString (RFC 8265 §4.2): spaces beyond ASCII become U+0020, then NFC;
 * case counts. Variation selectors are left out, because keyboards add them to emoji unasked. The result must be 1 to
 * ROOM_NAME_MAX bytes without white space or joiners at its ends and without what text_name_span does not let through:
 * controls, newlines, a BOM, zero-width and other invisible characters. Such names are refused, never trimmed: who
 * pastes one should know. PROTOCOL.md §1 says why. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/names.h"
#include "common/why.h"

/* Room for the messages of this module. */

/* `given` are `size` bytes, of any kind. False with one line in `why`, "expected … without U+200B …", which says what
 * is wrong but does not repeat the name; `out` is empty then. Parsing what came out gives the same. */
MUST_USE bool room_name_parse(const char *given, size_t size, char out[static ROOM_NAME_MAX + 1], struct why *why);

/* A secret that is text, by the same mapping: valid UTF-8 without controls loses a BOM in front, and is made NFC with
 * U+0020 for other spaces, in place; it never grows beyond `capacity` (then, and if it is binary, it stays as it is).
 * Returns its size. */
size_t room_secret_unify(char *secret, size_t size, size_t capacity);
