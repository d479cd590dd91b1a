#include "client/ui/plain.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/ui/roster.h"
#include "common/memory.h"

#define PEER_BYTES_SHOWN 4
#define CLOCK_SIZE 48
#define LABEL_SIZE (3 * TEXT_NICK_MAX + 1)

/* The nick, or the beginning of the member id while it is not known. */
static const char *label(const struct event *event, char out[static LABEL_SIZE]) {
    if (text_filter(event->nick, strlen(event->nick), false, out, LABEL_SIZE) > 0) return out;
    return sodium_bin2hex(out, LABEL_SIZE, event->peer, PEER_BYTES_SHOWN);
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
static const char *author(const struct event *event, char out[static ROSTER_LABEL_SIZE]) {
    if (!event->history) return label(event, out);
    roster_label(event->nick, event->fingerprint, event->peer, out);
    return out;
}

/* Each line has its author in front, so that no text can look like another line. */
static void print_message(FILE *out, const struct event *event) {
    char clock[CLOCK_SIZE], name[ROSTER_LABEL_SIZE], *text = filtered(event->text, event->text_size, true),
                                                     *rest = text;
    size_t size = strlen(text);
    while (size > 0 && text[size - 1] == '\n') text[--size] = '\0';
    clock_of(event, clock);
    author(event, name);
    for (char *line; (line = strsep(&rest, "\n"));)
        fprintf(out, "%s%s%s%s %s\n", clock, frames[event->kind].before, name, frames[event->kind].after, line);
    free(text);
}

static void print_lost(FILE *out, const struct event *event) {
    char name[ROSTER_LABEL_SIZE];
    roster_label(event->nick, event->fingerprint, event->peer, name);
    fprintf(out, "* %" PRIu64 " message%s of %s %s %s\n", event->lost, event->lost == 1 ? "" : "s", name,
            event->lost == 1 ? "was" : "were",
            event->misdated ? "left out: the time they bear is wrong, or long ago" : "lost");
}

static void print_room(FILE *out, const struct event *event, const char *what) {
    char *name = filtered(event->room, strlen(event->room), false);
    fprintf(out, "* %s %s\n", what, name);
    free(name);
}

static void print_entered(FILE *out, const struct event *event) {
    print_room(out, event, "joined");
}

static void print_parted(FILE *out, const struct event *event) {
    print_room(out, event, "left");
}

static void print_registered(FILE *out, const struct event *event) {
    char bootnode[ADDRESS_TEXT_SIZE], mapped[ADDRESS_TEXT_SIZE];
    fprintf(out, "* registered at %s", address_format(&event->bootnode, bootnode));
    if (event->has_node) fprintf(out, " (node %u of %s)", event->node_id, event->bootnode_name);
    fprintf(out, ", which sees us as %s\n", address_format(&event->mapped, mapped));
}

static void print_joined(FILE *out, const struct event *event) {
    char name[LABEL_SIZE];
    fprintf(out, "* %s is arriving\n", label(event, name));
}

/* "direct", "through the bootnode", "through dora": a nick is somebody else's text. */
static void print_way(FILE *out, const struct event *event) {
    char *relay = filtered(event->relay, strlen(event->relay), false);
    if (!event->relayed)
        fputs("direct", out);
    else
        fprintf(out, "through %s", *relay ? relay : "the bootnode");
    free(relay);
}

static void print_connected(FILE *out, const struct event *event) {
    char name[ROSTER_LABEL_SIZE];
    roster_label(event->nick, event->fingerprint, event->peer, name);
    fprintf(out, "* %s is here (", name);
    print_way(out, event);
    fprintf(out, ", %.0f ms)\n", event->rtt_ms);
}

static void print_path(FILE *out, const struct event *event) {
    char name[LABEL_SIZE], address[ADDRESS_TEXT_SIZE];
    fprintf(out, "* %s is reached at %s now (", label(event, name), address_format(&event->address, address));
    print_way(out, event);
    fputs(")\n", out);
}

/* "* dora, 12.3 s ago: took 192.0.2.1:5: it answered first (23 ms)" */
static void print_path_note(FILE *out, const struct event *event) {
    char name[LABEL_SIZE], *text = filtered(event->text, event->text_size, false);
    fprintf(out, "* %s, %.1f s ago: %s", label(event, name), (double)event->ago_ms / 1000, text);
    if (event->rtt_ms > 0) fprintf(out, " (%.0f ms)", event->rtt_ms);
    fputs("\n", out);
    free(text);
}

static void print_left(FILE *out, const struct event *event) {
    char name[LABEL_SIZE];
    fprintf(out, event->said_bye ? "* %s left\n" : "* %s is gone\n", label(event, name));
}

static void print_peer_nick(FILE *out, const struct event *event) {
    char name[LABEL_SIZE], *before = filtered(event->text, event->text_size, false);
    fprintf(out, "* %s is now called %s\n", before, label(event, name));
    free(before);
}

static void print_nick(FILE *out, const struct event *event) {
    char name[LABEL_SIZE];
    fprintf(out, "* you are now called %s\n", label(event, name));
}

/* One whose name did not resolve has no address. */
static const char *bootnode_label(const struct event *event, char out[static ADDRESS_TEXT_SIZE]) {
    bool nameless = event->bootnode.port > 0 || !event->bootnode_name;
    return nameless ? address_format(&event->bootnode, out) : event->bootnode_name;
}

static void print_bootnode_lost(FILE *out, const struct event *event) {
    char address[ADDRESS_TEXT_SIZE], *text = filtered(event->text, event->text_size, false);
    fprintf(out, "* bootnode %s lost%s%s\n", bootnode_label(event, address), *text ? ": " : "", text);
    free(text);
}

static void print_back(FILE *out, const struct event *event) {
    char address[ADDRESS_TEXT_SIZE];
    fprintf(out, "* bootnode %s is back\n", address_format(&event->bootnode, address));
}

static void print_error(FILE *out, const struct event *event) {
    char *text = filtered(event->text, event->text_size, false);
    fprintf(out, "! %s\n", text);
    free(text);
}

static void print_notice(FILE *out, const struct event *event) {
    char *text = filtered(event->text, event->text_size, false);
    fprintf(out, "* %s\n", text);
    free(text);
}

static void print_standing(FILE *out, const struct event *event) {
    char address[ADDRESS_TEXT_SIZE];
    switch (event->standing) {
    case STANDING_CONNECTING: fputs("connecting", out); break;
    case STANDING_BLOCKED: fputs("blocked, the key is not the one known for that nick", out); break;
    case STANDING_CONNECTED:
        print_way(out, event);
        fprintf(out, ", %.0f ms, %s", event->rtt_ms, address_format(&event->address, address));
    }
    if (event->waiting > 0) fprintf(out, ", has %u of our messages still to get", event->waiting);
    if (event->ignored) fputs(", ignored", out);
}

/* One line; more where there is a number to compare. */
static void print_member(FILE *out, const struct event *event) {
    char name[ROSTER_LABEL_SIZE];
    roster_label(event->nick, event->fingerprint, event->peer, name);
    fprintf(out, "* %s: ", name);
    print_standing(out, event);
    fputs("\n", out);
    if (!*event->safety) return;
    fprintf(out, "* %s: cipher %s\n", name, event->cipher);
    fprintf(out, "* %s: fingerprint %s\n", name, event->fingerprint);
    fprintf(out, "* %s: safety number %s\n", name, event->safety);
}

static void (*const printers[EVENT_TYPES])(FILE *out, const struct event *event) = {
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
    [EVENT_PARTED] = print_parted,
    [EVENT_ERROR] = print_error,
    [EVENT_NOTICE] = print_notice,
    [EVENT_MEMBER] = print_member,
    [EVENT_PATH_NOTE] = print_path_note,
    [EVENT_LOST] = print_lost,
};

char *ui_plain_line(const struct event *event) {
    char *line = NULL;
    size_t size;
    FILE *out;
    if (!printers[event->type]) return NULL;
    out = open_memstream(&line, &size);
    if (!out) abort();
    printers[event->type](out, event);
    fclose(out);
    return line;
}
