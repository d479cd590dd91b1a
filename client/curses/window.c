#include "client/curses/window.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/curses/columns.h"
#include "client/curses/label.h"
#include "client/curses/late.h"
#include "client/curses/mention.h"
#include "client/look/palette.h"
#include "client/ui/plain.h"
#include "common/holds.h"
#include "common/memory.h"

struct window *window_create(void) {
    struct window *window = allocate_zeroed(1, sizeof *window);
    window_follow(window);
    window->marker = window->found = window->late = window->coming = WINDOW_NONE;
    return window;
}

void window_destroy(struct window *window) {
    if (!window) return;
    scrollback_clear(&window->scrollback);
    outbox_clear(&window->outbox);
    free(window->words);
    free(window->draft);
    free(window);
}

static bool is_line(const struct window *window, uint64_t number) {
    return number == WINDOW_NONE || number < scrollback_end(&window->scrollback);
}

bool window_holds(const struct window *window) {
    if (window->follows && (window->page != WINDOW_NONE || window->news != WINDOW_NONE)) return false;
    if (window->spoke_count > WINDOW_SPOKE || (window->draft && window->draft_cursor > strlen(window->draft)))
        return false;
    return is_line(window, window->found) && is_line(window, window->late) && is_line(window, window->coming);
}

/* --- Lines --- */

static void begin_day(struct window *window, uint64_t wall_ms) {
    uint64_t day = late_day(wall_ms);
    if (day == 0 || day == window->day) return;
    window->day = day;
    late_day_line(&window->scrollback, wall_ms);
}

/* How much of a long text is a line: up to a newline or blank where there is one, else whole clusters. */
static size_t piece_of(const char *text, size_t size) {
    if (size <= WINDOW_LINE_MAX) return size;
    const char *stop = memrchr(text, '\n', WINDOW_LINE_MAX);
    if (!stop) stop = memrchr(text, ' ', WINDOW_LINE_MAX);
    if (stop && stop > text) return (size_t)(stop + 1 - text);
    size_t at = WINDOW_LINE_MAX;
    while (at > 1 && ((unsigned char)text[at] & 0xc0) == 0x80) at--;
    size_t start = columns_cluster_before(text, at);
    return start > 0 ? start : at;
}

/* Returns the number of the last line: the one that tells how far the message got. */
static uint64_t add_pieces(struct scrollback *scrollback, const struct line_header *header, const char *author,
                           const char *text, size_t size) {
    struct line_header piece = *header;
    for (;;) {
        size_t taken = piece_of(text, size), shown = taken < size && text[taken - 1] == '\n' ? taken - 1 : taken;
        piece.recipients = taken == size ? header->recipients : 0;
        uint64_t number = scrollback_add(scrollback, &piece, author, strlen(author), text, shown);
        if (taken == size) return number;
        text += taken;
        size -= taken;
        author = "";
        piece.at_ms = 0;
        piece.mention = false;
        if (piece.kind == LINE_ACTION) piece.kind = LINE_MESSAGE;
    }
}

static uint64_t add(struct window *window, const struct line_header *header, const char *author, const char *text,
                    size_t size) {
    if (!window->follows && window->news == WINDOW_NONE) window->news = scrollback_end(&window->scrollback);
    begin_day(window, header->at_ms);
    return add_pieces(&window->scrollback, header, author, text, size);
}

void window_say(struct window *window, enum line_kind kind, const char *text, size_t size, uint64_t wall_ms) {
    struct line_header header = {.at_ms = wall_ms, .kind = kind};
    size_t capacity = 3 * size + 1;
    char *filtered = allocate(capacity);
    size = text_filter(text, size, true, filtered, capacity);
    add(window, &header, "", filtered, size);
    free(filtered);
}

void window_code(struct window *window, const char *picture) {
    const struct line_header header = {.kind = LINE_CODE, .unsearched = true};
    for (const char *end; (end = strchr(picture, '\n')); picture = end + 1)
        (void)scrollback_add(&window->scrollback, &header, "", 0, picture, (size_t)(end - picture));
}

/* --- What came late --- */

#define NEAR_LINES 10 /* from the end: still on the screen of whoever reads there */
#define LATE_TOLD "some came late: they stand further up, marked " LATE_MARK

