#include "client/ui/plain.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/ui/roster.h"
#include "client/ui/safety_lines.h"
#include "common/memory.h"

#define PEER_BYTES_SHOWN 4
#define CLOCK_SIZE 48

struct printing {
    FILE *out;
    const struct roster *roster; /* of the room; NULL: nobody is compared */
};

/* Nick and digits, of whom that is always said. */
static const char *whole_label(const struct printing *to, const struct event *event,
                               char out[static ROSTER_LABEL_SIZE]) {
    roster_label_among(to->roster, event->nick, event->fingerprint, event->peer, out);
    return out;
}

/* The nick, with digits of the key where somebody else in the room is alike; the beginning of the member id while
 * neither is known. */
static const char *label(const struct printing *to, const struct event *event, char out[static ROSTER_LABEL_SIZE]) {
    if (to->roster && *event->nick && roster_has_alike(to->roster, event->nick, event->fingerprint))
        return whole_label(to, event, out);
    if (text_filter(event->nick, strlen(event->nick), false, out, ROSTER_LABEL_SIZE) > 0) return out;
    return sodium_bin2hex(out, ROSTER_LABEL_SIZE, event->peer, PEER_BYTES_SHOWN);
}

static char *filtered(const char *text, size_t size, bool multiline) {
    size_t capacity = 3 * size + 1;
    char *out = allocate(capacity);
    text_filter(text, size, multiline, out, capacity);
    return out;
}

/* What is printed before and after the author's name. No nick begins with '*', so no message looks like another kind.
 */
static const struct {
    const char *before, *after;
} frames[CHAT_KINDS] = {
    [CHAT_TEXT] = {"", ":"},
    [CHAT_ACTION] = {"** ", ""},
    [CHAT_PRIVATE] = {"*private* ", ":"},
};

static bool is_same_day(const struct tm *a, const struct tm *b) {
    return a->tm_year == b->tm_year && a->tm_yday == b->tm_yday;
}

/* When it was said, by our clock, if that was not just now; with the date where it was not today, and "late" where what
 * was said after it stands before it. No nick begins with '['. */
static void clock_of(const struct event *event, char out[static CLOCK_SIZE]) {
    time_t said = (time_t)(event->said_ms / 1000), shown = (time_t)(event->shown_ms / 1000);
    struct tm then, today;
    *out = '\0';
    if (!(event->history || event->late) || !localtime_r(&said, &then) || !localtime_r(&shown, &today)) return;
    size_t size = strftime(out, CLOCK_SIZE, is_same_day(&then, &today) ? "[%H:%M" : "[%F %H:%M", &then);
    snprintf(out + size, CLOCK_SIZE - size, event->late ? " late] " : "] ");
}

/* Who did not say it here is shown with the digits of the key: the nick is its own word. */
static const char *author(const struct printing *to, const struct event *event, char out[static ROSTER_LABEL_SIZE]) {
    return event->history ? whole_label(to, event, out) : label(to, event, out);
}

/* Each line has its author in front, so that no text can look like another line. */
static void print_message(const struct printing *to, const struct event *event) {
    char clock[CLOCK_SIZE], name[ROSTER_LABEL_SIZE], *text = filtered(event->text, event->text_size, true),
                                                     *rest = text;
    size_t size = strlen(text);
    while (size > 0 && text[size - 1] == '\n') text[--size] = '\0';
    clock_of(event, clock);
    author(to, event, name);
    for (char *line; (line = strsep(&rest, "\n"));)
        fprintf(to->out, "%s%s%s%s %s\n", clock, frames[event->kind].before, name, frames[event->kind].after, line);
    free(text);
}

static void print_lost(const struct printing *to, const struct event *event) {
    char name[ROSTER_LABEL_SIZE];
    (void)whole_label(to, event, name);
    fprintf(to->out, "* %" PRIu64 " message%s of %s %s %s\n", event->lost, event->lost == 1 ? "" : "s", name,
            event->lost == 1 ? "was" : "were",
            event->misdated ? "left out: the time they bear is wrong, or long ago" : "lost");
}

static void print_room(const struct printing *to, const struct event *event, const char *what) {
    char *name = filtered(event->room, strlen(event->room), false);
    fprintf(to->out, "* %s %s\n", what, name);
    free(name);
}

static void print_entered(const struct printing *to, const struct event *event) {
    print_room(to, event, "joined");
}

static void print_parted(const struct printing *to, const struct event *event) {
    print_room(to, event, "left");
}

static void print_registered(const struct printing *to, const struct event *event) {
    char bootnode[ADDRESS_TEXT_SIZE], mapped[ADDRESS_TEXT_SIZE];
    fprintf(to->out, "* registered at %s", address_format(&event->bootnode, bootnode));
    if (event->has_node) fprintf(to->out, " (node %u of %s)", event->node_id, event->bootnode_name);
    fprintf(to->out, ", which sees us as %s\n", address_format(&event->mapped, mapped));
}

