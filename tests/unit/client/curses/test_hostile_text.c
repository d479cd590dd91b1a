/* Nicks and texts from strangers, on the way that they take to a user's eyes: label, filter, scrollback, screen,
 * terminal. Whatever they are, only the rows of their own messages change, and nothing else of the terminal does.
 * GOCHAT_HOSTILE_TEXTS says how many, GOCHAT_HOSTILE_SEED which. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <utf8proc.h>

#include "client/curses/screen.h"
#include "client/curses/terminal.h"
#include "tests/support/emulated.h"

#define ROWS 100
#define COLUMNS 60
#define MESSAGES_DEFAULT 3000
#define MESSAGES_A_SCREEN 80
#define NICK_RAW_MAX 48
#define TEXT_RAW_MAX 400 /* of one in LONG_ONE_IN; else TEXT_RAW_USUAL */
#define TEXT_RAW_USUAL 40
#define LONG_ONE_IN 32
#define NOON 1795435200000ull

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t random_below(uint32_t limit) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 16) % limit;
}

/* --- What strangers send --- */

static const char *const spells[] = {
    "\033]0;owned\a",
    "\033]2;owned\033\\",
    "\033]52;c;b3duZWQ=\a",
    "\033[2J",
    "\033[1;1H",
    "\033c",
    "\033[?1049l",
    "\033[?2004l",
    "\033[?1000h",
    "\033[5i",
    "\033P$q\"p\033\\",
    "\033_owned\033\\",
    "\233[2J",
    "\302\2332J",
    "\302\2350;owned\302\234",
    "\033[r",
    "\033(0",
    "\016",
    "\017",
    "\a\a\a",
    "\r\n\r\n",
    "\b\b\b\b",
    "\v\f",
    "\t\t\t\t",
    "\033[31m",
    "\033[8m",
    "\033]8;;http://x/\a",
    "\xe2\x80\xae",
    "\xe2\x81\xa6",
    "\xe2\x80\xa8",
    "\xef\xbb\xbf",
    "\xe2\x80\x8b",
    "\xed\xa0\x80",
    "\xf8\x88\x80",
    "\xc0\x80",
    "\xff\xfe",
    "\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
    "\xe0\xb8\x81\xe0\xb8\xb3",
    "👨‍👩‍👧‍👦",
    "👍🏽",
    "🇨🇭🇨",
    "❤️",
    "\xf3\xa0\x81\xa1",
    "﷽",
    "世界",
    "שלום",
    "ᄀᄀᄀ각ᆨᆨ",
    "क्षि",
    "\xef\xb8\x8f",
    "\u0645\u06cc\u200c\u062e", /* Persian, with ZWNJ */
    "\u0628\u200c\u200c\u0628",
    "\u0dc1\u0dca\u200d\u0dbb", /* Sinhala, with ZWJ */
    "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e007f",
    "\U0001f3f4\U000e0067\U000e0062",
    "a\u00adb\u00ad",
    "\u8fbb\U000e0100",
    "\U0001fae9\U0003fff0\u0378",
    "\ue000\U0010fffd",
    "\xe2\x80\x8d",
    "\x7f",
    "\xc2\xad",
};
#define SPELLS (sizeof spells / sizeof *spells)

static size_t put_spell(char *out, size_t room) {
    const char *spell = spells[random_below(SPELLS)];
    size_t size = strlen(spell);
    if (size > room) return 0;
    for (size_t i = 0; i < size; i++) out[i] = spell[i];
    return size;
}

static size_t put_character(char *out, size_t room) {
    static const uint32_t limits[] = {0x80, 0x100, 0x800, 0x3000, 0x10000, 0x20000, 0x110000};
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t size = utf8proc_encode_char((utf8proc_int32_t)random_below(limits[random_below(7)]), bytes);
    if (size <= 0 || (size_t)size > room) return 0;
    memcpy(out, bytes, (size_t)size);
    return (size_t)size;
}

/* A mixture of spells, characters from all of Unicode, words and plain noise. */
static size_t hostile(char *out, size_t room) {
    size_t wanted = random_below((uint32_t)room), size = 0;
    while (size < wanted) {
        uint32_t what = random_below(8);
        if (what < 3)
            size += put_spell(out + size, room - size);
        else if (what < 6)
            size += put_character(out + size, room - size);
        else
            out[size++] = what == 6 ? "abc xyz 012"[random_below(11)] : (char)random_below(256);
    }
    return size;
}

/* --- The way to the terminal --- */

static struct conversations conversations;
static struct window *window;
static struct terminal *terminal;
static struct emulated *emulated;
static struct canvas canvas;
static struct client_config settings = {.members = MEMBERS_ON, .clock = CLOCK_MINUTES, .flood = FLOOD_OFF};
static struct editor editor;
static size_t editor_scroll;

