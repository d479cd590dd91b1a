/* What was said, in plain text, for rooms where the user asked for it: `transcripts/ROOM.log` in the data directory,
 * 0600, appended, each line "2026-11-22 17:03:05 nick#1a2b: text" (local time); further lines of a text are indented
 * by two spaces, so no text can look like another line. Texts are filtered as for a terminal.
 * In the name of the file every byte but letters, digits, '-' and '_' is written %XX; a name longer than 200 bytes then
 * is cut and gets 16 digits of its hash. The file `transcripts/rooms` lists the rooms that are logged. ROOM.ids says
 * which messages are there (transcript_ids.h): each is written once, also where members pass it on after a new start.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/events.h"
#include "common/attributes.h"
#include "common/why.h"

#define TRANSCRIPT_LINES_SHOWN 20

struct transcripts {
    char directory[4096]; /* empty: none can be kept */
    struct transcript *open;
};

/* `directory`: of data, NULL: none is kept. */
void transcripts_open(struct transcripts *transcripts, const char *directory);
void transcripts_close(struct transcripts *transcripts);
/* Is the room logged? */
bool transcripts_enabled(struct transcripts *transcripts, const char *room);
/* Remembered for the next start. False with one line in `why` that names the file. */
MUST_USE bool transcripts_enable(struct transcripts *transcripts, const char *room, bool enable, struct why *why);
/* Where it is written, for telling the user. */
void transcripts_path(const struct transcripts *transcripts, const char *room, char *out, size_t capacity);
/* Appends what an event says, if its room is logged and does not have it yet: messages, ours too (EVENT_SENT), and
 * arrivals, nicks and departures. `label` is the author's. `wall_ms` is the line's time. False with one line in `why`
 * when it cannot be written (then the room's log is off, for this run). */
MUST_USE bool transcripts_append(struct transcripts *transcripts, const struct event *event, const char *label,
                                 uint64_t wall_ms, struct why *why);
/* Was this message among the lines that transcripts_last gave? Then it has been shown. */
bool transcripts_have_shown(const struct transcripts *transcripts, const struct event *event);
/* The last lines (TRANSCRIPT_LINES_SHOWN at most) of a logged room, oldest first, one call each; filtered again,
 * because a file may hold anything. */
void transcripts_last(struct transcripts *transcripts, const char *room,
                      void (*line)(void *context, const char *text, size_t size), void *context);