/* Lines were put in before line `place`: what stood there and below it, up to line `end`, has other numbers. */
static void renumber(struct window *window, struct conversation *conversation, uint64_t place, uint64_t end) {
    uint64_t *const numbers[] = {&window->marker, &window->bottom, &window->page,  &window->news,
                                 &window->found,  &window->late,   &window->coming};
    uint64_t count = scrollback_end(&window->scrollback) - end;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (*numbers[i] >= place && *numbers[i] < end) *numbers[i] += count;
    if (!conversation) return;
    struct deliveries *deliveries = &conversation->deliveries;
    for (size_t i = 0; i < deliveries->count; i++) {
        struct delivery *delivery = &deliveries->items[(deliveries->first + i) % DELIVERIES_MAX];
        if (delivery->line >= place && delivery->line < end) delivery->line += count;
    }
    for (size_t i = 0; i < conversation->floods.count; i++) {
        struct flood *flood = conversation->floods.list[i];
        if (flood->place >= place && flood->place < end) flood->place += count;
    }
}

/* Who reads at the end, or further up, would not see it. Told again only where something was shown since. */
static void tell_late(struct window *window, uint64_t wall_ms) {
    if (window->late != WINDOW_NONE && window->late + 1 == scrollback_end(&window->scrollback)) return;
    window_say(window, LINE_NOTICE, LATE_TOLD, strlen(LATE_TOLD) - 1, wall_ms);
    window->late = scrollback_end(&window->scrollback) - 1;
}

/* Where it belongs by its time; under a day line of its own where that is of another day. */
static void add_late(struct window *window, struct conversation *conversation, const struct line_header *header,
                     const char *author, const char *text, size_t size, uint64_t wall_ms) {
    struct scrollback *scrollback = &window->scrollback;
    uint64_t place = late_place(scrollback, header->at_ms, author, strlen(author)), end = scrollback_end(scrollback);
    if (place == end) {
        add(window, header, author, text, size);
        return;
    }
    const struct line_header *below = &scrollback_line(scrollback, place)->header;
    uint64_t day = late_day_of(scrollback, place), from = end;
    if (day == 0) day = below->at_ms; /* the line with which it began is among those that had to go */
    bool heading = late_day(day) != late_day(header->at_ms), day_goes_on = heading && below->kind != LINE_DAY;
    if (heading) late_day_line(scrollback, header->at_ms);
    add_pieces(scrollback, header, author, text, size);
    if (day_goes_on) late_day_line(scrollback, day);
    if (place < scrollback->first) place = scrollback->first;
    if (from < scrollback->first) from = scrollback->first;
    for (uint64_t to = place; from < scrollback_end(scrollback); from++, to++) scrollback_lift(scrollback, from, to);
    renumber(window, conversation, place, end);
    if (end - place > NEAR_LINES || !window->follows) tell_late(window, wall_ms);
}

/* --- What is said --- */

static void fit_name(struct window *window, const char *label) {
    unsigned columns = columns_of(label, strlen(label));
    if (columns > window->names) window->names = columns;
}

static const enum line_kind line_kinds[CHAT_KINDS] = {
    [CHAT_TEXT] = LINE_MESSAGE, [CHAT_ACTION] = LINE_ACTION, [CHAT_NICK] = LINE_NOTICE, [CHAT_PRIVATE] = LINE_PRIVATE};

static void remember_speaker(struct window *window, const uint8_t id[static MEMBER_ID_SIZE]) {
    size_t at = 0;
    while (at < window->spoke_count && memcmp(window->spoke[at], id, MEMBER_ID_SIZE) != 0) at++;
    if (at == window->spoke_count) {
        if (window->spoke_count < WINDOW_SPOKE)
            window->spoke_count++;
        else
            at--;
    }
    memmove(window->spoke[1], window->spoke[0], at * MEMBER_ID_SIZE);
    memcpy(window->spoke[0], id, MEMBER_ID_SIZE);
}

static char *message_text(const struct event *event, size_t *size) {
    size_t mark = event->late ? strlen(LATE_MARK) : 0, capacity = mark + 3 * event->text_size + 1;
    char *text = allocate(capacity);
    memcpy(text, LATE_MARK, mark);
    *size = mark + text_filter(event->text, event->text_size, true, text + mark, capacity - mark);
    while (*size > 0 && text[*size - 1] == '\n') text[--*size] = '\0';
    return text;
}

