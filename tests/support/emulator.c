#include "tests/support/emulator.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vterm.h>

#define MODES 4096
#define TITLES 8
#define SEQUENCE_MAX 4096 /* bytes of a sequence that are kept */

struct emulator {
    VTerm *terminal;
    VTermScreen *screen;
    VTerm *listener; /* hears the same bytes: libvterm's screen does not tell of everything */
    bool visible;
    unsigned bells;
    bool private_modes[MODES], saved_modes[MODES], ansi_modes[MODES], keypad;
    char *titles[TITLES]; /* the last one is shown */
    unsigned title_depth;
    char *commands;
    size_t commands_size;
};

static void *need(void *memory) {
    if (!memory) abort();
    return memory;
}

__attribute__((format(printf, 2, 3))) static void command(struct emulator *emulator, const char *format, ...) {
    char line[SEQUENCE_MAX + 64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    size_t size = strlen(line);
    emulator->commands = need(realloc(emulator->commands, emulator->commands_size + size + 2));
    memcpy(emulator->commands + emulator->commands_size, line, size);
    emulator->commands_size += size + 1;
    memcpy(emulator->commands + emulator->commands_size - 1, "\n", 2);
}

/* Is given all that is left, and takes what comes before the next control character. */
static int heard_text(const char *bytes, size_t size, void *user) {
    const unsigned char *text = (const unsigned char *)bytes;
    size_t taken = 0;
    for (; taken < size && text[taken] >= ' ' && text[taken] != 0x7f; taken++)
        if (taken > 0 && text[taken - 1] == 0xc2 && text[taken] < 0xa0) command(user, "C1 %02x", text[taken]);
    return (int)taken;
}

static int heard_control(unsigned char control, void *user) {
    struct emulator *emulator = user;
    emulator->bells += control == '\a';
    return 1;
}

/* Of two bytes: charsets, which draw. */
static int heard_escape(const char *bytes, size_t size, void *user) {
    struct emulator *emulator = user;
    if (size == 1 && (*bytes == '=' || *bytes == '>'))
        emulator->keypad = *bytes == '=';
    else if (size == 0 || !strchr("78DEMH()*+", *bytes))
        command(emulator, "ESC %.*s", (int)size, bytes);
    return 1;
}

/* No zero ends `title`, which strndup may not be given under strict_string_checks. */
static void set_title(struct emulator *emulator, const char *title, size_t size) {
    char **place = &emulator->titles[emulator->title_depth];
    free(*place);
    *place = need(calloc(1, size + 1));
    memcpy(*place, title, size);
}

static void title_stack(struct emulator *emulator, long what) {
    if (what == 22 && emulator->title_depth + 1 < TITLES) {
        const char *title = emulator_title(emulator);
        emulator->title_depth++;
        set_title(emulator, title, strlen(title));
    } else if (what == 23 && emulator->title_depth > 0) {
        free(emulator->titles[emulator->title_depth]);
        emulator->titles[emulator->title_depth--] = NULL;
    }
}

static void set_modes(bool modes[static MODES], const long arguments[], int count, bool on) {
    for (int i = 0; i < count; i++)
        if (CSI_ARG(arguments[i]) < MODES) modes[CSI_ARG(arguments[i])] = on;
}

/* XTSAVE and XTRESTORE. */
static void copy_modes(bool to[static MODES], const bool from[static MODES], const long arguments[], int count) {
    for (int i = 0; i < count; i++)
        if (CSI_ARG(arguments[i]) < MODES) to[CSI_ARG(arguments[i])] = from[CSI_ARG(arguments[i])];
}

static void other_sequence(struct emulator *emulator, const char *leader, const long arguments[], int count,
                           const char *intermediate, char final) {
    char text[SEQUENCE_MAX] = "";
    size_t size = 0;
    for (int i = 0; i < count && size < sizeof text - 32; i++)
        if (CSI_ARG_IS_MISSING(arguments[i]))
            size += (size_t)snprintf(text + size, sizeof text - size, "%s", i > 0 ? ";" : "");
        else
            size += (size_t)snprintf(text + size, sizeof text - size, "%s%lu", i > 0 ? ";" : "",
                                     (unsigned long)CSI_ARG(arguments[i]));
    command(emulator, "CSI %s%s%s%c", leader, text, intermediate, final);
}

static int heard_csi(const char *leader, const long arguments[], int count, const char *intermediate, char final,
                     void *user) {
    struct emulator *emulator = user;
    leader = leader ? leader : "";
    intermediate = intermediate ? intermediate : "";
    bool plain = !*leader && !*intermediate;
    if ((final == 'h' || final == 'l') && !*intermediate && (plain || strcmp(leader, "?") == 0)) {
        set_modes(plain ? emulator->ansi_modes : emulator->private_modes, arguments, count, final == 'h');
        return 1;
    }
    if ((final == 's' || final == 'r') && !*intermediate && strcmp(leader, "?") == 0) {
        bool saves = final == 's';
        copy_modes(saves ? emulator->saved_modes : emulator->private_modes,
                   saves ? emulator->private_modes : emulator->saved_modes, arguments, count);
        return 1;
    }
    if (plain && strchr("@ABCDEFGHIJKLMPSTXZ`abdefgmr", final)) return 1;
    if (plain && final == 't' && count > 0) title_stack(emulator, (long)CSI_ARG(arguments[0]));
    other_sequence(emulator, leader, arguments, count, intermediate, final);
    return 1;
}

static int heard_osc(const char *bytes, size_t size, void *user) {
    struct emulator *emulator = user;
    command(emulator, "OSC %.*s", (int)(size < SEQUENCE_MAX ? size : SEQUENCE_MAX), bytes);
    if (size >= 2 && (bytes[0] == '0' || bytes[0] == '2') && bytes[1] == ';') set_title(emulator, bytes + 2, size - 2);
    return 1;
}

static int heard_dcs(const char *bytes, size_t size, void *user) {
    command(user, "DCS %.*s", (int)(size < SEQUENCE_MAX ? size : SEQUENCE_MAX), bytes);
    return 1;
}

static int property(VTermProp prop, VTermValue *value, void *user) {
    struct emulator *emulator = user;
    if (prop == VTERM_PROP_CURSORVISIBLE) emulator->visible = value->boolean != 0;
    return 1;
}

struct emulator *emulator_open(unsigned rows, unsigned columns) {
    static const VTermScreenCallbacks seen = {.settermprop = property};
    static const VTermParserCallbacks heard = {
        .text = heard_text,
        .control = heard_control,
        .escape = heard_escape,
        .csi = heard_csi,
        .osc = heard_osc,
        .dcs = heard_dcs,
    };
    struct emulator *emulator = need(calloc(1, sizeof *emulator));
    emulator->visible = true;
    emulator->private_modes[7] = emulator->private_modes[25] = true; /* where terminals start: DECAWM, DECTCEM */
    emulator->commands = need(calloc(1, 1));
    emulator->terminal = need(vterm_new((int)rows, (int)columns));
    vterm_set_utf8(emulator->terminal, 1);
    emulator->screen = need(vterm_obtain_screen(emulator->terminal));
    vterm_screen_set_callbacks(emulator->screen, &seen, emulator);
    vterm_screen_enable_altscreen(emulator->screen, 1);
    vterm_screen_reset(emulator->screen, 1);
    emulator->listener = need(vterm_new(1, 1));
    vterm_set_utf8(emulator->listener, 1);
    vterm_parser_set_callbacks(emulator->listener, &heard, emulator);
    return emulator;
}

void emulator_close(struct emulator *emulator) {
    vterm_free(emulator->terminal);
    vterm_free(emulator->listener);
    for (unsigned i = 0; i < TITLES; i++) free(emulator->titles[i]);
    free(emulator->commands);
    free(emulator);
}

void emulator_resize(struct emulator *emulator, unsigned rows, unsigned columns) {
    vterm_set_size(emulator->terminal, (int)rows, (int)columns);
}

void emulator_feed(struct emulator *emulator, const void *bytes, size_t size) {
    vterm_input_write(emulator->terminal, bytes, size);
    vterm_input_write(emulator->listener, bytes, size);
}

size_t emulator_answer(struct emulator *emulator, void *out, size_t capacity) {
    return vterm_output_read(emulator->terminal, out, capacity);
}

static size_t put_utf8(uint32_t character, char *out) {
    if (character < 0x80) return (void)(out[0] = (char)character), 1;
    size_t size = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, character >>= 6) out[i] = (char)(0x80 | (character & 0x3f));
    out[0] = (char)((0xf00 >> size) | character);
    return size;
}

