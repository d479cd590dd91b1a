/* The terminal itself: taken over, given back, keys in (key_parser.h), canvas out (ncursesw works out what to write).
 * One thread. What is written is only what screen.c drew (filtered before), and the sequences named here.
 *
 * Nothing here waits for the terminal, but terminal_leave and terminal_close, for a second or three: ncurses writes
 * into memory, and tty.h passes on what the terminal takes.
 *
 * The terminal is given back on every way out: terminal_close, a signal that kills (handlers for SIGSEGV, SIGBUS,
 * SIGFPE, SIGILL, SIGABRT, SIGQUIT restore it and raise again), and emergency_restore (emergency.h) before _exit. While
 * it is ours: alternate screen, raw keys, bracketed paste (?2004), focus reports (?1004), no wrapping at the last
 * column (?7): what a terminal counts otherwise than libc never reaches another row. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "client/curses/canvas.h"
#include "client/look/palette.h"
#include "common/attributes.h"
#include "common/why.h"

struct terminal;

/* NULL with one line in `why` that names TERM: no terminal, or one that ncurses cannot drive. Else `why` is empty, or
 * says what the terminal is taken for, and what would have it known (terminal_type.h). */
MUST_USE struct terminal *terminal_open(int input, int output, enum palette_depth limit, struct why *why);
/* False: the terminal did not take all that was to be written; it takes no more either. */
MUST_USE bool terminal_close(struct terminal *terminal);

/* Gives the terminal back, and takes it again: around SIGTSTP. False: as terminal_close. */
bool terminal_leave(struct terminal *terminal);
void terminal_return(struct terminal *terminal);
/* False: another job has the terminal, the shell for one. terminal_open has not taken it then; who reads from it or
 * returns to it would be stopped. */
bool terminal_is_foreground(const struct terminal *terminal);
bool terminal_is_taken(const struct terminal *terminal);

/* After SIGWINCH: asks for the size and adopts it, or as much of it as a screen may have (tty_size). */
void terminal_resize(struct terminal *terminal);
void terminal_size(const struct terminal *terminal, unsigned *rows, unsigned *columns);
/* The colours, from the next show on; copied. Before, those of THEME_AUTO. */
void terminal_paint(struct terminal *terminal, const struct palette *palette);
/* Another limit than terminal_open's, from the next show on. */
void terminal_limit(struct terminal *terminal, enum palette_depth limit);
enum palette_depth terminal_depth(const struct terminal *terminal);

/* keys.h's KEYS_NONE when there is nothing. The clock is any that does not jump. */
uint32_t terminal_key(struct terminal *terminal, uint64_t now_ms);
/* Milliseconds until terminal_key is to be asked without any input: a sequence may have been cut off. -1: never. */
int terminal_key_wait(const struct terminal *terminal, uint64_t now_ms);

/* The descriptor to poll for POLLOUT, then terminal_flush, while the terminal has not taken all it was sent; nothing
 * more is drawn then. -1: it has. */
int terminal_output(const struct terminal *terminal);
void terminal_flush(struct terminal *terminal);
/* Writes what changed; nothing where terminal_output waits. False when the terminal went away (EIO). */
MUST_USE bool terminal_show(struct terminal *terminal, const struct canvas *canvas);
/* The next show writes everything. */
void terminal_redraw(struct terminal *terminal);
/* Taken: the wheel and the buttons are told (keys.h), and who selects with the mouse holds Shift. Else it is the
 * terminal's, and its wheel is asked to do nothing. Neither is so before the first call. */
void terminal_mouse(struct terminal *terminal, bool taken);
void terminal_bell(struct terminal *terminal);
/* OSC 9, for the desktop; tmux and screen are asked to pass it on (passthrough.h). The text is filtered here once more,
 * and cut at 200 bytes. False: nobody may have seen it, so ring. */
bool terminal_notify(struct terminal *terminal, const char *text);
/* The window's title (OSC 2; saved and restored, CSI 22;2t and 23;2t), filtered and cut likewise. tmux and screen take
 * it for the pane's and pass it on as they are set up to. NULL restores the title. */
void terminal_title(struct terminal *terminal, const char *text);
