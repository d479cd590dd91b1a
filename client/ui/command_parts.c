#include "client/ui/command_parts.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/ui/blanks.h"

#define NAME_SHOWN 32
#define TYPED_SHOWN 64
#define LABELS_SHOWN 8
#define DIGITS_LEAST 4 /* of a fingerprint or member id, as roster_named wants them */

/* --- saying something --- */

struct event *command_event(const struct command_host *host, enum event_type type, const char *text) {
    struct event *event = event_create(type, text, text ? strlen(text) : 0);

    if (host->ref) snprintf(event->ref, sizeof event->ref, "%s", host->ref);
    return event;
}

void command_tell(const struct command_host *host, struct input *input) {
    if (host->ref) snprintf(input->ref, sizeof input->ref, "%s", host->ref);
    host->tell(host->context, input);
}

static void show_text(const struct command_host *host, enum event_type type, const struct conversation *room,
                      char *text) {
    struct event *event = command_event(host, type, text);

    if (room) event->room = room->name;
    host->show(host->context, event);
    event_destroy(event);
    free(text);
}

void command_fail(const struct command_host *host, const struct command *self, const char *format, ...) {
    char *what, *text;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&what, format, arguments) < 0) abort();
    va_end(arguments);
    if (asprintf(&text, "%s%s%.*s%s%s", host->place ? host->place : "", self ? "/" : "", NAME_SHOWN,
                 self ? self->name : "", self ? ": " : "", what) < 0)
        abort();
    free(what);
    show_text(host, EVENT_ERROR, NULL, text);
}

void command_usage(const struct command_host *host, const struct command *self) {
    command_fail(host, self, "expected /%s%s%s", self->name, *self->arguments ? " " : "", self->arguments);
}

void command_notice(const struct command_host *host, const struct conversation *room, const char *format, ...) {
    char *text;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0) abort();
    va_end(arguments);
    show_text(host, EVENT_NOTICE, room, text);
}

/* --- arguments --- */

char *command_word(char **rest) {
    char *word = *rest, *end;
    bool quoted = *word == '"';

    if (*word == '\0') return NULL;
    word += quoted;
    end = word + (quoted ? strcspn(word, "\"") : blanks_find(word));
    if (quoted && (*end == '\0' || (end[1] != '\0' && blanks_span(end + 1) == 0))) return NULL;
    *rest = end + quoted + blanks_span(end + quoted);
    *end = '\0';
    return word;
}

char *command_whole(char *arguments) {
    size_t size = strlen(arguments);

    if (size < 2 || arguments[0] != '"' || arguments[size - 1] != '"') return arguments;
    arguments[size - 1] = '\0';
    return arguments + 1;
}

/* --- rooms and members --- */

struct conversation *command_room(const struct command_host *host, const struct command *self) {
    struct conversation *room = conversations_current(host->conversations);

    if (!room) command_fail(host, self, "you are in no room, expected /join ROOM first");
    return room;
}

struct conversation *command_talk(const struct command_host *host, const struct command *self) {
    struct conversation *room = command_room(host, self);

    if (!room || !room->parting) return room;
    command_fail(host, self, "%s is being left", room->title);
    return NULL;
}

static bool begins_hex(const uint8_t *id, const char *fingerprint, const char *digits, size_t size) {
    char hex[2 * MEMBER_ID_SIZE + 1];

    sodium_bin2hex(hex, sizeof hex, id, MEMBER_ID_SIZE);
    return size >= DIGITS_LEAST && (strncasecmp(hex, digits, size) == 0 || strncasecmp(fingerprint, digits, size) == 0);
}

/* Could `name` mean this member? */
static bool could_be(const struct member *member, const char *name, size_t size) {
    return (strncasecmp(member->nick, name, size) == 0 && member->nick[size] == '\0') ||
           (strncasecmp(member->label, name, size) == 0 && member->label[size] == '\0') ||
           begins_hex(member->id, member->fingerprint, name, size);
}

/* The labels of those whom `name` could mean (NULL: of all), malloc'd. */
static char *candidates(const struct roster *roster, const char *name) {
    size_t size, shown = 0, left = 0, length;
    char *text;
    FILE *out = open_memstream(&text, &length);

    if (!out) abort();
    if (name && *name == '?') name++;
    size = name ? strlen(name) : 0;
    if (size > 1 && strchr(":,", name[size - 1])) size--;
    for (size_t i = 0; i < roster->count; i++) {
        if (name && !could_be(&roster->members[i], name, size)) continue;
        if (shown == LABELS_SHOWN)
            left++;
        else
            fprintf(out, "%s%s", shown++ ? ", " : "", roster->members[i].label);
    }
    if (left > 0) fprintf(out, " and %zu more", left);
    if (shown == 0) fprintf(out, "nobody else");
    if (fclose(out) != 0) abort();
    return text;
}

struct member *command_peer(const struct command_host *host, const struct command *self,
                            const struct conversation *room, const char *name) {
    struct member *found = NULL;
    char *whom;

    switch (roster_named(&room->roster, name, &found)) {
    case ROSTER_FOUND: return found;
    case ROSTER_SEVERAL:
        whom = candidates(&room->roster, name);
        command_fail(host, self, "'%.*s' may be %s", TYPED_SHOWN, name, whom);
        break;
    default:
        whom = candidates(&room->roster, NULL);
        command_fail(host, self, "'%.*s' is not here; here is %s", TYPED_SHOWN, name, whom);
    }
    free(whom);
    return NULL;
}