static int colour_of(VTermColor colour) {
    if (VTERM_COLOR_IS_DEFAULT_FG(&colour) || VTERM_COLOR_IS_DEFAULT_BG(&colour)) return -1;
    if (VTERM_COLOR_IS_INDEXED(&colour)) return colour.indexed.idx;
    return EMULATOR_RGB + (colour.rgb.red << 16) + (colour.rgb.green << 8) + colour.rgb.blue;
}

struct emulator_cell emulator_cell(const struct emulator *emulator, unsigned row, unsigned column) {
    struct emulator_cell out = {.foreground = -1, .background = -1};
    VTermScreenCell cell;
    if (!vterm_screen_get_cell(emulator->screen, (VTermPos){(int)row, (int)column}, &cell)) return out;
    size_t size = 0;
    for (unsigned i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i] && cell.chars[i] != UINT32_MAX; i++)
        size += put_utf8(cell.chars[i], out.text + size);
    out.width = (unsigned)cell.width;
    out.bold = cell.attrs.bold;
    out.underline = cell.attrs.underline != VTERM_UNDERLINE_OFF;
    out.reverse = cell.attrs.reverse;
    out.foreground = colour_of(cell.fg);
    out.background = colour_of(cell.bg);
    return out;
}

static unsigned columns_of(const struct emulator *emulator, unsigned *rows) {
    int all, columns;
    vterm_get_size(emulator->terminal, &all, &columns);
    if (rows) *rows = (unsigned)all;
    return (unsigned)columns;
}

