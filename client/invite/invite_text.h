/* What people, mail and web pages do to an invite, and what of it can be undone; and its percent-encoding (RFC 3986
 * §2.1). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"

/* The text without white space, what is invisible, marks of quoted mail, and whatever is no letter or digit around it;
 * malloc'd. */
MUST_USE char *invite_text_clean(const char *given);
/* Puts `text` behind what is in `out`: letters, digits, "-._~" and those of `plain` as they are, other bytes as %XX.
 * What does not fit is left out. */
void invite_text_encode(const char *text, const char *plain, char *out, size_t size);
/* In place. False, with the text as it was, for a '%' without two hex digits, or a zero byte. */
MUST_USE bool invite_text_decode(char *text);
