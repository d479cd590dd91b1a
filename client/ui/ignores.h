/* Keys whose messages are not shown: their fingerprints, one a line with the nick they had as a comment, in the file
 * `ignored` of the data directory (0600, replaced as a whole, synced). What an ignored key sends is acknowledged, so
 * that its sender is not told. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/names.h"
#include "common/text.h"
#include "common/why.h"

#define IGNORES_MAX 1024

struct ignored {
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    char nick[TEXT_NICK_MAX + 1];
};

struct ignores {
    char file[4096]; /* empty: only in memory */
    bool told;       /* that it cannot be written */
    struct ignored *items;
    size_t count;
};

/* `directory` NULL: only in memory. A missing file is an empty list; a malformed line is skipped. False with one line
 * in `why` when it cannot be read; the list is then empty, and in memory only, so that nothing is overwritten. */
MUST_USE bool ignores_open(struct ignores *ignores, const char *directory, struct why *why);
void ignores_close(struct ignores *ignores);
bool ignores_has(const struct ignores *ignores, const char *fingerprint);
/* Adds, or removes where it is there: `ignored` says which. False with one line in `why`: nothing changed. True with
 * one in `why`, once: it changed in memory alone, since the file cannot be written. */
MUST_USE bool ignores_toggle(struct ignores *ignores, const char *fingerprint, const char *nick, bool *ignored,
                             struct why *why);
