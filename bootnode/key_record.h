/* The public key beside a key file, in FILE.pub: 64 hex digits and a newline, for everybody to read. It is what is left
 * when the key file is lost, so that this can be told from a first start. Nothing but what people are told depends on
 * it: no key is taken from there. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"

/* False: there is none that can be read. */
MUST_USE bool key_record_read(const char *key_file, uint8_t public[static 32]);
/* Whole or not at all; replaces an older one. False with errno: a folder that is read-only has none. */
MUST_USE bool key_record_write(const char *key_file, const uint8_t public[static 32]);
