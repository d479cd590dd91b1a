#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "client/curses/columns.h"
#include "client/curses/late.h"
#include "client/curses/window.h"

#define NOON 1795435200000ull /* 2026-11-23 12:00 UTC */
#define DAY 86400000ull
#define ALICE 'a'

struct stage {
    struct conversations conversations;
    struct conversation *room;
    struct window *window;
    uint64_t now;
};

static struct event *event_of(enum event_type type, const char *text) {
    struct event *event = event_create(type, text, text ? strlen(text) : 0);
    event->room = "tea";
    memset(event->peer, ALICE, sizeof event->peer);
    strcpy(event->nick, "alice");
    return event;
}

static enum attention take(struct stage *stage, struct event *event) {
    const struct member *there = stage->room ? roster_find(&stage->room->roster, event->peer) : NULL;
    struct member before = there ? *there : (struct member){.known = false};
    struct conversation *room = conversations_apply(&stage->conversations, event);
    const struct member *author = room ? roster_find(&room->roster, event->peer) : NULL;
    if (event->type == EVENT_PEER_LEFT && there) author = &before; /* as models_take has it */
    enum attention attention = window_take(stage->window, &stage->conversations, room, event, author, stage->now);
    assert_true(window_holds(stage->window));
    event_destroy(event);
    return attention;
}

static int set_up(void **state) {
    struct stage *stage = calloc(1, sizeof *stage);
    struct event *joined = event_create(EVENT_JOINED, NULL, 0);
    setenv("TZ", "UTC0", 1);
    tzset();
    if (!stage) return -1;
    stage->now = NOON;
    if (!columns_init()) {
        free(stage);
        return -1;
    }
    conversations_init(&stage->conversations, "bob", "3333aaaa");
    joined->room = "tea";
    stage->room = conversations_apply(&stage->conversations, joined);
    stage->window = window_create();
    stage->room->view = stage->window;
    event_destroy(joined);
    take(stage, event_of(EVENT_PEER_JOINED, NULL));
    struct event *connected = event_of(EVENT_PEER_CONNECTED, NULL);
    strcpy(connected->fingerprint, "1a2b3c4d");
    connected->rtt_ms = 12;
    connected->cipher = "AES-256-GCM";
    take(stage, connected);
    *state = stage;
    return 0;
}

static int tear_down(void **state) {
    struct stage *stage = *state;
    window_destroy(stage->window);
    conversations_clear(&stage->conversations);
    free(stage);
    return 0;
}

static const struct line *last(const struct stage *stage) {
    return scrollback_line(&stage->window->scrollback, scrollback_end(&stage->window->scrollback) - 1);
}

static void expect(const struct stage *stage, enum line_kind kind, const char *author, const char *text) {
    const struct line *line = last(stage);
    assert_non_null(line);
    assert_int_equal(line->header.kind, kind);
    assert_int_equal(line->author_size, strlen(author));
    assert_memory_equal(line_author(line), author, strlen(author));
    assert_int_equal(line->text_size, strlen(text));
    assert_memory_equal(line_text(line), text, strlen(text));
}

static void a_message_has_its_authors_label(void **state) {
    struct stage *stage = *state;
    assert_int_equal(take(stage, event_of(EVENT_MESSAGE, "hello")), ATTENTION_MESSAGE);
    expect(stage, LINE_MESSAGE, "alice#1a2b", "hello");
    assert_false(last(stage)->header.own || last(stage)->header.mention);
    assert_int_equal(stage->window->spoke_count, 1);
    assert_int_equal(stage->window->spoke[0][0], ALICE);
}

static void what_is_said_is_filtered(void **state) {
    struct stage *stage = *state;
    take(stage, event_of(EVENT_MESSAGE, "a\x1b[2Jb\n\n"));
    expect(stage, LINE_MESSAGE, "alice#1a2b", "a\xef\xbf\xbd[2Jb");
}

