#include "client/curses/rich_terminal.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VTE_LEAST 5000       /* 0.50 */
#define KONSOLE_LEAST 201200 /* 20.12 */
#define TMUX_LEAST 304       /* 3.4, a hundred times the first number and the second */
#define VERSION_FACTOR 100

static bool begins(const char *text, const char *with) {
    return text && strncasecmp(text, with, strlen(with)) == 0;
}

static bool is_set(const char *value) {
    return value && *value;
}

static long number(const char *text) {
    return text ? strtol(text, NULL, 10) : 0;
}

/* "3.4", "3.5a", "next-3.6" */
static long tmux_version(const char *text) {
    if (begins(text, "next-")) text += strlen("next-");
    if (!text) return 0;
    const char *dot = strchr(text, '.');
    return number(text) * VERSION_FACTOR + (dot ? number(dot + 1) : 0);
}

static bool is_known_type(const char *term) {
    static const char *const types[] = {"xterm-kitty", "kitty",   "foot",    "xterm-ghostty", "ghostty",
                                        "alacritty",   "wezterm", "contour", "rio",           "mintty"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (begins(term, types[i])) return true;
    return false;
}

static bool is_known_program(const char *program) {
    static const char *const programs[] = {"iTerm.app", "WezTerm", "ghostty", "vscode", "mintty", "rio"};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (program && strcasecmp(program, programs[i]) == 0) return true;
    return false;
}

/* What runs within tmux or screen sees variables of the terminal in which those were started, which may not be the one
 * that shows them now. */
bool rich_terminal(char *(*look_up)(const char *name)) {
    const char *term = look_up("TERM"), *program = look_up("TERM_PROGRAM");
    if (is_set(look_up("TMUX")) || begins(term, "tmux"))
        return program && strcmp(program, "tmux") == 0 && tmux_version(look_up("TERM_PROGRAM_VERSION")) >= TMUX_LEAST;
    if (is_set(look_up("STY")) || begins(term, "screen")) return false;
    if (begins(term, "linux") || begins(term, "vt") || begins(term, "dumb")) return false;
    return is_known_type(term) || is_known_program(program) || number(look_up("VTE_VERSION")) >= VTE_LEAST ||
           number(look_up("KONSOLE_VERSION")) >= KONSOLE_LEAST || is_set(look_up("WT_SESSION"));
}
