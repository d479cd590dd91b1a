#include "client/curses/terminal.h"

#include <curses.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "client/curses/emergency.h"
#include "client/curses/key_sequences.h"
#include "client/curses/keys.h"
#include "client/curses/terminfo.h"
#include "common/text.h"

#define ESCAPE 033
#define ESCAPE_DELAY_MS 25   /* how long the rest of a key's sequence may take; only a lone Escape ever waits so long */
#define KEY_CODE_BASE 0x1000 /* for define_key: above all that ncurses gives out itself */
#define TEXT_SHOWN_MAX 200   /* bytes of a title or a notification */
#define SEQUENCE_MAX (TEXT_SHOWN_MAX + 64)

#define MODES_ON "\033[?2004h\033[?1004h\033[?7l"
#define MODES_OFF "\033[?7h\033[?1004l\033[?2004l"
#define TITLE_SAVE "\033[22;2t"
#define TITLE_RESTORE "\033[23;2t"
#define STRING_END "\033\\" /* should a sequence be under way */

struct terminal {
    SCREEN *screen;
    FILE *in, *out;
    struct termios saved;
    enum palette_depth can, depth; /* what the terminal is able to, and that within the limit */
    struct canvas shown;           /* rows 0: unknown */
    bool ours;
    bool has_titles;
    bool title_saved;
    char title[TEXT_SHOWN_MAX + 1]; /* empty: not set */
    bool alt;                       /* an Escape came before what is being read */
    unsigned char partial[4];       /* of a character in UTF-8 */
    size_t partial_size;
};

/* --- Bytes past ncurses --- */

/* Only after ncurses has written all of its own: doupdate and endwin flush. */
static void say(const struct terminal *terminal, const char *bytes) {
    int descriptor = fileno(terminal->out);
    for (size_t left = strlen(bytes); left > 0;) {
        ssize_t written = write(descriptor, bytes, left);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        bytes += written;
        left -= (size_t)written;
    }
}

struct sequence {
    char bytes[EMERGENCY_BYTES];
    size_t size;
};

/* Without padding, which no terminal of today waits for. */
static void append(struct sequence *out, const char *from) {
    while (*from && out->size < sizeof out->bytes) {
        if (from[0] == '$' && from[1] == '<' && strchr(from, '>'))
            from = strchr(from, '>') + 1;
        else
            out->bytes[out->size++] = *from++;
    }
}

static void append_capability(struct sequence *out, const char *name) {
    const char *capability = tigetstr(name);
    if (capability && capability != (const char *)-1) append(out, capability);
}

static void arm(const struct terminal *terminal) {
    static const char *const last[] = {"sgr0", "op", "rmkx", "cnorm", "rmcup"};
    struct sequence sequence = {.size = 0};
    append(&sequence, STRING_END MODES_OFF);
    if (terminal->title_saved) append(&sequence, TITLE_RESTORE);
    for (size_t i = 0; i < sizeof last / sizeof *last; i++) append_capability(&sequence, last[i]);
    emergency_arm(fileno(terminal->out), &terminal->saved, sequence.bytes, sequence.size);
}

/* --- Taking it and giving it back --- */

static void take(struct terminal *terminal) {
    if (terminal->title[0]) terminal->title_saved = true;
    arm(terminal);
    terminal->ours = true;
    terminal_redraw(terminal);
}

/* What ncurses has no word for. A title that is ours already, after a stop that nobody could catch, is not saved. */
static void take_modes(const struct terminal *terminal, bool title_is_ours) {
    char sequence[SEQUENCE_MAX];
    say(terminal, MODES_ON);
    if (!terminal->title[0]) return;
    snprintf(sequence, sizeof sequence, "%s\033]2;%s\a", title_is_ours ? "" : TITLE_SAVE, terminal->title);
    say(terminal, sequence);
}

void terminal_leave(struct terminal *terminal) {
    if (!terminal->ours) return;
    terminal->ours = false;
    say(terminal, MODES_OFF);
    if (terminal->title_saved) say(terminal, TITLE_RESTORE);
    terminal->title_saved = false;
    endwin();
    emergency_disarm();
}