static void who_comes_and_goes_is_a_line_that_grows(void **state) {
    struct stage *stage = *state;
    struct event *carl = event_of(EVENT_PEER_CONNECTED, NULL), *again = event_of(EVENT_PEER_CONNECTED, NULL);
    uint64_t end = scrollback_end(&stage->window->scrollback); /* of "alice#1a2b is here (direct, 12 ms)" */
    expect(stage, LINE_NOTICE, "", "alice#1a2b is here (direct, 12 ms)");
    memset(carl->peer, 'c', sizeof carl->peer);
    strcpy(carl->nick, "carl");
    strcpy(carl->fingerprint, "5e6f");
    carl->cipher = "AES-256-GCM";
    take(stage, carl);
    expect(stage, LINE_NOTICE, "", "alice#1a2b is here; → carl#5e6f came");
    take(stage, event_of(EVENT_PEER_LEFT, NULL));
    expect(stage, LINE_NOTICE, "", "alice#1a2b is here; → carl#5e6f came; ← alice#1a2b left");
    assert_int_equal(scrollback_end(&stage->window->scrollback), end);
    assert_true(scrollback_holds(&stage->window->scrollback));
    take(stage, event_of(EVENT_MESSAGE, "hello"));
    strcpy(again->fingerprint, "1a2b3c4d");
    again->cipher = "AES-256-GCM";
    take(stage, again);
    expect(stage, LINE_NOTICE, "", "alice#1a2b is here (direct, 0 ms)");
    assert_int_equal(scrollback_end(&stage->window->scrollback), end + 2);
}

static void our_nick_is_a_mention(void **state) {
    struct stage *stage = *state;
    assert_int_equal(take(stage, event_of(EVENT_MESSAGE, "Bob: look")), ATTENTION_MENTION);
    assert_true(last(stage)->header.mention);
    struct event *action = event_of(EVENT_MESSAGE, "waves");
    action->kind = CHAT_ACTION;
    assert_int_equal(take(stage, action), ATTENTION_MESSAGE);
    expect(stage, LINE_ACTION, "alice#1a2b", "waves");
}

static void private_says_to_whom(void **state) {
    struct stage *stage = *state;
    struct event *message = event_of(EVENT_MESSAGE, "psst"), *sent = event_of(EVENT_SENT, "what?");
    message->kind = sent->kind = CHAT_PRIVATE;
    sent->recipients = 1;
    strcpy(sent->id, "1-@1");
    assert_int_equal(take(stage, message), ATTENTION_MENTION);
    expect(stage, LINE_PRIVATE, "alice#1a2b \xe2\x86\x92 you", "psst");
    take(stage, sent);
    expect(stage, LINE_PRIVATE, "you \xe2\x86\x92 alice#1a2b", "what?");
    assert_true(last(stage)->header.own);
}

static void our_message_goes_from_pending_to_delivered(void **state) {
    struct stage *stage = *state;
    struct event *sent = event_of(EVENT_SENT, "hello"), *delivered = event_of(EVENT_DELIVERED, NULL);
    strcpy(sent->id, "1-1");
    strcpy(delivered->id, "1-1");
    sent->recipients = 1;
    assert_int_equal(take(stage, sent), ATTENTION_LINE);
    expect(stage, LINE_MESSAGE, "bob#3333", "hello");
    assert_int_equal(last(stage)->header.recipients, 1);
    assert_int_equal(last(stage)->header.delivered, 0);
    size_t count = stage->window->scrollback.count;
    assert_int_equal(take(stage, delivered), ATTENTION_NONE);
    assert_int_equal(stage->window->scrollback.count, count);
    assert_int_equal(last(stage)->header.delivered, 1);
}

static void who_left_before_is_shown_at_the_message(void **state) {
    struct stage *stage = *state;
    struct event *sent = event_of(EVENT_SENT, "hello"), *undelivered = event_of(EVENT_UNDELIVERED, NULL);
    strcpy(sent->id, "1-1");
    strcpy(undelivered->id, "1-1");
    sent->recipients = 1;
    take(stage, sent);
    uint64_t line = scrollback_end(&stage->window->scrollback) - 1;
    take(stage, undelivered);
    assert_int_equal(scrollback_line(&stage->window->scrollback, line)->header.undelivered, 1);
}

static void what_happens_is_said_in_the_plain_uis_words(void **state) {
    struct stage *stage = *state;
    struct event *error = event_of(EVENT_ERROR, "no \x1b such thing");
    expect(stage, LINE_NOTICE, "", "alice#1a2b is here (direct, 12 ms)");
    take(stage, error);
    expect(stage, LINE_ERROR, "", "no \xef\xbf\xbd such thing");
}

