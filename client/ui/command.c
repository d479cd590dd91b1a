#include "client/ui/command.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/ui/arguments.h"

#define NAME_SHOWN 32
#define TYPED_SHOWN 64
#define LABELS_SHOWN 8

/* --- Saying something --- */

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

/* --- Rooms and members --- */

struct conversation *command_room(const struct command_host *host, const struct command *self) {
    struct conversation *room = conversations_current(&host->models->conversations);
    if (!room) command_fail(host, self, "you are in no room, expected /join ROOM first");
    return room;
}

struct conversation *command_talk(const struct command_host *host, const struct command *self) {
    struct conversation *room = command_room(host, self);
    if (!room || !room->parting) return room;
    command_fail(host, self, "%s is being left", room->title);
    return NULL;
}

/* The labels of those whom `name` or `literal` could mean (both NULL: of all), malloc'd. */
static char *candidates(const struct roster *roster, const char *name, const char *literal) {
    size_t shown = 0, left = 0, length;
    char *text;
    FILE *out = open_memstream(&text, &length);
    if (!out) abort();
    for (size_t i = 0; i < roster->count; i++) {
        const struct member *member = &roster->members[i];
        bool meant = (name && roster_may_mean(member, name)) || (literal && roster_may_mean(member, literal));
        if (name && !meant) continue;
        if (shown == LABELS_SHOWN)
            left++;
        else
            fprintf(out, "%s%s", shown++ ? ", " : "", member->label);
    }
    if (left > 0) fprintf(out, " and %zu more", left);
    if (shown == 0) fprintf(out, "nobody else");
    if (fclose(out) != 0) abort();
    return text;
}

struct member *command_peer(const struct command_host *host, const struct command *self, const struct roster *roster,
                            const char *name, const char *literal) {
    struct member *found = NULL;
    char *whom;
    switch (arguments_peer(roster, name, literal, &found)) {
    case ROSTER_FOUND: return found;
    case ROSTER_SEVERAL:
        whom = candidates(roster, name, literal);
        command_fail(host, self, "'%.*s' may be %s", TYPED_SHOWN, literal ? literal : name, whom);
        break;
    default:
        whom = candidates(roster, NULL, NULL);
        command_fail(host, self, "'%.*s' is not here; here is %s", TYPED_SHOWN, name, whom);
    }
    free(whom);
    return NULL;
}
