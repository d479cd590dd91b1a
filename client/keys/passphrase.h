/* Passphrases: secrets of a room that people say to each other. How they are made one whatever was typed, how strong
 * they are, and one that chance makes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/why.h"

#define PASSPHRASE_MAX 512 /* bytes, as typed and as unified */
#define PASSPHRASE_WORDS 6 /* of a proposal: 66 bits */
#define PASSPHRASE_WEAK_BITS 40

/* As it is heard: NFKC, without regard to case, a single space for any blanks, none at the ends. False with one line in
 * `why`: it is empty, too long, or no text. The caller wipes `out`. */
MUST_USE bool passphrase_unify(const char *typed, char out[static PASSPHRASE_MAX + 1], struct why *why);
/* How many bits it is worth to somebody who guesses cleverly: words, names, dates, repeats and rows of keys count
 * little (zxcvbn). Of a unified one. An estimate: chance alone makes it true. */
double passphrase_bits(const char *passphrase);
/* "about 38 bits: a thousand machines guess it within 3 years" */
void passphrase_judge(double bits, char *out, size_t size);
/* Words from a list, each by chance, with spaces between: unified already. */
void passphrase_propose(char out[static PASSPHRASE_MAX + 1]);