static void print_joined(const struct printing *to, const struct event *event) {
    char name[ROSTER_LABEL_SIZE];
    fprintf(to->out, "* %s is arriving\n", label(to, event, name));
}

/* "direct", "through the bootnode", "through dora": a nick is somebody else's text. */
static void print_way(const struct printing *to, const struct event *event) {
    char *relay = filtered(event->relay, strlen(event->relay), false);
    if (!event->relayed)
        fputs("direct", to->out);
    else
        fprintf(to->out, "through %s", *relay ? relay : "the bootnode");
    free(relay);
}

static void print_connected(const struct printing *to, const struct event *event) {
    char name[ROSTER_LABEL_SIZE];
    (void)whole_label(to, event, name);
    fprintf(to->out, "* %s is here (", name);
    print_way(to, event);
    fprintf(to->out, ", %.0f ms%s%s)\n", event->rtt_ms, event->verified ? ", verified" : "",
            event->standing == STANDING_BLOCKED ? ", blocked" : "");
}

static void print_path(const struct printing *to, const struct event *event) {
    char name[ROSTER_LABEL_SIZE], address[ADDRESS_TEXT_SIZE];
    fprintf(to->out, "* %s is reached at %s now (", label(to, event, name), address_format(&event->address, address));
    print_way(to, event);
    fputs(")\n", to->out);
}

/* "* dora, 12.3 s ago: took 192.0.2.1:5: it answered first (23 ms)" */
static void print_path_note(const struct printing *to, const struct event *event) {
    char name[ROSTER_LABEL_SIZE], *text = filtered(event->text, event->text_size, false);
    fprintf(to->out, "* %s, %.1f s ago: %s", label(to, event, name), (double)event->ago_ms / 1000, text);
    if (event->rtt_ms > 0) fprintf(to->out, " (%.0f ms)", event->rtt_ms);
    fputs("\n", to->out);
    free(text);
}

static void print_left(const struct printing *to, const struct event *event) {
    char name[ROSTER_LABEL_SIZE];
    fprintf(to->out, event->said_bye ? "* %s left\n" : "* %s is gone\n", label(to, event, name));
}

static void print_peer_nick(const struct printing *to, const struct event *event) {
    char name[ROSTER_LABEL_SIZE], *before = filtered(event->text, event->text_size, false);
    fprintf(to->out, "* %s is now called %s\n", before, label(to, event, name));
    free(before);
}

static void print_nick(const struct printing *to, const struct event *event) {
    char name[ROSTER_LABEL_SIZE];
    fprintf(to->out, "* you are now called %s\n", label(to, event, name));
}

/* One whose name did not resolve has no address. */
static const char *bootnode_label(const struct event *event, char out[static ADDRESS_TEXT_SIZE]) {
    bool nameless = event->bootnode.port > 0 || !event->bootnode_name;
    return nameless ? address_format(&event->bootnode, out) : event->bootnode_name;
}

static void print_bootnode_lost(const struct printing *to, const struct event *event) {
    char address[ADDRESS_TEXT_SIZE], *text = filtered(event->text, event->text_size, false);
    fprintf(to->out, "* bootnode %s lost%s%s\n", bootnode_label(event, address), *text ? ": " : "", text);
    free(text);
}

static void print_back(const struct printing *to, const struct event *event) {
    char address[ADDRESS_TEXT_SIZE];
    fprintf(to->out, "* bootnode %s is back\n", address_format(&event->bootnode, address));
}

/* What is sent along is a whole command line: who gets it need not know what an invite is. */
static void print_invite(const struct printing *to, const struct event *event) {
    char *name = filtered(event->room, strlen(event->room), false),
         *text = filtered(event->text, event->text_size, false);
    fprintf(to->out, "* who has this line can join %s; send it where nobody else reads it:\n", name);
    fprintf(to->out, "* gochat '%s'\n", text);
    free(name);
    free(text);
}

static void print_error(const struct printing *to, const struct event *event) {
    char *text = filtered(event->text, event->text_size, false);
    fprintf(to->out, "! %s\n", text);
    free(text);
}

static void print_notice(const struct printing *to, const struct event *event) {
    char *text = filtered(event->text, event->text_size, false);
    fprintf(to->out, "* %s\n", text);
    free(text);
}

/* Whoever decided is told by the beginning of the key, as everywhere. */
#define DECIDER_DIGITS 8

