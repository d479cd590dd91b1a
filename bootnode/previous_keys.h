/* Key files that were replaced, so that clients that know their keys are led to the new one (PROTOCOL.md §2.2). By
 * default those that lie beside the key file, under its name and the date on which it was replaced, as in
 * bootnode.key.2026-11-30, or bootnode.key.2026-11-30-2 for the second of a day: who removes such a file retires the
 * key. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/attributes.h"

#define PREVIOUS_KEYS_MAX 4     /* that a bootnode answers to */
#define PREVIOUS_KEYS_DAY_MAX 9 /* rotations on one day */
#define PREVIOUS_KEYS_AUTO "auto"
#define PREVIOUS_KEYS_NONE "none"

struct previous_keys {
    char files[PREVIOUS_KEYS_MAX][PATH_MAX]; /* the newest first */
    size_t count;
    size_t left_out; /* older ones */
};

/* Is that a setting: auto, none, or up to PREVIOUS_KEYS_MAX files with commas between? */
bool previous_keys_valid(const char *setting);
/* The files that it means: of auto those that are there (a folder that cannot be read has none), else those that it
 * names, the newest first; one without a / lies beside the key file. */
void previous_keys_find(const char *setting, const char *key_file, struct previous_keys *out);
/* The name for one that is replaced now: the n-th of that day, from 1. False with errno: too long, or too many. */
MUST_USE bool previous_keys_name(const char *key_file, time_t now, unsigned nth, char out[static PATH_MAX]);
