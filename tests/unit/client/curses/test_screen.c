#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "client/curses/label.h"
#include "client/curses/pane.h"
#include "client/curses/screen.h"
#include "client/curses/screen_layout.h"
#include "tests/support/rounds.h"

#define NOON 1795435200000ull /* 2026-11-23 12:00 UTC */

struct stage {
    struct conversations conversations;
    struct conversation *room;
    struct window *window;
    struct client_config settings;
    struct editor editor;
    size_t editor_scroll;
    struct canvas canvas;
    struct screen_view view;
};

/* --- The stage --- */

static struct window *join(struct stage *stage, const char *room) {
    struct event *event = event_create(EVENT_JOINED, NULL, 0);
    event->room = room;
    struct conversation *conversation = conversations_apply(&stage->conversations, event);
    struct window *window = window_create();
    conversation->view = window;
    event_destroy(event);
    stage->room = conversations_current(&stage->conversations);
    stage->window = window_of(stage->room);
    return window;
}

static void connect_member(struct stage *stage, int number, const char *nick, bool relayed, double rtt_ms) {
    struct event *event = event_create(EVENT_PEER_CONNECTED, NULL, 0);
    event->room = "tea";
    memset(event->peer, number, sizeof event->peer);
    snprintf(event->nick, sizeof event->nick, "%s", nick);
    snprintf(event->fingerprint, sizeof event->fingerprint, "%04x112233445566778899aabbccddee", number);
    event->relayed = relayed;
    event->rtt_ms = rtt_ms;
    event->cipher = "AES-256-GCM";
    conversations_apply(&stage->conversations, event);
    event_destroy(event);
}

static void member_stands(struct stage *stage, int number, enum event_type type, enum peer_standing standing) {
    struct event *event = event_create(type, NULL, 0);
    event->room = "tea";
    memset(event->peer, number, sizeof event->peer);
    event->standing = standing;
    snprintf(event->nick, sizeof event->nick, "carol");
    conversations_apply(&stage->conversations, event);
    event_destroy(event);
}

static uint64_t add_line(struct stage *stage, struct line_header header, const char *author, const char *text) {
    header.at_ms = NOON + 120000;
    return scrollback_add(&stage->window->scrollback, &header, author, strlen(author), text, strlen(text));
}

static uint64_t say(struct stage *stage, const char *author, const char *text) {
    unsigned columns = columns_of(author, strlen(author));
    if (columns > stage->window->names) stage->window->names = columns; /* as window.c does */
    return add_line(stage, (struct line_header){.kind = LINE_MESSAGE, .colour = 3}, author, text);
}

static void size_is(struct stage *stage, unsigned rows, unsigned columns) {
    assert_true(canvas_reset(&stage->canvas, rows, columns));
}

static void draw(struct stage *stage) {
    size_is(stage, stage->canvas.rows, stage->canvas.columns);
    screen_draw(&stage->canvas, &stage->view);
}

static void expect_row(const struct stage *stage, unsigned row, const char *text) {
    char *shown = canvas_row_text(&stage->canvas, row);
    assert_string_equal(shown, text);
    free(shown);
}

static void expect_picture(const struct stage *stage, const char *const rows[]) {
    for (unsigned row = 0; row < stage->canvas.rows; row++) expect_row(stage, row, rows[row]);
}

/* The row that begins with, or has, this text; fails where there is none. */
static unsigned row_with(const struct stage *stage, const char *text) {
    for (unsigned row = 0; row < stage->canvas.rows; row++) {
        char *shown = canvas_row_text(&stage->canvas, row);
        bool there = strstr(shown, text) != NULL;
        free(shown);
        if (there) return row;
    }
    fail_msg("no row has \"%s\"", text);
    return 0;
}

static const struct cell *cell_at(const struct stage *stage, unsigned row, unsigned column) {
    return &stage->canvas.cells[(size_t)row * stage->canvas.columns + column];
}

/* Where a character of one column stands in a row. */
static unsigned column_of(const struct stage *stage, unsigned row, uint32_t character) {
    for (unsigned column = 0; column < stage->canvas.columns; column++)
        if (cell_at(stage, row, column)->glyph.base == character) return column;
    fail_msg("U+%04x is not in row %u", (unsigned)character, row);
    return 0;
}

static struct style style_of(const struct stage *stage, unsigned row, uint32_t character) {
    return cell_at(stage, row, column_of(stage, row, character))->style;
}

static int set_up(void **state) {
    struct stage *stage = calloc(1, sizeof *stage);
    if (!stage) return -1;
    *state = stage;
    setenv("TZ", "UTC0", 1);
    tzset();
    if (!columns_init()) return -1;
    conversations_init(&stage->conversations, "bob", "00112233445566778899aabbccddeeff");
    editor_init(&stage->editor);
    join(stage, "tea");
    stage->settings = (struct client_config){.members = MEMBERS_AUTO, .clock = CLOCK_MINUTES};
    stage->view = (struct screen_view){.conversations = &stage->conversations,
                                       .home = stage->window,
                                       .settings = &stage->settings,
                                       .editor = &stage->editor,
                                       .editor_scroll = &stage->editor_scroll,
                                       .wall_ms = NOON + 180000};
    return 0;
}

static int tear_down(void **state) {
    struct stage *stage = *state;
    for (size_t i = 0; i < stage->conversations.count; i++) window_destroy(stage->conversations.list[i]->view);
    conversations_clear(&stage->conversations);
    editor_destroy(&stage->editor);
    canvas_free(&stage->canvas);
    free(stage);
    return 0;
}

/* --- Layout --- */

static bool apart(struct rect a, struct rect b) {
    return a.row + a.rows <= b.row || b.row + b.rows <= a.row || a.column + a.columns <= b.column ||
           b.column + b.columns <= a.column;
}

