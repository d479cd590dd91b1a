/* A text as a QR code for the terminal (ISO/IEC 18004; libqrencode makes the code): rows of half blocks, two modules
 * above each other in one character, or, where the terminal has no UTF-8, of '#', two of them for a module. Pure.
 *
 * A scanner wants dark modules on a light ground with a light margin. What is drawn are the dark ones, so whoever shows
 * the picture gives it black on white; where nothing is known of the colours it is asked for `inverted`, with the light
 * ones drawn, which is right on dark terminals, and which most scanners read on light ones. */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/why.h"

/* Where the picture is to stand. */
struct qr_place {
    unsigned columns, rows;
    bool utf8;
    bool inverted;
};

/* Its rows, all of one width, each with a newline behind it; malloc'd. The margin and the correction of errors are
 * those of the standard (4 modules, 15 %) where there is room for them, else less. NULL with one line in `why`: too
 * little room, or too long a text (some 2,900 bytes).. */
MUST_USE char *qr_picture(const char *text, const struct qr_place *place, struct why *why);
