#include "client/curses/terminal.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utf8proc.h>
#include <wchar.h>

#include "client/curses/emergency.h"
#include "client/curses/key_parser.h"
#include "client/curses/passthrough.h"
#include "client/curses/terminal_type.h"
#include "client/curses/terminfo.h"
#include "client/curses/tty.h"
#include "client/look/keys.h"
#include "common/memory.h"
#include "common/text.h"

#define ESCAPE 033
#define OWN_KEYS 15
#define LEAVE_STILL_MS 500 /* a terminal that takes nothing for so long has stopped */
#define LEAVE_MOST_MS 3000 /* one that takes a little (9600 baud: 3 KB) is waited for */
#define TEXT_SHOWN_MAX 200 /* bytes of a title or a notification */
#define SEQUENCE_MAX (TEXT_SHOWN_MAX + 64)
#define NOTES_WAIT_MOST (256 * 1024) /* bytes that wait to be written; more than a picture has */

#define MODES_ON "\033[?2004h\033[?1004h\033[?7l"
#define MODES_OFF "\033[?7h\033[?1004l\033[?2004l"
/* The wheel comes with the buttons (1000, encoded as 1006 has it). Where it is the terminal's, it must not become
 * cursor keys, which many make of it on the alternate screen (1007); most have that on, and not all can save modes. */
#define MOUSE_TAKE "\033[?1000h\033[?1006h"
#define MOUSE_GIVE "\033[?1006l\033[?1000l"
#define WHEEL_SAVE "\033[?1007s"
#define WHEEL_IDLE "\033[?1007l"
#define WHEEL_RESTORE "\033[?1007h\033[?1007r"
#define TITLE_SAVE "\033[22;2t"
#define TITLE_RESTORE "\033[23;2t"
#define STRING_END "\033\\" /* should a sequence be under way */

struct terminal {
    struct tty tty;
    SCREEN *screen;
    FILE *in, *out;
    int memory;                    /* what `out` writes to */
    enum palette_depth can, depth; /* what the terminal is able to, and that within the limit */
    struct palette palette;
    struct canvas shown; /* rows 0: unknown */
    bool ours;
    enum { MOUSE_UNTOUCHED, MOUSE_TAKEN, MOUSE_IDLE } mouse;
    enum passthrough passthrough;
    bool has_titles;
    bool title_saved;
    char title[TEXT_SHOWN_MAX + 1]; /* empty: not set */
    struct key_sequence own[OWN_KEYS];
    struct key_parser parser;
    unsigned char typed[256];
    size_t typed_at, typed_size;
};

/* --- Bytes --- */

/* What ncurses has written goes first. It writes what it has on doupdate and endwin. */
static void collect(struct terminal *terminal) {
    char bytes[8 * 1024];
    ssize_t got;
    for (off_t at = 0; (got = pread(terminal->memory, bytes, sizeof bytes, at)) > 0; at += got)
        tty_write(&terminal->tty, bytes, (size_t)got);
    if (ftruncate(terminal->memory, 0) != 0) abort();
}

