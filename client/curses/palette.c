#include "client/curses/palette.h"

#define CUBE_FIRST 16 /* of xterm's 256 colours: 6 × 6 × 6, then 24 greys */
#define CUBE_SIDE 6
#define GREY_FIRST 232

enum { RED = 1, GREEN, YELLOW, BLUE, MAGENTA, CYAN };

struct colour {
    int basic; /* of 8; -1: the terminal's own */
    int index; /* of 256 */
};

/* Found by search: of the cube's colours that contrast enough with black and with white, those whose nearest two lie
 * farthest apart in OKLab (0.097), the fixed ones for good, warning, bad and quiet included. */
static const struct colour colours[COLOURS] = {
    [COLOUR_DEFAULT] = {-1, -1},
    [COLOUR_TIME] = {-1, 243},
    [COLOUR_GOOD] = {GREEN, 28},
    [COLOUR_WARNING] = {YELLOW, 130},
    [COLOUR_BAD] = {RED, 160},
    [COLOUR_PRIVATE] = {MAGENTA, 26},
    [COLOUR_NICK] = {CYAN, 31},
    {YELLOW, 100},
    {BLUE, 33},
    {MAGENTA, 133},
    {RED, 167},
    {GREEN, 61},
    {MAGENTA, 199},
    {BLUE, 63},
    {CYAN, 135},
    {RED, 197},
    {GREEN, 129},
    {YELLOW, 164},
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

/* As xterm has them. */
static int true_colour(int index) {
    static const int levels[CUBE_SIDE] = {0, 95, 135, 175, 215, 255};
    if (index >= GREY_FIRST) return (8 + 10 * (index - GREY_FIRST)) * 0x010101;
    int place = index - CUBE_FIRST;
    return levels[place / (CUBE_SIDE * CUBE_SIDE)] << 16 | levels[place / CUBE_SIDE % CUBE_SIDE] << 8 |
           levels[place % CUBE_SIDE];
}

int palette_foreground(enum palette_depth depth, uint8_t colour) {
    if (depth == PALETTE_NONE || colour == COLOUR_DEFAULT || colour >= COLOURS) return -1;
    if (depth == PALETTE_8) return colours[colour].basic;
    return depth == PALETTE_256 ? colours[colour].index : true_colour(colours[colour].index);
}

enum palette_depth palette_depth(int terminal_colours) {
    if (terminal_colours < 8) return PALETTE_NONE;
    if (terminal_colours < 256) return PALETTE_8;
    return terminal_colours < 1 << 24 ? PALETTE_256 : PALETTE_TRUE;
}
