#include "client/curses/key_parser.h"

#include <string.h>

#include "client/look/keys.h"
#include "common/clock.h"
#include "common/text.h"

#define ALT_MS 100 /* see the header for all of these */
#define SEQUENCE_MS 2000
#define STRING_MS 30000
#define PASTE_MS 1000
#define BURST_MS 20

#define BELL 0x07
#define CANCEL 0x18
#define SUBSTITUTE 0x1a
#define ESCAPE 0x1b
#define RUBOUT 0x7f
#define PASTE_OVER "\033[201~"

/* Introducers after ESC; their forms of one character are 0x40 further on (ECMA-48, 7-bit and 8-bit C1). */
static const struct {
    char byte;
    enum key_parser_state state;
    unsigned first_ms; /* patience while nothing has followed */
    const char *late;  /* what may follow one that comes late; NULL: anything. Empty: it never comes late */
} introducers[] = {
    {'[', KEY_PARSER_CSI, SEQUENCE_MS, NULL},
    {'O', KEY_PARSER_SS3, SEQUENCE_MS, "ABCDEFHPQRSabcd"},
    {']', KEY_PARSER_STRING, SEQUENCE_MS, "0123456789lLI"},
    {'P', KEY_PARSER_STRING, SEQUENCE_MS, "0123456789;!>$+=?|"},
    {'X', KEY_PARSER_STRING, ALT_MS, ""},
    {'^', KEY_PARSER_STRING, ALT_MS, ""},
    {'_', KEY_PARSER_STRING, ALT_MS, ""},
};
#define INTRODUCERS (sizeof introducers / sizeof *introducers)

static void on_text(struct key_parser *parser, unsigned char byte);

static void emit(struct key_parser *parser, uint32_t key) {
    if (key != KEYS_NONE && parser->count < KEY_PARSER_QUEUE)
        parser->keys[(parser->first + parser->count++) % KEY_PARSER_QUEUE] = key;
}

uint32_t key_parser_next(struct key_parser *parser) {
    if (parser->count == 0) return KEYS_NONE;
    uint32_t key = parser->keys[parser->first];
    parser->first = (parser->first + 1) % KEY_PARSER_QUEUE;
    parser->count--;
    return key;
}

void key_parser_init(struct key_parser *parser, const struct key_sequence *own, size_t own_count) {
    *parser = (struct key_parser){.own = own, .own_count = own_count, .held = -1};
}

static void to_text(struct key_parser *parser) {
    parser->state = KEY_PARSER_TEXT;
    parser->meta = parser->alt = parser->in_string = parser->late = false;
    parser->partial_size = 0;
}

/* --- Characters --- */

/* Takes a byte of UTF-8. False: more are to come, or it was none. */
static bool take_character(struct key_parser *parser, unsigned char byte, uint32_t *character) {
    bool continues = (byte & 0xc0) == 0x80;
    if (!continues) parser->partial_size = 0;
    if (continues && parser->partial_size == 0) return false;
    parser->partial[parser->partial_size++] = byte;
    unsigned char first = parser->partial[0];
    size_t wanted = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (parser->partial_size < wanted) return false;
    parser->partial_size = 0;
    if (!text_is_utf8((const char *)parser->partial, wanted)) return false;
    *character = wanted == 1 ? first : first & (0x7fu >> wanted);
    for (size_t i = 1; i < wanted; i++) *character = *character << 6 | (parser->partial[i] & 0x3f);
    return true;
}

static void emit_pasted(struct key_parser *parser, uint32_t key) {
    emit(parser, KEYS_PASTE_BEGIN);
    emit(parser, key);
    emit(parser, KEYS_PASTE_END);
}

static void emit_typed(struct key_parser *parser, uint32_t key) {
    if (key == '\r' || key == '\n') parser->doubtful = false;
    emit(parser, key);
}

/* `alone`: nothing had come for a moment before it. */
static void on_control(struct key_parser *parser, unsigned char byte, bool alone) {
    if (parser->doubtful && !alone)
        emit_pasted(parser, byte);
    else if (parser->doubtful)
        parser->held = byte;
    else
        emit(parser, byte);
}

/* --- Sequences --- */

