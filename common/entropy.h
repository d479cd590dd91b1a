/* Random numbers of the kernel, before the first is needed. Once it has some it never runs out, so this is asked once;
 * libsodium would wait without a word, or abort. */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"

/* Waits until there are some, as early in a machine's life: then with a line in the log. False with an error there:
 * nobody gives any. */
MUST_USE bool entropy_await(const char *area);
