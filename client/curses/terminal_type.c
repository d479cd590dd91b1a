#include "client/curses/terminal_type.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/curses/terminfo.h"
#include "common/text.h"

#define NAME_SHOWN 64 /* bytes of TERM in a line of ours */

/* By the beginning of a name: what they draw with, best first; the Debian package that has the entry itself. */
static const char *const like_xterm[] = {"xterm-256color", "xterm-color", "xterm", "vt220", "vt100", "ansi", NULL};
static const char *const like_screen[] = {"screen-256color", "screen", "xterm-color", "vt100", "ansi", NULL};
static const char *const like_tmux[] = {"tmux-256color", "tmux", "screen-256color", "screen", "vt100", "ansi", NULL};
static const char *const like_linux[] = {"linux", "vt220", "vt100", "ansi", NULL};
static const char *const like_vt[] = {"vt220", "vt100", "ansi", NULL};
static const struct {
    const char *begins;
    const char *const *entries;
    const char *package;
} families[] = {
    {"xterm-kitty", like_xterm, "kitty-terminfo"},
    {"kitty", like_xterm, "kitty-terminfo"},
    {"foot", like_xterm, "foot-terminfo"},
    {"screen", like_screen, "ncurses-term"},
    {"tmux", like_tmux, "ncurses-term"},
    {"xterm", like_xterm, "ncurses-term"},
    {"ghostty", like_xterm, "ncurses-term"},
    {"alacritty", like_xterm, "ncurses-term"},
    {"wezterm", like_xterm, "ncurses-term"},
    {"contour", like_xterm, "ncurses-term"},
    {"rio", like_xterm, "ncurses-term"},
    {"warp", like_xterm, "ncurses-term"},
    {"iterm", like_xterm, "ncurses-term"},
    {"vscode", like_xterm, "ncurses-term"},
    {"ms-terminal", like_xterm, "ncurses-term"},
    {"mintty", like_xterm, "ncurses-term"},
    {"putty", like_xterm, "ncurses-term"},
    {"konsole", like_xterm, "ncurses-term"},
    {"gnome", like_xterm, "ncurses-term"},
    {"vte", like_xterm, "ncurses-term"},
    {"mlterm", like_xterm, "ncurses-term"},
    {"terminator", like_xterm, "ncurses-term"},
    {"eterm-color", like_vt, "ncurses-term"}, /* Emacs */
    {"eterm", like_xterm, "ncurses-term"},
    {"rxvt", like_xterm, "ncurses-term"},
    {"st-", like_xterm, "ncurses-term"},
    {"linux", like_linux, "ncurses-term"},
    {"vt", like_vt, "ncurses-term"},
};
#define FAMILIES (sizeof families / sizeof *families)

static int family_of(const char *term) {
    for (size_t i = 0; i < FAMILIES; i++)
        if (strncasecmp(term, families[i].begins, strlen(families[i].begins)) == 0) return (int)i;
    return -1;
}

static const char *const *entries_for(const char *term, const char *colorterm) {
    static const char *const colours[] = {"256color", "direct", "truecolor", "24bit"};
    int family = family_of(term);
    if (family >= 0) return families[family].entries;
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        if (strcasestr(term, colours[i]) || (colorterm && strcasestr(colorterm, colours[i]))) return like_xterm;
    return NULL;
}

const char *terminal_type_choose(const char *term, const char *colorterm, bool (*known)(const char *type)) {
    if (!term || !*term || strcmp(term, "dumb") == 0) return NULL;
    if (known(term)) return term;
    const char *const *entries = entries_for(term, colorterm);
    for (; entries && *entries; entries++)
        if (known(*entries)) return *entries;
    return NULL;
}

const char *terminal_type_here(struct why *why) {
    const char *term = getenv("TERM");
    const char *type = terminal_type_choose(term, getenv("COLORTERM"), terminfo_can_draw);
    char name[NAME_SHOWN + 1];
    why->text[0] = '\0';
    if (!term || !*term) {
        why_fail(why, "TERM is not set: expected the kind of this terminal, as in TERM=xterm-256color");
        return NULL;
    }
    text_filter(term, strlen(term), false, name, sizeof name);
    int family = family_of(term);
    const char *package = family < 0 ? "ncurses-term" : families[family].package;
    if (strcmp(term, "dumb") == 0)
        why_fail(why, "TERM is \"dumb\": expected a terminal whose cursor can move");
    else if (!type)
        why_fail(
            why,
            "TERM is \"%s\": expected a terminal that terminfo knows and whose cursor can move (install %s, or set "
            "TERM=xterm-256color)",
            name, package);
    else if (type != term)
        why_fail(why, "TERM is \"%s\", which terminfo here does not know: taken for %s (install %s)", name, type,
                 package);
    return type;
}