static void parts_of_the_screen_never_overlap(void **state) {
    static const struct layout_wishes wishes[] = {
        {MEMBERS_AUTO, CLOCK_MINUTES, 60}, {MEMBERS_ON, CLOCK_OFF, 12}, {MEMBERS_OFF, CLOCK_SECONDS, 0}};
    (void)state;
    for (unsigned rows = 1; rows <= 80; rows++)
        for (unsigned columns = 1; columns <= 250; columns++)
            for (unsigned i = 0; i < 3; i++) {
                struct screen_layout layout = screen_layout(rows, columns, &wishes[i]);
                struct rect parts[] = {layout.title, layout.pane, layout.members, layout.status, layout.input};
                unsigned cells = 0;
                for (unsigned a = 0; a < 5; a++) {
                    bool inside = parts[a].row + parts[a].rows <= rows && parts[a].column + parts[a].columns <= columns;
                    assert_true(inside);
                    cells += parts[a].rows * parts[a].columns;
                    for (unsigned b = 0; b < a; b++) assert_true(apart(parts[a], parts[b]));
                }
                /* All of it is used, but for what separates the members. */
                assert_int_equal(cells + (layout.members.columns > 0 ? layout.pane.rows : 0), rows * columns);
                assert_int_equal(layout.input.rows, 1);
                assert_true(layout.members.columns <= LAYOUT_MEMBERS_MAX);
                assert_true(layout.author <= LAYOUT_AUTHOR_MAX && 2 * layout.author <= layout.pane.columns);
            }
}

static struct screen_layout laid_out(unsigned rows, unsigned columns, int members) {
    struct layout_wishes wishes = {members, CLOCK_MINUTES, 12};
    return screen_layout(rows, columns, &wishes);
}

static void parts_go_in_their_order_where_there_is_no_room(void **state) {
    (void)state;
    assert_int_equal(laid_out(5, 80, MEMBERS_AUTO).title.rows, 1);
    assert_int_equal(laid_out(4, 80, MEMBERS_AUTO).title.rows, 0);
    assert_int_equal(laid_out(4, 80, MEMBERS_AUTO).status.rows, 1);
    assert_int_equal(laid_out(3, 80, MEMBERS_AUTO).status.rows, 0);
    assert_int_equal(laid_out(3, 80, MEMBERS_AUTO).pane.rows, 2);
    assert_int_equal(laid_out(1, 80, MEMBERS_AUTO).pane.rows, 0);
    assert_int_equal(laid_out(24, 99, MEMBERS_AUTO).members.columns, 0);
    assert_int_equal(laid_out(24, 100, MEMBERS_AUTO).members.columns, 22);
    assert_int_equal(laid_out(24, 300, MEMBERS_AUTO).members.columns, LAYOUT_MEMBERS_MAX);
    assert_int_equal(laid_out(24, 39, MEMBERS_ON).members.columns, 0);
    assert_int_equal(laid_out(24, 40, MEMBERS_ON).members.columns, LAYOUT_MEMBERS_MIN);
    assert_int_equal(laid_out(24, 200, MEMBERS_OFF).members.columns, 0);
    assert_int_equal(laid_out(24, 68, MEMBERS_OFF).author, 0);
    assert_int_equal(laid_out(24, 69, MEMBERS_OFF).author, 10);
    assert_int_equal(laid_out(24, 80, MEMBERS_OFF).author, 12);
    assert_int_equal(laid_out(24, 80, MEMBERS_ON).author, 0);
}

/* The columns from the first 'x' of the second row of a text to its last: what the text has. */
static unsigned text_columns(const struct stage *stage) {
    unsigned first = stage->canvas.columns, last = 0;
    for (unsigned column = 0; column < stage->canvas.columns; column++) {
        if (cell_at(stage, 2, column)->glyph.base != 'x') continue;
        if (column < first) first = column;
        last = column;
    }
    return last + 1 - first;
}

/* screen_layout.h's rule, as it is drawn: a text without a blank, by authors with names of all lengths. */
static void the_text_has_its_columns_at_every_width(void **state) {
    static const char *const names[] = {"al#001a", "alice#001a", "averyveryverylongnickofthirtytwo#beef",
                                        "漢字漢字漢字漢字漢#beef"};
    struct stage *stage = *state;
    char text[700];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    connect_member(stage, 0x1a, "alice", false, 12.3);
    for (unsigned i = 0; i < rounds_of(4); i++)
        for (int members = MEMBERS_AUTO; members <= MEMBERS_OFF; members++)
            for (int clock = CLOCK_MINUTES; clock <= CLOCK_OFF; clock++) {
                stage->settings.members = members;
                stage->settings.clock = clock;
                scrollback_clear(&stage->window->scrollback);
                stage->window->names = 0;
                say(stage, names[i], text);
                for (unsigned columns = 1; columns <= 300; columns++) {
                    unsigned time = clock == CLOCK_OFF ? 0 : clock == CLOCK_MINUTES ? 6 : 9;
                    size_is(stage, 6, columns);
                    screen_scroll(&stage->canvas, &stage->view, -SCREEN_PAGES_ALL);
                    draw(stage);
                    unsigned has = text_columns(stage);
                    if (columns >= 80)
                        assert_true(has >= LAYOUT_TEXT);
                    else if (members != MEMBERS_ON && columns >= 24 && time > 0)
                        assert_true(has >= (columns - time < LAYOUT_TEXT ? columns - time : LAYOUT_TEXT));
                    else if (members != MEMBERS_ON)
                        assert_true(has + 2 >= columns || has >= LAYOUT_TEXT);
                }
            }
}

static void the_names_column_is_as_wide_as_the_names(void **state) {
    struct stage *stage = *state;
    say(stage, "al#001a", "hello");
    size_is(stage, 6, 80);
    draw(stage);
    expect_row(stage, 3, "12:02  al#001a │ hello"); /* ours has a column more */
    say(stage, "alexander#001b", "hello");
    draw(stage);
    expect_row(stage, 2, "12:02        al#001a │ hello");
    expect_row(stage, 3, "12:02 alexander#001b │ hello");
    say(stage, "averyveryverylongnickofthirtytwo#beef", "hello");
    draw(stage);
    expect_row(stage, 3, "12:02 averyveryveryl…#beef │ hello");
    size_is(stage, 6, 200);
    draw(stage);
    row_with(stage, "12:02 averyveryverylongnickofthirtytwo#beef │ hello");
}