void terminal_return(struct terminal *terminal) {
    bool title_is_ours = terminal->title_saved;
    reset_prog_mode();
    take(terminal);
    doupdate(); /* leaves endwin's state: enters the alternate screen */
    keypad(stdscr, TRUE);
    take_modes(terminal, title_is_ours);
}

static void define_keys(void) {
    size_t count;
    const struct key_sequence *sequences = key_sequences(&count);
    for (size_t i = 0; i < count; i++) define_key(sequences[i].bytes, KEY_CODE_BASE + (int)i);
}

/* Of screen and its kin it is known, others say so themselves. */
static bool understands_titles(const char *type) {
    return tigetflag("XT") > 0 || strncmp(type, "screen", 6) == 0 || strncmp(type, "tmux", 4) == 0;
}

static int colours_of_terminal(void) {
    if (!has_colors() || start_color() == ERR) return 0;
    use_default_colors();
    return COLORS;
}

static void define_pairs(enum palette_depth depth) {
    for (int colour = 1; colour < COLOURS && depth != PALETTE_NONE; colour++)
        init_extended_pair(colour, palette_foreground(depth, (uint8_t)colour), -1);
}

void terminal_limit(struct terminal *terminal, enum palette_depth limit) {
    terminal->depth = limit < terminal->can ? limit : terminal->can;
    define_pairs(terminal->depth);
    terminal_redraw(terminal);
}

