/* Lines in a file that several processes of one user share: read as far as they have come, added at the end, and now
 * and then all written anew.
 *
 * Invariants:
 * 1. What the reader has taken is what the file said when it was last looked at: lines that were added are taken alone;
 *    where anything else has changed, the reader forgets, and takes all of it.
 * 2. The file is written under flock, which counts only while it is still the one at that path: a rewritten one takes
 *    its place by a rename. A line is added by one write, which is undone when it was cut short.
 * 3. A line that lacks its end is not taken yet, and never joined with the next one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#include "common/attributes.h"
#include "common/why.h"

struct line_log {
    char path[4096]; /* empty: there is no file */
    bool unread;     /* there is no such file to read */
    bool hidden;     /* unread, but there is something there */
    struct {
        dev_t device;
        ino_t inode;
        off_t size; /* of the file; */
        struct timespec changed;
        off_t end;      /* and of the lines that are whole */
        unsigned lines; /* so many of these */
        char tail[64];  /* what stood before `end` */
    } seen;
};

struct line_log_reader {
    void *context;
    void (*forget)(void *context);
    /* A line of `size` bytes with its newline, and a zero behind it; it may be changed. */
    void (*take)(void *context, char *line, size_t size, unsigned number);
};

/* Makes the file (0600) where it is not there. False with one line in `why`: it cannot be written, or (unread) not even
 * read: `why` then ends with the reason. */
MUST_USE bool line_log_open(struct line_log *log, const char *directory, const char *name, struct why *why);
/* False: it is there, but cannot be read; what was taken stays. */
MUST_USE bool line_log_refresh(struct line_log *log, const struct line_log_reader *reader);
/* The file, locked, and all of it taken; close(2) unlocks it. Negative: errno. */
MUST_USE int line_log_lock(struct line_log *log, const struct line_log_reader *reader);
/* Adds a line to the locked file, with its newline, and has the reader take it. False with errno: nothing changed. */
MUST_USE bool line_log_append(struct line_log *log, int file, const struct line_log_reader *reader, const char *line,
                              size_t size);
/* What `write` writes takes the place of the locked file; `in` is that one, from its beginning. Nothing of it counts as
 * taken any more. False: all is as it was. */
MUST_USE bool line_log_replace(struct line_log *log, int file, bool (*write)(void *context, FILE *out, FILE *in),
                               void *context);
/* For `write`: has `put` put each line of `in`, the last one with a newline, too, where it lacks one. False: `put` said
 * so, or it cannot be read to its end. */
MUST_USE bool line_log_each(FILE *in, bool (*put)(void *context, const char *line, size_t size), void *context);
/* Waits until the disk has it. False with errno. */
MUST_USE bool line_log_sync(const struct line_log *log);
