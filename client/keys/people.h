/* People whom we met: keys, what they were called in which room, and whose number was compared. The file `people` in
 * the data directory (people_line.h, line_log.h) is a log: what a later line says counts, and now and then it is
 * written anew without what no longer does. A nick belongs to nobody: several keys may have been met under one.
 *
 * Invariants:
 * 1. The table in memory is what the file said when it was last looked at, and what could not be written to it (a
 *    read-only directory, a full disk), which is remembered until the end of the program.
 * 2. Nothing is done to it but by a line, in the file or noted: so two programs that share it agree.
 * 3. The file has PEOPLE_MAX people at most, beside those that are verified or kept; when there are more a tenth goes,
 *    who first people_table_forget says. Lines that are not understood stay.
 * 4. Of all rooms together PEOPLE_NEW that are new are admitted at once, then one in PEOPLE_NEW_MS.
 * 5. Once, when it is not there yet, it takes over what known_peers has, which stays as it is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/line_log.h"
#include "client/keys/people_table.h"
#include "common/attributes.h"
#include "common/why.h"

#define PEOPLE_MAX 10000
#define PEOPLE_NEW 50
#define PEOPLE_NEW_MS 20000
#define PEOPLE_NOTED_MAX (1024 * 1024)

struct people {
    struct line_log log; /* without a file everything is noted (tests) */
    struct people_table table;
    char *noted; /* lines that could not be written, each with its zero */
    size_t noted_size;
    bool renew;         /* the table was forgotten: what is noted is to be applied again */
    bool told;          /* that the file cannot be written */
    bool unsynced;      /* what was written last may be lost where the power fails: people_sync */
    unsigned malformed; /* the first line that was not understood; 0: none */
    size_t others;      /* lines that are no person's: malformed, empty, remarks */
    unsigned today;     /* days since 1970; 0: lines are without dates */
    uint64_t admitted;  /* ms: invariant 4's debt is paid then */
    bool crowded;       /* it was told that they came too fast */
};

/* How a key stands to a nick in a room. */
enum people_claim {
    PEOPLE_KNOWN,   /* it was met under it there before */
    PEOPLE_NEW_ONE, /* nobody was */
    PEOPLE_SHARED,  /* others were, none of them verified; or this one is verified itself */
    PEOPLE_TAKEN,   /* somebody verified was, and this key never */
};

/* False with one line in `why`: it cannot be written, or (log.unread) not even read, or a line in it (`malformed`) is
 * not understood. It can be used all the same. */
MUST_USE bool people_open(struct people *people, const char *directory, struct why *why);
void people_close(struct people *people);
/* `other`: of SHARED, who was met under it most, and of TAKEN, who is verified; until the next call. NULL: nobody. */
enum people_claim people_check(struct people *people, const uint8_t room[static PEOPLE_ROOM_SIZE], const char *nick,
                               const uint8_t key[static 32], const struct people_name **other);
/* Without a look at the file. */
bool people_is_verified(const struct people *people, const uint8_t key[static 32]);
/* May somebody new be remembered, by invariant 4? Then it counts. */
MUST_USE bool people_admit(struct people *people, uint64_t now);
/* It may not: true once, so that it can be told. */
MUST_USE bool people_crowded(struct people *people);

/* What follows is false with one line in `why` when the file cannot be written, once: it is then remembered until the
 * end, as far as there is room. */
/* Somebody was met under that nick today. Whether that outlasts a power cut is people_sync's. */
MUST_USE bool people_met(struct people *people, const uint8_t room[static PEOPLE_ROOM_SIZE], const char *nick,
                         const uint8_t key[static 32], struct why *why);
/* Their number was compared today, or that is taken back. On the disk. */
MUST_USE bool people_verify(struct people *people, const uint8_t key[static 32], bool verified, struct why *why);
/* `new` has the place of `old` from now on: all its names, but "verified" has to be said anew. On the disk. */
MUST_USE bool people_replace(struct people *people, const uint8_t old[static 32], const uint8_t new[static 32],
                             struct why *why);
/* Waits until the disk has what was written. False with one line in `why`, once, when it does not take it. */
MUST_USE bool people_sync(struct people *people, struct why *why);
