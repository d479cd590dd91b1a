#include "client/ui/objects.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ui/command_talk.h"
#include "common/memory.h"

#define PLACE_SIZE 64
#define ROOM_SHOWN 64

void objects_clear(struct objects *objects) {
    request_clear(&objects->request);
    free(objects->text);
    memset(objects, 0, sizeof *objects);
}

/* The host as an object's commands have it: they answer with the ref, and say where they stood. */
static struct command_host host_of(const struct objects *objects, const struct command_host *host, const char *what,
                                   char place[static PLACE_SIZE]) {
    struct command_host own = *host;
    snprintf(place, PLACE_SIZE, "line %" PRIu64 ": %s", objects->number, what);
    own.place = place;
    own.ref = *objects->request.ref ? objects->request.ref : NULL;
    return own;
}

/* --- From pieces --- */

bool objects_take(const struct objects *objects, const struct line *piece) {
    return objects->open || (piece->begins && request_is(piece->text));
}

static void append(struct objects *objects, const struct line *piece) {
    size_t size = objects->size + piece->size;
    objects->repaired |= piece->repaired;
    objects->too_long |= size > REQUEST_SIZE_MAX;
    if (objects->too_long) return;
    if (size > objects->capacity) {
        objects->capacity = size;
        objects->text = grow(objects->text, size, 1);
    }
    memcpy(objects->text + objects->size, piece->text, piece->size);
    objects->size = size;
}

static bool understand(struct objects *objects, struct why *why) {
    if (objects->too_long) return why_fail(why, "expected an object of at most %d bytes", REQUEST_SIZE_MAX);
    if (objects->repaired) return why_fail(why, "not UTF-8");
    return request_parse(objects->text, objects->size, &objects->request, why);
}

bool objects_add(struct objects *objects, const struct command_host *host, const struct line *piece) {
    struct why why;
    char place[PLACE_SIZE];
    struct command_host own;
    if (!objects->open) objects_clear(objects);
    objects->number = piece->number;
    objects->open = !piece->ends;
    append(objects, piece);
    if (objects->open) return false;
    if (understand(objects, &why)) return true;
    own = host_of(objects, host, "", place);
    command_fail(&own, NULL, "%s", why.text);
    objects_clear(objects);
    return false;
}

/* --- Carried out --- */

static struct conversation *room_of(const struct objects *objects, const struct command_host *host) {
    const char *name = objects->request.room;
    return name ? conversations_typed(&host->models->conversations, name)
                : conversations_current(&host->models->conversations);
}

bool objects_may_run(const struct objects *objects, const struct command_host *host) {
    const struct request *request = &objects->request;
    const struct conversation *room = room_of(objects, host);
    if (!room || room->credit > 0 || room->parting) return true;
    return request->type == REQUEST_COMMAND && commands_goes_ahead(request->text);
}

static void say(const struct command_host *host, const struct request *request, const struct conversation *room) {
    struct input *input;
    if (request->to) {
        talk_private(host, NULL, room, request->to, NULL, request->text, request->size);
        return;
    }
    input = input_create(INPUT_SAY, room->name, request->text, request->size);
    input->kind = request->kind;
    command_tell(host, input);
}

static size_t place_of(const struct conversations *conversations, const struct conversation *room) {
    size_t i = 0;
    while (i < conversations->count && conversations->list[i] != room) i++;
    return i;
}

/* In the room that was named, which is not where one speaks afterwards, unless the command went somewhere else. */
static void run_in(const struct command_host *host, const struct request *request, const struct conversation *room) {
    struct conversations *conversations = &host->models->conversations;
    size_t before = conversations->current, there = room ? place_of(conversations, room) : before;
    conversations->current = there;
    commands_run(host, request->text);
    if (conversations->current == there) conversations->current = before;
}

void objects_run(struct objects *objects, const struct command_host *host) {
    const struct request *request = &objects->request;
    const struct conversation *room = room_of(objects, host);
    bool says = request->type == REQUEST_SAY, to_peer = request->to && room && !room->parting;
    char place[PLACE_SIZE];
    struct command_host own = host_of(objects, host, to_peer ? "to: " : "", place);
    if (request->room && !room)
        command_fail(&own, NULL, "room '%.*s': you are not there, expected the name of a joined one", ROOM_SHOWN,
                     request->room);
    else if (says && !room)
        command_fail(&own, NULL, "you are in no room, expected a command join ROOM first");
    else if (says && room->parting)
        command_fail(&own, NULL, "room '%s' is being left", room->title);
    else if (says)
        say(&own, request, room);
    else
        run_in(&own, request, room);
    objects_clear(objects);
}
