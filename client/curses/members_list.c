#include "client/curses/members_list.h"

#include <stdio.h>
#include <string.h>

#include "client/curses/label.h"

#define VERIFIED "✓" /* beside the dot, where there is always room */

static const struct dot {
    const char *sign;
    struct style style;
} connecting = {"○", {COLOUR_WARNING, 0}}, direct = {"●", {COLOUR_GOOD, 0}}, relayed = {"◐", {COLOUR_WARNING, 0}},
  blocked = {"✗", {COLOUR_BAD, 0}};

static const struct dot *dot_of(const struct member *member) {
    switch (member->standing) {
    case STANDING_CONNECTED: return member->relayed ? &relayed : &direct;
    case STANDING_BLOCKED: return &blocked;
    default: return &connecting;
    }
}

/* How far away, in a few columns. */
static void distance(const struct member *member, char out[static 16]) {
    *out = '\0';
    if (member->standing == STANDING_BLOCKED)
        snprintf(out, 16, "blocked");
    else if (member->standing != STANDING_CONNECTED)
        return;
    else if (member->relayed)
        snprintf(out, 16, "relay");
    else if (member->rtt_ms >= 999.5)
        snprintf(out, 16, "%.1f s", member->rtt_ms < 99000 ? member->rtt_ms / 1000 : 99);
    else if (member->rtt_ms > 0)
        snprintf(out, 16, member->rtt_ms < 0.95 ? "%.1f ms" : "%.0f ms", member->rtt_ms);
}

/* The name goes before the distance: what is beside it is there only where the whole name is, too. */
static void draw_row(struct canvas *canvas, struct rect row, const struct dot *dot, const char *name,
                     struct style style, const char *right) {
    unsigned end = row.column + row.columns, right_columns = columns_of(right, strlen(right));
    bool both = right_columns > 0 && 2 + columns_of(name, strlen(name)) + 1 + right_columns <= row.columns;
    unsigned label_end = both ? end - right_columns - 1 : end;
    unsigned column = row.column;
    if (dot) canvas_text(canvas, row.row, column, end, dot->sign, strlen(dot->sign), dot->style);
    column += 2;
    struct label label = label_of(name, strlen(name), label_end > column ? label_end - column : 0);
    label_draw(canvas, row.row, column, label_end, &label, style);
    if (label_end < end)
        canvas_text(canvas, row.row, label_end + 1, end, right, right_columns > 0 ? strlen(right) : 0,
                    (struct style){COLOUR_TIME, 0});
}

static void draw_member(struct canvas *canvas, struct rect row, const struct member *member) {
    struct style style = {(uint8_t)(COLOUR_NICK + palette_nick(member->fingerprint)), 0};
    char right[16];
    if (!member->known) style.colour = COLOUR_DEFAULT;
    distance(member, right);
    draw_row(canvas, row, dot_of(member), member->label, style, right);
    if (member->verified)
        canvas_text(canvas, row.row, row.column + 1, row.column + 2, VERIFIED, strlen(VERIFIED),
                    (struct style){COLOUR_GOOD, 0});
}

void members_list_count(const struct conversation *conversation, char out[static 32]) {
    size_t count = conversation->roster.count + 1;
    snprintf(out, 32, "%zu member%s", count, count == 1 ? "" : "s");
}

void members_list_draw(struct canvas *canvas, struct rect rect, const struct conversations *conversations,
                       const struct conversation *conversation) {
    const struct roster *roster = &conversation->roster;
    struct rect row = {rect.row, rect.column, 1, rect.columns};
    unsigned last = rect.row + rect.rows - 1;
    char text[32], label[ROSTER_LABEL_SIZE];
    if (rect.rows == 0 || rect.columns < 4) return;
    members_list_count(conversation, text);
    canvas_text(canvas, row.row, row.column, row.column + row.columns, text, strlen(text),
                (struct style){COLOUR_DEFAULT, STYLE_BOLD});
    if (++row.row > last) return;
    bool chosen = conversations->settings && conversations->settings->own_colours.chosen[COLOUR_OWN];
    uint8_t nick = (uint8_t)(COLOUR_NICK + palette_nick(conversations->fingerprint));
    struct style own = {chosen ? COLOUR_OWN : nick, STYLE_BOLD};
    conversations_own_label(conversations, conversation, label);
    draw_row(canvas, row, NULL, label, own, "you");
    size_t room = last - row.row;
    size_t shown = roster->count <= room ? roster->count : room > 0 ? room - 1 : 0;
    for (size_t i = 0; i < shown; i++) {
        row.row++;
        draw_member(canvas, row, &roster->members[i]);
    }
    if (shown == roster->count || ++row.row > last) return;
    snprintf(text, sizeof text, "+%zu more", roster->count - shown);
    canvas_text(canvas, row.row, row.column + 2, row.column + row.columns, text, strlen(text),
                (struct style){COLOUR_TIME, 0});
}
