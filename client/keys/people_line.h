/* A line of the file `people`. Pure.
 *
 *     KEY met ROOM NICK DAYS LAST      was called NICK in ROOM, on so many days, the last of them LAST (UTC)
 *     KEY met ROOM NICK                the same; when is not known
 *     KEY verified DAY                 its number was compared
 *     KEY unverified DAY               that is taken back
 *     KEY replaced NEW DAY             what is remembered of KEY is NEW's from now on, but for "verified"
 *     KEY keep                         is never forgotten (written by hand)
 *
 * KEY and NEW are 32 bytes in hex, ROOM the 16 of the room's id, NICK the UTF-8 of the nick in hex. DAYS has four
 * digits, days look like 2026-11-29. What a later line says counts. Empty lines, and those that begin with '#', say
 * nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/text.h"

#define PEOPLE_ROOM_SIZE 16
#define PEOPLE_LINE_SIZE (64 + sizeof " met " + 2 * PEOPLE_ROOM_SIZE + 1 + 2 * TEXT_NICK_MAX + 1 + 16 + 2)

enum people_line_kind {
    PEOPLE_LINE_EMPTY,
    PEOPLE_LINE_MALFORMED,
    PEOPLE_LINE_MET,
    PEOPLE_LINE_VERIFIED,
    PEOPLE_LINE_UNVERIFIED,
    PEOPLE_LINE_REPLACED,
    PEOPLE_LINE_KEEP,
};

struct people_line {
    enum people_line_kind kind;
    uint8_t key[32];
    uint8_t room[PEOPLE_ROOM_SIZE];
    char nick[TEXT_NICK_MAX + 1];
    unsigned days, last; /* days since 1970; MET: 1 and 0 where that is not known */
    uint8_t new[32];
};

/* Of `size` bytes and a zero; a newline at its end does not matter. The line is changed. */
void people_line_parse(char *line, size_t size, struct people_line *out);
/* With the newline; returns the size. Neither EMPTY nor MALFORMED. */
size_t people_line_format(const struct people_line *line, char out[static PEOPLE_LINE_SIZE]);