/* The sender's nick is read in full; whom it goes to begins the text, which cannot write over the arrow. */
static void private_says_from_whom_and_to_whom(void **state) {
    struct line_header received = {.kind = LINE_PRIVATE, .mention = true}, sent = {.kind = LINE_PRIVATE, .own = true};
    struct stage *stage = *state;
    stage->window->names = 15;
    add_line(stage, received, "carol → you#747a → you", "a nick with an arrow");
    add_line(stage, received, "caroline#747a → you", "psst\nagain");
    add_line(stage, sent, "you → caroline#747a", "what?");
    say(stage, "mallory#6666", "→ you: not private");
    size_is(stage, 8, 80);
    draw(stage);
    expect_row(stage, 1, "12:02 carol → y…#747a → you: a nick with an arrow");
    expect_row(stage, 2, "12:02   caroline#747a → you: psst");
    expect_row(stage, 3, "                      │ again");
    expect_row(stage, 4, "12:02             you → caroline#747a: what?");
    expect_row(stage, 5, "12:02    mallory#6666 │ → you: not private");
    assert_int_equal(style_of(stage, 2, 'y').colour, COLOUR_PRIVATE);
    assert_int_equal(style_of(stage, 2, 'y').attributes, 0);
    assert_int_equal(style_of(stage, 2, 'c').attributes, STYLE_BOLD | STYLE_REVERSE);
    assert_int_equal(style_of(stage, 2, 0x2192).colour, COLOUR_PRIVATE);
    assert_int_equal(style_of(stage, 4, '#').colour, COLOUR_TIME);
    size_is(stage, 8, 40);
    draw(stage);
    expect_row(stage, 2, "12:02 caroline#747a → you: psst");
    expect_row(stage, 4, "12:02 you → caroline#747a: what?");
}

/* --- Pictures --- */

static void furnish(struct stage *stage) {
    struct line_header own = {.kind = LINE_MESSAGE, .own = true, .recipients = 3};
    join(stage, "work")->unread = 3;
    struct window *home = join(stage, "home");
    home->unread = 2;
    home->mentions = 1;
    stage->conversations.current = 0;
    stage->room = conversations_current(&stage->conversations);
    stage->window = window_of(stage->room);
    connect_member(stage, 0x1a, "alice", false, 12.3);
    connect_member(stage, 0x1b, "dave", true, 80);
    member_stands(stage, 0x1c, EVENT_PEER_JOINED, STANDING_CONNECTING);
    add_line(stage, (struct line_header){.kind = LINE_DAY}, "", "Monday, 23 November 2026");
    say(stage, "alice#001a", "a text that is wrapped by words, and whose further rows are aligned");
    add_line(stage, own, "bob#0011", "pending");
    own.delivered = 2;
    add_line(stage, own, "bob#0011", "part");
    own.delivered = 3;
    add_line(stage, own, "bob#0011", "all");
    own.delivered = 2;
    own.undelivered = 1;
    add_line(stage, own, "bob#0011", "lost");
    add_line(stage, (struct line_header){.kind = LINE_ACTION}, "alice#001a", "waves");
    add_line(stage, (struct line_header){.kind = LINE_PRIVATE, .mention = true}, "alice#001a → you", "你好世界");
    stage->window->marker =
        add_line(stage, (struct line_header){.kind = LINE_NOTICE}, "", "dave is here (direct, 12 ms)");
    add_line(stage, (struct line_header){.kind = LINE_ERROR}, "", "no such room");
    say(stage, "averyveryverylongnick#beef", "two\nlines");
    editor_insert(&stage->editor, "typing", 6);
}

static void a_wide_screen(void **state) {
    static const char *const rows[] = {
        " tea · 4 members · looking for the bootnode",
        "                                                                             │ 4 members",
        "                                                                             │   bob#0011        you",
        "                                                                             │ ○ ?1c1c1c1c",
        "                                                                             │ ● alice#001a    12 ms",
        "                       ── Monday, 23 November 2026 ──                        │ ◐ dave#001b     relay",
        "12:02         alice#001a │ a text that is wrapped by words, and whose further│",
        "                         │ rows are aligned                                  │",
        "12:02           bob#0011 │ pending ○                                         │",
        "12:02           bob#0011 │ part 2/3                                          │",
        "12:02           bob#0011 │ all ✓                                             │",
        "12:02           bob#0011 │ lost 2/3 ✗1                                       │",
        "12:02                  * │ alice#001a waves                                  │",
        "12:02         alice#001a → you: 你好世界                                     │",
        "                                  ── new ──                                  │",
        "12:02                  — │ dave is here (direct, 12 ms)                      │",
        "12:02                  ! │ no such room                                      │",
        "12:02 averyveryver…#beef │ two                                               │",
        "                         │ lines                                             │",
        " [1:tea] 2:work(3) 3:home(!1)                                                                 12:03",
        "tea bob> typing",
    };
    struct stage *stage = *state;
    furnish(stage);
    size_is(stage, 21, 100);
    draw(stage);
    expect_picture(stage, rows);
}

/* No list of members where it would leave the text less than it needs; Alt-M shows it, and names go into the text. */
static void a_screen_of_80_columns(void **state) {
    static const char *const rows[] = {
        " tea · 4 members · looking for the bootnode",
        "",
        "",
        "",
        "                         ── Monday, 23 November 2026 ──",
        "12:02           alice#001a │ a text that is wrapped by words, and whose further",
        "                           │ rows are aligned",
        "12:02             bob#0011 │ pending ○",
        "12:02             bob#0011 │ part 2/3",
        "12:02             bob#0011 │ all ✓",
        "12:02             bob#0011 │ lost 2/3 ✗1",
        "12:02                    * │ alice#001a waves",
        "12:02           alice#001a → you: 你好世界",
        "                                   ── new ──",
        "12:02                    — │ dave is here (direct, 12 ms)",
        "12:02                    ! │ no such room",
        "12:02 averyveryveryl…#beef │ two",
        "                           │ lines",
        " [1:tea] 2:work(3) 3:home(!1)                                             12:03",
        "tea bob> typing",
    };
    static const char *const with_members[] = {
        " tea · 4 members · looking for the bootnode",
        "12:02 alice#001a → you: 你好世界                              │ 4 members",
        "                          ── new ──                           │   bob#0011   you",
        "12:02 — dave is here (direct, 12 ms)                          │ ○ ?1c1c1c1c",
        "12:02 ! no such room                                          │ ● alice#001a",
        "12:02 averyveryverylo…#beef: two                              │ ◐ dave#001b",
        "      lines                                                   │",
        " [1:tea] 2:work(3) 3:home(!1)                                             12:03",
        "tea bob> typing",
    };
    struct stage *stage = *state;
    furnish(stage);
    size_is(stage, 20, 80);
    draw(stage);
    expect_picture(stage, rows);
    assert_int_equal(stage->canvas.cursor_row, 19);
    assert_int_equal(stage->canvas.cursor_column, 15);
    stage->settings.members = MEMBERS_ON;
    size_is(stage, 9, 80);
    draw(stage);
    expect_picture(stage, with_members);
}

