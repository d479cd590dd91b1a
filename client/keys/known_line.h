/* A line of known_peers or known_bootnodes. Pure.
 *
 *     NAME KEY                       32 bytes in hex; written by hand, or where days do not matter
 *     NAME KEY keep                  never forgotten
 *     NAME KEY replaced              the name had this key; another one took its place, and it never comes back
 *     NAME KEY 0003 2026-11-29       met on so many days, and the last of them (UTC)
 *
 *     NAME KEY nodes ADDRESS,…       of a bootnode that is a cluster: where nodes of it were met, 1 to 8
 *
 * Empty lines, and those that begin with '#', say nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/address.h"
#include "common/attributes.h"

#define KNOWN_NAME_MAX 512
#define KNOWN_DATES_SIZE 15 /* "0003 2026-11-29" */
#define KNOWN_LINE_NODES_MAX 8
#define KNOWN_LINE_SIZE (KNOWN_NAME_MAX + 1 + 64 + 1 + sizeof "nodes " + KNOWN_LINE_NODES_MAX * ADDRESS_TEXT_SIZE + 2)
#define KNOWN_DAYS_MOST 9999

struct known_line {
    const char *name; /* into the line */
    uint8_t key[32];
    unsigned days, last; /* 1 and 0: not noted */
    bool kept, replaced;
    const char *nodes; /* of KNOWN_LINE_NODES: its addresses */
};

enum known_line_kind { KNOWN_LINE_ENTRY, KNOWN_LINE_NODES, KNOWN_LINE_EMPTY, KNOWN_LINE_MALFORMED };

/* Of `size` bytes and a zero; a newline at its end does not matter. The line is changed. */
MUST_USE enum known_line_kind known_line_parse(char *line, size_t size, struct known_line *out);
/* With the newline; returns the size. `last` 0: without dates. */
size_t known_line_format(const char *name, const uint8_t key[static 32], unsigned days, unsigned last,
                         char out[static KNOWN_LINE_SIZE]);
#define KNOWN_WORD_KEEP "keep"
#define KNOWN_WORD_REPLACED "replaced"
/* With one of these words. */
size_t known_line_format_word(const char *name, const uint8_t key[static 32], const char *word,
                              char out[static KNOWN_LINE_SIZE]);
/* KNOWN_DATES_SIZE bytes, and a zero. */
void known_line_format_dates(unsigned days, unsigned last, char out[static KNOWN_DATES_SIZE + 1]);
/* "2026-11-29", as days since 1970; */
MUST_USE bool known_line_parse_day(const char *text, unsigned *out);
/* "0003": 1 at least. */
MUST_USE bool known_line_parse_days(const char *text, unsigned *out);
/* A line of nodes: returns how many there are. */
size_t known_line_nodes(const struct known_line *line, struct address out[static KNOWN_LINE_NODES_MAX]);
size_t known_line_format_nodes(const char *name, const uint8_t key[static 32], const struct address *nodes,
                               size_t count, char out[static KNOWN_LINE_SIZE]);