/* A fault is a line, but who is taken for another concerns the user as a word to them does. */
static void an_alarm_is_told_as_a_mention_is(void **state) {
    struct stage *stage = *state;
    assert_int_equal(take(stage, event_of(EVENT_ERROR, "no such thing")), ATTENTION_LINE);
    struct event *alarm = event_of(EVENT_ERROR, "KEY CHANGED");
    alarm->reason = EVENT_KEY_CHANGED;
    assert_int_equal(take(stage, alarm), ATTENTION_MENTION);
    expect(stage, LINE_ERROR, "", "KEY CHANGED");
}

static void two_of_one_nick_have_more_digits(void **state) {
    struct stage *stage = *state;
    struct event *second = event_of(EVENT_PEER_CONNECTED, NULL), *message = event_of(EVENT_MESSAGE, "me, too");
    memset(second->peer, ALICE + 1, sizeof second->peer);
    memset(message->peer, ALICE + 1, sizeof message->peer);
    strcpy(second->fingerprint, "99998888");
    second->cipher = "AES-256-GCM";
    take(stage, second);
    take(stage, event_of(EVENT_MESSAGE, "it is me"));
    expect(stage, LINE_MESSAGE, "alice#1a2b3c4d", "it is me");
    take(stage, message);
    expect(stage, LINE_MESSAGE, "alice#99998888", "me, too");
}

static void a_new_day_begins_with_a_line(void **state) {
    struct stage *stage = *state;
    const struct line *first = scrollback_line(&stage->window->scrollback, 0);
    assert_int_equal(first->header.kind, LINE_DAY);
    assert_memory_equal(line_text(first), "Monday, 23 November 2026", first->text_size);
    size_t count = stage->window->scrollback.count;
    take(stage, event_of(EVENT_MESSAGE, "one"));
    assert_int_equal(stage->window->scrollback.count, count + 1);
    stage->now += DAY;
    take(stage, event_of(EVENT_MESSAGE, "two"));
    assert_int_equal(stage->window->scrollback.count, count + 3);
}

static void the_last_to_speak_comes_first(void **state) {
    struct stage *stage = *state;
    for (int i = 0; i < 2 * WINDOW_SPOKE; i++) {
        struct event *event = event_of(EVENT_MESSAGE, "x");
        memset(event->peer, i, sizeof event->peer);
        take(stage, event);
    }
    assert_int_equal(stage->window->spoke_count, WINDOW_SPOKE);
    for (int i = 0; i < WINDOW_SPOKE; i++) assert_int_equal(stage->window->spoke[i][0], 2 * WINDOW_SPOKE - 1 - i);
    struct event *again = event_of(EVENT_MESSAGE, "x");
    memset(again->peer, 2 * WINDOW_SPOKE - 3, sizeof again->peer);
    take(stage, again);
    assert_int_equal(stage->window->spoke[0][0], 2 * WINDOW_SPOKE - 3);
    assert_int_equal(stage->window->spoke[2][0], 2 * WINDOW_SPOKE - 2);
    assert_int_equal(stage->window->spoke_count, WINDOW_SPOKE);
}

static void finding_goes_up(void **state) {
    struct stage *stage = *state;
    take(stage, event_of(EVENT_MESSAGE, "green tea"));
    uint64_t first = scrollback_end(&stage->window->scrollback) - 1;
    take(stage, event_of(EVENT_MESSAGE, "coffee"));
    take(stage, event_of(EVENT_MESSAGE, "black TEA"));
    assert_true(window_find(stage->window, "tea", WINDOW_NONE));
    assert_int_equal(stage->window->found, first + 2);
    assert_string_equal(stage->window->words, "tea");
    assert_true(window_find(stage->window, "tea", first + 2));
    assert_int_equal(stage->window->found, first);
    assert_false(window_find(stage->window, "tea", first));
    assert_int_equal(stage->window->found, WINDOW_NONE);
    assert_false(window_find(stage->window, "", WINDOW_NONE));
    assert_true(window_find(stage->window, "coffee", first + 2));
    assert_int_equal(stage->window->found, first + 1);
    scrollback_line(&stage->window->scrollback, first + 1)->header.unsearched = true;
    assert_false(window_find(stage->window, "coffee", first + 2));
}