static void a_narrow_screen(void **state) {
    static const char *const rows[] = {
        " tea · 4 members · searching",
        "12:02 alice#001a → you: 你好世界",
        "               ── new ──",
        "12:02 — dave is here (direct, 12 ms)",
        "12:02 ! no such room",
        "12:02 averyveryverylo…#beef: two",
        "      lines",
        " [1:tea] 2:work(3) 3:home(!1)     12:03",
        "tea bob> typing",
    };
    struct stage *stage = *state;
    furnish(stage);
    size_is(stage, 9, 40);
    draw(stage);
    expect_picture(stage, rows);
}

/* What an author can write must not begin a row like somebody else's message. */
static void no_row_passes_for_anothers(void **state) {
    static const char *const rows[] = {
        "> alice#001a: hello",
        "  bob#beef: I agree",
        "> carol#aaaa: words that",
        "  go on",
    };
    struct stage *stage = *state;
    stage->settings.clock = CLOCK_OFF;
    say(stage, "alice#001a", "hello\nbob#beef: I agree");
    say(stage, "carol#aaaa", "words that go on");
    size_is(stage, 7, 26);
    draw(stage);
    for (unsigned row = 0; row < 4; row++) expect_row(stage, row + 1, rows[row]);
}

static void tiny_screens_show_the_input(void **state) {
    struct stage *stage = *state;
    furnish(stage);
    for (unsigned rows = 1; rows <= 12; rows++)
        for (unsigned columns = 1; columns <= 90; columns += columns < 20 ? 1 : 7) {
            size_is(stage, rows, columns);
            draw(stage);
            assert_int_equal(stage->canvas.cursor_row, rows - 1);
            assert_true(stage->canvas.cursor_column < columns);
            if (columns >= 12)
                assert_int_equal(cell_at(stage, rows - 1, stage->canvas.cursor_column - 1)->glyph.base, 'g');
        }
    size_is(stage, 1, 20);
    draw(stage);
    expect_row(stage, 0, "te b> typing");
}

static void styles_say_what_lines_are(void **state) {
    struct stage *stage = *state;
    furnish(stage);
    size_is(stage, 23, 80);
    draw(stage);
    assert_int_equal(style_of(stage, row_with(stage, "pending"), 0x25cb).colour, COLOUR_WARNING);
    assert_int_equal(style_of(stage, row_with(stage, "part"), '/').colour, COLOUR_WARNING);
    assert_int_equal(style_of(stage, row_with(stage, "all ✓"), 0x2713).colour, COLOUR_GOOD);
    assert_int_equal(style_of(stage, row_with(stage, "lost"), 0x2717).colour, COLOUR_BAD);
    assert_int_equal(style_of(stage, row_with(stage, "no such room"), '!').colour, COLOUR_BAD);
    assert_int_equal(style_of(stage, row_with(stage, "— │"), 0x2014).colour, COLOUR_NOTICE);
    assert_int_equal(style_of(stage, row_with(stage, "你好"), 0x4f60).colour, COLOUR_PRIVATE);
    assert_int_equal(style_of(stage, row_with(stage, "你好"), 'a').attributes, STYLE_BOLD | STYLE_REVERSE);
    assert_int_equal(style_of(stage, row_with(stage, "new"), 'n').colour, COLOUR_UNREAD);
    unsigned text = row_with(stage, "wrapped");
    assert_int_equal(style_of(stage, text, 'l').colour, COLOUR_NICK + 3);
    assert_int_equal(style_of(stage, text, '#').colour, COLOUR_TIME);
    assert_int_equal(style_of(stage, text, 'w').colour, COLOUR_TEXT);
    unsigned status = row_with(stage, "[1:tea]");
    assert_true(style_of(stage, status, '[').attributes & STYLE_BOLD);
    assert_int_equal(style_of(stage, status, '(').colour, COLOUR_UNREAD);
    assert_int_equal(style_of(stage, status, '!').colour, COLOUR_MENTION);
    assert_true(style_of(stage, 0, 't').attributes & STYLE_REVERSE);
}

/* --- Own messages --- */

static void the_mark_never_moves_the_text(void **state) {
    struct stage *stage = *state;
    char text[64];
    furnish(stage);
    for (unsigned length = 1; length < 60; length += 2) {
        memset(text, 'x', length);
        text[length] = '\0';
        struct line_header header = {.kind = LINE_MESSAGE, .own = true, .recipients = 12};
        uint64_t number = add_line(stage, header, "bob#0011", text);
        struct line *line = scrollback_line(&stage->window->scrollback, number);
        unsigned rows = 0;
        for (unsigned delivered = 0; delivered <= 12; delivered++) {
            line->header.delivered = (uint16_t)delivered;
            line->header.undelivered = (uint16_t)(delivered > 10 ? 12 - delivered : delivered % 3);
            size_is(stage, 23, 80);
            draw(stage);
            unsigned first = row_with(stage, "bob#0011 │ x");
            if (delivered == 0) rows = first;
            assert_int_equal(first, rows);
            char *last = canvas_row_text(&stage->canvas, 20);
            assert_true(strstr(last, delivered == 0 ? "○" : delivered == 12 ? "✓" : "/12") != NULL);
            assert_int_equal(strstr(last, "✗") != NULL, line->header.undelivered > 0);
            free(last);
        }
        scrollback_clear(&stage->window->scrollback);
        say(stage, "alice#001a", "lines");
    }
}

static void nobody_there_leaves_no_mark(void **state) {
    struct stage *stage = *state;
    add_line(stage, (struct line_header){.kind = LINE_MESSAGE, .own = true}, "bob#0011", "alone");
    size_is(stage, 6, 50);
    draw(stage);
    expect_row(stage, 3, "12:02 bob#0011: alone");
}

static void a_piece_of_a_long_text_has_no_time_and_no_author(void **state) {
    struct stage *stage = *state;
    struct line_header piece = {.kind = LINE_NOTICE};
    say(stage, "alice#001a", "begun");
    scrollback_add(&stage->window->scrollback, &piece, "", 0, "continued", 9);
    size_is(stage, 6, 70);
    draw(stage);
    expect_row(stage, 2, "12:02 alice#001a │ begun");
    expect_row(stage, 3, "                 │ continued");
    size_is(stage, 6, 40);
    draw(stage);
    expect_row(stage, 2, "12:02 alice#001a: begun");
    expect_row(stage, 3, "      continued");
}

