/* Styles of what is drawn, and how they look with the colours that the terminal has. Pure. Nick colours are the same
 * for a key everywhere and always, within a theme. With 256 colours and more:
 *   - THEME_AUTO: all but the nicks' contrast with black and with white by 4.5 at least (WCAG 2.1: what a text needs;
 * no colour has more than 4.58 on both), the nicks' by 3.5, so that nobody has to be asked about the background;
 *   - THEME_DARK: all contrast by 4.5 at least with black and every grey up to #303030;
 *   - THEME_LIGHT: all do with white and every grey down to #eeeeee. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/why.h"

#define PALETTE_NICKS 12 /* with 8 colours three differ */

enum style_colour {
    COLOUR_DEFAULT,
    COLOUR_TIME,    /* times, suffixes, separators: quiet */
    COLOUR_GOOD,    /* direct, registered, delivered */
    COLOUR_WARNING, /* connecting, relayed, pending */
    COLOUR_BAD,     /* lost, errors */
    COLOUR_PRIVATE,
    COLOUR_TEXT,    /* what is said */
    COLOUR_NOTICE,  /* what happens, and what commands answer */
    COLOUR_MENTION, /* where our nick was said */
    COLOUR_UNREAD,  /* rooms with something unread, and where that begins */
    COLOUR_BAR,     /* title and status, which are drawn in reverse */
    COLOUR_LINK,    /* what can be opened */
    COLOUR_OWN,     /* our own nick, where a colour was chosen for it */
    COLOUR_NICK,    /* the first of PALETTE_NICKS */
    COLOURS = COLOUR_NICK + PALETTE_NICKS,
};

/* STYLE_CODE: black on white, whatever the terminal's own colours are and whatever else the style says; where there are
 * no colours, nothing. */
enum { STYLE_BOLD = 1, STYLE_DIM = 2, STYLE_REVERSE = 4, STYLE_UNDERLINE = 8, STYLE_CODE = 16 };

struct style {
    uint8_t colour;
    uint8_t attributes;
};

enum palette_depth { PALETTE_NONE, PALETTE_8, PALETTE_256, PALETTE_TRUE };

enum palette_theme { THEME_AUTO, THEME_DARK, THEME_LIGHT, PALETTE_THEMES };

struct palette_colour {
    int basic; /* of 8; -1: the terminal's */
    int index; /* of 256 */
    int rgb;
};

/* What the user chose in [colours]. */
struct palette_own {
    struct palette_colour colours[COLOURS]; /* of the nicks, as many as were given, again and again */
    bool chosen[COLOURS];
};

struct palette {
    enum palette_theme theme;
    struct palette_own own;
};

/* 0 … PALETTE_NICKS - 1, from the fingerprint. */
uint8_t palette_nick(const char *fingerprint);
/* The foreground: -1 the terminal's own, an index below 8 or 256, or 0xRRGGBB. */
int palette_foreground(const struct palette *palette, enum palette_depth depth, uint8_t colour);
/* Of STYLE_CODE: false where there are no colours. */
bool palette_code(enum palette_depth depth, int *foreground, int *background);
/* From what the terminal can: terminfo's `colors`. */
enum palette_depth palette_depth(int colours);

/* One line of [colours]: a role and its colour, which is a name of the 16, 0 … 255, #rrggbb or default; for nick-others
 * up to PALETTE_NICKS of them, with commas between. Where the terminal has fewer colours, it becomes the nearest that
 * there is. False with "unknown …, expected …", and nothing changed. */
MUST_USE bool palette_choose(struct palette_own *own, const char *role, const char *value, struct why *why);
/* The names of the roles in the order of enum style_colour; NULL behind the last. */
const char *palette_role(size_t number);