static void what_comes_while_one_looks_elsewhere_is_news(void **state) {
    struct stage *stage = *state;
    assert_int_equal(stage->window->news, WINDOW_NONE);
    take(stage, event_of(EVENT_MESSAGE, "seen"));
    assert_int_equal(stage->window->news, WINDOW_NONE);
    stage->window->follows = false;
    take(stage, event_of(EVENT_MESSAGE, "one"));
    uint64_t one = scrollback_end(&stage->window->scrollback) - 1;
    take(stage, event_of(EVENT_MESSAGE, "two"));
    assert_int_equal(stage->window->news, one);
    window_follow(stage->window);
    assert_int_equal(stage->window->news, WINDOW_NONE);
    assert_true(stage->window->follows);
}

static void the_widest_name_that_spoke_is_known(void **state) {
    struct stage *stage = *state;
    struct event *long_name = event_of(EVENT_MESSAGE, "hello"), *back = event_of(EVENT_SENT, "hello");
    assert_int_equal(stage->window->names, 0);
    take(stage, event_of(EVENT_MESSAGE, "hello"));
    assert_int_equal(stage->window->names, columns_of("alice#1a2b", 10));
    strcpy(long_name->nick, "漢字漢字");
    long_name->kind = CHAT_PRIVATE; /* the arrow and whom it is for do not count */
    take(stage, long_name);
    assert_int_equal(stage->window->names, 13);
    back->kind = CHAT_PRIVATE;
    take(stage, back);
    assert_int_equal(stage->window->names, 13);
}

/* All pieces from a line on, put together again; each is within the bound and only the first has a time and an author.
 */
static size_t joined(const struct stage *stage, uint64_t first, char *out, size_t *pieces) {
    size_t size = 0;
    *pieces = 0;
    for (uint64_t number = first; number < scrollback_end(&stage->window->scrollback); number++, ++*pieces) {
        const struct line *line = scrollback_line(&stage->window->scrollback, number);
        assert_true(line->text_size <= WINDOW_LINE_MAX);
        assert_int_equal(line->header.at_ms != 0, number == first);
        assert_int_equal(line->author_size > 0, number == first);
        memcpy(out + size, line_text(line), line->text_size);
        size += line->text_size;
    }
    return size;
}

static void long_texts_become_several_lines(void **state) {
    static const char *const units[] = {"word ", "x", "e\xcc\x81", "\xe4\xb8\x96", "\xf0\x9f\x98\x80"};
    static char text[60001], out[sizeof text];
    struct stage *stage = *state;
    size_t pieces;
    for (unsigned i = 0; i < sizeof units / sizeof *units; i++) {
        size_t size = 0, unit = strlen(units[i]);
        for (; size + unit < sizeof text; size += unit) memcpy(text + size, units[i], unit);
        text[size] = '\0';
        uint64_t first = scrollback_end(&stage->window->scrollback);
        take(stage, event_of(EVENT_MESSAGE, text));
        if (scrollback_line(&stage->window->scrollback, first)->header.kind == LINE_DAY) first++;
        assert_int_equal(joined(stage, first, out, &pieces), size);
        assert_memory_equal(out, text, size);
        assert_in_range(pieces, size / WINDOW_LINE_MAX, size / WINDOW_LINE_MAX + 2);
        for (uint64_t number = first + 1; number < first + pieces; number++)
            assert_memory_equal(line_text(scrollback_line(&stage->window->scrollback, number)), units[i], unit);
    }
}

static void the_last_piece_tells_how_far_it_got(void **state) {
    static char text[10001];
    struct stage *stage = *state;
    memset(text, 'x', sizeof text - 1);
    for (unsigned i = 99; i < 10000; i += 100) text[i] = '\n';
    text[9999] = 'x';
    struct event *event = event_of(EVENT_SENT, text);
    strcpy(event->id, "1");
    event->recipients = 1;
    take(stage, event);
    uint64_t last = scrollback_end(&stage->window->scrollback) - 1;
    assert_int_equal(scrollback_line(&stage->window->scrollback, last)->header.recipients, 1);
    assert_int_equal(scrollback_line(&stage->window->scrollback, last - 1)->header.recipients, 0);
    /* The newline between two pieces is their border. */
    const struct line *before = scrollback_line(&stage->window->scrollback, last - 1);
    assert_int_equal(line_text(before)[before->text_size - 1], 'x');
    event = event_of(EVENT_DELIVERED, NULL);
    strcpy(event->id, "1");
    take(stage, event);
    assert_int_equal(scrollback_line(&stage->window->scrollback, last)->header.delivered, 1);
}

/* --- What came late --- */