/* --- Places --- */

static void fill(struct stage *stage, unsigned count) {
    char text[32];
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof text, "line %u", i);
        say(stage, "a#0000", text);
    }
}

static void pages_overlap_by_two_rows(void **state) {
    struct stage *stage = *state;
    fill(stage, 100);
    size_is(stage, 13, 40); /* 10 rows of pane */
    draw(stage);
    expect_row(stage, 10, "12:02 a#0000: line 99");
    screen_scroll(&stage->canvas, &stage->view, -1);
    draw(stage);
    expect_row(stage, 10, "12:02 a#0000: line 91");
    expect_row(stage, 11, " [1:tea]                      ↑8  12:03");
    /* What comes meanwhile changes only the number. */
    say(stage, "a#0000", "line 100");
    draw(stage);
    expect_row(stage, 10, "12:02 a#0000: line 91");
    expect_row(stage, 11, " [1:tea]                      ↑9  12:03");
    screen_scroll(&stage->canvas, &stage->view, -100);
    draw(stage);
    expect_row(stage, 1, "12:02 a#0000: line 0");
    screen_scroll(&stage->canvas, &stage->view, 1);
    draw(stage);
    expect_row(stage, 1, "12:02 a#0000: line 8");
    screen_scroll(&stage->canvas, &stage->view, SCREEN_PAGES_ALL);
    draw(stage);
    expect_row(stage, 10, "12:02 a#0000: line 100");
    assert_true(stage->window->follows);
    screen_scroll(&stage->canvas, &stage->view, -SCREEN_PAGES_ALL);
    draw(stage);
    expect_row(stage, 1, "12:02 a#0000: line 0");
}

static void up_and_down_is_where_it_was(void **state) {
    struct stage *stage = *state;
    char text[4001];
    for (unsigned i = 0; i < 60; i++) {
        memset(text, 'a' + (int)(i % 26), sizeof text);
        text[(i * 137) % 400] = '\0';
        say(stage, "a#0000", text);
    }
    for (unsigned columns = 10; columns < 120; columns += 27) {
        screen_scroll(&stage->canvas, &stage->view, SCREEN_PAGES_ALL);
        size_is(stage, 14, columns);
        for (int pages = 1; pages < 8; pages++) {
            draw(stage);
            char *before = canvas_row_text(&stage->canvas, 5);
            screen_scroll(&stage->canvas, &stage->view, -1);
            draw(stage);
            screen_scroll(&stage->canvas, &stage->view, 1);
            draw(stage);
            expect_row(stage, 5, before);
            free(before);
            screen_scroll(&stage->canvas, &stage->view, -1);
        }
    }
}

static void a_long_line_is_read_row_by_row(void **state) {
    struct stage *stage = *state;
    static char text[20001];
    bool seen[100000] = {false};
    for (unsigned i = 0; i < 2000; i++) snprintf(text + 10 * i, 11, "word%05u ", i);
    say(stage, "a#0000", text);
    size_is(stage, 13, 40);
    draw(stage);
    row_with(stage, "word01999");
    for (int page = 0; page < 100; page++) {
        for (unsigned row = 1; row <= 10; row++) {
            char *shown = canvas_row_text(&stage->canvas, row);
            for (const char *at = shown; (at = strstr(at, "word")); at += 9) seen[strtoul(at + 4, NULL, 10)] = true;
            free(shown);
        }
        screen_scroll(&stage->canvas, &stage->view, -1);
        draw(stage);
    }
    for (unsigned i = 0; i < 2000; i++) assert_true(seen[i]);
    expect_row(stage, 1, "12:02 a#0000: word00000 word00001");
}

static void a_place_that_is_gone_becomes_the_oldest(void **state) {
    struct stage *stage = *state;
    fill(stage, 50);
    size_is(stage, 13, 40);
    draw(stage);
    screen_scroll(&stage->canvas, &stage->view, -SCREEN_PAGES_ALL);
    draw(stage);
    fill(stage, SCROLLBACK_LINES);
    draw(stage);
    expect_row(stage, 1, "12:02 a#0000: line 0");
    assert_true(stage->window->bottom >= stage->window->scrollback.first);
}

static void found_words_are_underlined(void **state) {
    struct stage *stage = *state;
    fill(stage, 30);
    uint64_t number = say(stage, "alice#001a", "Here is the ÄRGER that we looked for, and another ärger");
    fill(stage, 30);
    assert_true(window_find(stage->window, "ärger", WINDOW_NONE));
    assert_int_equal(stage->window->found, number);
    size_is(stage, 13, 120);
    screen_scroll_to(&stage->canvas, &stage->view, number);
    draw(stage);
    unsigned row = row_with(stage, "ÄRGER");
    assert_in_range(row, 4, 8);
    unsigned start = column_of(stage, row, 0xc4);
    assert_true(cell_at(stage, row, start)->style.attributes & STYLE_UNDERLINE);
    assert_true(cell_at(stage, row, start + 4)->style.attributes & STYLE_UNDERLINE);
    assert_false(cell_at(stage, row, start + 5)->style.attributes & STYLE_UNDERLINE);
    assert_false(cell_at(stage, row, start - 1)->style.attributes & STYLE_UNDERLINE);
    assert_true(cell_at(stage, row, start - 2)->style.attributes & STYLE_BOLD);
    assert_true(style_of(stage, row_with(stage, "another") == row ? row : row + 1, 0xe4).attributes & STYLE_UNDERLINE);
    /* At either end. */
    screen_scroll_to(&stage->canvas, &stage->view, 0);
    draw(stage);
    assert_int_equal(row_with(stage, "a#0000 │ line 0 "), 1);
    screen_scroll_to(&stage->canvas, &stage->view, PANE_BOTTOM);
    assert_true(stage->window->follows);
}

/* As window.c adds what comes while one looks further up. */
static void comes(struct stage *stage, bool mention, const char *text) {
    struct line_header header = {.kind = LINE_MESSAGE, .mention = mention};
    if (stage->window->news == WINDOW_NONE) stage->window->news = scrollback_end(&stage->window->scrollback);
    add_line(stage, header, "a#0000", text);
    draw(stage);
}

