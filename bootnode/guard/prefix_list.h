/* A list of networks in a file: one a line, as prefix_parse takes it. A # or ; begins a comment, at the start of a line
 * or behind white space, so that published lists (Spamhaus DROP, FireHOL) can be taken as they are; empty lines are
 * nothing.
 *
 * A list holds whole or not at all: each line that is none is told, FILE:LINE with its text and what is expected. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bootnode/guard/prefix_set.h"
#include "common/attributes.h"

#define PREFIX_LIST_FILES 8
#define PREFIX_LIST_LINE_MAX 1024             /* bytes, with the comment */
#define PREFIX_LIST_FAULTS_SHOWN 20           /* of a file; then how many more there are */
#define PREFIX_LIST_LINES (UINT32_C(1) << 24) /* of a file, at most */

struct prefix_list {
    struct prefix_entry *entries; /* malloc; NULL: none yet */
    size_t count, capacity;
};

/* An entry's origin is where it stands: one of PREFIX_LIST_FILES files, and a line of it, from 1 on. */
static inline uint32_t prefix_list_origin(unsigned file, uint32_t line) {
    return (uint32_t)file << 24 | (line & (PREFIX_LIST_LINES - 1));
}
static inline unsigned prefix_list_file_of(uint32_t origin) {
    return origin >> 24;
}
static inline uint32_t prefix_list_line_of(uint32_t origin) {
    return origin & (PREFIX_LIST_LINES - 1);
}

/* Adds what `file` lists, a regular file, as the list's file number `index`. Returns how many faults there were; each
 * is a line in `problems`, beyond PREFIX_LIST_FAULTS_SHOWN of a file their number. A line of 64 KiB is the last that is
 * looked at. */
MUST_USE size_t prefix_list_read(struct prefix_list *list, const char *file, unsigned index, FILE *problems);
/* False without memory, or where PREFIX_SET_MAX are there. */
MUST_USE bool prefix_list_add(struct prefix_list *list, const struct prefix *prefix, uint32_t origin);
/* Gives the entries back, if they are still the list's. */
void prefix_list_clear(struct prefix_list *list);