static enum attention take_message(struct window *window, const struct conversations *conversations,
                                   struct conversation *conversation, const struct event *event,
                                   const struct member *author, uint64_t wall_ms) {
    char label[ROSTER_LABEL_SIZE], shown[2 * ROSTER_LABEL_SIZE];
    size_t size;
    char *text = message_text(event, &size);
    struct line_header header = {.at_ms = event->history || event->late ? event->said_ms : wall_ms,
                                 .kind = line_kinds[event->kind]};
    const char *fingerprint = author ? author->fingerprint : event->fingerprint;
    roster_label_among(conversation ? &conversation->roster : NULL, event->nick, fingerprint, event->peer, label);
    header.colour = palette_nick(fingerprint);
    header.mention = event->kind == CHAT_PRIVATE || mention_in(event->text, event->text_size, conversations->nick);
    snprintf(shown, sizeof shown, event->kind == CHAT_PRIVATE ? "%s" LABEL_ARROW LABEL_YOU : "%s", label);
    fit_name(window, label);
    if (event->late)
        add_late(window, conversation, &header, shown, text, size, wall_ms);
    else
        add(window, &header, shown, text, size);
    free(text);
    if (event->history) return ATTENTION_LINE; /* it was said long ago: no bell, and nothing new */
    remember_speaker(window, event->peer);
    return header.mention ? ATTENTION_MENTION : ATTENTION_MESSAGE;
}

/* It grows where it stands, whatever else is said below it. */
static void grow_flood(struct window *window, struct flood *flood, uint64_t wall_ms) {
    char *text = flood_text(flood);
    size_t size = strlen(text);
    if (flood->place != FLOOD_NOWHERE && scrollback_line(&window->scrollback, flood->place)) {
        scrollback_change(&window->scrollback, flood->place, text, size);
    } else {
        window_say(window, LINE_NOTICE, text, size, wall_ms);
        flood->place = scrollback_end(&window->scrollback) - 1;
    }
    free(text);
}

void window_unfolded(struct window *window, struct flood *flood) {
    char *text = flood_text_shown(flood);
    scrollback_change(&window->scrollback, flood->place, text, strlen(text)); /* nothing where it is no line any more */
    flood->place = FLOOD_NOWHERE;
    free(text);
}

static enum attention take_said(struct window *window, const struct conversations *conversations,
                                struct conversation *conversation, const struct event *event,
                                const struct member *author, uint64_t wall_ms) {
    const char *fingerprint = author ? author->fingerprint : event->fingerprint;
    char label[ROSTER_LABEL_SIZE];
    bool first_mention, off = conversations_flood(conversations) == FLOOD_OFF;
    if (!conversation || off) return take_message(window, conversations, conversation, event, author, wall_ms);
    roster_label_among(&conversation->roster, event->nick, fingerprint, event->peer, label);
    bool mentions = event->kind == CHAT_PRIVATE || mention_in(event->text, event->text_size, conversations->nick);
    const struct flood_said said = {event, fingerprint, label, mentions};
    struct flood *flood = floods_take(&conversation->floods, &said, wall_ms, &first_mention);
    if (!flood) return take_message(window, conversations, conversation, event, author, wall_ms);
    grow_flood(window, flood, wall_ms);
    remember_speaker(window, event->peer);
    return first_mention ? ATTENTION_MENTION : ATTENTION_MESSAGE;
}

static enum attention take_sent(struct window *window, const struct conversations *conversations,
                                struct conversation *conversation, const struct event *event,
                                const struct member *author, uint64_t wall_ms) {
    char label[ROSTER_LABEL_SIZE], shown[2 * ROSTER_LABEL_SIZE];
    size_t size;
    char *text = message_text(event, &size);
    struct line_header header = {.at_ms = wall_ms, .kind = line_kinds[event->kind], .own = true};
    struct delivery *delivery = deliveries_find(&conversation->deliveries, event->id);
    header.colour = palette_nick(conversations->fingerprint);
    header.recipients = (uint16_t)event->recipients;
    conversations_own_label(conversations, conversation, shown);
    if (event->kind == CHAT_PRIVATE) {
        roster_label_among(&conversation->roster, event->nick, author ? author->fingerprint : "", event->peer, label);
        snprintf(shown, sizeof shown, LABEL_YOU LABEL_ARROW "%s", label);
    }
    uint64_t line = add(window, &header, shown, text, size);
    if (delivery) delivery->line = line;
    free(text);
    return ATTENTION_LINE;
}

static enum attention take_answer(struct window *window, struct conversation *conversation, const struct event *event) {
    const struct delivery *delivery = deliveries_find(&conversation->deliveries, event->id);
    struct line *line = delivery ? scrollback_line(&window->scrollback, delivery->line) : NULL;
    if (line && line->header.own) {
        line->header.delivered = (uint16_t)delivery->delivered;
        line->header.undelivered = (uint16_t)delivery->undelivered;
    }
    return ATTENTION_NONE;
}