static void what_comes_below_is_told(void **state) {
    struct stage *stage = *state;
    fill(stage, 100);
    size_is(stage, 13, 80);
    screen_scroll(&stage->canvas, &stage->view, -2);
    comes(stage, false, "new 1");
    expect_row(stage, 11, " [1:tea]                                         1 new line below: Alt->  12:03");
    add_line(stage, (struct line_header){.kind = LINE_DAY}, "", "Monday, 23 November 2026"); /* not counted */
    comes(stage, true, "bob, new 2");
    expect_row(stage, 11, " [1:tea]                             2 new lines below, 1 mention: Alt->  12:03");
    assert_int_equal(style_of(stage, 11, 'm').colour, COLOUR_MENTION);
    comes(stage, true, "bob, new 3");
    expect_row(stage, 11, " [1:tea]                            3 new lines below, 2 mentions: Alt->  12:03");
    size_is(stage, 13, 50);
    draw(stage);
    expect_row(stage, 11, " [1:tea]          3 new, 2 mentions: Alt->  12:03");
    size_is(stage, 13, 40);
    draw(stage);
    expect_row(stage, 11, " [1:tea]       3 new, 2 mentions  12:03");
    size_is(stage, 13, 34);
    draw(stage);
    expect_row(stage, 11, " [1:tea]            ↓3(!2)  12:03");
    /* What was seen is not new any more, also further up. */
    size_is(stage, 13, 80);
    while (!stage->window->follows) {
        screen_scroll(&stage->canvas, &stage->view, 1);
        if (stage->window->news == scrollback_end(&stage->window->scrollback) - 2) break;
    }
    screen_scroll(&stage->canvas, &stage->view, SCREEN_PAGES_ALL);
    screen_scroll(&stage->canvas, &stage->view, -1);
    draw(stage);
    expect_row(stage, 11, " [1:tea]                                                              ↑8  12:03");
}

static void a_long_answer_is_read_from_its_top(void **state) {
    static const unsigned sizes[][2] = {{24, 80}, {10, 80}, {10, 40}, {24, 40}, {50, 200}, {24, 80}};
    struct stage *stage = *state;
    fill(stage, 30);
    uint64_t answer = scrollback_end(&stage->window->scrollback);
    add_line(stage, (struct line_header){.kind = LINE_NOTICE}, "", "the first line of the answer");
    fill(stage, 60);
    size_is(stage, 24, 80);
    window_page(stage->window, answer);
    draw(stage);
    expect_row(stage, 22, " [1:tea]                                40 more below: PgDn; Enter: back  12:03");
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) { /* the top stays where it is */
        size_is(stage, sizes[i][0], sizes[i][1]);
        draw(stage);
        assert_int_equal(row_with(stage, "the first line of the answer"), 1);
    }
    screen_scroll(&stage->canvas, &stage->view, 1); /* a page is the pane less two rows */
    draw(stage);
    assert_int_equal(row_with(stage, "line 18"), 1);
    screen_scroll(&stage->canvas, &stage->view, -1);
    draw(stage);
    assert_int_equal(row_with(stage, "the first line of the answer"), 1);
}

static void a_short_answer_is_no_page(void **state) {
    struct stage *stage = *state;
    fill(stage, 30);
    uint64_t answer = scrollback_end(&stage->window->scrollback);
    fill(stage, 10);
    size_is(stage, 13, 80); /* 10 rows of pane */
    window_page(stage->window, answer);
    draw(stage);
    assert_true(stage->window->follows);
    say(stage, "a#0000", "one more");
    draw(stage);
    row_with(stage, "one more");
}

static void what_is_seen_is_known(void **state) {
    struct stage *stage = *state;
    fill(stage, 100);
    size_is(stage, 13, 80); /* 10 rows of pane */
    draw(stage);
    assert_true(screen_sees(&stage->canvas, &stage->view, 90));
    assert_true(screen_sees(&stage->canvas, &stage->view, 99));
    assert_false(screen_sees(&stage->canvas, &stage->view, 89));
    assert_false(screen_sees(&stage->canvas, &stage->view, 100));
    assert_false(screen_sees(&stage->canvas, &stage->view, WINDOW_NONE));
    screen_scroll(&stage->canvas, &stage->view, -1);
    assert_true(screen_sees(&stage->canvas, &stage->view, 91));
    assert_false(screen_sees(&stage->canvas, &stage->view, 92));
}

/* --- Members, rooms, input --- */

static void expect_members_row(const struct stage *stage, unsigned row, const char *text) {
    char *shown = canvas_row_text(&stage->canvas, row), *list = strstr(shown, "│ ");
    assert_non_null(list);
    assert_string_equal(list + strlen("│ "), text);
    free(shown);
}

/* The whole name, before how far away it is. */
static void more_members_than_rows_are_counted(void **state) {
    struct stage *stage = *state;
    char nick[16];
    for (int i = 1; i <= 20; i++) {
        snprintf(nick, sizeof nick, "nick%02d", i);
        connect_member(stage, i, nick, false, i == 1 ? 1500 : i == 2 ? 0.4 : i);
    }
    member_stands(stage, 3, EVENT_PEER_STATUS, STANDING_BLOCKED);
    size_is(stage, 10, 100);
    draw(stage);
    expect_members_row(stage, 1, "21 members");
    expect_members_row(stage, 2, "  bob#00112233    you"); /* the 17th has the same four */
    expect_members_row(stage, 3, "✗ carol#0003  blocked");
    expect_members_row(stage, 4, "● nick01#0001   1.5 s");
    expect_members_row(stage, 5, "● nick02#0002  0.4 ms");
    expect_members_row(stage, 7, "  +16 more");
    size_is(stage, 25, 140);
    draw(stage);
    expect_members_row(stage, 3, "✗ carol#0003        blocked");
    expect_members_row(stage, 5, "● nick02#0002        0.4 ms");
    expect_members_row(stage, 22, "● nick20#0014         20 ms");
}

