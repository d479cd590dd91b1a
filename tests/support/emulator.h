/* A terminal inside this process (libvterm): what a user would see of the bytes that a program wrote, and whatever else
 * those bytes did to the terminal. Aborts without memory; knows nothing of cmocka, so programs can use it, too. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EMULATOR_CELL_SIZE 32 /* of a cell's UTF-8 with the final zero */

struct emulator;

struct emulator *emulator_open(unsigned rows, unsigned columns);
void emulator_close(struct emulator *emulator);
void emulator_resize(struct emulator *emulator, unsigned rows, unsigned columns);
void emulator_feed(struct emulator *emulator, const void *bytes, size_t size);
/* What the terminal answers to questions (its position, its kind): bytes for the program's input. */
size_t emulator_answer(struct emulator *emulator, void *out, size_t capacity);

/* UTF-8 without blanks at the end; malloc'd. */
char *emulator_row(const struct emulator *emulator, unsigned row);
/* All rows, each with a newline; malloc'd. */
char *emulator_picture(const struct emulator *emulator);

/* -1: the terminal's own; 0 … 255: of the palette; from EMULATOR_RGB on: EMULATOR_RGB + 0xRRGGBB. */
#define EMULATOR_RGB 0x1000000
struct emulator_cell {
    char text[EMULATOR_CELL_SIZE]; /* empty: nothing was written there, or the right half of a wide character */
    unsigned width;
    bool bold, underline, reverse; /* libvterm 0.1.4 knows nothing of dim */
    int foreground, background;
};
struct emulator_cell emulator_cell(const struct emulator *emulator, unsigned row, unsigned column);
/* What is seen in rows first … end - 1 as one number: text, and the attributes and colours that can be told apart. */
uint64_t emulator_digest(const struct emulator *emulator, unsigned first, unsigned end);

struct emulator_cursor {
    unsigned row, column;
    bool visible;
};
struct emulator_cursor emulator_cursor(const struct emulator *emulator);

/* OSC 0 and 2, with the stack of CSI 22 t and 23 t. Empty at first. */
const char *emulator_title(const struct emulator *emulator);
unsigned emulator_bells(const struct emulator *emulator);
/* Is a DEC private mode (CSI ? n h) on? 1049: the alternate screen; 2004: bracketed paste; 1004: focus reports. */
bool emulator_mode(const struct emulator *emulator, unsigned mode);
/* All modes that are on, as "?25 ?1049 4 keypad"; malloc'd. */
char *emulator_modes(const struct emulator *emulator);
/* Every sequence so far that neither draws, nor sets a mode, a colour or a charset, a line each: "OSC 52;c;…", "DCS …",
 * "CSI 22;2t", "ESC c", "C1 9b". Whatever sets a title is among them. */
const char *emulator_commands(const struct emulator *emulator);
void emulator_forget(struct emulator *emulator); /* the commands and bells so far */