/* --- What happens --- */

/* The plain UI has the words for it: "* bob left", "! no such …"; what leads them is for lines without colours. */
static enum attention take_notice(struct window *window, const struct conversation *conversation,
                                  const struct event *event, uint64_t wall_ms) {
    char *lines = ui_plain_line_among(event, conversation ? &conversation->roster : NULL), *rest = lines;
    enum line_kind kind = event->type == EVENT_ERROR ? LINE_ERROR : LINE_NOTICE;
    if (!lines) return ATTENTION_NONE;
    for (char *line; (line = strsep(&rest, "\n"));) {
        if (line[0] == '\0') continue;
        if ((line[0] == '*' || line[0] == '!') && line[1] == ' ') line += 2;
        window_say(window, kind, line, strlen(line), wall_ms);
    }
    free(lines);
    return event->reason ? ATTENTION_MENTION : ATTENTION_LINE; /* an alarm */
}

/* It grows while nothing else stands below it. */
static enum attention take_folded(struct window *window, const struct comings *comings, uint64_t wall_ms) {
    char *text = comings_text(comings);
    size_t size = strlen(text);
    if (window->coming != WINDOW_NONE)
        scrollback_change(&window->scrollback, window->coming, text, size);
    else
        window_say(window, LINE_NOTICE, text, size, wall_ms);
    free(text);
    return ATTENTION_LINE;
}

/* What of it is a coming or a going; COMINGS_OTHER: nothing, or each is a line of its own. */
static enum comings_told fold(struct window *window, const struct conversations *conversations,
                              struct conversation *conversation, const struct event *event, const struct member *author,
                              uint64_t wall_ms) {
    if (!conversation) return COMINGS_OTHER;
    if (window->coming == WINDOW_NONE || window->coming + 1 != scrollback_end(&window->scrollback)) {
        comings_end(&conversation->comings);
        window->coming = WINDOW_NONE;
    }
    return comings_take(&conversation->comings,
                        &(struct coming){event, author, conversation->roster.count, conversations_joins(conversations)},
                        wall_ms);
}

static enum attention show_other(struct window *window, const struct conversations *conversations,
                                 struct conversation *conversation, const struct event *event,
                                 const struct member *author, uint64_t wall_ms) {
    switch (event->type) {
    case EVENT_MESSAGE: return take_said(window, conversations, conversation, event, author, wall_ms);
    case EVENT_SENT: return take_sent(window, conversations, conversation, event, author, wall_ms);
    case EVENT_DELIVERED:
    case EVENT_UNDELIVERED: return take_answer(window, conversation, event);
    case EVENT_PEER_JOINED: return ATTENTION_NONE; /* the list of members shows who is on the way */
    default: return take_notice(window, conversation, event, wall_ms);
    }
}

static enum attention show(struct window *window, const struct conversations *conversations,
                           struct conversation *conversation, const struct event *event, const struct member *author,
                           uint64_t wall_ms) {
    enum attention attention = ATTENTION_NONE;
    switch (fold(window, conversations, conversation, event, author, wall_ms)) {
    case COMINGS_HIDDEN: return ATTENTION_NONE;
    case COMINGS_OTHER: return show_other(window, conversations, conversation, event, author, wall_ms);
    case COMINGS_ALONE: attention = take_notice(window, conversation, event, wall_ms); break;
    case COMINGS_FOLDED: attention = take_folded(window, &conversation->comings, wall_ms);
    }
    window->coming = scrollback_end(&window->scrollback) - 1;
    return attention;
}

enum attention window_take(struct window *window, const struct conversations *conversations,
                           struct conversation *conversation, const struct event *event, const struct member *author,
                           uint64_t wall_ms) {
    enum attention attention = show(window, conversations, conversation, event, author, wall_ms);
    HOLDS(window_holds(window));
    return attention;
}

/* --- Places --- */

void window_seen(struct window *window) {
    window->marker = WINDOW_NONE;
    window->unread = window->mentions = 0;
}

void window_follow(struct window *window) {
    window->follows = true;
    window->page = window->news = WINDOW_NONE;
}

void window_page(struct window *window, uint64_t line) {
    window->follows = false;
    window->page = line;
}

bool window_find(struct window *window, const char *words, uint64_t before) {
    if (!window->words || strcmp(window->words, words) != 0) {
        free(window->words);
        window->words = strdup(words);
    }
    if (window->words && scrollback_find(&window->scrollback, words, before, &window->found)) return true;
    window->found = WINDOW_NONE;
    return false;
}