/* However narrow the list is. */
static void who_is_verified_has_a_mark(void **state) {
    struct stage *stage = *state;
    connect_member(stage, 1, "aaron", false, 5);
    struct event *event = event_create(EVENT_PEER_STATUS, NULL, 0);
    event->room = "tea";
    memset(event->peer, 1, sizeof event->peer);
    snprintf(event->nick, sizeof event->nick, "aaron");
    event->standing = STANDING_CONNECTED;
    event->verified = true;
    event->rtt_ms = 5;
    conversations_apply(&stage->conversations, event);
    size_is(stage, 10, 100);
    draw(stage);
    expect_members_row(stage, 3, "●✓aaron#0001     5 ms");
    event->verified = false;
    conversations_apply(&stage->conversations, event);
    event_destroy(event);
    draw(stage);
    expect_members_row(stage, 3, "● aaron#0001     5 ms");
}

static void the_current_room_is_always_in_the_status(void **state) {
    static char names[15][32];
    struct stage *stage = *state;
    for (unsigned i = 0; i < 15 && stage->conversations.count < ENGINE_ROOMS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "a-room-with-a-long-name-%u", i);
        join(stage, names[i]);
    }
    for (unsigned columns = 34; columns < 200; columns += 13)
        for (size_t i = 0; i < stage->conversations.count; i++) {
            char wanted[24];
            stage->conversations.current = i;
            size_is(stage, 6, columns);
            draw(stage);
            snprintf(wanted, sizeof wanted, "[%zu:", i + 1);
            char *shown = canvas_row_text(&stage->canvas, 4);
            assert_non_null(strstr(shown, wanted));
            assert_non_null(strchr(shown, ']'));
            assert_non_null(strstr(shown, "12:03"));
            free(shown);
        }
}

static void what_waits_is_counted(void **state) {
    struct stage *stage = *state;
    for (int i = 0; i < 3; i++)
        assert_true(outbox_put(&stage->window->outbox, input_create(INPUT_SAY, "tea", "hello", 5)));
    size_is(stage, 6, 60);
    draw(stage);
    expect_row(stage, 4, " [1:tea]                                   waiting 3  12:03");
}

static void urls_lead_somewhere(void **state) {
    struct stage *stage = *state;
    size_is(stage, 6, 40);
    say(stage, "alice#1a2b", "see https://example.org/a-long-way-to-go-for-this-row now");
    draw(stage);
    for (unsigned cell = 0; cell < 6 * 40; cell++) assert_int_equal(stage->canvas.cells[cell].link, 0);
    stage->view.rich = true;
    draw(stage);
    unsigned first = row_with(stage, "https"), linked = 0;
    uint32_t id = cell_at(stage, first, column_of(stage, first, '/'))->link;
    assert_string_equal(canvas_url(&stage->canvas, id), "https://example.org/a-long-way-to-go-for-this-row");
    for (unsigned cell = 0; cell < 6 * 40; cell++) linked += stage->canvas.cells[cell].link == id;
    assert_int_equal(linked,
                     strlen("https://example.org/a-long-way-to-go-for-this-row")); /* in both rows, and no more */
    stage->settings.links = LINKS_OFF;
    draw(stage);
    assert_null(canvas_url(&stage->canvas, id));
}

#define LONG_URL "https://example.org/a-long-way-to-go-for-this-row"

/* Where the terminal cannot open it, what is selected in its rows is the URL and nothing else. */
static void a_url_of_several_rows_can_be_copied(void **state) {
    struct stage *stage = *state;
    static const char *const rows[] = {"12:02 alice#1a2b: see",   "      https://example.org/a-long-way-to-",
                                       "go-for-this-row",         "      14:02 bob#3c4d: not bob, nor a row",
                                       "      that could be his", NULL};
    size_is(stage, 9, 40);
    say(stage, "alice#1a2b", "see " LONG_URL " 14:02 bob#3c4d: not bob, nor a row that could be his");
    draw(stage);
    unsigned first = row_with(stage, "see");
    for (unsigned i = 0; rows[i]; i++) expect_row(stage, first + i, rows[i]);
    stage->view.rich = true; /* it opens links */
    draw(stage);
    expect_row(stage, row_with(stage, "go-for"), "      go-for-this-row 14:02 bob#3c4d:");
}

static void nor_is_there_a_bar_in_it(void **state) {
    struct stage *stage = *state;
    size_is(stage, 9, 80);
    say(stage, "alice#1a2b", "see " LONG_URL "/and-there-it-goes-on-to-its-end\nbelow");
    draw(stage);
    unsigned first = row_with(stage, "https");
    expect_row(stage, first, "                 │ https://example.org/a-long-way-to-go-for-this-row/and-there-i");
    expect_row(stage, first + 1, "t-goes-on-to-its-end");
    expect_row(stage, first + 2, "                 │ below");
}

static void the_mark_stands_behind_a_url(void **state) {
    struct stage *stage = *state;
    size_is(stage, 6, 40);
    const struct line_header header = {.kind = LINE_MESSAGE, .own = true, .recipients = 1, .delivered = 1};
    add_line(stage, header, "carol#0123", "see " LONG_URL);
    draw(stage);
    expect_row(stage, row_with(stage, "for-this-row"), "go-for-this-row ✓");
}

static void a_secret_room_has_a_lock(void **state) {
    struct stage *stage = *state;
    size_is(stage, 5, 40);
    stage->room->secret = true;
    draw(stage);
    expect_row(stage, 0, " [secret] tea · 1 member · searching");
    assert_int_equal(cell_at(stage, 0, 2)->style.attributes & STYLE_BOLD, 0);
    stage->view.rich = true;
    draw(stage);
    expect_row(stage, 0, " 🔒 tea · 1 member · searching");
    stage->room->secret = false;
    draw(stage);
    expect_row(stage, 0, " tea · 1 member · searching");
}

static void bootnodes_are_named(void **state) {
    struct stage *stage = *state;
    stage->room->bootnode_standing = BOOTNODE_REGISTERED;
    assert_true(address_parse("192.0.2.1:9595", 0, &stage->room->bootnode));
    size_is(stage, 6, 60);
    draw(stage);
    expect_row(stage, 0, " tea · 1 member · registered at 192.0.2.1:9595");
    stage->room->bootnode_standing = BOOTNODE_LOST;
    draw(stage);
    expect_row(stage, 0, " tea · 1 member · bootnode lost: 192.0.2.1:9595");
    assert_int_equal(style_of(stage, 0, '9').colour, COLOUR_BAD);
    size_is(stage, 6, 40);
    draw(stage);
    expect_row(stage, 0, " tea · 1 member · bootnode lost"); /* half an address would be another one */
    stage->room->bootnode_standing = BOOTNODE_REGISTERED;
    draw(stage);
    expect_row(stage, 0, " tea · 1 member · registered");
    stage->room->bootnode_count = 2;
    stage->room->bootnodes[0].standing = BOOTNODE_LOST;
    stage->room->bootnodes[1].standing = BOOTNODE_REGISTERED;
    size_is(stage, 6, 60);
    draw(stage);
    expect_row(stage, 0, " tea · 1 member · registered at 1 of 2 bootnodes");
    size_is(stage, 6, 40);
    stage->room->parting = true;
    draw(stage);
    expect_row(stage, 0, " tea · 1 member · leaving");
}