static void append(struct key_parser *parser, unsigned char byte) {
    if (parser->size < sizeof parser->sequence) parser->sequence[parser->size] = (char)byte;
    parser->size++;
}

static void begin(struct key_parser *parser) {
    to_text(parser);
    parser->state = KEY_PARSER_ESCAPE;
    parser->began_alone = parser->alone;
    parser->size = 0;
    append(parser, ESCAPE);
}

static int find_introducer(unsigned char byte) {
    for (size_t i = 0; i < INTRODUCERS; i++)
        if (introducers[i].byte == (char)byte) return (int)i;
    return -1;
}

static void introduce(struct key_parser *parser, unsigned char byte) {
    int found = find_introducer(byte);
    parser->state = introducers[found].state;
    parser->in_string = false;
    parser->partial_size = 0;
    parser->before = 0;
    parser->began_ms = parser->last_ms;
    parser->sequence[0] = ESCAPE;
    parser->size = 1;
    append(parser, byte);
}

/* In two bytes: no hand's. */
static void introduce_c1(struct key_parser *parser, unsigned char byte) {
    parser->began_alone = false;
    introduce(parser, byte);
}

/* ESC was a key of its own, and what came after it was typed. */
static bool was_typed(struct key_parser *parser, unsigned char byte) {
    if (!parser->late || parser->size != 2) return false;
    const char *follows = introducers[find_introducer((unsigned char)parser->sequence[1])].late;
    if (!follows || (byte != 0 && strchr(follows, (char)byte))) return false;
    char introducer = parser->sequence[1];
    to_text(parser);
    emit(parser, (unsigned char)introducer);
    on_text(parser, byte);
    return true;
}

static uint32_t own_key(const struct key_parser *parser) {
    for (size_t i = 0; i < parser->own_count; i++) {
        const char *bytes = parser->own[i].bytes;
        if (strlen(bytes) == parser->size && memcmp(bytes, parser->sequence, parser->size) == 0)
            return parser->own[i].key;
    }
    return KEYS_NONE;
}

static void on_mouse_event(struct key_parser *parser, struct key_mouse mouse) {
    if (mouse.pressed && mouse.button == 64) emit(parser, KEYS_WHEEL_UP);
    if (mouse.pressed && mouse.button == 65) emit(parser, KEYS_WHEEL_DOWN);
    if (mouse.button >= 64) return;
    bool dragged = parser->row > 0 && (mouse.row != parser->row || mouse.column != parser->column);
    if (!mouse.pressed && dragged) emit(parser, KEYS_MOUSE_DRAG);
    bool left = mouse.pressed && mouse.button == 0;
    parser->row = left ? mouse.row : 0;
    parser->column = left ? mouse.column : 0;
}

static void on_whole(struct key_parser *parser) {
    bool alt = parser->alt, fits = parser->size <= sizeof parser->sequence;
    struct key_mouse mouse = {.any = false};
    uint32_t key = fits ? own_key(parser) : KEYS_NONE;
    to_text(parser);
    if (key == KEYS_NONE && parser->size == 3 && memcmp(parser->sequence, "\033[M", 3) == 0) {
        parser->state = KEY_PARSER_MOUSE;
        return;
    }
    if (key == KEYS_NONE && fits) key = key_decode(parser->sequence, parser->size, &mouse);
    if (mouse.any) on_mouse_event(parser, mouse);
    if (key == KEYS_PASTE_END) {
        parser->doubtful = false; /* not in a paste: of one that was given up */
        return;
    }
    if (alt && key >= KEYS_FIRST && key <= KEYS_F1) key |= KEYS_ALT;
    if (key < ' ')
        on_control(parser, (unsigned char)key, parser->began_alone);
    else
        emit(parser, key);
    if (key != KEYS_PASTE_BEGIN) return;
    parser->state = KEY_PARSER_PASTE;
    parser->doubtful = false;
    parser->matched = 0;
}

/* What means the same within CSI, SS3 and a report of the mouse. True: the byte is dealt with. */
static bool on_control_inside(struct key_parser *parser, unsigned char byte) {
    if (byte == ESCAPE)
        begin(parser);
    else if (byte == CANCEL || byte == SUBSTITUTE)
        to_text(parser);
    else if (byte < ' ')
        on_control(parser, byte, parser->alone);
    else if (byte == RUBOUT)
        return parser->state != KEY_PARSER_MOUSE;
    else
        return false;
    return true;
}

