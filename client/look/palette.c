#include "client/look/palette.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/similar.h"

enum { OWN = -1, RED = 1, GREEN, YELLOW, BLUE, MAGENTA, CYAN };

/* Found by search: what is fixed has a contrast of 4.5, for which a colour's luminance must lie between 0.175 and 0.183
 * (six of the 256 do); the twelve of the nicks are those of 3.5 or more whose nearest two, the fixed ones included, lie
 * farthest apart in OKLab: by 0.097 with 256 colours, by 0.124 where any can be had. (With 3.0 that would be 0.114 with
 * 256; with 4.0 no more than 0.062.) Each has in 256 its nearest of the others.
 *
 * Of the 8 basic colours only red and magenta can be read on black and on white in the usual palettes (xterm's: 3.6 and
 * 5.8, 4.5 and 4.7; its yellow has 1.7 on white, its blue 2.2 on black), so the others are not used: what they would
 * say stands there as a sign, too.
 *
 * The themes have their nicks by the same search, among those of 4.5 with all backgrounds that they are for: the
 * nearest two of all lie 0.116 apart in the dark one, 0.094 in the light one, which has 47 of the 256 to choose from.
 * With 8 colours the dark one has those that can be read on black, the light one those on white. */
static const struct palette_colour themes[PALETTE_THEMES][COLOURS] =
    {
        [THEME_AUTO] =
            {
                [COLOUR_DEFAULT] = {OWN, -1, -1},
                [COLOUR_TIME] = {OWN, 243, 0x767676},
                [COLOUR_GOOD] = {OWN, 29, 0x008a00},
                [COLOUR_WARNING] = {OWN, 131, 0xb16200},
                [COLOUR_BAD] = {RED, 163, 0xee0000},
                [COLOUR_PRIVATE] = {MAGENTA, 63, 0x0c6afe},
                [COLOUR_TEXT] = {OWN, -1, -1},
                [COLOUR_NOTICE] = {OWN, 243, 0x767676},
                [COLOUR_MENTION] = {RED, 163, 0xee0000},
                [COLOUR_UNREAD] = {OWN, 131, 0xb16200},
                [COLOUR_BAR] = {OWN, -1, -1},
                [COLOUR_LINK] = {OWN, -1, -1},
                [COLOUR_OWN] = {OWN, -1, -1},
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
            },
        [THEME_DARK] =
            {
                [COLOUR_DEFAULT] = {OWN, -1, -1},
                [COLOUR_TIME] = {OWN, 248, 0xa8a8a8},
                [COLOUR_GOOD] = {GREEN, 114, 0x87d787},
                [COLOUR_WARNING] = {YELLOW, 221, 0xffd75f},
                [COLOUR_BAD] = {RED, 210, 0xff8787},
                [COLOUR_PRIVATE] = {CYAN, 75, 0x5fafff},
                [COLOUR_TEXT] = {OWN, -1, -1},
                [COLOUR_NOTICE] = {OWN, 248, 0xa8a8a8},
                [COLOUR_MENTION] = {RED, 210, 0xff8787},
                [COLOUR_UNREAD] = {YELLOW, 221, 0xffd75f},
                [COLOUR_BAR] = {OWN, -1, -1},
                [COLOUR_LINK] = {CYAN, 117, 0x87d7ff},
                [COLOUR_OWN] = {OWN, -1, -1},
                [COLOUR_NICK] = {GREEN, 83, 0x5fff5f},
                {MAGENTA, 207, 0xff5fff},
                {OWN, 225, 0xffd7ff},
                {CYAN, 123, 0x87ffff},
                {GREEN, 35, 0x00af5f},
                {YELLOW, 172, 0xd78700},
                {OWN, 230, 0xffffd7},
                {MAGENTA, 141, 0xaf87ff},
                {GREEN, 40, 0x00d700},
                {MAGENTA, 183, 0xd7afff},
                {YELLOW, 226, 0xffff00},
                {CYAN, 44, 0x00d7d7},
            },
        [THEME_LIGHT] =
            {
                [COLOUR_DEFAULT] = {OWN, -1, -1},
                [COLOUR_TIME] = {OWN, 241, 0x626262},
                [COLOUR_GOOD] = {OWN, 22, 0x005f00},
                [COLOUR_WARNING] = {OWN, 94, 0x875f00},
                [COLOUR_BAD] = {RED, 124, 0xaf0000},
                [COLOUR_PRIVATE] = {BLUE, 25, 0x005faf},
                [COLOUR_TEXT] = {OWN, -1, -1},
                [COLOUR_NOTICE] = {OWN, 241, 0x626262},
                [COLOUR_MENTION] = {RED, 124, 0xaf0000},
                [COLOUR_UNREAD] = {OWN, 94, 0x875f00},
                [COLOUR_BAR] = {OWN, -1, -1},
                [COLOUR_LINK] = {BLUE, 20, 0x0000d7},
                [COLOUR_OWN] = {OWN, -1, -1},
                [COLOUR_NICK] = {BLUE, 57, 0x5f00ff},
                {BLUE, 17, 0x00005f},
                {MAGENTA, 127, 0xaf00af},
                {MAGENTA, 53, 0x5f005f},
                {RED, 52, 0x5f0000},
                {BLUE, 19, 0x0000af},
                {MAGENTA, 55, 0x5f00af},
                {BLUE, 21, 0x0000ff},
                {RED, 125, 0xaf005f},
                {MAGENTA, 92, 0x8700d7},
                {MAGENTA, 90, 0x870087},
                {OWN, 23, 0x005f5f},
            },
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

int palette_foreground(const struct palette *palette, enum palette_depth depth, uint8_t colour) {
    if (depth == PALETTE_NONE || colour == COLOUR_DEFAULT || colour >= COLOURS) return -1;
    bool chosen = palette->own.chosen[colour];
    const struct palette_colour *is = chosen ? &palette->own.colours[colour] : &themes[palette->theme][colour];
    if (depth == PALETTE_8) return is->basic;
    return depth == PALETTE_256 ? is->index : is->rgb;
}

/* The first 16 of 256 look as the user likes. */
bool palette_code(enum palette_depth depth, int *foreground, int *background) {
    static const int black[] = {[PALETTE_8] = 0, [PALETTE_256] = 16, [PALETTE_TRUE] = 0};
    static const int white[] = {[PALETTE_8] = 7, [PALETTE_256] = 231, [PALETTE_TRUE] = 0xffffff};
    if (depth == PALETTE_NONE) return false;
    *foreground = black[depth];
    *background = white[depth];
    return true;
}

enum palette_depth palette_depth(int terminal_colours) {
    if (terminal_colours < 8) return PALETTE_NONE;
    if (terminal_colours < 256) return PALETTE_8;
    return terminal_colours < 1 << 24 ? PALETTE_256 : PALETTE_TRUE;
}

/* --- What the user chooses --- */

#define BASIC 8
#define INDICES 256
#define CUBE_FIRST 16
#define CUBE_SIDE 6
#define GREYS_FIRST 232

/* What xterm shows for the first 16: what others show is near. */
static const struct {
    const char *name;
    int rgb;
} named[] = {
    {"black", 0x000000},        {"red", 0xcd0000},
    {"green", 0x00cd00},        {"yellow", 0xcdcd00},
    {"blue", 0x0000ee},         {"magenta", 0xcd00cd},
    {"cyan", 0x00cdcd},         {"white", 0xe5e5e5},
    {"bright-black", 0x7f7f7f}, {"bright-red", 0xff0000},
    {"bright-green", 0x00ff00}, {"bright-yellow", 0xffff00},
    {"bright-blue", 0x5c5cff},  {"bright-magenta", 0xff00ff},
    {"bright-cyan", 0x00ffff},  {"bright-white", 0xffffff},
};
#define NAMED (sizeof named / sizeof *named)

static int rgb_of_index(int index) {
    static const int steps[CUBE_SIDE] = {0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff};
    if (index < CUBE_FIRST) return named[index].rgb;
    if (index >= GREYS_FIRST) return (index - GREYS_FIRST) * 0x0a0a0a + 0x080808;
    index -= CUBE_FIRST;
    return steps[index / (CUBE_SIDE * CUBE_SIDE)] << 16 | steps[index / CUBE_SIDE % CUBE_SIDE] << 8 |
           steps[index % CUBE_SIDE];
}

static int square(int number) {
    return number * number;
}

/* The eye sees green best, and blue least. */
static int difference(int one, int other) {
    return 3 * square((one >> 16) - (other >> 16)) + 6 * square((one >> 8 & 0xff) - (other >> 8 & 0xff)) +
           square((one & 0xff) - (other & 0xff));
}

static int nearest(int rgb, int from, int to) {
    int best = from;
    for (int index = from + 1; index < to; index++)
        if (difference(rgb, rgb_of_index(index)) < difference(rgb, rgb_of_index(best))) best = index;
    return best;
}

/* Below 8 a number is one of the terminal's own colours, also where it takes any. */
static struct palette_colour colour_of_index(int index) {
    int basic = index < CUBE_FIRST ? index % BASIC : nearest(rgb_of_index(index), 0, BASIC);
    return (struct palette_colour){basic, index, index < BASIC ? index : rgb_of_index(index)};
}

static struct palette_colour colour_of_rgb(int rgb) {
    return (struct palette_colour){nearest(rgb, 0, BASIC), nearest(rgb, CUBE_FIRST, INDICES), rgb < BASIC ? 0 : rgb};
}

static bool parse_rgb(const char *text, int *rgb) {
    if (*text++ != '#' || strlen(text) != 6) return false;
    *rgb = 0;
    for (; *text; text++) {
        if (hex_digit(*text) < 0) return false;
        *rgb = *rgb * 16 + hex_digit(*text);
    }
    return true;
}

static bool parse_index(const char *text, int *index) {
    size_t size = strlen(text);
    if (size == 0 || size > 3 || strspn(text, "0123456789") != size) return false;
    *index = (int)strtol(text, NULL, 10);
    return *index < INDICES;
}

static bool parse_colour(const char *text, struct palette_colour *out) {
    int number;
    if (strcasecmp(text, "default") == 0)
        *out = (struct palette_colour){-1, -1, -1};
    else if (parse_rgb(text, &number))
        *out = colour_of_rgb(number);
    else if (parse_index(text, &number))
        *out = colour_of_index(number);
    else {
        size_t i = 0;
        while (i < NAMED && strcasecmp(named[i].name, text) != 0) i++;
        if (i == NAMED) return false;
        *out = colour_of_index((int)i);
    }
    return true;
}

/* Between commas, without blanks around it. Returns what follows, or NULL. */
static const char *next_item(const char *list, char out[static 32]) {
    size_t size = strcspn(list, ",");
    const char *after = list[size] ? list + size + 1 : NULL;
    while (size > 0 && strchr(" \t", *list)) list++, size--;
    while (size > 0 && strchr(" \t", list[size - 1])) size--;
    snprintf(out, 32, "%.*s", (int)size, list);
    return after;
}

#define OTHERS "nick-others"

static const char *const roles[] = {
    [COLOUR_TIME] = "time",      [COLOUR_GOOD] = "good",       [COLOUR_WARNING] = "warning",
    [COLOUR_BAD] = "error",      [COLOUR_PRIVATE] = "private", [COLOUR_TEXT] = "text",
    [COLOUR_NOTICE] = "notice",  [COLOUR_MENTION] = "mention", [COLOUR_UNREAD] = "unread",
    [COLOUR_BAR] = "status-bar", [COLOUR_LINK] = "link",       [COLOUR_OWN] = "nick-own",
    [COLOUR_NICK] = OTHERS};

const char *palette_role(size_t number) {
    return number + 1 < sizeof roles / sizeof *roles ? roles[number + 1] : NULL;
}

static bool unknown_role(const char *role, struct why *why) {
    struct similar near = similar_to(role);
    for (size_t i = 0; palette_role(i); i++) similar_offer(&near, palette_role(i));
    why_fail(why, near.count > 0 ? "unknown role, did you mean " : "unknown role, expected one of ");
    similar_list(&near, "", " or ", why->text, sizeof why->text);
    if (near.count > 0) why_add(why, "?");
    for (size_t i = 0; palette_role(i) && near.count == 0; i++)
        why_add(why, "%s%s", i > 0 ? ", " : "", palette_role(i));
    return false;
}

static bool unknown_colour(const char *item, bool several, struct why *why) {
    return why_fail(why,
                    "'%s': expected %sa number from 0 to 255, #rrggbb, default, black, red, green, yellow, blue, "
                    "magenta, cyan, white or bright- and one of these",
                    item, several ? "up to 12 colours with commas between, each of them " : "");
}

static bool choose_others(struct palette_own *own, const char *value, struct why *why) {
    struct palette_colour colours[PALETTE_NICKS];
    size_t count = 0;
    char item[32];
    const char *rest = value;
    do {
        rest = next_item(rest, item);
        if (count == PALETTE_NICKS || !parse_colour(item, &colours[count])) return unknown_colour(item, true, why);
        count++;
    } while (rest);
    for (size_t i = 0; i < PALETTE_NICKS; i++) {
        own->colours[COLOUR_NICK + i] = colours[i % count];
        own->chosen[COLOUR_NICK + i] = true;
    }
    return true;
}

bool palette_choose(struct palette_own *own, const char *role, const char *value, struct why *why) {
    size_t colour = COLOUR_TIME;
    char item[32];
    while (colour <= COLOUR_NICK && strcmp(roles[colour], role) != 0) colour++;
    if (colour > COLOUR_NICK) return unknown_role(role, why);
    if (own->chosen[colour]) return why_fail(why, "given already, expected once");
    if (colour == COLOUR_NICK) return choose_others(own, value, why);
    struct palette_colour chosen;
    if (next_item(value, item) || !parse_colour(item, &chosen)) return unknown_colour(value, false, why);
    own->colours[colour] = chosen;
    own->chosen[colour] = true;
    return true;
}