/* Carl's, unless it is Alice's; said at that time. */
static void comes_late(struct stage *stage, char who, const char *text, uint64_t said) {
    struct event *event = event_of(EVENT_MESSAGE, text);
    event->late = event->history = true;
    event->said_ms = said;
    memset(event->peer, who, sizeof event->peer);
    if (who != ALICE) {
        strcpy(event->nick, "carl");
        snprintf(event->fingerprint, sizeof event->fingerprint, "%c0ffee00", who);
    }
    take(stage, event);
}

static void says_at(struct stage *stage, const char *text, uint64_t now) {
    stage->now = now;
    take(stage, event_of(EVENT_MESSAGE, text));
}

/* All texts, one a line. */
static void expect_texts(const struct stage *stage, const char *expected) {
    const struct scrollback *scrollback = &stage->window->scrollback;
    char text[8192];
    size_t size = 0;
    for (uint64_t number = scrollback->first; number < scrollback_end(scrollback); number++) {
        const struct line *line = scrollback_line(scrollback, number);
        assert_true(size + line->text_size + 2 < sizeof text);
        memcpy(text + size, line_text(line), line->text_size);
        size += line->text_size;
        text[size++] = '\n';
    }
    text[size] = '\0';
    assert_string_equal(text, expected);
}

#define TODAY "Monday, 23 November 2026\n"

static void what_came_late_stands_where_it_belongs(void **state) {
    struct stage *stage = *state;
    scrollback_clear(&stage->window->scrollback);
    stage->window->day = 0;
    says_at(stage, "one", NOON);
    says_at(stage, "three", NOON + 30000);
    says_at(stage, "five", NOON + 60000);
    comes_late(stage, 'c', "four", NOON + 45000);
    comes_late(stage, 'c', "after four", NOON + 45000);
    comes_late(stage, ALICE, "hers, after five", NOON + 1000); /* no author's lines change places */
    comes_late(stage, 'c', "before all", NOON - 3600000);      /* his own stay in order, too */
    says_at(stage, "six", NOON + 90000);
    expect_texts(stage, TODAY "one\nthree\n(late) four\n(late) after four\n(late) before all\nfive\n"
                              "(late) hers, after five\nsix\n");
}

static void another_days_have_that_day(void **state) {
    struct stage *stage = *state;
    const uint64_t midnight = NOON - DAY / 2;
    scrollback_clear(&stage->window->scrollback);
    stage->window->day = 0;
    says_at(stage, "early", midnight + 60000);
    comes_late(stage, 'c', "yesterday", midnight - 60000);
    comes_late(stage, 'd', "before yesterday", midnight - DAY - 60000);
    comes_late(stage, 'e', "today", midnight);
    says_at(stage, "later", midnight + 120000);
    expect_texts(stage, "Saturday, 21 November 2026\n(late) before yesterday\n"
                        "Sunday, 22 November 2026\n(late) yesterday\n" TODAY "(late) today\nearly\nlater\n");
}

/* The transcript's lines have no time; what is put in below them stands under its day, and they under theirs. */
static void below_what_is_of_the_transcript(void **state) {
    struct stage *stage = *state;
    scrollback_clear(&stage->window->scrollback);
    stage->window->day = 0;
    window_say(stage->window, LINE_OLD, "old", 3, NOON);
    window_say(stage->window, LINE_NOTICE, "notice", 6, NOON);
    comes_late(stage, 'c', "yesterday", NOON - DAY);
    expect_texts(stage, TODAY "old\nSunday, 22 November 2026\n(late) yesterday\n" TODAY "notice\n");
}

