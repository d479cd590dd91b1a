/* What was tried to reach a peer, and what came of it: the last PATH_NOTES steps, for people who ask why. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "client/peer/path.h"

#define PATH_NOTES 32

enum path_note_kind {
    NOTE_NONE,     /* nothing happened: in no log */
    NOTE_ROUND,    /* a round of punching begins; value: its number, from 1 */
    NOTE_IN_VAIN,  /* it is over, nobody answered */
    NOTE_RELAY,    /* this relay is tried, too */
    NOTE_ANSWERED, /* a handshake was answered there, and it is the path; value: round trip, us */
    /* A check was answered there, and it is the path, because: */
    NOTE_BETTER_KIND, /* it needs no relay, or a nearer one */
    NOTE_FASTER,      /* value: round trip, us; also below */
    NOTE_FOLLOWED,    /* the peer speaks from there now */
    NOTE_ONLY_ONE,    /* the one before was dead */
    NOTE_SILENT,      /* the path, which did not answer for 3 s */
    NOTE_SEEKING,     /* a better path is sought; value: candidates */
    NOTE_GUESSING,    /* ports of the peer's NAT are guessed; value: how many at most */
    NOTE_GUESSED_AT,  /* the peer guesses ours; value: how many are open */
    NOTE_NO_GUESS,    /* the peer does not take part in that now */
    NOTE_NOT_GUESSED, /* it was in vain; value: packets of ours */
    NOTE_NETWORK,     /* our own addresses changed */
};

struct path_note {
    uint64_t at; /* ms */
    enum path_note_kind kind;
    struct path path; /* where the kind is about one */
    uint32_t value;
};

struct path_log {
    struct path_note notes[PATH_NOTES];
    uint32_t count; /* of all there ever were */
};

/* `path` NULL: about none. */
void path_log_add(struct path_log *log, enum path_note_kind kind, const struct path *path, uint32_t value,
                  uint64_t now);
/* The i-th of those that are left, oldest first; NULL: no more. */
const struct path_note *path_log_at(const struct path_log *log, size_t i);
