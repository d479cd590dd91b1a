#include "client/curses/palette.h"

enum { OWN = -1, RED = 1, MAGENTA = 5 };

struct colour {
    int basic; /* of 8; OWN: the terminal's */
    int index; /* of 256 */
    int rgb;
};

/* Found by search: what is fixed has a contrast of 4.5, for which a colour's luminance must lie between 0.175 and 0.183
 * (six of the 256 do); the twelve of the nicks are those of 3.5 or more whose nearest two, the fixed ones included, lie
 * farthest apart in OKLab: by 0.097 with 256 colours, by 0.124 where any can be had. (With 3.0 that would be 0.114 with
 * 256; with 4.0 no more than 0.062.) Each has in 256 its nearest of the others.
 *
 * Of the 8 basic colours only red and magenta can be read on black and on white in the usual palettes (xterm's: 3.6 and
 * 5.8, 4.5 and 4.7; its yellow has 1.7 on white, its blue 2.2 on black), so the others are not used: what they would
 * say stands there as a sign, too. */
static const struct colour colours[COLOURS] = {
    [COLOUR_DEFAULT] = {OWN, -1, -1},
    [COLOUR_TIME] = {OWN, 243, 0x767676},
    [COLOUR_GOOD] = {OWN, 29, 0x008a00},
    [COLOUR_WARNING] = {OWN, 131, 0xb16200},
    [COLOUR_BAD] = {RED, 163, 0xee0000},
    [COLOUR_PRIVATE] = {MAGENTA, 63, 0x0c6afe},
    [COLOUR_NICK] = {OWN, 33, 0x9074f3},
    {MAGENTA, 133, 0xc668a5},
    {OWN, 100, 0x8a8e21},
    {MAGENTA, 135, 0x811aff},
    {OWN, 26, 0x1268a5},
    {RED, 161, 0xb40fab},
    {OWN, 94, 0x66670c},
    {RED, 196, 0xfc00b4},
    {RED, 166, 0xab3b5a},
    {MAGENTA, 165, 0xd52aff},
    {OWN, 31, 0x3090cc},
    {OWN, 61, 0x81519c},
};

static int hex_digit(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

uint8_t palette_nick(const char *fingerprint) {
    unsigned remainder = 0;
    for (; *fingerprint; fingerprint++) {
        int digit = hex_digit(*fingerprint);
        if (digit >= 0) remainder = (remainder * 16 + (unsigned)digit) % PALETTE_NICKS;
    }
    return (uint8_t)remainder;
}

int palette_foreground(enum palette_depth depth, uint8_t colour) {
    if (depth == PALETTE_NONE || colour == COLOUR_DEFAULT || colour >= COLOURS) return -1;
    if (depth == PALETTE_8) return colours[colour].basic;
    return depth == PALETTE_256 ? colours[colour].index : colours[colour].rgb;
}

enum palette_depth palette_depth(int terminal_colours) {
    if (terminal_colours < 8) return PALETTE_NONE;
    if (terminal_colours < 256) return PALETTE_8;
    return terminal_colours < 1 << 24 ? PALETTE_256 : PALETTE_TRUE;
}
