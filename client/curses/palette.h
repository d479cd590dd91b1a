/* Styles of what is drawn, and how they look with the colours that the terminal has. Pure. With 256 colours and more
 * all but the nicks' contrast with black and with white by 4.5 at least (WCAG 2.1: what a text needs; no colour has
 * more than 4.58 on both), the nicks' by 3.5, so that nobody has to be asked about the background. Nick colours are the
 * same for a key everywhere and always. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PALETTE_NICKS 12 /* with 8 colours three differ */

enum style_colour {
    COLOUR_DEFAULT,
    COLOUR_TIME,    /* times, suffixes, separators: quiet */
    COLOUR_GOOD,    /* direct, registered, delivered */
    COLOUR_WARNING, /* connecting, relayed, pending */
    COLOUR_BAD,     /* lost, errors */
    COLOUR_PRIVATE,
    COLOUR_NICK, /* the first of PALETTE_NICKS */
    COLOURS = COLOUR_NICK + PALETTE_NICKS,
};

enum { STYLE_BOLD = 1, STYLE_DIM = 2, STYLE_REVERSE = 4, STYLE_UNDERLINE = 8 };

struct style {
    uint8_t colour;
    uint8_t attributes;
};

enum palette_depth { PALETTE_NONE, PALETTE_8, PALETTE_256, PALETTE_TRUE };

/* 0 … PALETTE_NICKS - 1, from the fingerprint. */
uint8_t palette_nick(const char *fingerprint);
/* The foreground: -1 the terminal's own, an index below 8 or 256, or 0xRRGGBB. */
int palette_foreground(enum palette_depth depth, uint8_t colour);
/* From what the terminal can: terminfo's `colors`. */
enum palette_depth palette_depth(int colours);
