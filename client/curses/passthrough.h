/* Sequences for the terminal outside of tmux or screen, which answer what they are sent themselves and pass on only
 * what asks for it. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum passthrough {
    PASSTHROUGH_NONE,   /* the terminal itself */
    PASSTHROUGH_TMUX,   /* ESC P tmux; … with each ESC doubled, ESC \ (tmux(1), allow-passthrough: off unless set) */
    PASSTHROUGH_SCREEN, /* ESC P … ESC \ (screen(1), Virtual Terminal: Device Control String) */
    PASSTHROUGH_EITHER, /* in tmux, or a terminal that was started from one: as for tmux, and as it is */
};

/* What one sequence may grow to: doubled escapes, and what is put around. screen takes 768 bytes a string. */
#define PASSTHROUGH_MAX 768

/* From TERM, TMUX and STY; NULL: not set. Over ssh there is only TERM; where it says screen it may be tmux all the
 * same, which ignores screen's form, while screen would show tmux's. */
enum passthrough passthrough_of(const char *term, const char *tmux, const char *sty);
/* False: nobody can tell whether tmux or screen passed it on. */
bool passthrough_is_sure(enum passthrough passthrough);
/* The sequence must end in BEL (ST would end what is put around it, in screen) and fit. Returns what was written. */
size_t passthrough_wrap(enum passthrough passthrough, const char *sequence, char out[static PASSTHROUGH_MAX]);
