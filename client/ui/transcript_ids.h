/* Which messages a transcript has, so that what members pass on to a client that was started again is neither written
 * nor shown a second time.
 *
 * Beside ROOM.log lies ROOM.ids, 0600: a line for each message, "<digest of the transcript's line> <author's
 * fingerprint> <id>". The transcript is the user's, who may edit it, cut it or take it away; so an entry counts only
 * while a line with that digest is there (in its last TRANSCRIPT_IDS_TAIL bytes, several times what members keep). A
 * file that is missing, damaged or cannot be written only means that a line may come twice, so it is no error.
 *
 * Bounded: the last TRANSCRIPT_IDS messages; the file is written anew when it has TRANSCRIPT_IDS_FILE bytes. Finding
 * and adding cost O(log n). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/message/message.h"
#include "common/names.h"

#define TRANSCRIPT_IDS 4096
#define TRANSCRIPT_IDS_TAIL (16u * 1024 * 1024)
#define TRANSCRIPT_IDS_FILE (1024u * 1024)
#define TRANSCRIPT_ID_SIZE (FINGERPRINT_TEXT_SIZE + MESSAGE_ID_TEXT_SIZE) /* "fingerprint id" */

struct transcript_id {
    char text[TRANSCRIPT_ID_SIZE];
    uint64_t digest; /* of the first line that the transcript has of it */
    bool shown;      /* that line was shown */
};

struct transcript_ids {
    char path[4400];
    int file;                   /* -1: cannot be written */
    struct transcript_id *ring; /* TRANSCRIPT_IDS of them */
    size_t first, count;
    void *tree; /* tsearch(3) of the ring's, by text */
};

/* What the two files say. Aborts without memory. */
void transcript_ids_open(struct transcript_ids *ids, const char *path, const char *transcript);
void transcript_ids_close(struct transcript_ids *ids);
/* NULL: the transcript does not have it, as far as is known. Holds until the next one is added. */
const struct transcript_id *transcript_ids_find(const struct transcript_ids *ids, const char *fingerprint,
                                                const char *id);
/* The transcript has it now, and begins so; only the first line is looked at. */
void transcript_ids_add(struct transcript_ids *ids, const char *fingerprint, const char *id, const char *lines,
                        size_t size);
/* A line of the transcript was shown. */
void transcript_ids_shown(struct transcript_ids *ids, const char *line, size_t size);