static void prompts_and_long_input_leave_the_cursor_in_sight(void **state) {
    struct stage *stage = *state;
    size_is(stage, 1, 30);
    stage->view.prompt = "send 12 lines? (y/n) ";
    draw(stage);
    expect_row(stage, 0, "send 12 lines? (y/n)");
    stage->view.prompt = NULL;
    for (int i = 0; i < 300; i++) {
        assert_true(editor_insert(&stage->editor, i % 3 ? "x" : "世", i % 3 ? 1 : 3));
        draw(stage);
        unsigned column = stage->canvas.cursor_column;
        assert_in_range(column, 9, 29);
        assert_int_equal(cell_at(stage, 0, column - 1)->glyph.base, i % 3 ? 'x' : 0);
        assert_int_equal(cell_at(stage, 0, column)->glyph.base, ' ');
    }
    assert_true(editor_do(&stage->editor, EDIT_LINE_START));
    draw(stage);
    assert_int_equal(stage->canvas.cursor_column, 9);
    expect_row(stage, 0, "tea bob> 世xx世xx世xx世xx世xx");
}

static void before_the_first_room_there_is_home(void **state) {
    struct stage *stage = *state;
    struct conversation *room = stage->room;
    struct window *home = window_create();
    window_say(home, LINE_NOTICE, "welcome", 7, NOON);
    window_destroy(room->view);
    conversations_remove(&stage->conversations, room);
    stage->view.home = home;
    size_is(stage, 7, 90);
    draw(stage);
    expect_row(stage, 0, " GoChat");
    expect_row(stage, 4, "12:00        — │ welcome");
    expect_row(stage, 6, "bob>");
    window_destroy(home);
}

/* --- Labels --- */

static void labels_are_cut_in_the_nick(void **state) {
    static const struct {
        const char *text;
        unsigned columns;
        const char *shown;
    } cases[] = {
        {"alice#1a2b", 10, "alice#1a2b"},  {"alice#1a2b", 9, "ali…#1a2b"}, {"alice#1a2b", 7, "a…#1a2b"},
        {"alice#1a2b", 6, "alice…"},       {"alice#1a2b", 1, "…"},         {"alice#1a2b", 0, ""},
        {"世界世#1a2b", 10, "世界…#1a2b"}, {"世界世#1a2b", 9, "世…#1a2b"}, {"a#b#1a2b → you", 13, "a…#1a2b → you"},
        {"?1c1c1c1c", 5, "?1c1…"},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct label label = label_of(cases[i].text, strlen(cases[i].text), cases[i].columns);
        char text[sizeof label.text + 1];
        memcpy(text, label.text, label.size);
        text[label.size] = '\0';
        assert_string_equal(text, cases[i].shown);
        assert_true(label.columns <= cases[i].columns);
        assert_int_equal(label.columns, columns_of(text, label.size));
    }
}

/* From the first column on, whatever stands before other lines, and black on white in every cell. */
static void a_code_has_the_whole_width(void **state) {
    struct stage *stage = *state;
    size_is(stage, 7, 40);
    say(stage, "alice#1a2b", "look:");
    window_code(stage->window, "\u2588\u2580\u2584 \n\u2584  \u2588\n");
    draw(stage);
    unsigned row = row_with(stage, "look:");
    expect_row(stage, row + 1, "\u2588\u2580\u2584");
    expect_row(stage, row + 2, "\u2584  \u2588");
    for (unsigned column = 0; column < 5; column++) {
        assert_int_equal(cell_at(stage, row + 1, column)->style.attributes, column < 4 ? STYLE_CODE : 0);
        assert_int_equal(cell_at(stage, row + 2, column)->style.attributes, column < 4 ? STYLE_CODE : 0);
    }
    struct rect pane = screen_pane(&stage->canvas, &stage->view);
    assert_int_equal(pane.columns, 40);
    assert_int_equal(pane.rows, 4);
    assert_false(window_find(stage->window, "\u2588", scrollback_end(&stage->window->scrollback)));
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(parts_of_the_screen_never_overlap),
        test(parts_go_in_their_order_where_there_is_no_room),
        test(the_text_has_its_columns_at_every_width),
        test(the_names_column_is_as_wide_as_the_names),
        test(private_says_from_whom_and_to_whom),
        test(a_wide_screen),
        test(a_screen_of_80_columns),
        test(a_narrow_screen),
        test(no_row_passes_for_anothers),
        test(tiny_screens_show_the_input),
        test(styles_say_what_lines_are),
        test(the_mark_never_moves_the_text),
        test(nobody_there_leaves_no_mark),
        test(a_piece_of_a_long_text_has_no_time_and_no_author),
        test(pages_overlap_by_two_rows),
        test(up_and_down_is_where_it_was),
        test(a_long_line_is_read_row_by_row),
        test(a_place_that_is_gone_becomes_the_oldest),
        test(found_words_are_underlined),
        test(what_comes_below_is_told),
        test(a_long_answer_is_read_from_its_top),
        test(a_short_answer_is_no_page),
        test(what_is_seen_is_known),
        test(more_members_than_rows_are_counted),
        test(who_is_verified_has_a_mark),
        test(the_current_room_is_always_in_the_status),
        test(what_waits_is_counted),
        test(bootnodes_are_named),
        test(a_secret_room_has_a_lock),
        test(urls_lead_somewhere),
        test(a_url_of_several_rows_can_be_copied),
        test(nor_is_there_a_bar_in_it),
        test(the_mark_stands_behind_a_url),
        test(prompts_and_long_input_leave_the_cursor_in_sight),
        test(before_the_first_room_there_is_home),
        test(labels_are_cut_in_the_nick),
        test(a_code_has_the_whole_width),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("screen", tests, NULL, NULL);
}