/* --- States --- */

static void on_text(struct key_parser *parser, unsigned char byte) {
    uint32_t character;
    bool breaks_off = parser->partial_size > 0 && (byte & 0xc0) != 0x80;
    uint32_t meta = parser->meta && !breaks_off ? KEYS_ALT : 0;
    if (byte == ESCAPE) {
        begin(parser);
    } else if (byte < ' ') {
        parser->partial_size = 0;
        if (meta)
            emit(parser, meta | byte);
        else
            on_control(parser, byte, parser->alone);
        parser->meta = false;
    } else if (take_character(parser, byte, &character)) {
        parser->meta = false;
        bool c1 = character >= 0x80 && character < 0xa0;
        if (character == RUBOUT) character = KEYS_BACKSPACE;
        if (!c1)
            emit(parser, meta | character);
        else if (find_introducer((unsigned char)(character - 0x40)) >= 0)
            introduce_c1(parser, (unsigned char)(character - 0x40));
    } else if (parser->partial_size == 0 || breaks_off) {
        parser->meta = false;
    }
}

static void on_escape(struct key_parser *parser, unsigned char byte) {
    bool late = parser->late, in_string = parser->in_string;
    int found = find_introducer(byte);
    bool may_be_late = found >= 0 && !(introducers[found].late && !*introducers[found].late);
    bool ends = byte == CANCEL || byte == SUBSTITUTE || (in_string && byte == '\\');
    if (ends) {
        to_text(parser);
    } else if (byte == ESCAPE) {
        begin(parser);
        parser->alt = !late;
    } else if (found >= 0 && (!late || may_be_late)) {
        introduce(parser, byte);
    } else {
        append(parser, byte);
        uint32_t key = late ? KEYS_NONE : own_key(parser);
        to_text(parser);
        parser->meta = !late && key == KEYS_NONE;
        if (key != KEYS_NONE)
            emit(parser, key);
        else
            on_text(parser, byte);
    }
}

/* urxvt ends a key with Shift in a byte that begins an end elsewhere: CSI 5 $. Answers of that form (DECRPM) have two
 * numbers, or a prefix. */
static bool is_urxvt_shift(const struct key_parser *parser, unsigned char byte) {
    if (byte != '$' || parser->size < 3 || parser->size > 5) return false;
    for (size_t i = 2; i < parser->size; i++)
        if (parser->sequence[i] < '0' || parser->sequence[i] > '9') return false;
    return true;
}

static void on_sequence(struct key_parser *parser, unsigned char byte) {
    if (was_typed(parser, byte) || on_control_inside(parser, byte)) return;
    if (byte > RUBOUT) {
        to_text(parser);
        on_text(parser, byte);
        return;
    }
    bool whole = byte >= '@' || (parser->state == KEY_PARSER_CSI && is_urxvt_shift(parser, byte));
    append(parser, byte);
    if (parser->state == KEY_PARSER_CSI && byte == '[' && parser->size == 3)
        parser->state = KEY_PARSER_LINUX;
    else if (whole)
        on_whole(parser);
}

static void on_string(struct key_parser *parser, unsigned char byte) {
    if (was_typed(parser, byte)) return;
    char introducer = parser->sequence[1];
    bool empty = parser->size == 2;
    bool over = byte == CANCEL || byte == SUBSTITUTE || (byte == BELL && introducer == ']') ||
                (byte == 0x9c && parser->before == 0xc2);
    parser->before = byte;
    parser->size = 3; /* not empty any more; nothing of it is kept */
    if (over) {
        to_text(parser);
    } else if (byte == ESCAPE) {
        begin(parser);
        parser->in_string = !empty;
        if (empty) emit(parser, KEYS_ALT | (unsigned char)introducer);
    }
}

static void on_mouse(struct key_parser *parser, unsigned char byte) {
    if (on_control_inside(parser, byte)) return;
    parser->partial[parser->partial_size++] = byte;
    if (parser->partial_size < 3) return;
    to_text(parser);
    on_mouse_event(parser, key_decode_x10(parser->partial));
}