static struct conversation *take(struct event *event, const struct member **author) {
    event->room = "tea";
    struct conversation *room = conversations_apply(&conversations, event);
    if (author) *author = room ? roster_find(&room->roster, event->peer) : NULL;
    return room;
}

/* One of a few members changes its nick to what no client of ours would let through, and speaks. */
static void speak(void) {
    char nick[NICK_RAW_MAX], text[TEXT_RAW_MAX];
    const struct member *author;
    uint8_t who = (uint8_t)random_below(5);
    struct event *event = event_create(EVENT_PEER_STATUS, NULL, 0);
    size_t nick_size = hostile(nick, sizeof event->nick);
    memset(event->peer, who, sizeof event->peer);
    memcpy(event->nick, nick, nick_size);
    event->standing = STANDING_CONNECTED;
    take(event, NULL);
    event_destroy(event);

    size_t size = hostile(text, random_below(LONG_ONE_IN) ? TEXT_RAW_USUAL : TEXT_RAW_MAX);
    event = event_create(EVENT_MESSAGE, text, size);
    memset(event->peer, who, sizeof event->peer);
    memcpy(event->nick, nick, nick_size);
    event->kind = (enum chat_kind[]){CHAT_TEXT, CHAT_TEXT, CHAT_ACTION, CHAT_PRIVATE}[random_below(4)];
    struct conversation *room = take(event, &author);
    window_take(window, &conversations, room, event, author, NOON);
    event_destroy(event);
}

static struct screen_view view = {.conversations = &conversations,
                                  .settings = &settings,
                                  .editor = &editor,
                                  .editor_scroll = &editor_scroll,
                                  .wall_ms = NOON};

/* A screen may be more than the terminal takes at once. */
static void flush(void) {
    for (struct pollfd output; (output.fd = terminal_output(terminal)) >= 0; terminal_flush(terminal)) {
        output.events = POLLOUT;
        assert_int_equal(poll(&output, 1, -1), 1);
    }
}

static void show(void) {
    assert_true(canvas_reset(&canvas, ROWS, COLUMNS));
    screen_draw(&canvas, &view);
    assert_true(terminal_show(terminal, &canvas));
    flush();
    emulated_settle(emulated);
}

/* Does the emulator count a character as libc does? Its tables are older, and some of what is between the two is in
 * every terminal. */
static struct emulator *probe;
static bool agreed(uint32_t character, unsigned columns) {
    static uint8_t known[0x110000]; /* 1: yes, 2: no */
    char bytes[8] = "\rx";
    if (known[character]) return known[character] == 1;
    utf8proc_ssize_t size = utf8proc_encode_char((utf8proc_int32_t)character, (utf8proc_uint8_t *)bytes + 2);
    emulator_feed(probe, bytes, 2 + (size_t)size);
    bool apart = strcmp(emulator_cell(probe, 0, 0).text, "x") == 0;
    known[character] = emulator_cursor(probe).column == 1 + columns && apart == (columns > 0) ? 1 : 2;
    return known[character] == 1;
}

static bool row_agreed(unsigned row) {
    for (unsigned column = 0; column < COLUMNS; column++) {
        const struct glyph *glyph = &canvas.cells[row * COLUMNS + column].glyph;
        if (glyph->base != 0 && !agreed(glyph->base, glyph->columns)) return false;
        for (unsigned i = 0; i < glyph->mark_count; i++)
            if (!agreed(glyph->marks[i], 0)) return false;
    }
    return true;
}

static void expect_row_is_canvas(unsigned row) {
    for (unsigned column = 0; column < COLUMNS; column++) {
        const struct glyph *glyph = &canvas.cells[row * COLUMNS + column].glyph;
        if (glyph->base == 0) continue;
        struct emulator_cell cell = emulator_cell(emulated->emulator, row, column);
        utf8proc_int32_t shown = ' ';
        if (cell.text[0]) utf8proc_iterate((const utf8proc_uint8_t *)cell.text, -1, &shown);
        if ((uint32_t)shown == glyph->base && (!cell.text[0] || cell.width == glyph->columns)) continue;
        fail_msg("row %u, column %u: U+%04X is to be seen for U+%04X", row, column, (unsigned)shown,
                 (unsigned)glyph->base);
    }
}

/* Where the two count differently the row is not what it should be, but the others are. Returns how many they are. */
static unsigned expect_screen_is_canvas(void) {
    unsigned rows = 0;
    for (unsigned row = 0; row < ROWS; row++) {
        if (!row_agreed(row)) continue;
        expect_row_is_canvas(row);
        rows++;
    }
    return rows;
}