static void say(struct terminal *terminal, const char *bytes) {
    collect(terminal);
    tty_write(&terminal->tty, bytes, strlen(bytes));
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

static const char *mouse_back(const struct terminal *terminal) {
    static const char *const back[] = {
        [MOUSE_UNTOUCHED] = "", [MOUSE_TAKEN] = MOUSE_GIVE, [MOUSE_IDLE] = WHEEL_RESTORE};
    return back[terminal->mouse];
}

static void arm(const struct terminal *terminal) {
    static const char *const last[] = {"sgr0", "op", "rmkx", "cnorm", "rmcup"};
    struct sequence sequence = {.size = 0};
    append(&sequence, STRING_END MODES_OFF);
    append(&sequence, mouse_back(terminal));
    if (terminal->title_saved) append(&sequence, TITLE_RESTORE);
    for (size_t i = 0; i < sizeof last / sizeof *last; i++) append_capability(&sequence, last[i]);
    emergency_arm(terminal->tty.output, &terminal->tty.saved, sequence.bytes, sequence.size);
}

/* --- Taking it and giving it back --- */

static void take(struct terminal *terminal) {
    if (terminal->title[0]) terminal->title_saved = true;
    arm(terminal);
    terminal->ours = true;
    terminal_redraw(terminal);
}

static const char *mouse_there(const struct terminal *terminal) {
    static const char *const there[] = {
        [MOUSE_UNTOUCHED] = "", [MOUSE_TAKEN] = MOUSE_TAKE, [MOUSE_IDLE] = WHEEL_SAVE WHEEL_IDLE};
    return there[terminal->mouse];
}

/* What ncurses has no word for. Where it is ours already, as after a stop that nobody could catch, nothing is saved:
 * that would be what we have set. */
static void take_modes(struct terminal *terminal, bool again) {
    char sequence[SEQUENCE_MAX];
    say(terminal, MODES_ON);
    say(terminal, again && terminal->mouse == MOUSE_IDLE ? WHEEL_IDLE : mouse_there(terminal));
    if (!terminal->title[0]) return;
    snprintf(sequence, sizeof sequence, "%s\033]2;%s\a", again ? "" : TITLE_SAVE, terminal->title);
    say(terminal, sequence);
}

bool terminal_leave(struct terminal *terminal) {
    if (!terminal->ours) return true;
    terminal->ours = false;
    say(terminal, MODES_OFF);
    say(terminal, mouse_back(terminal));
    if (terminal->title_saved) say(terminal, TITLE_RESTORE);
    terminal->title_saved = false;
    endwin();
    collect(terminal);
    bool taken = tty_drain(&terminal->tty, LEAVE_STILL_MS, LEAVE_MOST_MS);
    if (taken)
        tty_restore(&terminal->tty);
    else
        emergency_restore();
    emergency_disarm();
    return taken;
}

void terminal_return(struct terminal *terminal) {
    bool again = terminal->ours;
    tty_raw(&terminal->tty);
    take(terminal);
    doupdate(); /* leaves endwin's state: enters the alternate screen */
    keypad(stdscr, TRUE);
    take_modes(terminal, again);
}

bool terminal_is_foreground(const struct terminal *terminal) {
    return tty_is_foreground(terminal->tty.input);
}

bool terminal_is_taken(const struct terminal *terminal) {
    return terminal->ours;
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

#define PAIR_CODE COLOURS /* behind those of the palette, each of which has its number */

static void define_pairs(const struct terminal *terminal) {
    int foreground, background;
    for (int colour = 1; colour < COLOURS && terminal->depth != PALETTE_NONE; colour++)
        init_extended_pair(colour, palette_foreground(&terminal->palette, terminal->depth, (uint8_t)colour), -1);
    if (palette_code(terminal->depth, &foreground, &background)) init_extended_pair(PAIR_CODE, foreground, background);
}

void terminal_paint(struct terminal *terminal, const struct palette *palette) {
    terminal->palette = *palette;
    define_pairs(terminal);
    terminal_redraw(terminal);
}

void terminal_limit(struct terminal *terminal, enum palette_depth limit) {
    terminal->depth = limit < terminal->can ? limit : terminal->can;
    define_pairs(terminal);
    terminal_redraw(terminal);
}

/* What the terminal itself calls a key. One whose keys are control characters has them as those. */
static void learn_keys(struct terminal *terminal) {
    static const struct {
        const char *capability;
        uint32_t key;
    } names[OWN_KEYS] = {
        {"kcuu1", KEYS_UP},      {"kcud1", KEYS_DOWN},    {"kcub1", KEYS_LEFT},   {"kcuf1", KEYS_RIGHT},
        {"khome", KEYS_HOME},    {"kend", KEYS_END},      {"kfnd", KEYS_HOME},    {"kslt", KEYS_END},
        {"kpp", KEYS_PAGE_UP},   {"knp", KEYS_PAGE_DOWN}, {"kdch1", KEYS_DELETE}, {"kbs", KEYS_BACKSPACE},
        {"kcbt", KEYS_BACK_TAB}, {"kf1", KEYS_F1},        {"kent", '\r'},
    };
    size_t count = 0;
    for (size_t i = 0; i < OWN_KEYS; i++) {
        const char *bytes = tigetstr(names[i].capability);
        if (!bytes || bytes == (const char *)-1 || bytes[0] != ESCAPE || !bytes[1]) continue;
        terminal->own[count++] = (struct key_sequence){bytes, names[i].key};
    }
    key_parser_init(&terminal->parser, terminal->own, count);
}

/* ncurses catches some signals that the caller has other plans for. */
static SCREEN *open_screen(const char *type, FILE *out, FILE *in) {
    static const int caught[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
    enum { CAUGHT = sizeof caught / sizeof *caught };
    struct sigaction before[CAUGHT];
    for (size_t i = 0; i < CAUGHT; i++) sigaction(caught[i], NULL, &before[i]);
    SCREEN *screen = newterm(type, out, in);
    for (size_t i = 0; i < CAUGHT; i++) sigaction(caught[i], &before[i], NULL);
    return screen;
}

/* ncurses has a file in memory for a terminal: its writes are blocking ones, and spin where they would block. */
static bool open_streams(struct terminal *terminal) {
    terminal->memory = memfd_create("screen", MFD_CLOEXEC);
    if (terminal->memory >= 0) fcntl(terminal->memory, F_SETFL, O_APPEND); /* after it was emptied, at its beginning */
    terminal->out = terminal->memory < 0 ? NULL : fdopen(terminal->memory, "w");
    if (!terminal->out && terminal->memory >= 0) close(terminal->memory);
    terminal->in = fopen("/dev/null", "re"); /* keys are not its business */
    return terminal->in && terminal->out;
}

static void prepare(struct terminal *terminal, const char *type, enum palette_depth limit) {
    nonl();
    typeahead(-1);
    learn_keys(terminal);
    terminfo_no_wrapping();
    terminal->has_titles = understands_titles(type);
    terminal->passthrough = passthrough_of(getenv("TERM"), getenv("TMUX"), getenv("STY"));
    terminal->can = palette_depth(colours_of_terminal());
    terminal_limit(terminal, limit);
    terminal_resize(terminal); /* LINES and COLUMNS of the environment may be from another terminal */
    emergency_watch();
    if (terminal_is_foreground(terminal)) terminal_return(terminal);
}

static void discard(struct terminal *terminal) {
    if (terminal->in) fclose(terminal->in);
    if (terminal->out) fclose(terminal->out);
    tty_close(&terminal->tty);
    canvas_free(&terminal->shown);
    free(terminal);
}

struct terminal *terminal_open(int input, int output, enum palette_depth limit, struct why *why) {
    struct terminal *terminal = allocate_zeroed(1, sizeof *terminal);
    const char *type = terminal_type_here(why);
    if (!type) goto failed;
    if (!isatty(output) || !tty_open(&terminal->tty, input, output)) {
        why_fail(why, "not a terminal (TERM is \"%s\")", type);
        goto failed;
    }
    if (!open_streams(terminal)) {
        why_fail(why, "terminal: %s (TERM is \"%s\")", strerror(errno), type);
        goto failed;
    }
    terminal->screen = open_screen(type, terminal->out, terminal->in);
    if (!terminal->screen) {
        why_fail(why, "TERM is \"%s\": ncurses cannot drive this terminal", type);
        goto failed;
    }
    prepare(terminal, type, limit);
    return terminal;
failed:
    discard(terminal);
    return NULL;
}

bool terminal_close(struct terminal *terminal) {
    if (!terminal) return true;
    bool taken = terminal_leave(terminal);
    emergency_unwatch();
    delscreen(terminal->screen);
    discard(terminal);
    return taken;
}

/* --- Size --- */

void terminal_resize(struct terminal *terminal) {
    unsigned rows, columns;
    if (!tty_size(&terminal->tty, &rows, &columns)) return;
    /* Not resizeterm: that puts KEY_RESIZE among the keys. */
    resize_term((int)rows, (int)columns);
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

uint32_t terminal_key(struct terminal *terminal, uint64_t now_ms) {
    for (;;) {
        uint32_t key = key_parser_next(&terminal->parser);
        if (key != KEYS_NONE) return key;
        if (terminal->typed_at == terminal->typed_size) {
            terminal->typed_at = 0;
            terminal->typed_size = tty_read(&terminal->tty, terminal->typed, sizeof terminal->typed);
        }
        if (terminal->typed_size == 0) break;
        key_parser_feed(&terminal->parser, terminal->typed[terminal->typed_at++], now_ms);
    }
    if (!tty_is_there(&terminal->tty)) return KEYS_CLOSED;
    key_parser_idle(&terminal->parser, now_ms);
    return key_parser_next(&terminal->parser);
}

int terminal_key_wait(const struct terminal *terminal, uint64_t now_ms) {
    return key_parser_wait(&terminal->parser, now_ms);
}

/* --- Drawing --- */

static attr_t attributes_of(const struct terminal *terminal, struct style style) {
    attr_t attributes = A_NORMAL;
    if (style.attributes & STYLE_BOLD) attributes |= A_BOLD;
    if (style.attributes & STYLE_DIM) attributes |= A_DIM;
    if (style.attributes & STYLE_REVERSE) attributes |= A_REVERSE;
    if (style.attributes & STYLE_UNDERLINE) attributes |= A_UNDERLINE;
    /* Quiet without a colour of its own. */
    bool colourless = palette_foreground(&terminal->palette, terminal->depth, style.colour) < 0;
    bool quiet = style.colour == COLOUR_TIME || style.colour == COLOUR_NOTICE;
    if (quiet && colourless && !(style.attributes & STYLE_REVERSE)) attributes |= A_DIM;
    return attributes;
}

static void put_cell(const struct terminal *terminal, int row, int column, const struct cell *cell) {
    wchar_t characters[1 + COLUMNS_MARKS_MAX + 1] = {(wchar_t)cell->glyph.base};
    for (unsigned i = 0; i < cell->glyph.mark_count; i++) characters[1 + i] = (wchar_t)cell->glyph.marks[i];
    bool colourless = palette_foreground(&terminal->palette, terminal->depth, cell->style.colour) < 0;
    int pair = colourless ? 0 : cell->style.colour;
    if ((cell->style.attributes & STYLE_CODE) && terminal->depth != PALETTE_NONE) pair = PAIR_CODE;
    attr_t attributes = attributes_of(terminal, cell->style);
    cchar_t wide;
    if (setcchar(&wide, characters, attributes, 0, &pair) == ERR) setcchar(&wide, L"\xfffd", attributes, 0, &pair);
    mvwadd_wchnstr(stdscr, row, column, &wide, 1);
}

static bool cell_same(const struct cell *a, const struct cell *b) {
    return a->glyph.base == b->glyph.base && a->glyph.mark_count == b->glyph.mark_count &&
           memcmp(a->glyph.marks, b->glyph.marks, a->glyph.mark_count * sizeof *a->glyph.marks) == 0 &&
           a->style.colour == b->style.colour && a->link == b->link && a->style.attributes == b->style.attributes;
}

static bool row_same(const struct cell *a, const struct cell *b, unsigned columns) {
    for (unsigned column = 0; column < columns; column++)
        if (!cell_same(&a[column], &b[column])) return false;
    return true;
}

/* Terminals count the columns of some characters otherwise than libc, each in its own way. Those of the screen itself
 * they all agree on. A link is none of ncurses' business, so it would leave one where it sees no change. */
static bool doubtful(const struct cell *cells, unsigned columns) {
    for (unsigned column = 0; column < columns; column++) {
        const struct glyph *glyph = &cells[column].glyph;
        bool plain = glyph->base < 0x300 || wcschr(L"│─●◐○✓✗…—→↑↵▀▄█\xfffd", (wchar_t)glyph->base);
        if (glyph->mark_count > 0 || !plain || cells[column].link != 0) return true;
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
    bool blank = last->glyph.base == ' ' && !(last->style.attributes & (STYLE_REVERSE | STYLE_UNDERLINE | STYLE_CODE));
    cchar_t hidden;
    show_row(terminal, canvas, row);
    if (blank && setcchar(&hidden, L" ", A_INVIS, 0, NULL) != ERR)
        mvwadd_wchnstr(stdscr, (int)row, (int)canvas->columns - 1, &hidden, 1);
    wredrawln(stdscr, (int)row, 1);
}

static void flush(struct terminal *terminal, unsigned row, unsigned column) {
    wmove(stdscr, (int)row, (int)column);
    wnoutrefresh(stdscr);
    doupdate();
    collect(terminal);
}

/* --- Links --- */

/* What ncurses has no word for: the cells once more, as they are, between OSC 8 and its end. The cursor, and the
 * attributes that ncurses believes in, are saved before and restored after it. */
#define CURSOR_SAVE "\0337"
#define CURSOR_RESTORE "\0338"
#define LINK_END "\033]8;;\033\\"

static void put_style(const struct terminal *terminal, FILE *out, struct style style) {
    int colour = palette_foreground(&terminal->palette, terminal->depth, style.colour);
    fprintf(out, "\033[0%s%s%s%s", style.attributes & STYLE_BOLD ? ";1" : "", style.attributes & STYLE_DIM ? ";2" : "",
            style.attributes & STYLE_UNDERLINE ? ";4" : "", style.attributes & STYLE_REVERSE ? ";7" : "");
    if (colour >= 256)
        fprintf(out, ";38;2;%d;%d;%d", colour >> 16, colour >> 8 & 0xff, colour & 0xff);
    else if (colour >= 8)
        fprintf(out, ";38;5;%d", colour);
    else if (colour >= 0)
        fprintf(out, ";3%d", colour);
    fputc('m', out);
}

static void put_glyph(FILE *out, const struct glyph *glyph) {
    char bytes[4];
    for (unsigned i = 0; i <= glyph->mark_count; i++) {
        uint32_t code = i == 0 ? glyph->base : glyph->marks[i - 1];
        utf8proc_ssize_t size = utf8proc_encode_char((utf8proc_int32_t)code, (utf8proc_uint8_t *)bytes);
        fwrite(bytes, 1, (size_t)size, out);
    }
}

/* Nothing but what links.h finds ends up in a sequence. */
static bool is_harmless(const char *url) {
    for (; *url; url++)
        if (*url <= ' ' || *url >= 0x7f) return false;
    return true;
}

/* From this column to where the link ends; returns that. */
static unsigned put_link(const struct terminal *terminal, const struct canvas *canvas, unsigned row, unsigned column,
                         FILE *out) {
    const struct cell *cells = canvas->cells + (size_t)row * canvas->columns;
    uint32_t id = cells[column].link;
    const char *url = canvas_url(canvas, id);
    bool shows = url && is_harmless(url);
    if (shows) fprintf(out, CURSOR_SAVE "\033[%u;%uH\033]8;id=%08x;%s\033\\", row + 1, column + 1, id, url);
    for (; column < canvas->columns && cells[column].link == id; column++) {
        if (!shows || cells[column].glyph.base == 0) continue;
        put_style(terminal, out, cells[column].style);
        put_glyph(out, &cells[column].glyph);
    }
    if (shows) fputs(LINK_END CURSOR_RESTORE, out);
    return column;
}

static void put_links(const struct terminal *terminal, const struct canvas *canvas, unsigned row, FILE *out) {
    const struct cell *cells = canvas->cells + (size_t)row * canvas->columns;
    for (unsigned column = 0; column < canvas->columns;)
        column = cells[column].link != 0 ? put_link(terminal, canvas, row, column, out) : column + 1;
}

int terminal_output(const struct terminal *terminal) {
    return tty_waits(&terminal->tty) ? terminal->tty.output : -1;
}

void terminal_flush(struct terminal *terminal) {
    tty_flush(&terminal->tty);
}

bool terminal_show(struct terminal *terminal, const struct canvas *canvas) {
    if (!terminal->ours) return true;
    if (tty_waits(&terminal->tty)) return tty_is_there(&terminal->tty);
    bool known = terminal->shown.rows == canvas->rows && terminal->shown.columns == canvas->columns;
    if (!known) {
        terminal_redraw(terminal);
        if (!canvas_reset(&terminal->shown, canvas->rows, canvas->columns)) abort();
        flush(terminal, 0, 0);
    }
    char *links = NULL;
    size_t links_size = 0;
    FILE *out = open_memstream(&links, &links_size);
    if (!out) abort();
    for (unsigned row = 0; row < canvas->rows; row++) {
        size_t start = (size_t)row * canvas->columns;
        struct cell *before = terminal->shown.cells + start, *now = canvas->cells + start;
        if (known && row_same(before, now, canvas->columns)) continue;
        if (doubtful(before, canvas->columns) || doubtful(now, canvas->columns))
            show_doubtful_row(terminal, canvas, row);
        else
            show_row(terminal, canvas, row);
        put_links(terminal, canvas, row, out);
        memcpy(before, now, canvas->columns * sizeof *now);
    }
    flush(terminal, canvas->cursor_row, canvas->cursor_column);
    if (fclose(out) != 0) abort();
    if (links_size > 0) say(terminal, links);
    free(links);
    return tty_is_there(&terminal->tty);
}

void terminal_redraw(struct terminal *terminal) {
    canvas_free(&terminal->shown);
    werase(stdscr); /* cleared first, so that each row is drawn as any other */
    clearok(curscr, TRUE);
}

/* --- What is no drawing --- */

void terminal_mouse(struct terminal *terminal, bool taken) {
    if (terminal->mouse == (taken ? MOUSE_TAKEN : MOUSE_IDLE)) return;
    if (terminal->ours) say(terminal, mouse_back(terminal));
    terminal->mouse = taken ? MOUSE_TAKEN : MOUSE_IDLE;
    if (!terminal->ours) return;
    arm(terminal);
    say(terminal, mouse_there(terminal));
}

/* Of what nobody reads, only so much is kept. */
static bool is_clogged(const struct terminal *terminal) {
    return terminal->tty.end - terminal->tty.first > NOTES_WAIT_MOST;
}

void terminal_bell(struct terminal *terminal) {
    if (terminal->ours && !is_clogged(terminal)) say(terminal, "\a");
}

bool terminal_notify(struct terminal *terminal, const char *text) {
    char filtered[TEXT_SHOWN_MAX + 1], sequence[SEQUENCE_MAX], wrapped[PASSTHROUGH_MAX];
    _Static_assert(2 * SEQUENCE_MAX + 32 < PASSTHROUGH_MAX, "a note fits in either form");
    if (!terminal->ours || !terminal->has_titles || is_clogged(terminal)) return false;
    text_filter(text, strlen(text), false, filtered, sizeof filtered);
    /* A number here would be a command to some terminals (ConEmu's OSC 9;4). */
    snprintf(sequence, sizeof sequence, "\033]9;%s%s\a", *filtered >= '0' && *filtered <= '9' ? " " : "", filtered);
    passthrough_wrap(terminal->passthrough, sequence, wrapped);
    say(terminal, wrapped);
    return passthrough_is_sure(terminal->passthrough);
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