static void places_stay_where_they_were(void **state) {
    struct stage *stage = *state;
    struct window *window = stage->window;
    char text[32], long_text[3 * WINDOW_LINE_MAX];
    uint64_t said = NOON;
    for (unsigned i = 0; i < 30; i++) {
        snprintf(text, sizeof text, "line %u", i);
        says_at(stage, text, said += 1000);
    }
    struct event *sent = event_of(EVENT_SENT, "mine");
    strcpy(sent->id, "ours");
    sent->recipients = 1;
    stage->now = said += 1000;
    take(stage, sent);
    uint64_t mine = scrollback_end(&window->scrollback) - 1;
    window->marker = window->bottom = window->found = mine - 5;
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    window->follows = false;
    window->news = mine - 5;
    comes_late(stage, 'c', long_text, NOON + 28500); /* several lines, below these places and above ours */
    comes_late(stage, 'd', "near the end", said - 500);
    assert_int_equal(window->marker, mine - 5);
    comes_late(stage, 'e', "far up", NOON + 1500);
    assert_int_equal(window->bottom, mine - 5 + 1);
    assert_int_equal(window->found, mine - 5 + 1);
    assert_int_equal(window->news, mine - 5 + 1);
    assert_int_equal(window->page, WINDOW_NONE);
    struct event *delivered = event_of(EVENT_DELIVERED, NULL);
    strcpy(delivered->id, "ours");
    take(stage, delivered);
    assert_int_equal(
        scrollback_line(&window->scrollback, deliveries_find(&stage->room->deliveries, "ours")->line)->header.delivered,
        1);
    expect(stage, LINE_NOTICE, "", "some came late: they stand further up, marked (late)");
    comes_late(stage, 'f', "far up, too", NOON + 1500); /* told once */
    assert_int_equal(window->late, scrollback_end(&window->scrollback) - 1);
    expect(stage, LINE_NOTICE, "", "some came late: they stand further up, marked (late)");
}

/* The oldest lines go when there are too many, also those above which one was to stand. */
static void a_full_window_loses_its_oldest(void **state) {
    struct stage *stage = *state;
    for (unsigned i = 0; i < SCROLLBACK_LINES + 10; i++) says_at(stage, "x", NOON + 1000 + i * FLOOD_WITHIN_MS / 10);
    comes_late(stage, 'c', "before all", NOON);
    const struct scrollback *scrollback = &stage->window->scrollback;
    assert_int_equal(scrollback->count, SCROLLBACK_LINES);
    size_t late = 0;
    for (uint64_t number = scrollback->first; number < scrollback_end(scrollback); number++) {
        const struct line *line = scrollback_line(scrollback, number);
        late += line->text_size >= 6 && memcmp(line_text(line), "(late)", 6) == 0;
    }
    assert_true(late <= 1);
}

static void nor_do_the_others_change_their_day(void **state) {
    struct stage *stage = *state;
    const struct scrollback *scrollback = &stage->window->scrollback;
    for (unsigned i = 0; i < SCROLLBACK_LINES + 10; i++) says_at(stage, "x", NOON + 1000 + i * FLOOD_WITHIN_MS / 10);
    comes_late(stage, 'c', "today", NOON);
    assert_int_equal(late_day_of(scrollback, scrollback_end(scrollback)), 0); /* its line is gone, and not missed */
    comes_late(stage, 'd', "yesterday", NOON - DAY);
    assert_int_equal(late_day(late_day_of(scrollback, scrollback_end(scrollback))), late_day(NOON));
    uint64_t number = scrollback->first;
    while (scrollback_line(scrollback, number)->author_size == 0) number++;
    assert_int_equal(scrollback_line(scrollback, number)->text_size, strlen("(late) yesterday"));
    assert_int_equal(late_day(late_day_of(scrollback, number)), late_day(NOON - DAY));
    assert_int_equal(scrollback_line(scrollback, number + 1)->header.kind, LINE_DAY);
}

static void expect_at(const struct stage *stage, uint64_t number, const char *text) {
    const struct line *line = scrollback_line(&stage->window->scrollback, number);
    assert_non_null(line);
    assert_int_equal(line->text_size, strlen(text));
    assert_memory_equal(line_text(line), text, strlen(text));
}

static enum attention another_says(struct stage *stage, const char *text) {
    struct event *event = event_of(EVENT_MESSAGE, text);
    memset(event->peer, 'c', sizeof event->peer);
    strcpy(event->nick, "carl");
    strcpy(event->fingerprint, "5e6f0000");
    return take(stage, event);
}

static void flood(struct stage *stage, int lines) {
    while (lines-- > 0) take(stage, event_of(EVENT_MESSAGE, "spam"));
}