static const char *decided_words(const char *decision) {
    static const char *const words[][2] = {{"removed", "was removed from the room"},
                                           {"banned", "was banned from the room"},
                                           {"op", "is an op now"},
                                           {"member", "is a member"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(decision, words[i][0]) == 0) return words[i][1];
    return decision;
}

/* "* bob was removed from the room (by 0123abcd)", "* topic: tea at five (by 0123abcd)" */
static void print_decided(const struct printing *to, const struct event *event) {
    char name[ROSTER_LABEL_SIZE], *text = filtered(event->text, event->text_size, false);
    if (*event->fingerprint)
        fprintf(to->out, "* %s %s", whole_label(to, event, name), decided_words(event->reason));
    else if (strcmp(event->reason, "rule") == 0)
        fprintf(to->out, "* %s",
                strcmp(text, "listed") == 0 ? "only who is on the room's list is let in now"
                                            : "whoever has the room's secret is let in now");
    else
        fprintf(to->out, *text ? "* topic: %s" : "* there is no topic any more%s", text);
    fprintf(to->out, " (by %.*s)\n", DECIDER_DIGITS, event->was);
    free(text);
}

static void print_refused(const struct printing *to, const struct event *event) {
    static const char *const words[][2] = {
        {"removed", "we were removed from this room"},
        {"outdated", "the room has another secret by now: ask somebody in it for a new invite"},
        {"used", "this invite was for one person, who has come: ask for another one"},
        {"over", "this invite's time is over: ask for another one"},
        {"unlisted", "only who is on the room's list is let in: ask its owner"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(event->reason, words[i][0]) == 0) fprintf(to->out, "! %s", words[i][1]);
    if (*event->was) fprintf(to->out, " (by %.*s)", DECIDER_DIGITS, event->was);
    fputs("\n", to->out);
}

static void print_standing(const struct printing *to, const struct event *event) {
    char address[ADDRESS_TEXT_SIZE];
    switch (event->standing) {
    case STANDING_CONNECTING: fputs("connecting", to->out); break;
    case STANDING_BLOCKED: fputs("blocked: the nick is that of somebody verified, who has another key", to->out); break;
    case STANDING_CONNECTED:
        print_way(to, event);
        fprintf(to->out, ", %.0f ms, %s", event->rtt_ms, address_format(&event->address, address));
    }
    if (event->waiting > 0) fprintf(to->out, ", has %u of our messages still to get", event->waiting);
    if (event->role) fprintf(to->out, ", %s", event->role);
    if (event->verified) fputs(", verified", to->out);
    if (event->ignored) fputs(", ignored", to->out);
}

/* One line; more where there is a number to compare. */
static void print_member(const struct printing *to, const struct event *event) {
    char name[ROSTER_LABEL_SIZE];
    (void)whole_label(to, event, name);
    fprintf(to->out, "* %s: ", name);
    print_standing(to, event);
    fputs("\n", to->out);
    if (!*event->safety) return;
    fprintf(to->out, "* %s: cipher %s\n", name, event->cipher);
    fprintf(to->out, "* %s: fingerprint %s\n", name, event->fingerprint);
    char groups[SAFETY_LINE_SIZE];
    for (unsigned i = 0; safety_line(event->safety, i, groups); i++)
        fprintf(to->out, "* %s: %s %s\n", name, i == 0 ? "safety number" : "             ", groups);
}

static void (*const printers[EVENT_TYPES])(const struct printing *to, const struct event *event) = {
    [EVENT_JOINED] = print_entered,
    [EVENT_REGISTERED] = print_registered,
    [EVENT_PEER_JOINED] = print_joined,
    [EVENT_PEER_CONNECTED] = print_connected,
    [EVENT_MESSAGE] = print_message,
    [EVENT_PEER_PATH] = print_path,
    [EVENT_PEER_NICK] = print_peer_nick,
    [EVENT_PEER_LEFT] = print_left,
    [EVENT_BOOTNODE_LOST] = print_bootnode_lost,
    [EVENT_BOOTNODE_BACK] = print_back,
    [EVENT_NICK] = print_nick,
    [EVENT_DECIDED] = print_decided,
    [EVENT_REFUSED] = print_refused,
    [EVENT_PARTED] = print_parted,
    [EVENT_INVITE] = print_invite,
    [EVENT_ERROR] = print_error,
    [EVENT_NOTICE] = print_notice,
    [EVENT_MEMBER] = print_member,
    [EVENT_PATH_NOTE] = print_path_note,
    [EVENT_LOST] = print_lost,
};

char *ui_plain_line_among(const struct event *event, const struct roster *roster) {
    char *line = NULL;
    size_t size;
    struct printing to = {.roster = roster};
    if (!printers[event->type]) return NULL;
    to.out = open_memstream(&line, &size);
    if (!to.out) abort();
    printers[event->type](&to, event);
    fclose(to.out);
    return line;
}

char *ui_plain_line(const struct event *event) {
    return ui_plain_line_among(event, NULL);
}