char *emulator_row(const struct emulator *emulator, unsigned row) {
    unsigned columns = columns_of(emulator, NULL);
    char *text = need(malloc((size_t)columns * EMULATOR_CELL_SIZE + 1));
    size_t size = 0, end = 0;
    for (unsigned column = 0; column < columns;) {
        struct emulator_cell cell = emulator_cell(emulator, row, column);
        const char *shown = cell.text[0] ? cell.text : " ";
        size_t length = strlen(shown);
        memcpy(text + size, shown, length);
        size += length;
        if (strcmp(shown, " ") != 0) end = size;
        column += cell.width > 1 ? cell.width : 1;
    }
    text[end] = '\0';
    return text;
}

char *emulator_picture(const struct emulator *emulator) {
    unsigned rows;
    columns_of(emulator, &rows);
    char *picture = need(calloc(1, 1));
    size_t size = 0;
    for (unsigned row = 0; row < rows; row++) {
        char *text = emulator_row(emulator, row);
        size_t length = strlen(text);
        picture = need(realloc(picture, size + length + 2));
        size += (size_t)sprintf(picture + size, "%s\n", text);
        free(text);
    }
    return picture;
}

static uint64_t mix(uint64_t digest, const void *bytes, size_t size) { /* FNV-1a */
    for (const uint8_t *byte = bytes, *end = byte + size; byte < end; byte++) digest = (digest ^ *byte) * 0x100000001b3;
    return digest;
}

uint64_t emulator_digest(const struct emulator *emulator, unsigned first, unsigned end) {
    unsigned columns = columns_of(emulator, NULL);
    uint64_t digest = 0xcbf29ce484222325;
    for (unsigned row = first; row < end; row++)
        for (unsigned column = 0; column < columns;) {
            struct emulator_cell cell = emulator_cell(emulator, row, column);
            bool blank = cell.text[0] == '\0' || strcmp(cell.text, " ") == 0;
            bool inked = !blank || cell.reverse || cell.underline;
            int rest[] = {cell.width > 1, inked && cell.bold,           cell.underline,
                          cell.reverse,   inked ? cell.foreground : -1, cell.background};
            char text[EMULATOR_CELL_SIZE] = " ";
            if (!blank) memcpy(text, cell.text, sizeof text);
            digest = mix(digest, text, sizeof text);
            digest = mix(digest, rest, sizeof rest);
            column += cell.width > 1 ? cell.width : 1;
        }
    return digest;
}

struct emulator_cursor emulator_cursor(const struct emulator *emulator) {
    VTermPos place;
    vterm_state_get_cursorpos(vterm_obtain_state(emulator->terminal), &place);
    return (struct emulator_cursor){(unsigned)place.row, (unsigned)place.col, emulator->visible};
}

const char *emulator_title(const struct emulator *emulator) {
    const char *title = emulator->titles[emulator->title_depth];
    return title ? title : "";
}

unsigned emulator_bells(const struct emulator *emulator) {
    return emulator->bells;
}

bool emulator_mode(const struct emulator *emulator, unsigned mode) {
    return mode < MODES && emulator->private_modes[mode];
}

char *emulator_modes(const struct emulator *emulator) {
    char *text = need(malloc(2 * MODES * 8));
    size_t size = 0;
    for (unsigned mode = 0; mode < MODES; mode++)
        if (emulator->private_modes[mode]) size += (size_t)sprintf(text + size, "?%u ", mode);
    for (unsigned mode = 0; mode < MODES; mode++)
        if (emulator->ansi_modes[mode]) size += (size_t)sprintf(text + size, "%u ", mode);
    size += (size_t)sprintf(text + size, "%s", emulator->keypad ? "keypad" : "");
    if (size > 0 && text[size - 1] == ' ') text[size - 1] = '\0';
    return text;
}

const char *emulator_commands(const struct emulator *emulator) {
    return emulator->commands;
}

void emulator_forget(struct emulator *emulator) {
    emulator->commands_size = 0;
    emulator->commands[0] = '\0';
    emulator->bells = 0;
}
