#include "client/room/timeline.h"

#include <stdio.h>
#include <string.h>

static const char *const phrases[] = {
    [NOTE_ROUND] = "punching, round %u",
    [NOTE_IN_VAIN] = "nobody answered",
    [NOTE_RELAY] = "asking through %s",
    [NOTE_ANSWERED] = "took %s: it answered first",
    [NOTE_BETTER_KIND] = "took %s: a nearer way",
    [NOTE_FASTER] = "took %s: it is faster",
    [NOTE_FOLLOWED] = "took %s: the peer speaks from there now",
    [NOTE_ONLY_ONE] = "took %s: the one before was dead",
    [NOTE_SILENT] = "%s does not answer any more",
    [NOTE_SEEKING] = "looking for a better way, candidates of the peer: %u",
    [NOTE_GUESSING] = "guessing ports of the peer's NAT, at most %u",
    [NOTE_GUESSED_AT] = "the peer guesses ports of our NAT, %u are open",
    [NOTE_NO_GUESS] = "the peer does not take part in guessing ports now",
    [NOTE_NOT_GUESSED] = "no port was guessed with %u packets of ours",
    [NOTE_NETWORK] = "our own addresses changed",
};

static bool is_about_a_path(enum path_note_kind kind) {
    return kind == NOTE_RELAY || (kind >= NOTE_ANSWERED && kind <= NOTE_SILENT);
}

static void path_text(const struct room_events *events, const struct path *path, char *out, size_t size) {
    char address[ADDRESS_TEXT_SIZE];
    const struct member *member;
    switch (path->kind) {
    case PATH_DIRECT: snprintf(out, size, "%s", address_format(&path->address, address)); break;
    case PATH_BOOTNODE:
        snprintf(out, size, "the bootnode %s", address_format(&events->rendezvous[path->bootnode].bootnode, address));
        break;
    case PATH_MEMBER:
        member = members_find(events->members, path->member);
        snprintf(out, size, "%s", member ? member->peer->introduction.nick : "a member who has left");
    }
}

/* NOLINTBEGIN(clang-diagnostic-format-nonliteral): the formats are the table's */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void note_text(const struct room_events *events, const struct path_note *note, char *out, size_t size) {
    char path[TEXT_NICK_MAX + ADDRESS_TEXT_SIZE];
    if (!is_about_a_path(note->kind)) {
        snprintf(out, size, phrases[note->kind], note->value);
        return;
    }
    path_text(events, &note->path, path, sizeof path);
    snprintf(out, size, phrases[note->kind], path);
}
#pragma GCC diagnostic pop
/* NOLINTEND(clang-diagnostic-format-nonliteral) */

void timeline_tell(const struct room_events *events, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now) {
    const struct member *member = members_find(events->members, id);
    const struct path_note *note;
    char text[256];
    for (size_t i = 0; member && (note = path_log_at(&member->peer->log, i)); i++) {
        note_text(events, note, text, sizeof text);
        struct event *event = room_events_make_text(events, EVENT_PATH_NOTE, member->peer, text, strlen(text));
        event->ago_ms = now - note->at;
        event->rtt_ms = note->kind >= NOTE_ANSWERED && note->kind <= NOTE_ONLY_ONE ? note->value / 1000.0 : 0;
        room_events_emit(events, event);
    }
}