static void who_says_too_much_has_one_line_that_grows(void **state) {
    struct stage *stage = *state;
    const struct scrollback *scrollback = &stage->window->scrollback;
    flood(stage, FLOOD_LINES);
    expect(stage, LINE_MESSAGE, "alice#1a2b", "spam");
    assert_int_equal(take(stage, event_of(EVENT_MESSAGE, "one")), ATTENTION_MESSAGE);
    uint64_t place = scrollback_end(scrollback) - 1;
    expect(stage, LINE_NOTICE, "", "1 more line of alice#1a2b: /unfold alice#1a2b shows them");
    another_says(stage, "who is that?");
    expect(stage, LINE_MESSAGE, "carl#5e6f", "who is that?");
    assert_int_equal(take(stage, event_of(EVENT_MESSAGE, "bob, two")), ATTENTION_MENTION);
    assert_int_equal(take(stage, event_of(EVENT_MESSAGE, "bob, three")), ATTENTION_MESSAGE);
    assert_int_equal(scrollback_end(scrollback), place + 2);
    expect_at(stage, place, "3 more lines of alice#1a2b, with your nick: /unfold alice#1a2b shows them");
    assert_int_equal(stage->window->spoke[0][0], ALICE);
    stage->now += FLOOD_QUIET_MS;
    take(stage, event_of(EVENT_MESSAGE, "sorry"));
    expect(stage, LINE_MESSAGE, "alice#1a2b", "sorry");
}

static void that_line_moves_with_what_stands_above_it(void **state) {
    struct stage *stage = *state;
    flood(stage, FLOOD_LINES + 1);
    uint64_t place = scrollback_end(&stage->window->scrollback) - 1;
    comes_late(stage, 'c', "before all", NOON - 1000);
    flood(stage, 1);
    expect_at(stage, place + 1, "2 more lines of alice#1a2b: /unfold alice#1a2b shows them");
    scrollback_clear(&stage->window->scrollback);
    flood(stage, 1);
    expect(stage, LINE_NOTICE, "", "3 more lines of alice#1a2b: /unfold alice#1a2b shows them");
}

static void and_says_so_once_what_it_counts_was_shown(void **state) {
    struct stage *stage = *state;
    struct flood *alice;
    flood(stage, FLOOD_LINES + 2);
    uint64_t place = scrollback_end(&stage->window->scrollback) - 1;
    assert_non_null(alice = floods_find(&stage->room->floods, "1a2b3c4d"));
    window_unfolded(stage->window, alice);
    expect_at(stage, place, "2 more lines of alice#1a2b: shown below");
    stage->now += FLOOD_QUIET_MS;
    flood(stage, FLOOD_LINES + 1);
    expect(stage, LINE_NOTICE, "", "1 more line of alice#1a2b: /unfold alice#1a2b shows them");
    expect_at(stage, place, "2 more lines of alice#1a2b: shown below");
    scrollback_clear(&stage->window->scrollback);
    window_unfolded(stage->window, alice);
    assert_int_equal(stage->window->scrollback.count, 0);
}

static void a_flood_is_shown_where_the_user_wants_it(void **state) {
    struct stage *stage = *state;
    const struct client_config settings = {.flood = FLOOD_OFF};
    stage->conversations.settings = &settings;
    flood(stage, 3 * FLOOD_LINES);
    expect(stage, LINE_MESSAGE, "alice#1a2b", "spam");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_message_has_its_authors_label),
        TEST(what_is_said_is_filtered),
        TEST(who_comes_and_goes_is_a_line_that_grows),
        TEST(our_nick_is_a_mention),
        TEST(private_says_to_whom),
        TEST(our_message_goes_from_pending_to_delivered),
        TEST(who_left_before_is_shown_at_the_message),
        TEST(what_happens_is_said_in_the_plain_uis_words),
        TEST(an_alarm_is_told_as_a_mention_is),
        TEST(two_of_one_nick_have_more_digits),
        TEST(a_new_day_begins_with_a_line),
        TEST(the_last_to_speak_comes_first),
        TEST(finding_goes_up),
        TEST(what_comes_while_one_looks_elsewhere_is_news),
        TEST(the_widest_name_that_spoke_is_known),
        TEST(long_texts_become_several_lines),
        TEST(the_last_piece_tells_how_far_it_got),
        TEST(what_came_late_stands_where_it_belongs),
        TEST(another_days_have_that_day),
        TEST(below_what_is_of_the_transcript),
        TEST(places_stay_where_they_were),
        TEST(a_full_window_loses_its_oldest),
        TEST(who_says_too_much_has_one_line_that_grows),
        TEST(that_line_moves_with_what_stands_above_it),
        TEST(and_says_so_once_what_it_counts_was_shown),
        TEST(a_flood_is_shown_where_the_user_wants_it),
        TEST(nor_do_the_others_change_their_day),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