static void join(void) {
    struct event *event = event_create(EVENT_JOINED, NULL, 0);
    conversations_init(&conversations, "bob", "00112233445566778899aabbccddeeff");
    conversations.settings = &settings;
    event->room = "tea";
    struct conversation *room = conversations_apply(&conversations, event);
    room->view = view.home = window = window_create();
    event_destroy(event);
    for (int i = 0; i < 5; i++) {
        event = event_create(EVENT_PEER_CONNECTED, NULL, 0);
        memset(event->peer, i, sizeof event->peer);
        snprintf(event->fingerprint, sizeof event->fingerprint, "%02x112233445566778899aabbccddeeff", i & 0xff);
        event->cipher = "AES-256-GCM";
        take(event, NULL);
        event_destroy(event);
    }
}

/* What must stay as it was. */
static struct {
    char *modes;
    uint64_t title, status, input;
} found;

static void look_around(void) {
    found.modes = emulator_modes(emulated->emulator);
    found.title = emulator_digest(emulated->emulator, 0, 1);
    found.status = emulator_digest(emulated->emulator, ROWS - 2, ROWS - 1);
    found.input = emulator_digest(emulated->emulator, ROWS - 1, ROWS);
}

static void expect_nothing_else_changed(void) {
    struct emulator_cursor cursor = emulator_cursor(emulated->emulator);
    char *modes = emulator_modes(emulated->emulator);
    assert_string_equal(modes, found.modes);
    free(modes);
    assert_int_equal(emulator_digest(emulated->emulator, 0, 1), found.title);
    if (window->follows) assert_int_equal(emulator_digest(emulated->emulator, ROWS - 2, ROWS - 1), found.status);
    assert_int_equal(emulator_digest(emulated->emulator, ROWS - 1, ROWS), found.input);
    assert_string_equal(emulator_title(emulated->emulator), "GoChat");
    assert_string_equal(emulator_commands(emulated->emulator), "");
    assert_int_equal(emulator_bells(emulated->emulator), 0);
    assert_int_equal(cursor.row, canvas.cursor_row);
    assert_int_equal(cursor.column, canvas.cursor_column);
    assert_true(cursor.visible);
}

static bool marker_is_seen(void) {
    bool seen = false;
    for (unsigned row = 1; row < ROWS - 2 && !seen; row++) {
        char *text = canvas_row_text(&canvas, row);
        seen = strstr(text, "── new ──") != NULL;
        free(text);
    }
    return seen;
}

/* A screen of messages, and as many pages up as they take. Returns the rows that were compared. */
static unsigned look_at_messages(unsigned long count) {
    unsigned rows = 0;
    window->marker = scrollback_end(&window->scrollback);
    while (count-- > 0) speak();
    for (;;) {
        show();
        rows += expect_screen_is_canvas();
        expect_nothing_else_changed();
        if (marker_is_seen()) break;
        screen_scroll(&canvas, &view, -1);
    }
    screen_scroll(&canvas, &view, SCREEN_PAGES_ALL);
    return rows;
}

static void only_their_own_rows_change(void **state) {
    const char *count = getenv("GOCHAT_HOSTILE_TEXTS"), *which = getenv("GOCHAT_HOSTILE_SEED");
    unsigned long messages = count ? strtoul(count, NULL, 10) : MESSAGES_DEFAULT, compared = 0;
    struct why why = {""};
    (void)state;
    if (which) seed *= 2 * strtoull(which, NULL, 10) + 1;
    setenv("TERM", "xterm-256color", 1);
    emulated = emulated_open(ROWS, COLUMNS);
    probe = emulator_open(1, 8);
    terminal = terminal_open(emulated->terminal, emulated->terminal, PALETTE_TRUE, &why);
    assert_string_equal(why.text, "");
    join();
    editor_init(&editor);
    assert_true(editor_insert(&editor, "typing", 6));
    terminal_title(terminal, "GoChat");
    show();
    emulator_forget(emulated->emulator);
    look_around();
    for (unsigned long said = 0; said < messages; said += MESSAGES_A_SCREEN)
        compared += look_at_messages(MESSAGES_A_SCREEN);
    assert_true(compared > messages / 2);
    free(found.modes);
    editor_destroy(&editor);
    window_destroy(window);
    conversations_clear(&conversations);
    (void)terminal_close(terminal);
    emulated_close(emulated);
    emulator_close(probe);
    canvas_free(&canvas);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_their_own_rows_change),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    setenv("TZ", "UTC0", 1);
    tzset();
    if (!columns_init()) return 1;
    return cmocka_run_group_tests_name("hostile_text", tests, NULL, NULL);
}