/* ncurses catches some signals that the caller has other plans for. */
static SCREEN *open_screen(const char *type, FILE *out, FILE *in) {
    if (!terminfo_can_draw(type, fileno(out))) return NULL;
    static const int caught[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
    enum { CAUGHT = sizeof caught / sizeof *caught };
    struct sigaction before[CAUGHT];
    for (size_t i = 0; i < CAUGHT; i++) sigaction(caught[i], NULL, &before[i]);
    SCREEN *screen = newterm(type, out, in);
    for (size_t i = 0; i < CAUGHT; i++) sigaction(caught[i], &before[i], NULL);
    return screen;
}

static FILE *stream_of(int descriptor, const char *mode) {
    int copy = dup(descriptor);
    FILE *stream = copy < 0 ? NULL : fdopen(copy, mode);
    if (!stream && copy >= 0) close(copy);
    return stream;
}

static void prepare(struct terminal *terminal, const char *type, enum palette_depth limit) {
    raw();
    noecho();
    nonl();
    nodelay(stdscr, TRUE);
    keypad(stdscr, TRUE);
    set_escdelay(ESCAPE_DELAY_MS);
    define_keys();
    terminfo_no_wrapping();
    terminal->has_titles = understands_titles(type);
    terminal->can = palette_depth(colours_of_terminal());
    terminal_limit(terminal, limit);
    terminal_resize(terminal); /* LINES and COLUMNS of the environment may be from another terminal */
    emergency_watch();
    take(terminal);
    doupdate();
    take_modes(terminal, false);
}

struct terminal *terminal_open(int input, int output, enum palette_depth limit, char *why, size_t why_size) {
    struct terminal *terminal = calloc(1, sizeof *terminal);
    const char *type = getenv("TERM");

    if (!terminal) abort();
    if (tcgetattr(input, &terminal->saved) != 0 || !isatty(output)) {
        snprintf(why, why_size, "not a terminal (TERM is \"%s\")", type ? type : "");
        goto failed;
    }
    if (!type || !*type) {
        snprintf(why, why_size, "TERM is not set: expected the kind of this terminal, as in TERM=xterm-256color");
        goto failed;
    }
    terminal->in = stream_of(input, "r");
    terminal->out = stream_of(output, "w");
    if (!terminal->in || !terminal->out) {
        snprintf(why, why_size, "terminal: %s (TERM is \"%s\")", strerror(errno), type);
        goto failed;
    }
    terminal->screen = open_screen(type, terminal->out, terminal->in);
    if (!terminal->screen) {
        snprintf(why, why_size, "TERM is \"%s\": expected a terminal that terminfo knows and whose cursor can move",
                 type);
        goto failed;
    }
    prepare(terminal, type, limit);
    return terminal;
failed:
    if (terminal->in) fclose(terminal->in);
    if (terminal->out) fclose(terminal->out);
    free(terminal);
    return NULL;
}

void terminal_close(struct terminal *terminal) {
    if (!terminal) return;
    terminal_leave(terminal);
    emergency_unwatch();
    delscreen(terminal->screen);
    fclose(terminal->in);
    fclose(terminal->out);
    canvas_free(&terminal->shown);
    free(terminal);
}

/* --- Size --- */

void terminal_resize(struct terminal *terminal) {
    struct winsize size;
    if (ioctl(fileno(terminal->out), TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return;
    /* Not resizeterm: that puts KEY_RESIZE among the keys. */
    resize_term(size.ws_row, size.ws_col);
    terminal_redraw(terminal);
}

void terminal_size(const struct terminal *terminal, unsigned *rows, unsigned *columns) {
    (void)terminal;
    *rows = (unsigned)LINES;
    *columns = (unsigned)COLS;
}

enum palette_depth terminal_depth(const struct terminal *terminal) {
    return terminal->depth;
}

/* --- Keys --- */

static uint32_t named_key(int code) {
    static const struct {
        int code;
        uint32_t key;
    } names[] = {
        {KEY_UP, KEYS_UP},         {KEY_DOWN, KEYS_DOWN},
        {KEY_LEFT, KEYS_LEFT},     {KEY_RIGHT, KEYS_RIGHT},
        {KEY_HOME, KEYS_HOME},     {KEY_END, KEYS_END},
        {KEY_PPAGE, KEYS_PAGE_UP}, {KEY_NPAGE, KEYS_PAGE_DOWN},
        {KEY_DC, KEYS_DELETE},     {KEY_BACKSPACE, KEYS_BACKSPACE},
        {KEY_BTAB, KEYS_BACK_TAB}, {KEY_F(1), KEYS_F1},
        {KEY_ENTER, '\r'},         {KEY_FIND, KEYS_HOME},
        {KEY_SELECT, KEYS_END},
    };
    size_t count;
    const struct key_sequence *sequences = key_sequences(&count);
    if (code >= KEY_CODE_BASE && code < KEY_CODE_BASE + (int)count) return sequences[code - KEY_CODE_BASE].key;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].code == code) return names[i].key;
    return KEYS_NONE;
}

/* An unknown sequence is a key that we have no use for; its bytes are no text. */
static void swallow_sequence(int introducer) {
    int next = wgetch(stdscr);
    while (introducer == '[' && next >= ' ' && next < '@') next = wgetch(stdscr);
}

/* Takes a byte of UTF-8; false: more are to come, or it was none. */
static bool take_byte(struct terminal *terminal, unsigned char byte, uint32_t *character) {
    bool continues = (byte & 0xc0) == 0x80;
    if (!continues) terminal->partial_size = 0;
    if (continues && terminal->partial_size == 0) return false;
    terminal->partial[terminal->partial_size++] = byte;
    unsigned char first = terminal->partial[0];
    size_t wanted = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (terminal->partial_size < wanted) return false;
    terminal->partial_size = 0;
    if (!text_is_utf8((const char *)terminal->partial, wanted)) return false;
    *character = wanted == 1 ? first : first & (0x7fu >> wanted);
    for (size_t i = 1; i < wanted; i++) *character = *character << 6 | (terminal->partial[i] & 0x3f);
    return true;
}

static uint32_t nothing_or_closed(const struct terminal *terminal) {
    struct pollfd input = {.fd = fileno(terminal->in), .events = POLLIN};
    int bytes = 0;
    if (poll(&input, 1, 0) <= 0) return KEYS_NONE;
    if (input.revents & (POLLHUP | POLLERR | POLLNVAL)) return KEYS_CLOSED;
    return ioctl(input.fd, FIONREAD, &bytes) == 0 && bytes > 0 ? KEYS_NONE : KEYS_CLOSED;
}

/* Not through get_wch: that loses a character whose bytes do not all come at once. */
uint32_t terminal_key(struct terminal *terminal) {
    for (;;) {
        uint32_t key = KEYS_NONE;
        int code = wgetch(stdscr);
        if (code == ERR) {
            if (terminal->partial_size == 0) terminal->alt = false; /* a lone Escape is no key */
            return nothing_or_closed(terminal);
        }
        if (terminal->alt && terminal->partial_size == 0 && (code == '[' || code == 'O')) {
            terminal->alt = false;
            swallow_sequence(code);
            continue;
        }
        if (code == ESCAPE) {
            terminal->alt = true;
            continue;
        }
        bool complete =
            code > UCHAR_MAX ? (key = named_key(code)) != KEYS_NONE : take_byte(terminal, (unsigned char)code, &key);
        if (!complete && terminal->partial_size > 0) continue;
        if (key == 0x7f) key = KEYS_BACKSPACE;
        if (terminal->alt && key < KEYS_ALT) key |= KEYS_ALT;
        terminal->alt = false;
        if (complete) return key;
    }
}

/* --- Drawing --- */

static attr_t attributes_of(const struct terminal *terminal, struct style style) {
    attr_t attributes = A_NORMAL;
    if (style.attributes & STYLE_BOLD) attributes |= A_BOLD;
    if (style.attributes & STYLE_DIM) attributes |= A_DIM;
    if (style.attributes & STYLE_REVERSE) attributes |= A_REVERSE;
    if (style.attributes & STYLE_UNDERLINE) attributes |= A_UNDERLINE;
    /* Quiet without a colour of its own. */
    bool colourless = palette_foreground(terminal->depth, style.colour) < 0;
    if (style.colour == COLOUR_TIME && colourless && !(style.attributes & STYLE_REVERSE)) attributes |= A_DIM;
    return attributes;
}

static void put_cell(const struct terminal *terminal, int row, int column, const struct cell *cell) {
    wchar_t characters[1 + COLUMNS_MARKS_MAX + 1] = {(wchar_t)cell->glyph.base};
    for (unsigned i = 0; i < cell->glyph.mark_count; i++) characters[1 + i] = (wchar_t)cell->glyph.marks[i];
    bool colourless = palette_foreground(terminal->depth, cell->style.colour) < 0;
    int pair = colourless ? 0 : cell->style.colour;
    attr_t attributes = attributes_of(terminal, cell->style);
    cchar_t wide;
    if (setcchar(&wide, characters, attributes, 0, &pair) == ERR) setcchar(&wide, L"\xfffd", attributes, 0, &pair);
    mvwadd_wchnstr(stdscr, row, column, &wide, 1);
}

static bool cell_same(const struct cell *a, const struct cell *b) {
    return a->glyph.base == b->glyph.base && a->glyph.mark_count == b->glyph.mark_count &&
           memcmp(a->glyph.marks, b->glyph.marks, a->glyph.mark_count * sizeof *a->glyph.marks) == 0 &&
           a->style.colour == b->style.colour && a->style.attributes == b->style.attributes;
}

static bool row_same(const struct cell *a, const struct cell *b, unsigned columns) {
    for (unsigned column = 0; column < columns; column++)
        if (!cell_same(&a[column], &b[column])) return false;
    return true;
}

/* Terminals count the columns of some characters otherwise than libc, each in its own way. Those of the screen itself
 * they all agree on. */
static bool doubtful(const struct cell *cells, unsigned columns) {
    for (unsigned column = 0; column < columns; column++) {
        const struct glyph *glyph = &cells[column].glyph;
        bool plain = glyph->base < 0x300 || wcschr(L"│─●◐○✓✗…—→↑↵\xfffd", (wchar_t)glyph->base);
        if (glyph->mark_count > 0 || !plain) return true;
    }
    return false;
}

static void show_row(const struct terminal *terminal, const struct canvas *canvas, unsigned row) {
    const struct cell *cells = canvas->cells + (size_t)row * canvas->columns;
    for (unsigned column = 0; column < canvas->columns; column++)
        if (cells[column].glyph.base != 0) put_cell(terminal, (int)row, (int)column, &cells[column]);
}

/* Whatever the terminal makes of the row stays in it. It is written whole, also where nothing seems to have changed.
 * And its last column is written, never only cleared: past that ncurses does not know where the cursor is, and says in
 * so many words where to go on. A hidden blank is no blank to ncurses. */
static void show_doubtful_row(const struct terminal *terminal, const struct canvas *canvas, unsigned row) {
    const struct cell *last = &canvas->cells[(size_t)(row + 1) * canvas->columns - 1];
    bool blank = last->glyph.base == ' ' && !(last->style.attributes & (STYLE_REVERSE | STYLE_UNDERLINE));
    cchar_t hidden;
    show_row(terminal, canvas, row);
    if (blank && setcchar(&hidden, L" ", A_INVIS, 0, NULL) != ERR)
        mvwadd_wchnstr(stdscr, (int)row, (int)canvas->columns - 1, &hidden, 1);
    wredrawln(stdscr, (int)row, 1);
}

static void flush(unsigned row, unsigned column) {
    wmove(stdscr, (int)row, (int)column);
    wnoutrefresh(stdscr);
    doupdate();
}

/* A terminal whose other side is closed takes no error back to ncurses, but poll does. */
static bool is_there(const struct terminal *terminal) {
    struct pollfd output = {.fd = fileno(terminal->out)};
    return poll(&output, 1, 0) <= 0 || !(output.revents & (POLLHUP | POLLERR | POLLNVAL));
}

bool terminal_show(struct terminal *terminal, const struct canvas *canvas) {
    if (!terminal->ours) return true;
    bool known = terminal->shown.rows == canvas->rows && terminal->shown.columns == canvas->columns;
    if (!known) {
        terminal_redraw(terminal);
        if (!canvas_reset(&terminal->shown, canvas->rows, canvas->columns)) abort();
        flush(0, 0);
    }
    for (unsigned row = 0; row < canvas->rows; row++) {
        size_t start = (size_t)row * canvas->columns;
        struct cell *before = terminal->shown.cells + start, *now = canvas->cells + start;
        if (known && row_same(before, now, canvas->columns)) continue;
        if (doubtful(before, canvas->columns) || doubtful(now, canvas->columns))
            show_doubtful_row(terminal, canvas, row);
        else
            show_row(terminal, canvas, row);
        memcpy(before, now, canvas->columns * sizeof *now);
    }
    flush(canvas->cursor_row, canvas->cursor_column);
    return is_there(terminal);
}

void terminal_redraw(struct terminal *terminal) {
    canvas_free(&terminal->shown);
    werase(stdscr); /* cleared first, so that each row is drawn as any other */
    clearok(curscr, TRUE);
}

/* --- What is no drawing --- */

void terminal_bell(struct terminal *terminal) {
    if (terminal->ours) say(terminal, "\a");
}

void terminal_notify(struct terminal *terminal, const char *text) {
    char filtered[TEXT_SHOWN_MAX + 1], sequence[SEQUENCE_MAX];
    if (!terminal->ours || !terminal->has_titles) return;
    text_filter(text, strlen(text), false, filtered, sizeof filtered);
    /* A number here would be a command to some terminals (ConEmu's OSC 9;4). */
    snprintf(sequence, sizeof sequence, "\033]9;%s%s\a", *filtered >= '0' && *filtered <= '9' ? " " : "", filtered);
    say(terminal, sequence);
}

void terminal_title(struct terminal *terminal, const char *text) {
    char sequence[SEQUENCE_MAX];
    if (!terminal->ours || !terminal->has_titles) return;
    if (!text) {
        if (terminal->title_saved) say(terminal, TITLE_RESTORE);
        terminal->title_saved = false;
        terminal->title[0] = '\0';
        arm(terminal);
        return;
    }
    text_filter(text, strlen(text), false, terminal->title, sizeof terminal->title);
    snprintf(sequence, sizeof sequence, "%s\033]2;%s\a", terminal->title_saved ? "" : TITLE_SAVE, terminal->title);
    terminal->title_saved = true;
    arm(terminal);
    say(terminal, sequence);
}