/* An ESC in a paste is left out: it is no text, and could act on a terminal. */
static void on_pasted(struct key_parser *parser, unsigned char byte) {
    uint32_t character;
    if (byte != ESCAPE && byte != RUBOUT && take_character(parser, byte, &character)) emit(parser, character);
}

static void on_paste(struct key_parser *parser, unsigned char byte) {
    if (byte != (unsigned char)PASTE_OVER[parser->matched]) {
        for (size_t i = 0; i < parser->matched; i++) on_pasted(parser, (unsigned char)PASTE_OVER[i]);
        parser->matched = 0;
    }
    if (byte != (unsigned char)PASTE_OVER[parser->matched]) {
        on_pasted(parser, byte);
        return;
    }
    if (++parser->matched < sizeof PASTE_OVER - 1) return;
    to_text(parser);
    emit(parser, KEYS_PASTE_END);
}

void key_parser_feed(struct key_parser *parser, unsigned char byte, uint64_t now_ms) {
    static void (*const take[])(struct key_parser *, unsigned char) = {
        [KEY_PARSER_TEXT] = on_text,      [KEY_PARSER_ESCAPE] = on_escape, [KEY_PARSER_CSI] = on_sequence,
        [KEY_PARSER_LINUX] = on_sequence, [KEY_PARSER_SS3] = on_sequence,  [KEY_PARSER_STRING] = on_string,
        [KEY_PARSER_MOUSE] = on_mouse,    [KEY_PARSER_PASTE] = on_paste,
    };
    parser->last_ms = now_ms;
    if (parser->held >= 0) emit_pasted(parser, (uint32_t)parser->held);
    parser->held = -1;
    take[parser->state](parser, byte);
    parser->alone = false;
}

/* --- Time --- */

/* The end of a paste may be under way. */
static void give_up_paste(struct key_parser *parser) {
    size_t matched = parser->matched;
    to_text(parser);
    emit(parser, KEYS_PASTE_END);
    parser->doubtful = true;
    if (matched == 0) return;
    begin(parser);
    for (size_t i = 1; i < matched; i++) append(parser, (unsigned char)PASTE_OVER[i]);
    if (matched > 1) parser->state = KEY_PARSER_CSI;
}

static void give_up_sequence(struct key_parser *parser) {
    bool bare = parser->size == 2 && parser->state != KEY_PARSER_MOUSE;
    char introducer = parser->sequence[1];
    bool late = parser->late;
    to_text(parser);
    if (!bare) return;
    if (!late)
        emit(parser, KEYS_ALT | (unsigned char)introducer);
    else if (introducer != '[')
        emit(parser, (unsigned char)introducer);
}

/* When key_parser_idle has something to do; NEVER: not at all. */
static uint64_t due(const struct key_parser *parser) {
    uint64_t last = parser->last_ms;
    switch (parser->state) {
    case KEY_PARSER_TEXT: return parser->doubtful && !parser->alone ? last + BURST_MS : NEVER;
    case KEY_PARSER_PASTE: return last + PASTE_MS;
    case KEY_PARSER_ESCAPE: return last + (parser->late ? SEQUENCE_MS : ALT_MS);
    case KEY_PARSER_STRING:
        if (parser->size == 2) return last + introducers[find_introducer((unsigned char)parser->sequence[1])].first_ms;
        return last + SEQUENCE_MS < parser->began_ms + STRING_MS ? last + SEQUENCE_MS : parser->began_ms + STRING_MS;
    default: return last + SEQUENCE_MS;
    }
}

void key_parser_idle(struct key_parser *parser, uint64_t now_ms) {
    if (now_ms < due(parser)) return;
    switch (parser->state) {
    case KEY_PARSER_TEXT:
        parser->alone = true;
        if (parser->held >= 0) emit_typed(parser, (uint32_t)parser->held);
        parser->held = -1;
        break;
    case KEY_PARSER_PASTE: give_up_paste(parser); break;
    case KEY_PARSER_ESCAPE:
        if (parser->late)
            to_text(parser);
        else
            parser->late = true;
        break;
    default: give_up_sequence(parser);
    }
}

int key_parser_wait(const struct key_parser *parser, uint64_t now_ms) {
    uint64_t at = due(parser);
    if (at == NEVER) return -1;
    return at > now_ms ? (int)(at - now_ms) : 0;
}
